-- Bytes as a program that abuses the module: each step makes a map or does
-- something to what there is, right or wrong. After each step every open map
-- is sound; what is raised is for a user, or was raised by a callback.
local refuse, grant = ...

_G.print = function() end -- what is told of maps is not to be seen
local hmap = require "hmap"
local core = require "hmap.core"
local abuse = dofile "spec/abuse.lua"
local choose = dofile "spec/fuzz/bytes.lua"

local below, one_in, one_of = choose.below, choose.one_in, choose.one_of
local meta_of = debug.getmetatable

local MOST = 24 -- things and maps
local VALUES = { "int64", "int64", "any", "none", "string", "float64", "bool",
  "[200]byte", { "a:int8", "b:string" } }
local HASHES = { "xxh3", "xxh3", "fnv1a", "java31", "constant", "identity" }

local PATHS = abuse.PATHS
local FILES = dofile("spec/files.lua").temporary(2)
FILES[3], FILES[4] = "/dev/full", "/nowhere/file"

local maps   -- { map =, kind =, heard = }
local things -- whatever was given back, and may be given again
local depth  -- steps within steps
local broken -- what was found, though a callback's error be caught
local step

local function keep(list, thing)
  if #list == MOST then table.remove(list, 1 + below(MOST)) end
  list[#list + 1] = thing
  return thing
end

-- -- arguments ----------------------------------------------------------------

local callbacks = {}
for what in pairs(abuse.CALLBACKS) do callbacks[#callbacks + 1] = what end
table.sort(callbacks)

-- One that does so to a map, now and then any step.
local function callback(m)
  local act = abuse.CALLBACKS[one_of(callbacks)]
  return function()
    if one_in(4) then step() elseif m then act(m) end
  end
end

local function any_map() return #maps > 0 and one_of(maps).map or nil end

-- Of a table its own copy: it may be damaged.
local function own(v)
  return type(v) == "table" and table.move(v, 1, #v, 1, {
    step_on = v.step_on, load = v.load, shrink = v.shrink, bucket = v.bucket,
    key = v.key }) or v
end

local ANY = {
  function() return own(one_of(abuse.WEIRD)) end,
  function() return below(256) end,
  function() return choose.row(below(20)) end,
  function() return #things > 0 and one_of(things) or nil end,
  any_map,
  function() return callback(any_map()) end,
  function() return { any_map(), below(9), choose.row(3) } end,
  function() return { key = "int64", bucket = below(9), capacity = below(99),
    policy = own(one_of(abuse.POLICIES)), name = choose.row(5) } end,
  function() return nil end,
}

local function anything() return one_of(ANY)() end

-- A value of one of VALUES.
local function value_of(value, i)
  if value == "none" then return nil end
  if value == "any" then return anything() end
  if value == "string" then return "v" .. i end
  if value == "bool" then return i % 2 == 0 end
  if value == "[200]byte" then return ("z"):rep(197) .. ("%03d"):format(i) end
  if type(value) == "table" then return i % 100, "b" .. i end
  return i
end

local function arguments(entry)
  if entry and one_in(2) then
    local i = below(256)
    return table.pack(abuse.with(abuse.key_of(entry.kind, i),
      value_of(entry.value, i)))
  end
  local list = { n = below(4) }
  for i = 1, list.n do list[i] = anything() end
  return list
end

-- -- a call -------------------------------------------------------------------

-- Raised by a callback that yields, not by hmap. A program that gives its own
-- functions may be told what is wrong in them.
local function is_known(why)
  return type(why) ~= "string" or abuse.is_ours(why)
    or why:find "attempt to yield" or why:find "C stack overflow"
end

-- First of all memory is granted again.
local function finish(what, done, ...)
  grant()
  if not done and not is_known((...)) then
    broken = what .. ": " .. tostring((...))
  end
  for i = 1, math.min(select("#", ...), 3) do
    keep(things, (select(i, ...)))
  end
  return done, ...
end

-- Calls, with memory refused now and then; whether it was done, and its
-- results.
local function attempt(what, fn, ...)
  if one_in(16) then refuse(1 + below(64), one_of { 1, 2, 2, 1000000 }) end
  return finish(what, pcall(fn, ...))
end

local function with_path(name, list)
  local i = PATHS[name]
  if name == "report" and list.n < 2 then return list end
  if i and type(list[i]) == "string" then list[i] = one_of(FILES) end
  return list
end

local function sound(entry)
  local ok, holds, why = pcall(entry.map.check, entry.map)
  if ok and not holds then broken = why end
end

-- -- steps --------------------------------------------------------------------

local function options()
  local kind = one_of(abuse.KEYS)
  local value = one_of(VALUES)
  local hash = one_of(HASHES)
  return { key = kind[1], value = value, seed = below(16), hash = hash,
    policy = own(one_of(abuse.POLICIES)),
    capacity = one_in(3) and below(256) or nil,
    max_bytes = one_in(6) and 1000 + 100 * below(256) or nil,
    name = one_in(4) and choose.row(4) or nil }, kind, value
end

local function fill(entry, from, to)
  for i = from, to do
    entry.map:set(abuse.with(abuse.key_of(entry.kind, i),
      value_of(entry.value, i)))
  end
end

local function empty(entry, from, to)
  for i = from, to do
    entry.map:delete(table.unpack(abuse.key_of(entry.kind, i)))
  end
end

-- A table and all in it with one field changed.
local function damage(t)
  local names = {}
  for name in next, t do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  local name = #names > 0 and one_of(names)
  if name and type(t[name]) == "table" and not one_in(3) then
    damage(t[name])
  elseif name then
    rawset(t, name, anything())
  end
end

local function thread_of_steps()
  local n = below(8)
  return coroutine.create(function()
    for _ = 1, n do
      step()
      coroutine.yield()
    end
  end)
end

local METHODS = core.methods()
local MODULE = {}
for name, fn in pairs(hmap) do
  if type(fn) == "function" then MODULE[#MODULE + 1] = name end
end
table.sort(METHODS)
table.sort(MODULE)

-- A map, unless it is refused.
local function make()
  local opts, kind, value = options()
  local done, m = attempt("new", hmap.new, opts)
  return done and keep(maps, { map = m, kind = kind, value = value })
end

local STEPS = {
  make,
  function() -- none
    local opts = options()
    damage(opts)
    local done, m = attempt("new", hmap.new, opts)
    if done then m:close() end
  end,
  function() -- one that is filled
    local entry = make()
    if entry then attempt("set", fill, entry, 1, below(256)) end
  end,
}

-- Of a map, by chance.
local ON_MAP = {
  function(entry)
    local from = below(256)
    attempt("set", fill, entry, from, from + below(64))
  end,
  function(entry)
    local from = below(256)
    attempt("delete", empty, entry, from, from + below(128))
  end,
  function(entry) -- any method
    local name = one_of(METHODS)
    local list = with_path(name, arguments(entry))
    if name == "step_for" then list = { below(3) / 1000, n = 1 } end
    attempt(name, entry.map[name], entry.map,
      table.unpack(list, 1, list.n))
  end,
  function(entry) -- as another's
    local name = one_of(METHODS)
    local list = with_path(name, arguments(entry))
    if abuse.LONG[name] then return end
    attempt(name, entry.map[name], anything(), table.unpack(list, 1, list.n))
  end,
  function(entry) attempt("keys", entry.map.set, entry.map, any_map(),
    any_map()) end,
  function(entry)
    attempt("trace", entry.map.trace, entry.map, callback(entry.map))
  end,
  function(entry)
    attempt("watch", entry.map.watch, entry.map, { bucket = below(8) },
      callback(entry.map))
  end,
  function(entry)
    attempt("record", entry.map.record, entry.map, below(256) * 8)
  end,
  function(entry) -- iterators, to go on with later
    local name = one_of { "pairs", "keys", "values", "buckets" }
    local done, next_entry, iterator = attempt(name, entry.map[name],
      entry.map)
    if done then
      keep(things, function() return next_entry(iterator) end)
    end
  end,
  function(entry) attempt("view", entry.map.view, entry.map) end,
  function(entry)
    local done, cursor = attempt("scan", entry.map.scan, entry.map,
      #things > 0 and one_of(things), 1 + below(20))
    if done and cursor then keep(things, choose.mutated(cursor)) end
  end,
  function(entry) -- what was recorded, damaged or not
    local done, r = attempt("events", entry.map.events, entry.map)
    if not done then return end
    r.keys = {}
    for i = 1, below(64) do r.keys[i] = entry.kind[2](i) end
    if one_in(2) then damage(r) end
    local ok, m = attempt("replay", hmap.replay, r)
    if ok then m:close() end
    if one_in(4) then attempt("film", hmap.film, r) end
  end,
  function(entry) -- a file, damaged or not
    local path = FILES[1]
    if not attempt("save", entry.map.save, entry.map, path) then return end
    local file = io.open(path, "rb")
    if not file then return end -- by a finalizer
    local text = file:read "a"
    file:close()
    file = assert(io.open(path, "wb"))
    file:write(choose.mutated(text))
    file:close()
    local ok, m = attempt("load", hmap.load, path)
    if ok then
      sound { map = m }
      m:close()
    end
  end,
  function(entry)
    local name = one_of { "__gc", "__close", "__len", "__tostring", "__pairs" }
    local event = meta_of(entry.map)[name]
    local self = one_in(2) and entry.map or anything()
    if event then attempt(name, event, self) end
  end,
  function(entry) -- as soon as the collector finds it
    local m = entry.map
    local act = callback(m)
    setmetatable({}, { __gc = function() pcall(act) end })
  end,
  function(entry) attempt("close", entry.map.close, entry.map) end,
  function(entry) -- out of sight
    for i, other in ipairs(maps) do
      if other == entry then return table.remove(maps, i) end
    end
  end,
}

-- Of what there is.
local ON_THINGS = {
  function() -- a function of the module
    local name = one_of(MODULE)
    local list = with_path(name, arguments())
    local done, m = attempt(name, hmap[name], table.unpack(list, 1, list.n))
    if done and (name == "new" or name == "load" or name == "from") then
      m:close()
    end
  end,
  function() -- what was given is gone on with, looked at, taken apart
    local thing = #things > 0 and one_of(things)
    if type(thing) == "function" then
      attempt("next", thing, anything())
    elseif type(thing) == "thread" then
      if one_in(4) then pcall(coroutine.close, thing) end
      attempt("resume", function()
        local ok, why = coroutine.resume(thing)
        if not ok then error(why, 0) end
      end)
    elseif type(thing) == "table" then
      pcall(damage, thing)
      pcall(tostring, thing)
    else
      pcall(tostring, thing)
    end
  end,
  function() keep(things, thread_of_steps()) end,
  function() keep(things, anything()) end,
  function()
    collectgarbage(one_of { "collect", "step", "step", "step" })
  end,
  function()
    collectgarbage(one_of { "generational", "incremental" })
  end,
  function() -- a view as a table
    local view = #things > 0 and one_of(things)
    if type(view) ~= "userdata" or not pcall(hmap.of, view) then return end
    attempt("view", function(k, v)
      view[k] = v
      return view[k], #view
    end, anything(), anything())
  end,
}

local function one_step()
  local n = below(32)
  if n < 3 or #maps == 0 then
    STEPS[n % 3 + 1]()
  elseif n < 24 then
    local entry = one_of(maps)
    one_of(ON_MAP)(entry)
    sound(entry)
  else
    one_of(ON_THINGS)()
  end
end

function step()
  if depth > 3 then return end
  depth = depth + 1
  local ok, why = xpcall(one_step, debug.traceback)
  depth = depth - 1
  if not ok then error(why, 0) end
end

-- -- an input -----------------------------------------------------------------

-- Some are closed, some are left to the collector.
local function leave()
  for i, entry in ipairs(maps) do
    sound(entry)
    if i % 2 == 0 then entry.map:close() end
  end
  maps, things = {}, {}
  hmap.profile(false)
  collectgarbage "incremental"
end

return function(bytes)
  choose.read(bytes)
  maps, things, depth, broken = {}, {}, 0, nil
  while choose.left() > 0 and not broken do step() end
  leave()
  if broken then error(broken, 0) end
end
