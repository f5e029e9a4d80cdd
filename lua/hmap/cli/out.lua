--- What a command says. Each write is checked: a full disk or a closed pipe
-- ends the command with one line on stderr.

local fail = require "hmap.cli.fail"

local EPIPE, EBADF = 32, 9

-- A reader that has left is no fault, and nobody is there to be told.
local function failed(why, errno)
  fail.file(errno == EPIPE and "" or "standard output: " .. why)
end

local function write(...)
  local ok, why, errno = io.stdout:write(...)
  if not ok then failed(why, errno) end
end

--- Writes a text and a line end.
local function line(text)
  write(tostring(text), "\n")
end

local function flush()
  local ok, why, errno = io.stdout:flush()
  if not ok then failed(why, errno) end
end

--- Makes a file by tell(write); - is standard output. Each write is checked.
local function file(path, tell)
  if path == "-" then return tell(write) end
  local f <close>, why = io.open(path, "wb")
  if not f then fail.file("%s", why) end
  local function check(ok, reason)
    if not ok then fail.file("%s: %s", path, reason) end
  end
  tell(function(text) check(f:write(text)) end)
  check(f:close())
end

--- To be called before any file is opened, which would take the number of a
-- standard stream that is closed, and with it what is said to that.
local function check_streams()
  local function is_closed(stream)
    return select(3, stream:seek()) == EBADF
  end
  local ok = not is_closed(io.stdout)
  for _, stream in ipairs { io.stdin, io.stdout, io.stderr } do
    if is_closed(stream) then io.open("/dev/null", "r+") end
  end
  if not ok then fail.file("standard output is closed") end
end

return {
  write = write,
  line = line,
  flush = flush,
  file = file,
  check_streams = check_streams,
}
