--- The map that a command line describes, and keys put into it.

local core = require "hmap.core"
local fail = require "hmap.cli.fail"
local option = require "hmap.cli.option"
local progress = require "hmap.cli.progress"
local kinds_of = require "hmap.types".kinds
local types = require "hmap.cli.types"

local BATCH = 8192

local WORDS = { ["true"] = true, ["false"] = false }

-- "load=4,shrink=false" as a table; a name as it is.
local function policy(text)
  if not text:find("=", 1, true) then return text end
  local fields = {}
  for part in (text .. ","):gmatch("([^,]*),") do
    local name, value = part:match("^%s*([%w_]+)%s*=%s*(%S+)%s*$")
    if not name then
      return nil, "name=value expected in a policy, got '" .. part .. "'"
    end
    if WORDS[value] ~= nil then
      fields[name] = WORDS[value]
    else
      fields[name] = math.tointeger(tonumber(value)) or tonumber(value) or value
    end
  end
  return fields
end

local function seed_option(c)
  option.add(c, "--seed", "N", "Hashes and pictures repeat for a seed.",
    option.integer(), "1")
end

local function hash_option(c)
  option.add(c, "--hash", "H", "xxh3 or, for exploring, identity, constant, "
    .. "fnv1a, java31.", nil, "xxh3")
end

local function value_option(c)
  option.add(c, "--value", "TYPE", "The values' type: each is the number of "
    .. "its key. none: a set.", nil, "int64")
end

local function policy_option(c)
  option.add(c, "--policy", "P", "When it grows: go, adaptive, smooth, "
    .. "redis, all_at_once; or load=4,moves=1.", policy, "go")
end

--- Adds what says which map it is.
local function options(c)
  value_option(c)
  hash_option(c)
  policy_option(c)
  seed_option(c)
end

local function at_option(c)
  option.add(c, "--at", "N", "The map after so many inserts. Default: all "
    .. "keys.", option.integer(0))
end

--- A map without keys.
local function new(args, key_type)
  args.value = type(args.value) == "table" and args.value
    or types.parse(args.value or "int64")
  local ok, m = pcall(core.new, { key = key_type, value = args.value,
    hash = args.hash, policy = args.policy, seed = args.seed })
  if not ok then fail.usage("%s", fail.inner(m)) end
  return m
end

--- A write that the keys' number or size made impossible.
local function guarded(write, ...)
  local ok, why = pcall(write, ...)
  if not ok then fail.file("%s", fail.inner(why)) end
end

--- A function that sets the i-th key, with as many arguments as it takes.
local function setter(m, source, args)
  local keys, value = source.keys, types.numbered(args.value)
  local set = m.set
  local spread = type(source.type) == "table" or type(args.value) == "table"
  if args.value == "none" and not spread then
    return function(i) set(m, keys[i]) end
  elseif not spread then
    return function(i) set(m, keys[i], value(i)) end
  end
  local nkey, nvalue = #kinds_of(source.type), #kinds_of(args.value)
  local function into(list, from, n, cell)
    if type(cell) == "table" then return table.move(cell, 1, n, from, list) end
    list[from] = cell
    return list
  end
  return function(i)
    local list = into({}, 1, nkey, keys[i])
    into(list, nkey + 1, nvalue, value(i))
    set(m, table.unpack(list, 1, nkey + nvalue))
  end
end

--- A function that deletes the i-th key.
local function deleter(m, source)
  local keys, delete, n = source.keys, m.delete, #kinds_of(source.type)
  if type(source.type) == "string" then
    return function(i) delete(m, keys[i]) end
  end
  return function(i) delete(m, table.unpack(keys[i], 1, n)) end
end

local function set_batch(m, keys, value, first, last)
  local some, values = table.move(keys, first, last, 1, {}), {}
  for i = first, last do values[i - first + 1] = value(i) end
  if #values > 0 then m:set_many(some, values) else m:set_many(some) end
end

--- A map of the first args.at keys, or of all.
local function filled(args, source)
  local m = new(args, source.type)
  local n = math.min(args.at or #source.keys, #source.keys)
  local show, value = progress.of(n), types.numbered(args.value)
  for first = 1, n, BATCH do
    local last = math.min(first + BATCH - 1, n)
    guarded(set_batch, m, source.keys, value, first, last)
    show(last)
  end
  return m
end

--- The same, key by key, with each operation and event recorded.
local function recorded(args, source)
  local m = new(args, source.type)
  m:record(math.maxinteger)
  local n = math.min(args.at or #source.keys, #source.keys)
  local show, set = progress.of(n), setter(m, source, args)
  for i = 1, n do
    guarded(set, i)
    if i % BATCH == 0 then show(i) end
  end
  show(n)
  return m
end

--- The first n values that such a map has.
local function values(args, n)
  local value, list = types.numbered(args.value), {}
  for i = 1, n do list[i] = value(i) end
  return list
end

return {
  options = options,
  at_option = at_option,
  hash_option = hash_option,
  policy_option = policy_option,
  seed_option = seed_option,
  value_option = value_option,
  policy = policy,
  new = new,
  setter = setter,
  deleter = deleter,
  guarded = guarded,
  filled = filled,
  recorded = recorded,
  values = values,
}
