--- hmap load-table: Go's load factor table, measured anew.

local json = require "hmap.cli.json"
local loadtable = require "hmap.plan.load_table"
local map = require "hmap.cli.map"
local option = require "hmap.cli.option"
local progress = require "hmap.cli.progress"

local function options(c)
  map.seed_option(c)
  option.add(c, "--buckets", "N", "A power of two.", option.log2, "1048576")
  json.option(c)
end

local function run(args)
  json.show(args, loadtable.measure(args.buckets, args.seed, progress.of))
end

return {
  summary = "Measure the table above loadFactor in Go's map source.",
  examples = { "hmap load-table --buckets 65536" },
  options = options,
  run = run,
}
