-- Watches a map grow event by event: the ninth entry is too many for a bucket,
-- the map makes two, and each later write moves a little. The seed makes every
-- run print the same.
local hmap = require "hmap"

local m = hmap.new {key = "int64", value = "none", seed = 3}
m:trace(function(event)
  print(string.format("%10s  %s", event.kind, event))
end)

for i = 1, 27 do m:set(i) end

m:trace(nil)
print()
print(m:draw())
print()
print(m:explain(5))
