--- Lines of a file that may be anybody's: in pieces, with bounds, so that one
-- without an end or without line ends is refused before it fills the memory.

local format = require "hmap.format"

local PIECE = 1 << 16
local MOST = 1 << 30 -- bytes of a file

local function refuse(form, ...) error(form:format(...), 0) end

local UTF8_MARK = "\xEF\xBB\xBF"
local UTF16_MARKS = { ["\xFF\xFE"] = true, ["\xFE\xFF"] = true }

-- The first piece without its byte order mark.
local function without_mark(r, piece)
  if UTF16_MARKS[piece:sub(1, 2)] then
    refuse("UTF-16 text; UTF-8 is wanted (iconv -f UTF-16 -t UTF-8)")
  end
  r.mark = piece:sub(1, 3) == UTF8_MARK
  return r.mark and piece:sub(4) or piece
end

local function check_piece(r, piece)
  local zero = piece:find("\0", 1, true)
  if zero then
    refuse("not a text: a zero byte at offset %s",
      format.count(r.bytes + zero - 1))
  elseif r.bytes + #piece > MOST then
    refuse("over %s: more is not read at once", format.bytes(MOST))
  end
end

-- CR LF and CR as LF, counted. A CR at the end may have its LF yet to come.
local function unify(r, text)
  local held = ""
  if text:find("\r", 1, true) then
    if text:byte(-1) == 13 and not r.ended then
      text, held = text:sub(1, -2), "\r"
    end
    local crlf, cr
    text, crlf = text:gsub("\r\n", "\n")
    text, cr = text:gsub("\r", "\n")
    r.crlf, r.cr = r.crlf + crlf, r.cr + cr
  end
  return text, held
end

-- Gives the complete lines to `each`; what is left begins the next piece.
local function split(r, text, each)
  local held
  text, held = unify(r, text)
  if r.ended and text ~= "" and text:byte(-1) ~= 10 then text = text .. "\n" end
  local rest = text:match("\n([^\n]*)$")
  if rest then
    for line in text:sub(1, -1 - #rest):gmatch("([^\n]*)\n") do
      r.lines = r.lines + 1
      each(line, r.lines)
    end
  else
    rest = text
  end
  if #rest > r.longest then
    refuse("line %s is longer than %s", format.count(r.lines + 1),
      format.bytes(r.longest))
  end
  return rest .. held
end

local function next_piece(r, file)
  local piece, why = file:read(PIECE)
  if not piece and why then refuse("%s", why) end
  r.ended = not piece
  piece = piece or ""
  local text = r.bytes == 0 and without_mark(r, piece) or piece
  check_piece(r, piece)
  r.bytes = r.bytes + #piece
  return text
end

local function read_all(r, file, each)
  local rest = ""
  repeat
    rest = split(r, rest .. next_piece(r, file), each)
    r.progress(r.bytes)
  until r.ended
end

--- Gives each line and its number to `each`. Returns how it went: {lines =,
-- bytes =, crlf =, cr =, mark =}: how many line ends were CR LF and CR, and
-- whether a byte order mark was left out; or nil and what is wrong. What `each`
-- raises, if it is no text, goes on. opts: longest (bytes of a line, default 1
-- MiB), progress (told the bytes that were read).
local function each_line(file, each, opts)
  local r = { lines = 0, bytes = 0, crlf = 0, cr = 0, mark = false,
    longest = opts.longest or 1 << 20,
    progress = opts.progress or function() end }
  local ok, why = pcall(read_all, r, file, each)
  if ok then return r end
  if type(why) ~= "string" then error(why, 0) end
  return nil, why
end

return { each = each_line }
