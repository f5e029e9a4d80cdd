-- What nobody should do, on every kind of map: arguments of every wrong type,
-- callbacks that raise, write, close and yield, finalizers, dead coroutines,
-- recordings from other hands. Laws that hold whatever was done.
local core = require "hmap.core"
local hmap = require "hmap"
local abuse = require "spec.abuse"

local meta_of = debug.getmetatable -- scripts do not get at it

local KEYS, POLICIES, WEIRD = abuse.KEYS, abuse.POLICIES, abuse.WEIRD
local LONG, CALLBACKS = abuse.LONG, abuse.CALLBACKS
local key_of, with, new_map = abuse.key_of, abuse.with, abuse.new_map
local fill, name_of = abuse.fill, abuse.name_of
local check_text, is_ours = abuse.check_text, abuse.is_ours

-- Maps in every state, by name.
local function states(kind)
  local closed = new_map(kind)
  closed:close()
  local moving = fill(new_map(kind), kind, 1, 300)
  moving:tune { step_on = "manual" }
  moving:rekey()
  moving:step(2)
  local smaller = fill(new_map(kind), kind, 1, 300)
  for i = 1, 290 do smaller:delete(with(key_of(kind, i))) end
  smaller:tune { step_on = "manual" }
  smaller:shrink()
  smaller:step(1)
  local cleared = fill(new_map(kind), kind, 1, 100)
  cleared:clear()
  return {
    empty = new_map(kind),
    few = fill(new_map(kind), kind, 1, 5),
    growing = fill(new_map(kind, { policy = { step_on = "manual" } }), kind,
      1, 60),
    rekeying = moving, shrinking = smaller, cleared = cleared,
    closed = closed,
  }
end

-- -- what is shown ----------------------------------------------------------

local function plain_number(v, path)
  assert(v == v and v ~= math.huge and v ~= -math.huge,
    path .. " is " .. tostring(v))
end

local function check_plain(v, path)
  if type(v) == "number" then return plain_number(v, path) end
  if type(v) == "string" or type(v) == "boolean" then return end
  assert(type(v) == "table", path .. " is a " .. type(v))
  local length = rawlen(v)
  for name, field in next, v do
    local in_place = length == 0 and type(name) == "string"
      or math.type(name) == "integer" and name >= 1 and name <= length
    assert(in_place, path .. " has a key " .. tostring(name))
    check_plain(field, path .. "." .. name)
  end
end

local VIEWS = { "stats", "header", "memory", "layout", "distribution", "tune",
  "ledger", "last_op", "worst_ops", "events" }

local function check_views(m, path)
  for _, name in ipairs(VIEWS) do
    local view = m[name](m)
    if view ~= nil then
      check_plain(view, path .. " " .. name)
      check_text(view, path .. " " .. name)
    end
  end
end

-- -- wrong arguments --------------------------------------------------------

-- Calls a method with wrong arguments only; what it says of them is for a user.
local function call_wrongly(m, name, ...)
  local path = abuse.PATHS[name]
  if path and type((select(path, ..., nil))) == "string" then return end
  local ok, message = pcall(m[name], m, ...)
  assert(ok or type(message) == "string" and is_ours(message),
    name .. ": " .. tostring(message))
end

