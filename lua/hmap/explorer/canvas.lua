--- A sheet of character cells, each with a style: what a screen shows.
--
-- Pure. Text is what format.lua lets people see; here it is only cut to
-- columns, of which some characters take two or none.

local canvas = {}
canvas.__index = canvas

local function new(width, height, ascii)
  return setmetatable({ width = width, height = height, ascii = ascii,
    cells = {}, styles = {} }, canvas)
end

local NARROW = { { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD },
  { 0x0610, 0x061A }, { 0x064B, 0x065F }, { 0x0E31, 0x0E31 },
  { 0x0E34, 0x0E3A }, { 0x0E47, 0x0E4E }, { 0x1AB0, 0x1AFF },
  { 0x200B, 0x200D }, { 0x20D0, 0x20F0 }, { 0xFE00, 0xFE0F },
  { 0xFE20, 0xFE2F } }
local WIDE = { { 0x1100, 0x115F }, { 0x2E80, 0x303E }, { 0x3041, 0xA4CF },
  { 0xA960, 0xA97F }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF },
  { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 },
  { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF }, { 0x1F900, 0x1F9FF },
  { 0x20000, 0x3FFFD } }

local function within(ranges, code)
  for _, range in ipairs(ranges) do
    if code < range[1] then return false end
    if code <= range[2] then return true end
  end
  return false
end

local function columns(code)
  if code < 0x300 then return 1 end
  return within(NARROW, code) and 0 or within(WIDE, code) and 2 or 1
end

-- Each character of a text and the columns that it takes.
local function characters(text, ascii)
  local list = {}
  for _, code in utf8.codes(text) do
    list[#list + 1] = ascii and code > 127 and { "?", 1 }
      or { utf8.char(code), columns(code) }
  end
  return list
end

--- The columns that a text takes.
local function width_of(text)
  local n = 0
  for _, c in ipairs(characters(text)) do n = n + c[2] end
  return n
end

--- Writes from a line and a column (from 1 on) to the right; what does not fit
-- is cut. Returns the column behind it.
function canvas:put(line, column, text, style)
  if line < 1 or line > self.height then return column end
  local cells = self.cells[line] or {}
  local styles = self.styles[line] or {}
  self.cells[line], self.styles[line] = cells, styles
  for _, c in ipairs(characters(text, self.ascii)) do
    if c[2] == 0 then
      local at = cells[column - 1] == "" and column - 2 or column - 1
      if cells[at] then cells[at] = cells[at] .. c[1] end
    elseif column < 1 or column + c[2] - 1 > self.width then
      break
    else
      cells[column], styles[column] = c[1], style
      if c[2] == 2 then
        cells[column + 1], styles[column + 1] = "", style
      end
      column = column + c[2]
    end
  end
  return column
end

local function last_column(cells)
  local last = 0
  for column, text in pairs(cells) do
    if text ~= " " and column > last then last = column end
  end
  return last
end

--- The lines as text. paint(style, text) gives a run of one style its looks;
-- without it there are none. Blanks at the end go, unless they have a style.
function canvas:lines(paint)
  local lines = {}
  for line = 1, self.height do
    local cells, styles = self.cells[line] or {}, self.styles[line] or {}
    local last = last_column(cells)
    while paint and styles[last + 1] do last = last + 1 end
    local runs, column = {}, 1
    while column <= last do
      local style, run = styles[column], {}
      repeat
        run[#run + 1] = cells[column] or " "
        column = column + 1
      until column > last or styles[column] ~= style
      local text = table.concat(run)
      runs[#runs + 1] = paint and style and paint(style, text) or text
    end
    lines[line] = table.concat(runs)
  end
  return lines
end

return { new = new, width_of = width_of, characters = characters }
