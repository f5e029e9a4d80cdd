--- All maps of this Lua state as Prometheus text, exposition format 0.0.4.
--
-- A series is a name, not a map: maps of one name are summed, all that have
-- none are one series with map="". So the number of series depends on what a
-- program calls its maps, and counters go on when maps come and go. Only when
-- there are more than a thousand names, those that no open map has are summed
-- under none.

local core = require "hmap.core"
local kinds = require "hmap.growth"
local live = require "hmap.observe.live"
local format = require "hmap.format"

local MEMORY_PARTS = { "header", "buckets", "preallocated", "overflow", "old",
  "text", "indirect", "references" }

local ESCAPES = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }

-- A label is UTF-8, and people read it; line ends Prometheus escapes itself.
local function shown(s) return (s:gsub("[^\n]+", format.safe)) end

--- A string as it stands between the quotes of a label.
local function escape(s)
  return (shown(s):gsub('[\\"\n]', ESCAPES))
end

-- -- sums by name -------------------------------------------------------------

local function new_sum()
  return { maps = 0, made = 0, entries = 0, buckets = 0, overflow = 0,
    growing = 0, evacuated = 0, remaining = 0, memory = {}, growths = {},
    operations = nil }
end

local function add_all(to, from)
  for name, n in pairs(from) do to[name] = (to[name] or 0) + n end
end

local function add_row(sum, row)
  sum.maps = sum.maps + 1
  sum.entries = sum.entries + row.count
  sum.buckets = sum.buckets + row.buckets
  sum.overflow = sum.overflow + row.overflow
  add_all(sum.memory, row.memory)
  if row.growing then
    sum.growing = sum.growing + 1
    sum.evacuated = sum.evacuated + row.evacuated
    sum.remaining = sum.remaining + row.remaining
  end
  if row.longest_chain then
    sum.longest_chain = math.max(sum.longest_chain or 0, row.longest_chain)
  end
end

local function add_counters(sum, one)
  sum.made = sum.made + one.made
  add_all(sum.growths, one.growths)
  if one.operations then
    sum.operations = sum.operations or {}
    add_all(sum.operations, one.operations)
  end
end

--- Names are one if they are written alike.
local function sums_of(rows, counters)
  local sums, labels = {}, {}
  local function at(name)
    local label = escape(name or "")
    if not sums[label] then
      sums[label] = new_sum()
      labels[#labels + 1] = label
    end
    return sums[label]
  end
  for _, row in ipairs(rows) do add_row(at(row.name), row) end
  for name, one in pairs(counters.names) do add_counters(at(name), one) end
  if counters.unnamed.made > 0 then add_counters(at(nil), counters.unnamed) end
  table.sort(labels)
  return sums, labels
end

-- -- text ---------------------------------------------------------------------

local function number(n)
  if math.type(n) == "integer" then return string.format("%d", n) end
  return string.format("%.17g", n)
end

local function plain(field)
  return function(sum, emit)
    if sum[field] then emit("", sum[field]) end
  end
end

-- A sample for each of these names, under one more label.
local function each(field, label, names)
  return function(sum, emit)
    for _, name in ipairs(names) do
      emit(string.format(',%s="%s"', label, name), sum[field][name] or 0)
    end
  end
end

local function operations(sum, emit)
  local names = {}
  for name in pairs(sum.operations or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    emit(string.format(',op="%s"', name), sum.operations[name])
  end
end

-- Of several growths the share that is done of all of them; 1 at rest.
local function progress(sum, emit)
  local all = sum.evacuated + sum.remaining
  emit("", all > 0 and sum.evacuated / all or 1)
end

-- Name, type, help, and what gives the samples of a sum.
local FAMILIES = {
  { "hmap_maps", "gauge", "Open maps.", plain "maps" },
  { "hmap_maps_created_total", "counter", "Maps made.", plain "made" },
  { "hmap_entries", "gauge", "Entries.", plain "entries" },
  { "hmap_bytes", "gauge", "Bytes held, by part.",
    each("memory", "part", MEMORY_PARTS) },
  { "hmap_buckets", "gauge", "Buckets of 8 slots, old arrays not counted.",
    plain "buckets" },
  { "hmap_overflow_buckets", "gauge", "Overflow buckets in live chains.",
    plain "overflow" },
  { "hmap_longest_chain", "gauge", "Buckets of the longest chain seen.",
    plain "longest_chain" },
  { "hmap_growing", "gauge", "Maps with a growth in progress.",
    plain "growing" },
  { "hmap_evacuation_remaining_buckets", "gauge",
    "Old buckets still to be moved.", plain "remaining" },
  { "hmap_evacuation_progress_ratio", "gauge",
    "Share of old buckets that have moved; 1 at rest.", progress },
  { "hmap_growths_total", "counter", "Growths begun, by kind.",
    each("growths", "kind", kinds.KINDS) },
  { "hmap_operations_total", "counter",
    "Operations of maps whose ledger is open, by operation.", operations },
}

local function header_of(name, kind, help)
  return string.format("# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
end

--- A family without samples is left out.
local function family_text(family, sums, labels)
  local name, kind, help, samples = table.unpack(family)
  local lines = {}
  for _, label in ipairs(labels) do
    samples(sums[label], function(more, n)
      lines[#lines + 1] = string.format('%s{map="%s"%s} %s\n', name, label,
        more, number(n))
    end)
  end
  if #lines == 0 then return "" end
  return header_of(name, kind, help) .. table.concat(lines)
end

local function info_text()
  return header_of("hmap_info", "gauge", "The version of hmap.")
    .. string.format('hmap_info{version="%s"} 1\n', escape(core._VERSION))
end

--- Rows and counters as core gives them.
local function text(rows, counters)
  local sums, labels = sums_of(rows, counters)
  local parts = { info_text() }
  for _, family in ipairs(FAMILIES) do
    parts[#parts + 1] = family_text(family, sums, labels)
  end
  return table.concat(parts)
end

--- hmap.metrics()
local function metrics()
  return live.undisturbed(function()
    local rows = core.open_maps(true) -- first: it brings counters up to date
    return text(rows, core.counters())
  end)
end

return {
  metrics = metrics,
  text = text,
  escape = escape,
}
