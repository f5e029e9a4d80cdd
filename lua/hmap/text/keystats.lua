--- The text of a comparison of hash functions. Pure: takes the view that
-- hmap.keystats gives.

local distribution = require "hmap.text.distribution"
local format = require "hmap.format"

local function p_text(p)
  if not p then return "-" end
  return p < 1e-4 and "<0.0001" or string.format("%.4f", p)
end

local function two(x) return string.format("%.2f", x) end

-- Large where chains are: three digits say enough.
local function mean(x) return x < 99.995 and two(x) or format.count(x) end

local function title(v)
  local repeats = v.repeats > 0
    and ", " .. format.plural(v.repeats, "repeat") .. " left out" or ""
  local each = v.buckets > 0
    and string.format(", %.2f each", v.entries / v.buckets) or ""
  return string.format("%s of %s in %s%s%s", format.plural(v.entries, "key"),
    format.exact(v.key), format.plural(v.buckets, "bucket"), each, repeats)
end

-- "  fnv1a     32-63 never set: .."
local function stuck_line(row)
  local bits = distribution.stuck(row)
  if not bits then return nil end
  local indent = (" "):rep(12)
  return "  " .. format.pad(row.hash, 10)
    .. format.wrap(bits, 80, indent):sub(#indent + 1)
end

--- The comparison as a person reads it.
local function text(v)
  local rows = { { "hash", "verdict", "p", "longest", "overflow", "buckets",
    "slots", "keys", "a miss" } }
  local stuck = {}
  for i, row in ipairs(v.hashes) do
    rows[i + 1] = { row.hash, row.verdict, p_text(row.p),
      format.count(row.longest), format.count(row.overflow),
      mean(row.hit_buckets), mean(row.hit_probes), mean(row.hit_compares),
      mean(row.miss_buckets) }
    stuck[#stuck + 1] = stuck_line(row)
  end
  local lines = { title(v), format.columns(rows, "llrrrrrrr", " "),
    " buckets, slots, keys: what a hit reads, passes, compares; a miss reads "
    .. "buckets" }
  if #stuck > 0 then lines[4] = " stuck bits" end
  table.move(stuck, 1, #stuck, 5, lines)
  return table.concat(lines, "\n")
end

return { text = text }
