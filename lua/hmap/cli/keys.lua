--- Keys from lines: which of them, which fields, as which type.

local fail = require "hmap.cli.fail"
local option = require "hmap.cli.option"
local source = require "hmap.cli.source"
local types = require "hmap.cli.types"
local fields = require "hmap.fields"
local format = require "hmap.format"
local kinds_of = require "hmap.types".kinds

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

-- -- keys -------------------------------------------------------------------

local function first_fields(kinds)
  if #kinds == 1 then return nil end
  local list = {}
  for i = 1, #kinds do list[i] = i end
  return list
end

-- Which fields of a line make a key: nil, the whole line.
local function wanted_fields(args, kinds)
  local wanted = args.field or first_fields(kinds)
  if not wanted and args.delimiter then wanted = { 1 } end
  if wanted and #wanted ~= #kinds then
    fail.usage("--field: a key of %s has %s, and %d are named",
      types.text(args.key), format.plural(#kinds, "field"), #wanted)
  end
  return wanted
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
  return kinds_of(args.key)
end

--- Reads the keys that a command line names: {keys =, type =, source =, note
-- =}, each key once.
local function read(args)
  local kinds = check_key_type(args)
  local key_of = fields.reader(args.key, wanted_fields(args, kinds),
    args.delimiter)
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
  local read_key = fields.reader(args.key, first_fields(kinds), args.delimiter)
  local key, why = read_key(text)
  if key == nil then fail.usage("the key: %s", why) end
  return key
end

return { options = options, read = read, parse_key = parse_key }
