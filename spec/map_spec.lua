-- The data methods: what each returns, and what it refuses.

local hmap = require "hmap"

local function kinds(key, value)
  return hmap.new { key = key, value = value, seed = 1 }
end

-- The short roads (compiled for their kinds) and the general one must not be
-- told apart from outside.
local SCALARS = {
  { "int64", "int64", 7, 70, 71 },
  { "int64", "float64", 7, 0.5, -1.5 },
  { "int64", "string", 7, "seven", "7" },
  { "int64", "any", 7, "seven", false },
  { "string", "int64", "k", 70, 71 },
  { "string", "float64", "k", 0.5, -1.5 },
  { "string", "string", "k", "a text of more than fifteen bytes", "" },
  { "string", "any", "k", true, 1.5 },
  { "uint8", "int16", 255, -32768, 32767 },
  { "[4]byte", "bool", "abcd", true, false },
  { "float32", "[2]byte", 0.5, "ab", "cd" },
  { "any", "any", "k", 1, 2 },
  { "bool", "uint64", false, -1, math.mininteger },
}

describe("a map of scalars", function()
  for _, case in ipairs(SCALARS) do
    local key_type, value_type, k, v, w = table.unpack(case)
    local types = key_type .. " -> " .. value_type

    it("gives back what was set: " .. types, function()
      local m = kinds(key_type, value_type)
      assert.is_nil(m:get(k))
      assert.is_false(m:has(k))
      assert.are.equal(0, select("#", m:set(k, v)))
      assert.are.equal(v, m:get(k))
      assert.is_true(m:has(k))
      m:set(k, w)
      assert.are.equal(w, m:get(k))
      assert.are.equal(1, m:count())
    end)

    it("deletes, and says whether the key was there: " .. types, function()
      local m = kinds(key_type, value_type)
      assert.is_false(m:delete(k))
      m:set(k, v)
      assert.is_true(m:delete(k))
      assert.is_false(m:delete(k))
      m:set(k, v)
      m:set(k, nil)
      assert.is_false(m:has(k))
      assert.are.equal(0, #m)
    end)

    it("pops, swaps and gets or sets: " .. types, function()
      local m = kinds(key_type, value_type)
      assert.is_nil(m:pop(k))
      assert.is_nil(m:swap(k, v))
      assert.are.equal(v, m:swap(k, w))
      assert.are.equal(w, m:pop(k))
      assert.are.same({ v, false }, { m:get_or_set(k, v) })
      assert.are.same({ v, true }, { m:get_or_set(k, w) })
      assert.are.equal(v, m:swap(k, nil))
      assert.are.equal(0, #m)
    end)
  end
end)

describe("a map of tuples", function()
  local function orcs()
    return kinds({ "x:int32", "y:int32" }, { "hp:int32", "name:string" })
  end

  it("spreads keys and values over arguments and results", function()
    local m = orcs()
    m:set(3, 4, 100, "orc")
    assert.are.same({ 100, "orc" }, { m:get(3, 4) })
    assert.are.same({ n = 1 }, table.pack(m:get(4, 3)))
    assert.is_true(m:has(3, 4))
    assert.are.same({ 100, "orc" }, { m:swap(3, 4, 1, "a name that is long") })
    assert.are.same({ 1, "a name that is long" }, { m:pop(3, 4) })
    assert.are.same({ 2, "elf", false }, { m:get_or_set(0, 0, 2, "elf") })
    assert.are.same({ 2, "elf", true }, { m:get_or_set(0, 0, 3, "imp") })
    assert.is_true(m:delete(0, 0))
  end)

  it("deletes when all of the value is nil, not when a part is", function()
    local m = orcs()
    m:set(1, 2, 3, "four")
    assert.has_error(function() m:set(1, 2, 3) end,
      "bad argument #4 to 'set' (string value 'name' expected, got nil)")
    assert.has_error(function() m:set(1, 2, nil, "x") end)
    assert.are.same({ 3, "four" }, { m:get(1, 2) })
    m:set(1, 2, nil)
    assert.is_false(m:has(1, 2))
  end)

  it("tells (a, b) from (b, a), and texts across the fields apart", function()
    local m = kinds({ "string", "string" }, "int64")
    m:set("ab", "c", 1)
    m:set("a", "bc", 2)
    m:set("c", "ab", 3)
    assert.are.same({ 1, 2, 3 },
      { m:get("ab", "c"), m:get("a", "bc"), m:get("c", "ab") })
    assert.is_nil(m:get("bc", "a"))
  end)

  it("takes 64 fields and large ones, and refuses 65", function()
    local types, values = {}, {}
    for i = 1, 64 do types[i], values[i] = "string", ("v"):rep(i) end
    local m = kinds("int64", types)
    m:set(1, table.unpack(values))
    assert.are.same(values, { m:get(1) })
    local big = kinds({ "[1000]byte", "int8" }, "int64")
    big:set(("x"):rep(1000), 1, 5)
    assert.are.equal(5, big:get(("x"):rep(1000), 1))
    types[65] = "string"
    assert.has_error(function() kinds("int64", types) end)
    assert.is_true(m:check() and big:check())
  end)
end)

describe("a set", function()
  it("needs no value, or true", function()
    for _, key_type in ipairs { "string", "any", "[1]byte" } do
      local m = kinds(key_type, "none")
      m:set("a")
      m:set("b", true)
      assert.is_true(m:get("a"))
      assert.is_nil(m:get("c"))
      assert.are.equal(2, #m)
      for k, v in pairs(m) do
        assert.is_true(v)
        assert.is_true(m:has(k))
      end
      m:set("a", nil)
      assert.is_false(m:has("a"))
      assert.has_error(function() m:set("a", 1) end, "bad argument #2 to "
        .. "'set' (true or nothing expected in a set, got number)")
      assert.has_error(function() m:set("a", false) end)
      assert.are.same({ true, false }, { m:get_or_set("x") })
      assert.are.same({ true, true }, { m:get_or_set("x") })
      assert.is_true(m:pop("x"))
      assert.are.equal(1, #m)
    end
  end)
end)

describe("add", function()
  it("counts from 0, by 1 if not told otherwise", function()
    for _, value in ipairs { "int64", "uint8", "float64", "float32" } do
      local m = kinds("string", value)
      assert.are.equal(1, m:add("a"))
      assert.are.equal(3, m:add("a", 2))
      assert.are.equal(2, m:add("a", -1))
      assert.are.equal(2, m:get("a"))
    end
  end)

  it("raises on overflow, and the map reads as before", function()
    local limits = {
      int8 = 127, int16 = 32767, int32 = 2147483647, int64 = math.maxinteger,
      uint8 = 255, uint16 = 65535, uint32 = 4294967295,
    }
    for value, max in pairs(limits) do
      local m = kinds("string", value)
      assert.are.equal(max, m:add("a", max))
      assert.has_error(function() m:add("a") end,
        "bad argument #2 to 'add' (adding 1 leaves the range of " .. value
        .. ")")
      assert.are.equal(max, m:get("a"))
      assert.are.equal(max - 1, m:add("a", -1))
    end
    local m = kinds("string", "uint8")
    assert.has_error(function() m:add("absent", -1) end)
    assert.has_error(function() m:add("absent", 256) end)
    assert.is_false(m:has("absent"))
    local low = kinds("string", "int64")
    low:set("a", math.mininteger)
    assert.has_error(function() low:add("a", -1) end)
  end)

  it("reads a uint64 as what it stands for", function()
    local m = kinds("string", "uint64")
    m:set("a", -2) -- 2^64 - 2
    assert.are.equal(-1, m:add("a"))
    assert.has_error(function() m:add("a") end)
    assert.has_error(function() m:add("b", -1) end)
  end)

  it("anchors a new object as key", function()
    local m, t = kinds("any", "int64"), {}
    m:add(t, 5)
    assert.are.equal(6, m:add(t))
    assert.is_true(m:check())
  end)

  it("is refused where values are no numbers", function()
    for _, value in ipairs { "string", "bool", "any", "none", "[2]byte" } do
      local m = kinds("string", value)
      assert.has_error(function() m:add("a") end,
        "'add' wants a map of numbers, the values of this one are " .. value)
    end
    local m = kinds("int64", "int64")
    assert.has_error(function() m:add(1, "2") end,
      "bad argument #2 to 'add' (int64 amount expected, got string)")
    assert.has_error(function() m:add(1, 0.5) end)
  end)
end)

describe("a whole map", function()
  it("is empty after clear, and usable", function()
    local m = kinds("int64", "any")
    for i = 1, 1000 do m:set(i, { i }) end
    m:clear()
    assert.are.equal(0, m:count())
    assert.is_nil(m:get(5))
    m:set(5, "five")
    assert.are.equal("five", m:get(5))
    assert.is_true(m:check())
  end)

  it("clones into an independent map of the same entries", function()
    local m = hmap.new { key = "any", value = "any", name = "original" }
    local t = {}
    m:set(t, "table")
    m:set("t", t)
    for i = 1, 500 do m:set(i, i .. " with a text of some length") end
    local c = m:clone()
    assert.are.same(m:totable(), c:totable())
    c:set(t, nil)
    m:set(1, "other")
    assert.are.equal("table", m:get(t))
    assert.are.equal("1 with a text of some length", c:get(1))
    assert.is_true(m:check() and c:check())
    assert.is_truthy(tostring(c):find("'original'", 1, true))
  end)

  it("gives a table: of values, of records if the key is a tuple", function()
    local m = kinds("string", "int64")
    m:set("a", 1)
    m:set("b", 2)
    assert.are.same({ a = 1, b = 2 }, m:totable())
    local records = kinds("string", { "x:int32", "y:int32", "bool" })
    records:set("a", 1, 2, true)
    assert.are.same({ a = { 1, 2, true } }, records:totable())
    local tuples = kinds({ "int32", "int32" }, "bool")
    tuples:set(1, 2, true)
    assert.are.same({ { key = { 1, 2 }, value = true } }, tuples:totable())
  end)

  it("merges another of the same types", function()
    local a, b = kinds("string", "any"), kinds("string", "any")
    local t = {}
    a:set("x", 1)
    a:set("y", 1)
    b:set("y", t)
    b:set("z", 2)
    a:merge(b)
    assert.are.same({ x = 1, y = t, z = 2 }, a:totable())
    assert.are.equal(2, #b)
    a:merge(a)
    assert.are.equal(3, #a)
    assert.is_true(a:check() and b:check())
    assert.has_error(function() a:merge(kinds("any", "any")) end,
      "bad argument #1 to 'merge' (map of other types)")
    assert.has_error(function() a:merge(5) end)
  end)

  it("has room for what was reserved, without a growth", function()
    for _, m in ipairs { kinds("int64", "int64"),
      hmap.new { key = "int64", value = "int64", capacity = 1000 } } do
      m:reserve(1000)
      for i = 1, 1000 do m:set(i, i) end
      assert.are.equal(0, m:stats().growths.double)
    end
  end)

  it("reserves on a map with entries by growing it once", function()
    local m = kinds("int64", "int64")
    for i = 1, 20 do m:set(i, i) end
    local before = m:stats().growths.double
    m:reserve(10000)
    m:finish()
    for i = 1, 10000 do m:set(i, i) end
    assert.are.equal(before + 1, m:stats().growths.double)
    assert.is_true(m:check())
  end)

  it("is one line as a string", function()
    local m = hmap.new { key = { "x:int32", "int8" }, value = "[3]byte",
      name = "tiles" }
    assert.are.equal("hmap 'tiles' {x:int32,int8} -> [3]byte: 0 entries, B=0, "
      .. "load 0.00", tostring(m))
    m:set(1, 2, "abc")
    assert.is_truthy(tostring(m):find("1 entry, B=0, load 1.00", 1, true))
    local g = kinds("int64", "int64")
    for i = 1, 53 do g:set(i, i) end
    assert.is_truthy(tostring(g):find("growing 8 -> 16 buckets", 1, true))
    m:close()
    assert.are.equal("hmap 'tiles' {x:int32,int8} -> [3]byte, closed",
      tostring(m))
  end)
end)

describe("a view", function()
  it("is a map in which no key is a method", function()
    local m = kinds("string", "any")
    local t = m:view()
    assert.is_nil(t.get)
    t.get = 1
    t.close = "x"
    assert.are.same({ 1, "x", 2 }, { t.get, t.close, #t })
    local seen = {}
    for k, v in pairs(t) do seen[k] = v end
    assert.are.same({ get = 1, close = "x" }, seen)
    t.get = nil
    assert.is_false(m:has("get"))
    assert.are.equal(m, hmap.of(t))
    assert.is_false(getmetatable(t))
    assert.are.equal("view of " .. tostring(m), tostring(t))
  end)

  it("keeps its map alive", function()
    local t = hmap.new():view()
    collectgarbage()
    t[1] = 2
    assert.are.equal(2, t[1])
  end)

  it("names the key that does not fit", function()
    local t = kinds("int64", "int64"):view()
    assert.has_error(function() t.x = 1 end,
      "bad argument #1 to '__newindex' (int64 key expected, got string)")
    assert.has_error(function() return t.x end)
  end)

  it("is no thing of tuples, and hmap.of wants one", function()
    local m = kinds({ "int8", "int8" }, "int8")
    assert.has_error(function() m:view() end)
    for _, other in ipairs { 5, {}, io.stdout, m } do
      assert.has_error(function() hmap.of(other) end)
    end
  end)
end)

describe("a closed map", function()
  it("raises on every use but close and tostring", function()
    local m = kinds("int64", "any")
    local t, next_entry, iterator = m:view(), m:pairs()
    m:set(1, {})
    m:close()
    m:close()
    assert.is_string(tostring(m))
    for _, name in ipairs(require "hmap.core".methods()) do
      local args = name == "draw" and {} or { 1, 1 }
      if name ~= "close" then
        assert.has_error(function() m[name](m, table.unpack(args)) end,
          "map is closed", name)
      end
    end
    assert.has_error(function() return #m end, "map is closed")
    assert.has_error(function() return pairs(m) end, "map is closed")
    assert.has_error(function() return t[1] end, "map is closed")
    assert.has_error(function() next_entry(iterator) end, "map is closed")
    assert.has_error(function() kinds("int64", "any"):merge(m) end,
      "map is closed")
  end)

  it("is what a to-be-closed variable leaves", function()
    local outside
    do
      local m <close> = kinds("int64", "int64")
      outside = m
    end
    assert.has_error(function() outside:get(1) end, "map is closed")
  end)
end)

describe("a wrong self", function()
  local int = kinds("int64", "int64")

  it("is named, whatever it is", function()
    for _, name in ipairs(require "hmap.core".methods()) do
      for _, other in ipairs { 5, {}, "s", io.stdout, print,
        kinds("int64", "int64"):view() } do
        assert.has_error(function() int[name](other) end)
      end
      assert.has_error(function() int[name]() end)
    end
    assert.has_error(function() int.get(7) end,
      "'get' wants a map before its arguments, got number: m:get(...)")
  end)

  it("is not a map of other types where the method is compiled for its own",
    function()
      local other = kinds("string", "any")
      assert.has_error(function() int.get(other, 1) end,
        "this 'get' is a method of a map of other types")
      assert.has_error(function() other.set(int, "a", 1) end)
    end)

  it("can be called by hand through metamethods", function()
    local mt = debug.getmetatable(int)
    for _, name in ipairs { "__gc", "__close", "__len", "__pairs",
      "__tostring" } do
      assert.has_error(function() mt[name](io.stdout) end)
    end
    local m = hmap.new()
    debug.getmetatable(m).__gc(m)
    debug.getmetatable(m).__gc(m)
    assert.has_error(function() return #m end, "map is closed")
  end)
end)

describe("a name that is no method", function()
  it("raises, and says how to read and write a key", function()
    local m = hmap.new()
    assert.has_error(function() return m.foo end,
      'no method "foo" on an hmap; to read a key use m:get("foo")')
    assert.has_error(function() return m[1] end,
      "no method 1 on an hmap; to read a key use m:get(1)")
    assert.has_error(function() m.foo = 1 end,
      'an hmap has no fields; to write a key use m:set("foo", v)')
  end)
end)

describe("hmap.new", function()
  local function message(opts)
    local ok, err = pcall(hmap.new, opts)
    assert.is_false(ok)
    return err
  end

  it("counts what a table of options inherits", function()
    local function heir(t, of) return setmetatable(t, { __index = of }) end
    local ours = { key = "int64", name = "ours", policy = heir({ moves = 3 },
      { load = 4 }) }
    local m = hmap.new(heir({ value = "string" }, ours))
    assert.is_truthy(tostring(m):find("int64 -> string", 1, true))
    assert.are.same({ 4.0, 3 }, { m:tune().load, m:tune().moves })
    assert.is_truthy(hmap.metrics():find('"ours"', 1, true))
    m:close()
    assert.are.equal(5, hmap.plan(heir({ entries = 5 },
      { key = "int64", value = "int64" })).entries)
    assert.is_truthy(hmap.new():draw(heir({}, { width = 70 })))
    assert.has_error(function() hmap.plan(heir({}, { entries = "5" })) end)
  end)

  it("lists the options when one is unknown", function()
    assert.are.equal("bad argument #1 to 'new' (unknown option 'capcity'; "
      .. "options are key, value, capacity, seed, hash, max_bytes, name, "
      .. "policy, placement)", message { capcity = 1 })
    assert.is_truthy(message({ "int64" }):find("unknown option '1'", 1, true))
  end)

  it("says that a table came, whatever its own text would do", function()
    local bad = setmetatable({}, { __tostring = function() error "ours" end })
    assert.are.equal("bad argument #1 to 'new' (option 'capacity': integer "
      .. "expected, got table)", message { capacity = bad })
    assert.is_truthy(message({ [bad] = 1 }):find("unknown option 'table'"))
    local damaged = hmap.new():stats()
    damaged.count = nil
    assert.is_truthy(message({ policy = { load = damaged } }):find("got table"))
  end)

  it("takes no name for another that goes on behind a zero", function()
    for _, options in ipairs { { ["seed\0x"] = 1 }, { key = "int64\0" },
      { key = { "a:int32\0", "b:int32" } }, { hash = "xxh3\0" },
      { policy = "go\0" }, { policy = { ["moves\0"] = 1 } },
      { policy = { step_on = "write\0" } }, { placement = "go\0" },
    } do
      assert.is_truthy(message(options):find("\\000", 1, true))
    end
    local m <close> = hmap.new()
    assert.has_error(function() m:bucket(0, "old\0") end)
    assert.has_error(function() hmap.hash("int64", 1, 0, "xxh3\0") end)
  end)

  it("lists the types when one is unknown", function()
    for _, name in ipairs { "int65", "[0]byte", "[x]byte", "[-1]byte",
      "[01]byte", "[4]bytes", "[9999999]byte", "tuple", "[N]byte", "" } do
      assert.is_truthy(message({ key = name }):find("types are int8, int16",
        1, true), name)
    end
    assert.is_truthy(message({ key = { "any" } }):find(
      "types in a tuple are int8", 1, true))
  end)

  it("says which option has what wrong", function()
    local cases = {
      [{ key = 5 }] = "option 'key': type name or list of them expected",
      [{ key = "none" }] = "'none' is a type of values only",
      [{ key = {} }] = "a tuple has 1 to 64 fields, got 0",
      [{ key = { 1 } }] = "field 1: type name expected, got number",
      [{ key = { "x:int8", "x:int8" } }] = "two fields are named 'x'",
      [{ value = { ("x"):rep(40) .. ":int8" } }] = "field name of more than",
      [{ value = { "[1048576]byte", "int8" } }] = "more than 1048576 bytes",
      [{ capacity = -1 }] = "'capacity' must not be negative, got -1",
      [{ capacity = 1.5 }] = "'capacity': integer expected, got 1.5",
      [{ capacity = "10" }] = "'capacity': integer expected, got \"10\"",
      [{ capacity = math.maxinteger }] = "no map can hold 92233720368547758",
      [{ seed = {} }] = "option 'seed': integer expected, got table",
      [{ hash = "md5" }] = "unknown hash 'md5'; hashes are xxh3, identity",
      [{ hash = 1 }] = "option 'hash': string expected, got number",
      [{ key = "string", hash = "identity" }] = "of integer keys only",
      [{ max_bytes = 0 }] = "'max_bytes' must be positive, got 0",
      [{ name = 5 }] = "option 'name': string expected, got number",
      [{ policy = "java" }] = "option 'policy': unknown policy 'java'",
      [{ placement = "split" }] = "unknown 'split'; it can be 'go'",
    }
    for opts, words in pairs(cases) do
      local err = message(opts)
      assert.is_truthy(err:find(words, 1, true), err)
      assert.is_truthy(err:find("bad argument #1 to 'new'", 1, true), err)
    end
    assert.is_truthy(message("int64"):find("table of options expected"))
  end)

  it("needs no option at all", function()
    assert.is_truthy(tostring(hmap.new()):find("any -> any", 1, true))
    assert.is_truthy(tostring(hmap.new {}):find("any -> any", 1, true))
    assert.are.equal(0, #hmap.new { policy = "go", placement = "go" })
  end)

  it("repeats itself for a seed", function()
    local function order(seed)
      local m = hmap.new { key = "string", value = "int64", seed = seed }
      for i = 1, 200 do m:set("k" .. i, i) end
      local keys = {}
      for k in m:keys() do keys[#keys + 1] = k end
      return table.concat(keys, " ")
    end
    assert.are.equal(order(42), order(42))
    assert.are_not.equal(order(42), order(43))
    assert.are_not.equal(order(), order())
  end)

  it("refuses to grow past max_bytes, and the map reads as before", function()
    local m = hmap.new { key = "int64", value = "int64", max_bytes = 20000 }
    local n = 0
    local ok, err = pcall(function()
      for i = 1, 10000 do
        m:set(i, i)
        n = i
      end
    end)
    assert.is_false(ok)
    assert.is_truthy(err:find("past its max_bytes of 20000", 1, true))
    assert.are.equal(n, #m)
    for i = 1, n do assert.are.equal(i, m:get(i)) end
    assert.is_false(m:has(n + 1))
    assert.is_true(m:stats().bytes <= 20000)
    assert.is_true(m:check())
  end)
end)

describe("reserve, step and their like", function()
  it("refuse what makes no sense, in words", function()
    local m = kinds("int64", "int64")
    local function refused(method, ...)
      local ok, err = pcall(m[method], m, ...)
      assert.is_false(ok)
      assert.is_truthy(err:find("bad argument #1 to '" .. method, 1, true),
        err)
    end
    for _, bad in ipairs { -1, 1.5, "3", {}, math.huge, -math.huge, 0 / 0 } do
      refused("reserve", bad)
      refused("step", bad)
    end
    refused("reserve")
    refused("reserve", math.maxinteger)
    refused("step_for")
    refused("step_for", -1)
    refused("step_for", 0 / 0)
    refused("step_for", "1")
    assert.are.same({ 0, 0 }, { m:step(5) })
  end)
end)
