-- What saving and loading take, beside what the same takes without a file: rows
-- of file.c, and a loop of m:set over keys in memory. The best of five rounds.
--
--   file.lua PROGRAM [N]
local hmap = require "hmap"

local program, n = arg[1], math.tointeger(tonumber(arg[2] or 10000000))
local path = os.tmpname()
local best = {}

local function note(row, wall, processor)
  local was = best[row] or { wall = math.huge, processor = math.huge }
  best[row] = { wall = math.min(was.wall, wall),
    processor = math.min(was.processor, processor) }
end

local function run_program()
  local pipe <close> = assert(io.popen(("%s %d %s"):format(program, n, path)))
  for line in pipe:lines() do
    local row, wall, processor = line:match "^(.-)\t(%S+)\t(%S+)$"
    note(row, tonumber(wall), tonumber(processor))
  end
end

-- By the processor's clock: Lua has no other.
local function timed(row, f)
  collectgarbage()
  local start = os.clock()
  f():close()
  local seconds = os.clock() - start
  note(row, seconds, seconds)
end

local function set_all(keys)
  local m = hmap.new { key = "int64", value = "int64" }
  for i = 1, #keys do m:set(keys[i], i) end
  return m
end

local function run_here()
  local keys = {}
  for i = 1, n do keys[i] = i * 0x9e3779b97f4a7c15 end
  local m <close> = set_all(keys)
  m:save(path)
  for _ = 1, 3 do
    timed("m:set in a loop", function() return set_all(keys) end)
    timed("hmap.load", function() return hmap.load(path) end)
  end
end

local function line(row, beside)
  local b, other = best[row], best[beside]
  print(("%-16s %8.3f %10.3f   %s"):format(row, b.wall, b.processor,
    other and ("%.2f and %.2f x %s"):format(b.wall / other.wall,
      b.processor / other.processor, beside) or ""))
end

run_program()
run_here()
os.remove(path)
print(n .. " pairs of int64: seconds by the clock, and of the processor")
line "write"
line("pack and write", "write")
line("save", "write")
line("save", "pack and write")
line "write and sync"
line("save and sync", "write and sync")
line "put"
line("load", "put")
line "hmap.load"
line("m:set in a loop", "hmap.load")
