--- Fields of a line: what stands between delimiters. In double quotes a field
-- may have delimiters, and a quote that is doubled; no field has a line end.

local format = require "hmap.format"
local types = require "hmap.types"

-- The field that begins at `at`, and where the next does.
local function field_at(line, at, delimiter)
  if line:byte(at) ~= 34 then
    local stop = line:find(delimiter, at, true)
    return line:sub(at, stop and stop - 1), stop and stop + 1
  end
  local stop = at
  repeat -- a quote within the quotes is doubled
    stop = line:find('"', stop + 1, true)
    local doubled = stop and line:byte(stop + 1) == 34
    if doubled then stop = stop + 1 end
  until not doubled
  if not stop then return nil end
  local behind = line:find(delimiter, stop + 1, true)
  return line:sub(at + 1, stop - 1):gsub('""', '"'), behind and behind + 1
end

-- The n-th field of a line, or nil and why not.
local function field(line, n, delimiter)
  local at, text = 1, nil
  for i = 1, n do
    if not at then
      return nil, string.format("%s, and field %d is wanted",
        format.plural(i - 1, "field"), n)
    end
    text, at = field_at(line, at, delimiter)
    if not text then return nil, "a quote is not closed" end
  end
  return text
end

local function read_field(text, kind, reader)
  local value = reader(text)
  if value == nil then
    return nil, string.format("%s expected, got %s", kind, format.value(text))
  end
  return value
end

--- A function from a line to a value of a type, a list of fields for a tuple;
-- or nil and what is wrong with it. places: which of the line's fields, nil if
-- the line is the value; delimiter: what stands between them, by default a
-- comma.
local function reader(of, places, delimiter)
  local kinds, readers = types.kinds(of), {}
  delimiter = delimiter or ","
  for i, kind in ipairs(kinds) do readers[i] = types.reader(kind) end
  local function part(line, i)
    local text, why = line, nil
    if places then text, why = field(line, places[i], delimiter) end
    if not text then return nil, why end
    return read_field(text, kinds[i], readers[i])
  end
  if type(of) == "string" then
    return function(line) return part(line, 1) end
  end
  return function(line)
    local list = {}
    for i = 1, #kinds do
      local value, why = part(line, i)
      if value == nil then return nil, why end
      list[i] = value
    end
    return list
  end
end

return { reader = reader }
