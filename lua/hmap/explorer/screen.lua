--- A whole terminal as a screen: keys one by one, lines where they belong.
--
-- Without a library: stty sets the terminal, and it is never this process that
-- sets it back but a keeper, a shell at the other end of a pipe. The pipe ends
-- however this process does, by an error, a signal, a kill, so there is one way
-- out and it is always taken.

local core = require "hmap.core"

local ENTER = "\27[?1049h\27[?25l\27[2J" -- the other screen, without a cursor
local LEAVE = "\\033[0m\\033[?25h\\033[?1049l"

-- A read gives up after a tenth of a second; ctrl-Z is a key like others.
local RAW = "stty -icanon -echo min 0 time 1 susp undef </dev/tty"

-- It stands in the terminal's foreground with us, so it is deaf to what ends
-- us. A shell that has come back before it and has set the terminal for itself
-- is left alone.
local KEEPER = [[
trap '' INT QUIT HUP TERM TSTP TTOU
read -r ours
while read -r _; do :; done
exec 2>/dev/null
printf '%s' >/dev/tty
[ -n "$ours" ] && [ "$(stty -g </dev/tty)" != "$ours" ] ||
  stty '%s' </dev/tty
exit 0
]]

local function answer_of(command)
  local pipe <close> = io.popen(command .. " 2>/dev/null")
  return pipe:read("l")
end

local function settings() return answer_of("stty -g </dev/tty") end

local screen = {}
screen.__index = screen

--- Columns and lines of the terminal; nil where there is none.
local function size()
  local rows, columns = (answer_of("stty size </dev/tty") or "")
    :match("^(%d+) (%d+)$")
  rows, columns = tonumber(rows), tonumber(columns)
  if not rows then return nil end
  -- A terminal that does not know its size says 0.
  return columns > 0 and columns or 80, rows > 0 and rows or 24
end

local function write(text)
  local ok, why = io.stdout:write(text)
  if ok then ok, why = io.stdout:flush() end
  if not ok then error("the terminal: " .. why, 0) end
end

function screen:enter()
  self.keeper = io.popen(KEEPER:format(LEAVE, self.saved), "w")
  os.execute(RAW)
  self.keeper:write(settings() or "", "\n")
  self.keeper:flush()
  self.shown = {}
  write(ENTER)
end

--- The terminal as it was. May be called twice.
function screen:leave()
  local keeper = self.keeper
  self.keeper = nil
  if keeper then
    io.stdout:flush()
    keeper:close()
  end
end

screen.__close = screen.leave

--- Stops, as ctrl-Z does, until somebody goes on with us.
function screen:suspend()
  self:leave()
  os.execute("kill -s STOP $PPID")
  self:enter()
end

--- Shows lines, and writes only those that are not there already.
function screen:show(lines)
  local out = {}
  for i, line in ipairs(lines) do
    if self.shown[i] ~= line then
      out[#out + 1] = ("\27[%d;1H%s\27[0m\27[K"):format(i, line)
    end
  end
  for i = #lines + 1, #self.shown do
    out[#out + 1] = ("\27[%d;1H\27[K"):format(i)
  end
  self.shown = table.move(lines, 1, #lines, 1, {})
  if #out > 0 then write(table.concat(out)) end
end

--- What is shown is written again: the terminal has another size.
function screen:forget()
  self.shown = {}
  write("\27[2J")
end

-- -- keys -------------------------------------------------------------------

local QUICK, TOO_MANY = 0.02, 50

-- One byte, or nil after a tenth of a second. A terminal that is gone gives
-- nothing either, but at once.
local function byte(self)
  local before = core.now()
  local c, why = self.tty:read(1)
  if why then error("the terminal: " .. why, 0) end
  local at_once = not c and core.now() - before < QUICK
  self.nothings = at_once and self.nothings + 1 or 0
  if self.nothings > TOO_MANY then error("the terminal is gone", 0) end
  return c
end

local NAMES = { ["\27[C"] = "right", ["\27[D"] = "left", ["\27[H"] = "home",
  ["\27[F"] = "end", ["\27[1~"] = "home", ["\27[4~"] = "end",
  ["\27[1;2C"] = "shift-right", ["\27[1;2D"] = "shift-left",
  ["\27[c"] = "shift-right", ["\27[d"] = "shift-left", ["\27"] = "escape",
  ["\13"] = "enter", ["\10"] = "enter", ["\127"] = "backspace",
  ["\8"] = "backspace", ["\26"] = "ctrl-z", ["\21"] = "ctrl-u" }

local function sequence(self)
  local text, c = "\27", byte(self)
  if c ~= "[" and c ~= "O" then return text .. (c or "") end
  text = "\27["
  repeat
    c = byte(self)
    text = text .. (c or "")
  until not c or c:find("[@-~]")
  return text
end

local function character(self, first)
  local more = first >= "\240" and 3 or first >= "\224" and 2
    or first >= "\194" and 1 or 0
  for _ = 1, more do first = first .. (byte(self) or "") end
  return first
end

--- The next key, a name or its character; nil if none came within a tenth of
-- a second.
function screen:key()
  local c = byte(self)
  if not c then return nil end
  if c == "\27" then c = sequence(self) end
  return NAMES[c] or c:sub(1, 1) ~= "\27" and character(self, c) or "unknown"
end

-- -- looks ------------------------------------------------------------------

local PLAIN = { title = "1", key = "1", mark = "1", label = "1",
  waiting = "0", new = "0", moved = "2", dim = "2", now = "7",
  follow = "1;4", caption = "1" }
local COLOURS = setmetatable({ waiting = "34", new = "36", now = "1;33",
  follow = "1;35", mark = "33", caption = "33" }, { __index = PLAIN })
-- One blue for what is there, orange for what moves.
local MANY_COLOURS = setmetatable({ waiting = "38;5;33", new = "38;5;75",
  now = "38;5;208", follow = "1;38;5;201", mark = "38;5;208",
  caption = "38;5;214" }, { __index = PLAIN })

local function looks()
  local term = os.getenv("TERM") or ""
  if (os.getenv("NO_COLOR") or "") ~= "" or term:find("^vt") then
    return PLAIN
  end
  local many = term:find("256color") or term:find("direct")
    or (os.getenv("COLORTERM") or "") ~= ""
  return many and MANY_COLOURS or COLOURS
end

--- A function that gives a run of one style its looks.
local function painter()
  local codes = looks()
  return function(style, text)
    local code = codes[style]
    return code and ("\27[%sm%s\27[0m"):format(code, text) or text
  end
end

--- Takes the terminal: a screen that is to be closed, or nil where there is no
-- terminal for it.
local function open()
  local tty = io.open("/dev/tty", "r")
  local saved = tty and settings()
  if not saved then return nil end
  tty:setvbuf("no")
  local self = setmetatable({ tty = tty, saved = saved, nothings = 0 }, screen)
  self:enter()
  return self
end

return { open = open, size = size, painter = painter }
