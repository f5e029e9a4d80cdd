--- How numbers, units and columns are written, the same everywhere.
-- Pure: values in, text out. The rooms that draw and report build on it.

local core = require "hmap.core"

--- 104334 -> "104,334"; a float keeps no decimals.
local function count(n)
  local text = string.format("%.0f", n)
  local grouped = text:reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (grouped:gsub("^(%-?),", "%1"))
end

--- "1 write", "2,000 writes".
local function plural(n, one, many)
  return count(n) .. " " .. (n == 1 and one or many or one .. "s")
end

-- Three digits say enough, and keep columns narrow.
local function three_digits(x)
  if x < 9.995 then return string.format("%.2f", x) end
  return string.format(x < 99.95 and "%.1f" or "%.0f", x)
end

--- Bytes for a reader: below 10 KiB exact.
local function bytes(n)
  if n < 10240 then return count(n) .. " B" end
  for _, unit in ipairs { "KiB", "MiB", "GiB" } do
    n = n / 1024
    if n < 1023.5 then return three_digits(n) .. " " .. unit end
  end
  return three_digits(n / 1024) .. " TiB"
end

--- Seconds for a reader: "120 ns", "18.4 us", "9.81 ms".
local function seconds(s)
  if s < 999.5e-9 then return string.format("%.0f ns", s * 1e9) end
  if s < 999.5e-6 then return three_digits(s * 1e6) .. " us" end
  if s < 999.5e-3 then return three_digits(s * 1e3) .. " ms" end
  return three_digits(s) .. " s"
end

-- In characters, or in bytes if they are none.
local function characters(text)
  return utf8.len(text) or #text
end

--- Pads to a width counted in characters; a negative width pads on the left.
local function pad(text, width)
  local missing = math.abs(width) - characters(text)
  if missing <= 0 then return text end
  local blank = (" "):rep(missing)
  return width < 0 and blank .. text or text .. blank
end

local LONGEST = 32 -- characters of a key or value on its line

--- A string of users as it may be shown on one line: see text.h. What looks
-- alike is alike.
local function exact(s) return core.text(s) end

--- The same of what is a text already, for people: its backslashes stay.
local function safe(s) return core.text(s, "safe") end

-- A value's own __tostring may raise.
local function text_of(v)
  local ok, text = pcall(tostring, v)
  return ok and text or type(v)
end

local function scalar(v)
  if v ~= v then return "NaN" end -- "nan" or "-nan", as the machine likes
  if type(v) == "string" then return core.text(v, "quoted", LONGEST) end
  return core.text(text_of(v), "safe", 2 * LONGEST)
end

local function by_name(a, b) return text_of(a) < text_of(b) end

--- A key or value on one line. Of a table its fields: so come tuples.
local function value_text(v)
  if type(v) ~= "table" or getmetatable(v) then return scalar(v) end
  local names, fields = {}, {}
  for name in next, v do
    names[#names + 1] = name
    if #names > 8 then return "{...}" end
  end
  table.sort(names, by_name)
  for i, name in ipairs(names) do
    local field = type(v[name]) == "table" and "{...}" or scalar(v[name])
    fields[i] = name == i and field or exact(text_of(name)) .. "=" .. field
  end
  return "{" .. table.concat(fields, ", ") .. "}"
end

--- Lines from rows of cells; `align` has one letter a column: l or r.
local function columns(rows, align, indent)
  local widths, lines = {}, {}
  for _, row in ipairs(rows) do
    for i = 1, #align do
      local cell = tostring(row[i] or "")
      widths[i] = math.max(widths[i] or 0, characters(cell))
    end
  end
  for r, row in ipairs(rows) do
    local cells = {}
    for i = 1, #align do
      local side = align:sub(i, i) == "r" and -1 or 1
      cells[i] = pad(tostring(row[i] or ""), side * widths[i])
    end
    local line = (indent or "") .. table.concat(cells, "  ")
    lines[r] = (line:gsub("%s+$", ""))
  end
  return table.concat(lines, "\n")
end

--- A bar of `length` cells with a mark where it was expected to end. What is
-- there but too small for a cell shows as a sliver.
local function bar(value, expected, per_cell, length, ascii)
  local full, sliver, mark = "█", "▏", "│"
  if ascii then full, sliver, mark = "#", ".", "|" end
  local cells = {}
  local filled = math.min(length, math.floor(value / per_cell + 0.5))
  for i = 1, filled do cells[i] = full end
  if filled == 0 and value > 0 then cells[1] = sliver end
  local at = expected and math.floor(expected / per_cell + 0.5) or 0
  if at >= 1 and at <= length then
    for i = #cells + 1, at do cells[i] = " " end
    cells[at] = mark
  end
  return table.concat(cells)
end

--- Wraps a paragraph at blanks, behind an indent; what the first line begins
-- with may be another.
local function wrap(text, width, indent, first)
  indent = indent or ""
  local lines, line = {}, first or indent
  for word in text:gmatch("%S+") do
    local longer = line:find("%S$") and line .. " " .. word or line .. word
    if characters(longer) > width and line:find("%S") then
      lines[#lines + 1], line = line, indent .. word
    else
      line = longer
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

--- What was raised, without the place in hmap's own Lua where that was.
local function without_place(raised)
  if type(raised) ~= "string" then return raised end
  return (raised:gsub("^[^\n]-hmap/[%w_/]+%.lua:%d+: ", ""))
end

--- What "bad argument #n to 'f' (...)" has in its brackets; else all of it.
local function reason(raised)
  return raised:match "^.-bad argument.-%((.*)%)$" or raised
end

return {
  count = count,
  plural = plural,
  bytes = bytes,
  seconds = seconds,
  value = value_text,
  exact = exact,
  safe = safe,
  pad = pad,
  columns = columns,
  bar = bar,
  wrap = wrap,
  without_place = without_place,
  reason = reason,
}
