-- How long single operations take, of hmap and its peers, from the top of a
-- built tree:
--
--   pause.lua [--quick] [--n N] [--keys KIND] [--repeats N] [--jobs N]
--             [--peers a,b,...] [--out FILE] [--keep]
--   pause.lua --table [--all] [--out FILE]   prints FILE as markdown
--
-- Each peer does each run in a fresh process, and the repeats go round all
-- peers, as in run.lua; but here the least is kept of each single operation
-- (pause.hpp), and then asked for its figures (pause.cpp). The picture goes
-- beside FILE. --keep: also puts both where the README shows them.

local here = arg[0]:match "^(.*)/" or "."
local results = dofile(here .. "/table.lua")
local pauses = dofile(here .. "/pause_table.lua")
local plot = dofile(here .. "/pause_plot.lua")
local system = dofile(here .. "/system.lua")

local BUILD = os.getenv "BUILD" or "build"
local BIN = BUILD .. "/bench/"
local TIMES = BIN .. "times/" -- of the run in hand

local PHASES = {
  "insert", "collect", "garbage", "churn", "clear", "refill", "delete",
  "close", "closed",
}
local COLUMNS = 20 -- a decade, of the largest map's inserts

local FULL = {
  { "random", 100000 }, { "random", 1000000 }, { "random", 10000000 },
  { "text", 3000000 },
}
local QUICK = { { "random", 100000 }, { "random", 1000000 } }

-- -- running -----------------------------------------------------------------

--- Figures that a process says itself: of each the least.
local function keep_least(figures, said)
  for _, figure in ipairs(said) do
    local name, value = figure[1], figure[2]
    figures[name] = math.min(figures[name] or math.huge, value)
  end
end

--- What a peer says goes to its file of this name; none if it failed.
local function said_by(peer) return TIMES .. peer .. ".said" end

--- Runs each peer once, `jobs` at a time, the next as soon as one is done.
local function once(run, peers, jobs)
  local pipe <close> = assert(io.popen("xargs -P " .. jobs
    .. " -I{} sh -c '{}'", "w"))
  for _, peer in ipairs(peers) do
    pipe:write(string.format("%s%s pause %s %d %s%s- >%s || rm %s\n", BIN,
      peer, run[1], run[2], TIMES, peer, said_by(peer), said_by(peer)))
  end
end

--- All repeats of one run. What the peers said, by peer; nil for one that
-- failed. tell(turn) before each.
local function repeated(run, peers, options, titles, tell)
  local said = {}
  for _, peer in ipairs(peers) do said[peer] = {} end
  for turn = 1, options.repeats do
    tell(turn)
    once(run, peers, options.jobs)
    for _, peer in ipairs(peers) do
      local file = io.open(said_by(peer))
      if not file then
        system.say("failed: %s, %s, %d", peer, run[1], run[2])
        said[peer] = nil
      elseif said[peer] then
        local title, figures = system.figures_of(file)
        titles[peer] = title
        keep_least(said[peer], figures)
      end
    end
  end
  return said
end

--- The figures of one phase's times, in order; none if there are no times.
local function times_of(peer, phase, columns)
  local file = TIMES .. peer .. "-" .. phase
  if not system.succeeds("test -s " .. file) then return {} end
  local _, figures = system.figures_of(assert(io.popen(string.format(
    "%spause %s %s", BIN, file, columns or ""))))
  return assert(figures, "cannot read the times")
end

--- The rows of one run. whole: with the columns of its inserts.
local function rows_of(run, peers, said, whole)
  local rows = {}
  for _, peer in ipairs(peers) do
    local function add(level, operation, value)
      rows[#rows + 1] = { level = level, keys = run[1], n = run[2],
        peer = peer, operation = operation,
        value = math.tointeger(value) or value }
    end
    for _, phase in ipairs(said[peer] and PHASES or {}) do
      for _, figure in ipairs(times_of(peer, phase,
        whole and phase == "insert" and COLUMNS)) do
        add(phase, figure[1], figure[2])
      end
    end
    for _, name in ipairs { "clock", "bytes", "peak" } do
      local value = (said[peer] or {})[name]
      if value then add("map", name, value) end
    end
  end
  return rows
end

--- The largest of the runs with random keys.
local function whole_of(set)
  local whole
  for _, run in ipairs(set) do
    if run[1] == "random" and (not whole or run[2] > whole[2]) then
      whole = run
    end
  end
  return whole
