--- Converters of option texts, for argparse: the value, or nil and what was
-- wanted.

local function wanted(what, got)
  return nil, what .. " expected, got '" .. got .. "'"
end

--- An integer, from `least` on if that is given.
local function integer(least)
  return function(text)
    local n = text:find("^%s*[+-]?%d+%s*$") and math.tointeger(tonumber(text))
    if n and (not least or n >= least) then return n end
    return wanted(least and "an integer from " .. least .. " on"
      or "an integer", text)
  end
end

--- A list of such integers: "1,3".
local function numbers(least)
  local one = integer(least)
  return function(text)
    local list = {}
    for part in (text .. ","):gmatch("([^,]*),") do
      local n, why = one(part)
      if not n then return nil, why end
      list[#list + 1] = n
    end
    return list
  end
end

local UNITS = { [""] = 0, K = 1, M = 2, G = 3, T = 4 }

--- Bytes: 4096, 64KiB, 1.5 GiB, 3G.
local function bytes(text)
  local number, unit = text:match("^%s*(%d+%.?%d*)%s*([KMGT]?)i?B?%s*$")
  local n = number and tonumber(number) * 1024 ^ UNITS[unit]
  if n and n < 2 ^ 62 then return math.floor(n) end
  return wanted("bytes, as 4096 or 3GiB,", text)
end

--- A number.
local function number(text)
  local n = tonumber(text)
  if n then return n end
  return wanted("a number", text)
end

--- One byte; \t is a tab.
local function character(text)
  if text == "\\t" then return "\t" end
  if #text == 1 and text ~= '"' then return text end
  return wanted("one character", text)
end

--- A log2 of a power of two that maps of this machine may have as buckets.
local function log2(text)
  local n = text:find("^%d+$") and math.tointeger(tonumber(text))
  for B = 1, 27 do
    if n == 1 << B then return B end
  end
  return wanted("a power of two from 2 to " .. (1 << 27), text)
end

--- Adds an option whose text goes through `convert`; what that refuses is
-- told with the option's name.
local function add(c, name, argname, description, convert, default)
  local o = c:option(name, description):argname(argname)
  if default then o:default(default) end
  if convert then
    o:convert(function(text)
      local value, why = convert(text)
      if value == nil then return nil, name .. ": " .. why end
      return value
    end)
  end
end

--- Options of a picture in text.
local function drawing(c)
  add(c, "--width", "N", "Columns of text, 64 at least. Default: the "
    .. "terminal's.", integer(64))
  c:flag("--ascii", "No block characters.")
end

return {
  add = add,
  integer = integer,
  numbers = numbers,
  number = number,
  bytes = bytes,
  character = character,
  log2 = log2,
  drawing = drawing,
}
