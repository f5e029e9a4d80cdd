-- m:record, m:events, hmap.replay and m:fingerprint: from what happened back to
-- a map in the same state.
local hmap = require "hmap"

-- A recording of what act does to a new map, with the keys that it notes.
local function recorded(opts, act)
  local m = hmap.new(opts)
  local keys, values = {}, {}
  m:record(1000000)
  act(m, function(key, value)
    keys[#keys + 1] = key
    values[#keys] = value
  end)
  local r = m:events()
  r.keys, r.values = keys, values
  return r, m
end

local function filling(n)
  return function(m, note)
    for i = 1, n do
      note(i * 7, i)
      m:set(i * 7, i)
    end
  end
end

local INTS = { key = "int64", value = "int64", seed = 5 }

-- Random numbers of our own: the same on every machine.
local function lots(seed)
  return function(n)
    seed = (seed * 6364136223846793005 + 1442695040888963407)
    return (seed >> 33) % n + 1
  end
end

-- -- what maps are made of, and what is done to them --------------------------

local KINDS = {
  {
    name = "int64 -> int64", opts = { key = "int64", value = "int64" },
    key = function(i) return i end, value = function(i) return i end,
  },
  {
    name = "string -> string", opts = { key = "string", value = "string" },
    key = function(i) return ("key of some length "):rep(i % 3) .. i end,
    value = function(i) return ("v"):rep(i % 40) end,
  },
  {
    name = "tuple -> tuple",
    opts = { key = { "x:int32", "y:int32" },
      value = { "hp:int16", "name:string" } },
    key = function(i) return { x = i, y = -i } end,
    value = function(i) return { hp = i % 100, name = "n" .. i } end,
  },
  {
    name = "tuple of text -> float64",
    opts = { key = { "string", "int8" }, value = "float64" },
    key = function(i) return { "a long enough text to own " .. i, i % 100 } end,
    value = function(i) return i / 4 end,
  },
  {
    name = "any -> any", opts = {},
    key = function(i)
      return i % 3 == 0 and "text " .. i or i % 3 == 1 and i + 0.5 or i
    end,
    value = function(i) return i % 2 == 0 end,
  },
  {
    name = "[5]byte -> none", opts = { key = "[5]byte", value = "none" },
    key = function(i) return ("%05d"):format(i) end,
    value = function() return true end,
  },
  {
    name = "float64 -> uint8", opts = { key = "float64", value = "uint8" },
    key = function(i) return i / 8 - 20 end,
    value = function(i) return i % 256 end,
  },
  {
    name = "[200]byte -> [200]byte",
    opts = { key = "[200]byte", value = "[200]byte" },
    key = function(i) return ("%99d%99d--"):format(0, i):sub(-200) end,
    value = function(i) return ("%99d%99d--"):format(i, 0):sub(-200) end,
  },
}

local POLICIES = { "go", "adaptive", "smooth", "redis", "all_at_once",
  { moves = 1, chain_alarm = 3, shrink = 0.2 } }

local function spread(value)
  if type(value) ~= "table" then return value end
  if value.x then return value.x, value.y end
  if value.hp then return value.hp, value.name end
  return table.unpack(value)
end

local function entry(kind, i)
  local args = table.pack(spread(kind.key(i)))
  if kind.opts.value == "none" then return table.unpack(args, 1, args.n) end
  local values = table.pack(spread(kind.value(i)))
  for k = 1, values.n do args[args.n + k] = values[k] end
  return table.unpack(args, 1, args.n + values.n)
end

-- A small map whose iterators begin where its twin's do.
local function five(kind, i)
  local opts = { seed = 1 }
  for name, of in pairs(kind.opts) do opts[name] = of end
  local m = hmap.new(opts)
  for k = i, i + 4 do m:set(entry(kind, k)) end
  return m
end

-- One random command; note is told the keys and values it brings.
local function command(m, kind, lot, note)
  local what, i = lot(40), lot(700)
  local key, value = kind.key(i), kind.value(i)
  if what <= 14 then
    note(key, value)
    m:set(entry(kind, i))
  elseif what <= 20 then
    note(key)
    m:delete(spread(key))
  elseif what <= 22 then
    note(key)
    m:pop(spread(key))
  elseif what <= 24 then
    note(key, value)
    m:swap(entry(kind, i))
  elseif what <= 26 then
    note(key, value)
    m:get_or_set(entry(kind, i))
  elseif what == 27 and kind.opts.value == "int64" then
    note(key, i)
    m:add(key, i)
  elseif what <= 29 then
    local list = {}
    for k = 1, lot(30) do
      list[k] = kind.key(i + k)
      note(list[k], kind.value(i + k))
    end
    if kind.opts.value == "none" then
      m:set_many(list)
    else
      local values = {}
      for k = 1, #list do values[k] = kind.value(i + k) end
      m:set_many(list, values)
    end
  elseif what == 30 then
    local list = {}
    for k = 1, lot(30) do
      list[k] = kind.key(i + k)
      note(list[k])
    end
    m:delete_many(list)
  elseif what == 31 then
    local other, twin = five(kind, i), five(kind, i)
    for k in twin:keys() do
      for j = i, i + 4 do
        if spread(kind.key(j)) == k then note(kind.key(j), kind.value(j)) end
      end
    end
    m:merge(other)
  elseif what == 32 then m:step(lot(5))
  elseif what == 33 then m:step_for(0)
  elseif what == 34 then m:shrink()
  elseif what == 35 then m:reserve(lot(900))
  elseif what == 36 then
    if lot(4) == 1 then m:rekey() end
  elseif what == 37 then
    for _ = 1, 20 do m:get(spread(kind.key(lot(700)))) end
    local list = {}
    for k = 1, 5 do list[k] = kind.key(k) end
    m:get_many(list)
  elseif what == 38 then
    local n = 0
    for _ in m:keys() do
      n = n + 1
      if n > 20 then break end
    end
  elseif what == 39 then m:scan(nil, 10)
  elseif lot(6) == 1 then m:clear()
  elseif lot(6) == 1 then m:finish()
  elseif lot(6) == 1 then m:tune { moves = lot(4) }
  end
end

local function with(kind, policy, seed)
  local opts = { policy = policy, seed = seed, capacity = seed % 2 * 50 }
  for name, of in pairs(kind.opts) do opts[name] = of end
  return opts
end

-- The state after each operation, seen by one who lives through the same.
local function states(kind, opts, seed, commands)
  local m, lot = hmap.new(opts), lots(seed)
  local after, op = { [0] = m:fingerprint() }, 0
  m:record(100000)
  for _ = 1, commands do
    command(m, kind, lot, function() end)
    op = op + m:events().operations
    after[op] = m:fingerprint()
  end
  return after
end

describe("a fingerprint", function()
  it("is a number that the seed, the keys and their order decide", function()
    local function print_of(order, seed)
      local m = hmap.new { key = "string", value = "int64", seed = seed or 3 }
      for _, k in ipairs(order) do m:set(k, #k) end
      return m:fingerprint()
    end
    local one = print_of { "a", "bb", "a text of more than fifteen bytes" }
    assert.are.equal("integer", math.type(one))
    assert.are.equal(one,
      print_of { "a", "bb", "a text of more than fifteen bytes" })
    assert.are_not.equal(one,
      print_of { "bb", "a", "a text of more than fifteen bytes" })
    assert.are_not.equal(one,
      print_of { "a", "bb", "a text of more than fifteen bytfs" })
    assert.are_not.equal(one,
      print_of({ "a", "bb", "a text of more than fifteen bytes" }, 4))
  end)

  it("is the same on every machine", function()
    local m = hmap.new { key = "int64", value = "string", seed = 11 }
    for i = 1, 100 do m:set(i, "value " .. i) end
    assert.are.equal("1ed4b16476bff000", ("%016x"):format(m:fingerprint()))
    local t = hmap.new { key = { "x:int32", "y:string" }, value = "float32",
      seed = 2, policy = "adaptive" }
    for i = 1, 60 do t:set(i, "y" .. i, i / 2) end
    for i = 1, 55 do t:delete(i, "y" .. i) end
    assert.are.equal("033e1964f73a7172", ("%016x"):format(t:fingerprint()))
  end)

  it("changes with every value, every delete and every moved bucket",
    function()
      for _, kind in ipairs(KINDS) do
        local m = hmap.new(with(kind, "go", 9))
        local seen = { [m:fingerprint()] = true }
        local function is_new()
          local print = m:fingerprint()
          assert.is_nil(seen[print], kind.name)
          seen[print] = true
        end
        for i = 1, 60 do
          m:set(entry(kind, i))
          is_new()
        end
        m:reserve(1000)
        is_new()
        while m:stats().growing do
          m:step(1)
          is_new()
        end
        m:delete(spread(kind.key(7)))
        is_new()
      end
    end)

  it("does not change when the map is looked at", function()
    local m = hmap.new { key = "int64", value = "int64", seed = 1 }
    for i = 1, 420 do m:set(i, i) end
    local print = m:fingerprint()
    for _ in m:pairs() do end
    m:get(1)
    m:has(-1)
    m:scan(nil, 10)
    m:stats()
    m:draw()
    m:explain(5)
    m:check()
    m:trace(function() end)
    m:trace(nil)
    assert.are.equal(print, m:fingerprint())
  end)

  it("takes an object of an any map for an object, and no more", function()
    local function of(value)
      local m = hmap.new { key = "int64", value = "any", seed = 1 }
      m:set(1, value)
      return m:fingerprint()
    end
    assert.are.equal(of({}), of({}))
    assert.are.equal(of({}), of(print))
    assert.are_not.equal(of({}), of("text"))
    assert.are_not.equal(of(1), of(1.5))
    assert.are_not.equal(of(true), of(false))
    assert.are_not.equal(of(true), of(1))
  end)

  it("says nothing of memory that went back", function()
    local m = hmap.new { key = "int64", value = "int64", seed = 1 }
    local plain = hmap.new { key = "int64", value = "int64", seed = 1 }
    for i = 1, 30000 do m:set(i, i) end
    for i = 1, 30000 do plain:set(i, i) end
    m:reserve(60000)
    plain:reserve(60000)
    for _ = 1, 1000 do m:step(3) end
    plain:step(3000)
    assert.are.equal(plain:fingerprint(), m:fingerprint())
  end)
end)

describe("a recording", function()
  it("says what the map was and what was done", function()
    local r = recorded({ key = { "x:int32", "string" }, value = "none",
      seed = 5, name = "set", hash = "fnv1a", capacity = 20 },
      function(m)
        for i = 1, 10 do m:set(i, "a") end
        m:delete(3, "a")
        m:step(2)
        m:reserve(100)
        m:clear()
      end)
    assert.are.same({ "x:int32", "string" }, r.key)
    assert.are.equal("none", r.value)
    assert.are.equal("fnv1a", r.hash)
    assert.are.equal(5, r.seed)
    assert.are.equal("set", r.name)
    assert.are.equal(20, r.capacity)
    assert.are.equal(6.5, r.policy.load)
    assert.is_true(r.fresh)
    assert.are.equal(0, r.after)
    assert.are.equal(0, r.lost)
    assert.are.equal(14, r.operations)
    assert.are.same({
      { call = "set", times = 10 },
      { call = "delete", times = 1 },
      { call = "step", times = 1, n = 2 },
      { call = "reserve", times = 1, n = 100 },
      { call = "clear", times = 1 },
    }, r.calls)
  end)

  it("reads well", function()
    local r = recorded({ key = "int64", value = "int64", seed = 1 },
      function(m)
        for i = 1, 9 do m:set(i, i) end
        m:clear()
      end)
    assert.are.equal(table.concat({
      "4 events of 10 operations on hmap int64 -> int64",
      " op 9: doubling begins, 1 -> 2 buckets, 8 entries",
      " op 9: old bucket 0 moves, 4 to x, 4 to y",
      " op 9: doubling ends, 1 -> 2 buckets",
      " op 10: all entries deleted",
    }, "\n"), tostring(r))
    assert.are.equal("op 9: doubling ends, 1 -> 2 buckets", tostring(r[3]))
  end)

  it("keeps the last n events and counts the others", function()
    local all = recorded(INTS, filling(500))
    local m = hmap.new(INTS)
    m:record(10)
    for i = 1, 500 do m:set(i * 7, i) end
    local r = m:events()
    assert.are.equal(10, #r)
    assert.are.equal(#all - 10, r.lost)
    for i = 1, 10 do assert.are.same(all[#all - 10 + i], r[i]) end
  end)

  it("is given once, and goes on", function()
    local all = recorded(INTS, filling(500))
    local m = hmap.new(INTS)
    local together, operations = {}, 0
    m:record(100000)
    for i = 1, 500 do
      m:set(i * 7, i)
      if i % 37 == 0 or i == 500 then
        local r = m:events()
        assert.are.equal(operations, r.after)
        operations = operations + r.operations
        for _, e in ipairs(r) do together[#together + 1] = e end
      end
    end
    assert.are.equal(500, operations)
    assert.are.equal(#all, #together)
    for i, e in ipairs(together) do assert.are.same(all[i], e) end
    assert.are.equal(0, #m:events())
  end)

  it("begins anew with record(n) and ends with record(0)", function()
    local m = hmap.new(INTS)
    m:record(100)
    for i = 1, 20 do m:set(i, i) end
    m:record(100)
    assert.are.equal(0, #m:events())
    m:set(21, 1)
    local r = m:events()
    assert.are.equal(1, r.operations)
    assert.is_false(r.fresh)
    m:record(0)
    assert.has_error(function() m:events() end,
      "'events' wants a recording: m:record(n) begins one")
    m:record(1)
    m:record()
    assert.has_error(function() m:events() end)
  end)

  it("counts no operation that raised before it did anything", function()
    local m = hmap.new(INTS)
    m:record(100)
    assert.is_false(pcall(m.set, m, "no int", 1))
    assert.is_false(pcall(m.add, m, 1, "no number"))
    assert.is_false(pcall(m.set_many, m, { 1, "no int" }, { 1, 2 }))
    assert.is_false(pcall(m.reserve, m, -1))
    assert.is_false(pcall(m.tune, m, { load = -1 }))
    m:set(1, 1)
    assert.is_false(pcall(m.set, m, 1.5, 1))
    local r = m:events()
    assert.are.equal(1, r.operations)
    assert.are.same({ { call = "set", times = 1 } }, r.calls)
  end)

  it("counts lookups only if they moved something", function()
    local m = hmap.new { key = "int64", value = "int64", seed = 1,
      policy = "redis" }
    m:record(1000)
    for i = 1, 8 do m:set(i, i) end
    for _ = 1, 100 do m:get(1) end
    assert.are.equal(8, m:events().operations)
    m:set(9, 9)
    assert.is_true(m:stats().growing or m:stats().growths.double > 0)
    m:reserve(500)
    local moved = 0
    for _ = 1, 100 do
      if m:stats().growing then moved = moved + 1 end
      m:get(1)
    end
    local reads = 0
    for _, run in ipairs(m:events().calls) do
      if run.call == "read" then reads = reads + run.times end
    end
    assert.are.equal(moved, reads)
    assert.is_true(reads > 1)
  end)

  it("wants a number", function()
    local m = hmap.new(INTS)
    assert.has_error(function() m:record(-1) end, "bad argument #1 to "
      .. "'record' (number of events must not be negative, got -1)")
    assert.is_false(pcall(m.record, m, "ten"))
    assert.is_false(pcall(m.record, m, 1.5))
    m:close()
    assert.has_error(function() m:record(1) end, "map is closed")
    assert.has_error(function() m:events() end, "map is closed")
    assert.has_error(function() m:fingerprint() end, "map is closed")
  end)
end)

describe("replay", function()
  it("rebuilds the map as it was after every operation", function()
    local m = hmap.new(INTS)
    local prints = { [0] = m:fingerprint() }
    local keys, values = {}, {}
    m:record(100000)
    for i = 1, 120 do
      keys[i], values[i] = i * 7, i
      m:set(i * 7, i)
      prints[i] = m:fingerprint()
    end
    local r = m:events()
    r.keys, r.values = keys, values
    for step = 0, 120 do
      local rebuilt = hmap.replay(r, step)
      assert.are.equal(prints[step], rebuilt:fingerprint())
      assert.is_true(rebuilt:check())
    end
    assert.are.equal(m:fingerprint(), hmap.replay(r):fingerprint())
  end)

  it("has the same shape without values", function()
    local r, m = recorded(INTS, filling(300))
    r.values = nil
    local rebuilt = hmap.replay(r, 300)
    assert.are.equal(m:count(), rebuilt:count())
    for i = 0, m:stats().buckets - 1 do
      local one, other = m:bucket(i), rebuilt:bucket(i)
      for slot = 1, #one.slots do
        assert.are.equal(one.slots[slot].key, other.slots[slot].key)
        assert.are.equal(one.slots[slot].tophash, other.slots[slot].tophash)
      end
    end
  end)

  for _, kind in ipairs(KINDS) do
    for number, policy in ipairs(POLICIES) do
      local title = type(policy) == "table" and "a policy of its own" or policy
      it("follows whatever is done to a map of " .. kind.name .. ", " .. title,
        function()
          local seed = number * 31 + #kind.name
          local opts = with(kind, policy, seed)
          local after = states(kind, opts, seed, 250)
          local r, m = recorded(opts, function(map, note)
            local lot = lots(seed)
            for _ = 1, 250 do command(map, kind, lot, note) end
          end)
          local last = hmap.replay(r)
          assert.are.equal(m:fingerprint(), last:fingerprint())
          assert.is_true(last:check())
          local tried = 0
          for op, print in pairs(after) do
            if op % 61 == 0 then
              assert.are.equal(print, hmap.replay(r, op):fingerprint())
              tried = tried + 1
            end
          end
          assert.is_true(tried > 0)
        end)
    end
  end

  it("says so when recording and keys do not belong together", function()
    local r = recorded(INTS, filling(300))
    r.keys[5] = 4711
    local ok, message = pcall(hmap.replay, r)
    assert.is_false(ok)
    assert.is_truthy(message:find("do not belong together", 1, true), message)
    assert.is_truthy(message:find('the recording has "op %d+: '), message)
    r.keys[5] = 35
    table.remove(r.events, 4)
    assert.is_false(pcall(hmap.replay, r))
    r = recorded(INTS, filling(300))
    table.remove(r.events)
    assert.is_false(pcall(hmap.replay, r))
  end)

  it("says what it lacks", function()
    local function refused(change, why, opts)
      local r = recorded(opts or INTS, filling(100))
      local step = change(r)
      local ok, message = pcall(hmap.replay, r, step)
      assert.is_false(ok)
      assert.is_truthy(message:find(why, 1, true), message)
    end
    refused(function(r) r.keys = nil end, "list of the operations' keys")
    refused(function(r) r.keys[50] = nil end,
      "has 49 keys, and operation 50 (set) wants one more")
    refused(function(r) r.values = 1 end, "recording.values: list expected")
    refused(function(r) r.lost = 3 end, "has lost 3 events")
    refused(function(r) r.after = 10 end, "not the first 10 operations")
    refused(function() return 101 end,
      "operation from 0 to 100 expected, got 101")
    refused(function() return -1 end, "expected, got -1")
    refused(function() return 1.5 end, "expected, got 1.5")
    refused(function() return "ten" end, 'expected, got "ten"')
    refused(function() end, "no seed", { key = "int64", value = "int64" })
    assert.has_error(function() hmap.replay(5) end, "bad argument #1 to "
      .. "'replay' (recording from m:events() expected, got number)")
    assert.has_error(function() hmap.replay {} end)
    assert.has_error(function() hmap.replay() end)
  end)

  it("refuses what began in the middle", function()
    local m = hmap.new(INTS)
    m:set(1, 1)
    m:record(100)
    m:set(2, 2)
    local r = m:events()
    r.keys = { 2 }
    local ok, message = pcall(hmap.replay, r)
    assert.is_false(ok)
    assert.is_truthy(message:find("had been used", 1, true))
  end)

  it("goes no further than a write that failed halfway", function()
    local opts = { key = "int64", value = "string", seed = 3,
      max_bytes = 60000 }
    local failed
    local r = recorded(opts, function(m, note)
      for i = 1, 10000 do
        note(i, ("x"):rep(50))
        if not pcall(m.set, m, i, ("x"):rep(50)) then
          failed = i
          break
        end
      end
    end)
    local last = r.calls[#r.calls]
    if last.call == "failed" then
      local ok, message = pcall(hmap.replay, r)
      assert.is_false(ok)
      assert.is_truthy(message:find("failed when it had moved", 1, true))
    else
      assert.are.equal(failed - 1, r.operations)
      assert.are.equal(failed - 1, hmap.replay(r):count())
    end
  end)

  it("takes a recording that went through text", function()
    local r, m = recorded(INTS, filling(200))
    local copy = { keys = r.keys, values = r.values }
    for name, value in pairs(r) do copy[name] = value end
    assert.is_nil(getmetatable(copy))
    assert.are.equal(m:fingerprint(), hmap.replay(copy):fingerprint())
  end)
end)
