--- Types as hmap.new takes them, and the values that texts stand for.

--- The kinds of a type's fields: one, unless it is a tuple.
local function kinds(of)
  if of == "none" then return {} end
  if type(of) == "string" then return { of } end
  local list = {}
  for i, field in ipairs(of) do list[i] = field:match("([^:]*)$") end
  return list
end

-- -- from values ------------------------------------------------------------

local SINGLE = { string = "string", boolean = "bool", integer = "int64",
  float = "float64" }

-- The type that holds both.
local function join(a, b)
  if a == nil or a == b then return b end
  local numbers = a == "float64" and b == "int64"
    or a == "int64" and b == "float64"
  return numbers and "float64" or "any"
end

--- The narrowest of int64, float64, string, bool, any for n values of a list;
-- or nil and the index of the first that is none of these.
local function narrowest(list, n)
  local kind
  for i = 1, n do
    local value = list[i]
    local of_value = SINGLE[math.type(value) or type(value)]
    if not of_value then return nil, i end
    kind = join(kind, of_value)
  end
  return kind or "any"
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

return {
  BITS = BITS,
  kinds = kinds,
  narrowest = narrowest,
  reader = reader,
}
