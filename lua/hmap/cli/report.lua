--- hmap report: everything about a map of the keys, on one page.

local film = require "hmap.cli.film"
local hmap = require "hmap"
local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"
local option = require "hmap.cli.option"
local out = require "hmap.cli.out"
local tape = require "hmap.cli.tape"

local function options(c)
  out.file_options(c)
  keys.options(c)
  map.options(c)
  map.at_option(c)
  option.drawing(c)
end

-- What the page shows: the keys' inserts, or a recording's operations.
local function film_of(args)
  if tape.is_one(args.file) then return film.of_recording(args.file) end
  return film.of_keys(args, keys.read(args))
end

local function run(args)
  if args.out:find("%.html$") then
    return film.write_page(args, { film_of(args) })
  end
  local m <close> = map.filled(args, keys.read(args))
  local text = hmap.report(m, { width = args.width, ascii = args.ascii })
  out.file(args, "hmap ", function(write) write(text .. "\n") end)
end

return {
  summary = "Write a page about a map of the keys, as text or for a browser.",
  examples = {
    "hmap report words.html words.txt",
    "hmap report words.html words.rec",
    "hmap report words.report words.txt",
    "hmap report - --at 417 words.txt",
  },
  options = options,
  run = run,
}
