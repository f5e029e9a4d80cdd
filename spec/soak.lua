-- Long runs: whether anything creeps, drifts or stalls.
--
--   lua spec/soak.lua [OPERATIONS [TICKS [work]]]     default 10^8, 20,000
--
-- Two sentences, each with its figures; the last line is "N passed, M failed".
--
--   steady    maps of a steady size under a mixed load: after the warm-up their
--             bytes and those of the process stay, and every counter is exact
--   service   1,000 maps, made, filled and dropped in ticks of 5 ms; with work,
--             as among other tests, not the clock is looked at but what the
--             ledger says of each operation
local hmap = require "hmap"

local operations = math.tointeger(tonumber(arg[1] or 1e8))
local ticks = math.tointeger(tonumber(arg[2] or 20000))
local by_work = arg[3] == "work"

local passed, failed = 0, 0
local function it(sentence, body)
  local good, why = xpcall(body, debug.traceback)
  passed, failed = passed + (good and 1 or 0), failed + (good and 0 or 1)
  print((good and "ok    " or "FAIL  ") .. sentence)
  if not good then print("      " .. why) end
end

local function say(...) print("      " .. string.format(...)) end

-- Bytes of this process in memory, nil where nobody says.
local function resident()
  local file <close> = io.open "/proc/self/statm"
  local pages = file and file:read "a":match "^%d+ (%d+)"
  return pages and tonumber(pages) * 4096
end

-- -- a steady load ------------------------------------------------------------

-- Keys; half of them are in a map at a time, no number at which one grows.
local UNIVERSE = 10000

local random = math.random

