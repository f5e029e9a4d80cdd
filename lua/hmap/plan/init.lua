--- Planning: hmap.plan before there is a map, m:forecast from one that is
-- there. hmap.plan.memory does the arithmetic; this room asks for it.
--
-- What the arithmetic must know of the core (bytes of a header, a bucket, the
-- numbers of a policy) it learns from a map without entries, so that a plan
-- takes the types and policies that hmap.new does, and refuses the others in
-- the same words. What slabs cost it learns once, from a map that has some.

local blocks = require "hmap.plan.slabs"
local core = require "hmap.core"
local cost = require "hmap.plan.memory"
local go = require "hmap.plan.go"
local occupancy = require "hmap.plan.occupancy"
local evacuation = require "hmap.plan.evacuation"
local options = require "hmap.options"
local format = require "hmap.format"

local INLINE_TEXT = core.limits().text_bytes

-- -- what is asked ----------------------------------------------------------

local function blame(method, text, ...)
  error(string.format("bad argument #1 to '%s' (%s)", method,
    string.format(text, ...)), 0)
end

-- Runs fn; its errors are the fault of whoever called the function that this
-- returns.
local function answering(fn)
  return function(...)
    local ok, result = pcall(fn, ...)
    if not ok then error(result, 2) end
    return result
  end
end

local function is_amount(value)
  return math.type(value) and value >= 0 and value < 2 ^ 31
end

local COUNT = options.integer_from(0)
local LENGTH = { is_amount, "average length of a text" }
local OPTIONS = {
  entries = COUNT, live = COUNT, bytes = COUNT,
  key_bytes = LENGTH, value_bytes = LENGTH,
  key = {}, value = {}, hash = {}, policy = {}, -- hmap.new's
}

local function check_options(given)
  if given == nil then blame("plan", "table expected, got nil") end
  local opts = options.check("plan", 1, given, OPTIONS, 0)
  if (opts.entries == nil) == (opts.bytes == nil) then
    blame("plan", "one of the options 'entries' and 'bytes' expected")
  end
  if opts.live and not opts.entries then
    blame("plan", "option 'live' goes with 'entries'")
  end
  if opts.live and (opts.live == 0 or opts.live > opts.entries) then
    blame("plan", "option 'live': from 1 to the %d entries expected, got %d",
      opts.entries, opts.live)
  end
  return opts
end

-- -- from types to a shape --------------------------------------------------

-- Cells of text in a type, or cells that may be text.
local function texts_in(spec)
  if type(spec) == "string" then
    return (spec == "string" or spec == "any") and 1 or 0
  end
  local n = 0
  for _, field in ipairs(spec) do n = n + texts_in(field:match("[^:]*$")) end
  return n
end

