-- m:bind(name, ...): the methods with the map inside answer, raise and tell as
-- the methods do, for every shape of keys that has functions of its own.
local hmap = require "hmap"
local core = require "hmap.core"

local long = ("long"):rep(9)
local pair = { table.pack(1, 2), table.pack(-1, 1 << 30), table.pack(0, -7) }
local function single(list)
  for i, v in ipairs(list) do list[i] = table.pack(v) end
  return list
end

local object = {}
local KEYS = {
  { type = "int64", single { 0, -1, math.mininteger, 3.0 },
    bad = single { "1", 1.5, {} } },
  { type = "string", single { "", "short", "a\0b", long },
    bad = single { 1, true } },
  { type = "any", single { 1, 2.5, "k", long, true, object, print },
    bad = single { 0 / 0 } },
  { type = { "x:int32", "y:int32" }, pair,
    bad = { table.pack(1 << 40, 1), table.pack(1, "x"), table.pack(1) } },
  { type = "float64", single { 0.5, -3, math.huge }, bad = single { "1" } },
  { type = "[3]byte", single { "abc", "\0\0\0" }, bad = single { "ab", 7 } },
  { type = { "int8", "string" }, { table.pack(1, "a"), table.pack(1, long) },
    bad = { table.pack(300, "a"), table.pack(1, 1) } },
}
local VALUES = {
  { type = "int64", single { 7, -7, 0 }, bad = single { "1", 1.5 } },
  { type = "float64", single { 1.5, 3 }, bad = single { "1" } },
  { type = "string", single { "", long }, bad = single { 1 } },
  { type = "any", single { false, 5, long, object, {} }, bad = {} },
  { type = "none", single { true }, bad = single { 1, false } },
  { type = "uint8", single { 0, 255 }, bad = single { 256, -1 } },
  { type = { "a:int64", "string" }, { table.pack(1, long) },
    bad = { table.pack("x", "y") } },
}

-- The fields of a key, then those of a value.
local function with(k, v)
  local all = table.move(k, 1, k.n, 1, {})
  return table.unpack(table.move(v, 1, v.n, k.n + 1, all), 1, k.n + v.n)
end

local function only(k) return table.unpack(k, 1, k.n) end

local function each_pair(fn)
  for _, key in ipairs(KEYS) do
    for _, value in ipairs(VALUES) do
      local function new(policy)
        return hmap.new { key = key.type, value = value.type, seed = 1,
          policy = policy }
      end
      fn(key, value, new)
    end
  end
end

-- What a call gives or raises, without the place.
local function outcome(...)
  local results = table.pack(pcall(...))
  if not results[1] then
    results[2] = tostring(results[2]):gsub("^[^:]*:%d+: ", "")
  end
  return results
end

-- The same call on one map by its method and on its twin by the bound one.
local function same(by, bound, name, ...)
  local wanted = outcome(by[name], by, ...)
  assert.are.same(wanted, outcome(bound[name], ...), name)
  return wanted
end

local NAMES = { "get", "set", "has", "delete", "pop", "swap", "get_or_set",
  "add" }

