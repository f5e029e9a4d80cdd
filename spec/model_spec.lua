-- Random command lists, played on a map and on a plain table at once.
--
--   HMAP_SEED=n       repeats a run (a failure prints its seed)
--   HMAP_STEPS=n      commands for each kind of key (default 40000; 60000 make
--                     more than a million in all)
--   HMAP_CHECK_ALL=1  check() after every command, not of small maps only
--
-- Every kind of key meets every kind of value, and policies and hashes by lot;
-- iterators and scans stay open while the map grows, shrinks and is rekeyed.
-- A key that is NaN is never found again, so the model only counts those.
local hmap = require "hmap"

local SEED = math.tointeger(os.getenv("HMAP_SEED")) or os.time()
local STEPS = math.tointeger(os.getenv("HMAP_STEPS")) or 40000
local SMALL = os.getenv("HMAP_CHECK_ALL") and math.maxinteger or 100
local random = math.random
local NaN = 0.0 / 0.0

-- -- what keys and values are made of --------------------------------------

-- Both ends of the range, small ones, and some from all over it.
local function integers(low, high)
  local span = high - low + 1 -- 0 if that is 2^64
  return function(n)
    if n % 7 == 0 then
      return n % 2 == 0 and low + n // 7 % 8 or high - n // 7 % 8
    elseif span == 0 then
      return n % 2 == 0 and n or -n
    end
    return low + n * 0x9e3779b1 % span
  end
end

