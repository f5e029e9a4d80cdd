-- Runs hmap and its peers side by side, from the top of a built tree:
--
--   run.lua [--quick] [--n N] [--repeats N] [--peers a,b,...] [--out FILE]
--           [--keep]
--   run.lua --table [--all] [--out FILE]     prints FILE as markdown
--
-- Each peer does each workload in a process of its own. A workload's repeats
-- go round all peers before any has its next, so that what disturbs the
-- machine for a while disturbs all alike; of each figure the least is kept.
-- --keep: also puts the figures where the README's tables are made from.

local here = arg[0]:match "^(.*)/" or "."
local results = dofile(here .. "/table.lua")
local system = dofile(here .. "/system.lua")
local output, progress, say, succeeds = system.output, system.progress,
  system.say, system.succeeds

local BUILD = os.getenv "BUILD" or "build"
local LUA = os.getenv "LUA" or "lua5.4"
local PATHS = BUILD .. "/bench/paths.txt"
local MOST_PATHS = 3000000

local PEERS = {
  C = { "hmap", "smooth", "many", "bare", "boost", "absl", "robin", "glib",
    "std", "go", "lua" },
  Lua = { "get", "bound", "view", "many", "table", "luajit" },
}

-- A set of workloads: {level, keys, sizes}.
local FULL = {
  { "C", "random", { 1000, 100000, 1000000, 10000000 } },
  { "C", "sequential", { 1000, 100000, 1000000, 10000000 } },
  { "C", "text", { 100000, 3000000 } },
  { "C", "paths", { 100000, MOST_PATHS } },
  { "Lua", "random", { 1000, 1000000, 10000000 } },
  { "Lua", "any", { 1000, 100000 } },
  { "Lua", "small", { 8, 64, 512, 4096 } },
  { "Lua", "words", { 104334 } },
}
local QUICK = {
  { "C", "random", { 1000, 1000000 } },
  { "C", "sequential", { 1000, 1000000 } },
  { "Lua", "random", { 1000, 1000000 } },
}
local function of_size(n)
  return {
    { "C", "random", { n } }, { "C", "sequential", { n } },
    { "C", "text", { n } }, { "C", "paths", { n } }, { "Lua", "random", { n } },
    { "Lua", "any", { n } }, { "Lua", "small", { n } },
    { "Lua", "words", { n } },
  }
end

-- -- what is there to run ----------------------------------------------------

local programs = {} -- by peer of level C
for _, peer in ipairs(PEERS.C) do
  programs[peer] = BUILD .. "/bench/" .. peer
end

local function installed(level, peer)
  if level == "C" then return succeeds("test -x " .. programs[peer]) end
  return peer ~= "luajit" or succeeds "command -v luajit"
end

