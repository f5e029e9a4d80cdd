-- "Plain tables, ready for JSON": every view through lua-cjson and dkjson.
--
-- What comes back must be what went in: lists are lists, names are text, no
-- number is lost. cjson keeps 14 digits of a number and gives floats.
local core = require "hmap.core"
local hmap = require "hmap"
local loadtable = require "hmap.plan.load_table"
local recording = require "hmap.observe.recording"

local LIBRARIES = {
  cjson = require "cjson",
  dkjson = require "dkjson",
}

-- -- views ------------------------------------------------------------------

local function filled(opts, n, act)
  local m = hmap.new(opts)
  for i = 1, n do m:set(i, i) end
  if act then act(m) end
  return m
end

local INTS = { key = "int64", value = "int64", seed = 1 }

-- Maps in every state that a view tells apart.
local function maps()
  local manual = { key = "int64", value = "int64", seed = 1,
    policy = { step_on = "manual" } }
  local big_seed = { key = "int64", value = "int64", seed = math.mininteger }
  return {
    filled(INTS, 0), filled(INTS, 5), filled(INTS, 500), filled(big_seed, 9),
    filled(manual, 60), filled(INTS, 500, function(m) m:clear() end),
    filled(INTS, 500, function(m) m:rekey() m:step(3) end),
    filled(INTS, 5000, function(m)
      for i = 1, 4900 do m:delete(i) end
      m:shrink()
      m:step(1)
    end),
  }
end

