--- What a map costs, by arithmetic alone: its arrays, growths and chains for
-- any number of entries.
--
-- A shape says how a map is made: bytes of a bucket and of what lies outside,
-- its policy, and the law by which its entries fall into chains. The rest is
-- what the core does with it:
--
--   bytes                       peak: old and new array stand side by side
--     |                 ________/\
--     |                |          \______________   at rest
--     |       ___/\____|
--     |__/\__|
--     +--------------------------------------------> inserts
--
-- Bytes are those of stats().bytes: what the map has reserved. A mapped page
-- costs the system nothing until it is touched; `resident` estimates that.
--
-- Numbers that chance decides (overflow buckets, writes that a growth takes)
-- are means; all others are exact.
--
-- A shape: {bucket_size, header, array_header: bytes; text, indirect: sizes of
-- the blocks that an entry has outside the buckets; references: bytes an entry;
-- slabs: costs as in hmap.plan.slabs; there: bytes by part that a map has
-- besides; pointers: whether Go's collector would look into a bucket; policy:
-- as m:tune() has it; law: as in hmap.plan.occupancy}.
--
-- Pure: numbers in, numbers out.

local blocks = require "hmap.plan.slabs"
local churns = require "hmap.plan.churn"
local core = require "hmap.core"
local occupancy = require "hmap.plan.occupancy"
local evacuation = require "hmap.plan.evacuation"

local limits = core.limits()
local PAGE, MAX_BYTES = limits.page, 1 << 62

local function round(x) return math.floor(x + 0.5) end

local function round_up(n, unit) return (n + unit - 1) // unit * unit end

-- -- arrays -----------------------------------------------------------------

--- Entries that 2^B buckets hold without doubling.
local function threshold(shape, B)
  return core.threshold(shape.policy.load, B)
end

local function least_B(shape, n)
  local B = 0
  while n > threshold(shape, B) do B = B + 1 end
  return B
end

--- Overflow buckets that come with an array.
local function preallocated(B)
  return B < 4 and 0 or 1 << (B - 4)
end

local function array_bytes(shape, B)
  local bytes = ((1 << B) + preallocated(B)) * shape.bucket_size
  return bytes > limits.cleared and round_up(bytes, PAGE) or bytes
end

local function is_mapped(shape, B)
  return array_bytes(shape, B) > limits.cleared
end

local function is_sliced(shape, B)
  return array_bytes(shape, B) >= limits.sliced
end

--- Whether an array for n entries is more than a map ever asks for.
local function is_too_many(shape, n)
  local most = MAX_BYTES // shape.bucket_size
  local B = 0
  while B < limits.most_B and (2 << B) <= most // 2 do B = B + 1 end
  return n > threshold(shape, B)
end

--- What is left of an array of 2^B buckets when so many are behind the mark.
local function left_of_array(shape, B, mark)
  local bytes = array_bytes(shape, B)
  if not is_sliced(shape, B) then return bytes end
  return bytes - math.floor(mark * shape.bucket_size)
    // limits.slice * limits.slice
end

-- The share of the old overflow buckets made one by one that is still there:
-- those of chains that wait. (A small array keeps all till the end, unless the
-- collector of Go would look into them.)
local function kept_singles(shape, B, waiting)
  if is_sliced(shape, B) or shape.pointers then return waiting / (1 << B) end
  return 1
end

local function log2(n)
  local B = 0
  while n > 1 << B do B = B + 1 end
  return B
end

local function pace_of(shape, growth)
  return evacuation.pace(shape.policy, shape.law, (growth.at - 1) / growth.from)
end

-- The growth from 2^B buckets that begins with the insert that makes `at`
-- entries: the first past the limit, or past the end of the one before.
local function growth_at(shape, B, at)
  local growth = {
    kind = "double", at = at, from = 1 << B, to = 1 << least_B(shape, at),
  }
  growth.writes = evacuation.writes(pace_of(shape, growth), growth.from,
    growth.from)
  return growth
end

-- -- memory -----------------------------------------------------------------

local PARTS = {
  "header", "buckets", "preallocated", "overflow", "old", "text", "indirect",
  "references",
}

-- With what is there besides, and the sum.
local function summed(shape, parts)
  local total = 0
  for _, name in ipairs(PARTS) do
    parts[name] = (parts[name] or 0) + (shape.there[name] or 0)
    total = total + parts[name]
  end
  parts.total = total
  return parts
end

-- Bytes by part, as m:memory() names them; `overflow`: blocks.
local function memory(shape, B, n, overflow, old)
  local array, costs = array_bytes(shape, B), shape.slabs
  local buckets = (1 << B) * shape.bucket_size
  local parts = {
    header = shape.header + shape.array_header,
    buckets = buckets,
    preallocated = array - buckets,
    old = round(old),
    references = round(n * shape.references),
  }
  for name, kind in pairs {
    overflow = overflow,
    text = blocks.held(shape.text, n),
    indirect = blocks.held(shape.indirect, n),
  } do
    parts[name] = blocks.bytes(kind, costs)
    parts.header = parts.header + blocks.header(kind, costs)
  end
  return summed(shape, parts)
