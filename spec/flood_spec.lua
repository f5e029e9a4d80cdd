-- Keys made to collide: what a map says of them, and what the policy adaptive
-- does about them. An attacker here cannot see the map; the worst of them has
-- got hold of its seed.
local hmap = require "hmap"

-- -- the floods ---------------------------------------------------------------

-- Whatever the number of buckets, up to a million: the low bits and the tophash
-- are zero.
local function same_low_bits(n)
  local keys = {}
  for i = 1, n do keys[i] = i << 20 end
  return keys
end

-- All texts that have, in each place, the one or the other of two pieces.
local function combine(pairs_of_pieces)
  local texts = {""}
  for _, pieces in ipairs(pairs_of_pieces) do
    local longer = {}
    for _, text in ipairs(texts) do
      longer[#longer + 1] = text .. pieces[1]
      longer[#longer + 1] = text .. pieces[2]
    end
    texts = longer
  end
  return texts
end

-- 2^places texts of one hash.
local function equal_java31(places)
  local pieces = {}
  for i = 1, places do pieces[i] = {"Aa", "BB"} end
  return combine(pieces)
end

-- 2^places texts whose hashes have equal low 24 bits: these depend on nothing
-- but the low 24 bits before, so each place needs one birthday among 2^24, and
-- all choices of pieces collide (Joux).
local function near_fnv1a(places)
  local pieces, before = {}, ""
  for i = 1, places do
    local seen, n = {}, 0
    while not pieces[i] do
      n = n + 1
      local piece = string.format("%04x", n)
      local low = hmap.hash("string", before .. piece, 0, "fnv1a") & 0xffffff
      pieces[i] = seen[low] and {seen[low], piece}
      seen[low] = piece
    end
    before = before .. pieces[i][1]
  end
  return combine(pieces)
end

local SEED = 4711 -- leaked

-- Of half a million keys those that a map of this seed has in buckets whose low
-- bits are zero; with one tophash, or with any.
local function birthdays(bits, tophash)
  local all = {}
  for i = 1, 1 << 19 do all[i] = i end
  local m = hmap.new {key = "int64", value = "none", seed = SEED}
  m:set_many(all)
  m:finish()
  local keys = {}
  for i = 0, m:stats().buckets - 1, 1 << bits do
    for _, slot in ipairs(m:bucket(i).slots) do
      if slot.key and (not tophash or slot.tophash == tophash) then
        keys[#keys + 1] = slot.key
      end
    end
  end
  return keys
end

local FLOODS = {
  {name = "identity, by construction", hash = "identity", key = "int64",
    keys = same_low_bits(5000)},
  {name = "java31, by construction", hash = "java31", key = "string",
    keys = equal_java31(12)},
  {name = "fnv1a, birthdays in 12 places", hash = "fnv1a", key = "string",
    keys = near_fnv1a(12)},
  {name = "xxh3, seed known, 9 bits", hash = "xxh3", key = "int64",
    keys = birthdays(9)},
  {name = "xxh3, seed known, 5 bits and tophash", hash = "xxh3",
    key = "int64", keys = birthdays(5, 0x77)},
}

local function flooded(flood, policy)
  local m = hmap.new {key = flood.key, value = "none", hash = flood.hash,
    seed = SEED, policy = policy}
  m:ledger(true)
  for _, key in ipairs(flood.keys) do m:set(key) end
  return m
end

-- -- bounds -------------------------------------------------------------------

local ALARM = hmap.new {policy = "adaptive"}:tune().chain_alarm
local HURRY = 16 -- old buckets a write moves when an alarm waits for its turn

-- The most entries that one operation moves: the longest chain that there can
-- be, and the other buckets in hand, full. A chain has what the alarm lets it
-- have and one entry more for each write that the alarm has waited.
local function most_moved(buckets_when_alarmed)
  return 8 * (ALARM + 1) + buckets_when_alarmed // HURRY + 8 * HURRY
end

-- And the most slots it passes: those chains, twice, and an array that is still
-- freed as a whole.
local function most_slots(m, buckets_when_alarmed)
  return 2 * most_moved(buckets_when_alarmed) +
    8 * (32 * 1024 // m:layout().bucket_size)
end

-- Writes until all has moved, the growth under way and then the rekey.
local function writes_to_heal(m, key)
  local n = 0
  while m:stats().growing or m:stats().pending do
    n = n + 1
    m:set(key)
  end
  return n
end

local function within_bounds(m, buckets_when_alarmed)
  local worst = m:ledger().worst
  local moved, slots = most_moved(buckets_when_alarmed),
    most_slots(m, buckets_when_alarmed)
  assert.is_true(worst.moved <= moved, worst.moved)
  assert.is_true(worst.slots <= slots, worst.slots)
  return worst.moved, moved, worst.slots, slots
end

local printed = {}
local function row(...)
  local format = "%-37s %5s %7s %6s %6s %6s %6s"
  printed[#printed + 1] = string.format(format, ...)
end

row("worst operation of a flood", "keys", "go", "moved", "bound", "slots",
  "bound")

describe("a flood of keys that collide", function()
  for _, flood in ipairs(FLOODS) do
    local n = #flood.keys

    it("is told of (" .. flood.name .. ")", function()
      local m = flooded(flood, "go")
      assert.are.equal(n, #m)
      assert.is_true(m:stats().longest_chain >= n // 8 // 2)
      assert.are.equal("bad", m:distribution().verdict)
      flood.untreated = m:ledger().worst
    end)

    it("is healed under adaptive (" .. flood.name .. ")", function()
      local alarms = 0
      local m = hmap.new {key = flood.key, value = "none", hash = flood.hash,
        seed = SEED, policy = "adaptive"}
      m:ledger(true)
      m:trace(function(event)
        if event.kind == "grow_begin" and event.growth == "rekey" then
          alarms = alarms + 1
        end
      end)
      for _, key in ipairs(flood.keys) do
        m:set(key)
        assert.is_true(m:stats().longest_chain <= 2 * (ALARM + 1))
      end
      local rest = writes_to_heal(m, flood.keys[1])
      assert.are.equal(1, alarms)
      assert.are.equal(1, m:stats().growths.rekey)
      assert.is_true(m:check())
      for _, key in ipairs(flood.keys) do assert.is_true(m:has(key)) end
      local now = m:distribution()
      assert.are_not.equal("bad", now.verdict)
      assert.is_true(now.max_overflow <= 2, now.max_overflow)
      assert.is_true(rest <= m:stats().buckets)
      row(flood.name, n, flood.untreated.slots,
        within_bounds(m, m:stats().buckets))
    end)
  end

  it("is healed whenever it comes: worst when a growth has just begun",
    function()
      for B = 8, 14, 2 do
        local m = hmap.new {key = "int64", value = "none", hash = "identity",
          seed = SEED, policy = "adaptive"}
        local n = 6.5 * 2 ^ B // 1 | 0
        for i = 1, n do m:set(i) end
        assert.are.equal(1 << B, m:stats().buckets)
        assert.is_false(m:stats().growing)
        m:ledger(true)
        local keys = 0
        repeat
          keys = keys + 1
          m:set((keys + 1) << 32)
        until m:stats().growths.rekey == 1 and not m:stats().growing
        assert.is_true(m:check())
        assert.is_true(m:distribution().max_overflow <= 3)
        row(string.format("identity, into a growth from 2^%d", B), keys, "",
          within_bounds(m, 1 << B))
      end
    end)

  teardown(function() print("\n" .. table.concat(printed, "\n")) end)
end)

-- -- copying ------------------------------------------------------------------

-- Keys in the order of another map come sorted by their hash, so to say. That
-- has made copying quadratic elsewhere.
describe("a map that is filled in the order of another", function()
  local POLICIES = {"go", "adaptive", "redis", "all_at_once"}

  local function filled(keys, seed, policy)
    local m = hmap.new {key = "int64", value = "int64", seed = seed,
      policy = policy}
    m:ledger(true)
    for _, key in ipairs(keys) do m:set(key, key) end
    return m
  end

  -- What an entry costs: slots that were passed and entries moved.
  local function work(m)
    local sum = m:ledger().sum
    return (sum.slots + sum.moved) / #m
  end

  local function first(n)
    local keys = {}
    for i = 1, n do keys[i] = i end
    return keys
  end

  for _, policy in ipairs(POLICIES) do
    it("takes as much work an entry as any (" .. policy .. ")", function()
      for _, n in ipairs {3000, 60000} do
        local source = filled(first(n), SEED, policy)
        local order = {}
        for key in source:keys() do order[#order + 1] = key end
        assert.are.equal(n, #order)
        for _, seed in ipairs {SEED, SEED + 1, SEED + 2} do
          local copy = filled(order, seed, policy)
          local shuffled = filled(first(n), seed, policy)
          assert.is_true(work(copy) < 1.3 * work(shuffled),
            work(copy) .. " against " .. work(shuffled))
          assert.is_true(copy:stats().longest_chain <=
            shuffled:stats().longest_chain + 2)
        end
      end
    end)
  end
end)
