-- Plans fifty million entries before there is one: what they take at rest and
-- while the map grows, when it grows, and which of some ways to store the same
-- is the smallest. Then checks the arithmetic on a map of 100,000.
local hmap = require "hmap"

local ENTRIES = 50000000

print(hmap.plan {key = "string", value = "int64", key_bytes = 22,
  entries = ENTRIES})
print()

print "the same, by type of key:        GiB at rest   at worst"
for _, way in ipairs {
  {"text of 22 bytes", {key = "string", key_bytes = 22}},
  {"its 16-byte digest", {key = "[16]byte"}},
  {"a number for it", {key = "int64"}},
  {"a number below 2^32", {key = "uint32"}},
} do
  local options = way[2]
  options.value, options.entries = "int64", ENTRIES
  local plan = hmap.plan(options)
  print(string.format("  %-28s %12.2f %10.2f", way[1],
    plan.bytes / 2^30, plan.peak.bytes / 2^30))
end
print()

local plan = hmap.plan {key = "int64", value = "int64", entries = 100000}
local m <close> = hmap.new {key = "int64", value = "int64", seed = 1}
for i = 1, 100000 do m:set(i, i) end
m:finish()
print(string.format("100,000 planned and made: off by %.0f %%",
  100 * math.abs(plan.bytes / m:stats().bytes - 1)))
