--- The text of the views, for a person at the REPL: `= m:stats()`.
-- Each function takes the plain table of its view. Pure.

local events = require "hmap.text.events"
local explain = require "hmap.text.explain"
local kinds = require "hmap.growth"
local keystats = require "hmap.text.keystats"
local picture = require "hmap.text.picture"
local report = require "hmap.text.distribution"
local format = require "hmap.format"

local function flags_text(flags)
  local set = {}
  for _, name in ipairs {
    "iterator", "old_iterator", "writing", "same_size_grow",
  } do
    if flags[name] then set[#set + 1] = name end
  end
  return #set > 0 and table.concat(set, " ") or "none"
end

--- Go's header, field by field.
local function header(h)
  return format.columns({
    { "count", format.count(h.count) },
    { "flags", flags_text(h.flags) },
    { "B", h.B .. ": " .. format.plural(1 << h.B, "bucket") },
    { "noverflow", format.count(h.noverflow) },
    { "hash0", string.format("0x%08x", h.hash0) },
    { "buckets", h.buckets or "none before the first insert" },
    { "oldbuckets", h.oldbuckets or "none: not growing" },
    { "nevacuate", format.count(h.nevacuate) },
  }, "ll")
end

local function growth_text(s)
  if not s.growing then
    return "none; doubles past " .. format.plural(s.next_growth_at, "entry",
      "entries")
  end
  local next_kind = s.pending and ", then " .. s.pending:gsub("_", " ") or ""
  return string.format("%s, %s of %s old buckets moved, %s to go%s",
    s.kind:gsub("_", " "), format.count(s.evacuated),
    format.count(s.old_buckets), format.count(s.remaining), next_kind)
end

local function growths_text(growths)
  local parts = {}
  for _, kind in ipairs(kinds.KINDS) do
    local n = growths[kind] or 0
    if n > 0 then
      parts[#parts + 1] = kind:gsub("_", " ") .. " " .. format.count(n)
    end
  end
  return #parts > 0 and table.concat(parts, ", ") or "none so far"
end

local function each(bytes, entries)
  if entries == 0 then return "" end
  return string.format(", %.1f an entry", bytes / entries)
end

local function stats(s)
  return format.columns({
    { "entries", format.count(s.count) },
    { "buckets", format.count(s.buckets) },
    { "load", string.format("%.2f entries a bucket, limit %s entries",
      s.load, format.count(s.threshold)) },
    { "growth", growth_text(s) },
    { "growths", growths_text(s.growths) },
    { "overflow", format.plural(s.overflow_in_use, "bucket")
      .. " in use, noverflow " .. format.count(s.noverflow) },
    { "memory", format.bytes(s.bytes) .. each(s.bytes, s.count) },
  }, "ll")
end

local MEMORY_PARTS = {
  { "header", "the map itself" },
  { "buckets", "the array" },
  { "preallocated", "overflow buckets that came with it" },
  { "overflow", "overflow buckets made one by one" },
  { "old", "old arrays not yet given back" },
  { "text", "texts of 16 bytes and more" },
  { "indirect", "keys and values over 128 bytes" },
  { "references", "anchors of Lua objects" },
}

local function memory(v)
  local rows = {}
  for _, part in ipairs(MEMORY_PARTS) do
    local bytes = v[part[1]]
    if bytes and bytes > 0 then
      rows[#rows + 1] = { part[1], format.count(bytes), part[2] }
    end
  end
  local an_entry = v.per_entry
    and string.format("%.1f an entry", v.per_entry) or ""
  rows[#rows + 1] = { "total", format.count(v.total), an_entry }
  return format.columns(rows, "lrl")
end

local function field(at, slots, size, note)
  local length = slots * size
  return { tostring(at), tostring(length), note }
end

--- A bucket's bytes in their order. Eight of anything end at a multiple of 8,
-- so there is no padding to show.
-- The members of a tuple below the row of its cells: offset in the cell, bytes.
local function add_fields(rows, fields, size)
  local stop = 0
  local function pad(to)
    if to > stop then
      rows[#rows + 1] = { "", tostring(to - stop), "  padding" }
    end
  end
  for _, f in ipairs(fields or {}) do
    pad(f.offset)
    rows[#rows + 1] = { "+" .. f.offset, tostring(f.size),
      "  " .. (f.name and format.exact(f.name) .. ": " or "") .. f.type }
    stop = f.offset + f.size
  end
  if fields then pad(size) end
end

local function layout(v)
  local function cells(size, what, indirect)
    if indirect then
      return string.format("8 pointers to %ss of %d bytes", what, size)
    end
    return string.format("8 %ss of %s", what, format.plural(size, "byte"))
  end
  local at = v.offsets
  local rows = {
    { "at", "bytes", "" },
    field(at.tophash, v.slots, 1, "8 tophash bytes"),
    field(at.keys, v.slots, v.key_slot,
      cells(v.key_size, "key", v.indirect_key)),
  }
  add_fields(rows, v.key_fields, v.key_size)
  rows[#rows + 1] = field(at.values, v.slots, v.value_slot,
    cells(v.value_size, "value", v.indirect_value))
  add_fields(rows, v.value_fields, v.value_size)
  rows[#rows + 1] = field(at.overflow, 1, v.bucket_size - at.overflow,
    "overflow: the next bucket of the chain")
  rows[#rows + 1] = { "", tostring(v.bucket_size),
    "a bucket: " .. format.plural(v.cache_lines, "cache line") }
  return format.columns(rows, "rrl")
end

local POLICY = { "load", "moves", "empty_visits", "step_on", "same_size",
  "shrink", "all_at_once", "chain_alarm" }

--- A policy, field by field, as m:tune{...} takes it.
local function policy(p)
  local rows = {}
  for i, name in ipairs(POLICY) do rows[i] = { name, tostring(p[name]) } end
  return format.columns(rows, "ll")
end

return {
  header = header,
  stats = stats,
  memory = memory,
  layout = layout,
  policy = policy,
  bucket = picture.bucket,
  slots = picture.slots,
  distribution = report.text,
  explanation = explain.text,
  event = events.event,
  events = events.events,
  touch = events.touch,
  keystats = keystats.text,
}
