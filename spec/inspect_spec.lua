-- Introspection: what the views hold, that it is true, and that looking
-- changes nothing.

local hmap = require "hmap"

local function filled(n, opts)
  opts = opts or { key = "int64", value = "int64", seed = 1 }
  local m = hmap.new(opts)
  for i = 1, n do m:set(i, i) end
  return m
end

local function keys_of(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  return table.concat(keys, " ")
end

describe("header", function()
  it("has Go's fields", function()
    local h = filled(53):header()
    assert.are.equal("B buckets count flags hash0 nevacuate noverflow "
      .. "oldbuckets", keys_of(h))
    assert.are.same({ 53, 4, 0 }, { h.count, h.B, h.noverflow })
    assert.is_truthy(h.buckets:find("^0x%x+$"))
    assert.are.same({ iterator = false, old_iterator = false, writing = false,
      same_size_grow = false }, h.flags)
  end)

  it("has no buckets before the first insert, no old ones at rest", function()
    local h = filled(0):header()
    assert.is_nil(h.buckets)
    assert.is_nil(filled(20):header().oldbuckets)
  end)

  it("says that an iterator has been about", function()
    local m = filled(5)
    m:pairs()
    assert.is_true(m:header().flags.iterator)
    assert.is_true(m:header().flags.old_iterator)
  end)
end)

describe("stats", function()
  it("tells of a growth from its beginning to its end", function()
    local m = filled(52)
    local before = m:stats()
    assert.are.same({ 52, 8, 0, 6.5, 52, false },
      { before.count, before.buckets, before.old_buckets, before.load,
        before.threshold, before.growing })
    assert.is_nil(before.kind)
    m:set(53, 53)
    local s = m:stats()
    assert.are.same({ true, "double", 16, 8 },
      { s.growing, s.kind, s.buckets, s.old_buckets })
    assert.are.equal(8, s.evacuated + s.remaining)
    assert.are.equal(before.growths.double + 1, s.growths.double)
    m:finish()
    assert.are.same({ false, 0, 0 },
      { m:stats().growing, m:stats().old_buckets, m:stats().remaining })
  end)

  it("counts growths by kind", function()
    assert.are.equal("double rekey same_size shrink",
      keys_of(filled(9):stats().growths))
  end)
end)

describe("step", function()
  it("moves as many old buckets as it is told", function()
    local m = filled(417)
    local left = m:stats().remaining
    local moved, remaining = m:step(3)
    assert.are.equal(3, moved)
    assert.is_true(remaining <= left - 3)
    assert.are.same({ 0, remaining }, { m:step(0) })
    assert.are.equal(1, (m:step()))
    moved, remaining = m:step(1000000)
    assert.is_true(moved > 0)
    assert.are.equal(0, remaining)
    assert.is_true(m:check())
  end)

  it("works for a time, then says how far it came", function()
    local m = hmap.new { key = "int64", value = "int64", seed = 1 }
    for i = 1, 106497 do m:set(i, i) end
    assert.is_true(m:stats().growing)
    local moved, remaining = m:step_for(0)
    assert.is_true(moved > 0 and remaining > 0)
    moved, remaining = m:step_for(60)
    assert.is_true(moved > 0)
    assert.are.equal(0, remaining)
    assert.is_false(m:stats().growing)
  end)
end)

describe("bucket", function()
  it("shows every entry where it is", function()
    local m = filled(53)
    local seen = 0
    for _, which in ipairs { "new", "old" } do
      for b in m:buckets(which) do
        assert.are.equal(which, b.which)
        assert.are.equal(8 * b.chain, #b.slots)
        for i, slot in ipairs(b.slots) do
          assert.are.equal((i - 1) // 8, slot.depth)
          if slot.state == "full" then
            seen = seen + 1
            assert.are.equal(slot.key, slot.value)
            assert.is_true(slot.tophash >= 5)
          else
            assert.is_nil(slot.key)
            assert.is_true(slot.tophash < 5)
          end
        end
      end
    end
    assert.are.equal(53, seen)
  end)

  it("counts from 0, and is nil where there is none", function()
    local m = filled(20)
    assert.are.same({ 0, "new" }, { m:bucket(0).index, m:bucket(0).which })
    assert.are.equal(3, m:bucket(3, "new").index)
    assert.is_nil(m:bucket(4))
    assert.is_nil(m:bucket(0, "old"))
    assert.is_nil(m:bucket(math.maxinteger))
    assert.is_nil(filled(0):bucket(0))
    local n = 0
    for b in m:buckets() do
      assert.are.equal(n, b.index)
      n = n + 1
    end
    assert.are.equal(4, n)
  end)

  it("names its state", function()
    local m = filled(53)
    local states = { evacuated = 0, live = 0, empty = 0 }
    for b in m:buckets("old") do
      states[b.state] = states[b.state] + 1
      if b.state == "evacuated" then
        assert.is_truthy(b.slots[1].state:find("^evacuated_"))
      end
    end
    assert.is_true(states.evacuated >= 1 and states.live >= 1)
    m:clear()
    assert.are.equal("empty", m:bucket(0).state)
    assert.are.equal("empty_rest", m:bucket(0).slots[8].state)
  end)

  it("follows the chain", function()
    local deep = hmap.new { key = "int64", value = "string", capacity = 100,
      hash = "constant", seed = 1 }
    for i = 1, 20 do deep:set(i, "value number " .. i) end
    local b
    for each in deep:buckets() do
      if each.state == "live" then b = each end
    end
    assert.are.equal(3, b.chain)
    assert.are.same({ 2, "value number 17", 17 },
      { b.slots[17].depth, b.slots[17].value, b.slots[17].key })
  end)

  it("shows tuples as tables of their fields", function()
    local m = hmap.new { key = { "x:int8", "y:int8" },
      value = { "int8", "string" } }
    m:set(1, 2, 3, "four")
    local slot = m:bucket(0).slots[1]
    assert.are.same({ x = 1, y = 2 }, slot.key)
    assert.are.same({ 3, "four" }, slot.value)
    local set = hmap.new { key = "any", value = "none" }
    local t = {}
    set:set(t)
    assert.are.equal(t, set:bucket(0).slots[1].key)
    assert.is_true(set:bucket(0).slots[1].value)
  end)

  it("says so when the memory of an old bucket went back", function()
    local m = filled(106497)
    local gone, shown = 0, 0
    m:step(6000)
    for b in m:buckets("old") do
      if b.unknown then
        gone = gone + 1
        assert.are.equal("evacuated", b.state)
        assert.are.equal(0, #b.slots)
      else
        shown = shown + 1
      end
    end
    assert.is_true(gone > 0 and shown > 0)
  end)

  it("refuses what is no bucket", function()
    local m = filled(20)
    for _, bad in ipairs { -1, 1.5, "0", {} } do
      assert.has_error(function() m:bucket(bad) end)
    end
    assert.has_error(function() m:bucket() end,
      "bad argument #1 to 'bucket' (int64 index expected, got no value)")
    for _, bad in ipairs { "both", 1, {} } do
      assert.has_error(function() m:bucket(0, bad) end)
      assert.has_error(function() m:buckets(bad) end)
    end
    assert.has_error(function() m:bucket(0, "both") end,
      "bad argument #2 to 'bucket' ('new' or 'old' expected, got both)")
  end)
end)

describe("memory", function()
  it("sums to the bytes of stats", function()
    local m = hmap.new { key = "any", value = "any" }
    for i = 1, 5000 do
      m:set(i, {})
      m:set(i .. " as a text that is not short", "and a text of its own")
      if i % 100 == 0 then
        local parts = m:memory()
        local sum = 0
        for name, n in pairs(parts) do
          if name ~= "total" and name ~= "per_entry" then sum = sum + n end
        end
        assert.are.equal(parts.total, sum)
        assert.are.equal(m:stats().bytes, sum)
        assert.are.equal(sum / #m, parts.per_entry)
      end
    end
    assert.is_nil(filled(0):memory().per_entry)
  end)
end)

describe("layout", function()
  it("is Go's: key, value, bucket", function()
    local cases = {
      { "int64", "int64", 8, 8, 144 },
      { "string", "int64", 16, 8, 208 },
      { "int32", "int8", 4, 1, 56 },
      { "int64", "none", 8, 0, 80 },
      { "any", "any", 16, 16, 272 },
      { { "int8", "int32" }, { "int64", "bool" }, 8, 16, 208 },
    }
    for _, case in ipairs(cases) do
      local l = hmap.layout(case[1], case[2])
      assert.are.same({ case[3], case[4], case[5] },
        { l.key_size, l.value_size, l.bucket_size })
      assert.are.same(l, hmap.new { key = case[1], value = case[2] }:layout())
    end
    assert.are.same(hmap.layout("any", "any"), hmap.layout())
  end)

  it("names every offset, and holds large cells by pointer", function()
    local l = hmap.layout("[200]byte", "[128]byte")
    assert.are.same({
      slots = 8, key_size = 200, value_size = 128, key_slot = 8,
      value_slot = 128, indirect_key = true, indirect_value = false,
      offsets = { tophash = 0, keys = 8, values = 72, overflow = 1096 },
      padding = 0, bucket_size = 1104, cache_lines = 18,
    }, l)
  end)

  it("refuses what is no type", function()
    assert.has_error(function() hmap.layout("none") end)
    assert.has_error(function() hmap.layout("int64", "int65") end)
    assert.has_error(function() hmap.layout("int64", 5) end)
  end)
end)

describe("hash", function()
  it("is the one of a new map with that seed", function()
    local k = hmap.hash("string", "key", 7)
    assert.are.equal(k, hmap.hash("string", "key", 7))
    assert.are_not.equal(k, hmap.hash("string", "key", 8))
    local m = hmap.new { key = "string", value = "none", seed = 7 }
    m:set("key")
    local top = hmap.hash("string", "key", 7) >> 56
    assert.are.equal(top < 5 and top + 5 or top, m:bucket(0).slots[1].tophash)
  end)

  it("is what the exploring ones promise", function()
    assert.are.equal(-3, hmap.hash("int8", -3, 1, "identity"))
    assert.are.equal(0xc3a5c85c97cb3127,
      hmap.hash("string", "x", 1, "constant"))
    assert.are.equal(0xaf63dc4c8601ec8c, hmap.hash("[1]byte", "a", 1, "fnv1a"))
    assert.are.equal(96354, hmap.hash("[3]byte", "abc", 1, "java31"))
    assert.are.equal(96354, hmap.hash("string", "abc", 1, "java31"))
  end)

  it("takes a tuple as a list", function()
    local pair = { "int32", "string" }
    assert.are.equal(hmap.hash(pair, { 1, "a" }), hmap.hash(pair, { 1, "a" }))
    assert.are_not.equal(hmap.hash(pair, { 1, "a" }),
      hmap.hash(pair, { 2, "a" }))
    assert.has_error(function() hmap.hash(pair, 1) end)
    assert.has_error(function() hmap.hash(pair, { 1 }) end)
  end)

  it("refuses wrong arguments", function()
    assert.has_error(function() hmap.hash("int64", "x") end,
      "bad argument #2 to 'hash' (int64 key expected, got string)")
    assert.has_error(function() hmap.hash("none", 1) end)
    assert.has_error(function() hmap.hash("int64", 1, "x") end)
    assert.has_error(function() hmap.hash("int64", 1, 1, "md5") end)
    assert.has_error(function() hmap.hash("string", "a", 1, "identity") end)
  end)
end)

describe("looking", function()
  it("changes nothing", function()
    for _, n in ipairs { 0, 5, 53, 1000 } do
      local m = filled(n)
      local function state()
        local lines = { tostring(m) }
        for name, v in pairs(m:header()) do
          lines[#lines + 1] = name .. "=" .. tostring(type(v) == "table"
            and keys_of(v) or v)
        end
        table.sort(lines)
        return table.concat(lines, "\n")
      end
      local before = state()
      for _ = 1, 3 do
        m:stats()
        m:memory()
        m:layout()
        m:distribution()
        m:check()
        m:get(1)
        m:has(-1)
        for _ in m:buckets() do end
        for _ in m:buckets("old") do end
      end
      assert.are.equal(before, state())
    end
  end)

  it("gives tables that print and hold plain data", function()
    local m = filled(53)
    for _, view in ipairs { m:header(), m:stats(), m:memory(), m:layout(),
      m:distribution(), m:bucket(0) } do
      assert.is_truthy(#tostring(view) > 20)
      assert.is_nil(tostring(view):find("^hmap%.%w+: 0x"))
      for k in pairs(view) do assert.is_string(k) end
    end
  end)
end)
