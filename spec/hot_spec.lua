-- The short cuts of the commonest maps: a method or a view that takes one
-- answers as the general road does.

local hmap = require "hmap"

local keys = {
  int64 = { 0, 1, -1, math.maxinteger, math.mininteger, 3.0, 1 << 40 },
  string = { "", "a", "a\0b", ("x"):rep(15), ("x"):rep(16), ("y"):rep(300) },
  any = { 1, 2.5, -0.0, "k", ("k"):rep(40), true, false, {}, print, io.stdout,
    math.huge },
}
local values = {
  int64 = { 0, 7, -7, 2.0, math.mininteger },
  float64 = { 0.0, 1.5, -1e300, 3, math.huge },
  string = { "", "short", ("long"):rep(20) },
  any = { false, true, 5, 5.5, "s", ("s"):rep(50), {}, print, io.stdout },
  none = { true },
}
local misfits = {
  int64 = { "1", 1.5, true, {}, 2 ^ 63 },
  float64 = { "1", true, {}, math.maxinteger },
  string = { 1, 1.5, true, {} },
  none = { 1, false, "true", {} },
  any = {},
}
local key_misfits = { int64 = misfits.int64, string = misfits.string,
  any = { 0 / 0 } }

-- Every pair of types with a short cut for views.
local function each_pair(fn)
  for key in pairs(keys) do
    for value in pairs(values) do
      fn(key, value, hmap.new { key = key, value = value, seed = 1 })
    end
  end
end

local function by_method(m)
  return {
    get = function(k) return m:get(k) end,
    set = function(k, v) m:set(k, v) end,
  }
end

local function by_view(m)
  local t = m:view()
  return {
    get = function(k) return t[k] end,
    set = function(k, v) t[k] = v end,
  }
end

-- An error without the place and the function's name.
local function complaint(fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok)
  return (message:gsub("^[^:]*:%d+: ", ""):gsub("'[^']*' %(", "("))
end

