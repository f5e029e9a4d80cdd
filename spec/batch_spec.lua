-- Many keys in one call: what single calls would give, or an error that names
-- the place and has changed nothing.

local hmap = require "hmap"

local function new(key, value, opts)
  opts = opts or {}
  opts.key, opts.value, opts.seed = key, value, 1
  return hmap.new(opts)
end

local function ints(n)
  local m = new("int64", "int64")
  for i = 1, n do m:set(i, -i) end
  return m
end

local function refuses(words, method, m, ...)
  local before = m:totable()
  local ok, err = pcall(m[method], m, ...)
  assert.is_false(ok)
  assert.are.equal(words, err)
  assert.are.same(before, m:totable())
  assert.is_true(m:check())
end

-- Kinds, and the i-th key and value of them.
local KINDS = {
  { "int64", "int64", function(i) return i end, function(i) return -i end },
  { "int8", "bool", function(i) return i % 200 - 100 end,
    function(i) return i % 2 == 0 end },
  { "string", "string", function(i) return ("k"):rep(i % 30) .. i end,
    function(i) return ("v"):rep(i % 40) .. i end },
  { "float64", "float32", function(i) return i / 4 end,
    function(i) return i / 2 end },
  { "[5]byte", "[3]byte", function(i) return ("%05d"):format(i) end,
    function(i) return ("%03d"):format(i % 1000) end },
  { "[200]byte", "[5000]byte",
    function(i) return ("%05d"):format(i):rep(40) end,
    function(i) return ("%05d"):format(i):rep(1000) end },
  { "any", "any", function(i) return i % 3 == 0 and "k" .. i or i end,
    function(i) return i % 3 == 0 and { i } or i % 3 == 1 and i or "v" end },
  { "string", "any", function(i) return "k" .. i end,
    function(i) return i % 2 == 0 and print or i end },
  { "any", "int64", function(i) return i + 0.5 end, function(i) return i end },
}

