--- What nobody should do with a map, for those who try it (abuse_spec.lua,
-- fuzz/module.lua): kinds of maps, arguments of every type, callbacks.

local hmap = require "hmap"

local meta_of = debug.getmetatable -- scripts do not get at it

-- -- kinds of maps ----------------------------------------------------------

local OBJECTS = {}
for i = 1, 40 do OBJECTS[i] = i % 2 == 0 and {} or function() return i end end

-- Type of the keys, and the i-th of them as its fields.
local KEYS = {
  { "int64", function(i) return i * 7 end },
  { "uint8", function(i) return i % 256 end },
  { "float64", function(i) return i / 3 end },
  { "bool", function(i) return i % 2 == 0 end },
  { "string", function(i) return ("k"):rep(i % 40) .. i end },
  { "[8]byte", function(i) return ("%08d"):format(i) end },
  { "[200]byte", function(i) return ("z"):rep(192) .. ("%08d"):format(i) end },
  { { "x:int32", "s:string" }, function(i) return i % 13, "s" .. i end },
  { "any", function(i)
    return i % 3 == 0 and OBJECTS[i % 40 + 1] or i % 3 == 1 and "t" .. i or i
  end },
}

local POLICIES = { "go", "adaptive", "smooth", "redis", "all_at_once",
  { step_on = "manual" }, { load = 1, shrink = 0.25 } }

local function key_of(kind, i) return table.pack(kind[2](i)) end

local function with(list, ...)
  local all = table.move(list, 1, list.n, 1, {})
  local more = table.pack(...)
  table.move(more, 1, more.n, list.n + 1, all)
  return table.unpack(all, 1, list.n + more.n)
end

local function new_map(kind, opts)
  opts = opts or {}
  opts.key, opts.value, opts.seed = kind[1], opts.value or "int64", 5
  return hmap.new(opts)
end

local function fill(m, kind, from, to)
  for i = from, to do m:set(with(key_of(kind, i), i)) end
  return m
end

local function name_of(kind)
  return type(kind[1]) == "string" and kind[1] or "tuple"
end

-- -- what is shown ----------------------------------------------------------

local function check_text(view, path)
  local text = tostring(view)
  assert(not text:find("table: 0x"), path .. " shows an address: " .. text)
  assert(not text:find("%f[%a]nan%f[%A]"), path .. ": " .. text)
  assert(not text:find("%f[%a]inf%f[%A]"), path .. ": " .. text)
  assert(not text:find("[ \t]\n") and not text:find("[ \t]$"),
    path .. " has blanks at the end of a line: " .. text)
end

-- -- arguments and callbacks ------------------------------------------------

local WEIRD = { false, true, 0, -1, 1, math.maxinteger, math.mininteger, 1e300,
  0 / 0, 1 / 0, "", "12", {}, { bucket = 0 }, { bucket = -1 }, { key = {} },
  { 1, "a" }, print, coroutine.create(print), io.stdout }
-- These would take as long as they were asked to, or leave no map.
local LONG = { close = true, step_for = true }
-- Which argument is a path: what is written to is a file of the caller's.
local PATHS = { save = 1, saving = 1, load = 1, loading = 1, load_lines = 1,
  report = 2 }

-- Lua's own errors, and ours with a place in our files, are not for users. What
-- a message quotes is the user's.
local function is_ours(message)
  local said = message:match "^[^'\"]*"
  return not (said:find "attempt to" or said:find "lua/hmap/%S+%.lua:%d+:")
end

-- What a listener does to the map.
local CALLBACKS = {
  ["raises a table"] = function() error {} end,
  ["raises nil"] = function() error(nil) end,
  ["yields"] = function() coroutine.yield() end,
  ["collects"] = function() collectgarbage() end,
  ["clears"] = function(m) m:clear() end,
  ["closes"] = function(m) m:close() end,
  ["closes as the collector would"] = function(m) meta_of(m).__gc(m) end,
  ["closes as a scope would"] = function(m) meta_of(m).__close(m) end,
  ["closes in a coroutine"] = function(m)
    coroutine.wrap(function() m:close() end)()
  end,
  ["ends all that listens"] = function(m)
    m:trace(nil)
    m:record(0)
    m:watch({ bucket = 0 }, nil)
  end,
  ["begins anew"] = function(m) m:record(3) m:trace(function() end) end,
  ["leaves an iteration"] = function(m)
    local next_entry, iterator = m:pairs()
    next_entry(iterator)
  end,
  ["rekeys"] = function(m) m:rekey() end,
  ["asks for everything"] = function(m)
    m:distribution()
    m:events()
    hmap.live { collect = true }
    hmap.profile()
    hmap.metrics()
  end,
}

return {
  KEYS = KEYS,
  POLICIES = POLICIES,
  WEIRD = WEIRD,
  LONG = LONG,
  PATHS = PATHS,
  CALLBACKS = CALLBACKS,
  key_of = key_of,
  with = with,
  new_map = new_map,
  fill = fill,
  name_of = name_of,
  check_text = check_text,
  is_ours = is_ours,
}
