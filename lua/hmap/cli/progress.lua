--- A line that only a person at a terminal sees, and only if it takes long.

local terminal = require "hmap.terminal"
local format = require "hmap.format"

--- A function that is told now and then how far things are: it shows
-- tell(done) at most once a second. Without `done` it wipes the line.
local function new(tell)
  local began, shown, watched = os.time(), nil, nil
  return function(done)
    local now = os.time()
    if not done then
      if shown then io.stderr:write("\r\27[K") end
    elseif now - began > 1 and now ~= shown then
      if watched == nil then watched = terminal.is_terminal(2) or false end
      if not watched then return end
      shown = now
      io.stderr:write("\r\27[K", tell(done))
    end
  end
end

--- The same for a known number of keys; the last of them wipes it.
local function of(total)
  local show = new(function(done)
    return format.count(done) .. " of " .. format.count(total) .. " keys"
  end)
  return function(done) show(done < total and done or nil) end
end

return { new = new, of = of }
