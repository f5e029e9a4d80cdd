--- Entries from elsewhere: hmap.from and m:load_lines.

local core = require "hmap.core"
local fields = require "hmap.fields"
local format = require "hmap.format"
local lines = require "hmap.lines"
local options = require "hmap.options"
local types = require "hmap.types"

-- -- hmap.from --------------------------------------------------------------

-- What methods raise, as the fault of ours; of `new` it is argument 2.
local function as_ours(raised)
  raised = format.without_place(tostring(raised))
  return (raised:gsub("^.-bad argument", "bad argument", 1)
    :gsub("^.-map is closed$", "map is closed")
    :gsub("#1 to 'new'", "#2 to 'from'", 1)
    :gsub("to 'set_many'", "to 'from'", 1):gsub("to 'set'", "to 'from'", 1)
    :gsub("^.-'is_sandboxed'(.*)is_sandboxed", "'load_lines'%1load_lines", 1))
end

local function blame(form, ...)
  error("bad argument #1 to 'from' (" .. form:format(...) .. ")", 0)
end

-- The keys and values of a table as two lists.
local function spread(t)
  local keys, values, n = {}, {}, 0
  for k, v in pairs(t) do
    n = n + 1
    keys[n], values[n] = k, v
  end
  return keys, values, n
end

-- As m:totable() lists maps of tuples.
local function spread_rows(list)
  local keys, values = {}, {}
  for i, row in ipairs(list) do
    if type(row) ~= "table" or row.key == nil then
      blame("{key =, value =} expected at index %d, got %s", i,
        format.value(row))
    end
    keys[i], values[i] = row.key, row.value
  end
  return keys, values, #list
end

-- opts, with what they leave out found in the entries.
local function with_types(opts, keys, values, n)
  local made = {}
  for name, value in pairs(opts) do made[name] = value end
  made.key = made.key or types.narrowest(keys, n) or "any"
  made.value = made.value or types.narrowest(values, n) or "any"
  made.capacity = made.capacity or n
  return made
end

local function from_list(list, opts)
  local n = #list
  local m = core.new(with_types(opts, list, {}, n))
  m:set_many(list)
  return m
end

local function from_table(t, opts)
  local keys, values, n
  if type(opts.key) == "table" then
    keys, values, n = spread_rows(t)
  else
    keys, values, n = spread(t)
  end
  local m = core.new(with_types(opts, keys, values, n))
  m:set_many(keys, opts.value ~= "none" and values or nil)
  return m
end

-- What an iterator gives goes into the arguments of set, as it comes; what it
-- raises is its caller's affair, and no line of this file.
local function from_iterator(step, opts)
  local m = core.new(opts)
  local function set(ok, first, ...)
    if not ok then error(first, 0) end
    if first == nil then return false end
    m:set(first, ...)
    return true
  end
  while set(pcall(step)) do end
  return m
end

local function make(source, opts)
  opts = opts or {}
  if type(opts) ~= "table" then
    error("bad argument #2 to 'from' (table expected, got " .. type(opts)
      .. ")", 0)
  end
  if type(source) == "function" then return from_iterator(source, opts) end
  if type(source) ~= "table" then
    blame("table, list of keys or function expected, got %s", type(source))
  end
  if opts.value == "none" and type(opts.key) ~= "table" then
    return from_list(source, opts)
  end
  return from_table(source, opts)
end

--- A new map of what there is: the entries of a table; with value = "none" the
-- keys of a list; with a tuple as key the rows of a list, as totable gives
-- them; or what a function returns, called until it returns nil. opts: as of
-- hmap.new; types and capacity that it leaves out follow from the entries of a
-- table.
local function from(source, opts)
  local ok, m = pcall(make, source, opts)
  if ok then return m end
  error(as_ours(m), 2)
end

-- -- m:load_lines -----------------------------------------------------------

local POSITIONS = {
  function(value)
    if type(value) ~= "table" then value = { value } end
    for i = 1, #value do
      if not math.tointeger(value[i]) or value[i] < 1 then return false end
    end
    return #value > 0
  end,
  "number of a field, or list of them",
  function(value) return type(value) == "table" and value or { value } end,
}

