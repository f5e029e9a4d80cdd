--- hmap explain: the search for one key.

local fail = require "hmap.cli.fail"
local json = require "hmap.cli.json"
local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"

local function options(c)
  c:argument("wanted", "The key; of several fields: 3,4."):argname("KEY")
  keys.options(c)
  map.options(c)
  map.at_option(c)
  json.option(c)
end

local function run(args)
  local key = keys.parse_key(args, args.wanted)
  local m <close> = map.filled(args, keys.read(args))
  local e = type(key) == "table" and m:explain(table.unpack(key))
    or m:explain(key)
  json.show(args, e)
  return e.found and fail.DONE or fail.NO
end

return {
  summary = "Tell where a key is, and why there. Exit code 1: it is absent.",
  examples = {
    "hmap explain hopscotch words.txt",
    "hmap explain --key int64 --field 1 -- -5 -",
  },
  options = options,
  run = run,
}