end

--- All rows, the titles by peer, and whether no process failed.
local function measure(set, peers, options)
  local rows, titles, sound, done = {}, {}, true, 0
  for _, run in ipairs(set) do
    os.execute("rm -rf " .. TIMES .. " && mkdir -p " .. TIMES)
    local said = repeated(run, peers, options, titles, function(turn)
      system.progress(string.format("%d of %d: %s, %s (turn %d of %d)", done,
        #set * options.repeats, run[1], results.grouped(run[2]), turn,
        options.repeats))
      done = done + 1
    end)
    for _, row in ipairs(rows_of(run, peers, said, run == whole_of(set))) do
      rows[#rows + 1] = row
    end
    for _, peer in ipairs(peers) do sound = sound and said[peer] ~= nil end
  end
  os.execute("rm -rf " .. TIMES)
  system.progress()
  return rows, titles, sound
end

-- -- the figures' caption ----------------------------------------------------

local function clocks(rows)
  local least, most = math.huge, 0
  for _, row in ipairs(rows) do
    if row.operation == "clock" then
      least, most = math.min(least, row.value), math.max(most, row.value)
    end
  end
  if most - least < 1 then return string.format("%.0f ns", least) end
  return string.format("%.0f to %.0f ns", least, most)
end

local function add_caption(about, rows, titles, options)
  local function add(...) about[#about + 1] = { ... } end
  add("runs", string.format("%d identical ones, each in a fresh process, %d "
    .. "at a time; of each single operation the least is taken",
    options.repeats, options.jobs))
  add("clock", "stamps before and after each operation; their own "
    .. clocks(rows) .. " are in every time")
  for _, peer in ipairs(pauses.PEERS) do
    local title = titles[peer[1]]
    if title then add(peer[2], title) end
  end
end

-- -- what a person asks for --------------------------------------------------

local function arguments()
  local parser = require("argparse")("pause.lua",
    "How long single operations take, of hmap and its peers.")
  parser:option("--out", "Where the figures are.", BUILD .. "/pause.tsv")
  parser:flag("--table", "Print the figures there are as markdown.")
  parser:flag("--all", "With --table: every size, not only the largest.")
  parser:flag("--quick", "10^5 and 10^6 integers only: under a minute.")
  parser:flag("--keep", "Put figures and picture where the README shows them.")
  local function count(text) return math.tointeger(tonumber(text)) end
  parser:option("--n", "One run only, with N entries."):convert(count)
  parser:option("--keys", "Of that run: random or text.", "random")
  parser:option("--repeats", "Processes for each run."):convert(count)
  parser:option("--jobs", "Processes at a time."):convert(count)
  parser:option("--peers", "Only these, separated by commas.")
  return parser:parse()
end

local function wanted(names)
  local list = {}
  for _, peer in ipairs(pauses.PEERS) do
    local name = peer[1]
    if not names or names[name] then
      if system.succeeds("test -x " .. BIN .. name) then
        list[#list + 1] = name
      else
        system.say("%s: not installed, skipped", name)
      end
    end
  end
  return list
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(text))
end

--- The file at path, and beside it the picture, if there is one to draw.
local function save(path, result)
  write(path, results.encode(result))
  local svg = plot.svg(result)
  if svg then write(path:gsub("%.tsv$", "") .. ".svg", svg) end
end

local function print_table(options)
  local file <close> = io.open(options.out)
  if not file then
    system.say("no %s yet: run `make bench-pause` first", options.out)
    return false
  end
  io.write(pauses.markdown(results.decode(file:read "a"), options.all))
  return true
end

local function bench(options)
  local set = options.n and { { options.keys, options.n } }
    or options.quick and QUICK or FULL
  options.repeats = options.repeats or options.quick and 3 or 7
  options.jobs = options.jobs or math.min(2, tonumber(system.output "nproc"))
  local about = system.circumstances()
  local rows, titles, sound = measure(set,
    wanted(system.names_in(options.peers)), options)
  add_caption(about, rows, titles, options)
  local result = { about = about, rows = rows }
  save(options.out, result)
  if options.keep then save(here .. "/pause.tsv", result) end
  for _, run in ipairs(pauses.runs(rows)) do print(pauses.terminal(run)) end
  for _, line in ipairs(about) do print(line[1] .. ": " .. line[2]) end
  return sound
end

local options = arguments()
os.exit((options.table and print_table or bench)(options))
