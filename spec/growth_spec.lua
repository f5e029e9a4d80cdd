-- When a map grows, what moves it, and what never does.
local hmap = require "hmap"

-- Keys under the identity hash: key k of a map with 2^B buckets lives in
-- bucket k mod 2^B, so a spec can say where everything is.
local function ints(opts)
  opts = opts or {}
  return hmap.new {
    key = "int64", value = "int64", seed = opts.seed or 1,
    hash = opts.hash or "identity", capacity = opts.capacity,
  }
end

local function fill(m, from, to)
  for k = from, to do
    m:set(k, k)
  end
  return m
end

-- A map that has just begun to double from 64 to 128 buckets.
local function growing_map()
  local m = fill(ints(), 1, 417)
  assert.is_true(m:stats().growing)
  return m
end

local function moved(m)
  local n = 0
  for bucket in m:buckets("old") do
    if bucket.state == "evacuated" then
      n = n + 1
    end
  end
  return n
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

-- Everything a header says, in one string to compare.
local function state(m)
  local h = m:header()
  return table.concat({
    h.count, h.B, h.noverflow, h.hash0, h.nevacuate, tostring(h.buckets),
    tostring(h.oldbuckets), tostring(h.flags.same_size_grow),
  }, " ")
end

local function growth_counts(m, n)
  local counts, B = {}, 0
  for k = 1, n do
    m:set(k, k)
    local now = m:header().B
    if now ~= B then
      counts[#counts + 1], B = k, now
    end
  end
  return counts
end

describe("a growing map", function()
  local expected = {9, 14, 27, 53, 105, 209, 417}

  it("has no bucket before the first insert and one after it", function()
    local m = ints()
    assert.is_nil(m:header().buckets)
    m:set(1, 1)
    assert.is_string(m:header().buckets)
    assert.are.equal(0, m:header().B)
  end)

  it("grows from one bucket to two at the 9th insert", function()
    local m = fill(ints(), 1, 8)
    assert.are.equal(0, m:header().B)
    m:set(9, 9)
    assert.are.equal(1, m:header().B)
    assert.are.equal(1, m:stats().growths.double)
  end)

  for _, hash in ipairs {"xxh3", "fnv1a", "identity"} do
    it("doubles at 9, 14, 27, 53, 105, 209 and 417 entries under " .. hash,
      function()
        assert.are.same(expected, growth_counts(ints {hash = hash}, 600))
      end)
  end

  it("says beforehand at which count the next insert doubles it", function()
    local m = ints {hash = "xxh3"}
    for k = 1, 1000 do
      local s = m:stats()
      m:set(k, k)
      local doubled = m:stats().growths.double > s.growths.double
      assert.are.equal(s.next_growth_at == k - 1, doubled)
    end
  end)

  it("moves the old bucket of its own insert and one more at once", function()
    local m = growing_map() -- key 417 belongs to old bucket 33
    assert.are.equal("evacuated", m:bucket(33, "old").state)
    assert.are.equal("evacuated", m:bucket(0, "old").state)
    assert.are.equal(2, moved(m))
    assert.are.equal(1, m:header().nevacuate)
  end)

  it("moves one or two old buckets with every further write", function()
    local m, k = growing_map(), 417
    local before = moved(m)
    while m:stats().growing do
      k = k + 1
      m:set(k * 7919, k)
      local now = m:stats().growing and moved(m) or 64
      assert.is_true(now - before == 1 or now - before == 2)
      before = now
    end
  end)

  it("is done after at most as many writes as it had old buckets", function()
    for _, capacity in ipairs {13, 26, 52, 104, 1664} do
      local m = fill(ints {capacity = capacity, hash = "xxh3"}, 1, capacity)
      m:set(0, 0)
      local writes, limit = 1, math.max(1, m:stats().old_buckets)
      while m:stats().growing do
        m:set(1, 1)
        writes = writes + 1
        assert.is_true(writes <= limit)
      end
      assert.is_true(m:check())
    end
  end)

  it("moves old buckets for updates, deletes and deletes of nothing",
    function()
      local writes = {
        function(m) m:set(20, 0) end,
        function(m) m:delete(20) end,
        function(m) m:delete(-44) end, -- absent, of the same old bucket
      }
      for _, write in ipairs(writes) do
        local m = growing_map()
        write(m)
        assert.are.equal("evacuated", m:bucket(20, "old").state)
        assert.are.equal(4, moved(m))
      end
    end)

  it("moves nothing for reads, iteration and introspection", function()
    local m = growing_map()
    local before = state(m)
    for k = 0, 500 do
      assert.are.equal(k >= 1 and k <= 417, m:has(k))
      m:get(k)
    end
    for _ in m:pairs() do end
    m:stats()
    m:memory()
    m:distribution()
    m:check()
    for _ in m:buckets() do end
    tostring(m)
    assert.are.equal(before, state(m))
  end)

  it("reads every key at every moment of the move", function()
    local m, last = growing_map(), 417
    while m:stats().growing do
      for k = 1, last do
        assert.are.equal(k, m:get(k))
      end
      assert.is_nil(m:get(0))
      assert.is_true(m:check())
      last = last + 1
      m:set(last, last)
    end
  end)

  it("gives an iterator nothing twice that was deleted and set again",
    function()
      for seed = 1, 20 do
        local m = fill(ints {seed = seed, hash = "xxh3"}, 1, 53)
        local next, cursor = m:pairs()
        next(cursor)
        m:finish() -- the chain in hand moves
        for k = 1, 53 do
          m:delete(k)
        end
        fill(m, 1, 53) -- under another hash key
        local given = {}
        for k in next, cursor do
          assert.is_nil(given[k])
          given[k] = true
        end
      end
    end)

  it("splits old bucket o into o and o + 2^B, keeps order, closes gaps",
    function()
      local m = fill(ints(), 1, 8)
      m:delete(3)
      m:delete(4)
      fill(m, 13, 14) -- into the gaps: 1 2 13 14 5 6 7 8
      m:delete(5)
      m:set(10, 10) -- 1 2 13 14 10 6 7 8
      m:delete(2)
      m:set(9, 9) -- the free slot again; still one bucket
      m:delete(1)
      m:set(11, 11) -- 11 9 13 14 10 6 7 8
      assert.are.same({11, 9, 13, 14, 10, 6, 7, 8}, keys_in(m:bucket(0)))
      m:delete(14)
      m:set(16, 16)
      m:set(12, 12) -- the ninth
      assert.are.same({16, 10, 6, 8, 12}, keys_in(m:bucket(0)))
      assert.are.same({11, 9, 13, 7}, keys_in(m:bucket(1)))
    end)

  it("leaves nevacuate standing when a growth is over", function()
    local m = growing_map()
    m:finish()
    assert.are.equal(64, m:header().nevacuate)
    assert.is_nil(m:header().oldbuckets)
  end)

  it("never gets smaller by deletes", function()
    local m = fill(ints {hash = "xxh3"}, 1, 1000)
    m:finish()
    local B = m:header().B
    for k = 1, 1000 do
      m:delete(k)
    end
    assert.are.equal(B, m:header().B)
    assert.are.equal(0, #m)
  end)

  it("draws a new hash0 when a delete empties it, and goes on growing",
    function()
      local m = fill(ints(), 1, 53) -- 8 old buckets
      local hash0 = m:header().hash0
      local n = 53
      for k = 1, 64 do -- bucket 0 has moved: its deletes move one more each
        if m:delete(k) then
          n = n - 1
        end
      end
      assert.are.equal(0, n)
      assert.are_not.equal(hash0, m:header().hash0)
      assert.are.equal(4, m:header().B)
      assert.is_true(m:check())
    end)

  it("drops a growth under way when it is cleared, and keeps its size",
    function()
      local m = growing_map()
      local hash0 = m:header().hash0
      m:clear()
      local h = m:header()
      assert.are.equal(0, h.count)
      assert.are.equal(7, h.B)
      assert.are.equal(0, h.nevacuate)
      assert.is_nil(h.oldbuckets)
      assert.are_not.equal(hash0, h.hash0)
      assert.is_true(m:check())
      assert.is_nil(m:get(1))
    end)
end)

describe("growth on one's own time", function()
  it("moves as many old buckets as asked, and says how many wait", function()
    local m = growing_map() -- the mark stands at 1, bucket 33 has moved too
    local done, remaining = m:step(10)
    assert.are.equal(10, done)
    assert.are.equal(64 - 12, remaining)
    assert.are.equal(12, moved(m))
  end)

  it("is over after enough steps, which then do nothing", function()
    local m = growing_map()
    local _, remaining = m:step(1000)
    assert.are.equal(0, remaining)
    assert.is_false(m:stats().growing)
    assert.are.same({0, 0}, {m:step(5)})
    assert.is_true(m:check())
  end)

  it("ends within a time given for it", function()
    local m = growing_map()
    m:step_for(10)
    assert.is_false(m:stats().growing)
  end)

  it("is over when finish returns", function()
    local m = growing_map()
    m:finish()
    assert.is_false(m:stats().growing)
    assert.are.equal(417, #m)
    assert.is_true(m:check())
  end)

  it("refuses steps that are no numbers", function()
    local m = ints()
    assert.has_error(function() m:step("x") end)
    assert.has_error(function() m:step(-1) end)
    assert.has_error(function() m:step_for {} end)
  end)
end)

describe("room asked for", function()
  it("takes the least B that holds the capacity", function()
    local B_of = {
      [0] = 0, [8] = 0, [9] = 1, [13] = 1, [14] = 2, [26] = 2, [27] = 3,
      [1000] = 8, [1664] = 8, [1665] = 9,
    }
    for capacity, B in pairs(B_of) do
      assert.are.equal(B, ints({capacity = capacity}):header().B)
    end
  end)

  it("is enough for capacity entries without a doubling", function()
    for _, n in ipairs {0, 8, 9, 13, 26, 27, 1000} do
      local m = fill(ints {capacity = n, hash = "xxh3"}, 1, n)
      assert.are.equal(0, m:stats().growths.double)
    end
  end)

  it("is made for a filled map by reserve, keeping what is in it", function()
    local m = fill(ints {hash = "xxh3"}, 1, 100)
    m:reserve(2000)
    m:finish()
    local doublings = m:stats().growths.double
    fill(m, 101, 2000)
    assert.are.equal(doublings, m:stats().growths.double)
    assert.is_true(m:check())
    for k = 1, 2000 do
      assert.are.equal(k, m:get(k))
    end
  end)

  it("is not touched by a reserve of less", function()
    local m = fill(ints {hash = "xxh3"}, 1, 100)
    m:finish()
    local before = state(m)
    m:reserve(10)
    m:reserve(0)
    assert.are.equal(before, state(m))
  end)

  it("is refused when it cannot be, and the map stays as it was", function()
    local m = fill(ints(), 1, 5)
    local before = state(m)
    assert.has_error(function() m:reserve(math.maxinteger) end)
    assert.has_error(function() m:reserve(-1) end)
    assert.has_error(function() m:reserve(1.5) end)
    assert.are.equal(before, state(m))
    assert.is_true(m:check())
  end)
end)

describe("a seed", function()
  it("repeats layout, hash key and order of iteration", function()
    local function trail(seed)
      local m = fill(ints {seed = seed, hash = "xxh3"}, 1, 300)
      local out = {m:header().hash0}
      for k in m:pairs() do
        out[#out + 1] = k
      end
      return out
    end
    assert.are.same(trail(7), trail(7))
    assert.are_not.same(trail(7), trail(8))
  end)
end)
