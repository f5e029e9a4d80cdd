-- m:trace(fn): events, told after the operation that caused them.
local hmap = require "hmap"

local function new(opts)
  opts = opts or {}
  opts.key, opts.value = opts.key or "int64", opts.value or "int64"
  opts.seed = opts.seed or 1
  return hmap.new(opts)
end

-- A map, and the list to which its events go.
local function traced(opts)
  local m, list = new(opts), {}
  m:trace(function(e) list[#list + 1] = e end)
  return m, list
end

local function fill(m, n)
  for i = 1, n do m:set(i, i) end
end

local function texts(list)
  local lines = {}
  for i, e in ipairs(list) do lines[i] = tostring(e) end
  return table.concat(lines, "\n")
end

local function kinds(list)
  local n = {}
  for _, e in ipairs(list) do n[e.kind] = (n[e.kind] or 0) + 1 end
  return n
end

describe("trace", function()
  it("tells what happened, in order, with the operation that caused it",
    function()
      local m, list = traced()
      fill(m, 28)
      m:clear()
      assert.are.equal([[
op 9: doubling begins, 1 -> 2 buckets, 8 entries
op 9: old bucket 0 moves, 4 to x, 4 to y
op 9: doubling ends, 1 -> 2 buckets
op 13: bucket 0 gets an overflow bucket
op 14: doubling begins, 2 -> 4 buckets, 13 entries
op 14: old bucket 0 moves, 3 to x, 6 to y
op 14: old bucket 1 moves, 4 to x, 0 to y
op 14: doubling ends, 2 -> 4 buckets
op 27: doubling begins, 4 -> 8 buckets, 26 entries
op 27: old bucket 3 moves, 1 to x, 4 to y
op 27: old bucket 0 moves, 3 to x, 4 to y
op 28: old bucket 1 moves, 4 to x, 3 to y
op 28: old bucket 2 moves, 3 to x, 4 to y
op 28: doubling ends, 4 -> 8 buckets
op 29: all entries deleted]], texts(list))
      assert.are.same({ kind = "evacuate", growth = "double", op = 9,
        bucket = 0, to_x = 4, to_y = 4, count = 8 },
        debug.setmetatable(list[2], nil))
      assert.are.same({ kind = "grow_begin", growth = "double", op = 9,
        from = 1, to = 2, count = 8 }, debug.setmetatable(list[1], nil))
    end)

  -- Every growth tells all of its moves, and they add up to what was there.
  local function adds_up(m, list)
    local growth, moved, entries, growths = nil, 0, 0, {}
    local overflow = 0
    for _, e in ipairs(list) do
      if e.kind == "grow_begin" then
        assert.is_nil(growth)
        growth, moved, entries = e, 0, 0
        growths[e.growth] = (growths[e.growth] or 0) + 1
      elseif e.kind == "evacuate" then
        assert.are.equal(growth.growth, e.growth)
        moved, entries = moved + 1, entries + e.to_x + e.to_y
      elseif e.kind == "grow_end" then
        assert.are.equal(growth.from, moved)
        assert.are.equal(growth.to, e.to)
        growth = nil
      elseif e.kind == "overflow" then
        overflow = overflow + 1
      elseif e.kind == "clear" then
        growth = nil
      end
    end
    local stats = m:stats()
    for kind, n in pairs(stats.growths) do
      assert.are.equal(n, growths[kind] or 0)
    end
    assert.are.equal(stats.growing, growth ~= nil)
    if growth then assert.are.equal(stats.evacuated, moved) end
    return overflow
  end

  local KEYS = {
    int64 = function(i) return i end,
    string = function(i) return "a text that is long " .. i end,
    any = function(i) return i % 2 == 0 and i or "k" .. i end,
    ["[9]byte"] = function(i) return ("%09d"):format(i) end,
    float64 = function(i) return i / 2 end,
  }

  for _, policy in ipairs { "go", "adaptive", "smooth", "redis",
    "all_at_once" } do
    it("adds up to the stats under the policy " .. policy, function()
      for kind, key in pairs(KEYS) do
        local m, list = traced { key = kind, value = "any", policy = policy }
        for i = 1, 700 do m:set(key(i), i) end
        adds_up(m, list)
        for i = 1, 650 do m:delete(key(i)) end
        m:shrink()
        adds_up(m, list)
        for i = 600, 700 do m:get(key(i)) end
        m:finish()
        m:rekey()
        adds_up(m, list)
        for i = 600, 700 do m:has(key(i)) end
        m:step(1)
        m:reserve(2000)
        m:finish()
        assert.is_true(kinds(list).grow_end > 4)
        adds_up(m, list)
        m:clear()
        for i = 1, 300 do m:set(key(i), i) end
        adds_up(m, list)
        assert.is_true(m:check())
      end
    end)
  end

  it("tells of a clear in the middle of a growth", function()
    local m, list = traced()
    fill(m, 27)
    m:clear()
    assert.are.equal("clear", list[#list].kind)
    assert.are.equal(0, list[#list].count)
    fill(m, 100)
    adds_up(m, list)
  end)

  it("tells of memory that went back", function()
    local m, list = traced()
    fill(m, 20000)
    local bytes = 0
    for _, e in ipairs(list) do
      if e.kind == "release" then
        bytes = bytes + e.bytes
        assert.is_truthy(tostring(e):find("^op [%d,]+: .* given back$"))
      end
    end
    assert.is_true(bytes > 0)
  end)

  it("is called when the operation has been done, before it returns",
    function()
      local m = new()
      fill(m, 8)
      local count, value
      m:trace(function()
        count, value = m:count(), m:get(9)
      end)
      m:set(9, 81)
      assert.are.equal(9, count)
      assert.are.equal(81, value)
    end)

  it("does not change what methods return", function()
    local function answers(m)
      local all = {}
      local function note(...) all[#all + 1] = table.pack(...) end
      for i = 1, 60 do
        note(m:set(i, i))
        note(m:add(i, 2))
        note(m:swap(i, 7))
        note(m:get_or_set(-i, 3))
        note(m:get(i))
        note(m:has(i))
        note(m:pop(-i))
        note(m:delete(-i))
      end
      note(m:step(1))
      note(m:get_many { 1, 2, 99 })
      note(m:set_many({ 1, 2, 3 }, { 4, 5, 6 }))
      note(m:delete_many { 1, 2, 77 })
      note(#m, m:count(), m:clear())
      return all
    end
    assert.are.same(answers(new()), answers((traced())))
  end)

  it("tells what every way of writing causes", function()
    local function tells(act, opts)
      local m, list = traced(opts)
      fill(m, 8)
      assert.are.equal(0, #list)
      act(m)
      assert.is_true(#list > 0)
      adds_up(m, list)
    end
    tells(function(m) m:set(9, 9) end)
    tells(function(m) m:swap(9, 9) end)
    tells(function(m) m:get_or_set(9, 9) end)
    tells(function(m) m:add(9) end)
    tells(function(m) m:view()[9] = 9 end)
    tells(function(m) m:set_many({ 9 }, { 9 }) end)
    tells(function(m) m:set_many { [9] = 9 } end)
    tells(function(m) m:merge { [9] = 9 } end)
    tells(function(m)
      local other = new()
      other:set(9, 9)
      m:merge(other)
    end)
    tells(function(m) m:reserve(100) end)
    tells(function(m) m:rekey() end)
    tells(function(m) m:clear() end)
    tells(function(m)
      m:reserve(100)
      m:delete(1)
      m:pop(2)
      m:set(3, nil)
      m:delete_many { 4 }
      m:view()[5] = nil
      m:step_for(0)
      m:finish()
    end)
  end)

  it("tells what iterators and lookups cause", function()
    local m, list = traced()
    fill(m, 100)
    m:rekey()
    local n = #list
    for _ in m:pairs() do break end
    assert.is_true(#list > n)
    assert.are.equal("grow_end", list[#list].kind)

    m:rekey()
    n = #list
    m:scan(nil, 1)
    assert.is_true(#list > n)

    local reads, told = traced { policy = "redis" }
    fill(reads, 8)
    reads:reserve(1000)
    for _ = 1, 8 do
      n = #told
      if reads:stats().growing then
        reads:get(1)
        assert.is_true(#told > n)
      end
    end
    assert.are.equal("grow_end", told[#told].kind)
  end)

  it("tells of the other map when that is merged from", function()
    local m, list = traced()
    fill(m, 100)
    m:rekey()
    local n = #list
    new():merge(m)
    assert.is_true(#list > n)
    assert.are.equal("grow_end", list[#list].kind)
  end)

  it("hears of methods that were taken out of the map before", function()
    local m, list = new(), {}
    local set, get = m.set, m.get
    fill(m, 8)
    m:trace(function(e) list[#list + 1] = e end)
    set(m, 9, 9)
    assert.are.equal(3, #list)
    assert.are.equal(9, get(m, 9))
  end)

  it("ends with trace(nil) and goes to another with trace(other)", function()
    local m, list = traced()
    fill(m, 9)
    local n = #list
    m:trace(nil)
    for i = 10, 100 do m:set(i, i) end
    assert.are.equal(n, #list)
    local other = {}
    m:trace(function(e) other[#other + 1] = e end)
    for i = 101, 300 do m:set(i, i) end
    assert.are.equal(n, #list)
    assert.is_true(#other > 0)
    m:trace()
  end)

  it("wants a function", function()
    local m = new()
    assert.has_error(function() m:trace(1) end,
      "bad argument #1 to 'trace' (function or nil expected, got number)")
    m:close()
    assert.has_error(function() m:trace(print) end, "map is closed")
    assert.has_error(function() m.trace(5, print) end)
  end)

  it("leaves the words and the place of errors as they are", function()
    local m = traced()
    local function message(map)
      local _, err = pcall(function() map:set("x", 1) end)
      return err
    end
    assert.are.equal(message(new()), message(m))
    assert.is_truthy(message(m):find("^spec/trace_spec.lua:%d+: bad arg"))
  end)

  it("does nothing to a clone", function()
    local m, list = traced()
    fill(m, 8)
    local clone = m:clone()
    for i = 9, 50 do clone:set(i, i) end
    assert.are.equal(0, #list)
  end)
end)

describe("a callback", function()
  it("that raises on any event loses none and repeats none", function()
    local plain, all = traced()
    fill(plain, 60)
    for k = 1, #all do
      local m, list, raised = new(), {}, 0
      m:trace(function(e)
        list[#list + 1] = e
        if #list == k then error({ "on purpose" }) end
      end)
      for i = 1, 60 do
        local ok, err = pcall(m.set, m, i, i)
        if not ok then
          raised = raised + 1
          assert.are.same({ "on purpose" }, err)
        end
        assert.are.equal(i, m:count()) -- written all the same
      end
      m:get(1) -- the last may still wait
      assert.are.equal(1, raised)
      assert.are.equal(#all, #list)
      for i, e in ipairs(list) do assert.are.same(all[i], e) end
    end
  end)

  it("that raises each time gets one event an operation, in order", function()
    local plain, all = traced()
    fill(plain, 28)
    local m, list = new(), {}
    m:trace(function(e)
      list[#list + 1] = e
      error("no")
    end)
    for i = 1, 28 do pcall(m.set, m, i, i) end
    while #list < #all do assert.is_false(pcall(m.get, m, 1)) end
    for i, e in ipairs(list) do assert.are.same(all[i], e) end
    assert.is_true(pcall(m.get, m, 1))
  end)

  it("that writes this very map is told of it behind what was queued",
    function()
      local m, list, depth = new(), {}, 0
      local next_key = 1000
      m:trace(function(e)
        depth = depth + 1
        assert.are.equal(1, depth)
        list[#list + 1] = e
        if e.kind == "grow_begin" and next_key < 1200 then
          for _ = 1, 40 do -- grows itself
            next_key = next_key + 1
            m:set(next_key, 0)
          end
        end
        depth = depth - 1
      end)
      fill(m, 9)
      assert.are.equal(0, depth)
      for i = 2, #list do assert.is_true(list[i - 1].op <= list[i].op) end
      assert.is_true(kinds(list).grow_begin > 2)
      assert.are.equal(m:stats().growths.double, kinds(list).grow_begin)
      assert.is_true(m:check())
    end)

  it("may close the map: what had happened is still told", function()
    local m, list = new(), {}
    m:trace(function(e)
      list[#list + 1] = e.kind
      m:close()
    end)
    fill(m, 8)
    m:set(9, 9)
    assert.are.same({ "grow_begin", "evacuate", "grow_end" }, list)
    assert.has_error(function() m:get(1) end, "map is closed")
  end)

  it("may end the tracing, or give it to another", function()
    local m, list, other = new(), {}, {}
    m:trace(function(e)
      list[#list + 1] = e
      m:trace(nil)
    end)
    fill(m, 60)
    assert.are.equal(1, #list)
    list = {}
    m:trace(function(e)
      list[#list + 1] = e
      m:trace(function(o) other[#other + 1] = o end)
    end)
    for i = 61, 300 do m:set(i, i) end
    assert.are.equal(1, #list)
    assert.is_true(#other > 3)
    assert.is_true(list[1].op <= other[1].op)
  end)

  it("may iterate, clear, rekey and collect garbage", function()
    local m, n = new(), 0
    m:trace(function(e)
      n = n + 1
      local sum = 0
      for k in m:pairs() do sum = sum + k end
      if e.kind == "overflow" then collectgarbage() end
      if n == 10 then m:rekey() end
      if n == 20 then m:clear() end
      if n == 30 then m:shrink() end
    end)
    fill(m, 200)
    assert.is_true(n > 30)
    assert.is_true(m:check())
  end)

  it("cannot yield", function()
    local m = new()
    fill(m, 8)
    m:trace(function() coroutine.yield() end)
    local co = coroutine.create(function() m:set(9, 9) end)
    local ok, err = coroutine.resume(co)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("attempt to yield", 1, true))
    m:trace(nil)
    assert.are.equal(9, #m)
  end)

  it("hears of operations in every coroutine", function()
    local m, list = traced()
    for i = 1, 60 do
      coroutine.wrap(function() m:set(i, i) end)()
    end
    assert.are.equal(m:stats().growths.double, kinds(list).grow_begin)
  end)
end)

describe("a traced map", function()
  it("stays open when a method raises, wherever that is", function()
    local m, list = traced()
    fill(m, 8)
    local function wrong() m:set("no int", 1) end
    assert.is_false(pcall(wrong))
    assert.is_false(pcall(coroutine.wrap(wrong)))
    local co = coroutine.create(wrong)
    assert.is_false(coroutine.resume(co))
    m:set(9, 9)
    assert.are.equal(3, #list)
    coroutine.close(co)
    assert.are.equal(9, m:count())
    co = coroutine.create(wrong)
    assert.is_false(coroutine.resume(co))
    co = nil
    collectgarbage()
    for i = 10, 14 do m:set(i, i) end
    assert.is_true(#list > 3)
    assert.are.equal(14, m:count())
    assert.is_nil(co)
  end)

  it("closes at the end of its scope, by error and by close", function()
    local m = traced()
    fill(m, 9)
    do
      local scope <close> = m
      scope:set(10, 10)
    end
    assert.has_error(function() m:get(1) end, "map is closed")

    m = traced()
    pcall(function()
      local scope <close> = m
      scope:set("no int", 1)
    end)
    assert.has_error(function() m:get(1) end, "map is closed")

    m = traced()
    local co = coroutine.create(function()
      local scope <close> = m
      scope:set(1, 1)
      coroutine.yield()
    end)
    coroutine.resume(co)
    assert.are.equal(1, m:get(1))
    coroutine.close(co)
    assert.has_error(function() m:get(1) end, "map is closed")
  end)

  it("is told the rest when it is closed", function()
    local m, list = new(), {}
    m:trace(function(e)
      list[#list + 1] = e.kind
      if #list == 1 then error("no") end
    end)
    fill(m, 8)
    assert.is_false(pcall(m.set, m, 9, 9))
    m:close()
    assert.are.same({ "grow_begin", "evacuate", "grow_end" }, list)
  end)

  it("is collected with what waits in its queue", function()
    local weak = setmetatable({}, { __mode = "k" })
    local told = 0
    do
      local m = new()
      weak[m] = true
      m:trace(function()
        told = told + (m and 1 or 0) -- a cycle through the map
        error("no")
      end)
      fill(m, 8)
      pcall(m.set, m, 9, 9)
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
    assert.are.equal(1, told)
  end)

  it("may be written by a finalizer while one of its methods works", function()
    local m, list = traced { key = "string", value = "string" }
    local left = 40
    local function mine()
      setmetatable({}, { __gc = function()
        if left == 0 then return end
        left = left - 1
        m:set("from a finalizer " .. left, ("x"):rep(100))
        mine()
      end })
    end
    mine()
    collectgarbage("generational")
    for i = 1, 20000 do
      local k = "key " .. i % 300
      m:set(k, ("v"):rep(i % 50))
      m:get(k)
    end
    collectgarbage("incremental")
    collectgarbage()
    assert.is_true(left < 40)
    assert.are.equal(m:stats().growths.double, kinds(list).grow_begin)
    assert.is_true(m:check())
  end)

  it("can be recorded as well", function()
    local m, list = traced()
    m:record(1000)
    fill(m, 300)
    local r = m:events()
    assert.are.equal(#list, #r)
    for i, e in ipairs(list) do assert.are.same(e, r[i]) end
  end)
end)

-- -- where memory ends --------------------------------------------------------

describe("without memory", function()
  local sanitized = (os.getenv("LD_PRELOAD") or ""):find("asan")

  -- What a script prints that may take so many KiB.
  local function confined(kib, script)
    local name = os.tmpname()
    local file = assert(io.open(name, "w"))
    file:write(script)
    file:close()
    local pipe <close> = assert(io.popen(("exec 2>&1; ulimit -v %d; "
      .. "LUA_PATH='%s' LUA_CPATH='%s' %s %s"):format(kib, package.path,
        package.cpath, os.getenv("LUA") or "lua5.4", name)))
    local out = pipe:read("a")
    os.remove(name)
    return out
  end

  it("a trace says how many events it could not keep", function()
    if sanitized then return end
    assert.are.equal("all told or lost, some lost\n", confined(40000, [[
      local hmap = require "hmap"
      local m = hmap.new { key = "int64", value = "none", seed = 1 }
      for i = 1, 8 do m:set(i) end
      m:reserve(6 * 2^17)
      m:finish()
      local moves, begun, lost, clears = 0, 0, 0, 0
      m:trace(function(e)
        lost = lost + (e.lost or 0)
        if e.kind == "evacuate" then moves = moves + 1 end
        if e.kind == "grow_begin" then begun = begun + 1 end
        if e.kind == "clear" then clears = clears + 1 end
      end)
      m:rekey()
      m:finish()
      m:clear()
      local buckets = m:stats().buckets
      print(begun == 1 and clears == 1 and moves + lost >= buckets
        and moves < buckets and "all told or lost, some lost"
        or table.concat({ begun, clears, moves, lost, buckets }, " "))
    ]]))
  end)

  it("a recording keeps what it can, and a list that cannot be made",
    function()
      if sanitized then return end
      assert.are.equal("false not enough memory 1000 true\n",
        confined(60000, [[
          local hmap = require "hmap"
          local m = hmap.new { key = "int64", value = "none", seed = 1 }
          m:record(math.maxinteger)
          for i = 1, 8 do m:set(i) end
          m:reserve(6 * 2^13)
          for _ = 1, 120 do
            m:rekey()
            m:finish()
          end
          local ok, why = pcall(m.events, m)
          m:record(1000)
          m:rekey()
          m:finish()
          local r = m:events()
          print(table.concat({ tostring(ok), why, #r,
            tostring(r.lost >= 2^13 + 2 - 1000) }, " "))
        ]]))
    end)
end)
