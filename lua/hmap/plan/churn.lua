--- A map whose entries come and go, as a law: the count stays, each insert
-- takes the place of an entry that chance picks.
--
-- A chain is then a queue with servers for all: entries come at the rate `mean`
-- (entries a chain) and each goes at the rate 1, so time counts lifetimes. Two
-- things follow from a new entry taking the first free slot:
--
--   the chain keeps the buckets of its fullest moment    overflow()
--   gaps stay open ahead of entries, and searches pass   probes()
--   over them
--
-- until a growth to the same size closes the gaps and drops the buckets.
--
-- Pure: numbers in, numbers out.

local SLOTS = require "hmap.core".limits().slots

-- -- the fullest moment -----------------------------------------------------

-- How the chances change with which a chain holds k = 0 .. top and has never
-- held more than `top`.
local function flow(from, mean, top, out)
  for k = 0, top do
    local p = -(mean + k) * from[k]
    if k > 0 then p = p + mean * from[k - 1] end
    if k < top then p = p + (k + 1) * from[k + 1] end
    out[k] = p
  end
  return out
end

-- A step of length dt by the midpoint rule.
local function advance(below, mean, top, dt, scratch)
  local rate = flow(below, mean, top, scratch.rate)
  local mid = scratch.mid
  for k = 0, top do mid[k] = below[k] + dt / 2 * rate[k] end
  rate = flow(mid, mean, top, scratch.rate)
  for k = 0, top do below[k] = below[k] + dt * rate[k] end
end

local function total(below, top)
  local sum = 0
  for k = 0, top do sum = sum + below[k] end
  return sum
end

local SETTLED = 8 -- in so many lifetimes what was at first has faded

-- The chance of never having held more than `top`, as a function of time. Once
-- the beginning has faded it falls by the same share in equal times.
local function never_above(law, mean, top)
  local below = {}
  for k = 0, top do below[k] = 0 end
  for _, part in ipairs(law) do
    if part[1] <= top then below[part[1]] = part[2] end
  end
  local steps = math.ceil(SETTLED * 1.5 * (mean + top))
  local dt = SETTLED / steps
  local scratch, kept = { rate = {}, mid = {} }, { [0] = total(below, top) }
  for i = 1, steps do
    advance(below, mean, top, dt, scratch)
    kept[i] = total(below, top)
  end
  local last = kept[steps]
  local leaving = last > 0 and mean * below[top] / last or 0
  return function(time)
    if time >= SETTLED then
      return last * math.exp(-leaving * (time - SETTLED))
    end
    local at = time / dt
    local i = math.floor(at)
    return kept[i] + (kept[math.min(steps, i + 1)] - kept[i]) * (at - i)
  end
end

--- Overflow buckets a chain after `time` lifetimes of churn, as a function of
-- time: one for each eight that the chain's fullest moment passed.
local function overflow(law, mean)
  local levels = {}
  for level = 1, math.ceil((mean + 6 * math.sqrt(mean) + 16) / SLOTS) do
    levels[level] = never_above(law, mean, level * SLOTS)
  end
  return function(time)
    local buckets = 0
    for level = 1, #levels do buckets = buckets + 1 - levels[level](time) end
    return buckets
  end
end

-- -- first fit --------------------------------------------------------------

-- Erlang's chance that the first k slots are all taken, from k - 1 to k.
local function erlang(blocked, mean, k)
  return mean * blocked / (k + mean * blocked)
end

-- Slots and buckets that a hit passes: the k-th slot carries what the slots
-- before it turn away and it does not.
local function hits(mean, last)
  local blocked, slots, buckets = 1, 0, 0
  for k = 1, last do
    local next_blocked = erlang(blocked, mean, k)
    local taken = blocked - next_blocked
    slots = slots + k * taken
    buckets = buckets + (k + SLOTS - 1) // SLOTS * taken
    blocked = next_blocked
  end
  return slots, buckets
end

-- Kosten's sum: mean^c/c! for r = 0, else over j of C(r-1+j, j) times
-- mean^(c-j)/(c-j)!.
local function kosten(mean, c, r)
  local term = 1
  for j = 1, c do term = term * mean / j end
  if r == 0 then return term end
  local sum, ways = 0, 1
  for j = 0, c do
    sum = sum + ways * term
    ways = ways * (r + j) / (j + 1)
    term = term * (c - j) / mean
  end
  return sum
end

-- The chance that no slot beyond the c-th is taken (L. Kosten, 1937: what
-- overflows c servers, by its binomial moments).
local function none_beyond(mean, c)
  local first = kosten(mean, c, 0)
  local sum, weight = 0, 1
  for r = 0, math.ceil(4 * mean + 40) do
    sum = sum + (r % 2 == 0 and weight or -weight) * first / kosten(mean, c, r)
    weight = weight * mean / (r + 1)
  end
  return math.min(1, math.max(0, sum))
end

-- Slots and buckets that a miss passes: up to the last entry and the emptyRest
-- behind it. Behind a full bucket there is one if the chain goes on.
local function misses(mean, last, goes_on)
  local slots, buckets, before = 0, 0, 0
  for c = 0, last do
    local upto = none_beyond(mean, c)
    local chance = math.max(0, upto - before)
    before = upto
    if c > 0 and c % SLOTS == 0 then
      slots = slots + chance * (c + goes_on)
      buckets = buckets + chance * (c // SLOTS + goes_on)
    else
      slots = slots + chance * (c + 1)
      buckets = buckets + chance * (c // SLOTS + 1)
    end
  end
  return slots, buckets
end

--- What searches pass when churn has lasted, with so many overflow buckets a
-- chain; nil for loads at which the sums above lose their digits.
local function probes(mean, overflow_each)
  if mean > 12 then return nil end
  local last = math.ceil(mean + 10 * math.sqrt(mean) + 10)
  local hit, hit_buckets = hits(mean, last)
  local miss, miss_buckets = misses(mean, last, math.min(1, overflow_each))
  return {
    hit_probes = hit, hit_buckets = hit_buckets,
    miss_probes = miss, miss_buckets = miss_buckets,
  }
end

return { overflow = overflow, probes = probes }
