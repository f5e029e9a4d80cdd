--- Types on the command line: "int64", "[16]byte", "x:int32,y:int32"; and the
-- values of these types that a number stands for.

local core = require "hmap.core"
local fail = require "hmap.cli.fail"
local format = require "hmap.format"
local all_types = require "hmap.types"

--- The type that a text names, as hmap.new takes it.
local function parse(text)
  if not text:find("[,:]") then return text end
  local fields = {}
  for field in (text .. ","):gmatch("([^,]*),") do
    fields[#fields + 1] = field
  end
  return fields
end

--- Refuses what the map would refuse.
local function check(key, value)
  local ok, why = pcall(core.layout, key, value)
  if not ok then fail.usage("%s", fail.inner(why)) end
end

--- "{x:int32,y:int32}": a type in words.
local function text(of)
  return format.safe(type(of) == "table" and "{" .. table.concat(of, ",") .. "}"
    or of)
end

-- -- from a number ----------------------------------------------------------

local function number_value(kind)
  local bits = all_types.BITS[kind]
  if bits == 64 or kind == "any" then return function(i) return i end end
  if bits then
    local mask = (1 << bits - 1) - 1
    return function(i) return i & mask end
  end
  if kind:find("^float") then return function(i) return i + 0.0 end end
  if kind == "bool" then return function(i) return i % 2 == 1 end end
  local n = kind:match("^%[(%d+)%]byte$")
  if not n then return tostring end
  return function(i) return (("0"):rep(n) .. i):sub(-n) end
end

--- A function from a number to a value of a type; a tuple has it in each field.
local function numbered(of)
  local makers = {}
  for i, kind in ipairs(all_types.kinds(of)) do
    makers[i] = number_value(kind)
  end
  if type(of) == "string" then return makers[1] or function() end end
  return function(i)
    local fields = {}
    for f, make in ipairs(makers) do fields[f] = make(i) end
    return fields
  end
end

return {
  parse = parse,
  check = check,
  text = text,
  numbered = numbered,
}