local function wanted(level, names)
  local list = {}
  for _, peer in ipairs(PEERS[level]) do
    if not names or names[peer] then
      if installed(level, peer) then
        list[#list + 1] = peer
      else
        say("%s: not installed, skipped", peer)
      end
    end
  end
  return list
end

--- Names of real files, one a line, in PATHS; how many there are.
local function gather_paths()
  if not succeeds("test -s " .. PATHS) then
    os.execute("mkdir -p " .. BUILD .. "/bench; find / -xdev -type f "
      .. "! -name '*[[:cntrl:]]*' 2>/dev/null | head -n " .. MOST_PATHS
      .. " >" .. PATHS)
  end
  return assert(math.tointeger(tonumber(output("wc -l <" .. PATHS))))
end

--- The jobs of a set, a workload after the other: {level, keys, n, peers}.
local function jobs_of(set, names)
  local jobs, peers = {}, {}
  for _, entry in ipairs(set) do
    local level, keys, sizes = table.unpack(entry)
    peers[level] = peers[level] or wanted(level, names)
    local most = keys == "paths" and gather_paths() or math.huge
    local last
    for _, size in ipairs(sizes) do
      local n = math.min(size, most)
      if n ~= last and #peers[level] > 0 then
        jobs[#jobs + 1] = { level, keys, n, peers[level] }
      end
      last = n
    end
  end
  return jobs
end

-- -- running -----------------------------------------------------------------

local function command(level, keys, n, peer)
  if level == "C" then
    return string.format("%s %s %d %s", programs[peer], keys, n, PATHS)
  end
  local lua = peer == "luajit" and "luajit" or LUA
  local what = peer == "luajit" and "table" or peer
  return string.format("%s %s/lua.lua %s %d %s", lua, here, what, n, keys)
end

--- What one process measured: its title and figures by operation; or nil. A
-- peer that has nothing to say to a workload gives no figure.
local function measure(job, peer)
  local level, keys, n = table.unpack(job)
  return system.figures_of(assert(io.popen(command(level, keys, n, peer))))
end

--- All rows, in the order of the jobs and peers; the titles by peer; whether
-- no process failed.
local function run(jobs, repeats)
  local rows, titles, sound, done, all = {}, {}, true, 0, 0
  for _, job in ipairs(jobs) do all = all + #job[4] * repeats end
  for _, job in ipairs(jobs) do
    local level, keys, n, peers = table.unpack(job)
    local at = {}
    local function keep(peer, operation, value)
      local id = peer .. "\t" .. operation
      if not at[id] then
        at[id] = { level = level, keys = keys, n = n, peer = peer,
          operation = operation, value = value }
        rows[#rows + 1] = at[id]
      end
      at[id].value = math.min(at[id].value, value)
    end
    for turn = 1, repeats do
      for _, peer in ipairs(peers) do
        progress(string.format("%d of %d: %s, %s, %s, %s (turn %d of %d)",
          done, all, level, keys, results.grouped(n), peer, turn, repeats))
        local title, figures = measure(job, peer)
        if figures then
          titles[level .. " " .. peer] = title
          for _, figure in ipairs(figures) do
            keep(peer, figure[1], figure[2])
          end
        else
          sound = false
          say("failed: %s", command(level, keys, n, peer))
        end
        done = done + 1
      end
    end
  end
  progress()
  return rows, titles, sound
end

-- -- the figures' caption ----------------------------------------------------

local function circumstances(repeats)
  local about = system.circumstances()
  about[#about + 1] = { "repeats", repeats
    .. ", of each figure the least is given" }
  about[#about + 1] = { "hashes", "each peer's own; mixed: its own of integers "
    .. "is the identity, splitmix64's finalizer is used" }
  return about
end

local function add_titles(list, titles)
  for _, level in ipairs { "C", "Lua" } do
    for _, peer in ipairs(PEERS[level]) do
      local title = titles[level .. " " .. peer]
      if title then list[#list + 1] = { level .. " " .. peer, title } end
    end
  end
end

-- -- what a person asks for --------------------------------------------------

local function arguments()
  local parser = require("argparse")("run.lua",
    "hmap beside its peers: nanoseconds an operation, bytes an entry.")
  parser:option("--out", "Where the figures are.", BUILD .. "/bench.tsv")
  parser:flag("--table", "Print the figures there are as markdown.")
  parser:flag("--all", "With --table: every size.")
  parser:flag("--quick", "10^3 and 10^6 integers only: under a minute.")
  local function count(text) return math.tointeger(tonumber(text)) end
  parser:flag("--keep", "Put the figures where the README's are made from.")
  parser:option("--n", "All workloads, with N entries only."):convert(count)
  parser:option("--repeats", "Processes for each figure."):convert(count)
  parser:option("--peers", "Only these, separated by commas.")
  return parser:parse()
end

local function print_table(options)
  local file <close> = io.open(options.out)
  if not file then
    say("no %s yet: run `make bench` first", options.out)
    return false
  end
  io.write(results.markdown(results.decode(file:read "a"), options.all))
  return true
end

local function save(path, result)
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(results.encode(result)))
end

local function bench(options)
  local set = options.n and of_size(options.n) or options.quick and QUICK
    or FULL
  local repeats = options.repeats or options.quick and 1 or 3
  local about = circumstances(repeats)
  local rows, titles, sound = run(jobs_of(set, system.names_in(options.peers)),
    repeats)
  add_titles(about, titles)
  local result = { about = about, rows = rows }
  save(options.out, result)
  if options.keep then save(here .. "/bench.tsv", result) end
  print("Nanoseconds an operation, bytes an entry; in brackets the ratio to "
    .. "hmap.\n")
  for _, workload in ipairs(results.workloads(rows)) do
    print(results.terminal(workload))
  end
  for _, line in ipairs(about) do print(line[1] .. ": " .. line[2]) end
  return sound
end

local options = arguments()
os.exit((options.table and print_table or bench)(options))
