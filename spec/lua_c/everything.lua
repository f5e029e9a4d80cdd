-- everything.lua: all that is public in hmap, called in small steps, for maps
-- of every kind. alloc_sweep.c takes each step with its first request for
-- memory refused, then its second, and so on; everything_spec holds the steps
-- to the names that are registered.
--
--   step = {
--     name,
--     make(),        -> world: world.m is what is looked at, maps what to close
--     act(world),    what is tried
--     may = nil      an error leaves world.m as it was
--           "part"   some of what act does to it may have been done
--   }
--
-- Returns the steps of a room: "methods" (all that hmap.core has), "face" (what
-- the modules in Lua add), "pages" (maps so large that they ask for mappings).

local hmap, room = ...

-- -- kinds of maps ------------------------------------------------------------

-- The same in all worlds, so that maps can be compared.
local OBJECTS = setmetatable({}, { __index = function(objects, i)
  objects[i] = { i }
  return objects[i]
end })
for i = 1, 80 do assert(OBJECTS[i]) end

local function long(i) return ("text %d "):format(i):rep(6) end

local function any(i)
  local kinds = { i, "short " .. i, OBJECTS[i], i + 0.5, long(i) }
  return kinds[i % #kinds + 1]
end

-- Key and value number i; many fields of a tuple.
local KINDS = {
  { key = "any", value = "any", k = any, v = any },
  { key = "int64", value = "int64", k = function(i) return i end,
    v = function(i) return i * i end },
  { key = "uint8", value = "bool", k = function(i) return i end,
    v = function(i) return i % 2 == 0 end },
  { key = "string", value = "string", k = long, v = long },
  { key = "string", value = "any", k = tostring, v = any },
  { key = "[3]byte", value = "none",
    k = function(i) return ("%03d"):format(i) end,
    v = function() return true end },
  { key = "any", value = "none", k = any, v = function() return true end },
  { key = "float64", value = "float32", k = function(i) return i / 4 end,
    v = function(i) return i / 2 end },
  { key = "[200]byte", value = "[200]byte",
    k = function(i) return ("%05d"):format(i):rep(40) end,
    v = function(i) return ("%05d"):format(i):rep(40) end },
  { key = { "x:int32", "y:string" }, value = { "hp:int8", "string" },
    k = function(i) return i, long(i) end,
    v = function(i) return i % 100, long(i) end },
}

local function is_tuple(kind) return type(kind) == "table" end

-- Arguments of set: fields of the key, then fields of the value.
local function entry(kind, i, j)
  local args = table.pack(kind.k(i))
  local n = args.n
  for at, v in ipairs { kind.v(j or i) } do args[n + at] = v end
  return table.unpack(args)
end

-- As an element of a list.
local function element(type, make, i)
  if not is_tuple(type) then return (make(i)) end
  local fields = { make(i) }
  if not type[1]:find(":") or not type[2]:find(":") then return fields end
  return { x = fields[1], y = fields[2] }
end

local function list_of(type, make, from, to)
  local list = {}
  for i = from, to do list[#list + 1] = element(type, make, i) end
  return list
end

-- -- worlds -------------------------------------------------------------------

local FILLED = 27 -- a doubling has begun: 4 -> 8 buckets

local function fill(m, kind, from, to)
  for i = from, to do m:set(entry(kind, i)) end
  return m
end

local function options_of(kind, more)
  local opts = { key = kind.key, value = kind.value, seed = 1 }
  for name, value in pairs(more or {}) do opts[name] = value end
  return opts
end

-- One filled map of this kind.
local function world_of(kind, more, n)
  return function()
    local m = fill(hmap.new(options_of(kind, more)), kind, 1, n or FILLED)
    return { m = m, maps = { m }, kind = kind }
  end
end

local function with_other(kind, from, to)
  return function()
    local w = world_of(kind)()
    w.other = fill(hmap.new(options_of(kind)), kind, from, to)
    w.maps[2] = w.other
    return w
  end
end

local function nothing() return { maps = {} } end

-- -- steps --------------------------------------------------------------------

local steps = {}

local function step(name, make, act, may)
  steps[#steps + 1] = { name = name, make = make, act = act, may = may }
end

local function title(name, kind)
  local function of(type)
    return is_tuple(type) and "{" .. table.concat(type, ",") .. "}" or type
  end
  return ("%s of %s -> %s"):format(name, of(kind.key), of(kind.value))
end

-- A step for maps of this kind.
local function on(kind, name, act, may, make)
  step(title(name, kind), make or world_of(kind), act, may)
end

local function read_steps(kind)
  on(kind, "get", function(w)
    for i = 20, 30 do w.m:get(kind.k(i)) end
  end)
  on(kind, "has", function(w)
    assert(w.m:has(kind.k(3)) and not w.m:has(kind.k(40)))
  end)
  on(kind, "pairs", function(w)
    local n = 0
    for _ in w.m:pairs() do n = n + 1 end
    for _ in pairs(w.m) do n = n + 1 end
    assert(n == 2 * FILLED)
  end)
  on(kind, "keys and values", function(w)
    local n = 0
    for _ in w.m:keys() do n = n + 1 end
    for _ in w.m:values() do n = n + 1 end
    assert(n == 2 * FILLED)
  end)
  on(kind, "get_many", function(w)
    local found = w.m:get_many(list_of(kind.key, kind.k, 20, 30))
    assert(found.n == 11)
  end)
  on(kind, "scan", function(w)
    local cursor, keys = w.m:scan(nil, 9)
    assert(#keys >= 9)
    w.m:scan(cursor, 9)
  end)
  on(kind, "totable", function(w) assert(next(w.m:totable()) ~= nil) end)
  on(kind, "clone", function(w)
    local copy <close> = w.m:clone()
    assert(#copy == FILLED)
  end)
  on(kind, "count and text", function(w)
    assert(w.m:count() == #w.m)
    assert(tostring(w.m):find("^hmap"))
  end)
  on(kind, "header, stats, layout, memory", function(w)
    w.m:header()
    w.m:stats()
    w.m:layout()
    w.m:memory()
  end)
  on(kind, "bucket and buckets", function(w)
    w.m:bucket(1)
    assert(w.m:buckets()().index == 0)
    assert(w.m:buckets("old")().which == "old")
  end)
  on(kind, "explain", function(w)
    w.m:explain(kind.k(4))
    w.m:explain(kind.k(50))
  end)
  on(kind, "check and fingerprint", function(w)
    assert(w.m:check())
    w.m:fingerprint()
  end)
end

local function write_steps(kind)
  on(kind, "set", function(w) w.m:set(entry(kind, 40)) end)
  on(kind, "set over", function(w) w.m:set(entry(kind, 5, 6)) end)
  on(kind, "delete", function(w) assert(w.m:delete(kind.k(5))) end)
  on(kind, "pop", function(w) w.m:pop(kind.k(5)) end)
  on(kind, "swap", function(w) w.m:swap(entry(kind, 5, 6)) end)
  on(kind, "swap in", function(w) w.m:swap(entry(kind, 40)) end)
  on(kind, "get_or_set", function(w) w.m:get_or_set(entry(kind, 40)) end)
  on(kind, "get_or_set there", function(w)
    w.m:get_or_set(entry(kind, 5, 6))
  end)
  on(kind, "set to the next doubling", function(w)
    fill(w.m, kind, 53, 55)
  end, "part", world_of(kind, nil, 52))
  on(kind, "clear", function(w) w.m:clear() end)
  on(kind, "reserve", function(w) w.m:reserve(500) end)
  on(kind, "step, step_for, finish", function(w)
    w.m:step(1)
    w.m:step_for(0)
    w.m:finish()
  end)
  on(kind, "shrink", function(w)
    w.m:shrink()
    w.m:finish()
  end)
  on(kind, "rekey", function(w)
    w.m:rekey()
    w.m:finish()
  end)
  on(kind, "delete_many", function(w)
    w.m:delete_many(list_of(kind.key, kind.k, 20, 30))
  end)
  if kind.value == "none" then
    on(kind, "set_many", function(w)
      w.m:set_many(list_of(kind.key, kind.k, 20, 40))
    end, "part")
  else
    on(kind, "set_many", function(w)
      w.m:set_many(list_of(kind.key, kind.k, 20, 40),
        list_of(kind.value, kind.v, 21, 41))
    end, "part")
  end
  on(kind, "merge", function(w) w.m:merge(w.other) end, "part",
    with_other(kind, 20, 40))
  on(kind, "close", function(w) w.m:close() end)
  on(kind, "new", function()
    hmap.new(options_of(kind, { capacity = 30, name = "new" })):close()
  end, nil, nothing)
  if is_tuple(kind.key) then return end
  on(kind, "merge of a table", function(w)
    local t = {}
    for i = 20, 40 do t[kind.k(i)] = kind.v(i + 1) end
    w.m:merge(t)
    w.m:set_many(t)
  end, "part")
  on(kind, "view", function(w)
    local t = w.m:view()
    assert(pairs(t)(select(2, pairs(t))) ~= nil)
    assert(#t == FILLED and t[kind.k(5)] ~= nil and hmap.of(t) == w.m)
    assert(tostring(t):find("^view of hmap"))
    t[kind.k(40)] = kind.v(40)
  end)
end

for _, kind in ipairs(KINDS) do
  read_steps(kind)
  write_steps(kind)
end

-- -- pairs of types with functions of their own -------------------------------

local function text(i) return i % 2 == 0 and long(i) or "short " .. i end
local function integer(i) return i end
local function yes() return true end

for _, key in ipairs { { "int64", integer }, { "string", text }, { "any", any },
  { { "x:int32", "y:int32" }, function(i) return i, -i end } } do
  for _, value in ipairs { { "int64", integer }, { "float64", integer },
    { "string", text }, { "any", any }, { "none", yes } } do
    local kind = { key = key[1], k = key[2], value = value[1], v = value[2] }
    on(kind, "bound", function(w)
      local get, set, has, delete, pop = w.m:bind("get", "set", "has", "delete",
        "pop")
      local swap, get_or_set = w.m:bind("swap", "get_or_set")
      set(entry(kind, 4, 5))
      set(entry(kind, 42))
      assert(has(kind.k(4)) and get(kind.k(4)) ~= nil and delete(kind.k(5)))
      assert(swap(entry(kind, 4, 5)) ~= nil and pop(kind.k(3)) ~= nil)
      assert(select(2, get_or_set(entry(kind, 44))) == false)
    end, "part", world_of(kind, nil, 6))
    on(kind, "one by one", function(w)
      w.m:set(entry(kind, 4, 5))
      w.m:set(entry(kind, 42))
      assert(w.m:has(kind.k(4)) and w.m:get(kind.k(4)) ~= nil)
      w.m:delete(kind.k(5))
      if is_tuple(kind.key) then return end
      local t = w.m:view()
      t[kind.k(4)] = kind.v(5)
      t[kind.k(43)] = kind.v(43)
      assert(t[kind.k(4)] ~= nil)
      t[kind.k(6)] = nil
    end, "part", world_of(kind, nil, 6))
  end
end

-- -- numbers, policies --------------------------------------------------------

local INTS, STRINGS, ANYS = KINDS[2], KINDS[4], KINDS[1]

local COUNTS = { key = "any", value = "int64", k = any,
  v = function(i) return i end }

on(INTS, "add", function(w)
  w.m:add(5)
  w.m:add(40, 4)
end, "part")
on(COUNTS, "add", function(w) w.m:add(OBJECTS[40]) end)
on(COUNTS, "add there", function(w) w.m:add(OBJECTS[2], 7) end)
on(INTS, "add, bound", function(w) w.m:bind "add"(40, 4) end, "part")
on(INTS, "bind of all other roads", function(w)
  local count, add, walk = w.m:bind("count", "add", "pairs")
  local n = 0
  for _ in walk() do n = n + 1 end
  assert(count() == n and add(1) == 2)
end, "part")

for _, policy in ipairs { "adaptive", "smooth", "redis", "all_at_once",
  { load = 3, moves = 1, shrink = 0.25, chain_alarm = 2 } } do
  local function make() return world_of(STRINGS, { policy = policy })() end
  local function titled(name)
    return ("%s, policy %s"):format(name,
      type(policy) == "table" and "{..}" or policy)
  end
  step(titled "growing", make, function(w)
    fill(w.m, STRINGS, FILLED + 1, 56)
    for i = 1, 9 do w.m:get(STRINGS.k(i)) end
  end, "part")
  step(titled "shrinking", make, function(w)
    for i = 3, FILLED do w.m:delete(STRINGS.k(i)) end
  end, "part")
  step(titled "tune", make, function(w)
    w.m:tune { load = 2 }
    w.m:tune "go"
  end)
end

step("max_bytes", world_of(INTS, { max_bytes = 4096 }), function(w)
  local ok, why = pcall(fill, w.m, INTS, FILLED + 1, 400)
  if not ok and not why:find "max_bytes" then error(why, 0) end
end, "part")

-- -- iterators under way ------------------------------------------------------

local function walking()
  local w = world_of(ANYS)()
  w.next, w.walk = w.m:pairs()
  for _ = 1, 5 do w.next(w.walk) end
  return w
end

step("writes under an iterator", walking, function(w)
  w.m:set(OBJECTS[70], OBJECTS[71])
  w.m:rekey()
  for _ = 1, 20 do w.next(w.walk) end
end, "part")
step("an iterator in a map that closes", walking, function(w)
  w.m:close()
  assert(not pcall(w.next, w.walk))
end)

-- -- maps that are listened to ------------------------------------------------

local function count_touches(told) told.n = (told.n or 0) + 1 end

local function listened(kind)
  return function()
    local w = world_of(kind)()
    local told = {}
    w.m:record(50)
    w.m:trace(function() count_touches(told) end)
    w.m:watch(entry({ k = kind.k, v = function()
      return function() count_touches(told) end
    end }, 5))
    w.m:watch({ bucket = 1 }, function(touch)
      count_touches(told)
      return touch.key
    end)
    return w
  end
end

for _, kind in ipairs { ANYS, STRINGS, KINDS[10] } do
  local make = listened(kind)
  on(kind, "listened to: set", function(w)
    fill(w.m, kind, FILLED + 1, FILLED + 8)
  end, "part", make)
  on(kind, "listened to: delete", function(w)
    for i = 1, 9 do w.m:delete(kind.k(i)) end
  end, "part", make)
  -- What cannot be told for want of memory is no reason to fail.
  on(kind, "listened to: one new entry", function(w)
    fill(w.m, kind, FILLED + 1, FILLED + 1)
  end, nil, make)
  on(kind, "listened to: one entry again", function(w)
    fill(w.m, kind, 5, 5)
  end, nil, make)
  on(kind, "listened to: one delete", function(w)
    w.m:delete(kind.k(5))
  end, nil, make)
  on(kind, "listened to: clear", function(w) w.m:clear() end, nil, make)
  on(kind, "listened to: rekey, clear", function(w)
    w.m:rekey()
    w.m:finish()
    w.m:clear()
  end, "part", make)
  on(kind, "listened to: merge, clone", function(w)
    local copy <close> = w.m:clone()
    copy:merge(w.m)
  end, nil, make)
  on(kind, "listened to: events", function(w)
    assert(w.m:events().operations >= 0)
  end, nil, make)
  on(kind, "listened to: close", function(w) w.m:close() end, nil, make)
  on(kind, "trace, record, watch begin and end", function(w)
    local function ignore() end
    w.m:trace(ignore)
    w.m:record(5)
    for i = 1, 6 do
      w.m:watch({ bucket = i }, ignore)
      w.m:watch(entry({ k = kind.k, v = function() return ignore end }, i))
    end
    w.m:watch({ bucket = 1 }, nil)
    w.m:trace(nil)
    w.m:record(0)
  end)
end

-- -- files --------------------------------------------------------------------

local path = os.tmpname()

-- A loop that is left.
local function first_turn(step_on, state, _, closing)
  local closed <close> = closing
  assert(closed and step_on(state))
end

local function saved(kind)
  return function()
    local w = world_of(kind)()
    w.m:save(path)
    return w
  end
end

for _, kind in ipairs { INTS, KINDS[10] } do
  on(kind, "save", function(w) assert(w.m:save(path) == FILLED) end)
  on(kind, "saving", function(w)
    for done, total in w.m:saving(path, 20) do assert(done <= total) end
    first_turn(w.m:saving(path, 20))
  end)
  on(kind, "load", function()
    local m <close> = hmap.load(path, { name = "loaded" })
    assert(#m == FILLED)
  end, nil, saved(kind))
  on(kind, "loading", function()
    local turns = 0
    for done, total, m in hmap.loading(path, 20) do
      turns = turns + 1
      assert((m ~= nil) == (done == total))
      if m then m:close() end
    end
    assert(turns > 0 and turns <= 2) -- a step tried again may do more
    first_turn(hmap.loading(path, 20))
  end, nil, saved(kind))
end
on(ANYS, "save objects", function(w) pcall(w.m.save, w.m, path) end)
step("the file goes", nothing, function() os.remove(path) end)

-- -- questions without a map --------------------------------------------------

step("layout", nothing, function()
  hmap.layout("int64", { "x:int32", "y:string" })
end)
step("hash", nothing, function()
  hmap.hash("string", "key", 1, "fnv1a")
  hmap.hash({ "x:int32", "y:string" }, { 1, "y" }, 1)
end)

if room == "methods" then return steps end

-- -- large maps ---------------------------------------------------------------

steps = {}

-- Entries that one more doubles to an array which is mapped, and text and cells
-- of their own that come from mapped slabs.
local LARGE = 3328

for _, kind in ipairs { INTS, ANYS } do
  local large = world_of(kind, nil, LARGE)
  on(kind, "large: doubling", function(w)
    w.m:set(entry(kind, LARGE + 1))
  end, nil, large)
  on(kind, "large: clone", function(w) w.m:clone():close() end, nil, large)
  on(kind, "large: reserve", function(w) w.m:reserve(9000) end, nil, large)
  on(kind, "large: rekey", function(w)
    w.m:reserve(9000)
    w.m:finish()
    w.m:rekey()
    w.m:finish()
    w.m:shrink()
    w.m:finish()
  end, nil, large)
  on(kind, "large: merge", function(w)
    local empty <close> = hmap.new(options_of(kind))
    empty:merge(w.m)
  end, nil, large)
end

for _, kind in ipairs { STRINGS, KINDS[9] } do
  on(kind, "slabs", function(w) fill(w.m, kind, 601, 620) end, "part",
    world_of(kind, nil, 600))
  on(kind, "new slabs", function(w) fill(w.m, kind, 1, 800) end, "part",
    world_of(kind, nil, 20))
end

-- Entries that one more doubles to an array which no pool keeps.
local VAST = 53248

step("vast: doubling", world_of(INTS, nil, VAST), function(w)
  w.m:set(entry(INTS, VAST + 1))
  w.m:finish()
end, "part")

step("large: new", nothing, function()
  hmap.new { key = "int64", value = "int64", capacity = 9000 }:close()
end)
step("large: set_many", nothing, function()
  local list = {}
  for i = 1, LARGE + 10 do list[i] = i end
  local m <close> = hmap.new { key = "int64", value = "int64" }
  m:set_many(list, list)
  assert(#m == #list)
end)

if room == "pages" then return steps end

-- -- the rooms in Lua ---------------------------------------------------------

steps = {}

local function seeded() return world_of(INTS)() end

step("draw", seeded, function(w) w.m:draw { width = 64, ascii = true } end)
step("distribution", seeded, function(w) tostring(w.m:distribution()) end)
step("forecast", seeded, function(w) tostring(w.m:forecast(1000)) end)
step("views as text", seeded, function(w)
  for _, view in ipairs { w.m:header(), w.m:stats(), w.m:layout(), w.m:memory(),
    w.m:bucket(1), w.m:explain(3) } do
    tostring(view)
  end
end)
step("ledger", seeded, function(w)
  w.m:ledger(true)
  for i = 20, 60 do w.m:set(i, i) end
  tostring(w.m:ledger())
  tostring(w.m:last_op())
  tostring(w.m:worst_ops(3))
  w.m:ledger(false)
end, "part")
step("report", seeded, function(w) hmap.report(w.m, { width = 64 }) end)
step("report as a page", seeded, function(w)
  hmap.report(w.m, "/dev/null")
end)
step("help", seeded, function(w)
  local shown, print_ = 0, print
  local unheard <close> = setmetatable({}, { __close = function()
    _G.print = print_
  end })
  assert(unheard)
  _G.print = function(page) shown = shown + #page end
  hmap.help()
  hmap.help "add"
  w.m:help()
  assert(shown > 1000 and tostring(hmap):find "hmap")
end)
step("from", nothing, function()
  hmap.from({ 1, 2, 3 }):close()
  hmap.from({ "a", "b" }, { value = "none" }):close()
  hmap.from(("a b"):gmatch "%a", { value = "none" }):close()
end)
step("load_lines", seeded, function(w)
  w.m:load_lines("spec/examples/lines.csv")
end, "part")
step("plan", nothing, function()
  tostring(hmap.plan { key = "int64", value = "int64", entries = 1000 })
end)
step("keystats", nothing, function()
  tostring(hmap.keystats({ 10, 20, 30, 40 }))
end)
step("live", seeded, function() tostring(hmap.live { collect = true }) end)
step("metrics", world_of(INTS, { name = "metrics" }), function()
  assert(hmap.metrics():find "metrics")
end)
step("profile", nothing, function()
  hmap.profile(true)
  local m <close> = hmap.new { name = "profiled" }
  for i = 1, 30 do m:set(i, i) end
  tostring(hmap.profile())
  hmap.profile(false)
end)

local function recorded()
  local m = hmap.new { key = "string", value = "none", seed = 7 }
  m:record(1000)
  local keys = {}
  for i = 1, 20 do
    keys[i] = "user " .. i
    m:set(keys[i])
  end
  local recording = m:events()
  recording.keys = keys
  return { m = m, maps = { m }, recording = recording }
end

step("replay", recorded, function(w)
  local copy <close> = hmap.replay(w.recording)
  assert(#copy == 20)
end)
step("film", recorded, function(w)
  local film = hmap.film(w.recording)
  local scene = film:at(9)
  assert(#scene.moves >= 0 and film:find "user 3")
end)

return steps
