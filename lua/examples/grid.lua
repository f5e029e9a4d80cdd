-- A plane without borders, as a map from (x, y) to what is there: Conway's game
-- of life. The keys are tuples of two int32, so a cell costs 8 bytes and no
-- table is built for it. Starts with the R-pentomino, five cells that live for
-- 1103 generations, and prints the population on the way.
local hmap = require "hmap"

local KEY = {"x:int32", "y:int32"}
local function plane(value) return hmap.new {key = KEY, value = value} end

-- How many neighbours each cell has, for all cells that have any.
local function neighbours(alive)
  local count = plane "uint8"
  for x, y in alive:keys() do
    for dx = -1, 1 do
      for dy = -1, 1 do
        if dx ~= 0 or dy ~= 0 then count:add(x + dx, y + dy, 1) end
      end
    end
  end
  return count
end

local function next_generation(alive)
  local after = plane "none"
  local count <close> = neighbours(alive)
  for x, y, n in count:pairs() do
    if n == 3 or (n == 2 and alive:has(x, y)) then after:set(x, y) end
  end
  alive:close()
  return after
end

local alive = plane "none"
for _, cell in ipairs {{1, 0}, {2, 0}, {0, 1}, {1, 1}, {1, 2}} do
  alive:set(cell[1], cell[2])
end

for generation = 1, 1103 do
  alive = next_generation(alive)
  if generation % 200 == 0 or generation == 1103 then
    print(string.format("generation %4d: %3d cells", generation, #alive))
  end
end
local east, south = 0, 0
for x, y in alive:keys() do
  east, south = math.max(east, x), math.max(south, y)
end
print("farthest glider: " .. east .. " east, " .. south .. " south")
