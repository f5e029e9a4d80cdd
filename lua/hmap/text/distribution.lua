--- Is this hash good enough? Statistics over the raw distribution of a map, and
-- a whole map on paper.
--
-- Under a good hash each key picks its bucket by chance, so the entries in a
-- chain follow Poisson's law. We hold the histogram against that law with
-- Pearson's chi-square, and ask what the difference costs a lookup.
--
-- While the map grows its chains are of three sorts, each with its own law:
--
--   old   | moved, behind the mark | waiting      hit  waiting  hit waiting |
--           any number of inserts    none since    one or more
--                                    the start     since the start
--
-- since a write moves the chain that it meets. Taking them as one would find
-- fault with any hash in mid-growth, and so would the laws of these sorts when
-- writes are no inserts: updates meet the longer chains first. So the verdict
-- is on classes of hashes then: the keys whose low bits choose one old bucket,
-- wherever they are by now, are as many as chance has it whoever writes. Only a
-- rekey leaves no class whole.
--
-- Histograms count from 0 here and in the core, in the documented table from 1,
-- where JSON has an array of them: there chains with k entries are at k + 1.
--
-- Pure: tables in, tables and text out.

local format = require "hmap.format"

-- The verdict on the chains, the first of these that holds; `cost` is what a
-- hit passes over, as a multiple of what chance would make it pass over.
--   bad     cost above 1.25, and chance does that less than once in 10^6
--   few     too few chains to tell (no degree of freedom left)
--   good    chance does this once in 10^6, or cost is within 1 % of its own
--           (in a rekey 10 %: see above)
--   even    more regular than chance: cheap, but a pattern shows through
--   uneven  the rest
--
-- Why one in a million: a verdict is asked for often, and a false alarm sends
-- someone after a fault that is not there. Thrown at random, 10^5 times for
-- each of 32 to 512 chains, p falls below 10^-5 at most four times as often as
-- it should, so that far out its law is not exact but its order is. A hash
-- that lookups pay for is no border case: identity on 200 multiples of 8 has a
-- p of 10^-15.
local LIKELY = 1e-6
local COSTLY, CLOSE, CLOSE_IN_REKEY = 1.25, 0.01, 0.1

local VERDICTS = {
  bad = "keys pile up: lookups pay for this hash",
  few = "too few chains to tell",
  good = "keys fall as chance would have them",
  even = "more regular than chance: a pattern in the keys shows through",
  uneven = "less regular than chance, at little cost",
}

-- The core's histograms end there, with "that many or more".
local LAST = 63

-- Of fewer keys some bit may be the same by chance: 64 bits over 40 keys are
-- once in 10^10.
local KEYS_FOR_BITS = 40

-- -- mathematics ------------------------------------------------------------

-- Stirling's series, moved up to where four terms give 12 digits.
local function log_gamma(x)
  local shift = 0
  while x < 10 do
    shift = shift + math.log(x)
    x = x + 1
  end
  local z = 1 / (x * x)
  local series = (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z / 1680))) / x
  return (x - 0.5) * math.log(x) - x + 0.5 * math.log(2 * math.pi) + series
    - shift
end

-- P(a, x) by its power series; converges fast for x < a + 1.
local function gamma_series(a, x)
  local term, sum = 1 / a, 1 / a
  for n = 1, 1000 do
    term = term * x / (a + n)
    sum = sum + term
    if term < sum * 1e-15 then break end
  end
  return sum * math.exp(a * math.log(x) - x - log_gamma(a))
end

