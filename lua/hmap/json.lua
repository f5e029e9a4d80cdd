--- JSON by dkjson, always in the same order: equal tables give equal text.

local format = require "hmap.format"

local REPLACEMENT = utf8.char(0xFFFD)

-- JSON is UTF-8: what is none of a key's bytes shows as U+FFFD.
local function utf8_of(text)
  local parts, from = {}, 1
  while true do
    local n, bad = utf8.len(text, from)
    if n then break end
    parts[#parts + 1] = text:sub(from, bad - 1) .. REPLACEMENT
    from = bad + 1
  end
  return table.concat(parts) .. text:sub(from)
end

-- A copy of a view as plain tables; `names` gathers the names of all fields.
local function plain(v, names)
  if type(v) == "string" then return utf8_of(v) end
  if type(v) ~= "table" then return v end
  local kind = (getmetatable(v) or {}).__jsontype
  local copy = kind and setmetatable({}, { __jsontype = kind }) or {}
  for name, field in next, v do
    names[name] = true
    copy[name] = plain(field, names)
  end
  return copy
end

local function sorted(names)
  local list = {}
  for name in pairs(names) do list[#list + 1] = name end
  table.sort(list, function(a, b)
    local x, y = math.type(a), math.type(b)
    if x and y then return a < b end
    return tostring(a) < tostring(b)
  end)
  return list
end

local function library()
  local found, dkjson = pcall(require, "dkjson")
  if not found then
    error("the Lua module dkjson is missing: apt-get install lua-dkjson, or "
      .. "luarocks install dkjson", 0)
  end
  return dkjson
end

-- What no terminal should be sent stands in JSON as its UTF-16 words.
local function escaped(character)
  if format.safe(character) == character then return nil end
  local c = utf8.codepoint(character)
  if c < 0x10000 then return ("\\u%04x"):format(c) end
  c = c - 0x10000
  return ("\\u%04x\\u%04x"):format(0xD800 | c >> 10, 0xDC00 | c & 0x3FF)
end

--- A table as JSON on one line. What is __jsontype "array" is a list, if empty,
-- too.
local function encode(view)
  local names = {}
  local copy = plain(view, names)
  local text = library().encode(copy, { keyorder = sorted(names) })
  return (text:gsub("[\xC2-\xF4][\x80-\xBF]+", escaped))
end

return { encode = encode }