describe("a short cut", function()
  it("reads what any road wrote, and deletes it", function()
    each_pair(function(key, value, m)
      local roads = { by_method(m), by_view(m) }
      for i, k in ipairs(keys[key]) do
        for j, v in ipairs(values[value]) do
          roads[1 + (i + j) % 2].set(k, v)
          for _, road in ipairs(roads) do
            assert.are.equal(v, road.get(k))
          end
          assert.is_true(m:has(k))
          assert.are.equal(v, m:pop(k))
          assert.is_nil(roads[1].get(k))
          assert.is_nil(roads[2].get(k))
          assert.is_false(m:has(k))
          roads[1 + (i + j) % 2].set(k, v)
          if i % 2 == 0 then
            assert.is_true(m:delete(k))
          else
            roads[1 + j % 2].set(k, nil)
          end
          assert.is_false(m:delete(k))
        end
      end
      assert.are.equal(0, #m)
      assert.is_true(m:check())
    end)
  end)

  it("refuses what its types do not hold, with one sentence on every road",
    function()
      each_pair(function(key, value, m)
        local roads = { by_method(m), by_view(m) }
        local k, v = keys[key][1], values[value][1]
        m:set(k, v)
        local before = m:fingerprint()
        for _, bad in ipairs(key_misfits[key]) do
          local what = complaint(roads[1].set, bad, v)
          assert.are.equal(what, complaint(roads[2].set, bad, v))
          if key ~= "any" then
            assert.are.equal(what, complaint(roads[1].get, bad))
            assert.are.equal(what, complaint(roads[2].get, bad))
            assert.are.equal(what, complaint(m.has, m, bad))
            assert.are.equal(what, complaint(m.delete, m, bad))
          else -- nothing is found there, as in a table
            assert.is_nil(roads[1].get(bad))
            assert.is_nil(roads[2].get(bad))
            assert.is_false(m:has(bad))
            assert.is_false(m:delete(bad))
          end
        end
        for _, bad in ipairs(misfits[value]) do
          local what = complaint(roads[1].set, k, bad)
          assert.are.equal(what, complaint(roads[2].set, k, bad))
          assert.are.equal(what, complaint(m.swap, m, k, bad))
        end
        assert.are.equal(before, m:fingerprint())
      end)
    end)

  it("names the method and the argument", function()
    local m = hmap.new { key = "int64", value = "string" }
    for name, args in pairs {
      get = { "x" }, has = { "x" }, delete = { "x" }, set = { "x", "v" },
    } do
      local _, message = pcall(m[name], m, table.unpack(args))
      assert.is_truthy(message:find("bad argument #1 to '" .. name ..
        "' (int64 key expected, got string", 1, true), message)
    end
    local _, message = pcall(m.set, m, 1, 2)
    assert.is_truthy(message:find("bad argument #2 to 'set'", 1, true), message)
  end)

  it("raises on a closed map, also behind its view", function()
    each_pair(function(key, value, m)
      local roads = { by_method(m), by_view(m) }
      local k, v = keys[key][1], values[value][1]
      roads[2].set(k, v)
      m:close()
      for _, road in ipairs(roads) do
        assert.is_truthy(complaint(road.get, k):find "closed")
        assert.is_truthy(complaint(road.set, k, v):find "closed")
        assert.is_truthy(complaint(road.set, k, nil):find "closed")
      end
    end)
  end)

  it("takes no other userdata for a map or a view", function()
    local m = hmap.new { key = "int64", value = "int64" }
    local t = m:view()
    for _, other in ipairs { io.stdout, m:pairs(), t, 1, "x", {} } do
      assert.has_error(function() m.get(other, 1) end)
      assert.has_error(function() m.set(other, 1, 1) end)
    end
    assert.has_error(function() m.get() end)
    local other = hmap.new { key = "string", value = "int64" }
    assert.has_error(function() m.get(other, 1) end)
    assert.has_error(function() other.has(m, "x") end)
  end)

  it("lets go of objects that it overwrites or deletes", function()
    for _, key in ipairs { "int64", "string", "any" } do
      local m = hmap.new { key = key, value = "any" }
      local k = keys[key][1]
      local weak = setmetatable({}, { __mode = "v" })
      for _, road in ipairs { by_method(m), by_view(m) } do
        for i, last in ipairs { 1, "text", false } do
          weak[i] = {}
          road.set(k, weak[i])
          collectgarbage()
          assert.are.equal(weak[i], road.get(k))
          road.set(k, last)
          assert.are.equal(last, road.get(k))
        end
        weak[4] = {}
        road.set(k, weak[4])
        road.set(k, nil)
        weak[5] = {}
        road.set(k, weak[5])
        assert.is_true(m:delete(k))
        collectgarbage()
        assert.are.same({}, weak)
      end
    end
  end)

  it("lets go of objects that were keys", function()
    local m = hmap.new { key = "any", value = "int64" }
    local t = m:view()
    local weak = setmetatable({}, { __mode = "k" })
    for i = 1, 10 do
      local k = {}
      weak[k] = true
      t[k] = i
      assert.are.equal(i, m:get(k))
      if i % 2 == 0 then
        t[k] = nil
      else
        assert.is_true(m:delete(k))
      end
    end
    collectgarbage()
    assert.is_nil(next(weak))
    assert.is_true(m:check())
  end)

  it("of a view moves old buckets where reads do", function()
    local m = hmap.new { key = "int64", value = "int64", policy = "redis" }
    local t = m:view()
    local n = 0
    repeat
      n = n + 1
      t[n] = n
    until m:stats().growing and n > 100
    for _ = 1, 10000 do
      assert.are.equal(1, t[1])
      if not m:stats().growing then break end
    end
    assert.is_false(m:stats().growing)
  end)

  it("of a view tells those who watch an entry", function()
    for key, some in pairs(keys) do
      local m = hmap.new { key = key, value = "int64" }
      local t = m:view()
      local k = some[1]
      t[k] = 1
      local told = 0
      m:watch(k, function() told = told + 1 end)
      t[k] = 2
      assert.are.equal(1, told)
      t[k] = nil
      assert.are.equal(2, told)
    end
  end)

  it("takes a tuple of integers as one word, and refuses what is none",
    function()
      local m = hmap.new { key = { "x:int32", "y:int32" }, value = "any" }
      local object = {}
      for x = -3, 3 do
        for y = -3, 3 do
          m:set(x, y, (x + y) % 2 == 0 and object or x * y)
        end
      end
      assert.are.equal(object, m:get(-3, -3))
      assert.are.equal(-6, m:get(3.0, -2))
      assert.is_true(m:delete(3, 3))
      assert.is_false(m:has(3, 3))
      m:set(3, 2, nil)
      m:set(3, 1)
      assert.are.equal(46, #m)
      for _, bad in ipairs { 1 << 31, "1", 1.5 } do
        for _, name in ipairs { "get", "has", "delete" } do
          assert.is_truthy(complaint(m[name], m, 1, bad):find "int32 key 'y'")
        end
        assert.is_truthy(complaint(m.set, m, bad, 1, 1):find "int32 key 'x'")
      end
      assert.is_true(m:check())
    end)
end)
