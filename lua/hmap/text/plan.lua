--- The text of plans and forecasts. Pure: a view in, text out.

local format = require "hmap.format"

local count, bytes = format.count, format.bytes

local SHOWN = 3 -- growths that have a line of their own: the last ones

local function entries_of(n) return format.plural(n, "entry", "entries") end

local function type_text(spec)
  if type(spec) == "string" then return spec end
  return format.exact("{" .. table.concat(spec, ", ") .. "}")
end

local function types_text(v)
  return type_text(v.key) .. " -> " .. type_text(v.value)
end

local function buckets_text(v)
  if v.buckets == 0 then return "none before the first insert" end
  return string.format("%s (B = %d), %.2f entries each; doubles past %s",
    count(v.buckets), v.B, v.load, entries_of(v.next_growth_at))
end

local function overflow_text(v)
  local text = "about " .. format.plural(v.overflow, "bucket")
  if v.overflow_made == 0 then return text end
  return string.format("%s, %s of them made one by one", text,
    count(v.overflow_made))
end

local function bytes_text(v)
  if not v.bytes_per_entry then return bytes(v.bytes) end
  return string.format("%s, %.1f bytes an entry", bytes(v.bytes),
    v.bytes_per_entry)
end

local function peak_text(peak, growths)
  local last = growths[#growths]
  if last and peak.at and peak.at >= last.at
    and peak.at < last.at + last.writes then
    return string.format("%s at insert %s, both arrays there",
      bytes(peak.bytes), count(peak.at))
  end
  return bytes(peak.bytes) .. (peak.at and " at " .. entries_of(peak.at)
    or " as entries come and go")
end

local function growth_row(g)
  return { count(g.at), count(g.from), count(g.to), count(g.writes) }
end

-- The growths' own table, below the line that counts them.
local function growths_table(growths)
  if #growths == 0 then return nil end
  local rows = { { "at insert", "from", "to buckets", "in writes" } }
  for i = math.max(1, #growths - SHOWN + 1), #growths do
    rows[#rows + 1] = growth_row(growths[i])
  end
  return format.columns(rows, "rrrr", "   ")
end

local function growths_text(growths)
  if #growths == 0 then return "none" end
  local shown = #growths > SHOWN and ", the last " .. SHOWN .. " of them:"
    or ":"
  return format.plural(#growths, "doubling") .. shown
end

local function probes_text(v, who)
  return string.format("passes %.2f slots, reads %.2f buckets",
    v[who .. "_probes"], v[who .. "_buckets"])
end

local function go_text(go)
  return string.format("%s, %s at worst (Go 1.19)", bytes(go.bytes),
    bytes(go.peak))
end

local function growing_text(g)
  return string.format("%s of %s old buckets moved, about %s to go",
    count(g.evacuated), count(g.from), format.plural(g.writes, "write"))
end

local function churn_text(v)
  return string.format("%s more, each in another's place: %s to the same size",
    count(v.entries - v.live), format.plural(v.same_size, "growth"))
end

local function with_table(title, before, growths, after)
  local parts = { title, format.columns(before, "ll", " ") }
  parts[#parts + 1] = growths_table(growths)
  parts[#parts + 1] = format.columns(after, "ll", " ")
  return table.concat(parts, "\n")
end

local function pages_text(v)
  return string.format("%s at rest, %s at worst", bytes(v.resident),
    bytes(v.peak.resident))
end

local function plan_filled(v)
  local before = {
    { "buckets", buckets_text(v) },
    { "overflow", overflow_text(v) },
    { "at rest", bytes_text(v) },
    { "at worst", peak_text(v.peak, v.growths) },
    { "touched", pages_text(v) },
  }
  if v.live then table.insert(before, 1, { "churn", churn_text(v) }) end
  if v.growing then
    before[#before + 1] = { "growing", growing_text(v.growing) }
  end
  before[#before + 1] = { "growths", growths_text(v.growths) }
  return with_table(entries_of(v.live or v.entries) .. " of " .. types_text(v),
    before, v.growths, {
      { "a hit   ", probes_text(v, "hit") },
      { "a miss", probes_text(v, "miss") },
      { "in Go", go_text(v.go) },
    })
end

local function plan_backwards(v)
  local made, grown = v.at_rest, v.while_growing
  return table.concat({
    "in " .. bytes(v.limit) .. ", of " .. types_text(v),
    format.columns({
      { entries_of(v.entries), "in a map made for them (capacity): "
        .. bytes(made.bytes) },
      { entries_of(v.entries_growing), string.format("by inserts alone: %s, "
        .. "%s at worst", bytes(grown.bytes), bytes(grown.peak.bytes)) },
    }, "rl", " "),
  }, "\n")
end

--- A plan as a person reads it.
local function plan(v)
  return v.limit and plan_backwards(v) or plan_filled(v)
end

local function move_text(v)
  local g = v.under_way
  if not g then return "none" end
  local next_kind = v.pending and ", then " .. v.pending:gsub("_", " ") or ""
  return string.format("%s, done in about %s%s", g.kind:gsub("_", " "),
    format.plural(g.writes, "write"), next_kind)
end

local function bytes_then(v)
  if not v.growing then return bytes_text(v) end
  return bytes(v.growing.bytes) .. ", and " .. bytes_text(v) .. " at rest"
end

--- A forecast as a person reads it.
local function forecast(v)
  return with_table(string.format("from %s to %s",
    count(v.count), entries_of(v.entries)), {
    { "under way", move_text(v) },
    { "growths", growths_text(v.growths) },
  }, v.growths, {
    { "now      ", bytes(v.bytes_now) },
    { "at worst", peak_text(v.peak, v.growths) },
    { "then", bytes_then(v) },
    { "buckets", buckets_text(v) },
    { "overflow", overflow_text(v) },
  })
end

return { plan = plan, forecast = forecast }
