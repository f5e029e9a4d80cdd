-- What an installed hmap must be able to do, with nothing but itself on the
-- path. Run by spec/run.sh, not by busted.
local hmap = require "hmap"

local m <close> = hmap.new {key = "string", value = "int64", seed = 1}
for i = 1, 1000 do
  m:set("key" .. i, i)
end
assert(#m == 1000 and m:get("key500") == 500)
assert(m:delete("key500") and m:get("key500") == nil)
assert(m:check())
assert(#m:draw() > 0 and #tostring(m:stats()) > 0)
require "hmap.cli"
local page = package.searchpath("hmap.explorer.page", package.path)
assert(io.open((page:gsub("%.lua$", ".html")))):close() -- its template
print(hmap._VERSION, m)
