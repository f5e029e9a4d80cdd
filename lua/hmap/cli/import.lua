--- hmap import: a file of lines becomes a file of a map.

local fail = require "hmap.cli.fail"
local files = require "hmap.cli.files"
local format = require "hmap.format"
local map = require "hmap.cli.map"
local option = require "hmap.cli.option"
local out = require "hmap.cli.out"
local source = require "hmap.cli.source"
local types = require "hmap.cli.types"

local function options(c)
  c:argument("file", "Entries, one a line; - is standard input.")
  out.file_options(c, true)
  option.add(c, "--key", "TYPE", "The keys' type: string, int64, [16]byte, "
    .. "any, ..; of several fields: int32,int32.", types.parse, "string")
  option.add(c, "--value", "TYPE", "The values' type. none: a set.",
    types.parse, "none")
  option.add(c, "--field", "N", "Which fields of a line are the key: 2, or "
    .. "1,3. Default: the first.", option.numbers(1))
  option.add(c, "--value-field", "N", "Which are the value. Default: those "
    .. "behind the key.", option.numbers(1))
  option.add(c, "--delimiter", "C", "What stands between fields; in double "
    .. "quotes it is text. Default: a comma.", option.character)
  option.add(c, "--skip", "N", "Lines to leave out at the beginning: "
    .. "headings.", option.integer(0), "0")
  map.policy_option(c)
end

local function run(args)
  types.check(args.key, args.value)
  out.check(args, files.MARK)
  local file <close>, name = source.open(args.file)
  local m <close> = map.new(args, args.key)
  local show = source.progress_of(name)
  local ok, lines = pcall(m.load_lines, m, file, { key = args.field,
    value = args.value_field, delimiter = args.delimiter, header = args.skip,
    name = name, progress = show })
  show()
  if not ok then fail.file("%s", fail.inner(lines)) end
  map.guarded(m.save, m, args.out)
  out.line(("%s from %s: %s"):format(format.plural(#m, "entry", "entries"),
    format.plural(lines, "line"), format.safe(args.out)))
end

return {
  summary = "Make a file of a map from lines; hmap.load reads it.",
  examples = {
    "hmap import words.txt words.hmap",
    "seq 9 | sed 's/.*/&,&0/' | hmap import --key int64 --value int64 - "
      .. "tens.hmap",
  },
  options = options,
  run = run,
}