end

-- Before the first insert there is no array.
local function empty_memory(shape)
  return summed(shape, { header = shape.header })
end

-- The share of an array's pages that a share of its buckets, met by chance,
-- touches; `ahead`: the share of buckets among which chance has a say.
local function touched(shape, ahead, unmet)
  local in_page = math.max(1, PAGE / shape.bucket_size)
  return 1 - ahead * unmet ^ in_page
end

-- What the system has given of what is reserved.
local function resident(shape, B, parts, share, overflow)
  if not is_mapped(shape, B) then return parts.total end
  local used = math.min(preallocated(B), overflow) * shape.bucket_size
  return round(parts.total - parts.buckets - parts.preallocated
    + parts.buckets * share + used)
end

-- Overflow buckets made one by one, by the law.
local function singles_of(shape, B, n)
  local overflow = occupancy.overflow(occupancy.of(shape.law, n, 1 << B))
  return math.max(0, overflow * (1 << B) - preallocated(B))
end

-- Bytes of overflow buckets that come loose in a map with 2^B buckets if slabs
-- were there before it got them: some new ones of a growth that keeps the old.
local function loose_since_growth(shape, B)
  if B == 0 then return nil end
  local growth = growth_at(shape, B - 1, threshold(shape, B - 1) + 1)
  local sizes, kept = { shape.bucket_size }, kept_singles(shape, B - 1, 0)
  local old = blocks.held(sizes, singles_of(shape, B - 1, growth.at - 1))
  local new = singles_of(shape, B, growth.at + growth.writes)
  local both = blocks.held(sizes, old.n + kept * new)
  return both.slabs and both.loose - old.loose
end

--- A map of n entries at rest with 2^B buckets, and so many overflow buckets
-- in use (by default what the law says).
local function at_rest(shape, B, n, overflow)
  if n == 0 then
    return { memory = empty_memory(shape), resident = shape.header,
      overflow = 0, singles = 0, blocks = blocks.held({}, 0) }
  end
  local law = occupancy.of(shape.law, n, 1 << B)
  overflow = overflow or occupancy.overflow(law) * (1 << B)
  local singles = math.max(0, overflow - preallocated(B))
  local made = blocks.held({ shape.bucket_size }, round(singles),
    loose_since_growth(shape, B))
  local parts = memory(shape, B, n, made, 0)
  local share = touched(shape, 1, math.exp(-n / (1 << B)))
  return {
    law = law,
    overflow = overflow,
    singles = singles,
    blocks = made,
    memory = parts,
    resident = resident(shape, B, parts, share, overflow),
  }
end

-- -- growths ----------------------------------------------------------------

