-- Growth to the same size: too many overflow buckets for too few entries.
local hmap = require "hmap"

-- Key k lives in bucket k mod 16; 16 buckets hold 104 entries.
local function sixteen()
  local m = hmap.new {
    key = "int64", value = "int64", hash = "identity", seed = 1,
    capacity = 104,
  }
  assert.are.equal(4, m:header().B)
  return m
end

-- Gives each of the first n buckets one overflow bucket with one entry in its
-- slot 0, and `keep` entries (at most 8) in front of it.
local function overflow(m, n, keep)
  for b = 0, n - 1 do
    for i = 0, 8 do
      m:set(b + 16 * i, i)
    end
    for i = keep, 7 do
      m:delete(b + 16 * i)
    end
  end
end

local function keys_in(bucket)
  local keys = {}
  for _, slot in ipairs(bucket.slots) do
    if slot.state == "full" then
      keys[#keys + 1] = slot.key
    end
  end
  return keys
end

-- One overflow bucket for each bucket, and 48 entries.
local function ripe()
  local m = sixteen()
  overflow(m, 16, 2)
  assert.are.equal(16, m:header().noverflow)
  assert.are.equal(48, #m)
  assert.is_false(m:stats().growing)
  return m
end

-- 99 + more entries in 16 buckets, each with one overflow bucket.
local function crowded(more)
  local m = sixteen()
  overflow(m, 15, 5)
  for b = 0, more - 1 do
    m:set(b + 16 * 7, 0)
  end
  for i = 0, 8 do
    m:set(15 + 16 * i, 0)
  end
  assert.are.equal(16, m:header().noverflow)
  assert.is_false(m:stats().growing)
  return m
end

describe("a map with as many overflow buckets as buckets", function()
  it("grows to the same size with the next new key", function()
    local m = ripe()
    m:set(1000, 0)
    local s, h = m:stats(), m:header()
    assert.is_true(s.growing)
    assert.are.equal("same_size", s.kind)
    assert.is_true(h.flags.same_size_grow)
    assert.are.equal(4, h.B)
    assert.are.equal(16, s.old_buckets)
    assert.are.equal(1, s.growths.same_size)
    assert.are.equal(0, s.growths.double)
  end)

  it("does not begin one bucket earlier", function()
    local m = sixteen()
    overflow(m, 15, 2)
    m:set(1000, 0)
    assert.is_false(m:stats().growing)
  end)

  it("does not grow for an update, a delete or a read", function()
    local m = ripe()
    m:set(0, 1)
    m:delete(0)
    m:get(16)
    m:add(16, 1)
    assert.is_false(m:stats().growing)
  end)

  it("has its entries packed when the growth is over", function()
    local m = ripe()
    assert.are.equal(16, m:stats().overflow_in_use)
    m:set(1000, 0)
    m:finish()
    assert.are.equal(0, m:stats().overflow_in_use)
    assert.are.equal(0, m:header().noverflow)
    assert.is_false(m:header().flags.same_size_grow)
    assert.are.equal(1, m:bucket(0).chain)
    assert.are.equal(49, #m)
    assert.is_true(m:check())
  end)

  it("keeps each entry in the bucket of its number, in order", function()
    local m = ripe()
    local before = {}
    for b = 0, 15 do
      before[b] = keys_in(m:bucket(b))
    end
    m:set(1000, 0) -- bucket 8
    table.insert(before[8], 1000)
    m:finish()
    for b = 0, 15 do
      assert.are.same(before[b], keys_in(m:bucket(b)))
    end
  end)

  it("keeps its hash key: nothing is hashed anew", function()
    local m = ripe()
    local hash0 = m:header().hash0
    m:set(1000, 0)
    m:finish()
    assert.are.equal(hash0, m:header().hash0)
  end)

  it("reads every key at every moment of the move", function()
    local m = ripe()
    m:set(1000, 0)
    repeat
      for b = 0, 15 do
        assert.are.equal(0, m:get(b))
        assert.are.equal(8, m:get(b + 128))
        assert.is_nil(m:get(b + 64))
      end
      assert.is_true(m:check())
      local _, remaining = m:step(1)
    until remaining == 0
  end)

  it("doubles instead when the load asks for that too", function()
    local m = crowded(5)
    assert.are.equal(104, #m)
    m:set(1000, 0)
    assert.are.equal("double", m:stats().kind)
    assert.are.equal(5, m:header().B)
  end)

  it("may pass its load meanwhile and doubles only afterwards", function()
    local m = crowded(4)
    assert.are.equal(103, #m)
    m:set(1000, 0)
    assert.are.equal("same_size", m:stats().kind)
    local k = 1000
    for n = 1, 13 do
      k = k + 16 -- the bucket of 1000 has moved: one old bucket a write
      m:set(k, 0)
      assert.are.equal(104 + n, #m)
      assert.are.equal(1, m:stats().growths.same_size)
      assert.are.equal(4, m:header().B)
    end
    assert.are.equal(1, m:stats().remaining)
    m:set(k + 16, 0) -- moves the last one, and finds itself over the load
    assert.are.equal("double", m:stats().kind)
    assert.are.equal(5, m:header().B)
    assert.is_true(m:check())
  end)
end)