local function of_all(read)
  local list = {}
  for _, m in ipairs(maps()) do list[#list + 1] = read(m) end
  return list
end

local function method(name, ...)
  local args = table.pack(...)
  return function()
    return of_all(function(m) return m[name](m, table.unpack(args)) end)
  end
end

-- What a map does with its ledger open and a recording running, in all kinds.
local function busy(opts)
  opts = opts or INTS
  local m = hmap.new(opts)
  m:ledger(true)
  m:record(100000)
  for i = 1, 400 do m:set(i, i) end
  m:reserve(2000)
  m:step(math.maxinteger)
  m:tune { shrink = 1 / 8, chain_alarm = 9 }
  for i = 1, 300 do m:delete(i) end
  m:add(1)
  m:rekey()
  m:finish()
  m:clear()
  return m
end

local function told(listen)
  local list, m = {}, hmap.new(INTS)
  listen(m, function(t) list[#list + 1] = t end)
  for i = 1, 200 do m:set(i, i) end
  m:delete(1)
  m:clear()
  return list
end

local TUPLES = {
  { "x:int32", "name:string" }, { "int32", "string" }, { "int32", "s:string" },
  { "x:int32", "string" },
}

local function tuple_maps(read)
  local list = {}
  for i, of in ipairs(TUPLES) do
    local m = hmap.new { key = of, value = of, seed = 1 }
    for n = 1, 9 do m:set(n, "k", n, "v") end
    list[i] = read(m)
  end
  return list
end

local function buckets()
  local list = tuple_maps(function(m) return m:bucket(0) end)
  for _, m in ipairs(maps()) do
    if m:stats().buckets > 0 then list[#list + 1] = m:bucket(0) end
    if m:stats().growing then list[#list + 1] = m:bucket(0, "old") end
  end
  return list
end

local function slots()
  local list = buckets()
  for i, bucket in ipairs(list) do list[i] = bucket.slots end
  return list
end

local function explanations()
  local list = tuple_maps(function(m) return m:explain(3, "k") end)
  for _, m in ipairs(maps()) do
    list[#list + 1] = m:explain(3)
    list[#list + 1] = m:explain(-3)
  end
  local nan = hmap.new { key = "float64", seed = 1 }
  nan:set(1, 1)
  list[#list + 1] = nan:explain(2)
  return list
end

local function under_profile(read)
  return function()
    hmap.profile(true)
    local keep = maps()
    keep[1]:close()
    local view = read()
    hmap.profile(false)
    return { view, keep = keep }
  end
end

local function plans()
  local list = {}
  for _, opts in ipairs {
    { entries = 0 }, { entries = 1 }, { entries = 1000 },
    { entries = 10000000 }, { entries = 10000000, live = 1000 },
    { bytes = 1000 }, { bytes = 1 << 40 },
    { entries = 100, hash = "identity", key = "int64", policy = "adaptive" },
    { entries = 100, key = { "x:int32", "int8" }, value = "none" },
  } do
    list[#list + 1] = hmap.plan(opts)
  end
  return list
end

local function forecasts()
  return of_all(function(m) return m:forecast(m:count() + 10000) end)
end

local function layouts()
  local list = tuple_maps(function(m) return m:layout() end)
  list[#list + 1] = hmap.layout("int64", "none")
  list[#list + 1] = hmap.layout("[200]byte", "any")
  return list
end

local function events()
  local list = { busy():events(), filled(INTS, 3, function(m)
    m:record(9)
  end):events() }
  local big = busy { key = "int64", value = "int64", seed = 1 << 60 | 1 }
  list[#list + 1] = big:events()
  return list
end

local VIEWS = {
  header = method "header",
  stats = method "stats",
  memory = method "memory",
  distribution = method "distribution",
  policy = method "tune",
  bucket = buckets,
  slots = slots,
  layout = layouts,
  explanation = explanations,
  keystats = function()
    return { hmap.keystats { 1, 2, 3, 2 }, hmap.keystats {},
      hmap.keystats { "a", "b" }, hmap.keystats { 0 / 0, 1.5 } }
  end,
  live = under_profile(function() return hmap.live { collect = true } end),
  profile = under_profile(hmap.profile),
  event = function() return told(function(m, fn) m:trace(fn) end) end,
  touch = function()
    return told(function(m, fn)
      m:watch(1, fn)
      m:watch({ bucket = 0 }, fn)
    end)
  end,
  events = events,
  plan = plans,
  forecast = forecasts,
  load_table = function() return { loadtable.measure(16, 1) } end,
  op = function() return { busy():last_op(), busy():worst_ops(1)[1] } end,
  ops = function()
    return { busy():worst_ops(), hmap.new():worst_ops() }
  end,
  totals = function() return { busy():ledger() } end,
}

-- All that there are, from who knows.
local function names_of_views()
  local _, message = pcall(core.view, "no such view", {})
  local names = {}
  for name in message:match("views are (.*)%)"):gmatch("[%w_]+") do
    names[#names + 1] = name
  end
  return names
end

-- -- comparing --------------------------------------------------------------

-- What no library can do anything else with than what was meant.
local function check_shape(v, path)
  if type(v) == "number" then
    assert(v == v and v ~= math.huge and v ~= -math.huge, path)
    return
  end
  if type(v) ~= "table" then
    assert(type(v) == "string" or type(v) == "boolean",
      path .. " is a " .. type(v))
    return
  end
  local length = rawlen(v)
  for name, field in next, v do
    local where = path .. "." .. tostring(name)
    local fits = length == 0 and type(name) == "string"
      or math.type(name) == "integer" and 1 <= name and name <= length
    assert(fits, where .. " has no place in JSON")
    check_shape(field, where)
  end
end

local function close(a, b)
  if math.type(a) == "integer" then return a == b end
  return math.abs(a - b) <= 1e-13 * math.abs(a)
end

local function check_same(a, b, path)
  assert.equal(type(a), type(b), path)
  if type(a) == "number" then
    assert(close(a, b), ("%s: %s came back as %s"):format(path, a, b))
  elseif type(a) ~= "table" then
    assert.equal(a, b, path)
  else
    for name, field in next, a do
      check_same(field, b[name], path .. "." .. tostring(name))
    end
    for name in next, b do
      assert(rawget(a, name) ~= nil, path .. "." .. tostring(name) .. " is new")
    end
  end
end

local function through(library, view)
  local json = LIBRARIES[library]
  return (json.decode(json.encode(view)))
end

describe("every view", function()
  it("is here", function()
    local names, here = names_of_views(), {}
    for name in pairs(VIEWS) do here[#here + 1] = name end
    table.sort(names)
    table.sort(here)
    assert.same(names, here)
  end)

  for _, name in ipairs(names_of_views()) do
    it("survives JSON: " .. name, function()
      local examples = VIEWS[name]()
      assert.is_true(#examples > 0)
      for i, view in ipairs(examples) do
        local path = ("%s[%d]"):format(name, i)
        local is_view = getmetatable(view) == getmetatable(core.view(name, {}))
        assert(is_view, path .. " is none")
        check_shape(view, path)
        for library in pairs(LIBRARIES) do
          check_same(view, through(library, view), library .. " " .. path)
        end
      end
    end)
  end
end)

-- -- recordings -------------------------------------------------------------

local SEEDS = { 0, 5, -7, 99999999999999, -99999999999999, 100000000000000,
  -100000000000000, 1 << 53 | 1, math.maxinteger, math.mininteger, -1 }

-- A life of a map with its keys, as the caller notes them.
local function a_life(opts)
  local m = hmap.new(opts)
  local keys, values = {}, {}
  local function note(call, key, value)
    keys[#keys + 1], values[#values + 1] = key, value
    m[call](m, key, call ~= "delete" and value or nil)
  end
  m:record(100000)
  for i = 1, 200 do note("set", i * 7, i) end
  for i = 1, 150 do note("delete", i * 7, 0) end
  m:reserve(900)
  m:step(math.maxinteger)
  m:tune { load = 3.25 }
  for i = 1, 200 do note("add", i, 3) end
  m:shrink()
  m:finish()
  local r = m:events()
  r.keys, r.values = keys, values
  return r, m
end

describe("a recording", function()
  for library in pairs(LIBRARIES) do
    it("replays from JSON as it does directly: " .. library, function()
      for _, seed in ipairs(SEEDS) do
        local r, m = a_life { key = "int64", value = "int64", seed = seed }
        local decoded = through(library, r)
        for _, step in ipairs { r.operations, 0, 27, 300 } do
          local direct <close> = hmap.replay(r, step)
          local again <close> = hmap.replay(decoded, step)
          assert.equal(direct:fingerprint(), again:fingerprint())
          assert.same(direct:stats(), again:stats())
        end
        local whole <close> = hmap.replay(decoded)
        assert.equal(m:fingerprint(), whole:fingerprint())
      end
    end)

    it("makes the same film from JSON: " .. library, function()
      local r = a_life { key = "int64", value = "int64", seed = -5 }
      local direct, again = hmap.film(r), hmap.film(through(library, r))
      assert.equal(direct.frames, again.frames)
      assert.equal(direct.hashes, again.hashes)
    end)
  end

  it("is written to the same file after JSON", function()
    local function file_of(r)
      local lines = {}
      recording.write(r, function(line) lines[#lines + 1] = line end)
      return table.concat(lines)
    end
    local r = a_life { key = "int64", value = "int64", seed = 1 << 60 }
    local again = through("dkjson", r)
    assert.equal(file_of(r), file_of(again))
  end)

  it("refuses a seed that is none", function()
    for _, seed in ipairs { "", "7", "0x", "0xg", "0x11112222333344445" } do
      local r = a_life { key = "int64", value = "int64", seed = 1 }
      r.seed = seed
      local ok, message = pcall(hmap.replay, r)
      assert.is_false(ok)
      assert.matches("recording%.seed: integer, or text", message)
    end
  end)

  it("is gone over as the list of its events", function()
    local r = a_life { key = "int64", value = "int64", seed = 1 }
    local n = 0
    for i, event in ipairs(r) do
      n = i
      assert.equal(r.events[i], event)
    end
    assert.is_true(n > 10)
    assert.equal(n, #r)
    assert.equal(n, #r.events)
    assert.is_nil(r[n + 1])
    assert.is_nil(r.no_such_field)
    r.events = nil
    assert.is_false((pcall(hmap.replay, r)))
  end)
end)
