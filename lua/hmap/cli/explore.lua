--- hmap explore: loads a person's own keys and shows what a growing map does.
-- All text but the timings repeats for the same keys and seed.

local core = require "hmap.core"
local fail = require "hmap.cli.fail"
local hmap = require "hmap"
local keys_of = require "hmap.cli.keys"
local map_of = require "hmap.cli.map"
local option = require "hmap.cli.option"
local out = require "hmap.cli.out"
local progress = require "hmap.cli.progress"
local report = require "hmap.text.distribution"
local story = require "hmap.text.growth_log"
local terminal = require "hmap.terminal"
local format = require "hmap.format"

-- -- watching it grow -------------------------------------------------------

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
  local report_progress = progress.of(#keys)
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
  local now = core.now
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
  return "\n" .. title:upper() .. "\n" .. format.wrap(sentence, width)
end

-- "9.3 bytes", "int64"
local function key_text(source)
  if source.type ~= "string" then return source.type end
  local bytes = 0
  for _, key in ipairs(source.keys) do bytes = bytes + #key end
  return string.format("%.1f bytes", bytes / #source.keys)
end

local function tell_keys(source, opts, write)
  local text = string.format("%s of %s from %s%s; seed %d",
    format.plural(#source.keys, "key"), key_text(source), source.source,
    source.note ~= "" and "; " .. source.note or "", opts.seed)
  write(format.wrap(text, opts.width))
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
      format.count(pictures.large_write)), opts.width))
    write("\n" .. pictures.large)
  end
end

local function tell_distribution(m, opts, write)
  write(heading("How the keys fell",
    "Chains by the entries in them; the mark is where Poisson's law puts the "
    .. "end of the bar if every key falls by chance.", opts.width))
  write("\n" .. report.text(m:distribution(), opts))
end

local function tell_memory(m, source, opts, write)
  local memory, keys = m:memory(), source.keys
  local in_table = held(function() return table_of(keys) end)
  write(heading("What it holds",
    "The map owns its keys' text; a Lua table points to strings, which the "
    .. "Lua heap keeps and the collector visits.", opts.width))
  local function row(name, bytes, note)
    return { name, format.bytes(bytes),
      string.format("%.1f an entry", bytes / #keys), note }
  end
  local rows = {
    row("hmap", memory.total, "off the Lua heap, text included"),
    row("Lua table", in_table, "its nodes"),
  }
  if type(keys[1]) == "string" then
    rows[3] = row("and its strings", string_bytes(keys), "header, bytes, zero")
  end
  write(format.columns(rows, "lrrl", " "))
end

-- A Lua table of n = 2^k keys is full; the next one moves them all.
local function table_doubles(at)
  return at > 4 and (at - 1) & (at - 2) == 0
end

local function tell_race(keys, new_map, growths, opts, write)
  local map, lua, runs = race(keys, new_map, opts.race_seconds or 1.5)
  write(heading("The worst insert",
    string.format("The same loop over the same %s into an hmap and into "
    .. "a Lua table, taking turns; the least time of each insert over %s, "
    .. "the collector stopped for both, reading the clock included.",
    type(keys[1]) == "string" and "strings" or "keys",
    format.plural(runs, "run")), opts.width))
  local began
  for _, g in ipairs(growths) do
    if map.at >= g.write and map.at < (g.ended or math.huge) then began = g end
  end
  local function row(name, s, note)
    return { name, format.seconds(s.median), format.seconds(s.high),
      format.seconds(s.worst), format.count(s.at), note }
  end
  write(format.columns({
    { "", "median", "99.9 %", "worst", "at insert", "" },
    row("hmap", map, began and "in growth " .. began.number or ""),
    row("Lua table", lua, table_doubles(lua.at) and "all moved at once" or ""),
  }, "lrrrrl", " "))
  if lua.worst > 2 * map.worst then
    write(string.format(" The table's worst insert took %.0f times as long as "
      .. "the map's.", lua.worst / map.worst))
  end
end

--- Fills a map with `source.keys`, of source.type, and tells of it through
-- `write(text)`. opts: seed, hash, width, ascii, race_seconds.
local function explore(source, opts, write)
  local function new_map()
    return hmap.new { key = source.type, value = "int64", seed = opts.seed,
      hash = opts.hash }
  end
  local drawing = { width = opts.width, ascii = opts.ascii }
  tell_keys(source, opts, write)
  local m <close> = new_map()
  local growths, pictures = fill(m, source.keys, drawing)
  tell_growths(growths, opts, write)
  tell_pictures(pictures, opts, write)
  tell_distribution(m, drawing, write)
  tell_memory(m, source, opts, write)
  tell_race(source.keys, new_map, growths, opts, write)
end

-- -- the command ------------------------------------------------------------

local function options(c)
  keys_of.options(c)
  map_of.hash_option(c)
  map_of.seed_option(c)
  option.drawing(c)
end

local function run(args)
  local source = keys_of.read(args)
  if type(source.type) == "table" then
    fail.usage("explore compares with a Lua table, which has no keys of "
      .. "several fields")
  end
  map_of.new(args, source.type):close() -- a hash that these keys can have
  explore(source, {
    seed = args.seed,
    hash = args.hash,
    width = args.width or terminal.width(),
    ascii = args.ascii or terminal.ascii_only(),
  }, out.line)
end

return {
  summary = "Load keys and tell how the map grows.",
  examples = { "hmap explore words.txt", "hmap explore --seed 7 -" },
  options = options,
  run = run,
  explore = explore,
}
