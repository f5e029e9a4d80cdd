-- Counts the instructions of the hot paths, from the top of the checkout:
--
--   check.lua [--record] [BUILD]
--
-- Builds the library and the module in BUILD (default: build) with CC and
-- CFLAGS, runs hot.c on them under callgrind, and compares with the budgets in
-- recorded.tsv; --record makes these counts the budgets. Exit status: 0 within
-- the budgets, or no budgets for this machine; 1 over one; 77 not run, since
-- valgrind is not there.

local here = arg[0]:match "^(.*)/" or "."
local budget = dofile(here .. "/budget.lua")
local RECORD = here .. "/recorded.tsv"
local NOT_RUN = 77

local record_them = arg[1] == "--record"
local BUILD = arg[record_them and 2 or 1] or "build"
local CC = os.getenv "CC" or "cc"
local CFLAGS = os.getenv "CFLAGS" or "-O2 -DNDEBUG"

local function say(...)
  print(table.concat({ ... }))
end

local function leave(status, ...)
  say(...)
  os.exit(status)
end

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function run(...)
  local command = table.concat({ ... }, " ")
  if not os.execute(command) then leave(1, "failed: ", command) end
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

local function succeeds(command)
  return os.execute(command .. " >/dev/null 2>&1") == true
end

local function installed()
  return succeeds "command -v valgrind" and succeeds(
    "printf '#include <valgrind/callgrind.h>' | " .. CC .. " -E -")
end

-- Of the chosen Lua, which LUA names.
local function asked(what)
  local pipe <close> = assert(io.popen("sh .ci/lua " .. what))
  return pipe:read "l" or ""
end

local function build(program)
  run(os.getenv "MAKE" or "make", "-s", "BUILD=" .. quoted(BUILD),
    "CC=" .. quoted(CC), "CFLAGS=" .. quoted(CFLAGS), "all")
  local headers = os.getenv "LUA_INCDIR" or asked "include"
  run(CC, "-std=c11 -Wall -Wextra -Icsrc -isystem", quoted(headers), CFLAGS,
    "-DHOT_CFLAGS=" .. quoted('"' .. CFLAGS .. '"'), "-o", quoted(program),
    quoted(here .. "/hot.c"), quoted(BUILD .. "/libhmap.a"), asked "libs")
end

-- In an environment of its own: what is in it moves the stack.
local function count(program)
  local printed, counted = program .. ".txt", program .. ".callgrind"
  run("env -i", "PATH=\"$PATH\"", "LUA_CPATH=" .. quoted(BUILD .. "/?.so"),
    "valgrind -q --tool=callgrind --collect-atstart=no --instr-atstart=no",
    "--combine-dumps=yes --callgrind-out-file=" .. quoted(counted),
    quoted(program), ">" .. quoted(printed))
  return budget.counts_in(read(printed), read(counted))
end

if not installed() then
  leave(NOT_RUN, "needs valgrind and its header")
end
local program = BUILD .. "/hot"
build(program)
local counts, why = count(program)
if not counts then leave(1, why) end
local record = budget.record_in(read(RECORD))
if record_them then
  write(RECORD, budget.text_of(budget.recorded(record, counts)))
  leave(0, "recorded for ", counts.machine)
end
local fine, lines = budget.verdict(record, counts)
for _, line in ipairs(lines) do say(line) end
os.exit(fine)
