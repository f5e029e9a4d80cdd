-- Iterating: every entry once, whatever the loop does to the map.

local hmap = require "hmap"

local function filled(n, opts)
  opts = opts or {}
  opts.key, opts.value = opts.key or "int64", opts.value or "int64"
  local m = hmap.new(opts)
  for i = 1, n do m:set(i, -i) end
  return m
end

-- Runs fn(k, i) on each entry; how often each key was given.
local function visit(m, fn)
  local times, i = {}, 0
  for k in pairs(m) do
    times[k] = (times[k] or 0) + 1
    i = i + 1
    if fn then fn(k, i) end
  end
  return times
end

local function assert_once(times, first, last)
  for k = first, last do assert.are.equal(1, times[k], "key " .. k) end
end

describe("iteration", function()
  it("gives each entry once", function()
    for _, n in ipairs { 0, 1, 8, 9, 27, 100, 5000 } do
      local m, seen = filled(n), 0
      for k, v in m:pairs() do
        assert.are.equal(-k, v)
        seen = seen + 1
      end
      assert.are.equal(n, seen)
      assert_once(visit(m), 1, n)
    end
  end)

  it("gives keys, or values, alone", function()
    local m, keys, values = filled(100), 0, 0
    for k, none in m:keys() do
      assert.is_nil(none)
      keys = keys + k
    end
    for v, none in m:values() do
      assert.is_nil(none)
      values = values + v
    end
    assert.are.same({ 5050, -5050 }, { keys, values })
  end)

  it("does not stop at false, nor at a set's nothing", function()
    local m = hmap.new { key = "int8", value = "bool" }
    for i = 1, 10 do m:set(i, i % 2 == 0) end
    local n = 0
    for _ in m:values() do n = n + 1 end
    local b = hmap.new { key = "bool", value = "none" }
    b:set(false)
    b:set(true)
    for _, v in pairs(b) do n = n + (v == true and 100 or 0) end
    assert.are.equal(210, n)
  end)

  it("spreads tuples", function()
    local m = hmap.new { key = { "string", "int8" }, value = { "int8",
      "string" } }
    m:set("a key longer than fifteen", 2, 3, "a value longer than fifteen")
    for a, b, c, d in pairs(m) do
      assert.are.same({ "a key longer than fifteen", 2, 3,
        "a value longer than fifteen" }, { a, b, c, d })
    end
    for c, d, none in m:values() do
      assert.are.same({ 3, "a value longer than fifteen" }, { c, d, none })
    end
  end)

  it("begins anywhere, unless a seed says where", function()
    local function first(m)
      local next_entry, state = pairs(m)
      return (next_entry(state))
    end
    local firsts, count = {}, 0
    for _ = 1, 50 do
      local k = first(filled(100))
      count = count + (firsts[k] and 0 or 1)
      firsts[k] = true
    end
    assert.is_true(count > 10)
    assert.are.equal(first(filled(100, { seed = 1 })),
      first(filled(100, { seed = 1 })))
  end)

  it("goes on from where a growth finds it", function()
    for seed = 1, 30 do
      local m = filled(100, { seed = seed })
      local times = visit(m, function(_, i)
        if i <= 100 then
          for new = 1, 20 do m:set(1000 * i + new, 0) end
        end
      end)
      assert_once(times, 1, 100)
      for k, n in pairs(times) do assert.are.equal(1, n, "key " .. k) end
      assert.is_true(m:check())
    end
  end)

  it("does not give what was deleted before its turn", function()
    for seed = 1, 30 do
      local m = filled(200, { seed = seed })
      local gone = {}
      local times = visit(m, function(k)
        assert.is_nil(gone[k])
        for other = k % 7 + 1, 200, 7 do
          if other ~= k then
            m:delete(other)
            gone[other] = true
          end
        end
      end)
      for k, n in pairs(times) do assert.are.equal(1, n, "key " .. k) end
      assert.is_true(m:check())
    end
  end)

  it("may delete every entry on its way", function()
    local m = filled(1000)
    assert_once(visit(m, function(k) m:delete(k) end), 1, 1000)
    assert.are.equal(0, #m)
  end)

  it("may overwrite every entry on its way", function()
    local m = filled(1000, { value = "any" })
    assert_once(visit(m, function(k) m:set(k, { k }) end), 1, 1000)
    for k, v in pairs(m) do assert.are.equal(k, v[1]) end
  end)

  it("gives nothing old after clear", function()
    for seed = 1, 20 do
      local m = filled(500, { seed = seed })
      local after = 0
      for k in pairs(m) do
        if k <= 500 then
          after = after + 1
          m:clear()
          for i = 501, 520 do m:set(i, i) end
        end
      end
      assert.are.equal(1, after)
      assert.is_true(m:check())
    end
  end)

  it("survives step, finish and reserve", function()
    for seed = 1, 20 do
      local m = filled(53, { seed = seed })
      local times = visit(m, function(_, i)
        if i == 5 then m:step(2) end
        if i == 10 then m:finish() end
        if i == 20 then m:reserve(5000) end
        if i % 3 == 0 then m:step(1) end
      end)
      assert_once(times, 1, 53)
      assert.is_true(m:check())
    end
  end)

  it("can be nested, and many at once", function()
    local m, pairs_seen = filled(40), 0
    for a in pairs(m) do
      for b in pairs(m) do
        pairs_seen = pairs_seen + 1
        m:set(a * 100 + b, 0)
        m:delete(a * 100 + b)
      end
    end
    assert.are.equal(1600, pairs_seen)
    assert.is_true(m:check())
  end)
end)

describe("an iterator", function()
  it("comes as four values, the last closes it", function()
    local m = filled(10)
    local next_entry, state, control, closing = m:pairs()
    assert.is_function(next_entry)
    assert.is_nil(control)
    assert.are.equal(state, closing)
    assert.is_number((next_entry(state)))
    debug.getmetatable(closing).__close(closing)
    assert.is_nil((next_entry(state)))
    assert.are.equal(4, select("#", m:keys()))
    assert.are.equal(4, select("#", m:values()))
    assert.are.equal(3, select("#", pairs(m))) -- Lua's pairs drops the fourth
  end)

  it("stays at its end", function()
    local next_entry, state = filled(2):pairs()
    next_entry(state)
    next_entry(state)
    for _ = 1, 3 do
      assert.are.same({ n = 1 }, table.pack(next_entry(state)))
    end
  end)

  it("is closed by break, return and error", function()
    local m = filled(100)
    local function leave(fn)
      local next_entry, state, control, closing = m:pairs()
      pcall(function()
        for k in next_entry, state, control, closing do
          if fn(k) then break end
        end
      end)
      return next_entry, state
    end
    for _, fn in ipairs { error, function() return true end } do
      local next_entry, state = leave(fn)
      assert.is_nil((next_entry(state)))
    end
    local next_entry, state = leave(function() end)
    assert.is_nil((next_entry(state)))
  end)

  it("keeps its map alive", function()
    local next_entry, state = filled(100):pairs()
    collectgarbage()
    local n = 0
    while next_entry(state) do n = n + 1 end
    assert.are.equal(100, n)
  end)

  it("ends with an error when its map is closed under it", function()
    local m = filled(100)
    assert.has_error(function()
      for _ in pairs(m) do m:close() end
    end, "map is closed")
  end)

  it("may be collected before its map, or after", function()
    for _ = 1, 20 do
      local m = filled(30)
      for _ = 1, 10 do
        local next_entry, state = m:pairs()
        next_entry(state)
      end
      collectgarbage()
      m:set(31, 1)
      local _, left = m:pairs()
      m:close()
      debug.getmetatable(left).__gc(left)
    end
    collectgarbage()
  end)

  it("refuses to be something else", function()
    local next_entry = filled(1):pairs()
    for _, other in ipairs { 5, {}, io.stdout, filled(1) } do
      assert.has_error(function() next_entry(other) end)
    end
    assert.has_error(function() next_entry() end)
  end)
end)