local function bind_all(m)
  local bound, made = {}, table.pack(m:bind(table.unpack(NAMES)))
  assert.are.equal(#NAMES, made.n)
  for i, name in ipairs(NAMES) do bound[name] = made[i] end
  return bound
end

-- Every call on these entries: with the value, without, with what does not fit.
local function try_all(key, value, by, bound)
  for i, k in ipairs(key[1]) do
    local v = value[1][i % #value[1] + 1]
    same(by, bound, "get", only(k))
    same(by, bound, "set", with(k, v))
    same(by, bound, "get", only(k))
    same(by, bound, "has", only(k))
    same(by, bound, "get_or_set", with(k, value[1][1]))
    same(by, bound, "swap", with(k, value[1][1]))
    same(by, bound, "add", only(k))
    same(by, bound, "add", with(k, { 5, n = 1 }))
    same(by, bound, "pop", only(k))
    same(by, bound, "pop", only(k))
    same(by, bound, "get_or_set", with(k, v))
    same(by, bound, "delete", only(k))
    same(by, bound, "add", with(k, { "x", n = 1 }))
    same(by, bound, "swap", with(k, v))
    same(by, bound, "set", with(k, { n = value.type == "none" and 1 or 0 }))
    same(by, bound, "has", only(k))
    same(by, bound, "set", with(k, v))
    for _, bad in ipairs(value.bad) do
      for _, name in ipairs { "set", "swap", "get_or_set" } do
        same(by, bound, name, with(k, bad))
      end
    end
  end
  for _, bad in ipairs(key.bad) do
    for _, name in ipairs(NAMES) do
      same(by, bound, name, with(bad, value[1][1]))
    end
  end
  for _, name in ipairs(NAMES) do same(by, bound, name) end
end

describe("a bound method", function()
  it("answers and raises as the method, for all keys and values", function()
    each_pair(function(key, value, new)
      local by, twin = new(), new()
      try_all(key, value, by, bind_all(twin))
      assert.are.equal(by:fingerprint(), twin:fingerprint())
      assert.is_true(twin:check())
    end)
  end)

  it("names the argument that its caller gave", function()
    local m = hmap.new { key = "int64", value = "int64" }
    local get, set, many = m:bind("get", "set", "get_many")
    for message, call in pairs {
      ["bad argument #1 to 'get' (int64 key expected, got \"x\")"] =
        function() get "x" end,
      ["bad argument #2 to 'set' (int64 value expected, got \"y\")"] =
        function() set(1, "y") end,
      ["bad argument #1 to 'get_many' (int64 key expected at index 1, got "
        .. "\"z\")"] = function() many { "z" } end,
    } do
      local ok, said = pcall(call)
      assert.is_false(ok)
      assert.is_truthy(said:find("spec/bind_spec.lua:%d+: "), said)
      assert.are.equal(message:gsub("got \".\"", ""),
        (said:gsub("^[^:]*:%d+: ", ""):gsub("got [^)]*", "")), said)
    end
  end)

  it("may be any method of the map, also one written in Lua", function()
    local m = hmap.new { key = "int64", value = "int64", seed = 1 }
    for i = 1, 100 do m:set(i, i) end
    for _, name in ipairs(core.methods()) do
      assert.are.equal("function", type((m:bind(name))), name)
    end
    local count, sum, walk, many, draw, view = m:bind("count", "fingerprint",
      "pairs", "get_many", "draw", "view")
    assert.are.equal(100, count())
    assert.are.equal(m:fingerprint(), sum())
    local n = 0
    for k, v in walk() do n = n + (k == v and 1 or 0) end
    assert.are.equal(100, n)
    assert.are.same(m:get_many { 5, 700 }, many { 5, 700 })
    assert.are.equal(m:draw { width = 80, ascii = true },
      draw { width = 80, ascii = true })
    assert.are.equal(m, hmap.of(view()))
    assert.are.equal(100, m:bind "bind" "count"())
    local found = m:bind("explain")(5)
    assert.is_true(found.found)
  end)

  it("of an extension may yield", function()
    core.extend("spec_ask", function(m, what) -- stays: nothing takes it back
      return #m, coroutine.yield(what)
    end)
    finally(function()
      debug.getmetatable(hmap.new()).__index.spec_ask = nil
    end)
    local ask = hmap.new():bind "spec_ask"
    local co = coroutine.wrap(function() return ask "which?" end)
    assert.are.equal("which?", co())
    assert.are.same({ 0, "that", "one" }, { co("that", "one") })
  end)

  it("is none of names that are none; all names are told", function()
    local m = hmap.new()
    for wrong, said in pairs {
      gett = "bad argument #1 to 'bind' (no method \"gett\"; there are ",
      [7] = "bad argument #1 to 'bind' (name of a method expected, got number)",
    } do
      local ok, why = pcall(m.bind, m, wrong)
      assert.is_false(ok)
      assert.are.equal(said, why:sub(1, #said))
    end
    local _, why = pcall(m.bind, m, "get", "nope")
    assert.is_truthy(why:find(
      "bad argument #2 to 'bind' (no method \"nope\"; there are "
      .. table.concat(core.methods(), ", ") .. ")", 1, true), why)
    _, why = pcall(m.bind, m)
    assert.is_truthy(why:find("expected, got nil", 1, true), why)
    assert.has_error(function() m.bind() end)
    m:close()
    assert.has_error(function() m:bind "get" end, "map is closed")
  end)

  it("raises when the map is closed", function()
    each_pair(function(key, value, new)
      local m = new()
      local bound = bind_all(m)
      local k = key[1][1]
      m:set(with(k, value[1][1]))
      m:close()
      for name, fn in pairs(bound) do
        local ok, why = pcall(fn, with(k, value[1][1]))
        assert.is_false(ok)
        assert.is_truthy(why:find("map is closed", 1, true), name .. why)
      end
    end)
  end)

  it("tells those who listen what its method tells", function()
    each_pair(function(key, value, new)
      local told = { {}, {} }
      local maps = { new(), new() }
      local bound = bind_all(maps[2])
      for i, m in ipairs(maps) do
        m:trace(function(e)
          table.insert(told[i], e.kind .. " " .. e.op)
        end)
        local function touched(t) table.insert(told[i], t.kind) end
        m:watch(with(key[1][1], { touched, n = 1 }))
      end
      try_all(key, value, maps[1], bound)
      assert.are.same(told[1], told[2])
      assert.is_true(#told[1] > 0)
    end)
  end)

  it("is told of as soon as somebody listens, and until nobody does",
    function()
      local m = hmap.new { key = "int64", value = "int64" }
      local set, told = m:bind "set", 0
      set(1, 1)
      m:watch(1, function() told = told + 1 end)
      set(1, 2)
      assert.are.equal(1, told)
      m:watch(1, nil)
      set(1, 3)
      assert.are.equal(1, told)
    end)

  it("takes the step of a lookup once, where lookups move buckets", function()
    for _, key in ipairs { "int64", "string", "any", "float64" } do
      local maps = {}
      for i = 1, 2 do
        maps[i] = hmap.new { key = key, value = "int64", seed = 1,
          policy = "redis" }
      end
      local function k(i) return key == "string" and tostring(i) or i end
      local n = 0
      repeat
        n = n + 1
        maps[1]:set(k(n), n)
        maps[2]:set(k(n), n)
      until n > 100 and maps[1]:stats().growing
      local get, has = maps[2]:bind("get", "has")
      while maps[1]:stats().growing do
        assert.are.equal(maps[1]:get(k(1)), get(k(1)))
        assert.are.equal(maps[1]:has(k(2)), has(k(2)))
        assert.are.equal(maps[1]:stats().evacuated, maps[2]:stats().evacuated)
      end
      assert.is_false(maps[2]:stats().growing)
    end
  end)

  it("keeps its map alive, and is the only thing that does", function()
    local weak = setmetatable({}, { __mode = "k" })
    local get, set
    do
      local m = hmap.new { key = "any", value = "any" }
      weak[m] = true
      get, set = m:bind("get", "set")
    end
    set("k", {})
    collectgarbage()
    collectgarbage()
    assert.is_truthy(next(weak))
    assert.are.equal("table", type(get "k"))
    get, set = nil, nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end)

  it("lets go of objects that it overwrites or deletes", function()
    for _, key in ipairs { { "int64", 1 }, { "string", "k" }, { "any", 2 } } do
      local m = hmap.new { key = key[1], value = "any" }
      local set, swap, pop = m:bind("set", "swap", "pop")
      local weak = setmetatable({}, { __mode = "v" })
      for i, undo in ipairs {
        function() set(key[2], nil) end,
        function() set(key[2], 1) end,
        function() pop(key[2]) end,
        function() swap(key[2], "x") end,
        function() swap(key[2], {}) end,
      } do
        weak[i] = {}
        set(key[2], weak[i])
        collectgarbage()
        assert.are.equal(weak[i], m:get(key[2]))
        undo()
      end
      collectgarbage()
      assert.are.same({}, weak)
      assert.is_true(m:check())
    end
  end)

  it("collected with its map finds it closed, in a finalizer", function()
    local said
    do
      local m = hmap.new { key = "int64", value = "int64" }
      local get = m:bind "get"
      setmetatable({}, { __gc = function() said = { pcall(get, 1) } end })
      m = nil -- luacheck: ignore
    end
    collectgarbage()
    collectgarbage()
    assert.is_truthy(said)
    assert.is_true(said[1] or said[2]:find "map is closed" ~= nil)
  end)

  it("is explained by help as the method is", function()
    local m = hmap.new { key = "int64", value = "int64" }
    local help = require "hmap.help"
    for _, name in ipairs { "get", "count" } do
      assert.are.equal(help.text("m:" .. name), help.text((m:bind(name))))
    end
  end)

  it("checks how much room there is on the stack for many names", function()
    local m = hmap.new()
    local names = {}
    for i = 1, 200 do names[i] = "get" end
    assert.are.equal(200, select("#", m:bind(table.unpack(names))))
    local get = m:bind "get"
    assert.is_nil(get("k", table.unpack(names)))
  end)
end)
