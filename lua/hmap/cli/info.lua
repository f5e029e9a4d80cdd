--- hmap info: what a map's file says of itself.

local core = require "hmap.core"
local fail = require "hmap.cli.fail"
local files = require "hmap.cli.files"
local format = require "hmap.format"
local json = require "hmap.cli.json"
local types = require "hmap.cli.types"

local function options(c)
  c:argument("file", "A file that m:save or hmap import has written.")
  c:flag("--check", "Read all of it: whether it is whole.")
  json.option(c)
end

local function policy_text(policy)
  local names, parts = {}, {}
  for name in pairs(policy) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = name .. "=" .. tostring(policy[name])
  end
  return format.wrap(table.concat(parts, ", "), 80, (" "):rep(10)):sub(11)
end

local function text_of(info)
  local lines = {
    ("%s -> %s, %s, %s"):format(types.text(info.key), types.text(info.value),
      format.plural(info.entries, "entry", "entries"),
      format.bytes(info.bytes)),
    "hash      " .. info.hash .. (info.seed and ", seed " .. info.seed or ""),
    "policy    " .. policy_text(info.policy),
  }
  if info.whole then lines[4] = "whole     every block and the end mark" end
  return table.concat(lines, "\n")
end

local function run(args)
  local ok, info = pcall(core.file, args.file)
  if not ok then fail.file("%s", fail.inner(info)) end
  if args.check then
    files.load(args.file):close()
    info.whole = true
  end
  json.show(args, info, text_of(info))
end

return {
  summary = "What a map's file holds. With --check: whether it is whole.",
  examples = {
    "hmap info words.hmap",
    "hmap info --check --json words.hmap",
  },
  options = options,
  run = run,
}
