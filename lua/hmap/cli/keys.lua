--- Keys from lines: which of them, which fields, as which type.

local fail = require "hmap.cli.fail"
local option = require "hmap.cli.option"
local source = require "hmap.cli.source"
local types = require "hmap.cli.types"
local format = require "hmap.format"

--- Adds what says where keys come from.
local function options(c)
  c:argument("file", "Keys, one a line; - is standard input. Default: $KEYS, "
    .. "or a word list of the system, or the paths of its files."):args("?")
  option.add(c, "--key", "TYPE", "The keys' type: string, int64, float64, "
    .. "[16]byte, any, ..; of several fields: int32,int32.", nil, "string")
  option.add(c, "--field", "N", "Which fields of a line are the key: 2, or "
    .. "1,3.", option.numbers(1))
  option.add(c, "--delimiter", "C", "What stands between fields; in double "
    .. "quotes it is text. Default: a comma.", option.character)
  option.add(c, "--skip", "N", "Lines to leave out at the beginning: "
    .. "headings.", option.integer(0), "0")
end

-- -- fields of a line ---------------------------------------------------------

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

-- -- keys -------------------------------------------------------------------

local function first_fields(kinds)
  if #kinds == 1 then return nil end
  local fields = {}
  for i = 1, #kinds do fields[i] = i end
  return fields
end

-- Which fields of a line make a key: nil, the whole line.
local function wanted_fields(args, kinds)
  local fields = args.field or first_fields(kinds)
  if not fields and args.delimiter then fields = { 1 } end
  if fields and #fields ~= #kinds then
    fail.usage("--field: a key of %s has %s, and %d are named",
      types.text(args.key), format.plural(#kinds, "field"), #fields)
  end
  return fields
end

local function read_field(text, kind, reader)
  local value = reader(text)
  if value == nil then
    return nil, string.format("%s expected, got %s", kind, format.value(text))
  end
  return value
end

--- A function from a text to its key, a list of fields for a tuple; or nil and
-- what is wrong with it. fields: which of the text's, nil if it is the key.
local function key_reader(args, kinds, fields)
  local readers, delimiter = {}, args.delimiter or ","
  for i, kind in ipairs(kinds) do readers[i] = types.reader(kind) end
  local function part(line, i)
    local text, why = line, nil
    if fields then text, why = field(line, fields[i], delimiter) end
    if not text then return nil, why end
    return read_field(text, kinds[i], readers[i])
  end
  if type(args.key) == "string" then
    return function(line) return part(line, 1) end
  end
  return function(line)
    local key = {}
    for i = 1, #kinds do
      local value, why = part(line, i)
      if value == nil then return nil, why end
      key[i] = value
    end
    return key
  end
end

-- Equal for equal keys, and fit for a table's key; nil for a NaN.
local function identity(key)
  if type(key) ~= "table" then return key == key and key or nil end
  local parts = {}
  for i, v in ipairs(key) do
    if v ~= v then return nil end
    parts[i] = type(v) == "string" and #v .. ":" .. v or tostring(v)
  end
  return table.concat(parts, ",")
end

local function check_key_type(args)
  args.key = type(args.key) == "table" and args.key or types.parse(args.key)
  types.check(args.key, "none")
  return types.kinds(args.key)
end

--- Reads the keys that a command line names: {keys =, type =, source =, note
-- =}, each key once.
local function read(args)
  local kinds = check_key_type(args)
  local key_of = key_reader(args, kinds, wanted_fields(args, kinds))
  local keys, seen, repeats = {}, {}, 0
  local function add(line, number, name)
    if line == "" or number <= args.skip then return end
    local key, why = key_of(line)
    if key == nil then
      fail.file("%s:%d: %s%s", name, number, why, number == 1
        and " (--skip 1 leaves a heading out)" or "")
    end
    local id = identity(key)
    if id ~= nil and seen[id] then
      repeats = repeats + 1
      return
    end
    if id ~= nil then seen[id] = true end
    keys[#keys + 1] = key
  end
  local name, notes = source.read(args.file, add)
  if #keys == 0 then fail.file("%s: there is no key in it", name) end
  if repeats > 0 then
    table.insert(notes, 1, format.plural(repeats, "repeated line")
      .. " left out")
  end
  return { keys = keys, type = args.key, source = name,
    note = table.concat(notes, ", ") }
end

--- One key from a word of the command line: the key alone, its fields with
-- the delimiter between them.
local function parse_key(args, text)
  local kinds = check_key_type(args)
  local key, why = key_reader(args, kinds, first_fields(kinds))(text)
  if key == nil then fail.usage("the key: %s", why) end
  return key
end

return { options = options, read = read, parse_key = parse_key }
