--- What a command says. Each write is checked: a full disk or a closed pipe
-- ends the command with one line on stderr.

local fail = require "hmap.cli.fail"
local shell = require "hmap.shell"

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

-- Who has left OUT out has named his keys in its place: they are not to go.
local function check_own(path, mark)
  local f <close> = shell.is_file(path) and io.open(path, "rb")
  if f and f:seek "end" > 0 and f:seek "set" and f:read(#mark) ~= mark then
    fail.usage("%s is there, and is none of hmap's: --force overwrites it",
      path)
  end
end

--- Adds what the file is named by. no_stream: it cannot be standard output.
local function file_options(c, no_stream)
  c:argument("out", "The file to write" .. (no_stream and "."
    or "; - is standard output.")):argname("OUT")
  c:flag("--force", "Overwrite what is there, whatever it is.")
end

--- Refuses args.out if it is there and does not begin with `mark`, as what hmap
-- writes there does.
local function check(args, mark)
  if args.out == "" then fail.usage("the name of the file is empty") end
  if not args.force then check_own(args.out, mark) end
end

--- Makes the file args.out by tell(write); see check. Each write is checked.
local function file(args, mark, tell)
  local path = args.out
  if path == "-" then return tell(write) end
  check(args, mark)
  local f <close>, why = io.open(path, "wb")
  if not f then fail.file("%s", why) end
  local function done(ok, reason)
    if not ok then fail.file("%s: %s", path, reason) end
  end
  tell(function(text) done(f:write(text)) end)
  done(f:close())
end

local held = {} -- open for as long as the process runs

--- To be called before any file is opened, which would take the number of a
-- standard stream that is closed, and with it what is said to that.
local function check_streams()
  local function is_closed(stream)
    return select(3, stream:seek()) == EBADF
  end
  local ok = not is_closed(io.stdout)
  for _, stream in ipairs { io.stdin, io.stdout, io.stderr } do
    if is_closed(stream) then held[#held + 1] = io.open("/dev/null", "r+") end
  end
  if not ok then fail.file("standard output is closed") end
end

return {
  write = write,
  line = line,
  flush = flush,
  check = check,
  file_options = file_options,
  file = file,
  check_streams = check_streams,
}