describe("many keys in one call", function()
  for _, case in ipairs(KINDS) do
    local key_type, value_type, key, value = table.unpack(case)
    local types = key_type .. " -> " .. value_type

    it("give what single calls give: " .. types, function()
      local one, many = new(key_type, value_type), new(key_type, value_type)
      local keys, values, some = {}, {}, {}
      for i = 1, 150 do
        keys[i], values[i] = key(i), value(i)
        one:set(keys[i], values[i])
      end
      many:set_many(keys, values)
      assert.are.equal(#one, #many)
      for i = 1, 300, 3 do some[#some + 1] = key(i) end
      local found = many:get_many(some)
      assert.are.equal(#some, found.n)
      for i, k in ipairs(some) do assert.are.equal(one:get(k), found[i]) end
      local deleted = 0
      for _, k in ipairs(some) do
        deleted = deleted + (one:delete(k) and 1 or 0)
      end
      assert.are.equal(deleted, many:delete_many(some))
      assert.are.same(one:totable(), many:totable())
      assert.is_true(many:check())
    end)

    it("come from a table as well: " .. types, function()
      local t = {}
      for i = 1, 200 do t[key(i)] = value(i) end
      local m, merged = new(key_type, value_type), new(key_type, value_type)
      m:set_many(t)
      merged:merge(t)
      assert.are.same(t, m:totable())
      assert.are.same(t, merged:totable())
      assert.is_true(m:check() and merged:check())
    end)
  end

  it("are of tuples, each element a table of fields", function()
    local m = new({ "x:int32", "string" }, { "int8", "name:string" })
    local keys, values = {}, {}
    for i = 1, 200 do
      keys[i] = i % 2 == 0 and { i, "key " .. i } or { x = i, [2] = "k" .. i }
      values[i] = i % 2 == 0 and { 1, "value" } or { 2, name = "n" .. i }
    end
    m:set_many(keys, values)
    assert.are.same({ 2, "n7" }, { m:get(7, "k7") })
    assert.are.same({ 1, "value" }, { m:get(8, "key 8") })
    assert.are.same({ 2, name = "n7" }, m:get_many(keys)[7])
    assert.are.equal(200, m:delete_many(keys))
    m:merge { [{ 1, "a" }] = { 3, "b" } }
    assert.are.same({ 3, "b" }, { m:get(1, "a") })
  end)

  it("of a set are one list", function()
    for _, key_type in ipairs { "string", "any" } do
      local m = new(key_type, "none")
      m:set_many { "a", "b", "c" }
      assert.are.same({ true, nil, true, n = 3 },
        m:get_many { "a", "x", "c" })
      m:merge { d = true }
      assert.are.equal(4, #m)
      m:set_many({ "a", "b", "e" }, { nil, true, true })
      assert.are.same({ nil, true, true, n = 3 },
        m:get_many { "a", "b", "e" })
      assert.are.equal(2, m:delete_many { "c", "d" })
      assert.is_true(m:check())
    end
  end)

  it("may repeat: the last value stays", function()
    local m = ints(0)
    m:set_many({ 1, 2, 1, 2 }, { 10, 20, 11, 21 })
    assert.are.same({ 11, 21 }, { m:get(1), m:get(2) })
    assert.are.equal(1, m:delete_many { 1, 1, 1 })
  end)

  it("delete where their value is nil, in their turn", function()
    local m = ints(5)
    m:set_many({ 1, 2, 3, 2, 1 }, { 10, nil, nil, 20, nil })
    assert.are.same({ [2] = 20, [4] = -4, [5] = -5 }, m:totable())
    local objects = new("any", "any")
    objects:set("a", {})
    objects:set_many({ "a", "b" }, { nil, 1 })
    assert.are.same({ b = 1 }, objects:totable())
    assert.is_true(objects:check())
  end)

  it("may be none", function()
    local m = ints(3)
    m:set_many({}, {})
    m:set_many {}
    m:merge {}
    assert.are.same({ n = 0 }, m:get_many {})
    assert.are.equal(0, m:delete_many {})
    assert.are.equal(3, #m)
    assert.are.same({ n = 2 }, ints(0):get_many { 1, 2 })
  end)

  it("work while the map grows, shrinks and is rekeyed", function()
    local m = new("int64", "int64", { policy = "adaptive" })
    local keys, values = {}, {}
    for i = 1, 5000 do keys[i], values[i] = i, 2 * i end
    m:set_many(keys, values)
    m:rekey()
    local found = m:get_many(keys)
    for i = 1, 5000 do assert.are.equal(2 * i, found[i]) end
    assert.are.equal(5000, m:delete_many(keys))
    assert.is_true(m:check())
  end)
end)

describe("get_many", function()
  it("finds what is wrong with a list before it fills that very list",
    function()
      local m, list = ints(200), {}
      for i = 1, 200 do list[i] = i end
      list[150] = "x"
      assert.has_error(function() m:get_many(list, list) end)
      for i = 1, 200 do
        assert.are.equal(i == 150 and "x" or i, list[i])
      end
    end)

  it("fills the list it is given and leaves nothing of before", function()
    local m = ints(10)
    local out = m:get_many { 1, 2, 3, 99, 5 }
    assert.are.equal(out, m:get_many({ 4, 99 }, out))
    assert.are.same({ -4, nil, n = 2 }, out)
    local list = { 1, 2, 99 }
    assert.are.same({ -1, -2, nil, n = 3 }, m:get_many(list, list))
  end)

  it("reads raw, and no metamethod is called", function()
    local strict = setmetatable({ 1, 2 }, { __index = error, __len = error,
      __newindex = error })
    assert.are.same({ -1, -2, n = 2 }, ints(5):get_many(strict))
    assert.are.equal(2, ints(5):delete_many(strict))
  end)

  it("survives a finalizer that writes the map between two values", function()
    local m = new("int64", "string")
    local keys = {}
    for i = 1, 300 do
      keys[i] = i
      m:set(i, ("value %d "):format(i):rep(4))
    end
    local runs = 0
    local function make()
      setmetatable({}, { __gc = function()
        runs = runs + 1
        for i = 1, 20 do m:set(1000 * runs + i, "new") end
        if runs < 50 then make() end
      end })
    end
    make()
    for _ = 1, 200 do
      local found = m:get_many(keys)
      for i = 1, 300 do
        assert.are.equal(("value %d "):format(i):rep(4), found[i])
      end
    end
    assert.is_true(runs > 0)
  end)
end)

describe("a list with a fault", function()
  it("is told with the index, and nothing is written", function()
    refuses("bad argument #1 to 'set_many' (int64 key expected at index 7, "
      .. "got string)", "set_many", ints(3), { 1, 2, 3, 4, 5, 6, "x", 8 },
      { 1, 2, 3, 4, 5, 6, 7, 8 })
    refuses("bad argument #2 to 'set_many' (int64 value expected at index 2, "
      .. "got 0.5)", "set_many", ints(3), { 1, 2 }, { 1, 0.5 })
    refuses("bad argument #1 to 'delete_many' (int64 key expected at index 2, "
      .. "got boolean)", "delete_many", ints(3), { 1, true })
    refuses("bad argument #1 to 'get_many' (int64 key expected at index 1, "
      .. "got NaN)", "get_many", ints(3), { 0 / 0 })
    local many = {}
    for i = 1, 1000 do many[i] = i end
    many[1000] = {}
    refuses("bad argument #1 to 'delete_many' (int64 key expected at index "
      .. "1000, got table)", "delete_many", ints(3), many)
  end)

  it("is told with the key, if it is a table", function()
    refuses('bad argument #1 to \'merge\' (int64 key expected at ["x"], got '
      .. "string)", "merge", ints(3), { x = 5, 1 })
    refuses("bad argument #1 to 'set_many' (int64 value expected at [9], got "
      .. "string)", "set_many", ints(3), { [9] = "y" })
  end)

  it("of tuples is told with the field", function()
    local m = new({ "x:int32", "y:int32" }, "int64")
    refuses("bad argument #1 to 'set_many' (int32 key 'y' expected at index 2"
      .. ", got nil)", "set_many", m, { { 1, 2 }, { x = 1 } }, { 1, 2 })
    refuses("bad argument #1 to 'set_many' (table of the key's 2 fields "
      .. "expected at index 1, got number)", "set_many", m, { 5 }, { 1 })
  end)

  it("of objects is refused whole, too", function()
    local m = new("any", "any")
    m:set("a", {})
    refuses("bad argument #1 to 'set_many' (any key but nil and NaN expected "
      .. "at index 2, got NaN)", "set_many", m, { "b", 0 / 0 }, { {}, {} })
    refuses("bad argument #2 to 'set_many' (true expected at index 1, got "
      .. "false)", "set_many", new("any", "none"), { 1 }, { false })
  end)

  it("is no list at all", function()
    for _, method in ipairs { "get_many", "set_many", "delete_many" } do
      for _, bad in ipairs { 5, "x", print } do
        local m = ints(1)
        assert.has_error(function() m[method](m, bad) end)
        assert.has_error(function() m[method](m) end)
      end
    end
    assert.has_error(function() ints(1):set_many({}, 5) end,
      "bad argument #2 to 'set_many' (list of values expected, got number)")
    assert.has_error(function() ints(1):get_many({}, 5) end,
      "bad argument #2 to 'get_many' (list to fill expected, got number)")
    assert.has_error(function() ints(1):merge(5) end,
      "bad argument #1 to 'merge' (map or table expected, got number)")
  end)
end)

describe("set_many under max_bytes", function()
  it("keeps the entries before the one that was refused", function()
    local m = new("int64", "int64", { max_bytes = 20000 })
    local keys = {}
    for i = 1, 5000 do keys[i] = i end
    local ok, err = pcall(m.set_many, m, keys, keys)
    assert.is_false(ok)
    assert.is_truthy(err:find("max_bytes", 1, true))
    local n = #m
    assert.is_true(n > 100)
    for i = 1, n do assert.are.equal(i, m:get(i)) end
    assert.is_true(m:check())
  end)
end)
