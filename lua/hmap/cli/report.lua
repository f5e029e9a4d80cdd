--- hmap report: everything about a map of the keys, on one page.

local hmap = require "hmap"
local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"
local option = require "hmap.cli.option"
local out = require "hmap.cli.out"
local page = require "hmap.explorer.page"
local progress = require "hmap.cli.progress"

local PAGE_BEGINS = "<!DOCTYPE html>\n<!-- hmap "

local function options(c)
  out.file_options(c)
  keys.options(c)
  map.options(c)
  map.at_option(c)
  option.drawing(c)
end

-- The keys' inserts, one by one, as a page for a browser.
local function film(args)
  local source = keys.read(args)
  map.new(args, source.type):close() -- what is wrong with it is said first
  local n = math.min(args.at or #source.keys, #source.keys)
  local show = progress.of(n)
  local text
  map.guarded(function()
    text = page.text { hmap.film({
      keys = source.keys, calls = n > 0 and { { call = "set", times = n } }
        or {},
      key = source.type, value = args.value, hash = args.hash,
      policy = args.policy, seed = args.seed, name = source.source,
    }, { progress = show }) }
  end)
  show(n)
  return text
end

local function run(args)
  if args.out:find("%.html$") then
    local text = film(args)
    return out.file(args, PAGE_BEGINS, function(write) write(text) end)
  end
  local m <close> = map.filled(args, keys.read(args))
  local text = hmap.report(m, { width = args.width, ascii = args.ascii })
  out.file(args, "hmap ", function(write) write(text .. "\n") end)
end

return {
  summary = "Write a page about a map of the keys, as text or for a browser.",
  examples = {
    "hmap report words.html words.txt",
    "hmap report words.report words.txt",
    "hmap report - --at 417 words.txt",
  },
  options = options,
  run = run,
}
