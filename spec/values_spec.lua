-- Types: what fits, what does not, what becomes of it; and the Lua objects
-- that an `any` map keeps.

local hmap = require "hmap"

local function set_and_get(type_name, v)
  local m = hmap.new { key = "int8", value = type_name }
  m:set(1, v)
  return m:get(1)
end

local function key_stays(type_name, k)
  local m = hmap.new { key = type_name, value = "int8" }
  m:set(k, 1)
  local next_key, state = m:keys()
  return (next_key(state))
end

describe("integers", function()
  local limits = {
    int8 = { -128, 127 }, int16 = { -32768, 32767 },
    int32 = { -2147483648, 2147483647 },
    int64 = { math.mininteger, math.maxinteger },
    uint8 = { 0, 255 }, uint16 = { 0, 65535 }, uint32 = { 0, 4294967295 },
    uint64 = { math.mininteger, math.maxinteger },
  }

  for name, range in pairs(limits) do
    it("of " .. name .. " reach from limit to limit, and no further", function()
      for _, i in ipairs { range[1], range[2], 0, 1 } do
        assert.are.equal(i, set_and_get(name, i))
        assert.are.equal(i, key_stays(name, i))
      end
      if name:sub(-2) == "64" then return end
      local m = hmap.new { key = name, value = name }
      for _, i in ipairs { range[1] - 1, range[2] + 1, math.maxinteger } do
        assert.has_error(function() m:set(i, 1) end, ("bad argument #1 to "
          .. "'set' (%s key expected, got %d)"):format(name, i))
        assert.has_error(function() m:set(1, i) end, ("bad argument #2 to "
          .. "'set' (%s value expected, got %d)"):format(name, i))
      end
    end)

    it("of " .. name .. " may come as floats, not as strings", function()
      local m = hmap.new { key = name, value = "bool" }
      m:set(7.0, true)
      assert.is_true(m:get(7))
      assert.are.equal("integer", math.type(key_stays(name, 7.0)))
      for bad, words in pairs { ["7"] = "string", [7.5] = "7.5",
        [math.huge] = "inf", [2.0 ^ 63] = "9.2233720368548e+18" } do
        assert.has_error(function() m:get(bad) end, ("bad argument #1 to "
          .. "'get' (%s key expected, got %s)"):format(name, words))
      end
      assert.has_error(function() m:get(0 / 0) end, ("bad argument #1 to "
        .. "'get' (%s key expected, got NaN)"):format(name))
    end)
  end
end)