-- Q(a, x) by its continued fraction (Lentz's method), for x >= a + 1.
local function gamma_fraction(a, x)
  local b = x + 1 - a
  local c, d = 1e300, 1 / b
  local h = d
  for n = 1, 1000 do
    local an = n * (a - n)
    b = b + 2
    d = 1 / (an * d + b)
    c = b + an / c
    h = h * d * c
    if math.abs(d * c - 1) < 1e-15 then break end
  end
  return h * math.exp(a * math.log(x) - x - log_gamma(a))
end

--- The chance that a chi-square of `df` degrees comes out at `x` or above.
local function chi_square_p(x, df)
  local a, half = df / 2, x / 2
  if half <= 0 then return 1 end
  if half > 1e6 then return 0 end -- and no term overflows on the way
  if half < a + 1 then return 1 - gamma_series(a, half) end
  return gamma_fraction(a, half)
end

--- Chances of 0 .. last events; the last cell is "that many or more".
local function poisson(mean, last)
  local chances, left, log_chance = {}, 1, -mean
  for k = 0, last - 1 do
    if k > 0 then log_chance = log_chance + math.log(mean / k) end
    chances[k] = math.exp(log_chance)
    left = left - chances[k]
  end
  chances[last] = math.max(0, left)
  return chances
end

local function zeros(last)
  local list = {}
  for k = 0, last do list[k] = 0 end
  return list
end

-- The law of a sum of two independent numbers.
local function sum_law(a, b, last)
  local chances = zeros(last)
  for i = 0, last do
    for j = 0, last do
      local k = math.min(i + j, last)
      chances[k] = chances[k] + a[i] * b[j]
    end
  end
  return chances
end

-- -- what chance would do ---------------------------------------------------

-- The entries that came to one of the `split` halves of an old chain of which
-- we know only that something came to it: Poisson, less "nothing came at all".
local function visited(mean, split, last)
  local law, none = poisson(mean / split, last), math.exp(-mean)
  for k = 0, last do
    law[k] = (law[k] - (k == 0 and none or 0)) / (1 - none)
  end
  return law
end

-- Entries a bucket when the growth in progress began, and inserts a bucket
-- since. A doubling begins one past its limit; otherwise the chains that
-- writes found ahead of the mark tell how many came.
local function before_and_since(g)
  local mean = g.count / g.old
  local limit = g.old == 1 and 8 or g.threshold * g.old // g.buckets
  if g.count >= limit then
    return limit / g.old, mean - limit / g.old
  end
  local hit, ahead = g.evacuated - g.mark, g.old - g.mark
  local since = hit < ahead and -math.log(1 - hit / ahead) or mean
  since = math.min(mean, since)
  return mean - since, since
end

-- Old buckets that shrink merge in order into new ones, so that some of these
-- have taken one more than others; those that rekey strew over all.
local function merging(g, last)
  local an_old = g.count / g.old
  local waiting = { g.old - g.evacuated, poisson(an_old, last) }
  if g.kind == "rekey" then
    local mean = an_old * g.evacuated / g.buckets
    return { waiting, { g.buckets, poisson(mean, last) } }
  end
  local taken, ahead = g.evacuated // g.buckets, g.evacuated % g.buckets
  return {
    waiting,
    { ahead, poisson(an_old * (taken + 1), last) },
    { g.buckets - ahead, poisson(an_old * taken, last) },
  }
end

-- The sorts of chains in a map, as {how many, their law}. At rest, and when an
-- old bucket has one heir that gets all its keys, there is a single one.
local function populations(g, last)
  if not g.old or g.kind == "same_size" then
    return { { g.chains, poisson(g.count / g.chains, last) } }
  end
  if g.kind ~= "double" then return merging(g, last) end
  local split = g.buckets / g.old
  local before, since = before_and_since(g)
  local moved = poisson(g.count / g.old / split, last)
  local hit = moved
  if since > 1e-9 then
    local kept = poisson(before / split, last)
    hit = sum_law(kept, visited(since, split, last), last)
  end
  return {
    { g.mark * split, moved },
    { (g.evacuated - g.mark) * split, hit },
    { g.old - g.evacuated, poisson(before, last) },
  }
end

--- Chains expected to hold 0 .. last entries.
local function expected_chains(g, last)
  local chains = zeros(last)
  for _, sort in ipairs(populations(g, last)) do
    for k = 0, last do chains[k] = chains[k] + sort[1] * sort[2][k] end
  end
  return chains
end

-- -- holding the two against each other -------------------------------------

-- Cells in which chance expects fewer than five chains join their neighbour:
-- below that Pearson's sum no longer follows its law.
local function chi_square(observed, expected, last)
  local sum, cells = 0, 0
  local o, e = 0, 0
  local rest = 0
  for k = 0, last do rest = rest + expected[k] end
  for k = 0, last do
    o, e, rest = o + observed[k], e + expected[k], rest - expected[k]
    if (e >= 5 and rest >= 5) or (k == last and e > 0) then
      sum, cells = sum + (o - e) ^ 2 / e, cells + 1
      o, e = 0, 0
    end
  end
  -- The number of chains and the number of entries are given.
  return sum, math.max(0, cells - 2)
end

-- Entries that a search passes over, its own included, summed over all hits:
-- 1 + 2 + .. + n in a chain of n. `beyond`: the entries of a chain in the
-- last cell, which counts all longer ones.
local function passed(chains, last, beyond)
  local entries, steps = 0, 0
  for k = 0, last do
    local n = k == last and beyond or k
    entries = entries + n * chains[k]
    steps = steps + n * (n + 1) / 2 * chains[k]
  end
  return entries, steps
end

-- The mean of that over n entries, of which the lengths tell but the longest.
local function mean_passed(lengths, n, last)
  local entries = 0
  for k = 0, last - 1 do entries = entries + k * lengths[k] end
  local tail = lengths[last]
  local beyond = tail > 0 and (n - entries) / tail or last
  local all, steps = passed(lengths, last, beyond)
  return all > 0 and steps / all or 1
end

local function verdict_of(d, kind)
  local close = kind == "rekey" and CLOSE_IN_REKEY or CLOSE
  local likely = not d.p or d.p >= LIKELY
  if d.cost > COSTLY and not likely then return "bad" end
  if d.df < 1 then return d.cost > 2 and "bad" or "few" end
  if likely or math.abs(d.cost - 1) <= close then return "good" end
  return d.cost < 1 and "even" or "uneven"
end

-- What the verdict is on: lengths, seen and by chance, of the chains or, where
-- they are known, of the classes.
local function judged(raw, hashes, expected, last)
  local n = hashes and hashes.classes
  if not n then return raw.by_entries, expected, raw.nchains end
  local law = poisson(raw.entries / n, last)
  for k = 0, last do law[k] = law[k] * n end
  return hashes.by_class, law, n
end

-- The figures of the verdict, into d.
local function judge(d, raw, hashes, expected, last, kind)
  local seen, due, classes = judged(raw, hashes, expected, last)
  local _, steps = passed(due, last, last)
  d.classes = classes
  d.cost = raw.entries > 0
    and mean_passed(seen, raw.entries, last) * raw.entries / steps or 1
  d.chi_square, d.df = chi_square(seen, due, last)
  d.p = d.df > 0 and chi_square_p(d.chi_square, d.df) or nil
  d.verdict = verdict_of(d, kind)
  d.why = VERDICTS[d.verdict]
end

-- The chance that two entries have the same tophash. By chance 1 in 246: the
-- bytes 0..4 are states, and what would have them gets 5..9.
local function tophash_match(tophash, entries)
  local pairs_equal = 0
  for byte = 0, 255 do
    local n = tophash[byte]
    pairs_equal = pairs_equal + n * (n - 1)
  end
  return entries > 1 and pairs_equal / (entries * (entries - 1)) or 0
end

--- The numbers of the bits that are set in a mask.
local function bits_of(mask)
  local list = {}
  for bit = 0, 63 do
    if mask >> bit & 1 == 1 then list[#list + 1] = bit end
  end
  return list
end

-- Bits that tell no two keys apart. What is the same in all of few keys may be
-- chance, so nothing is said of it.
local function stuck_bits(hashes)
  if not hashes or hashes.keys < KEYS_FOR_BITS then return {}, {} end
  return bits_of(~hashes.any), bits_of(hashes.all)
end

-- As a plain list: 0 .. last at 1 .. last + 1.
local function as_list(histogram, last)
  return table.move(histogram, 0, last, 1, {})
end

-- The longest chain that chance would make: the last that one half chain or
-- more is expected to reach.
local function expected_max(expected, last)
  local tail = 0
  for k = last, 1, -1 do
    tail = tail + expected[k]
    if tail >= 0.5 then return k end
  end
  return 0
end

-- What the law depends on. The chains tell how many old buckets have moved:
-- one that splits makes more of them, one that merges leaves the new ones.
local function situation(raw, stats, header)
  local old = stats.growing and stats.old_buckets or nil
  local evacuated
  if stats.kind == "double" then
    evacuated = (raw.nchains - old) // (stats.buckets // old - 1)
  elseif old then
    evacuated = old + stats.buckets - raw.nchains
  end
  return {
    count = raw.entries,
    chains = raw.nchains,
    buckets = stats.buckets,
    threshold = stats.threshold,
    old = old,
    mark = header.nevacuate,
    evacuated = evacuated,
    kind = stats.kind,
  }
end

--- The documented table from the core's raw counts and the map's state
-- (`stats` and `header` views of the same moment). `hashes` is what the keys'
-- hashes have in common; nil: unknown.
local function distribution(raw, stats, header, hashes)
  local last = LAST
  local chains = raw.nchains
  local expected = chains > 0
    and expected_chains(situation(raw, stats, header), last)
    or zeros(last)
  local d = {
    chains = chains,
    entries = raw.entries,
    mean = chains > 0 and raw.entries / chains or 0,
    max_entries = raw.max_entries,
    max_overflow = raw.max_overflow,
    expected_max = expected_max(expected, last),
    by_overflow = as_list(raw.by_overflow, math.min(last,
      raw.max_overflow)),
    by_state = raw.by_state,
    tophash_match = tophash_match(raw.tophash, raw.entries),
  }
  judge(d, raw, hashes, expected, last, stats.kind)
  local shown = math.min(last, math.max(d.max_entries, d.expected_max))
  d.by_entries = as_list(raw.by_entries, shown)
  d.expected = as_list(expected, shown)
  local hits, misses = math.max(1, raw.entries), math.max(1, chains)
  d.hit_probes, d.hit_buckets = raw.hit_probes / hits, raw.hit_buckets / hits
  d.miss_probes = raw.miss_probes / misses
  d.miss_buckets = raw.miss_buckets / misses
  d.never_set, d.always_set = stuck_bits(hashes)
  return d
end

-- -- text -------------------------------------------------------------------

local function chance_text(p)
  if not p then return "no p" end
  if p < 1e-4 then return "p < 0.0001" end
  return string.format("p = %.4f", p)
end

local function highest(list)
  local top = 0
  for _, n in ipairs(list) do top = math.max(top, n) end
  return top
end

local function row(label, seen, due, bar)
  local by_chance = due < 9.95 and string.format("%.1f", due)
    or format.count(due)
  return { label, format.count(seen), by_chance, bar }
end

-- The last length that has a line of its own: longer chains, rare both by
-- chance and in fact, share one.
local function last_alone(d)
  local longest = #d.by_entries - 1
  for k = longest, 1, -1 do
    if d.expected[k + 1] >= math.max(0.5, d.chains / 500)
      or d.by_entries[k + 1] > d.chains / 50 then
      return math.min(k, longest - 1)
    end
  end
  return 0
end

local function histogram(d, width, ascii)
  local room = math.max(10, width - 36)
  local top = math.max(highest(d.by_entries), highest(d.expected))
  local rows = { { "entries", "chains", "by chance" } }
  local last, seen, due = last_alone(d), 0, 0
  local longest = #d.by_entries - 1
  for k = 0, longest do
    seen, due = seen + d.by_entries[k + 1], due + d.expected[k + 1]
    if k <= last or k == longest then
      local first = math.min(k, last + 1)
      local more = (k > first or k == LAST) and "+" or ""
      local bar = format.bar(seen, due, top / room, room, ascii)
      rows[#rows + 1] = row(first .. more, seen, due, bar)
      seen, due = 0, 0
    end
  end
  return format.columns(rows, "rrrl", " ")
end

local function overflow_line(d)
  local parts = {}
  for i, n in ipairs(d.by_overflow) do
    local k = i - 1
    if n > 0 then
      parts[#parts + 1] = string.format("%s with %d%s", format.count(n), k,
        k == LAST and "+" or "")
    end
  end
  local shown = table.concat(parts, ", ", 1, math.min(#parts, 5))
  local more = #parts > 5 and ", up to " .. format.count(d.max_overflow) or ""
  return shown .. more .. " overflow buckets"
end

local function one_in(chance)
  if chance <= 0 then return "none" end
  return "1 in " .. format.count(math.max(1, 1 / chance))
end

-- A tophash that most keys share spares no comparison of keys.
local function tophash_line(d)
  local blunt = d.tophash_match > 0.1
    and ": it spares few key comparisons" or ""
  return one_in(d.tophash_match) .. " (by chance 1 in 246)" .. blunt
end

-- {0, 1, 2, 63} -> "0-2, 63"
local function ranges(list)
  local parts, first = {}, 1
  for i = 1, #list do
    if list[i + 1] ~= list[i] + 1 then
      parts[#parts + 1] = first == i and tostring(list[i])
        or list[first] .. "-" .. list[i]
      first = i + 1
    end
  end
  return table.concat(parts, ", ")
end

-- How many of the bits from `first` to `last` are stuck.
local function stuck_within(d, first, last)
  local n = 0
  for _, list in ipairs { d.never_set, d.always_set } do
    for _, bit in ipairs(list) do
      if bit >= first and bit <= last then n = n + 1 end
    end
  end
  return n
end

-- What that does to a map: its bucket is chosen by low bits, its tophash is
-- the top byte. Stuck bits just above the low ones wait for the map to grow.
local function stuck_harm(d)
  local harm, low = {}, 0
  while stuck_within(d, low, low) == 1 do low = low + 1 end
  if low > 0 then
    harm[1] = "uses 1 bucket in " .. format.count(1 << low)
  end
  if stuck_within(d, 56, 63) == 8 then
    harm[#harm + 1] = "one tophash for all"
  end
  return #harm > 0 and ": " .. table.concat(harm, ", ") or ""
end

--- The stuck bits of a distribution in words; nil: there are none.
local function stuck(d)
  local never, always = #d.never_set, #d.always_set
  if never + always == 0 then return nil end
  if never + always == 64 then return "all 64: every key has the same hash" end
  local parts = {}
  if never > 0 then parts[1] = ranges(d.never_set) .. " never set" end
  if always > 0 then
    parts[#parts + 1] = ranges(d.always_set) .. " always set"
  end
  return table.concat(parts, ", ") .. stuck_harm(d)
end

-- Where the verdict is on other things than the chains above, it says so.
local function summary(d)
  local f = string.format
  local classes, bits = d.classes ~= d.chains, stuck(d)
  local rows = {
    { "verdict", f("%s: %s", d.verdict, d.why) },
    { "", f("chi-square %.1f, %s, %s", d.chi_square,
      format.plural(d.df, "degree") .. " of freedom", chance_text(d.p)) },
    classes and { "", f("over %s of hashes, be their keys old or moved",
      format.plural(d.classes, "class", "classes")) } or false,
    { "longest chain", f("%s (by chance about %d)",
      format.plural(d.max_entries, "entry", "entries"), d.expected_max) },
    { "overflow", overflow_line(d) },
    { "a hit", f("reads %.2f buckets, %.2f slots: %.2fx what chance would",
      d.hit_buckets, d.hit_probes, d.cost) },
    { "a miss", f("reads %.2f buckets, %.2f slots",
      d.miss_buckets, d.miss_probes) },
    { "same tophash", tophash_line(d) },
    bits and { "stuck bits", bits } or false,
  }
  for i = #rows, 1, -1 do
    if not rows[i] then table.remove(rows, i) end
  end
  return format.columns(rows, "ll", " ")
end

--- The distribution as a person reads it. opts: width, ascii.
local function text(d, opts)
  opts = opts or {}
  local title = string.format("%s in %s, %.2f each",
    format.plural(d.entries, "entry", "entries"),
    format.plural(d.chains, "chain"), d.mean)
  if d.chains == 0 then return title end
  return table.concat({
    title,
    histogram(d, opts.width or 80, opts.ascii),
    summary(d),
  }, "\n")
end

-- -- a whole map ------------------------------------------------------------

local function section(title, body)
  return title:upper() .. "\n" .. body
end

local function policy_text(policy)
  local names, parts = {}, {}
  for name in pairs(policy) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = string.format("%s %s", name:gsub("_", " "), policy[name])
  end
  return table.concat(parts, ", ")
end

-- A line of the state, in line with those of the stats; wrapped if need be.
local function state_line(label, value, width)
  local indent = (" "):rep(#"overflow  ")
  return format.pad(label, #indent) .. format.wrap(value, width, indent):sub(
    #indent + 1)
end

local function state_text(parts, width)
  local f = string.format
  return table.concat({
    tostring(parts.stats),
    state_line("B", f("%d, nevacuate %s", parts.header.B,
      format.count(parts.header.nevacuate)), width),
    state_line("policy", policy_text(parts.policy), width),
    state_line("check", parts.broken or "every invariant holds", width),
  }, "\n")
end

--- Everything about a map on one page. parts: version, title, and the views
-- header, stats, memory, layout, distribution, policy, picture of one moment;
-- broken, if the map is. opts as for text.
local function whole(parts, opts)
  local width = opts.width or 80
  return table.concat({
    format.wrap(parts.title, width) .. "\n" .. parts.version,
    section("State", state_text(parts, width)),
    section("Memory", tostring(parts.memory)),
    section("A bucket", tostring(parts.layout)),
    section("How the keys fell", text(parts.distribution, opts)),
    section("Picture", parts.picture),
  }, "\n\n")
end

return {
  distribution = distribution,
  text = text,
  stuck = stuck,
  whole = whole,
  chi_square_p = chi_square_p,
  poisson = poisson,
}
