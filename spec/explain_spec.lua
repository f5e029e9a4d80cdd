-- One key's way through the map, told: that it is true, that it adds up, and
-- that telling it changes nothing.
local hmap = require "hmap"
local core = require "hmap.core"

-- Types of key, and their i-th key as a list of fields.
local KEYS = {
  { "int64", function(i) return { i * 7 - 50 } end },
  { "uint8", function(i) return { i % 256 } end },
  { "string", function(i)
    return { i % 3 == 0 and ("long "):rep(5) .. i or "k" .. i }
  end },
  { "any", function(i)
    return { i % 4 == 0 and i or i % 4 == 1 and "s" .. i
      or i % 4 == 2 and i + 0.5 or i % 2 ^ 40 * 2 ^ 64 }
  end },
  { "[5]byte", function(i) return { ("%05d"):format(i) } end },
  { "float64", function(i) return { i / 3 } end },
  { { "x:int32", "y:int32" }, function(i) return { i, -i } end },
  { { "int64", "string" }, function(i) return { i // 3, "f" .. i } end },
}

local function type_text(key)
  return type(key) == "string" and key or table.concat(key, ", ")
end

local function filled(n, key, key_of, opts)
  opts = opts or {}
  opts.key, opts.value, opts.seed = key, "none", opts.seed or 1
  local m = hmap.new(opts)
  for i = 1, n do m:set(table.unpack(key_of(i))) end
  return m
end

local function ints(n, opts)
  return filled(n, "int64", function(i) return { i } end, opts)
end

local function explain(m, key) return m:explain(table.unpack(key)) end

-- An explanation that is at odds with itself is found here ..
local function check_sums(e)
  local matches = 0
  assert.are.equal(e.buckets_read, #e.chain)
  for _, bucket in ipairs(e.chain) do
    assert.are.equal(8, #bucket.tophash)
    matches = matches + #bucket.false_matches
    for _, match in ipairs(bucket.false_matches) do
      assert.are.equal(e.tophash, bucket.tophash[match.slot + 1])
      assert.are_not.same(e.key, match.key)
    end
  end
  assert.are.equal(e.false_matches, matches)
  assert.are.equal(e.comparisons, matches + (e.found and 1 or 0))
  assert.are.equal(e.depth, #e.chain - 1)
  assert.are.equal(e.slots_scanned, e.slot and e.depth * 8 + e.slot + 1
    or 8 * #e.chain)
  assert.are.equal(e.bucket, tonumber("0" .. e.bucket_bits, 2))
end

-- .. and here one at odds with the map.
local function check(m, e)
  local slots = m:bucket(e.bucket, e.which).slots
  check_sums(e)
  for depth, bucket in ipairs(e.chain) do
    for i, tophash in ipairs(bucket.tophash) do
      assert.are.equal(slots[(depth - 1) * 8 + i].tophash, tophash)
    end
    for _, match in ipairs(bucket.false_matches) do
      assert.are.same(slots[(depth - 1) * 8 + match.slot + 1].key, match.key)
    end
  end
end

describe("an explanation", function()
  for _, row in ipairs(KEYS) do
    local key, key_of = row[1], row[2]
    local name = type_text(key)

    it("finds each key where it is: " .. name, function()
      for _, n in ipairs { 1, 9, 27, 200, 230 } do
        local m <close> = filled(n, key, key_of)
        for i = 1, n do
          local e = explain(m, key_of(i))
          assert.is_true(e.found)
          assert.is_nil(e.stopped)
          check(m, e)
          local slot = m:bucket(e.bucket, e.which).slots[
            e.depth * 8 + e.slot + 1]
          assert.are.same(e.key, slot.key)
          assert.are.equal(e.tophash, slot.tophash)
        end
      end
    end)

    it("adds up over all keys to what distribution says: " .. name, function()
      for _, n in ipairs { 8, 27, 60, 106, 230 } do
        local m <close> = filled(n, key, key_of)
        local slots, buckets, seen = 0, 0, {}
        for i = 1, n do
          local e = explain(m, key_of(i))
          local id = table.concat(key_of(i), "\0")
          if not seen[id] then
            slots = slots + e.slots_scanned
            buckets = buckets + e.buckets_read
            seen[id] = true
          end
        end
        local raw, d = core.distribution(m), m:distribution()
        assert.are.same({ raw.hit_probes, raw.hit_buckets },
          { slots, buckets })
        assert.are.equal(slots / #m, d.hit_probes)
        assert.are.equal(buckets / #m, d.hit_buckets)
      end
    end)
  end

  it("adds up over a miss in each chain, too, growing or not, with gaps",
    function()
      for _, n in ipairs { 8, 13, 27, 30, 52, 60, 104, 110 } do
        for _, gaps in ipairs { false, true } do
          local m <close> = ints(n)
          for i = 1, gaps and n or 0, 3 do m:delete(i) end
          local raw = core.distribution(m)
          local slots, buckets, chains, seen = 0, 0, 0, {}
          for i = 1001, 2000 do
            local e = m:explain(i)
            local id = e.which .. e.bucket
            if not seen[id] then
              seen[id] = true
              chains = chains + 1
              slots = slots + e.slots_scanned
              buckets = buckets + e.buckets_read
              assert.is_false(e.found)
              check(m, e)
            end
          end
          assert.are.same({ raw.nchains, raw.miss_probes, raw.miss_buckets },
            { chains, slots, buckets })
        end
      end
    end)

  it("has the hash that hmap.hash has", function()
    local m = ints(100, { seed = 77 })
    for i = 1, 100 do
      assert.are.equal(("0x%016x"):format(hmap.hash("int64", i, 77)),
        m:explain(i).hash)
    end
  end)

  it("says why the search reads which array", function()
    local m = ints(8)
    assert.are.equal("the map is not growing", m:explain(1).why)
    m = ints(27)
    local whys = {}
    for i = 1, 27 do
      local e = m:explain(i)
      assert.is_true(m:stats().growing)
      assert.are.equal(e.which == "old" and "live" or "evacuated",
        m:bucket(e.old_bucket, "old").state:gsub("empty", "live"))
      assert.are.equal(("its old bucket %d has %s"):format(e.old_bucket,
        e.which == "old" and "not moved yet" or "moved"), e.why)
      whys[e.which] = true
    end
    assert.are.same({ new = true, old = true }, whys)
  end)

  it("foretells the bucket after the next doubling", function()
    for _, n in ipairs { 8, 52, 104, 416 } do
      local m = ints(n, { policy = { step_on = "manual" } })
      m:finish()
      local told, halves = {}, {}
      for i = 1, n do told[i] = m:explain(i).goes_to end
      local before = m:stats().buckets
      m:set(0)
      m:finish()
      assert.are.equal(2 * before, m:stats().buckets)
      for i = 1, n do
        local to = m:explain(i).bucket
        assert.are.same({ bucket = to, half = to < before and "x" or "y" },
          told[i])
        halves[told[i].half] = true
      end
      assert.are.same({ x = true, y = true }, halves)
    end
  end)

  it("foretells where a waiting key moves, whatever kind the move is",
    function()
      local begin = {
        double = function(m) for i = 301, 417 do m:set(i) end end,
        shrink = function(m)
          for i = 101, 300 do m:delete(i) end
          m:shrink()
        end,
        rekey = function(m) m:rekey() end,
        same_size = function(m) -- each bucket overflows once, then empties
          for bucket = 0, 8 do
            local low = bucket % 8 + bucket // 8 * 1024
            for n = 0, 8 do m:set(n * 8 + low) end
            for n = 0, bucket < 8 and 7 or -1 do m:delete(n * 8 + low) end
          end
        end,
      }
      local function made(kind)
        if kind ~= "same_size" then
          return ints(300, { policy = { step_on = "manual" } })
        end
        return hmap.new { key = "int64", value = "none", hash = "identity",
          capacity = 52, policy = { step_on = "manual" } }
      end
      for kind, start in pairs(begin) do
        local m = made(kind)
        m:finish()
        start(m)
        assert.are.equal(kind, m:stats().kind)
        m:step(1)
        local told, old, found = {}, m:stats().old_buckets, 0
        for k = 0, 9000 do -- keys() would end a rekey
          local e = m:explain(k)
          found = found + (e.found and 1 or 0)
          if e.found or k < 100 then check(m, e) end
          assert.are.equal(e.which == "old", e.moves_to ~= nil)
          told[k] = e.found and e.moves_to or nil
        end
        assert.are.equal(#m, found)
        assert.is_truthy(next(told), kind)
        m:finish()
        for k, to in pairs(told) do
          local now = m:explain(k).bucket
          local half = now < old and "x" or "y"
          assert.are.same({ bucket = now,
            half = kind == "double" and half or nil }, to)
        end
      end
    end)

  it("names the other keys that look the same", function()
    local m = ints(27, { hash = "constant" })
    local e = m:explain(20)
    assert.are.same({ 3, 20, 19, 20, 2, 3 }, { e.buckets_read, e.slots_scanned,
      e.false_matches, e.comparisons, e.depth, e.slot })
    local others = {}
    for _, bucket in ipairs(e.chain) do
      for _, match in ipairs(bucket.false_matches) do
        others[#others + 1] = match.key
      end
    end
    for i = 1, 19 do assert.are.equal(i, others[i]) end
    assert.are.equal(19, #others)
  end)

  it("of an absent key says how the search came to its end", function()
    local m = ints(3, { hash = "identity" })
    local e = m:explain(9)
    assert.are.same({ "empty_rest", 0, 3, 4 },
      { e.stopped, e.depth, e.slot, e.slots_scanned })
    m = ints(8, { hash = "identity" })
    e = m:explain(9)
    assert.are.same({ "end_of_chain", 0, 8, 8 },
      { e.stopped, e.depth, e.slots_scanned, e.comparisons })
    assert.is_nil(e.slot)
  end)

  it("of a map without buckets has a hash and nowhere to look", function()
    local e = hmap.new { key = "int64", seed = 1 }:explain(5)
    assert.are.same({ false, 0, 0 }, { e.found, e.buckets_read, #e.chain })
    assert.are.equal(("0x%016x"):format(hmap.hash("int64", 5, 1)), e.hash)
    assert.is_nil(e.bucket)
    assert.are.equal(
      "5 is not in the map: the map has no bucket before its first insert.",
      tostring(e))
  end)

  it("knows Lua objects by what they are", function()
    local m = hmap.new { seed = 1 }
    local t, other = {}, {}
    m:set(t, 1)
    assert.is_true(m:explain(t).found)
    assert.are.equal(t, m:explain(t).key)
    assert.is_false(m:explain(other).found)
    assert.is_true(m:explain(print).found == false)
  end)

  it("of a NaN says that there is no such thing, and draws no number for it",
    function()
      local function made()
        local m = hmap.new { key = { "int8", "float64" }, value = "none",
          seed = 5 }
        for i = 1, 10 do m:set(i, i) end
        m:set(1, 0 / 0)
        return m
      end
      local m, same = made(), made()
      local e = m:explain(1, 0 / 0)
      assert.is_false(e.found)
      assert.is_nil(e.hash)
      assert.is_truthy(tostring(e):find("equals nothing", 1, true))
      m:explain(2, 2)
      m:clear()
      same:clear() -- draws a new hash key from the map's random numbers
      assert.are.equal(same:header().hash0, m:header().hash0)
    end)

  it("moves nothing, not even under a policy whose lookups do", function()
    local m = ints(27, { policy = "redis" })
    while not m:stats().growing do m:set(#m + 1) end
    local before = m:stats()
    for i = 1, 100 do m:explain(i) end
    assert.are.same(before, m:stats())
  end)
end)

describe("explain", function()
  it("says what is wrong with a key", function()
    local m = ints(3)
    for _, case in ipairs {
      { "x", "string" }, { nil, "nil" }, { 1.5, "1.5" }, { {}, "table" },
    } do
      local ok, message = pcall(m.explain, m, case[1])
      assert.is_false(ok)
      assert.are.equal("bad argument #1 to 'explain' (int64 key expected, got "
        .. case[2] .. ")", message)
    end
    local grid = hmap.new { key = { "x:int32", "y:int32" } }
    assert.has_error(function() grid:explain(1) end,
      "bad argument #2 to 'explain' (int32 key 'y' expected, got nil)")
    assert.has_error(function() hmap.new {}:explain(0 / 0) end)
  end)

  it("wants an open map", function()
    local m = ints(3)
    m:close()
    assert.has_error(function() m:explain(1) end, "map is closed")
    assert.has_error(function() m.explain({}, 1) end)
    assert.has_error(function() m.explain() end)
  end)

  -- Runs fn while the collector looks for garbage all the time.
  local function hurried(fn)
    local mode = collectgarbage("generational", 1)
    local ok, message = pcall(fn)
    collectgarbage("generational", 20) -- as it is by default
    collectgarbage(mode)
    if not ok then error(message, 0) end
  end

  it("is right about the map that finalizers leave behind", function()
    local m = filled(100, "string", function(i) return { "key " .. i } end,
      { hash = "constant" })
    local n, wrote, meanwhile, rounds = 100, 0, 0, 0
    local function write()
      wrote, n = wrote + 1, n + 1
      m:set("key " .. n)
      m:delete("key " .. n - 90)
    end
    hurried(function()
      repeat
        rounds = rounds + 1
        for _ = 1, 5 do setmetatable({}, { __gc = write }) end
        local key, before = "key " .. n - 20, wrote
        local e = m:explain(key)
        meanwhile = meanwhile + (wrote - before)
        check_sums(e)
      until meanwhile > 100 or rounds == 3000
    end)
    assert.is_true(meanwhile > 100)
    assert.is_true(m:check())
  end)

  it("says so when a finalizer closes the map meanwhile", function()
    local m = ints(200, { hash = "constant" })
    local ok, message, rounds = true, nil, 0
    hurried(function()
      setmetatable({}, { __gc = function() m:close() end })
      repeat
        rounds = rounds + 1
        ok, message = pcall(m.explain, m, 199)
      until not ok or rounds == 3000
    end)
    assert.is_false(ok)
    assert.is_truthy(message:find("map is closed", 1, true))
  end)
end)

describe("the text of an explanation", function()
  it("tells the way to a key that is there", function()
    local m = ints(27)
    assert.are.equal([[
16 is in the map: old bucket 1, slot 4.
Hash 0xb3d9b528960c3dd5: tophash b3; the low 2 bits, 01, choose bucket 1.
The search reads the old array: its old bucket 1 has not moved yet.
 0  [fa 26 4a 21 b3 0c 37  .]  slot 4: found
Work: 1 bucket read, 5 slots passed, 1 key compared.
The growth under way takes it to y, bucket 5.
The next doubling takes it to x, bucket 5.]], tostring(m:explain(16)))
  end)

  it("tells the way to where a key is not, and what looked like it", function()
    local m = ints(27)
    assert.are.equal([[
31 is not in the map.
Hash 0x25104b95540d7a80: tophash 25; the low 3 bits, 000, choose bucket 0.
The search reads the new array: its old bucket 0 has moved.
 0  [8b 25 ba  .  .  .  .  .]  slot 1: 14, same tophash; empty from slot 3
Work: 1 bucket read, 4 slots passed, 1 key compared, 1 in vain.
The next doubling would take it to x, bucket 0.]], tostring(m:explain(31)))
  end)

  it("shortens a chain that is too long to read", function()
    local text = tostring(ints(900, { hash = "constant" }):explain("901" + 0))
    local lines = select(2, text:gsub("\n", "\n"))
    assert.are.equal(11, lines)
    assert.is_truthy(text:find("\n ...  and 107 buckets more\n", 1, true))
    assert.is_truthy(text:find("\n 112  [c3 c3 c3 c3  .  .  .  .]  slot 0: 897,"
      .. " same tophash, and 3 more; empty from slot 4\n", 1, true))
  end)

  it("is no wider than a terminal for keys that are short", function()
    for _, n in ipairs { 5, 27, 300, 5000 } do
      local m <close> = ints(n)
      for i = 1, 2 * n, 1 + n // 50 do
        for line in tostring(m:explain(i)):gmatch("[^\n]+") do
          assert.is_true(#line <= 80, line)
        end
      end
    end
  end)
end)
