--- How entries fall into chains, as laws: what a map that is not there would
-- look like inside.
--
-- A law lists the lengths that a chain can have with their chances. All that a
-- plan says of overflow buckets and probes is a mean over one:
--
--   random    under a good hash: n entries at N buckets by chance (binomial)
--   even      consecutive integers under the identity: each chain n/N
--   constant  one hash for all: one chain has everything
--
-- Entries fill a chain from the front, so one of k has ceil(k/8) buckets: so it
-- is without deletes. hmap.plan.churn says what those change.
--
-- Pure: numbers in, numbers out.

local SLOTS = require "hmap.core".limits().slots

-- -- the laws ---------------------------------------------------------------

-- ln(1 - 1/N); 1 - 1/N itself is 1 when N is large.
local function log_of_rest(N)
  N = N + 0.0 -- its cube is beyond integers
  if N < 1e5 then return math.log(1 - 1 / N) end
  return -1 / N - 1 / (2 * N * N) - 1 / (3 * N * N * N)
end

-- Chances below this are left out; so are the lengths they belong to.
local NEVER = 1e-18

-- n entries, each in any of N chains: a list of {entries, chance}.
local function binomial(n, N)
  if N <= 1 then return { { n, 1 } } end
  local law, mean = {}, n / N
  local log_chance = n * log_of_rest(N)
  local odds = math.log(1 / (N - 1))
  for k = 0, math.tointeger(n) or math.floor(n) do
    local chance = math.exp(log_chance)
    if chance > NEVER then
      law[#law + 1] = { k, chance }
    elseif k > mean then
      break
    end
    if n <= k then break end
    log_chance = log_chance + math.log((n - k) / (k + 1)) + odds
  end
  return law
end

local function even(n, N)
  local low = n // N
  local more = n / N - low
  if more < 1e-12 then return { { low, 1 } } end
  return { { low, 1 - more }, { low + 1, more } }
end

local function constant(n, N)
  if N <= 1 then return { { n, 1 } } end
  return { { 0, 1 - 1 / N }, { n, 1 / N } }
end

local LAWS = { random = binomial, even = even, constant = constant }

--- The law of this name for n entries in N chains.
local function of(name, n, N)
  return LAWS[name](n, N)
end

-- -- means over a law -------------------------------------------------------

--- Overflow buckets a chain.
local function overflow(law)
  local mean = 0
  for _, part in ipairs(law) do
    local k, chance = part[1], part[2]
    if k > SLOTS then
      mean = mean + chance * ((k + SLOTS - 1) // SLOTS - 1)
    end
  end
  return mean
end

-- Buckets read to find each of k entries once: ceil(1/8) + .. + ceil(k/8).
local function buckets_to_all(k)
  local full, rest = k // SLOTS, k % SLOTS
  return SLOTS * full * (full + 1) / 2 + rest * (full + 1)
end

-- Slots that a miss passes in a chain of k: all, and the emptyRest that ends
-- it unless the last bucket is full.
local function slots_to_none(k)
  return (k > 0 and k % SLOTS == 0) and k or k + 1
end

--- Means of what a hit and a miss pass and read, as m:distribution() has them.
local function probes(law)
  local entries, hit, hit_buckets, miss, miss_buckets = 0, 0, 0, 0, 0
  for _, part in ipairs(law) do
    local k, chance = part[1], part[2]
    entries = entries + chance * k
    hit = hit + chance * k * (k + 1) / 2
    hit_buckets = hit_buckets + chance * buckets_to_all(k)
    miss = miss + chance * slots_to_none(k)
    miss_buckets = miss_buckets + chance * math.max(1, (k + 7) // SLOTS)
  end
  local any = entries > 0 and entries or 1
  return {
    hit_probes = hit / any, hit_buckets = hit_buckets / any,
    miss_probes = miss, miss_buckets = miss_buckets,
  }
end

return {
  of = of,
  overflow = overflow,
  probes = probes,
}