describe("a method called with arguments of every type", function()
  local real = print
  setup(function() _G.print = function() end end) -- luacheck: ignore
  teardown(function() _G.print = real end) -- luacheck: ignore

  for _, kind in ipairs(KEYS) do
    it("leaves a map of " .. name_of(kind) .. " sound, and says what is wrong",
      function()
        for state, m in pairs(states(kind)) do
          for _, name in ipairs(core.methods()) do
            if not LONG[name] then
              call_wrongly(m, name)
              call_wrongly(m, name, nil, nil, nil)
              for i, weird in ipairs(WEIRD) do
                call_wrongly(m, name, weird)
                call_wrongly(m, name, weird, WEIRD[i % #WEIRD + 1])
                call_wrongly(m, name, nil, weird, weird)
              end
            end
          end
          if state ~= "closed" then
            assert.is_true(m:check())
            m:trace(nil)
            m:close()
          end
        end
      end)
  end
end)

describe("a method called without a map", function()
  it("says so, whatever stands in its place", function()
    local m = hmap.new()
    for _, name in ipairs(core.methods()) do
      for _, weird in ipairs(WEIRD) do
        local ok, message = pcall(m[name], weird)
        assert.is_false(ok)
        assert.matches("^'" .. name .. "' wants a map before its arguments",
          message)
      end
    end
  end)
end)

-- -- every view of every map ------------------------------------------------

describe("every view", function()
  for _, kind in ipairs(KEYS) do
    it("of a map of " .. name_of(kind)
      .. " is plain data and reads well, in every state", function()
      for state, m in pairs(states(kind)) do
        if state ~= "closed" then
          m:ledger(true)
          m:record(100)
          m:get(with(key_of(kind, 1)))
          fill(m, kind, 1, 20)
          check_views(m, name_of(kind) .. ", " .. state)
          for _, further in ipairs { 0, 1, 1000, 1000000 } do
            local view = m:forecast(#m + further)
            check_plain(view, state .. " forecast")
            check_text(view, state .. " forecast")
          end
          check_text(m:explain(with(key_of(kind, 1))), state .. " explain")
          m:close()
        end
      end
    end)
  end

  it("tells a NaN in the same word on every machine", function()
    local m = hmap.new { key = "float64", value = "none", seed = 1 }
    local told
    m:watch({ bucket = 0 }, function(touch) told = tostring(touch) end)
    m:set(0 / 0)
    assert.equal("op 1: NaN inserted in bucket 0", told)
    m:set(-(0 / 0))
    assert.equal("op 2: NaN inserted in bucket 0", told)
  end)

  it("tells a policy field by field", function()
    assert.equal([[
load          6.5
moves         2
empty_visits  1
step_on       write
same_size     true
shrink        false
all_at_once   false
chain_alarm   false]], tostring(hmap.new():tune()))
  end)

  it("tells a recorded map's name on one line", function()
    local m = hmap.new { name = "two\nlines" }
    m:record(1)
    assert.equal("0 events of 0 operations on hmap 'two\\010lines' any -> any",
      tostring(m:events()))
  end)

  it("keeps the worst operations within 80 columns", function()
    local m = hmap.new { key = "int64", value = "int64", seed = 1,
      policy = "all_at_once" }
    m:ledger(true)
    for i = 1, 1000 do m:set(i, i) end
    for line in tostring(m:worst_ops(64)):gmatch("[^\n]+") do
      assert.is_true(#line <= 80)
    end
  end)
end)

describe("a plan", function()
  it("is plain data and reads well for every policy, hash and size", function()
    for _, policy in ipairs(POLICIES) do
      for _, hash in ipairs { "xxh3", "identity", "fnv1a" } do
        for _, n in ipairs { 0, 1, 8, 9, 13, 14, 1000, 12345, 10^9, 10^12 } do
          local plan = hmap.plan { key = "int64", value = "string",
            entries = n, hash = hash, policy = policy, value_bytes = 20.5 }
          check_plain(plan, "plan")
          check_text(plan, "plan")
        end
      end
    end
  end)
end)

-- -- the same told by different views ---------------------------------------

-- The search for each key, summed; pairs would bring a rekey to its end.
local function sums_of_searches(m, kind)
  local slots, buckets = 0, 0
  local told <close> = new_map(kind)
  for i = 1, 300 do
    local e = m:explain(with(key_of(kind, i)))
    if e.found and told:add(with(key_of(kind, i), 1)) == 1 then
      local slot = m:bucket(e.bucket, e.which).slots[e.depth * 8 + e.slot + 1]
      assert.equal("full", slot.state)
      assert.equal(e.tophash, slot.tophash)
      slots, buckets = slots + e.slots_scanned, buckets + e.buckets_read
    end
  end
  assert.equal(#m, #told)
  return slots, buckets
end

describe("in every state of every kind of map", function()
  for _, kind in ipairs(KEYS) do
    it("the searches for all keys of " .. name_of(kind)
      .. " sum up to the distribution's figures", function()
      for _, m in pairs(states(kind)) do
        if pcall(m.count, m) and #m > 0 then
          local d, n = m:distribution(), #m
          local slots, buckets = sums_of_searches(m, kind)
          assert.near(d.hit_probes, slots / n, 1e-9)
          assert.near(d.hit_buckets, buckets / n, 1e-9)
          m:close()
        end
      end
    end)
  end

  it("the ledger, the events and the stats tell of the same growths",
    function()
      for _, kind in ipairs(KEYS) do
        for _, policy in ipairs(POLICIES) do
          local m = new_map(kind, { policy = policy })
          local begun, evacuated, moved = {}, 0, 0
          m:trace(function(e)
            if e.kind == "grow_begin" then
              begun[e.growth] = (begun[e.growth] or 0) + 1
            elseif e.kind == "evacuate" then
              evacuated, moved = evacuated + 1, moved + e.to_x + e.to_y
            end
          end)
          m:ledger(true)
          fill(m, kind, 1, 400)
          for i = 1, 350 do m:delete(with(key_of(kind, i))) end
          m:rekey()
          m:finish()
          for growth, n in pairs(m:stats().growths) do
            assert.equal(n, begun[growth] or 0)
          end
          local sum = m:ledger().sum
          assert.equal(evacuated, sum.evacuated)
          assert.equal(moved, sum.moved)
          m:close()
        end
      end
    end)
end)

-- -- callbacks and finalizers -----------------------------------------------

local CHANCE = 71

describe("a callback that", function()
  for what, act in pairs(CALLBACKS) do
    it(what .. " leaves the map sound or closed, whatever its kind", function()
      for _, kind in ipairs(KEYS) do
        local m = new_map(kind, { value = "any" })
        m:record(1000)
        m:watch({ bucket = 0 }, function(touch)
          check_text(touch, "touch")
          act(m)
        end)
        m:trace(function(event)
          check_text(event, "event")
          act(m)
        end)
        for i = 1, 60 do pcall(m.set, m, with(key_of(kind, i), { i })) end
        for i = 1, 30 do pcall(m.delete, m, with(key_of(kind, i))) end
        local open = pcall(m.count, m)
        assert.equal(what:find("^closes") == nil, open)
        if open then assert.is_true(m:check()) end
        m:close()
      end
    end)
  end

  it("is in a finalizer that closes the map as the collector would is safe",
    function()
      collectgarbage "generational"
      for round = 1, 60 do
        local m = hmap.new { key = "string", value = "any", seed = round }
        m:watch({ bucket = 0 }, tostring)
        m:trace(tostring)
        for i = 1, 60 do
          pcall(m.set, m, ("a long key "):rep(3) .. i, {})
          if i == round then
            setmetatable({}, { __gc = function() meta_of(m).__gc(m) end })
          end
        end
      end
      collectgarbage "incremental"
    end)
end)

-- What a method makes on the Lua heap may run finalizers, and one of these may
-- do anything to the very map. They come somewhere within the method.
describe("a finalizer that comes while a method makes its results", function()
  local ACTS = {
    closes = function(m) m:close() end,
    clears = function(m) m:clear() end,
    finishes = function(m) m:finish() end,
    writes = function(m, kind) fill(m, kind, 500, 600) end,
  }
  local METHODS = { "stats", "memory", "header", "layout", "distribution",
    "explain", "bucket", "scan", "totable", "clone", "draw", "forecast",
    "worst_ops", "last_op", "ledger", "events", "tune", "get", "pop" }
  local ARGS = { bucket = { 0 }, scan = { nil, 1000 }, forecast = { 100000 },
    draw = { { width = 80 } } }

  local function interrupted(m, name, kind, act)
    local waiting = true
    collectgarbage "stop"
    setmetatable({}, { __gc = function()
      if waiting then pcall(act, m, kind) end
    end })
    collectgarbage "restart"
    collectgarbage("incremental", 1, 1000, math.random(0, 8))
    for _ = 1, math.random(0, 8) do local _ = {} end
    local args = ARGS[name] or key_of(kind, 3)
    local ok, result = pcall(m[name], m, table.unpack(args, 1, 2))
    waiting = false
    return ok or is_ours(result), result
  end

  for what, act in pairs(ACTS) do
    it(what .. " does no harm, whatever the method", function()
      math.randomseed(1, CHANCE)
      for _, kind in ipairs { KEYS[5], KEYS[8], KEYS[9] } do
        for _, name in ipairs(METHODS) do
          local m = fill(new_map(kind, { policy = { step_on = "manual" } }),
            kind, 1, math.random(20, 60))
          m:ledger(true)
          m:record(100)
          assert(interrupted(m, name, kind, act))
          if pcall(m.count, m) then assert.is_true(m:check()) end
          m:close()
        end
      end
      collectgarbage("incremental", 200, 100, 13)
    end)
  end
end)

describe("an iteration", function()
  it("left in a coroutine does no harm to what becomes of the map", function()
    for _, kind in ipairs(KEYS) do
      local m = new_map(kind, { value = "any" })
      for i = 1, 100 do m:set(with(key_of(kind, i), {})) end
      local left = {}
      for i = 1, 12 do
        left[i] = coroutine.create(function()
          for _ in m:pairs() do coroutine.yield() end
        end)
        for _ = 1, i do coroutine.resume(left[i]) end
        if i == 3 then m:trace(function() end) end
        if i == 5 then m:rekey() end
        if i == 7 then m:clear() end
        if i % 4 == 0 then coroutine.close(left[i]) end
        for k = i, 100 do m:set(with(key_of(kind, k), {})) end
        assert.is_true(m:check())
      end
      m:close()
      for i = 1, 12 do coroutine.resume(left[i]) end
    end
  end)
end)

-- -- recordings -------------------------------------------------------------

-- Operations by chance, recorded with their keys.
local function recorded_life(seed)
  math.randomseed(seed, CHANCE)
  local kind = KEYS[math.random(#KEYS - 1)] -- objects have no second life
  local policy = POLICIES[math.random(#POLICIES)]
  local m = new_map(kind, { policy = policy })
  local keys, values = {}, {}
  m:record(1000000)
  local function keyed(name, with_value)
    local key = key_of(kind, math.random(200))
    keys[#keys + 1] = key.n > 1 and { key[1], key[2] } or key[1]
    values[#keys] = math.random(1000)
    if with_value then key = table.pack(with(key, values[#keys])) end
    m[name](m, table.unpack(key, 1, key.n))
  end
  local ACTS = {
    function() keyed("swap", true) end,
    function() keyed("get_or_set", true) end,
    function() keyed("add", true) end,
    function() keyed("pop") end,
    function() keyed("delete") end,
    function() m:step(math.random(4)) end,
    function() m:reserve(math.random(300)) end,
    function() for _ in m:pairs() do break end end,
    function() m:scan(nil, math.random(20)) end,
    function() m:get(with(key_of(kind, 1))) end,
    function() pcall(m.reserve, m, -1) end,
    function() m:tune(POLICIES[math.random(#POLICIES)]) end,
    function() m:rekey() end,
    function() m:shrink() end,
    function() m:clear() end,
  }
  for _ = 1, math.random(400) do
    local i = math.random(40)
    if ACTS[i] then ACTS[i]() else keyed("set", true) end
  end
  local recording = m:events()
  recording.keys, recording.values = keys, values
  return recording, m
end

describe("a recording", function()
  it("of operations by chance replays to the same map, for 80 lives", function()
    for seed = 1, 80 do
      local recording, m = recorded_life(seed)
      local again <close> = hmap.replay(recording)
      assert.equal(m:fingerprint(), again:fingerprint())
      m:close()
    end
  end)

  it("replays after JSON has made floats of its numbers", function()
    local function floats(v)
      if math.type(v) == "integer" then return v + 0.0 end
      if type(v) ~= "table" then return v end
      local copy = {}
      for name, field in pairs(v) do copy[name] = floats(field) end
      return copy
    end
    local recording, m = recorded_life(3)
    local again <close> = hmap.replay(floats(recording))
    assert.equal(m:fingerprint(), again:fingerprint())
  end)

  it("begun by a finalizer while another is taken counts from its beginning",
    function()
      collectgarbage "generational"
      for _ = 1, 100 do
        local m = hmap.new { key = "int64", value = "int64", seed = 1 }
        m:record(1000)
        for i = 1, 300 do m:set(i, i) end
        setmetatable({}, { __gc = function() m:record(9) m:set(1, 1) end })
        for _ = 1, 2 do
          local taken = m:events()
          assert.is_true(0 <= taken.operations and taken.operations <= 300)
          assert.is_true(0 <= taken.after and taken.after <= 300)
        end
      end
      collectgarbage "incremental"
    end)

  it("that is damaged is refused in words about the recording", function()
    local names = {}
    for name in pairs((recorded_life(7))) do
      if type(name) == "string" then names[#names + 1] = name end
    end
    for _, name in ipairs(names) do
      for _, weird in ipairs(WEIRD) do
        local recording = recorded_life(7)
        recording[name] = weird
        local ok, message = pcall(hmap.replay, recording)
        assert(ok or is_ours(message), message)
      end
    end
  end)

  it("with itself for a field is refused in words about the field", function()
    local recording = recorded_life(7)
    recording.operations = recording
    local ok, message = pcall(hmap.replay, recording)
    assert.is_false(ok)
    assert.equal("recording.operations: integer from 0 on expected, got table",
      message)
  end)

  it("with a damaged call or event is refused, and says which", function()
    local function damaged(change)
      local m = hmap.new { key = "int64", value = "int64", seed = 1 }
      m:record(1000)
      for i = 1, 20 do m:set(i, i) end
      m:reserve(100)
      local recording = m:events()
      recording.keys = {}
      for i = 1, 20 do recording.keys[i] = i end
      change(recording)
      local ok, message = pcall(hmap.replay, recording)
      return not ok and message
    end
    assert.equal("recording.calls[1]: none that a map can be asked",
      damaged(function(r) r.calls[1].call = "zap" end))
    assert.equal("recording.calls[1].times: integer from 1 on expected, got "
      .. '"x"', damaged(function(r) r.calls[1].times = "x" end))
    assert.equal("recording.events[2]: no event of a map",
      damaged(function(r) r.events[2] = {} end))
    assert.equal("recording.lost: integer from 0 on expected, got nil",
      damaged(function(r) r.lost = nil end))
    assert.equal("recording.key: type expected, got nil",
      damaged(function(r) r.key = nil end))
    assert.matches("^recording: option 'capacity'",
      damaged(function(r) r.capacity = -1 end))
    assert.equal("operation 3: bad argument #1 to 'set' (int64 key expected, "
      .. "got string)", damaged(function(r) r.keys[3] = "x" end))
    assert.matches("^operation 21: bad argument #1 to 'reserve'",
      damaged(function(r) r.calls[2].n = nil end))
  end)
end)

-- -- all maps ---------------------------------------------------------------

describe("hmap.live", function()
  it("refuses a time that is none", function()
    for _, wrong in ipairs { -1, 0 / 0 } do
      assert.error_matches(function() hmap.live { stuck_after = wrong } end,
        "option 'stuck_after': seconds from 0 on expected")
    end
  end)
end)
