-- An event loop (luv) whose state grows to a million entries, 250 a tick. A
-- plain table stops the loop when it rehashes; the map moves a little with each
-- write. Prints the ticks' percentiles of both,
-- in time of the processor, so that a busy machine does not count.
--
-- Needs luv (Debian: lua-luv).
local hmap = require "hmap"
local uv = require "luv"

local ENTRIES, BATCH = 1000000, 250

-- The times of all ticks in milliseconds, sorted.
local function run(put)
  local ticks, done, tick = {}, 0, uv.new_idle()
  tick:start(function()
    local start = os.clock()
    for i = done + 1, done + BATCH do put(i * 0x9e3779b97f4a7c15, i) end
    done = done + BATCH
    ticks[#ticks + 1] = (os.clock() - start) * 1000
    if done >= ENTRIES then tick:close() end
  end)
  uv.run()
  table.sort(ticks)
  return ticks
end

local function show(what, ticks)
  local function at(share) return ticks[math.ceil(#ticks * share)] end
  print(string.format("%-6s half: %.2f ms  99 of 100: %.2f ms  worst: %.2f ms",
    what, at(0.5), at(0.99), ticks[#ticks]))
  return ticks[#ticks]
end

print(ENTRIES .. " inserts in ticks of " .. BATCH)
local map = hmap.new {key = "int64", value = "int64"}
local worst = show("map", run(function(k, v) map:set(k, v) end))
local plain = {}
show("table", run(function(k, v) plain[k] = v end))
assert(#map == ENTRIES and next(plain))
print(string.format("no tick of the map takes 5 ms: %s", worst < 5))
