--- hmap plan: what a map will cost, and whether that is within a limit.

local fail = require "hmap.cli.fail"
local hmap = require "hmap"
local json = require "hmap.cli.json"
local map = require "hmap.cli.map"
local option = require "hmap.cli.option"
local out = require "hmap.cli.out"
local types = require "hmap.cli.types"
local format = require "hmap.format"

local function options(c)
  option.add(c, "--entries", "N", "How many are inserted in all.",
    option.integer(0))
  option.add(c, "--bytes", "BYTES", "How many there are, as 3GiB: alone, to "
    .. "the largest map that fits; with --entries, whether they fit.",
    option.bytes)
  option.add(c, "--live", "N", "Alive at once: each further one takes "
    .. "another's place.", option.integer(1))
  option.add(c, "--key", "TYPE", "The keys' type.", nil, "string")
  option.add(c, "--value", "TYPE", "The values' type.", nil, "int64")
  option.add(c, "--key-bytes", "X", "Average length of a key's text.",
    option.number)
  option.add(c, "--value-bytes", "X", "Average length of a value's text.",
    option.number)
  option.add(c, "--hash", "H", "identity: of consecutive integers.", nil)
  map.policy_option(c)
  json.option(c)
end

-- With both, the plan is of the entries, and the bytes are its limit.
local function plan_of(args)
  local ok, view = pcall(hmap.plan, {
    key = types.parse(args.key), value = types.parse(args.value),
    entries = args.entries, bytes = not args.entries and args.bytes or nil,
    live = args.live, hash = args.hash, policy = args.policy,
    key_bytes = args.key_bytes, value_bytes = args.value_bytes,
  })
  if not ok then fail.usage("%s", fail.inner(view)) end
  return view
end

local function fit_text(peak, limit)
  if peak <= limit then
    return string.format(" fits      into %s, and leaves %s",
      format.bytes(limit), format.bytes(limit - peak))
  end
  return string.format(" too large for %s by %s", format.bytes(limit),
    format.bytes(peak - limit))
end

local function run(args)
  if not args.entries and not args.bytes then
    fail.usage("--entries or --bytes is wanted (hmap plan --help)")
  end
  local view = plan_of(args)
  json.show(args, view)
  if not (args.entries and args.bytes) then return end
  local peak = view.peak.bytes
  if not args.json then out.line(fit_text(peak, args.bytes)) end
  return peak > args.bytes and fail.NO or fail.DONE
end

return {
  summary = "Tell what a map will cost. Exit code 1: it does not fit.",
  examples = {
    "hmap plan --key int64 --entries 50000000",
    "hmap plan --key-bytes 12 --entries 1000000 --bytes 128MiB",
    "hmap plan --key int64 --bytes 3GiB --json",
  },
  options = options,
  run = run,
}