-- Adds the blocks of text that an entry has outside the cells; its bytes in Go.
local function add_text(sizes, opts, side, spec)
  local length, texts = opts[side .. "_bytes"] or 0, texts_in(spec)
  if length > 0 and texts == 0 then
    blame("plan", "option '%s_bytes': %ss of this type have no text", side,
      side)
  end
  for _ = 1, length > INLINE_TEXT and texts or 0 do
    sizes[#sizes + 1] = length
  end
  return texts * go.text_bytes(length)
end

-- The same words of complaint, but for who complains.
local function new_map(opts)
  local ok, m = pcall(core.new, opts)
  if ok then return m end
  error((m:gsub("^.-bad argument", "bad argument", 1)
    :gsub("to 'new'", "to 'plan'", 1)), 0)
end

local function header_bytes(opts)
  local m <close> = new_map(opts)
  return m:memory().header
end

local LAWS = { identity = "even", constant = "constant" }

-- What lies outside the bucket, in one block each.
local function indirect_sizes(layout)
  local sizes = {}
  if layout.indirect_key then sizes[1] = layout.key_size end
  if layout.indirect_value then sizes[#sizes + 1] = layout.value_size end
  return sizes
end

-- Nine entries need two buckets: an array.
local function array_header(key, value)
  return header_bytes { key = key, value = value, capacity = 9 }
    - header_bytes { key = key, value = value }
end

-- A map of 2 KiB cells beside their buckets: what header and cells gain with
-- the insert that opens the first slab, and with that of the second region.
local function watch_slabs()
  local m <close> = core.new { key = "[2048]byte", value = "none",
    capacity = 600 }
  local seen, before = {}, m:memory()
  for i = 1, 600 do
    m:set(string.pack("i8c2040", i, ""), true)
    local now = m:memory()
    if now.header > before.header then
      seen[#seen + 1] = { header = now.header - before.header,
        bytes = now.indirect - before.indirect }
    end
    before = now
  end
  return seen
end

local costs -- as hmap.plan.slabs has them

local function slab_costs()
  if costs then return costs end
  local none = { header = 0, bytes = 1 } -- where nothing is mapped
  local first, second = table.unpack(watch_slabs())
  first, second = first or none, second or none
  costs = { unit = first.bytes, region = second.header,
    first = first.header - second.header }
  return costs
end

local function shape_of(opts)
  local key, value = opts.key or "any", opts.value or "any"
  local m <close> = new_map { key = key, value = value, hash = opts.hash,
    policy = opts.policy }
  local layout = m:layout()
  local text, indirect = {}, indirect_sizes(layout)
  local key_go = add_text(text, opts, "key", key)
  local value_go = add_text(text, opts, "value", value)
  return {
    key = key, value = value,
    bucket_size = layout.bucket_size,
    header = m:memory().header,
    array_header = array_header(key, value),
    text = text, indirect = indirect,
    go_text = key_go + value_go,
    references = 0, -- who knows which values will be objects
    slabs = slab_costs(), there = {},
    pointers = texts_in(key) + texts_in(value) + #indirect > 0,
    policy = m:tune(),
    law = LAWS[opts.hash] or "random",
  }
end

-- -- in Go ------------------------------------------------------------------

local function go_outside(shape, n)
  local bytes = n * shape.go_text
  for _, size in ipairs(shape.indirect) do
    bytes = bytes + n * go.rounded(size)
  end
  return math.floor(bytes + 0.5)
end

local function overflow_of(shape, B, n)
  return occupancy.overflow(occupancy.of(shape.law, n, 1 << B)) * (1 << B)
end

-- The last growth begins with both arrays whole.
local function go_peak(shape, B)
  if B == 0 then return 0 end
  local n = go.threshold(B - 1)
  local old = go.bytes(B - 1, shape.bucket_size,
    overflow_of(shape, B - 1, n), shape.pointers)
  return old + go.array(B, shape.bucket_size).bytes + go_outside(shape, n)
end

--- The same map in Go: live bytes of its heap at rest and at the worst moment,
-- by Go's rules whatever the policy; `churn` as of hmap.plan.memory, if any.
local function in_go(shape, n, churn)
  local B = go.least_B(n)
  local function bytes_with(overflow)
    return go.bytes(B, shape.bucket_size, overflow, shape.pointers)
      + go_outside(shape, n)
  end
  if n == 0 then return { bytes = go.HEADER, peak = go.HEADER } end
  local overflow = churn and churn.overflow or overflow_of(shape, B, n)
  local array, bytes = go.array(B, shape.bucket_size), bytes_with(overflow)
  local again = churn and churn.same_size > 0
    and bytes_with(churn.most) + array.bytes or 0
  return {
    B = B,
    buckets = 1 << B,
    preallocated = array.preallocated,
    array_bytes = array.bytes,
    overflow = math.floor(overflow + 0.5),
    bytes = bytes,
    bytes_per_entry = bytes / n,
    peak = math.max(bytes, go_peak(shape, B), again),
  }
end

-- -- a plan -----------------------------------------------------------------

local function set_all(to, from)
  for name, value in pairs(from) do to[name] = value end
end

-- B, overflow and bytes of `n` entries at rest after these growths.
local function add_rest(plan, shape, n, B, rest)
  plan.B = B
  plan.buckets = n > 0 and 1 << B or 0
  plan.load = n / (1 << B)
  plan.next_growth_at = cost.threshold(shape, B)
  plan.preallocated = n > 0 and cost.preallocated(B) or 0
  plan.overflow = math.floor(rest.overflow + 0.5)
  plan.overflow_made = math.floor(rest.singles + 0.5)
  plan.memory, plan.bytes = rest.memory, rest.memory.total
  plan.resident = rest.resident
  plan.bytes_per_entry = n > 0 and plan.bytes / n or nil
  set_all(plan, occupancy.probes(rest.law or {}))
end

local function last_B(shape, growths, n)
  local last = growths[#growths]
  return last and cost.log2(last.to) or cost.least_B(shape, n)
end

local function plan_filled(shape, n)
  local growths = cost.growths_until(shape, 0, 1, n)
  local B = last_B(shape, growths, n)
  local rest = cost.at_rest(shape, B, n)
  local plan = { key = shape.key, value = shape.value, entries = n,
    growths = growths, peak = cost.peak(shape, growths, rest, n) }
  add_rest(plan, shape, n, B, rest)
  local growing = cost.unfinished(growths, n)
  plan.growing = growing and cost.growing_at(shape, growing, n)
  plan.go = in_go(shape, n)
  return plan
end

-- Filled with `live` entries, and then each further one takes another's place.
local function plan_churned(shape, entries, live)
  local plan = plan_filled(shape, live)
  local churn = cost.churned(shape, plan.B, live, entries)
  local rest = cost.at_rest(shape, plan.B, live, churn.overflow)
  local worst = cost.churn_peak(shape, plan.B, live, churn)
  plan.entries, plan.live, plan.growing = entries, live, nil
  plan.same_size = churn.same_size
  add_rest(plan, shape, live, plan.B, rest)
  set_all(plan, churn.probes)
  if worst.bytes > plan.peak.bytes then plan.peak = worst end
  plan.go = in_go(shape, live, churn)
  return plan
end

-- The largest n up to which is_good(n), which is good at 0, holds.
local function largest(is_good)
  local high = 8
  while is_good(high) do high = 2 * high end
  local low = high == 8 and 0 or high // 2
  while high - low > 1 do
    local middle = (low + high) // 2
    if is_good(middle) then low = middle else high = middle end
  end
  return low
end

local function bytes_at_rest(shape, n)
  local growths = cost.growths_until(shape, 0, 1, n)
  return cost.at_rest(shape, last_B(shape, growths, n), n).memory.total
end

local function bytes_at_peak(shape, n)
  local growths = cost.growths_until(shape, 0, 1, n)
  local last = growths[#growths]
  local rest = cost.at_rest(shape, last_B(shape, growths, n), n).memory.total
  return last and math.max(rest, cost.growth_peak(shape, last, n).bytes) or rest
end

--- From bytes to entries: how many fit at rest, in a map made for them with
-- `capacity`; and how many inserts alone can bring, growths and all.
local function plan_backwards(shape, bytes)
  local function fits(of)
    return largest(function(n)
      return not cost.is_too_many(shape, n) and of(shape, n) <= bytes
    end)
  end
  local entries, grown = fits(bytes_at_rest), fits(bytes_at_peak)
  return {
    key = shape.key, value = shape.value, limit = bytes,
    entries = entries, entries_growing = grown,
    at_rest = core.view("plan", plan_filled(shape, entries)),
    while_growing = core.view("plan", plan_filled(shape, grown)),
  }
end

local function plan(given)
  local opts = check_options(given)
  local shape = shape_of(opts)
  if opts.bytes then
    return core.view("plan", plan_backwards(shape, opts.bytes))
  end
  local n = opts.live or opts.entries
  if cost.is_too_many(shape, n) then
    blame("plan", "no map has an array for %d entries", n)
  end
  return core.view("plan", opts.live
    and plan_churned(shape, opts.entries, n) or plan_filled(shape, n))
end

-- -- a forecast -------------------------------------------------------------

-- The shape of a map that is there: what its entries hold outside the buckets
-- now, the coming ones will.
local function shape_of_map(m, stats, memory)
  local layout, array = m:layout(), array_header("int64", "int64")
  local arrays = (stats.buckets > 0 and 1 or 0) + (stats.growing and 1 or 0)
  local count = math.max(1, stats.count)
  local text, indirect = {}, indirect_sizes(layout)
  if memory.text > 0 then
    text[1] = blocks.likely_size(memory.text, count, slab_costs())
  end
  return {
    bucket_size = layout.bucket_size,
    header = memory.header - arrays * array, array_header = array,
    text = text, indirect = indirect,
    references = memory.references / count,
    slabs = slab_costs(), there = {},
    pointers = #text + #indirect > 0,
    policy = m:tune(),
    law = "random",
  }
end

local function pace_of(shape, stats)
  local load = stats.count / stats.old_buckets
  return evacuation.pace(shape.policy, shape.law, load)
end

-- The move that is under way, if one is.
local function move_under_way(shape, stats)
  if not stats.growing then return nil end
  return {
    kind = stats.kind, from = stats.old_buckets, to = stats.buckets,
    evacuated = stats.evacuated, remaining = stats.remaining,
    writes = evacuation.writes(pace_of(shape, stats), stats.old_buckets,
      stats.remaining),
  }
end

-- How far that move is when the map holds n entries, if it is not over. Its
-- overflow buckets turn from those there are into those of the map at rest.
local function move_then(shape, m, move, rest, n)
  local stats, memory = m:stats(), m:memory()
  local writes = n - stats.count
  if writes >= move.writes then return nil end
  local waiting, mark = evacuation.after(pace_of(shape, stats), move.from,
    writes, move.remaining, m:header().nevacuate)
  local remaining, B = math.floor(waiting + 0.5), cost.log2(move.from)
  local kept = cost.kept_overflow(shape, B, waiting, memory.overflow)
    / cost.kept_overflow(shape, B, move.remaining, memory.overflow)
  return {
    from = move.from, to = move.to,
    evacuated = move.from - remaining, remaining = remaining,
    writes = move.writes - writes,
    bytes = rest.memory.total + shape.array_header
      + cost.left_of_array(shape, B, mark)
      + math.floor((memory.overflow - rest.memory.overflow) * kept + 0.5),
  }
end

-- What is in use now, and what inserts into these buckets are expected to add.
local function overflow_then(shape, stats, B, n)
  if stats.growing or stats.count == 0 then return nil end
  return stats.overflow_in_use + overflow_of(shape, B, n)
    - overflow_of(shape, B, stats.count)
end

-- By part, what the map has and the arithmetic knows nothing of. Overflow
-- buckets count if it keeps those that it has: no growth is under way or comes.
local function there_besides(shape, stats, memory, B, is_kept)
  if stats.count == 0 then return {} end
  local now = cost.at_rest(shape, B, stats.count,
    overflow_then(shape, stats, B, stats.count)).memory
  return {
    header = memory.header - now.header
      - (stats.growing and shape.array_header or 0),
    text = memory.text - now.text,
    indirect = memory.indirect - now.indirect,
    overflow = is_kept and memory.overflow - now.overflow or 0,
  }
end

local function check_forecast(m, n)
  local open, stats = pcall(m.stats, m)
  if not open then error(stats, 0) end
  if not COUNT[1](n) then
    blame("forecast", "number of entries expected, got %s",
      format.value(n))
  end
  n = math.tointeger(n)
  if n < stats.count then
    blame("forecast", "the map holds %d entries, more than %d", stats.count, n)
  end
  return stats, n
end

-- From the insert that completes what is under way.
local function coming_growths(shape, B, stats, move, n)
  local earliest = stats.count + 1 + (move and move.writes or 0)
  return cost.growths_until(shape, B, earliest, n)
end

local function peak_then(shape, growths, rest, stats, n)
  local peak = cost.peak(shape, growths, rest, n)
  if stats.bytes > peak.bytes then
    peak.bytes, peak.at = stats.bytes, stats.count
  end
  return peak
end

--- What inserts of new keys will do to a map until it holds n entries. For a
-- map that inserts alone have filled it agrees with the plan.
local function forecast(m, given)
  local stats, n = check_forecast(m, given)
  local memory = m:memory()
  local shape = shape_of_map(m, stats, memory)
  if cost.is_too_many(shape, n) then
    blame("forecast", "no map has an array for %d entries", n)
  end
  local B, move = m:header().B, move_under_way(shape, stats)
  local growths = coming_growths(shape, B, stats, move, n)
  local last = growths[#growths]
  shape.there = there_besides(shape, stats, memory, B, not last and not move)
  B = last and cost.log2(last.to) or B
  local rest = cost.at_rest(shape, B, n,
    not last and overflow_then(shape, stats, B, n) or nil)
  local view = {
    count = stats.count, entries = n, growths = growths, under_way = move,
    pending = stats.pending, bytes_now = stats.bytes,
    peak = peak_then(shape, growths, rest, stats, n),
  }
  add_rest(view, shape, n, B, rest)
  local unfinished = cost.unfinished(growths, n)
  view.growing = unfinished and cost.growing_at(shape, unfinished, n)
    or not last and move and move_then(shape, m, move, rest, n)
    or nil
  return core.view("forecast", view)
end

return {
  plan = answering(plan),
  forecast = answering(forecast),
}
