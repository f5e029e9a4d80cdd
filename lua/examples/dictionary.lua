-- An input method's dictionary: 300,000 phrases under their readings. In Lua
-- tables every full collection walks all of it; in a map whose keys and values
-- are text it is one object. Prints how long a collection takes beside each.
local hmap = require "hmap"

local ONSETS = {"b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "sh", "zh"}
local RHYMES = {"a", "ai", "an", "ang", "ao", "e", "en", "i", "ing", "ong",
  "ou", "u"}

local function syllable(i)
  return ONSETS[i % #ONSETS + 1] .. RHYMES[i // #ONSETS % #RHYMES + 1]
end

-- The i-th reading, and the phrases that it may stand for.
local function phrase(i)
  local a, b, c = syllable(i), syllable(i // 144), syllable(i // 20736)
  return a .. b .. c, utf8.char(0x4e00 + i % 20000, 0x4e00 + i * 7 % 20000)
end

local function fill(put)
  for i = 1, 300000 do
    put(phrase(i))
  end
end

-- The time of a full collection, in milliseconds: the best of five.
local function collection()
  collectgarbage()
  local best = math.huge
  for _ = 1, 5 do
    local start = os.clock()
    collectgarbage()
    best = math.min(best, os.clock() - start)
  end
  return best * 1000
end

local empty = collection()
local map = hmap.new {key = "string", value = "string"}
fill(function(reading, text) map:set(reading, text) end)
local with_map = collection()
print(#map .. " phrases; " .. phrase(4711) .. " is " .. map:get(phrase(4711)))

local list = {}
fill(function(reading, text) list[reading] = text end)
local with_table = collection()
assert(list[phrase(4711)] == map:get(phrase(4711)))

print(string.format("a collection in the map's company: %+.2f ms",
  with_map - empty))
print(string.format("and in the table's:                %+.2f ms",
  with_table - with_map))
