--- Recordings from files that hmap record has written.

local fail = require "hmap.cli.fail"
local recording = require "hmap.observe.recording"
local source = require "hmap.cli.source"

--- Whether a file begins as a recording does.
local function is_one(path)
  if not path or path == "-" then return false end
  local file <close> = io.open(path, "rb")
  local first = file and file:read(#recording.MARK)
  return first == recording.MARK
end

--- The recording in a file, a function from an operation to its line, and the
-- file's name.
local function read(path)
  local file <close>, name = source.open(path)
  local show = source.progress_of(name)
  local r, line_of = recording.read(file, name, show)
  show()
  if not r then fail.file("%s", line_of) end
  return r, line_of, name
end

--- Runs what replays a recording. What it raises names the operation: here it
-- is a line of the file.
local function replayed(line_of, name, replay, ...)
  local ok, result = pcall(replay, ...)
  if ok then return result end
  local why = result:gsub("^[^:]*:%d+: ", "")
  local op = why:match("operation (%d+)") or why:match("op ([%d,]+)")
  local line = op and line_of(math.tointeger(tonumber((op:gsub(",", "")))))
  fail.file("%s:%d: %s", name, line or 1, why)
end

return { is_one = is_one, read = read, replayed = replayed }
