--- The main job: load a person's own keys and show what a growing map does.
-- And Go's load factor table, measured anew.
--
--   lua5.4 lua/hmap/cli.lua explore [--seed N] [FILE]
--   lua5.4 lua/hmap/cli.lua load-table [--seed N] [--buckets N]
--
-- All text but the timings repeats for the same keys and seed.

local report = require "hmap.report"
local story = require "hmap.story"
local terminal = require "hmap.terminal"
local words = require "hmap.words"

local WORD_LISTS = {
  "/usr/share/dict/words",
  "/usr/share/dict/american-english",
  "/usr/share/dict/british-english",
  "/usr/dict/words",
}
local FILE_LISTS = {
  { "the files that dpkg installed", "cat /var/lib/dpkg/info/*.list" },
  { "the files on this system", "find / -xdev -type f | head -n 500000" },
}
local ENOUGH = 10000 -- lines that make a default source worth exploring

-- -- keys -------------------------------------------------------------------

--- Lines of a text as a list of distinct keys, and a note of what was left
-- out; or nil and what is wrong.
local function parse_keys(text)
  local zero = text:find("\0", 1, true)
  if zero then
    return nil, string.format("not a text: a zero byte at offset %s; "
      .. "one key a line is wanted", words.count(zero - 1))
  end
  local keys, seen, repeats, crlf = {}, {}, 0, 0
  for ended in text:gmatch("[^\n]+") do
    local line = ended
    if line:byte(-1) == 13 then
      line, crlf = line:sub(1, -2), crlf + 1
    end
    if seen[line] then
      repeats = repeats + 1
    elseif line ~= "" then
      seen[line] = true
      keys[#keys + 1] = line
    end
  end
  if #keys == 0 then return nil, "there is no key in it" end
  local notes = {}
  if repeats > 0 then
    notes[1] = words.plural(repeats, "repeated line") .. " left out"
  end
  if crlf > 0 then
    notes[#notes + 1] = words.plural(crlf, "CR LF line end") .. " taken as LF"
  end
  return keys, table.concat(notes, ", ")
end

local function read_file(path)
  local file, why = io.open(path, "rb")
  if not file then return nil, why end
  local text
  text, why = file:read("a")
  file:close()
  if not text then return nil, path .. ": " .. why end
  return text
end

local function read_command(command)
  local pipe = io.popen(command .. " 2>/dev/null")
  local text = pipe and pipe:read("a") or ""
  if pipe then pipe:close() end
  return text
end

local function default_text()
  for _, path in ipairs(WORD_LISTS) do
    local text = read_file(path)
    if text then return text, path end
  end
  for _, list in ipairs(FILE_LISTS) do
    local text = read_command(list[2])
    if select(2, text:gsub("\n", "")) >= ENOUGH then return text, list[1] end
  end
  return nil, "no word list and no list of files here; name a file of keys"
end

--- {keys =, source =, note =} or nil and what is wrong.
local function load_keys(path)
  local text, source
  if path then
    text, source = read_file(path)
  else
    text, source = default_text()
  end
  if not text then return nil, source end
  source = path or source
  local keys, note = parse_keys(text)
  if not keys then return nil, source .. ": " .. note end
  return { keys = keys, source = source, note = note }
end

-- -- watching it grow -------------------------------------------------------

-- A line that only a person at a terminal sees, and only if it takes long.
local function progress(total)
  local clock = os.time
  local began, shown = clock(), nil
  local watched = terminal.is_terminal(2)
  return function(done)
    if not watched then return end
    local now = clock()
    if done >= total then
      if shown then io.stderr:write("\r\27[K") end
    elseif now - began > 1 and now ~= shown then
      shown = now
      io.stderr:write("\r", words.count(done), " of ", words.count(total),
        " keys")
    end
  end
end

-- Pictures of growths about half done: of a small one, and of the last.
local function keep_pictures(pictures, m, stats, write, opts)
  if not stats.growing or pictures.drawn == stats.old_buckets
    or stats.evacuated * 2 < stats.old_buckets then
    return
  end
  pictures.drawn = stats.old_buckets
  if stats.old_buckets <= 4 then
    pictures.small, pictures.small_write = m:draw(opts), write
  else
    pictures.large, pictures.large_write = m:draw(opts), write
  end
end

-- At rest only the next doubling and, now and then, a same-size growth can
-- come; looking at each write of a growth is enough.
local function fill(m, keys, opts)
  local stats = m:stats()
  local teller, pictures = story.new(stats), {}
  local report_progress = progress(#keys)
  for i, key in ipairs(keys) do
    m:set(key, i)
    if stats.growing or i > stats.next_growth_at or i % 64 == 0 then
      stats = m:stats()
      teller:look(stats, i)
      keep_pictures(pictures, m, stats, i, opts)
    end
    if i % 4096 == 0 then report_progress(i) end
  end
  report_progress(#keys)
  teller:look(m:stats(), #keys)
  return teller.growths, pictures
end

-- -- timing -----------------------------------------------------------------

local function clock()
  local core = require "hmap.core"
  return core.now or os.clock
end

-- These two loops differ in one line, the insert.
local function time_map(m, keys, best, now)
  for i = 1, #keys do
    local key = keys[i]
    local start = now()
    m:set(key, i)
    local took = now() - start
    if took < best[i] then best[i] = took end
  end
end

local function time_table(t, keys, best, now)
  for i = 1, #keys do
    local key = keys[i]
    local start = now()
    t[key] = i
    local took = now() - start
    if took < best[i] then best[i] = took end
  end
end

-- Median, 99.9 % and worst of a list of seconds, by counting nanoseconds.
local function summary(times)
  local counts, sorted = {}, {}
  local worst, at = -1, nil
  for i, s in ipairs(times) do
    local ns = math.floor(s * 1e9 + 0.5)
    if not counts[ns] then sorted[#sorted + 1] = ns end
    counts[ns] = (counts[ns] or 0) + 1
    if s > worst then worst, at = s, i end
  end
  table.sort(sorted)
  local result, passed = { worst = worst, at = at }, 0
  for _, ns in ipairs(sorted) do
    passed = passed + counts[ns]
    if passed * 2 >= #times then result.median = result.median or ns / 1e9 end
    if passed * 1000 >= #times * 999 then
      result.high = ns / 1e9
      break
    end
  end
  return result
end

local function endless(n)
  local list = {}
  for i = 1, n do list[i] = math.huge end
  return list
end

-- The least time of each insert over 2 to 5 runs, the two maps taking turns.
-- What is left after the minimum is work, not the machine's other business.
local function race(keys, new_map, seconds)
  local now = clock()
  local map_best, table_best = endless(#keys), endless(#keys)
  local began, runs = now(), 0
  repeat
    collectgarbage()
    collectgarbage("stop")
    local m <close> = new_map()
    time_map(m, keys, map_best, now)
    collectgarbage()
    time_table({}, keys, table_best, now)
    collectgarbage("restart")
    runs = runs + 1
  until runs == 5 or runs >= 2 and now() - began > seconds
  return summary(map_best), summary(table_best), runs
end

-- Twice: what the first collection finalizes, the second frees.
local function heap_bytes()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count") * 1024
end

-- Bytes that the Lua heap holds for what `make` returns.
local function held(make)
  local before = heap_bytes()
  local thing = make()
  return heap_bytes() - before, thing
end

local function table_of(keys)
  local t = {}
  for i, key in ipairs(keys) do t[key] = i end
  return t
end

-- What Lua 5.4 keeps for a string besides its bytes: a header and a zero.
local STRING_OVERHEAD = 24 + 1

local function string_bytes(keys)
  local bytes = 0
  for _, key in ipairs(keys) do bytes = bytes + #key + STRING_OVERHEAD end
  return bytes
end

-- -- telling ----------------------------------------------------------------

local function heading(title, sentence, width)
  return "\n" .. title:upper() .. "\n" .. words.wrap(sentence, width)
end

local function tell_keys(source, opts, write)
  local bytes = 0
  for _, key in ipairs(source.keys) do bytes = bytes + #key end
  local text = string.format("%s of %.1f bytes from %s%s; seed %d",
    words.plural(#source.keys, "key"), bytes / #source.keys, source.source,
    source.note ~= "" and "; " .. source.note or "", opts.seed)
  write(words.wrap(text, opts.width))
end

local function tell_growths(growths, opts, write)
  write(heading("How it grew",
    "More than 6.5 entries a bucket, and the map doubles. It does not move "
    .. "its entries at once: each write from then on moves up to two old "
    .. "buckets, the one it meets and the next in order.", opts.width))
  write("\n" .. (#growths > 0 and story.growths_table(growths)
    or " It did not: eight keys fit into its first bucket."))
end

local function tell_pictures(pictures, opts, write)
  if pictures.small then
    write(heading("In mid-growth, every bucket",
      string.format("After insert %d. A slot shows its tophash, the byte of "
      .. "the hash that a search compares before the key. An old bucket "
      .. "splits in two as it moves.", pictures.small_write), opts.width))
    write("\n" .. pictures.small)
  end
  if pictures.large then
    write(heading("In mid-growth, the whole map",
      string.format("After insert %s. Left of the mark everything has moved; "
      .. "right of it only what a write met. Old bucket i feeds the new "
      .. "buckets below it: i (x) and i + half (y).",
      words.count(pictures.large_write)), opts.width))
    write("\n" .. pictures.large)
  end
end

local function tell_distribution(m, opts, write)
  write(heading("How the keys fell",
    "Chains by the entries in them; the mark is where Poisson's law puts the "
    .. "end of the bar if every key falls by chance.", opts.width))
  write("\n" .. report.text(m:distribution(), opts))
end

local function tell_memory(m, keys, opts, write)
  local memory = m:memory()
  local in_table = held(function() return table_of(keys) end)
  write(heading("What it holds",
    "The map owns its keys' text; a Lua table points to strings, which the "
    .. "Lua heap keeps and the collector visits.", opts.width))
  local function row(name, bytes, note)
    return { name, words.bytes(bytes),
      string.format("%.1f an entry", bytes / #keys), note }
  end
  write(words.columns({
    row("hmap", memory.total, "off the Lua heap, text included"),
    row("Lua table", in_table, "its nodes"),
    row("and its strings", string_bytes(keys), "header, bytes, zero"),
  }, "lrrl", " "))
end

-- A Lua table of n = 2^k keys is full; the next one moves them all.
local function table_doubles(at)
  return at > 4 and (at - 1) & (at - 2) == 0
end

local function tell_race(keys, new_map, growths, opts, write)
  local map, lua, runs = race(keys, new_map, opts.race_seconds or 1.5)
  write(heading("The worst insert",
    string.format("The same loop over the same strings into an hmap and into "
    .. "a Lua table, taking turns; the least time of each insert over %s, "
    .. "the collector stopped for both, reading the clock included.",
    words.plural(runs, "run")), opts.width))
  local began
  for _, g in ipairs(growths) do
    if map.at >= g.write and map.at < (g.ended or math.huge) then began = g end
  end
  local function row(name, s, note)
    return { name, words.seconds(s.median), words.seconds(s.high),
      words.seconds(s.worst), words.count(s.at), note }
  end
  write(words.columns({
    { "", "median", "99.9 %", "worst", "at insert", "" },
    row("hmap", map, began and "in growth " .. began.number or ""),
    row("Lua table", lua, table_doubles(lua.at) and "all moved at once" or ""),
  }, "lrrrrl", " "))
  if lua.worst > 2 * map.worst then
    write(string.format(" The table's worst insert took %.0f times as long as "
      .. "the map's.", lua.worst / map.worst))
  end
end

--- Fills a map with `source.keys` and tells of it through `write(text)`.
-- opts: seed, hash, width, ascii, race_seconds.
local function explore(source, opts, write)
  local hmap = require "hmap"
  local function new_map()
    return hmap.new { key = "string", value = "int64", seed = opts.seed,
      hash = opts.hash }
  end
  local drawing = { width = opts.width, ascii = opts.ascii }
  tell_keys(source, opts, write)
  local m <close> = new_map()
  local growths, pictures = fill(m, source.keys, drawing)
  tell_growths(growths, opts, write)
  tell_pictures(pictures, opts, write)
  tell_distribution(m, drawing, write)
  tell_memory(m, source.keys, opts, write)
  tell_race(source.keys, new_map, growths, opts, write)
end

-- -- the command line -------------------------------------------------------

-- log2 of a power of two that maps of this machine may have as buckets.
local function log2_of(word)
  for B = 1, 27 do
    if math.tointeger(word) == 1 << B then return B end
  end
  return nil, "a power of two from 2 to " .. (1 << 27) .. " expected, got "
    .. word
end

local function parser(argparse)
  local p = argparse("hmap", "A map whose growth you can watch.")
  p:command_target("command")
  p:require_command(true)
  local e = p:command("explore",
    "Load keys, one a line, and show how the map grows.")
  e:argument("file", "Keys, one a line. Default: $KEYS, or a word list of "
    .. "the system, or the paths of its files."):args("?")
  e:option("--seed", "Hashes and pictures repeat for a seed.", "1")
    :convert(math.tointeger)
  e:option("--hash", "The hash function."):choices
    { "xxh3", "fnv1a", "java31" }:default("xxh3")
  e:option("--width", "Columns of text."):convert(math.tointeger)
  e:flag("--ascii", "No block characters.")
  local t = p:command("load-table",
    "Measure the table above loadFactor in Go's map source.")
  t:option("--seed", "Hashes repeat for a seed.", "1")
    :convert(math.tointeger)
  t:option("--buckets", "A power of two.", "1048576"):convert(log2_of)
  return p
end

local function fail(message, status)
  io.stderr:write("hmap: ", message, "\n")
  return status
end

-- After `lua -e '..' -- explore FILE` Lua takes the first word for a script's
-- name and puts it at arg[0].
local function words_of_process()
  return table.move(arg, 0, #arg, 1, {})
end

--- Runs a command line, a list of words (by default the process's own, as
-- `lua5.4 -e 'require("hmap.cli").main()' -- explore FILE` has it); returns the
-- exit status.
local function main(words_given)
  local found, argparse = pcall(require, "argparse")
  if not found then
    return fail("the Lua module argparse is missing: apt-get install "
      .. "lua-argparse, or luarocks install argparse", 1)
  end
  local p = parser(argparse)
  local ok, args = p:pparse(words_given or words_of_process())
  if not ok then return fail(args .. "\n" .. p:get_usage(), 2) end
  if args.command == "load-table" then
    local loadtable = require "hmap.loadtable"
    print(loadtable.measure(args.buckets, args.seed, progress))
    return 0
  end
  local path = args.file or os.getenv("KEYS")
  local source, why = load_keys(path ~= "" and path or nil)
  if not source then return fail(why, 1) end
  explore(source, {
    seed = args.seed,
    hash = args.hash,
    width = args.width or terminal.width(),
    ascii = args.ascii or terminal.ascii_only(),
  }, print)
  return 0
end

-- As a script this file has no module name; its arguments come from outside.
if (...) ~= "hmap.cli" and arg and (arg[0] or ""):find("cli%.lua$") then
  os.exit(main(arg))
end

return {
  main = main,
  explore = explore,
  parse_keys = parse_keys,
  load_keys = load_keys,
}
