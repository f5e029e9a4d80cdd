--- The keys of a film in order of first use: a number, a text, a hash each.
--
-- Keys come from two sides, as an operation has them and as the map gives them
-- back; both must find one number. A NaN is no key twice.

local core = require "hmap.core"
local pack = require "hmap.explorer.pack"
local replay = require "hmap.observe.replay"
local format = require "hmap.format"

local LONGEST = 120 -- characters of a key's text

local INTEGERS = { int8 = true, int16 = true, int32 = true, int64 = true,
  uint8 = true, uint16 = true, uint32 = true, uint64 = true }

-- What the map will have of it.
local function canonical(value, kind)
  if INTEGERS[kind] then return math.tointeger(value) end
  if kind == "float32" then
    return string.unpack("f", string.pack("f", value)) + 0.0
  end
  if kind == "float64" then return value + 0.0 end
  return math.type(value) == "float" and math.tointeger(value) or value
end

local function is_nan(v) return v ~= v end

--- The text of a key without quotes.
local function text_of(key)
  return type(key) == "string" and core.text(key, "exact", LONGEST)
    or format.value(key)
end

local keybook = {}
keybook.__index = keybook

local function new(key_type)
  return setmetatable({
    fields = replay.fields_of(key_type),
    tuple = type(key_type) == "table",
    named = replay.all_named(key_type),
    type = key_type,
    numbers = {}, n = 0,
    keys = {}, texts = {}, hashes = {}, tophash = {},
  }, keybook)
end

--- The key that a map's method has been given as these arguments.
function keybook:of_arguments(args)
  local key = {}
  for i, field in ipairs(self.fields) do
    local value = canonical(args[i], field.kind)
    if is_nan(value) then return nil end
    key[self.named and field.name or i] = value
  end
  if not self.tuple then return key[1] end
  return key
end

-- The arguments by which a map is asked for a key.
function keybook:arguments(key)
  local args = { n = 0 }
  replay.spread(args, self.type, self.fields, key, "key")
  return table.unpack(args, 1, args.n)
end

-- One Lua value that is the same for the same key.
function keybook:name(key)
  if not self.tuple then return key end
  local parts = {}
  for i, field in ipairs(self.fields) do
    local v = key[field.name or i]
    if v == nil then v = key[i] end
    v = canonical(v, field.kind)
    if is_nan(v) then return nil end
    parts[i] = ("%q"):format(v)
  end
  return table.concat(parts, ",")
end

function keybook:find(key)
  if key == nil or is_nan(key) then return nil end
  local name = self:name(key)
  return name ~= nil and self.numbers[name] or nil
end

--- A number for a key that has none; one that has no name gets a new one each
-- time. hash: 64 bits or nil; tophash as the map has it.
function keybook:add(key, hash, tophash)
  local number = self.n
  self.n = number + 1
  local name = not is_nan(key) and self:name(key) or nil
  if name ~= nil then self.numbers[name] = number end
  self.keys[number], self.texts[number] = key, text_of(key)
  self.hashes[number], self.tophash[number] = hash or 0, tophash or 0
  return number
end

-- A list from 0 on, each entry as bytes.
local function column(n, cell)
  local parts = {}
  for i = 0, n - 1 do parts[i + 1] = cell(i) end
  return table.concat(parts)
end

--- Texts, hashes and tophash bytes, each as one string.
function keybook:columns(first_hashes, first_tophash)
  return {
    texts = column(self.n, function(i)
      return pack.varint(#self.texts[i]) .. self.texts[i]
    end),
    hashes = column(self.n, function(i)
      return string.pack("<i8", first_hashes[i])
    end),
    tophash = column(self.n, function(i)
      return string.char(first_tophash[i])
    end),
  }
end

return { new = new, text_of = text_of }
