--- hmap draw: a filled map as a picture in text.

local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"
local option = require "hmap.cli.option"
local out = require "hmap.cli.out"

local function options(c)
  keys.options(c)
  map.options(c)
  map.at_option(c)
  option.drawing(c)
end

local function run(args)
  local m <close> = map.filled(args, keys.read(args))
  out.line(m:draw { width = args.width, ascii = args.ascii })
end

return {
  summary = "Draw a map of the keys: both arrays, if it is growing.",
  examples = { "hmap draw --at 27 words.txt" },
  options = options,
  run = run,
}
