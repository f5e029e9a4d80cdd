-- What articles on Go's map say, against what the map does. Each title is the
-- truth; the comment in it is the claim.
local hmap = require "hmap"

local function ints(opts)
  opts = opts or {}
  return hmap.new {
    key = opts.key or "int64", value = opts.value or "int64", seed = 1,
    hash = opts.hash or "identity", capacity = opts.capacity,
  }
end

local function fill(m, from, to, stride)
  for k = from, to, stride or 1 do
    m:set(k, k)
  end
  return m
end

local function moved(m)
  local n = 0
  for bucket in m:buckets("old") do
    n = n + (bucket.state == "evacuated" and 1 or 0)
  end
  return n
end

-- As many overflow buckets as buckets, entries far below the load.
local function ripe()
  local m = ints {capacity = 104}
  for b = 0, 15 do
    fill(m, b, b + 16 * 8, 16)
    for k = b, b + 16 * 7, 16 do
      m:delete(k)
    end
  end
  assert.are.equal(16, m:header().noverflow)
  return m
end

describe("a map as Go has it", function()
  it("grows by load alone: no small map grows early at 128 entries", function()
    -- "with B small and 128 entries or more it grows early"
    local at, B = {}, 0
    local m = ints {hash = "xxh3"}
    for k = 1, 417 do
      m:set(k, k)
      if m:header().B > B then
        at[#at + 1], B = k, m:header().B
      end
    end
    assert.are.same({9, 14, 27, 53, 105, 209, 417}, at)
  end)

  it("grows to the same size at 2^min(B, 15) overflow buckets, with a new " ..
    "key, unless it must double", function()
    -- "growth triggers when overflow buckets reach 2^B"
    local m = ripe()
    m:set(8 * 16, 0) -- an update
    assert.is_false(m:stats().growing)
    m:set(1000, 0)
    assert.are.equal("same_size", m:stats().kind)
  end)

  it("counts overflow buckets exactly below B = 16, by samples from there on",
    function()
      local exact = fill(ints {capacity = 104}, 0, 16 * 103, 16)
      assert.are.equal(12, exact:stats().overflow_in_use)
      assert.are.equal(12, exact:header().noverflow)
      -- One chain of 2^16 buckets: every second one counted.
      local sampled = fill(ints {capacity = 425984}, 0, 8000 << 16, 1 << 16)
      assert.are.equal(16, sampled:header().B)
      assert.are.equal(1000, sampled:stats().overflow_in_use)
      local noverflow = sampled:header().noverflow
      assert.is_true(noverflow > 420 and noverflow < 580, noverflow)
    end)

  it("has a header of 48 bytes in eight fields", function()
    -- "hmap is 80 bytes"
    local go = {
      count = 8, flags = 1, B = 1, noverflow = 2, hash0 = 4, buckets = 8,
      oldbuckets = 8, nevacuate = 8,
    }
    local extra, bytes = 8, 0
    local m = fill(ints(), 1, 417)
    for field in pairs(m:header()) do
      bytes = bytes + assert(go[field], field)
      go[field] = nil
    end
    assert.is_nil(next(go))
    assert.are.equal(48, bytes + extra)
  end)

  it("has four flags, and none for growing", function()
    -- "flags: 0x01 hashWriting, 0x02 hashGrowing"
    local m = fill(ints(), 1, 417)
    assert.is_true(m:stats().growing)
    assert.are.same({
      iterator = false, old_iterator = false, writing = false,
      same_size_grow = false,
    }, m:header().flags)
    local next, state = m:pairs()
    next(state)
    assert.is_true(m:header().flags.iterator)
    assert.is_true(m:header().flags.old_iterator)
    assert.is_not_nil(m:header().oldbuckets) -- that is what growing means
  end)

  it("needs 208 bytes for a bucket of string to int64", function()
    -- "128 bytes: 8*(16+8+1)+7"
    local layout = hmap.layout("string", "int64")
    assert.are.equal(8 + 8 * 16 + 8 * 8 + 8, layout.bucket_size)
    assert.are.equal(208, ints({key = "string", hash = "xxh3"})
      :layout().bucket_size)
  end)

  it("raises tophash 0..4 to 5..9, so that 10 values share 5 marks", function()
    -- "tophash is the hash's top byte"
    for top = 0, 9 do
      local m = ints()
      local key = top << 56
      m:set(key, 1)
      local slot = m:bucket(0).slots[1]
      assert.are.equal(top < 5 and top + 5 or top, slot.tophash)
    end
    -- Equal marks, other keys: told apart.
    local m = ints()
    m:set(1 << 56, 1)
    m:set(6 << 56, 6)
    assert.are.equal(1, m:get(1 << 56))
    assert.are.equal(6, m:get(6 << 56))
  end)

  it("allocates no bucket before the first insert, for B = 0 alone", function()
    -- "Go 1.22 introduced lazy bucket allocation"
    for capacity = 0, 8 do
      assert.is_nil(ints({capacity = capacity}):header().buckets)
    end
    assert.is_string(ints({capacity = 9}):header().buckets)
  end)

  it("counts overflow buckets in noverflow", function()
    -- "extra.overflow[0] counts overflow pointers"
    local m = fill(ints {hash = "constant", capacity = 26}, 1, 25)
    local chain
    for bucket in m:buckets() do
      chain = math.max(chain or 0, bucket.chain)
    end
    assert.are.equal(4, chain)
    assert.are.equal(3, m:header().noverflow)
  end)

  it("keeps the tophash bytes first in a bucket, for every type", function()
    -- true: the test for an evacuated bucket reads byte 0
    for _, key in ipairs {"int8", "string", "any", "[200]byte"} do
      assert.are.equal(0, hmap.layout(key, "int64").offsets.tophash)
    end
  end)

  it("aligns strings to 8 bytes: keys begin at offset 8", function()
    -- "a string needs 16-byte alignment"
    local layout = hmap.layout("string", "string")
    assert.are.equal(16, layout.key_size)
    assert.are.equal(8, layout.offsets.keys)
    assert.are.equal(8 + 8 * 16, layout.offsets.values)
  end)

  it("moves up to two old buckets a write, also in the one that begins it",
    function()
      -- "growWork moves up to two old buckets": true
      local m = fill(ints(), 1, 416)
      local before
      for k = 417, 430 do
        m:set(k, k)
        local now = moved(m)
        if before then
          assert.is_true(now - before >= 1 and now - before <= 2)
        else
          assert.are.equal(2, now)
        end
        before = now
      end
    end)

  it("moves old buckets for deletes, of absent keys too, and for updates",
    function()
      -- "only inserts evacuate"
      for _, write in ipairs {
        function(m) m:delete(20) end,
        function(m) m:delete(-44) end,
        function(m) m:set(20, 0) end,
      } do
        local m = fill(ints(), 1, 417)
        local before = moved(m)
        write(m)
        assert.are.equal(before + 2, moved(m))
      end
    end)

  it("moves nothing for a delete while it is empty", function()
    local m = fill(ints(), 1, 53)
    for k = 1, 53 do
      m:delete(k)
    end
    m = fill(ints {capacity = 1664}, 1, 1664)
    m:reserve(4000) -- a growth with 256 old buckets
    for k = 1, 1664 do
      m:delete(k)
    end
    assert.are.equal(0, #m)
    local nevacuate = m:header().nevacuate
    m:delete(1)
    assert.are.equal(nevacuate, m:header().nevacuate)
  end)

  it("moves nothing for reads and iteration", function()
    -- "reads evacuate"
    local m = fill(ints(), 1, 417)
    local before = moved(m)
    for k = -100, 1000 do
      m:get(k)
      m:has(k)
    end
    for _ in m:pairs() do end
    assert.are.equal(before, moved(m))
  end)

  it("holds 8 entries in one bucket; 6.5 a bucket is the rule from two on",
    function()
      -- "one bucket grows after about 6.5 entries"
      local m = fill(ints(), 1, 8)
      assert.are.equal(0, m:header().B)
      fill(m, 9, 13)
      assert.are.equal(1, m:header().B)
      m:set(14, 14)
      assert.are.equal(2, m:header().B)
    end)
end)
