--- What of hmap a script may be given that nobody trusts: it reaches what its
-- own maps hold. Not here are live, profile and metrics, which tell of other
-- scripts' maps, and what touches files. Its maps tell no real addresses.

local core = require "hmap.core"
local hmap = require "hmap"

-- make, so that the maps that it makes stay within bounds, as do their clones.
local function sandboxed(make)
  return function(...)
    local ok, m = pcall(make, ...)
    if not ok then error(m, 2) end
    return core.sandbox(m)
  end
end

local function report(m, opts)
  if type(opts) == "string" then
    error("bad argument #2 to 'report' (no files in a sandbox)", 2)
  end
  local ok, text = pcall(hmap.report, m, opts)
  if not ok then error(text, 2) end
  return text
end

return {
  new = sandboxed(hmap.new),
  from = sandboxed(hmap.from),
  replay = sandboxed(hmap.replay),
  of = hmap.of,
  layout = hmap.layout,
  plan = hmap.plan,
  hash = hmap.hash,
  keystats = hmap.keystats,
  report = report,
  help = hmap.help,
  _VERSION = hmap._VERSION,
}