-- Texts of 0 to most bytes, as many of each length.
local function texts(n, most)
  local out = {}
  for i = 1, n do
    local text = ("%d of %d "):format(i, n):rep(most // 5 + 1)
    out[i] = text:sub(1, i * most // n)
  end
  return out
end

local SHORT, LONG = texts(512, 30), texts(512, 600)
local OBJECTS = {}
for i = 1, 512 do
  OBJECTS[i] = i % 3 == 0 and {} or i % 3 == 1 and i or i / 2
end

local function integers()
  local out = {}
  for i = 1, UNIVERSE do out[i] = i * 0x9e3779b97f4a7c15 end
  return out
end

-- What is in a map by turns: key and value types, the keys, and the values of
-- each phase of a cycle.
local SHAPES = {
  {"string", "string", texts(UNIVERSE, 100), {SHORT, LONG, SHORT}},
  {"int64", "string", integers(), {LONG, SHORT, LONG}},
  {"string", "any", texts(UNIVERSE, 40), {OBJECTS, SHORT, OBJECTS}},
}
-- Texts of one length each are not different keys.
for _, shape in ipairs(SHAPES) do
  for i, key in ipairs(shape[3]) do
    shape[3][i] = type(key) == "string" and i .. ":" .. key or key
  end
end

local function subject(policy, shape)
  local m = hmap.new {key = shape[1], value = shape[2], policy = policy,
    seed = 1}
  m:ledger(true)
  return {m = m, keys = shape[3], phases = shape[4], model = {}, count = 0,
    expected = {set = 0, get = 0, delete = 0, get_or_set = 0, clear = 0}}
end

-- Each is one operation of the mix, for key i and value v, held against the
-- model.
local function note(s, i, v)
  s.count = s.count + (v == nil and 0 or 1) - (s.model[i] == nil and 0 or 1)
  s.model[i] = v
end

local MIX = {}
function MIX.set(s, i, v)
  s.m:set(s.keys[i], v)
  note(s, i, v)
end
function MIX.swap(s, i, v)
  assert(s.m:swap(s.keys[i], v) == s.model[i], "swap")
  note(s, i, v)
end
function MIX.get_or_set(s, i, v)
  local was = s.model[i]
  if was == nil then note(s, i, v) end
  assert(s.m:get_or_set(s.keys[i], v) == s.model[i], "get_or_set")
end
function MIX.get(s, i) assert(s.m:get(s.keys[i]) == s.model[i], "get") end
function MIX.has(s, i)
  assert(s.m:has(s.keys[i]) == (s.model[i] ~= nil), "has")
end
function MIX.delete(s, i)
  assert(s.m:delete(s.keys[i]) == (s.model[i] ~= nil), "delete")
  note(s, i, nil)
end
function MIX.pop(s, i)
  assert(s.m:pop(s.keys[i]) == s.model[i], "pop")
  note(s, i, nil)
end

-- How often, of ten; and what the ledger calls it.
local TURNS = {"set", "set", "swap", "get_or_set", "delete", "delete", "delete",
  "pop", "get", "has"}
local COUNTED = {set = {"set"}, swap = {"get", "set"},
  get_or_set = {"get_or_set"}, get = {"get"}, has = {"get"},
  delete = {"delete"}, pop = {"get", "delete"}}

local function expect(s, op, n) s.expected[op] = s.expected[op] + n end

local function mixed(s, n, values)
  for _ = 1, n do
    local turn, value = TURNS[random(#TURNS)], values[random(#values)]
    MIX[turn](s, random(UNIVERSE), value)
    for _, op in ipairs(COUNTED[turn]) do
      expect(s, op, 1)
      -- To put an object in is to look first for one that must be let go.
      if op == "set" and type(value) == "table" then expect(s, "get", 1) end
    end
  end
end

local function check(s)
  local ops = s.m:ledger().ops
  for name, n in pairs(s.expected) do
    assert(ops[name] == n, ("%s: %d counted, %d done"):format(name, ops[name],
      n))
  end
  assert(#s.m == s.count, "another count")
  assert(s.m:check())
  local seen = 0
  for key, value in s.m:pairs() do
    assert(s.m:get(key) == value)
    seen = seen + 1
  end
  expect(s, "get", seen)
  assert(seen == s.count, "an iterator gives another count")
end

-- What comes between: everything that moves or lets go of memory.
local function shake(s)
  local m = s.m
  m:rekey()
  mixed(s, 100, s.phases[1])
  m:shrink()
  mixed(s, 100, s.phases[2])
  m:clear()
  s.model, s.count = {}, 0
  expect(s, "clear", 1)
  m:reserve(UNIVERSE)
end

-- n operations, at whose end the map is as at the end of every cycle.
local function cycle(s, n)
  for phase, values in ipairs(s.phases) do
    if phase == 2 then s.m:record(1000) end
    mixed(s, n // #s.phases, values)
    local cursor = s.m:scan(nil, 100)
    if cursor then s.m:scan(cursor, 100) end
    if phase == 2 then
      assert(#s.m:events() > 0)
      s.m:record()
    else
      shake(s)
    end
  end
  mixed(s, 8 * UNIVERSE, s.phases[1]) -- until half of the keys are there again
  s.m:finish()
  check(s)
  return n // #s.phases * #s.phases + 8 * UNIVERSE + 400
end

-- How far the furthest is from the median. (Of a process one may be low: the
-- allocator gives its last pages back at times.)
local function spread(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local median = sorted[#sorted // 2 + 1]
  return math.max(1 - sorted[1] / median, sorted[#sorted] / median - 1)
end

local function steady(policy, total)
  local subjects = {}
  for i, shape in ipairs(SHAPES) do subjects[i] = subject(policy, shape) end
  local done, bytes, process = 0, {}, {}
  local cycles = math.max(8, total // 1000000)
  local warm_up = cycles // 4
  for n = 1, cycles do
    local sum = 0
    for _, s in ipairs(subjects) do
      done = done + cycle(s, total // cycles // #subjects)
      sum = sum + s.m:memory().total
    end
    collectgarbage()
    if n > warm_up then
      bytes[#bytes + 1], process[#process + 1] = sum, resident()
    end
  end
  say("%-11s %11d operations, %d cycles; of the maps %d KiB within %.1f %%%s",
    policy, done, cycles, bytes[1] // 1024, 100 * spread(bytes),
    process[1] and (", of the process %d KiB within %.1f %%"):format(
      process[1] // 1024, 100 * spread(process)) or "")
  assert(spread(bytes) <= 0.05, "the maps do not keep their size")
  assert(spread(process) <= 0.05, "the process does not keep its size")
  for _, s in ipairs(subjects) do s.m:close() end
  return done
end

it("maps of a steady size keep their bytes, and count exactly", function()
  math.randomseed(1)
  local done = 0
  for _, policy in ipairs {"go", "adaptive", "redis", "all_at_once"} do
    done = done + steady(policy, operations // 4)
  end
  say("%-11s %11d operations", "all", done)
end)

-- -- a service ----------------------------------------------------------------

local MAPS, BUDGET = 1000, by_work and math.huge or 5e-3
local KINDS = {{"int64", "int64"}, {"string", "string"}, {"int64", "string"},
  {"any", "any"}}

-- Milliseconds below which that part of the sorted list lies.
local function percentile(sorted, part)
  return 1e3 * sorted[math.max(1, math.ceil(part * #sorted))]
end

local function told(name, list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  say("%s: half within %.2f ms, 99 %% %.2f, 99.9 %% %.2f, all %.2f", name,
    percentile(sorted, 0.5), percentile(sorted, 0.99),
    percentile(sorted, 0.999), percentile(sorted, 1))
  return sorted[#sorted]
end

-- The keys and values of a map, by its number.
local VALUES = {int64 = integers(), string = LONG, any = OBJECTS}

local function kind_of(number) return KINDS[number % #KINDS + 1] end

-- Few maps get most of the operations and become large, most stay small.
local function any_map() return random() ^ 4 * MAPS // 1 + 1 | 0 end

-- The first few are large from the beginning, and about to grow.
local LARGE, FILLED = 5, 106400

local service = {}
service.__index = service

function service:make(at)
  local made = self.made + 1
  local kind = kind_of(made)
  self.made, self.numbers[at] = made, made
  self.maps[at] = hmap.new {key = kind[1], value = kind[2], seed = made,
    policy = "adaptive"}
  if by_work then self.maps[at]:ledger(true) end
end

-- What one operation may do, whatever the size of its map and the machine. When
-- a map shrinks to a sixteenth, 16 old buckets go into a new one.
local BOUND = {moved = 256, evacuated = 32, passed = 1025, overflow = 8,
  blocks = 192, cleared = 32 << 10, released = 128 << 10}

local function judge(m)
  if not by_work then return end
  local worst = m:ledger().worst
  for what, most in pairs(BOUND) do
    assert(worst[what] <= most, what .. " of one operation: " .. worst[what])
  end
end

function service:key(at, number)
  local text = kind_of(self.numbers[at])[1] == "string"
  return text and "key " .. number or number
end

function service:set(at, key)
  local values = VALUES[kind_of(self.numbers[at])[2]]
  self.maps[at]:set(key, values[random(#values)])
end

function service:operate()
  local at, turn = any_map(), random(10)
  local m, key = self.maps[at], self:key(at, random(4 * FILLED))
  if turn <= 6 then
    self:set(at, key)
  elseif turn <= 8 then
    m:delete(key)
  else
    m:get(key)
  end
end

-- What may cost more than others, each in a sixth of the ticks.
local EVENTS = {
  function(self) self.maps[1]:clear() end,
  function(self)
    self.maps[2]:close()
    self:make(2)
  end,
  function(self) self:make(3) end,
  function(self) self.maps[4]:rekey() end,
  function(self) self.maps[5]:shrink() end,
}

-- Of the two that are dropped one is closed, one left to the collector.
function service:tick()
  for turn = 1, 2 do
    local at = random(LARGE + 1, MAPS)
    judge(self.maps[at])
    if turn == 1 then self.maps[at]:close() end
    self:make(at)
  end
  for _ = 1, 500 do self:operate() end
end

local function new_service()
  local self = setmetatable({maps = {}, numbers = {}, made = 0}, service)
  for at = 1, MAPS do self:make(at) end
  for at = 1, LARGE do
    for i = 1, FILLED do self:set(at, self:key(at, i)) end
  end
  return self
end

local with_luv, luv = pcall(require, "luv")
local function wall() return with_luv and luv.hrtime() * 1e-9 or 0 end

-- The same ticks over again, from the same state of the collector, and of each
-- the least time that it took: what others do on this machine meanwhile is none
-- of its work.
local function serve(n, least, walls)
  math.randomseed(7)
  local s = new_service()
  collectgarbage()
  for i = 1, n do
    local began, clock = wall(), os.clock()
    local event = EVENTS[6 * i / n]
    if event then event(s) end
    s:tick()
    local took = os.clock() - clock
    walls[#walls + 1] = wall() - began
    least[i] = math.min(least[i] or took, took)
  end
  local entries, largest = 0, 0
  for _, m in ipairs(s.maps) do
    assert(m:check())
    judge(m)
    entries, largest = entries + #m, math.max(largest, #m)
    m:close()
  end
  return s.made, entries, largest
end

local RUNS, MOST_RUNS = 3, 8 -- more than three while one tick is beyond

local function serve_under(collector)
  collectgarbage(collector)
  local least, walls, process, runs = {}, {}, {}, 0
  local made, entries, largest
  repeat
    made, entries, largest = serve(ticks // 36 * 6, least, walls)
    collectgarbage()
    collectgarbage()
    runs = runs + 1
    process[runs] = resident()
    assert(#hmap.live() == 0, "a dropped map is alive")
    local beyond = math.max(table.unpack(least)) > BUDGET
  until runs == MOST_RUNS or runs >= RUNS and not beyond
  say("%s: %d maps, %d entries in %d at the end, %d in the largest%s",
    collector, made, entries, MAPS, largest, process[1] and
    (", of the process then %d KiB"):format(process[runs] // 1024) or "")
  if with_luv then told("  on the wall", walls) end
  local worst = told(("  processor, the least of %d"):format(runs), least)
  assert(worst <= BUDGET, "a tick passes its budget")
  assert(spread(table.move(process, 2, runs, 1, {})) <= 0.05,
    "dropped maps leave memory")
end

it(by_work and "no operation of a service passes its bound of work"
  or "no tick of a service passes 5 ms, whatever collector", function()
  for _, collector in ipairs {"incremental", "generational"} do
    serve_under(collector)
  end
end)

print(("%d passed, %d failed"):format(passed, failed))
os.exit(failed == 0)