local LINE_OPTIONS = {
  key = POSITIONS,
  value = POSITIONS,
  delimiter = {
    function(value)
      return type(value) == "string" and #value == 1 and value ~= '"'
    end, "one character, no quote",
  },
  header = {
    function(value)
      return type(value) == "boolean" or (math.type(value) == "integer"
        and value >= 0)
    end, "boolean or number of lines",
    function(value) return math.tointeger(value) or value and 1 or 0 end,
  },
  name = { function(value) return type(value) == "string" end, "string" },
  progress = {
    function(value) return type(value) == "function" end, "function",
  },
}

local function count_from(first, n)
  local list = {}
  for i = 1, n do list[i] = first + i - 1 end
  return list
end

-- Where in a line the fields of keys and values are; nil: it is the key.
local function places_of(opts, nkey, nvalue)
  if nkey == 1 and nvalue == 0 and not opts.key and not opts.delimiter then
    return nil
  end
  local key = opts.key or count_from(1, nkey)
  local value = opts.value or count_from(nkey + 1, nvalue)
  if #key ~= nkey or #value ~= nvalue then
    error(string.format("bad argument #2 to 'load_lines' (the map has %s and "
      .. "%s, %d and %d are named)", format.plural(nkey, "field in a key",
      "fields in a key"), format.plural(nvalue, "in a value", "in a value"),
      #key, #value), 0)
  end
  return table.move(value, 1, nvalue, nkey + 1, table.move(key, 1, nkey, 1, {}))
end

-- A function that sets the entry of a line; false and why it could not.
local function setter(m, opts)
  local key, value = core.types(m)
  local kinds, of_value = types.kinds(key), types.kinds(value)
  local nkey = #kinds
  table.move(of_value, 1, #of_value, nkey + 1, kinds)
  local read = fields.reader(kinds, places_of(opts, nkey, #of_value),
    opts.delimiter)
  return function(line)
    local entry, why = read(line)
    if not entry then return false, why end
    local ok, raised = pcall(m.set, m, table.unpack(entry))
    return ok, not ok and (tostring(raised):match "%((.*)%)$" or raised)
  end
end

local function load_from(m, file, name, opts)
  local set, n, header = setter(m, opts), 0, opts.header or 0
  name = format.safe(opts.name or name)
  local found, why = lines.each(file, function(line, number)
    if line == "" or number <= header then return end
    local ok, wrong = set(line)
    if not ok then error({ ("%s:%d: %s"):format(name, number, wrong) }, 0) end
    n = n + 1
  end, { progress = opts.progress })
  if not found then error({ name .. ": " .. why }, 0) end
  return n
end

local function open_and_load(m, source, opts)
  local no_paths = core.is_sandboxed(m)
  opts = options.check("load_lines", 2, opts, LINE_OPTIONS, 0)
  if io.type(source) == "file" then
    return load_from(m, source, "file", opts)
  elseif no_paths then
    error("bad argument #1 to 'load_lines' (no paths in a sandbox)", 0)
  elseif type(source) ~= "string" then
    error("bad argument #1 to 'load_lines' (path or open file expected, got "
      .. (io.type(source) or type(source)) .. ")", 0)
  end
  local file <close>, why = io.open(source, "rb")
  if not file then error({ format.safe(why) }, 0) end
  return load_from(m, file, source, opts)
end

--- Sets an entry for each line of a file that is not empty; how many lines that
-- were. opts: key, value: which fields of a line they are, by default the first
-- ones; delimiter (a comma); header: how many lines are none, true for 1; name:
-- what errors call the file; progress, told the bytes that were read.
local function load_lines(m, source, opts)
  local ok, result = pcall(open_and_load, m, source, opts)
  if ok then return result end
  error(type(result) == "table" and result[1]
    or as_ours(result), 2)
end

return { from = from, load_lines = load_lines }
