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
    assert.are.same({ 2, "n7" }, m:get_many(keys)[7])
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
    m:set_many({ 1, 2, 3, 2, 1 }, { 10, nil, nil, 20, nil, n = 5 })
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

-- t as seen through metamethods alone.
local function proxy(t)
  return setmetatable({}, {
    __index = t,
    __len = function() return #t end,
    __pairs = function() return next, t, nil end,
    __newindex = t,
  })
end

describe("lists with metamethods", function()
  it("are read as # and t[i] read them", function()
    local m = new("string", "int64")
    m:set_many(proxy { "a", "b" }, proxy { 1, 2 })
    assert.are.same({ a = 1, b = 2 }, m:totable())
    assert.are.same({ 2, nil, n = 2 }, m:get_many(proxy { "b", "c" }))
    assert.are.equal(1, m:delete_many(proxy { "a", "c" }))
    local squares = setmetatable({}, { -- arithmetic: no names are asked for
      __index = function(_, i) return i * i end,
      __len = function() return 3 end,
    })
    assert.are.same({ -1, -4, nil, n = 3 }, ints(5):get_many(squares))
    assert.are.equal(3, hmap.keystats(proxy { "x", "y", "z" }).keys)
  end)

  it("are filled through __newindex", function()
    local into = { 7, 7, 7 }
    local out = proxy(into)
    assert.are.equal(out, ints(2):get_many({ 1, 2 }, out))
    assert.are.same({ -1, -2, n = 2 }, into)
  end)

  it("may be tables of keys and values with a __pairs, and views", function()
    local m, other = new("string", "int64"), new("string", "int64")
    m:set_many(proxy { a = 1 })
    m:merge(proxy { b = 2 })
    other:set("c", 3)
    m:merge(other:view())
    assert.are.same({ a = 1, b = 2, c = 3 }, m:totable())
    local floats, given = new("float64", "int64"), { { 0 / 0, 1 }, { 2.5, 5 } }
    floats:merge(setmetatable({}, { __pairs = function()
      local i = 0
      return function()
        i = i + 1
        return table.unpack(given[i] or {})
      end
    end }))
    assert.are.same({ 2, 5 }, { #floats, floats:get(2.5) })
  end)

  it("close what their __pairs wants closed", function()
    local closed = 0
    local function pairs_of()
      return next, { a = 1 }, nil,
        setmetatable({}, { __close = function() closed = closed + 1 end })
    end
    new("string", "int64"):merge(setmetatable({}, { __pairs = pairs_of }))
    assert.are.equal(1, closed)
  end)

  it("may hold tuples with metamethods, as keys and values", function()
    local m = new({ "x:int32", "y:int32" }, { "name:string" })
    local function at(x, y) return proxy { x = x, y = y } end
    m:set_many({ at(1, 2), { 3, 4 } }, { proxy { "a" }, { name = "b" } })
    m:merge { [at(5, 6)] = { "c" } }
    assert.are.equal("abc", m:get(1, 2) .. m:get(3, 4) .. m:get(5, 6))
    assert.are.same({ { name = "c" }, n = 1 }, m:get_many { at(5, 6) })
  end)

  it("are read before anything is done: errors leave the map as it was",
    function()
      local m = ints(20)
      local before = m:fingerprint()
      local function failing(at)
        return setmetatable({}, {
          __len = function() return 9 end,
          __index = function(_, i)
            if i == at then error "no more" end
            return i
          end,
        })
      end
      for _, call in ipairs {
        function() m:set_many(failing(5), { 1, 2, 3, 4, 5, 6, 7, 8, 9 }) end,
        function() m:set_many({ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, failing(9)) end,
        function() m:delete_many(failing(3)) end,
        function() m:get_many(failing(1)) end,
      } do
        assert.has_error(call)
        assert.are.equal(before, m:fingerprint())
      end
    end)

  it("may write, trace and close the very map", function()
    local m = ints(0)
    local told = {}
    m:trace(function(event) told[#told + 1] = event.op end)
    local function writing(then_do)
      return setmetatable({}, {
        __len = function() return 20 end,
        __index = function(_, i)
          if i == 10 then then_do() end
          return i
        end,
      })
    end
    local values = {}
    for i = 1, 20 do values[i] = -i end
    m:set_many(writing(function() m:set(100, 1) end), values)
    assert.are.equal(21, #m)
    assert.is_true(m:check())
    assert.are.same({ 9, 9, 9 }, { told[1], told[2], told[3] }) -- 100 was 1
    assert.has_error(function()
      m:set_many(writing(function() m:close() end), values)
    end, "map is closed")
  end)
end)

describe("lists of keys and values of different length", function()
  it("are refused with both lengths, and nothing is written", function()
    local m = ints(2)
    for _, values in ipairs { { 7 }, {}, { 7, 8, 9, 10 } } do
      assert.has_error(function() m:set_many({ 4, 5, 6 }, values) end,
        ("bad argument #2 to 'set_many' (a value for each key expected, got "
          .. "%d for 3; a list that ends in nil has its length in field n)")
          :format(#values))
    end
    assert.are.same({ -1, -2 }, { m:get(1), m:get(2) })
    assert.are.equal(2, #m)
  end)

  it("may have holes, which delete, and any border", function()
    local m = ints(3)
    local holes = { nil, nil, -30 }
    m:set_many({ 1, 2, 3 }, holes)
    assert.are.same({ [3] = -30 }, m:totable())
    m:set_many({ 3, 4 }, { n = 2 })
    assert.are.equal(0, #m)
  end)
end)
