-- Rows of the benchmark, as a file and as tables. Pure: data in, text out.
--
-- A result is {about = {{name, text}, ...}, rows = {row, ...}}, a row
-- {level, keys, n, peer, operation, value}: nanoseconds an operation, for
-- bytes and peak bytes an entry.

local FIELDS = { "level", "keys", "n", "peer", "operation", "value" }
local HEADER = table.concat(FIELDS, "\t")

local OPERATIONS = {
  "insert", "hit", "dependent", "miss", "overwrite", "iterate", "churn",
  "mixed", "bytes", "peak", "fill", "count",
}
-- What the ratios are to: hmap, as that level knows it.
local BASE = { C = "hmap", Lua = "get" }

-- -- the file ----------------------------------------------------------------

-- What a result is about, a line each, behind a mark.
local function add_about(out, mark, result)
  for _, about in ipairs(result.about) do
    out[#out + 1] = mark .. about[1] .. ": " .. about[2]
  end
end

--- A result as tab-separated values, what it is about as "# name: text".
local function encode(result)
  local out = {}
  add_about(out, "# ", result)
  out[#out + 1] = HEADER
  for _, row in ipairs(result.rows) do
    local values = {}
    for i, field in ipairs(FIELDS) do values[i] = tostring(row[field]) end
    out[#out + 1] = table.concat(values, "\t")
  end
  return table.concat(out, "\n") .. "\n"
end

local function decode(text)
  local result = { about = {}, rows = {} }
  for line in text:gmatch "[^\n]+" do
    local name, about = line:match "^# ([^:]+): (.*)"
    if name then
      result.about[#result.about + 1] = { name, about }
    elseif line ~= HEADER then
      local row, i = {}, 0
      for value in line:gmatch "[^\t]+" do
        i = i + 1
        row[FIELDS[i]] = value
      end
      row.n = math.tointeger(tonumber(row.n))
      row.value = tonumber(row.value)
      result.rows[#result.rows + 1] = row
    end
  end
  return result
end

-- -- tables ------------------------------------------------------------------

--- 10000000 as "10,000,000".
local function grouped(n)
  local text = tostring(n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

--- Three digits that count: 0.42, 3.21, 45.1, 732.
local function digits(value)
  return string.format(value < 10 and "%.2f" or value < 100 and "%.1f"
    or "%.0f", value)
end

local function cell(value, base)
  if not value then return "-" end
  if not base or base == 0 or base == value then return digits(value) end
  return digits(value) .. " (" .. digits(value / base) .. ")"
end

--- The rows of one workload as a matrix of texts: an operation a line, a peer
-- a column, in the order in which they came.
local function matrix(rows)
  local base, peers, seen, values = BASE[rows[1].level], {}, {}, {}
  for _, row in ipairs(rows) do
    if not seen[row.peer] then
      seen[row.peer] = true
      peers[#peers + 1] = row.peer
    end
    values[row.operation] = values[row.operation] or {}
    values[row.operation][row.peer] = row.value
  end
  local lines = { { "", table.unpack(peers) } }
  for _, operation in ipairs(OPERATIONS) do
    local of = values[operation]
    if of then
      local line = { operation }
      for _, peer in ipairs(peers) do
        line[#line + 1] = cell(of[peer], of[base])
      end
      lines[#lines + 1] = line
    end
  end
  return lines
end

--- Workloads in the order in which they came, each the list of its rows.
local function workloads(rows)
  local list, by = {}, {}
  for _, row in ipairs(rows) do
    local id = table.concat({ row.level, row.keys, row.n }, "\t")
    if not by[id] then
      by[id] = {}
      list[#list + 1] = by[id]
    end
    table.insert(by[id], row)
  end
  return list
end

local function title(row)
  return string.format("%s, %s keys, n = %s", row.level, row.keys,
    grouped(row.n))
end

--- A matrix of texts as lines of even columns, the first to the left.
local function aligned(lines)
  local widths, out = {}, {}
  for _, line in ipairs(lines) do
    for i, text in ipairs(line) do
      widths[i] = math.max(widths[i] or 0, utf8.len(text))
    end
  end
  for _, line in ipairs(lines) do
    local padded = {}
    for i, text in ipairs(line) do
      local fill = (" "):rep(widths[i] - utf8.len(text))
      padded[i] = i == 1 and text .. fill or fill .. text
    end
    out[#out + 1] = "  " .. table.concat(padded, "  ")
  end
  return table.concat(out, "\n")
end

--- The same in markdown, its first line as the head.
local function piped(lines)
  local out = {}
  for i, line in ipairs(lines) do
    out[#out + 1] = "| " .. table.concat(line, " | ") .. " |"
    if i == 1 then
      out[#out + 1] = "| --- |" .. (" ---: |"):rep(#line - 1)
    end
  end
  return table.concat(out, "\n")
end

--- One workload for a terminal.
local function terminal(rows)
  return title(rows[1]) .. "\n" .. aligned(matrix(rows)) .. "\n"
end

--- Of each level and kind of keys only the workload with the most entries, and
-- of random ones that with the fewest, which fit in the nearest caches.
local function extremes(list)
  local most, least = {}, {}
  for _, rows in ipairs(list) do
    local id, n = rows[1].level .. rows[1].keys, rows[1].n
    most[id] = math.max(most[id] or 0, n)
    least[id] = math.min(least[id] or math.huge, n)
  end
  local out = {}
  for _, rows in ipairs(list) do
    local id, n = rows[1].level .. rows[1].keys, rows[1].n
    if n == most[id] or (rows[1].keys == "random" and n == least[id]) then
      out[#out + 1] = rows
    end
  end
  return out
end

--- The README's tables, with what they are about as their caption. all: every
-- workload, not only the extremes of its kind.
local function markdown(result, all)
  local list = workloads(result.rows)
  local out = {}
  for _, rows in ipairs(all and list or extremes(list)) do
    out[#out + 1] = "**" .. title(rows[1]) .. "**\n"
    out[#out + 1] = piped(matrix(rows)) .. "\n"
  end
  out[#out + 1] = "Nanoseconds an operation, bytes an entry; in brackets the "
    .. "ratio to hmap.\n"
  add_about(out, "- ", result)
  return table.concat(out, "\n") .. "\n"
end

return {
  add_about = add_about, aligned = aligned, decode = decode, digits = digits,
  encode = encode,
  grouped = grouped, markdown = markdown, piped = piped, terminal = terminal,
  workloads = workloads,
}
