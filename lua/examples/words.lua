-- Counts the words of a text and prints the ten most frequent ones: one `add`
-- a word, which finds or makes the entry and counts in a single probe.
--
--   lua5.4 words.lua [FILE]
local hmap = require "hmap"

local SAMPLE = [[
A rose is a rose is a rose, and a map is a map while it grows: a write moves
a bucket, and a bucket that has moved is a bucket that is done.
]]

local function words_of(path)
  local text = SAMPLE
  if path then
    local file <close> = assert(io.open(path, "rb"))
    text = file:read "a"
  end
  return text:lower():gmatch "%a+"
end

local counts <close> = hmap.new {key = "string", value = "int64"}
local total = 0
for word in words_of(arg[1]) do
  counts:add(word)
  total = total + 1
end

local list = {}
for word, n in pairs(counts) do
  list[#list + 1] = {word = word, n = n}
end
table.sort(list, function(a, b)
  return a.n > b.n or (a.n == b.n and a.word < b.word)
end)

print(total .. " words, " .. #counts .. " of them different")
for i = 1, math.min(10, #list) do
  print(string.format("%6d  %s", list[i].n, list[i].word))
end
