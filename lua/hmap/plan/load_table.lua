--- The table that stands above loadFactor in Go's map source, measured anew.
--
-- Go's author tried loads from 4 to 8 entries a bucket on full tables of 8-byte
-- keys and elems, "just before the table grows", and chose 6.5. Here one map
-- passes through the same states: its policy has the load in question, and it
-- is filled to the last entry that this load allows.
--
--   %overflow    overflow buckets, in percent of the buckets
--   bytes/entry  of buckets and overflow buckets in use, less 16 for the pair
--   hitprobe     entries compared to find each key, mean
--   missprobe    entries in the chain of an absent key, mean

local core = require "hmap.core"
local format = require "hmap.format"

-- loadFactor, %overflow, bytes/entry, hitprobe, missprobe, from Go 1.19
-- runtime/map.go.
local PUBLISHED = {
  { 4.00, 2.13, 20.77, 3.00, 4.00 },
  { 4.50, 4.05, 17.30, 3.25, 4.50 },
  { 5.00, 6.85, 14.77, 3.50, 5.00 },
  { 5.50, 10.55, 12.94, 3.75, 5.50 },
  { 6.00, 15.27, 11.67, 4.00, 6.00 },
  { 6.50, 20.90, 10.79, 4.25, 6.50 },
  { 7.00, 27.14, 10.15, 4.50, 7.00 },
  { 7.50, 34.03, 9.73, 4.75, 7.50 },
  { 8.00, 41.10, 9.40, 5.00, 8.00 },
}

local BATCH = 8192
local PAIR = 16 -- bytes of a key and an elem

local function figures(load, overflow, bytes, hit, miss)
  return { load = load, overflow = overflow, bytes = bytes, hit = hit,
    miss = miss }
end

-- Sets the keys above `from` up to `to`, each to itself.
local function fill(m, from, to, report)
  local list = {}
  for first = from + 1, to, BATCH do
    local n = math.min(BATCH, to - first + 1)
    if n < #list then list = {} end
    for i = 1, n do list[i] = first + i - 1 end
    m:set_many(list, list)
    report(first + n - 1)
  end
end

local function look(m, load)
  local raw, stats = core.distribution(m), m:stats()
  local used = (stats.buckets + stats.overflow_in_use)
    * m:layout().bucket_size
  local probed = 0
  for k = 0, 63 do probed = probed + k * raw.by_entries[k] end
  return figures(load, 100 * stats.overflow_in_use / stats.buckets,
    used / stats.count - PAIR, raw.hit_probes / raw.entries,
    probed / raw.nchains)
end

--- Measures all loads on 2^B buckets. progress(total), if given, returns a
-- function that is told now and then how many entries are in.
local function measure(B, seed, progress)
  local rows, filled = {}, 0
  local last = math.tointeger(PUBLISHED[#PUBLISHED][1] * (1 << B))
  local report = progress and progress(last) or function() end
  local m <close> = core.new { key = "int64", value = "int64", seed = seed,
    policy = { load = PUBLISHED[1][1] },
    capacity = math.tointeger(PUBLISHED[1][1] * (1 << B)) }
  for i, published in ipairs(PUBLISHED) do
    local load = published[1]
    m:tune { load = load }
    local full = m:stats().next_growth_at
    fill(m, filled, full, report)
    filled = full
    rows[i] = { measured = look(m, load),
      published = figures(table.unpack(published)) }
  end
  return core.view("load_table", { buckets = 1 << B, seed = seed,
    growths = m:stats().growths.double, rows = rows })
end

local function row_text(row)
  local a, b = row.measured, row.published
  local cells = { string.format("%.2f", a.load) }
  for _, name in ipairs { "overflow", "bytes", "hit", "miss" } do
    cells[#cells + 1] = string.format("%.2f", a[name])
    cells[#cells + 1] = string.format("%.2f", b[name])
  end
  return cells
end

--- The table as a person reads it, with Go's figure behind each.
local function text(view)
  local rows = { { "load", "%overflow", "Go", "bytes/entry", "Go", "hitprobe",
    "Go", "missprobe", "Go" } }
  for _, row in ipairs(view.rows) do rows[#rows + 1] = row_text(row) end
  return string.format("one map of int64 -> int64, %s, filled to each load; "
    .. "seed %d\n%s", format.plural(view.buckets, "bucket"), view.seed,
    format.columns(rows, "rrrrrrrrr"))
end

core.set_view_event("load_table", "__tostring", text)

return { measure = measure, text = text }
