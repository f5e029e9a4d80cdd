--- How a command ends that cannot go on: one line, and an exit code.

local format = require "hmap.format"

local DONE, NO, USAGE, FILE = 0, 1, 2, 3
local INTERRUPTED = 128 + 2 -- as a shell says it of SIGINT

local failure = { __name = "hmap.cli failure" }

local function raiser(code)
  return function(form, ...)
    local message = select("#", ...) > 0 and form:format(...) or form
    error(setmetatable({ code = code, message = message }, failure), 0)
  end
end

-- One line, whatever it was.
local function say(message)
  if message == "" then return end
  local line = message:gsub("%s*\n%s*", " ")
  io.stderr:write("hmap: ", format.safe(line), "\n")
end

--- Says what was raised, by a function here or by a fault; the exit code. Who
-- has interrupted it knows so.
local function tell(raised)
  local is_failure = getmetatable(raised) == failure
  if not is_failure and tostring(raised):find("interrupted!$") then
    return INTERRUPTED
  end
  say(is_failure and raised.message or tostring(raised))
  return is_failure and raised.code or FILE
end

--- What a function of the map raised, without the function's own name.
local function inner(raised)
  local text = tostring(raised)
  return text:match("bad argument #%d+ to '[^']*' %((.*)%)$")
    or (text:gsub("^[^\n]-%.lua:%d+: ", ""))
end

return {
  DONE = DONE, -- all is well
  NO = NO, -- the answer is "no", or "bad"
  USAGE = USAGE,
  FILE = FILE, -- one that cannot be read or written
  usage = raiser(USAGE),
  file = raiser(FILE),
  tell = tell,
  inner = inner,
}
