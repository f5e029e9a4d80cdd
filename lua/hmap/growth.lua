--- The kinds of growth, and how each is told. The only list of them in Lua: the
-- core says which there are, in its order.
--
--   doing    what the map does meanwhile          "growing"
--   name     the growth as a thing                "doubling"
--   why      what began it, where the load did not
--   merges   entries of several old buckets share a new one

local KINDS = require "hmap.core".growth_kinds()

local TOLD = {
  double = { doing = "growing", name = "doubling" },
  same_size = {
    doing = "growing", name = "growth to the same size",
    why = "overflow buckets had come to equal buckets",
  },
  shrink = {
    doing = "shrinking", name = "shrink", merges = true,
    why = "its entries had become few",
  },
  rekey = {
    doing = "rekeying", name = "rekey", merges = true,
    why = "it was to have a fresh hash key",
  },
}

for _, kind in ipairs(KINDS) do
  assert(TOLD[kind], "a kind of growth that is not told: " .. kind)
end

--- The kind as a growth among others: "growth", "shrink".
local function noun(kind)
  return kind == "double" and "growth" or TOLD[kind].name
end

return { KINDS = KINDS, TOLD = TOLD, noun = noun }
