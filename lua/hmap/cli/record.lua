--- hmap record: the growth of a map as a file, to be replayed at any step.

local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"
local out = require "hmap.cli.out"
local recording = require "hmap.observe.recording"
local format = require "hmap.format"

local function options(c)
  out.file_options(c)
  keys.options(c)
  map.options(c)
  map.at_option(c)
end

local function run(args)
  local source = keys.read(args)
  local m <close> = map.recorded(args, source)
  local r = m:events()
  r.keys, r.values = source.keys, map.values(args, r.operations)
  out.file(args, recording.MARK, function(write)
    recording.write(r, write)
  end)
  if args.out ~= "-" then
    out.line(("%s and %s recorded in %s"):format(
      format.plural(r.operations, "operation"),
      format.plural(m:stats().growths.double, "doubling"), args.out))
  end
end

return {
  summary = "Write a recording, which contains the keys, to a file.",
  examples = {
    "hmap record words.rec words.txt",
    "hmap record --policy adaptive - words.txt",
  },
  options = options,
  run = run,
}