--- The doublings of a map with 2^B buckets until it holds n entries; none
-- before the insert `earliest`.
local function growths_until(shape, B, earliest, n)
  local list = {}
  local at = math.max(earliest, threshold(shape, B) + 1)
  while at <= n do
    local growth = growth_at(shape, B, at)
    list[#list + 1] = growth
    B = log2(growth.to)
    at = math.max(at + growth.writes, threshold(shape, B) + 1)
  end
  return list
end

--- The share of their memory, of so many bytes, that is still there.
local function kept_overflow(shape, B, waiting, bytes)
  return blocks.share_left(shape.bucket_size, kept_singles(shape, B, waiting),
    bytes)
end

-- The law of the chains that have moved, with what the others do not hold.
local function moved_law(shape, growth, n, waiting, chains)
  local there = n - waiting / growth.from * (growth.at - 1)
  return occupancy.of(shape.law, math.max(0, there), math.max(1, chains))
end

-- Chains that wait and chains that have moved, as one law.
local function mixed_law(old_law, waiting, new_law, moved)
  local law, all = {}, waiting + moved
  for _, part in ipairs(old_law) do
    law[#law + 1] = { part[1], part[2] * waiting / all }
  end
  for _, part in ipairs(new_law) do
    law[#law + 1] = { part[1], part[2] * moved / all }
  end
  return law
end

-- The map just before the growth.
local function before(shape, growth)
  return at_rest(shape, log2(growth.from), growth.at - 1)
end

--- A map in mid-growth, with n entries, after so many of the writes.
local function in_growth(shape, growth, start, n, writes)
  local from, B = growth.from, log2(growth.to)
  local waiting, mark = evacuation.after(pace_of(shape, growth), from, writes)
  local moved = growth.to * (1 - waiting / from)
  local law = moved_law(shape, growth, n, waiting, moved)
  local new = occupancy.overflow(law) * moved
  local made = blocks.exchanged(start.blocks, shape.bucket_size,
    kept_singles(shape, log2(from), waiting),
    math.max(0, new - preallocated(B)))
  local parts = memory(shape, B, n, made,
    left_of_array(shape, log2(from), mark))
  parts.header = parts.header + shape.array_header
  parts.total = parts.total + shape.array_header
  local share = touched(shape, 1 - mark / from,
    mark < from and waiting / (from - mark) or 0)
  return {
    waiting = waiting,
    law = mixed_law(start.law, waiting, law, moved),
    overflow = new + waiting / from * start.overflow,
    memory = parts,
    resident = resident(shape, B, parts, share, new),
  }
end

--- The most bytes of a growth until there are n entries and where, and the most
-- resident. Slices go back while blocks come and pages fill: the most lies
-- somewhere between.
local function growth_peak(shape, growth, n)
  local peak, start = { bytes = 0, resident = 0 }, before(shape, growth)
  local last = math.min(n - growth.at + 1, growth.writes - 1)
  for step = 0, 32 do
    local writes = last * step // 32
    local at = growth.at - 1 + writes
    local now = in_growth(shape, growth, start, at, writes)
    if now.memory.total > peak.bytes then
      peak.bytes, peak.at = now.memory.total, math.max(at, growth.at)
    end
    peak.resident = math.max(peak.resident, now.resident)
  end
  return peak
end

-- Each growth's peak is above all before it.
local function peak_of(shape, growths, rest, n)
  local last = growths[#growths]
  local peak = last and growth_peak(shape, last, n)
    or { bytes = 0, resident = 0 }
  if rest.memory.total > peak.bytes then
    peak.bytes, peak.at = rest.memory.total, n
  end
  peak.resident = math.max(peak.resident, rest.resident)
  return peak
end

--- The growth that is under way when the map holds n entries, if one is.
local function unfinished(growths, n)
  local last = growths[#growths]
  if last and n < last.at + last.writes - 1 then return last end
end

--- What the map has of that growth then, in numbers that stats() and
-- distribution() would show.
local function growing_at(shape, growth, n)
  local writes = n - growth.at + 1
  local now = in_growth(shape, growth, before(shape, growth), n, writes)
  local remaining = round(now.waiting)
  local view = occupancy.probes(now.law)
  for name, value in pairs {
    from = growth.from,
    to = growth.to,
    evacuated = growth.from - remaining,
    remaining = remaining,
    writes = growth.writes - writes,
    overflow = round(now.overflow),
    bytes = now.memory.total,
  } do
    view[name] = value
  end
  return view
end

-- -- entries that come and go -----------------------------------------------

-- The time at which a rising function reaches a value.
local function when(f, value)
  local high = 1
  while f(high) < value do
    high = 2 * high
    if high > 1e9 then return math.huge end
  end
  local low = 0
  for _ = 1, 60 do
    local middle = (low + high) / 2
    if f(middle) < value then low = middle else high = middle end
  end
  return high
end

-- The gaps of churn open within a lifetime or two. (An observation: no law.)
local function opening(probes, from, lifetimes)
  local share = math.exp(-2 * lifetimes)
  for name, mean in pairs(probes) do
    probes[name] = share * from[name] + (1 - share) * mean
  end
  return probes
end

--- A map that was filled with `live` entries and has then taken others in their
-- place, until it was given `entries` in all. Growths to the same size begin
-- anew each time there are too many overflow buckets.
local function churned(shape, B, live, entries)
  local N, mean = 1 << B, live / (1 << B)
  local rest = at_rest(shape, B, live)
  local still = occupancy.probes(rest.law)
  if shape.law ~= "random" or mean > 64 then
    return { overflow = rest.overflow, most = rest.overflow, same_size = 0,
      probes = still }
  end
  local overflow = churns.overflow(rest.law, mean)
  local most = core.overflow_share(shape.policy.load)
  local period = shape.policy.same_size and when(overflow, most) or math.huge
  local lifetimes = (entries - live) / live
  local since = lifetimes % period
  local probes = churns.probes(mean, overflow(since))
  return {
    overflow = overflow(since) * N,
    most = math.min(most, overflow(math.min(lifetimes, period))) * N,
    same_size = math.tointeger(lifetimes // period),
    probes = probes and opening(probes, still, since) or still,
  }
end

--- The worst that churn does: the overflow buckets that begin a growth to the
-- same size, and the second array then.
local function churn_peak(shape, B, live, churn)
  local full = at_rest(shape, B, live, churn.most)
  local more = churn.same_size > 0
    and array_bytes(shape, B) + shape.array_header or 0
  return {
    bytes = full.memory.total + more,
    resident = full.resident + more,
  }
end

return {
  threshold = threshold,
  least_B = least_B,
  log2 = log2,
  preallocated = preallocated,
  is_too_many = is_too_many,
  at_rest = at_rest,
  growths_until = growths_until,
  left_of_array = left_of_array,
  kept_overflow = kept_overflow,
  growth_peak = growth_peak,
  peak = peak_of,
  unfinished = unfinished,
  growing_at = growing_at,
  churned = churned,
  churn_peak = churn_peak,
}
