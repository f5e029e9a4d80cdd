--- Films of what a command line names, and the page that shows them.

local hmap = require "hmap"
local map = require "hmap.cli.map"
local out = require "hmap.cli.out"
local page = require "hmap.explorer.page"
local progress = require "hmap.cli.progress"
local tape = require "hmap.cli.tape"

local PAGE_BEGINS = "<!DOCTYPE html>\n<!-- hmap "

--- The inserts of the first args.at keys, or of all, one by one.
local function of_keys(args, source)
  map.new(args, source.type):close() -- what is wrong with it is said first
  local n = math.min(args.at or #source.keys, #source.keys)
  local show, film = progress.of(n), nil
  map.guarded(function()
    film = hmap.film({
      keys = source.keys, calls = n > 0 and { { call = "set", times = n } }
        or {},
      key = source.type, value = args.value, hash = args.hash,
      policy = args.policy, seed = args.seed, name = source.source,
    }, { progress = show })
  end)
  show(n)
  return film
end

--- The operations of a recording.
local function of_recording(path)
  local r, line_of, name = tape.read(path)
  r.name = r.name or name
  local show = progress.of(r.operations)
  local film = tape.replayed(line_of, name, hmap.film, r, { progress = show })
  show(r.operations)
  return film
end

--- Writes films as a page; args: as of out.file.
local function write_page(args, films)
  local text = page.text(films)
  out.file(args, PAGE_BEGINS, function(write) write(text) end)
end

return { of_keys = of_keys, of_recording = of_recording,
  write_page = write_page }
