-- Tuples: Go's structs as keys and values, spread over arguments and results.

local hmap = require "hmap"

local function new(key, value)
  return hmap.new { key = key, value = value, seed = 1 }
end

-- name:type@offset+size of each field.
local function places(fields)
  local words = {}
  for i, f in ipairs(fields) do
    words[i] = ("%s:%s@%d+%d"):format(f.name or i, f.type, f.offset, f.size)
  end
  return table.concat(words, " ")
end

describe("the layout of a tuple", function()
  it("follows Go's struct rules, padding included", function()
    local cases = {
      { { "int8", "int64" }, 16, "1:int8@0+1 2:int64@8+8" },
      { { "a:int8", "b:int16", "c:int8" }, 6, "a:int8@0+1 b:int16@2+2 "
        .. "c:int8@4+1" },
      { { "bool", "string", "bool" }, 32, "1:bool@0+1 2:string@8+16 "
        .. "3:bool@24+1" },
      { { "[3]byte", "uint16" }, 6, "1:[3]byte@0+3 2:uint16@4+2" },
      { { "x:float32", "y:float64" }, 16, "x:float32@0+4 y:float64@8+8" },
    }
    for _, case in ipairs(cases) do
      local layout = hmap.layout(case[1], case[1])
      assert.are.equal(case[2], layout.key_size)
      assert.are.equal(case[3], places(layout.key_fields))
      assert.are.equal(case[3], places(layout.value_fields))
      assert.are.same(layout, new(case[1], case[1]):layout())
    end
  end)

  it("prints its fields with the padding between them", function()
    local layout = hmap.layout({ "a:int8", "x:int32" }, { "int16", "bool" })
    assert.are.equal([[
 at  bytes
  0      8  8 tophash bytes
  8     64  8 keys of 8 bytes
 +0      1    a: int8
         3    padding
 +4      4    x: int32
 72     32  8 values of 4 bytes
 +0      2    int16
 +2      1    bool
         1    padding
104      8  overflow: the next bucket of the chain
       112  a bucket: 2 cache lines
]], tostring(layout) .. "\n")
  end)

  it("has no fields where there is no tuple", function()
    local layout = hmap.layout("int64", { "int8" })
    assert.is_nil(layout.key_fields)
    assert.are.equal("1:int8@0+1", places(layout.value_fields))
  end)
end)

-- A tuple of integers in eight bytes is one word to the core; its neighbours
-- are not. Nobody may notice.
local SHAPES = {
  { { "int32", "int32" }, { -2147483648, 2147483647 } },
  { { "a:uint8", "b:int8", "c:uint16", "d:int32" }, { 255, -128, 65535, -1 } },
  { { "int8", "int8", "int8", "int8", "int8", "int8", "int8", "int8" },
    { -1, 2, -3, 4, -5, 6, -7, -128 } },
  { { "uint8", "int32" }, { 200, -7 } }, -- three bytes of padding
  { { "int64" }, { math.mininteger } },
  { { "uint64" }, { -1 } },
  { { "uint32", "int32" }, { 4294967295, -2147483648 } },
  { { "int32", "float32" }, { -5, 0.5 } },
  { { "int64", "int64" }, { math.mininteger, math.maxinteger } },
  { { "string", "int8" }, { "a text of more than fifteen bytes", -1 } },
  { { "[8]byte" }, { "01234567" } },
  { { "int16", "int16" }, { -32768, 32767 } },
}

local VALUES = {
  { "int64", { 7 } }, { "float64", { 0.25 } }, { "string", { "text" } },
  { "any", { false } }, { "bool", { true } },
  { { "int16", "int16" }, { -1, 2 } },
  { { "int32", "int32" }, { 2147483647, -2147483648 } },
}

