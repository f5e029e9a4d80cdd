-- An input method begins: 300,000 phrases under their readings, the likeliest
-- first, from the text that they are edited in or from the map that was saved
-- the last time. While somebody types it is saved again, step by step.
local hmap = require "hmap"

local ONSETS = {"b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "sh", "zh"}
local RHYMES = {"a", "ai", "an", "ang", "ao", "e", "en", "i", "ing", "ong"}
local text, saved = os.tmpname(), os.tmpname()

local function syllable(i)
  return ONSETS[i % 12 + 1] .. RHYMES[i // 12 % 10 + 1]
end

-- Lines of phrase, reading and how often it was used.
local function write_text()
  local file <close> = assert(io.open(text, "w"))
  for i = 0, 299999 do
    local reading = i % 100000
    file:write(utf8.char(0x4e00 + i % 20000, 0x4e00 + i * 7 % 19997), "\t",
      syllable(reading), syllable(reading // 120), syllable(reading // 14400),
      "\t", i * 31 % 9973, "\n")
  end
end

local function build()
  local lists = {}
  for line in io.lines(text) do
    local phrase, reading, uses = line:match "^([^\t]+)\t(%l+)\t(%d+)$"
    lists[reading] = lists[reading] or {}
    table.insert(lists[reading], {phrase = phrase, uses = tonumber(uses)})
  end
  local map = hmap.new {key = "string", value = "string"}
  for reading, list in pairs(lists) do
    table.sort(list, function(a, b) return a.uses > b.uses end)
    for i = 1, #list do list[i] = list[i].phrase end
    map:set(reading, table.concat(list, " "))
  end
  return map
end

-- The best of n times.
local function timed(what, n, make)
  local best, made = math.huge, nil
  for _ = 1, n do
    local start = os.clock()
    made = make()
    best = math.min(best, (os.clock() - start) * 1000)
  end
  print(("%s: %7.2f ms"):format(what, best))
  return made
end

write_text()
timed("built from the text ", 1, build):save(saved)
local function load_saved() return hmap.load(saved) end
local map = timed("loaded from the file", 3, load_saved)
print(#map .. " readings; bandaba is " .. map:get "bandaba")
for _ in map:saving(saved, 20000) do map:set("new", "in no step's way") end
for _, path in ipairs {text, saved} do os.remove(path) end
