--- hmap distribution: how keys fall into chains, beside chance.

local fail = require "hmap.cli.fail"
local json = require "hmap.cli.json"
local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"
local option = require "hmap.cli.option"
local report = require "hmap.text.distribution"
local terminal = require "hmap.terminal"

local function options(c)
  keys.options(c)
  map.options(c)
  map.at_option(c)
  option.drawing(c)
  json.option(c)
end

local function run(args)
  local m <close> = map.filled(args, keys.read(args))
  local d = m:distribution()
  json.show(args, d, report.text(d, {
    width = args.width or terminal.width(),
    ascii = args.ascii or terminal.ascii_only(),
  }))
  return d.verdict == "bad" and fail.NO or fail.DONE
end

return {
  summary = "Judge how the keys fall. Exit code 1: badly.",
  examples = {
    "hmap distribution words.txt",
    "hmap distribution --at 1000 --json words.txt",
  },
  options = options,
  run = run,
}