describe("floats", function()
  it("keep their values", function()
    for _, f in ipairs { 0.1, -1e300, 2 ^ 53, math.huge, 5e-324 } do
      assert.are.equal(f, set_and_get("float64", f))
    end
    assert.are.equal(0.5, set_and_get("float32", 0.5))
    assert.are.equal("float", math.type(set_and_get("float64", 3)))
  end)

  it("of 32 bits round, those of 64 refuse an integer they cannot hold",
    function()
      assert.are.equal(string.unpack("f", string.pack("f", 0.1)),
        set_and_get("float32", 0.1))
      assert.are.equal(16777216.0, set_and_get("float32", 16777217))
      assert.are.equal(2.0 ^ 53, set_and_get("float64", 2 ^ 53 | 0))
      for _, i in ipairs { (2 ^ 53 | 0) + 1, math.maxinteger } do
        assert.has_error(function() set_and_get("float64", i) end)
      end
    end)

  it("as keys: 0.0 is -0.0, and a NaN is always new and never found",
    function()
      for _, name in ipairs { "float64", "float32" } do
        local m = hmap.new { key = name, value = "int8" }
        m:set(0.0, 1)
        assert.are.equal(1, m:get(-0.0))
        m:set(0 / 0, 2)
        m:set(0 / 0, 3)
        assert.are.equal(3, #m)
        assert.is_nil(m:get(0 / 0))
        assert.is_false(m:delete(0 / 0))
        local sum = 0
        for k, v in pairs(m) do sum = sum + (k ~= k and v or 0) end
        assert.are.equal(5, sum)
        m:clear()
        assert.are.equal(0, #m)
      end
    end)
end)

describe("other scalars", function()
  it("are taken strictly", function()
    local wrong = {
      bool = { 0, 1, "true", {} },
      string = { 5, 1.5, true, {} },
      ["[3]byte"] = { "ab", "abcd", "", 123, true },
      float64 = { "1", true, {} },
    }
    for name, values in pairs(wrong) do
      local m = hmap.new { key = name, value = name }
      for _, v in ipairs(values) do
        assert.has_error(function() m:get(v) end)
        assert.has_error(function() m:set(v, v) end)
      end
      assert.has_error(function() m:get(nil) end)
      assert.has_error(function() m:get() end)
    end
  end)

  it("say what came", function()
    local m = hmap.new { key = "[4]byte", value = "string" }
    assert.has_error(function() m:set("abc", "x") end, "bad argument #1 to "
      .. "'set' ([4]byte key expected, got a string of 3 bytes)")
    assert.has_error(function() m:set("abcd", 5) end,
      "bad argument #2 to 'set' (string value expected, got 5)")
    assert.has_error(function() m:set() end,
      "bad argument #1 to 'set' ([4]byte key expected, got nil)")
  end)

  it("keep any bytes, of any length", function()
    for _, n in ipairs { 0, 1, 14, 15, 16, 17, 240, 241, 100000 } do
      local s = ("\0\255ab"):rep(n // 4 + 1):sub(1, n)
      assert.are.equal(s, set_and_get("string", s))
      assert.are.equal(s, key_stays("string", s))
      assert.are.equal(s, set_and_get("any", s))
      if n > 0 then
        assert.are.equal(s, key_stays("[" .. n .. "]byte", s))
      end
    end
  end)

  it("tell strings apart by every byte", function()
    local m = hmap.new { key = "string", value = "int64" }
    local base = ("x"):rep(40)
    m:set(base, 0)
    for i = 1, 40 do m:set(base:sub(1, i - 1) .. "y" .. base:sub(i + 1), i) end
    m:set(base .. "\0", 41)
    assert.are.equal(42, #m)
    assert.are.equal(0, m:get(base))
    assert.are.equal(20, m:get(("x"):rep(19) .. "y" .. ("x"):rep(20)))
  end)
end)

describe("any", function()
  local userdata = io.tmpfile()
  local light = debug.upvalueid(function() return userdata end, 1)
  local all = {
    true, false, 0, -1, math.maxinteger, math.mininteger, 0.5, -math.huge,
    "", "short", "a text of more than fifteen bytes", {}, print,
    function() return userdata end, coroutine.create(print), userdata, light,
  }

  it("holds every Lua value as value, and as key", function()
    local m = hmap.new()
    for i, v in ipairs(all) do
      m:set(i, v)
      m:set(v, i)
    end
    local back = hmap.new()
    for i, v in ipairs(all) do
      back:set(v, i)
      assert.are.equal(i, back:get(v))
      assert.are.equal(1, select("#", back:get(v)))
    end
    assert.are.equal(#all, #back)
    for k, i in pairs(back) do assert.are.equal(all[i], k) end
    assert.is_true(m:check() and back:check())
  end)

  it("has Lua's equality of keys", function()
    local m = hmap.new()
    m:set(1, "one")
    assert.are.equal("one", m:get(1.0))
    m:set(1.0, "ONE")
    assert.are.equal("integer", math.type(key_stays("any", 1.0)))
    assert.are.equal("ONE", m:get(1))
    m:set(-0.0, "zero")
    assert.are.equal("zero", m:get(0))
    m:set(2 ^ 53, "big")
    assert.are.equal("big", m:get(2 ^ 53 | 0))
    m:set("1", "text")
    m:set({}, "a table")
    assert.is_nil(m:get({}))
    assert.are.equal("text", m:get("1"))
    assert.are.equal("float", math.type(set_and_get("any", 1.0)))
    assert.are.equal(5, #m)
  end)

  it("holds nothing under nil and NaN, and refuses to write there", function()
    local m = hmap.new {seed = 1}
    m:set(1, 2)
    local before, t = m:fingerprint(), m:view()
    for _, key in ipairs {0 / 0, n = 2} do
      assert.is_nil(m:get(key))
      assert.is_nil(t[key])
      assert.is_false(m:has(key))
      assert.is_false(m:delete(key))
      assert.is_nil(m:pop(key))
    end
    assert.are.same({nil, 2, nil, n = 3}, m:get_many {0 / 0, 1, 0 / 0})
    assert.are.equal(0, m:delete_many {0 / 0})
    assert.is_nil(m:get(nil))
    assert.is_nil(m:get())
    assert.is_nil(t[nil])
    assert.is_false(m:has(nil))
    assert.is_false(m:delete(nil))
    assert.is_nil(m:pop(nil))
    for _, method in ipairs { "set", "swap", "get_or_set" } do
      assert.has_error(function() m[method](m, nil, 1) end, "bad argument #1"
        .. " to '" .. method .. "' (any key but nil and NaN expected, got nil)")
      assert.has_error(function() m[method](m, 0 / 0, 1) end, "bad argument #1"
        .. " to '" .. method .. "' (any key but nil and NaN expected, got NaN)")
    end
    assert.has_error(function() m:set(nil, nil) end)
    assert.has_error(function() t[nil] = 1 end)
    assert.has_error(function() t[0 / 0] = nil end)
    assert.are.equal(before, m:fingerprint())
    m:set(1, 0 / 0)
    assert.is_true(m:get(1) ~= m:get(1))
    assert.has_error(function() m:get_or_set(1, nil) end)
  end)
end)

describe("objects in a map", function()
  local function weak(mode) return setmetatable({}, { __mode = mode }) end
  local function collect()
    collectgarbage()
    collectgarbage()
  end
  local function alive(t)
    collect()
    local n = 0
    for _ in pairs(t) do n = n + 1 end
    return n
  end

  it("live as long as their entry, as key and as value", function()
    local m, seen = hmap.new(), weak("k")
    for i = 1, 1000 do
      local key, value = {}, function() return i end
      seen[key], seen[value] = true, true
      m:set(key, value)
    end
    assert.are.equal(2000, alive(seen))
    for k in m:keys() do m:delete(k) end
    assert.are.equal(0, alive(seen))
    assert.is_true(m:check())
  end)

  it("are let go by overwriting, swapping, popping and clearing", function()
    local m, seen = hmap.new { key = "int64" }, weak("k")
    local function new()
      local t = {}
      seen[t] = true
      return t
    end
    for i = 1, 4 do m:set(i, new()) end
    m:set(1, new())
    m:set(1, "text")
    m:swap(2, new())
    m:pop(3)
    m:get_or_set(4, new())
    assert.are.equal(2, alive(seen))
    m:clear()
    assert.are.equal(0, alive(seen))
    assert.is_true(m:check())
  end)

  it("are let go by closing", function()
    local m, seen = hmap.new(), weak("k")
    local t = {}
    seen[t] = true
    m:set(t, t)
    m:close()
    t = nil
    assert.is_nil(t)
    assert.are.equal(0, alive(seen))
  end)

  it("are not kept when they only look a key up, or lose to one", function()
    local m, seen = hmap.new(), weak("k")
    m:set("k", 1)
    for _ = 1, 10 do
      local t = {}
      seen[t] = true
      m:get(t)
      m:has(t)
      m:delete(t)
      m:get_or_set("k", t)
    end
    assert.are.equal(0, alive(seen))
    assert.is_true(m:check())
  end)

  it("may form cycles with the map, which are collected", function()
    local seen = weak("k")
    for _ = 1, 50 do
      local m = hmap.new()
      local t = { m }
      m:set("self", m)
      m:set(t, { t, m:view(), m:pairs() })
      seen[m], seen[t] = true, true
    end
    assert.are.equal(0, alive(seen))
  end)

  it("are found again among many, through growth and deletes", function()
    local m, tables = hmap.new { key = "int64" }, {}
    for i = 1, 3000 do
      tables[i] = { i }
      m:set(i, tables[i])
    end
    for i = 1, 3000, 3 do m:delete(i) end
    for i = 3001, 4000 do
      tables[i] = { i }
      m:set(i, tables[i])
    end
    for i = 1, 4000 do
      local gone = i <= 3000 and i % 3 == 1
      assert.are.equal(not gone and tables[i] or nil, m:get(i))
    end
    assert.is_true(m:check())
  end)

  it("give their pages back when they are gone", function()
    local m, t = hmap.new { key = "int64" }, {}
    m:set(0, t)
    local one = m:memory().references
    for i = 1, 10000 do m:set(i, t) end
    assert.is_true(m:memory().references > 30 * one)
    for i = 10000, 1, -1 do m:delete(i) end
    assert.is_true(m:memory().references <= 2 * one)
    for i = 1, 10000 do m:set(i, t) end
    for i = 1, 10000 do m:delete(i) end
    assert.is_true(m:memory().references <= 2 * one)
    assert.are.equal(t, m:get(0))
    assert.is_true(m:check())
  end)
end)

describe("finalizers", function()
  -- A finalizer can run whenever a method allocates: it may use the map.
  local function garbage(fn)
    for _ = 1, 20 do setmetatable({}, { __gc = fn }) end
  end

  it("may write, clear and close the map that is being used", function()
    for _, act in ipairs { "set", "clear", "delete", "close", "finish" } do
      local m
      local function meddle() pcall(m[act], m, "key", "value") end
      for round = 1, 50 do
        m = hmap.new { seed = round }
        pcall(function()
          for i = 1, 100 do
            if i % 10 == 0 then garbage(meddle) end
            m:set({}, ("text"):rep(i))
            m:set("key", { i })
            m:swap("key", ("long text"):rep(i))
            for k, v in pairs(m) do
              assert(k ~= nil and v ~= nil)
              m:bucket(0)
              if i % 7 > 0 then break end
            end
          end
        end)
        if pcall(m.count, m) then assert.is_true(m:check()) end
      end
      collectgarbage()
    end
  end)
end)

describe("the collector", function()
  -- Drops maps of about a megabyte; the most that were there at once.
  local function most_alive(rounds)
    local maps, most = setmetatable({}, { __mode = "k" }), 0
    for _ = 1, rounds do
      local m = hmap.new { key = "int64", value = "int64" }
      for k = 1, 20000 do m:set(k, k) end
      maps[m] = true
      local alive = 0
      for _ in pairs(maps) do alive = alive + 1 end
      most = math.max(most, alive)
    end
    return most
  end

  for _, mode in ipairs { "incremental", "generational" } do
    it("feels what maps weigh, so dropped ones do not pile up: " .. mode,
      function()
        local was = collectgarbage(mode)
        local heap = collectgarbage("count") / 1024
        local most = most_alive(300)
        collectgarbage(was)
        assert.is_true(most < 60 + 4 * heap, most .. " maps at once")
      end)
  end

  it("stays stopped when the program has stopped it", function()
    collectgarbage()
    collectgarbage("stop")
    local most = most_alive(60)
    collectgarbage("restart")
    assert.are.equal(60, most)
    collectgarbage()
  end)

  it("has nothing to do for a typed map but its handle", function()
    collectgarbage()
    local m = hmap.new { key = "int64", value = "string" }
    collectgarbage()
    local before = collectgarbage("count")
    for k = 1, 20000 do m:set(k, "some text of a little length") end
    collectgarbage()
    assert.is_true(collectgarbage("count") - before < 4)
    assert.are.equal(20000, #m)
  end)
end)