-- A string of n's own: inline, owned, with zeros, or long with a common end.
local function text(n)
  local forms = {
    "%d", "a longer text that %d has", "\0%d\0", ("long "):rep(20) .. "%d",
  }
  return n == 0 and "" or forms[n % #forms + 1]:format(n)
end

local function exactly(bytes)
  return function(n)
    return (string.pack("<i8", n):rep(bytes // 8 + 1)):sub(1, bytes)
  end
end

local objects = setmetatable({}, {
  __index = function(all, n)
    local makers = {
      function() return {n} end,
      function() return function() return n end end,
      function() return coroutine.create(print) end,
      function() return setmetatable({}, {__eq = error, __hash = error}) end,
    }
    all[n] = makers[n % #makers + 1]()
    return all[n]
  end,
})

local function anything(n)
  local forms = {
    function() return n end,
    function() return n + 0.5 end,
    function() return n + 0.0 end, -- the key n, if a key
    function() return text(n) end,
    function() return objects[n] end,
    function() return n % 2 == 0 end,
    function() return n % 3 == 0 and io.stdout or print end,
  }
  return forms[n % #forms + 1]()
end

local function floats(n)
  local special = {0.0, -0.0, math.huge, -math.huge, NaN, 2.0 ^ 100}
  return special[n + 1] or (n % 2 == 0 and n / 4 or -n * 1024.0)
end

local kinds = {
  int8 = integers(-128, 127), int16 = integers(-32768, 32767),
  int32 = integers(-2 ^ 31 | 0, 2 ^ 31 - 1 | 0),
  int64 = integers(math.mininteger, math.maxinteger),
  uint8 = integers(0, 255), uint16 = integers(0, 65535),
  uint32 = integers(0, 2 ^ 32 - 1 | 0),
  uint64 = integers(math.mininteger, math.maxinteger),
  float32 = floats, float64 = floats,
  bool = function(n) return n % 2 == 0 end,
  string = text,
  ["[1]byte"] = function(n) return string.char(n % 256) end,
  ["[16]byte"] = exactly(16), ["[136]byte"] = exactly(136),
  any = anything,
  -- As values only:
  none = function() return true end,
  ["[3]byte"] = exactly(3), ["[200]byte"] = exactly(200),
}

local keys = {
  "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
  "float32", "float64", "bool", "string", "[1]byte", "[16]byte", "[136]byte",
  "any",
}
local values = {
  "int64", "string", "any", "none", "float64", "int8", "bool", "[3]byte",
  "[200]byte", "uint32", "float32",
}

local integer_kind = {}
for _, sign in ipairs {"int", "uint"} do
  for _, bits in ipairs {8, 16, 32, 64} do
    integer_kind[sign .. bits] = true
  end
end

-- A NaN or a nil cannot be a key of Lua's tables, nor of an any map.
local function key_for(kind, n)
  local key = kinds[kind](n)
  return (kind == "any" and key ~= key) and 0 or key
end

local function same(a, b)
  return rawequal(a, b) and math.type(a) == math.type(b) or a ~= a and b ~= b
end

-- -- one run ---------------------------------------------------------------

-- run: the map, the model (plain table, its count, its NaNs), open iterators,
-- and the last commands as text.
local Run = {}
Run.__index = Run

local function new_run(opts, pool, map)
  return setmetatable({
    opts = opts, pool = pool, map = map or hmap.new(opts), model = {},
    count = 0, nans = 0, iterators = {}, log = {}, step = 0,
  }, Run)
end

function Run:fail(what)
  local from = math.max(1, #self.log - 15)
  error(("%s\n  %s -> %s, hash %s, policy %s, %d keys, step %d\n" ..
    "  last: %s\n  repeat with HMAP_SEED=%d HMAP_STEPS=%d"):format(what,
    self.opts.key, self.opts.value, self.opts.hash,
    tostring(self.opts.policy), self.pool, self.step,
    table.concat(self.log, "; ", from), SEED, STEPS), 0)
end

function Run:expect(got, wanted, what)
  if not same(got, wanted) then
    self:fail(("%s gave %s, wanted %s"):format(what, tostring(got),
      tostring(wanted)))
  end
end

function Run:key() return key_for(self.opts.key, random(0, self.pool)) end
function Run:value()
  return kinds[self.opts.value](random(0, 2 * self.pool))
end

-- What an open iterator must still give changes with the model.
function Run:remember(k, v)
  if k ~= k then
    self.nans, self.count = self.nans + 1, self.count + 1
  else
    self.count = self.count + (self.model[k] == nil and 1 or 0)
    self.model[k] = v
  end
end

function Run:forget(k)
  if k ~= k or self.model[k] == nil then
    return
  end
  self.model[k], self.count = nil, self.count - 1
  for _, it in ipairs(self.iterators) do
    it.due[k], it.given[k] = nil, nil
  end
end

local function nil_if_nan(model, k)
  if k == k then
    return model[k]
  end
end

-- -- commands --------------------------------------------------------------

local commands = {}

function commands.set(run)
  local k, v = run:key(), run:value()
  run.map:set(k, v)
  run:remember(k, v)
end

function commands.set_nil(run)
  local k = run:key()
  run.map:set(k, nil)
  run:forget(k)
end

function commands.get(run)
  local k = run:key()
  run:expect(run.map:get(k), nil_if_nan(run.model, k), "get")
end

function commands.has(run)
  local k = run:key()
  run:expect(run.map:has(k), nil_if_nan(run.model, k) ~= nil, "has")
end

function commands.delete(run)
  local k = run:key()
  local there = nil_if_nan(run.model, k) ~= nil
  run:expect(run.map:delete(k), there, "delete")
  run:forget(k)
end

function commands.pop(run)
  local k = run:key()
  run:expect(run.map:pop(k), nil_if_nan(run.model, k), "pop")
  run:forget(k)
end

function commands.swap(run)
  local k, v = run:key(), run:value()
  run:expect(run.map:swap(k, v), nil_if_nan(run.model, k), "swap")
  run:remember(k, v)
end

function commands.get_or_set(run)
  local k, v = run:key(), run:value()
  local old = nil_if_nan(run.model, k)
  local now, existed = run.map:get_or_set(k, v)
  run:expect(existed, old ~= nil, "get_or_set (second result)")
  if existed then
    run:expect(now, old, "get_or_set")
  else
    run:expect(now, v, "get_or_set")
    run:remember(k, v)
  end
end

-- What is left of old + n in a value of this kind; nil: it does not fit.
local function sum_of(kind, old, n)
  if kind == "float64" then
    return old + n + 0.0
  elseif kind == "float32" then
    return (string.unpack("f", string.pack("f", old + n)))
  end
  local unsigned, bits = kind:match "^(u?)int(%d+)$"
  local low = unsigned == "u" and 0 or -(1 << bits - 1)
  local fits = old + n >= low and old + n < low + 2.0 ^ bits
  return fits and old + n or nil
end

function commands.add(run)
  local kind = run.opts.value
  if not (integer_kind[kind] or kind:find "^float") then
    return
  end
  local k, n = run:key(), random(-5, 5)
  local old = nil_if_nan(run.model, k) or 0
  if math.type(old) == "integer" and (old > 2 ^ 60 or old < -2 ^ 60) then
    return -- overflow of 64 bits is a matter of its own
  end
  local sum = sum_of(kind, old, n)
  local ok, now = pcall(run.map.add, run.map, k, n)
  run:expect(ok, sum ~= nil, "add (whether it does)")
  if ok then
    run:expect(now, sum, "add")
    run:remember(k, sum)
  end
end

function commands.clear(run)
  run.map:clear()
  run.model, run.count, run.nans = {}, 0, 0
  for _, it in ipairs(run.iterators) do
    it.due, it.given = {}, {}
  end
end

-- All out, one by one: the last delete draws a new hash key.
function commands.drain(run)
  local all = {}
  for k in run.map:pairs() do -- in an order that a seed repeats
    all[#all + 1] = k
  end
  for _, k in ipairs(all) do
    if k == k then
      run:expect(run.map:delete(k), true, "delete")
      run:forget(k)
    end
  end
end

local function some_keys(run)
  local list = {}
  for i = 1, random(0, 3) == 0 and random(0, 150) or random(0, 10) do
    list[i] = run:key()
  end
  return list
end

function commands.get_many(run)
  local list = some_keys(run)
  local found = run.map:get_many(list)
  run:expect(found.n, #list, "the n of get_many")
  for i, k in ipairs(list) do
    run:expect(found[i], nil_if_nan(run.model, k), "get_many")
  end
end

function commands.set_many(run)
  local list = some_keys(run)
  local with = {n = #list}
  for i = 1, #list do
    with[i] = random(10) > 1 and run:value() or nil
  end
  run.map:set_many(list, with)
  for i, k in ipairs(list) do
    if with[i] == nil then
      run:forget(k)
    else
      run:remember(k, with[i])
    end
  end
end

function commands.delete_many(run)
  local list = some_keys(run)
  local before = run.count
  local deleted = run.map:delete_many(list)
  for _, k in ipairs(list) do
    run:forget(k)
  end
  run:expect(deleted, before - run.count, "delete_many")
end

-- Refused while there are keys without a hash of their own.
local function move(run, name)
  run:expect(pcall(run.map[name], run.map), run.nans == 0, name)
end
function commands.shrink(run) move(run, "shrink") end
function commands.rekey(run) move(run, "rekey") end

local policies = {
  "go", "adaptive", "smooth", "redis", "all_at_once",
  {load = 1, moves = 1, step_on = "manual", chain_alarm = 2},
  {load = 20, moves = 5, step_on = "read_write", shrink = 1 / 4,
    same_size = false},
}

function commands.tune(run)
  run.opts.policy = policies[random(#policies)]
  run.map:tune(run.opts.policy)
end

function commands.reserve(run) run.map:reserve(random(0, 2 * run.pool)) end
function commands.step(run) run.map:step(random(0, 4)) end
function commands.finish(run) run.map:finish() end
function commands.collect() collectgarbage("step") end

-- A walk over the map that is gone on with by and by.
function Run:walk(it)
  if #self.iterators == 4 then
    table.remove(self.iterators, random(4)) -- abandoned, not closed
  end
  it.due, it.given = {}, {}
  it.rekeys = self.map:stats().growths.rekey
  for k in pairs(self.model) do
    it.due[k] = true
  end
  table.insert(self.iterators, it)
end

function commands.iterate(run)
  local next, state = run.map:pairs()
  run:walk {next = next, state = state}
end

function commands.scan(run) run:walk {scan = true} end

-- An iterator or scan has given this entry.
function Run:given(it, k, v)
  if k == k then
    if it.given[k] then
      self:fail("given twice: " .. tostring(k))
    end
    self:expect(v, self.model[k], "an iterator or scan")
    it.given[k], it.due[k] = true, nil
  elseif self.nans == 0 then
    self:fail("given a NaN that is not there")
  end
end

function Run:ended(i)
  local it = table.remove(self.iterators, i)
  if next(it.due) ~= nil then
    self:fail("ended without " .. tostring(next(it.due)))
  end
  return false
end

-- What has seen too many rekeys may refuse to go on.
function Run:lost(i, err)
  local rekeys = self.map:stats().growths.rekey - self.iterators[i].rekeys
  if rekeys <= 8 then
    self:fail(tostring(err))
  end
  table.remove(self.iterators, i)
  return false
end

local function advance_scan(run, i)
  local it = run.iterators[i]
  local ok, cursor, found, with =
    pcall(run.map.scan, run.map, it.cursor, random(20))
  if not ok then
    return run:lost(i, cursor)
  end
  for at, k in ipairs(found) do
    run:given(it, k, with[at])
  end
  it.cursor = cursor
  return cursor ~= nil or run:ended(i)
end

local function advance(run, i)
  local it = run.iterators[i]
  if it.scan then
    return advance_scan(run, i)
  end
  local ok, k, v = pcall(it.next, it.state)
  if not ok then
    return run:lost(i, k)
  elseif k == nil then
    return run:ended(i)
  end
  run:given(it, k, v)
  return true
end

function commands.next(run)
  if #run.iterators > 0 then
    local i = random(#run.iterators)
    for _ = 1, random(8) do
      if not advance(run, i) then
        return
      end
    end
  end
end

function commands.copy(run)
  local clone = run.map:clone()
  run:expect(#clone, run.count, "#clone")
  local ok, why = clone:check()
  if not ok then
    run:fail("a clone: " .. why)
  end
  clone:close()
end

-- Bags of commands: a map fills, churns, empties.
local function bag(weights)
  local list = {}
  for name, weight in pairs(weights) do
    assert(commands[name], name)
    for _ = 1, weight do
      list[#list + 1] = name
    end
  end
  table.sort(list) -- pairs has no order; a seed must repeat
  return list
end

local function mix(more)
  local weights = {
    set = 4, set_nil = 1, get = 3, has = 1, delete = 2, pop = 1, swap = 2,
    get_or_set = 2, add = 2, step = 1, iterate = 1, scan = 1, next = 4,
    collect = 1, get_many = 1,
  }
  for name, weight in pairs(more) do
    weights[name] = weight
  end
  return bag(weights)
end

local moods = {
  mix {set = 30},
  mix {set_many = 2, delete_many = 1},
  mix {delete = 20, set_nil = 5, pop = 5},
  mix {set = 10, next = 10, delete = 8},
}
local rare = bag {
  clear = 1, drain = 2, reserve = 2, finish = 2, copy = 1, shrink = 3,
  rekey = 3, tune = 3,
}

-- -- what must hold after each command -------------------------------------

function Run:verify()
  self:expect(#self.map, self.count, "#")
  if self.count <= SMALL or self.step % 64 == 0 then
    local ok, why = self.map:check()
    if not ok then
      self:fail("check: " .. tostring(why))
    end
  end
  if self.step % (self.count + 16) == 0 then
    self:compare()
  end
end

-- Both ways: all that the model has, and nothing else.
function Run:compare()
  for k, v in pairs(self.model) do
    self:expect(self.map:get(k), v, "get of " .. tostring(k))
  end
  local n = 0
  for k, v in pairs(self.map) do
    n = n + 1
    if k == k then
      self:expect(v, self.model[k], "pairs at " .. tostring(k))
    end
  end
  self:expect(n, self.count, "the number of pairs")
end

function Run:play(steps)
  for i = 1, steps do
    local mood = moods[i * 8 // (steps + 1) % #moods + 1]
    local name = random(100) == 1 and rare[random(#rare)] or mood[random(#mood)]
    self.step, self.log[#self.log + 1] = i, name
    local ok, err = pcall(commands[name], self)
    if not ok then
      self:fail(tostring(err):match "^(.-)\n  " or tostring(err))
    end
    self:verify()
  end
  self:compare()
  while #self.iterators > 0 do
    advance(self, 1)
  end
  self:close()
end

-- Nothing works on a closed map, and nothing crashes.
function Run:close()
  local next, state = self.map:pairs()
  self.map:close()
  self.map:close()
  self:expect((pcall(next, state)), false, "an iterator of a closed map")
  self:expect((pcall(self.map.get, self.map, self:key())), false,
    "get from a closed map")
end

-- -- the runs --------------------------------------------------------------

local function hashes_of(kind)
  local list = {"xxh3", "xxh3", "xxh3", "constant", "fnv1a", "java31"}
  if integer_kind[kind] then
    list[#list + 1] = "identity"
  end
  return list
end

local function play_all(kind)
  math.randomseed(SEED)
  local hashes = hashes_of(kind)
  for i, value in ipairs(values) do
    local hash = hashes[random(#hashes)]
    local pool = ({10, 60, 400, 2000})[(i + random(4)) % 4 + 1]
    if hash == "constant" then
      pool = math.min(pool, 60) -- one chain
    end
    local run = new_run({
      key = kind, value = value, hash = hash, seed = random(0),
      capacity = random(0, 3) == 0 and pool or nil,
      policy = policies[random(#policies)],
    }, pool)
    run:play(STEPS // #values)
  end
end

-- -- tuples ----------------------------------------------------------------

-- Keys and values of several parts, packed into one string: to a run such a
-- map looks like any other.
local KEY, VALUE = "<i4s4", "<ds4i1"
local Packed = {}
Packed.__index = Packed

local function packed(format, ...)
  if (...) ~= nil then
    return string.pack(format, ...)
  end
end

-- The parts without string.unpack's position; nil is one nil.
local function parts(format, s)
  if s == nil then
    return nil
  end
  local list = {string.unpack(format, s)}
  return table.unpack(list, 1, #list - 1)
end

local function with_value(k, v)
  local a, b = parts(KEY, k)
  return a, b, parts(VALUE, v)
end

for _, name in ipairs {"get", "pop"} do
  Packed[name] = function(p, k)
    return packed(VALUE, p.map[name](p.map, parts(KEY, k)))
  end
end

for _, name in ipairs {"has", "delete"} do
  Packed[name] = function(p, k) return p.map[name](p.map, parts(KEY, k)) end
end

for _, name in ipairs {
  "clear", "reserve", "step", "finish", "check", "close", "clone", "shrink",
  "rekey", "tune", "stats",
} do
  Packed[name] = function(p, ...) return p.map[name](p.map, ...) end
end

function Packed.set(p, k, v) p.map:set(with_value(k, v)) end
function Packed.swap(p, k, v)
  return packed(VALUE, p.map:swap(with_value(k, v)))
end
function Packed.get_or_set(p, k, v)
  local a, b, c, existed = p.map:get_or_set(with_value(k, v))
  return packed(VALUE, a, b, c), existed
end

-- Lists have a table for each tuple.
local function unpacked(format, list, n)
  local out = {}
  for i = 1, n do
    out[i] = list[i] and {parts(format, list[i])}
  end
  return out
end
local function repacked(format, list, n)
  local out = {n = list.n}
  for i = 1, n do
    local t = list[i]
    out[i] = t and packed(format, t.x or t[1], t.name or t[2], t[3])
  end
  return out
end

function Packed.get_many(p, list)
  return repacked(VALUE, p.map:get_many(unpacked(KEY, list, #list)), #list)
end
function Packed.set_many(p, list, with)
  local elems = unpacked(VALUE, with, #list)
  elems.n = #list
  p.map:set_many(unpacked(KEY, list, #list), elems)
end
function Packed.delete_many(p, list)
  return p.map:delete_many(unpacked(KEY, list, #list))
end
function Packed.scan(p, cursor, n)
  local found, with
  cursor, found, with = p.map:scan(cursor, n)
  return cursor, repacked(KEY, found, #found), repacked(VALUE, with, #with)
end

function Packed.__len(p) return #p.map end
function Packed.pairs(p)
  local next, state = p.map:pairs()
  return function()
    local a, b, c, d, e = next(state)
    return packed(KEY, a, b), packed(VALUE, c, d, e)
  end
end
Packed.__pairs = Packed.pairs

kinds.point = function(n)
  return string.pack(KEY, n // 3, text(n % 3))
end
kinds.record = function(n)
  return string.pack(VALUE, n / 2, text(n), n % 100)
end

local function play_tuples()
  math.randomseed(SEED)
  for _, pool in ipairs {10, 60, 400, 2000} do
    local run = new_run({key = "point", value = "record", hash = "xxh3"}, pool,
      setmetatable({map = hmap.new {
        key = {"x:int32", "name:string"},
        value = {"float64", "string", "int8"}, seed = random(0),
      }}, Packed))
    run:play(STEPS // 4)
  end
end

describe("a map behaves like a table under random commands", function()
  for _, kind in ipairs(keys) do
    it("with keys of " .. kind, function() play_all(kind) end)
  end
  it("with tuples for keys and values", play_tuples)
end)
