--- How a command ends that cannot go on: one line, and an exit code.

local DONE, NO, USAGE, FILE = 0, 1, 2, 3

local failure = { __name = "hmap.cli failure" }

local function raiser(code)
  return function(form, ...)
    local message = select("#", ...) > 0 and form:format(...) or form
    error(setmetatable({ code = code, message = message }, failure), 0)
  end
end

--- Whether what was raised came from here.
local function is_failure(raised)
  return getmetatable(raised) == failure
end

--- What a function of the map raised, without the function's own name.
local function inner(raised)
  local text = tostring(raised)
  return text:match("bad argument #%d+ to '[^']*' %((.*)%)$") or text
end

return {
  DONE = DONE, -- all is well
  NO = NO, -- the answer is "no", or "bad"
  USAGE = USAGE,
  FILE = FILE, -- one that cannot be read or written
  usage = raiser(USAGE),
  file = raiser(FILE),
  is_failure = is_failure,
  inner = inner,
}
