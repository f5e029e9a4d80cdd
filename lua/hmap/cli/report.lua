--- hmap report: everything about a map of the keys, on one page.

local hmap = require "hmap"
local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"
local option = require "hmap.cli.option"
local out = require "hmap.cli.out"

local function options(c)
  out.file_options(c)
  keys.options(c)
  map.options(c)
  map.at_option(c)
  option.drawing(c)
end

local function run(args)
  local m <close> = map.filled(args, keys.read(args))
  local page = hmap.report(m, { width = args.width, ascii = args.ascii })
  out.file(args, "hmap ", function(write) write(page .. "\n") end)
end

return {
  summary = "Write a page about a map of the keys: state, memory, hash.",
  examples = {
    "hmap report words.report words.txt",
    "hmap report - --at 417 words.txt",
  },
  options = options,
  run = run,
}
