--- hmap layout: the bytes of a bucket.

local core = require "hmap.core"
local fail = require "hmap.cli.fail"
local json = require "hmap.cli.json"
local types = require "hmap.cli.types"

local function options(c)
  c:argument("key", "The keys' type: int64, string, [16]byte, .. or several "
    .. "fields: x:int32,y:int32."):argname("KEY")
  c:argument("value", "The values' type; none: a set."):argname("VALUE")
  json.option(c)
end

local function run(args)
  local key, value = types.parse(args.key), types.parse(args.value)
  local ok, view = pcall(core.layout, key, value)
  if not ok then fail.usage("%s", fail.inner(view)) end
  json.show(args, view)
end

return {
  summary = "Show how keys and values of two types lie in a bucket.",
  examples = {
    "hmap layout string int64",
    "hmap layout x:int32,y:int32 none --json",
  },
  options = options,
  run = run,
}
