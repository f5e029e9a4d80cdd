--- hmap stats: a filled map in numbers.

local json = require "hmap.cli.json"
local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"

local function options(c)
  keys.options(c)
  map.options(c)
  map.at_option(c)
  json.option(c)
end

local function run(args)
  local m <close> = map.filled(args, keys.read(args))
  local stats, memory = m:stats(), m:memory()
  json.show(args, { stats = stats, memory = memory },
    string.format("%s\n%s\n\nbytes by part\n%s", m, stats, memory))
end

return {
  summary = "Put keys into a map and show its state and its bytes.",
  examples = {
    "hmap stats words.txt",
    "hmap stats --policy adaptive --at 1000 --json words.txt",
  },
  options = options,
  run = run,
}
