--- hmap keystats: the hash functions, compared on the keys.

local fail = require "hmap.cli.fail"
local hmap = require "hmap"
local json = require "hmap.cli.json"
local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"

local function options(c)
  keys.options(c)
  map.hash_option(c)
  map.seed_option(c)
  json.option(c)
end

local function verdict_of(view, hash)
  local names = {}
  for i, row in ipairs(view.hashes) do
    if row.hash == hash then return row.verdict end
    names[i] = row.hash
  end
  fail.usage("--hash: %s is none of those for these keys: %s", hash,
    table.concat(names, ", "))
end

local function run(args)
  local source = keys.read(args)
  local view = hmap.keystats(source.keys, { key = source.type,
    seed = args.seed })
  local verdict = verdict_of(view, args.hash)
  json.show(args, view)
  return verdict == "bad" and fail.NO or fail.DONE
end

return {
  summary = "Compare the hash functions. Exit code 1: that of --hash is bad.",
  examples = {
    "hmap keystats words.txt",
    "hmap keystats --hash fnv1a --json words.txt",
  },
  options = options,
  run = run,
}