-- The arguments of two lists, one behind the other.
local function both(a, b)
  local list = table.move(a, 1, #a, 1, {})
  return table.unpack(table.move(b, 1, #b, #list + 1, list))
end

describe("a key of several fields", function()
  for _, shape in ipairs(SHAPES) do
    local type_name = table.concat(shape[1], ",")
    local key = shape[2]

    it("finds what was set under all of it: " .. type_name, function()
      for _, value in ipairs(VALUES) do
        local m = new(shape[1], value[1])
        assert.is_nil(m:get(table.unpack(key)))
        m:set(both(key, value[2]))
        assert.are.same(value[2], { m:get(table.unpack(key)) })
        assert.is_true(m:has(table.unpack(key)))
        local it, state = m:pairs()
        assert.are.same({ both(key, value[2]) }, { it(state) })
        assert.are.same(value[2], { m:clone():get(table.unpack(key)) })
        assert.is_true(m:check())
        m:set(both(key, { nil }))
        assert.are.equal(0, #m)
        m:set(both(key, value[2]))
        assert.is_true(m:delete(table.unpack(key)))
        assert.is_false(m:delete(table.unpack(key)))
      end
    end)

    it("is the same entry by every method: " .. type_name, function()
      local m = new(shape[1], "int64")
      assert.are.equal(5, m:add(both(key, { 5 })))
      assert.are.equal(6, m:add(table.unpack(key)))
      assert.are.equal(6, m:swap(both(key, { 9 })))
      assert.are.same({ 9, true }, { m:get_or_set(both(key, { 1 })) })
      assert.are.equal(9, m:get_many({ key })[1])
      assert.are.equal(9, m:pop(table.unpack(key)))
      assert.are.equal(0, #m)
    end)
  end

  it("hashes like the tuple it is, word or not", function()
    for _, hash in ipairs { "xxh3", "fnv1a", "java31", "constant" } do
      local m = hmap.new { key = { "int32", "int32" }, value = "int8",
        seed = 9, hash = hash }
      for i = 1, 40 do m:set(i, -i, 1) end
      m:finish()
      for b in m:buckets() do
        for _, slot in ipairs(b.slots) do
          if slot.state == "full" then
            local h = hmap.hash({ "int32", "int32" }, slot.key, 9, hash)
            assert.are.equal(b.index, h & ((1 << m:header().B) - 1))
          end
        end
      end
      assert.is_true(m:check())
    end
    -- java31 by hand: the bytes of both fields, one after the other.
    local sum = 0
    for _, byte in ipairs { ("<i4i4"):pack(258, -1):byte(1, 8) } do
      sum = sum * 31 + byte & 0xffffffff
    end
    assert.are.equal(sum,
      hmap.hash({ "int32", "int32" }, { 258, -1 }, 0, "java31"))
  end)

  it("says which field does not fit, and where", function()
    local m = new({ "x:int32", "y:uint8" }, "int64")
    local function message(...)
      local ok, err = pcall(m.set, m, ...)
      assert.is_false(ok)
      return err
    end
    assert.are.equal("bad argument #2 to 'set' (uint8 key 'y' expected, "
      .. "got 256)", message(1, 256, 0))
    assert.are.equal("bad argument #1 to 'set' (int32 key 'x' expected, "
      .. "got string)", message("1", 2, 0))
    local words = new({ "x:int32", "y:int32" }, "int64")
    for _, bad in ipairs { 2147483648, -2147483649, 0.5, "1", {} } do
      assert.has_error(function() words:get(0, bad) end)
      assert.has_error(function() words:set(bad, 0, 1) end)
    end
    assert.has_error(function() words:get(1) end)
    words:set(1.0, 2.0, 3.0)
    assert.are.equal(3, words:get(1, 2))
    assert.are.equal(1, #words)
  end)

  it("tells fields apart that share a word", function()
    local m = new({ "int8", "uint8", "int16", "int32" }, "int64")
    local n = 0
    for a = -2, 1 do
      for b = 0, 3 do
        for c = -2, 1 do
          for d = -2, 1 do
            n = n + 1
            m:set(a, b, c, d, n)
          end
        end
      end
    end
    assert.are.equal(n, #m)
    for a, b, c, d, v in m:pairs() do
      assert.are.equal(v, m:get(a, b, c, d))
    end
    assert.is_true(m:check())
  end)
end)

describe("names of fields", function()
  local function town()
    local m = new({ "x:int32", "y:int32" }, { "hp:int32", "name:string" })
    m:set(3, 4, 100, "orc")
    return m
  end

  it("show in tables, bucket views and pictures", function()
    assert.are.same({ { key = { x = 3, y = 4 },
      value = { hp = 100, name = "orc" } } }, town():totable())
    local slot = town():bucket(0).slots[1]
    assert.are.same({ x = 3, y = 4 }, slot.key)
    assert.are.same({ hp = 100, name = "orc" }, slot.value)
    local text = tostring(town():bucket(0))
    for _, word in ipairs { "x=3", "y=4", "hp=100", 'name="orc"' } do
      assert.is_truthy(text:find(word, 1, true), text)
    end
    assert.is_truthy(tostring(town()):find("{x:int32,y:int32} -> "
      .. "{hp:int32,name:string}", 1, true))
  end)

  it("are the keys of elements in lists", function()
    local m = town()
    m:set_many({ { x = 1, y = 2 }, { 5, 6 } },
      { { hp = 1, name = "imp" }, { 2, "elf" } })
    assert.are.same({ 1, "imp" }, { m:get(1, 2) })
    assert.are.same({ { hp = 2, name = "elf" }, n = 1 },
      m:get_many { { 5, 6 } })
  end)
end)

describe("a map of tuples", function()
  it("puts nothing on Lua's heap to read or overwrite an entry", function()
    local m = new({ "x:int32", "y:int32" }, { "hp:int32", "alive:bool" })
    local wide = new({ "int64", "float64", "[4]byte" }, { "int64", "bool" })
    m:set(1, 2, 3, true)
    wide:set(1, 2.5, "abcd", 3, true)
    collectgarbage()
    collectgarbage("stop")
    local before = collectgarbage("count")
    for i = 1, 1000 do
      m:set(1, 2, i, false)
      wide:set(1, 2.5, "abcd", i, false)
      assert(m:get(1, 2) == i and wide:get(1, 2.5, "abcd") == i)
    end
    local after = collectgarbage("count")
    collectgarbage("restart")
    assert.are.equal(before, after)
  end)

  it("has keys with float fields after Go: NaN is never found", function()
    local m = new({ "float64", "int8" }, "int8")
    m:set(0 / 0, 1, 1)
    m:set(0 / 0, 1, 2)
    m:set(0.0, 1, 3)
    m:set(-0.0, 1, 4)
    assert.are.equal(3, #m)
    assert.is_nil(m:get(0 / 0, 1))
    assert.are.equal(4, m:get(0.0, 1))
    assert.is_true(m:check())
  end)

  it("may be called with too few of very many fields", function()
    local types = {}
    for i = 1, 64 do types[i] = "int8" end
    local m = hmap.new { key = types, value = types }
    for _, name in ipairs { "get", "set", "has", "delete", "pop", "swap",
                            "get_or_set" } do
      local thread = coroutine.create(m[name])
      local ok, why = coroutine.resume(thread, m)
      assert.is_false(ok)
      assert.matches("bad argument #1 to '" .. name .. "'", why)
    end
  end)
end)
