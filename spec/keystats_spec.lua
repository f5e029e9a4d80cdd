-- Which hash suits these keys: held to what maps of those hashes do.
local hmap = require "hmap"
local core = require "hmap.core"

local function list(n, key_of)
  local keys = {}
  for i = 1, n do keys[i] = key_of(i) end
  return keys
end

local function by_hash(stats)
  local rows = {}
  for _, row in ipairs(stats.hashes) do rows[row.hash] = row end
  return rows
end

local function order(stats)
  local names = {}
  for i, row in ipairs(stats.hashes) do names[i] = row.hash end
  return table.concat(names, " ")
end

-- 2^n texts whose java31 is one and the same.
local function collisions(n)
  local texts = { "" }
  for _ = 1, n do
    local longer = {}
    for _, text in ipairs(texts) do
      longer[#longer + 1] = text .. "Aa"
      longer[#longer + 1] = text .. "BB"
    end
    texts = longer
  end
  return texts
end

-- A map with one of the hashes, and what it says of itself.
local function truth(keys, key, hash, seed)
  local m = hmap.new { key = key, value = "none", hash = hash, seed = seed }
  m:set_many(keys)
  m:finish()
  local compared = 0
  for _, k in ipairs(keys) do
    local e = type(k) == "table" and m:explain(table.unpack(k))
      or m:explain(k)
    compared = compared + e.comparisons
  end
  local d = m:distribution()
  return {
    hash = hash, verdict = d.verdict, why = d.why, entries = #m,
    buckets = m:stats().buckets, longest = d.max_entries,
    overflow = m:stats().overflow_in_use, chi_square = d.chi_square,
    df = d.df, p = d.p, cost = d.cost, hit_buckets = d.hit_buckets,
    hit_probes = d.hit_probes, hit_compares = compared / #m,
    miss_buckets = d.miss_buckets, miss_probes = d.miss_probes,
    tophash_match = d.tophash_match, never_set = d.never_set,
    always_set = d.always_set,
  }
end

describe("keystats", function()
  for _, case in ipairs {
    { "int64", function(i) return i * 3 end },
    { "int64", function(i) return i * 64 end },
    { "uint8", function(i) return (i * 7) % 256 end },
    { "string", function(i)
      return i % 2 == 0 and "k" .. i or ("long "):rep(4) .. i
    end },
    { "any", function(i)
      return i % 3 == 0 and i or i % 3 == 1 and "s" .. i or i + 0.5
    end },
    { "float64", function(i) return i / 4 end },
    { "[4]byte", function(i) return ("%04d"):format(i) end },
    { { "x:int32", "name:string" },
      function(i) return { i % 9, "n" .. i // 9 } end },
    { { "int16", "int32" },
      function(i) return { i % 5, i // 5 } end },
  } do
    local name = type(case[1]) == "string" and case[1]
      or table.concat(case[1], ", ")
    it("has the figures of maps with those hashes: " .. name, function()
      for _, n in ipairs { 1, 8, 9, 100, 250 } do
        local keys = list(n, case[2])
        local stats = hmap.keystats(keys, { key = case[1], seed = 7 })
        assert.are.equal(name:find("^u?int%d+$") and 5 or 4, #stats.hashes)
        for _, row in ipairs(stats.hashes) do
          assert.are.same(truth(keys, case[1], row.hash, 7), row)
        end
      end
    end)
  end

  it("finds the type of the keys: the narrowest that holds them all",
    function()
      for _, case in ipairs {
        { "int64", { 1, 2 } }, { "float64", { 1, 2.5 } },
        { "float64", { 2.5, 1 } }, { "string", { "a", "b" } },
        { "bool", { true, false } }, { "any", { 1, "a" } },
        { "any", { 1, 2.5, true, 3 } }, { "any", {} },
      } do
        assert.are.equal(case[1], hmap.keystats(case[2]).key)
      end
      assert.are.equal("{x:int8, int8}",
        hmap.keystats({ { 1, 2 } }, { key = { "x:int8", "int8" } }).key)
    end)

  it("counts a key once, and says how often it came again", function()
    local stats = hmap.keystats { "a", "b", "a", "a" }
    assert.are.same({ 4, 2, 2 }, { stats.keys, stats.repeats, stats.entries })
    assert.is_truthy(tostring(stats):find("2 repeats left out", 1, true))
  end)

  it("leaves out NaN, which has no hash", function()
    local stats = hmap.keystats { 1.5, 0 / 0, 2.5 }
    assert.are.same({ 2, "float64" }, { stats.entries, stats.key })
  end)

  it("puts the hash first whose hits read least", function()
    local multiples = hmap.keystats(list(3000, function(i) return i * 1024 end))
    local rows = by_hash(multiples)
    assert.are.equal("bad", rows.identity.verdict)
    assert.are.equal("bad", rows.constant.verdict)
    assert.are.equal("good", rows.xxh3.verdict)
    assert.is_truthy(order(multiples):find("identity constant$"))
    assert.are.equal(multiples.best, multiples.hashes[1].hash)
    local cost
    for _, row in ipairs(multiples.hashes) do
      local this = row.hit_buckets + row.hit_compares
      assert.is_true(cost == nil or this > cost - 0.1)
      cost = this
    end
  end)

  it("finds java31's collisions", function()
    local stats = hmap.keystats(collisions(9))
    local rows = by_hash(stats)
    assert.are.same({ "bad", 512 }, { rows.java31.verdict,
      rows.java31.longest })
    assert.are.equal("good", rows.xxh3.verdict)
    assert.are.equal("xxh3", stats.best)
    assert.are.equal(64, #rows.java31.never_set + #rows.java31.always_set)
  end)

  it("says of ordinary words that xxh3 is good and java31 has half a hash",
    function()
      local stats = hmap.keystats(list(5000, function(i)
        return ("%x"):format(i * 7919 % 1000003)
      end))
      local rows = by_hash(stats)
      assert.are.equal("good", rows.xxh3.verdict)
      assert.are.same({}, rows.xxh3.never_set)
      for bit = 32, 63 do
        local last = rows.java31.never_set
        assert.are.equal(bit, last[#last - 63 + bit])
      end
      assert.is_true(rows.java31.hit_compares > 2)
    end)

  it("names the bits that tell no two keys apart", function()
    local keys = list(500, function(i) return i * 1024 + 3 end)
    local row = by_hash(hmap.keystats(keys)).identity
    assert.are.same({ 0, 1 }, row.always_set)
    local never = {}
    for bit = 2, 63 do
      if bit < 10 or bit > 18 then never[#never + 1] = bit end
    end
    assert.are.same(never, row.never_set)
  end)

  it("says nothing of bits where it has seen few keys", function()
    for _, row in ipairs(hmap.keystats { 1, 2, 3 }.hashes) do
      assert.are.same({ "few", {}, {} },
        { row.verdict, row.never_set, row.always_set })
    end
  end)

  it("repeats for a seed, whatever the order of the keys", function()
    local keys = list(1000, function(i) return "key " .. i end)
    local backwards = list(1000, function(i) return keys[1001 - i] end)
    assert.are.equal(tostring(hmap.keystats(keys)),
      tostring(hmap.keystats(backwards)))
    assert.are_not.equal(tostring(hmap.keystats(keys)),
      tostring(hmap.keystats(keys, { seed = 1 })))
  end)

  it("takes a long list, and no longer for the worst hash", function()
    local keys = list(200000, function(i) return i << 20 end)
    local rows = by_hash(hmap.keystats(keys))
    assert.are.same({ 200000, 200000 },
      { rows.identity.longest, rows.constant.longest })
    assert.are.equal("good", rows.xxh3.verdict)
  end)

  it("says of no keys that there are none", function()
    local stats = hmap.keystats {}
    assert.are.same({ 0, 0, 0 }, { stats.keys, stats.entries, stats.buckets })
    assert.is_truthy(tostring(stats):find("0 keys of any in 0 buckets", 1,
      true))
  end)

  it("says what is wrong with its arguments", function()
    for _, case in ipairs {
      { "#1 to 'keystats' (list of keys expected, got nil)" },
      { "#1 to 'keystats' (list of keys expected, got string)", "keys" },
      { "#1 to 'keystats' (table at index 2: say with the option 'key' what "
        .. "keys these are)", { 1, {} } },
      { "#1 to 'keystats' (string key expected at index 2, got 7)",
        { "a", 7 }, { key = "string" } },
      { "#2 to 'keystats' (table expected, got number)", { 1 }, 7 },
      { "#2 to 'keystats' (unknown option 'kez'; options are key, seed)",
        { 1 }, { kez = 1 } },
      { "#2 to 'keystats' (option 'seed': integer expected, got 1.5)",
        { 1 }, { seed = 1.5 } },
      { "#2 to 'keystats' (option 'seed': integer expected, got \"1\")",
        { 1 }, { seed = "1" } },
    } do
      local ok, message = pcall(hmap.keystats, case[2], case[3])
      assert.is_false(ok)
      assert.are.equal("bad argument " .. case[1], message)
    end
    local _, message = pcall(hmap.keystats, { 1 }, { key = "strang" })
    assert.is_truthy(message:find("#2 to 'keystats' (option 'key': unknown "
      .. "type 'strang'", 1, true))
    _, message = pcall(hmap.keystats, { 1 }, { key = "none" })
    assert.is_truthy(message:find("#2 to 'keystats' ", 1, true))
    _, message = pcall(function() hmap.keystats(7) end)
    assert.is_truthy(message:find("^spec/keystats_spec.lua:%d+: bad arg"))
  end)

  it("reads well at a prompt", function()
    local keys = list(1000, function(i) return i * 1024 end)
    assert.are.equal([[
1,000 keys of int64 in 256 buckets, 3.91 each
 hash      verdict        p  longest  overflow  buckets  slots  keys  a miss
 xxh3      good      0.6071        9         2     1.00   2.90  1.01    1.01
 fnv1a     even     <0.0001        4         0     1.00   2.46  1.00    1.00
 java31    even     <0.0001        4         0     1.00   2.46  2.46    1.00
 identity  bad      <0.0001    1,000       124    63.00    500   500    1.48
 constant  bad      <0.0001    1,000       124    63.00    500   500    1.48
 buckets, slots, keys: what a hit reads, passes, compares; a miss reads buckets
 stuck bits
  java31    32-63 never set: one tophash for all
  identity  0-9, 20-63 never set: uses 1 bucket in 1,024, one tophash for all
  constant  all 64: every key has the same hash]],
      tostring(hmap.keystats(keys)))
  end)
end)

describe("rehash", function()
  local function set(key, n)
    local m = hmap.new { key = key, value = "none", seed = 1 }
    for i = 1, n or 0 do m:set(i) end
    return m
  end

  it("counts the keys of a map in mid-growth once", function()
    local m = set("int64", 430)
    assert.is_true(m:stats().growing)
    local raw, in_vain, masks = core.rehash(m, m)
    m:finish()
    local truly = core.distribution(m)
    raw.by_state, truly.by_state = nil, nil
    assert.are.same(truly, raw)
    assert.is_true(in_vain >= 0)
    assert.are.same(core.hashes(m), masks)
    assert.are.equal(430, masks.keys)
  end)

  it("wants two open maps with the same keys", function()
    local m = set("int64", 3)
    assert.has_error(function() core.rehash(m, 7) end)
    assert.has_error(function() core.rehash(m) end)
    assert.has_error(function() core.rehash(m, set("int32")) end,
      "bad argument #2 to 'rehash' (map with keys of the same type expected)")
    local closed = set("int64", 3)
    closed:close()
    assert.has_error(function() core.rehash(m, closed) end, "map is closed")
    assert.has_error(function() core.rehash(closed, m) end, "map is closed")
    assert.has_error(function() core.hashes(closed) end, "map is closed")
  end)

  it("bears finalizers that write or close the maps", function()
    local mode = collectgarbage("generational", 1)
    local wrote = 0
    for round = 1, 200 do
      local m, other = set("int64", 50 * round % 1000), set("int64")
      for i = 1, 5 do
        setmetatable({}, { __gc = function()
          wrote = wrote + 1
          if i == 5 and round % 3 == 0 then m:close() return end
          if i == 5 and round % 3 == 1 then other:close() return end
          pcall(function() for k = 1, 500 do m:set(k * round) end end)
        end })
      end
      for _ = 1, 20 do
        local ok, message = pcall(core.rehash, m, other)
        if not ok then
          assert.is_truthy(message:find("closed", 1, true), message)
        end
      end
    end
    collectgarbage("generational", 20) -- as it is by default
    collectgarbage(mode)
    assert.is_true(wrote > 100)
  end)
end)
