--- Types on the command line: "int64", "[16]byte", "x:int32,y:int32"; and the
-- values of these types that a text or a number stands for.

local core = require "hmap.core"
local fail = require "hmap.cli.fail"
local format = require "hmap.format"

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

--- The kinds of a type's fields: one, unless it is a tuple.
local function kinds(of)
  if of == "none" then return {} end
  if type(of) == "string" then return { of } end
  local list = {}
  for i, field in ipairs(of) do list[i] = field:match("([^:]*)$") end
  return list
end

--- "{x:int32,y:int32}": a type in words.
local function text(of)
  return format.safe(type(of) == "table" and "{" .. table.concat(of, ",") .. "}"
    or of)
end

-- -- from a text ------------------------------------------------------------

local BITS = { int8 = 8, int16 = 16, int32 = 32, int64 = 64,
  uint8 = 8, uint16 = 16, uint32 = 32, uint64 = 64 }

-- The bits of a number up to 2^64 - 1 that no Lua integer holds.
local function large_unsigned(digits)
  local n = 0
  if digits:match("^0*(%d*)$") > "18446744073709551615"
    or #digits:match("^0*(%d*)$") ~= 20 then
    return nil
  end
  for digit in digits:gmatch("%d") do n = n * 10 + digit end
  return n
end

local function integer(kind)
  local bits, signed = BITS[kind], kind:sub(1, 1) == "i"
  local least = signed and math.mininteger or 0
  local most = math.maxinteger
  if bits < 64 then
    least = signed and -(1 << bits - 1) or 0
    most = (1 << bits - (signed and 1 or 0)) - 1
  end
  return function(s)
    local digits = s:match("^%s*([+-]?%d+)%s*$")
    local n = digits and math.tointeger(tonumber((digits:gsub("^+", ""))))
    if digits and not signed and bits == 64 and not n then
      return large_unsigned((digits:gsub("^+", "")))
    end
    return n and n >= least and n <= most and n or nil
  end
end

local TRUTH = { ["true"] = true, ["false"] = false, ["1"] = true,
  ["0"] = false }

-- A number where the text is one.
local function any(s) return tonumber(s) or s end

local function string_of(s) return s end

local function bytes(n)
  return function(s)
    if #s == n then return s end
  end
end

--- A function from a text to the value of a scalar type, nil if it is none.
local function reader(kind)
  if BITS[kind] then return integer(kind) end
  if kind:find("^float") then return tonumber end
  if kind == "bool" then return function(s) return TRUTH[s] end end
  if kind == "any" then return any end
  local n = kind:match("^%[(%d+)%]byte$")
  return n and bytes(math.tointeger(n)) or string_of
end

-- -- from a number ----------------------------------------------------------

local function number_value(kind)
  local bits = BITS[kind]
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
  for i, kind in ipairs(kinds(of)) do makers[i] = number_value(kind) end
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
  kinds = kinds,
  text = text,
  reader = reader,
  numbered = numbered,
}
