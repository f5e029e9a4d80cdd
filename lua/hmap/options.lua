--- The options of a function: which there are, and what each may be.
--
-- A list of options: {name = {is_good, wanted, convert}}: whether a value will
-- do, what is wanted in words, and what becomes of it; without is_good it is
-- somebody else's to judge. What a table of options inherits (__index) counts.

local format = require "hmap.format"

local function names_of(list)
  local names = {}
  for name in pairs(list) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function check(blame, given, list)
  if type(given) ~= "table" then
    blame("table expected, got %s", type(given))
  end
  local names, opts = names_of(list), {}
  for name in next, given do
    if not list[name] then
      blame("unknown option '%s'; options are %s", format.exact(tostring(name)),
        table.concat(names, ", "))
    end
  end
  for _, name in ipairs(names) do
    local value = given[name]
    local is_good, wanted, convert = table.unpack(list[name])
    if value ~= nil and is_good and not is_good(value) then
      blame("option '%s': %s expected, got %s", name, wanted,
        format.value(value))
    end
    if value ~= nil and convert then value = convert(value) end
    opts[name] = value
  end
  return opts
end

--- The options of a call as a plain table: argument `arg` of function `name`,
-- nil for none of them. Raises if one is unknown or will not do; level as of
-- error, seen from the caller of this.
local function options(name, arg, given, list, level)
  if given == nil then return {} end
  local function blame(form, ...)
    error(string.format("bad argument #%d to '%s' (%s)", arg, name,
      form:format(...)), level > 0 and level + 3 or 0)
  end
  return check(blame, given, list)
end

-- -- what an option may be ----------------------------------------------------

--- Integers from the least on, also as floats.
local function integer_from(least)
  return {
    function(value)
      return math.type(value) and math.tointeger(value) and value >= least
    end,
    "integer from " .. least .. " on", math.tointeger,
  }
end

--- Numbers from the least on, of a unit.
local function number_from(least, unit)
  return {
    function(value) return math.type(value) and value >= least end,
    (unit or "number") .. " from " .. least .. " on",
  }
end

local boolean = {
  function(value) return type(value) == "boolean" end, "boolean",
}

return {
  check = options,
  integer_from = integer_from,
  number_from = number_from,
  boolean = boolean,
}
