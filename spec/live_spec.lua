-- Which maps are open, where they were made, and what became of the others.
local hmap = require "hmap"
local core = require "hmap.core"
local profile = require "hmap.observe.profile"

local HERE = debug.getinfo(1, "S").short_src

local function collect()
  collectgarbage()
  collectgarbage()
end

local function ints(n, name, opts)
  opts = opts or {}
  opts.key, opts.value, opts.name, opts.seed = "int64", "int64", name, 1
  local m = hmap.new(opts)
  for i = 1, n do m:set(i, -i) end
  return m
end

-- The row, site or life that has this in a field; nil if none has.
local function find(list, field, value)
  for _, item in ipairs(list) do
    if item[field] == value then return item end
  end
  return nil
end

local function row_of(name, opts)
  return find(hmap.live(opts), "name", name)
end

-- A map made here, and the line of its making.
local function made_here(name)
  local line = debug.getinfo(1, "l").currentline + 1
  local m = hmap.new { key = "int64", value = "int64", name = name, seed = 1 }
  return m, HERE .. ":" .. line
end

-- A map that nothing refers to: made where no stack slot keeps it.
local function drop(n, name)
  local function make() return #ints(n, name) end
  return coroutine.wrap(make)()
end

-- What must hold of all sums, whenever they are taken.
local function assert_sums(p)
  local names = { "made", "live", "closed", "collected", "leaked", "bytes",
    "entries" }
  local sum = {}
  for _, name in ipairs(names) do sum[name] = 0 end
  for _, site in ipairs(p.sites) do
    assert.are.equal(site.made,
      site.live + site.closed + site.collected + site.leaked)
    assert.is_true(site.leaked >= 0)
    for _, name in ipairs(names) do sum[name] = sum[name] + site[name] end
  end
  for _, name in ipairs(names) do assert.are.equal(p[name], sum[name], name) end
end

-- Tables, strings, numbers and booleans; no functions, no userdata, no holes.
local function assert_plain(value)
  if type(value) == "table" then
    local n = #value
    for k, v in next, value do
      assert.is_true(n == 0 and type(k) == "string"
        or math.type(k) == "integer" and k >= 1 and k <= n)
      assert_plain(v)
    end
  else
    assert.is_truthy(("string number boolean"):find(type(value), 1, true))
  end
end

describe("hmap.live", function()
  before_each(collect)

  it("has a row of each open map, that says what its views say", function()
    local m = ints(417, "row")
    local row, stats, memory = row_of "row", m:stats(), m:memory()
    assert.are.same(
      { "int64", "int64", 417, stats.bytes, stats.buckets, true, "double",
        stats.evacuated, stats.remaining, memory.old, false, false },
      { row.key, row.value, row.count, row.bytes, row.buckets, row.growing,
        row.kind, row.evacuated, row.remaining, row.held, row.stuck,
        row.leaked })
    assert.is_true(row.held > 0)
    assert.is_true(row.age >= 0)
    for part, bytes in pairs(row.memory) do
      assert.are.equal(memory[part], bytes)
    end
  end)

  it("tells of maps of all types", function()
    local keep = {}
    for name, types in pairs {
      a = { "any", "any" },
      b = { "string", "float64" },
      c = { "[3]byte", "none" },
      d = { { "x:int32", "y:int8" }, { "string", "bool" } },
    } do
      keep[name] = hmap.new { key = types[1], value = types[2],
        name = "types " .. name }
      local row = row_of("types " .. name)
      assert.is_truthy(tostring(keep[name]):find(row.key .. " -> " .. row.value,
        1, true))
    end
    keep.a:set({}, {})
    assert.are.equal(keep.a:stats().bytes, row_of("types a").bytes)
  end)

  it("counts maps in the order of their making", function()
    local a, b, c = ints(1, "first"), ints(1), ints(1, "third")
    local rows, last = hmap.live(), 0
    for _, row in ipairs(rows) do
      assert.is_true(row.id > last)
      last = row.id
    end
    assert.are.equal(row_of("first").id + 2, row_of("third").id)
    assert.are.same({ 1, 1, 1 }, { #a, #b, #c })
  end)

  it("gives the map of a row, and keeps none alive", function()
    local m = ints(5, "from a row")
    local row = row_of "from a row"
    assert.are.equal(m, row.map)
    row.map:set(6, 6)
    assert.are.equal(6, #m)
    m:close()
    assert.is_nil(row.map)

    drop(5, "kept by its row?")
    row = row_of "kept by its row?"
    assert.is_truthy(row)
    collect()
    assert.is_nil(row.map)
    assert.is_nil(row_of "kept by its row?")
  end)

  it("has no map that was closed", function()
    local m = ints(5, "closed")
    m:close()
    m:close()
    assert.is_nil(row_of "closed")
    do
      local scoped <close> = ints(5, "scoped")
      assert.are.equal(5, row_of("scoped").count)
      assert.are.equal(5, #scoped)
    end
    assert.is_nil(row_of "scoped")
  end)

  it("has maps that only a map refers to", function()
    local outer = hmap.new { name = "outer" }
    outer:set("inner", ints(3, "inner"))
    collect()
    assert.are.equal(3, row_of("inner").count)
    outer:clear()
    collect()
    assert.is_nil(row_of "inner")
  end)

  it("has maps made in coroutines, also when those are gone", function()
    local m
    local co = coroutine.create(function()
      m = ints(7, "of a coroutine")
      local own = ints(8, "in a coroutine")
      coroutine.yield()
      return own
    end)
    coroutine.resume(co)
    assert.are.equal(8, row_of("in a coroutine").count)
    co = nil -- luacheck: ignore 311
    collect()
    assert.are.equal(7, row_of("of a coroutine").count)
    assert.is_nil(row_of "in a coroutine")
    assert.are.equal(7, #m)
  end)

  it("has a thousand maps, and of each a row", function()
    local keep, before = {}, #hmap.live()
    for i = 1, 1000 do keep[i] = ints(i % 10) end
    for i = 1, 1000, 2 do keep[i]:close() end
    for i = 2, 1000, 4 do keep[i] = false end
    collect()
    assert.are.equal(before + 250, #hmap.live())
    local last = select(2, tostring(hmap.live()):gsub("\n", ""))
    assert.is_true(last < 60)
  end)

  it("is right while the collector works and finalizers make maps", function()
    local made = {}
    local function finalizer()
      return setmetatable({}, { __gc = function()
        made[#made % 50 + 1] = ints(1, "by a finalizer")
      end })
    end
    for round = 1, 200 do
      finalizer()
      drop(10, "dropped " .. round % 7)
      if round % 50 == 0 then
        collectgarbage(round % 100 == 0 and "incremental" or "generational")
      end
      for _, row in ipairs(hmap.live()) do
        assert.is_truthy(row.key == "int64" or row.key ~= "")
      end
      assert_sums(hmap.profile())
    end
    collectgarbage "incremental"
    assert.is_true(#made > 0)
  end)

  it("answers in a finalizer, too", function()
    local text
    setmetatable({}, { __gc = function()
      text = tostring(hmap.live()) .. tostring(hmap.profile())
        .. hmap.metrics()
    end })
    collect()
    assert.is_truthy(text:find("hmap_maps", 1, true))
    assert.is_true(collectgarbage "isrunning")
  end)

  it("is plain data", function()
    local m = ints(417, "plain")
    local rows = hmap.live()
    debug.setmetatable(rows, nil)
    assert_plain(rows)
    assert.are.equal(417, #m)
  end)

  it("says that a growth which nobody moves on is stuck", function()
    local m = ints(417, "stuck")
    local function stuck() return row_of("stuck", { stuck_after = 0 }).stuck end
    assert.is_false(stuck()) -- seen for the first time
    assert.is_true(stuck())
    assert.is_false(row_of("stuck", { stuck_after = 1e9 }).stuck)
    m:get(1)
    m:has(2)
    for _ in m:pairs() do break end
    assert.is_true(stuck())
    m:set(1, 1) -- moves it on
    assert.is_false(stuck())
    assert.is_true(stuck())
    hmap.metrics()
    hmap.profile()
    assert.is_true(stuck())
    m:step(1)
    assert.is_false(stuck())
    m:finish()
    assert.is_false(stuck())
    assert.is_false(stuck())
    assert.are.equal(0, row_of("stuck").held)
  end)

  it("does not take the next growth for the one it saw", function()
    local m = ints(417, "another")
    m:finish()
    m:shrink()
    assert.is_false(row_of("another", { stuck_after = 0 }).stuck)
    m:finish()
    m:rekey()
    assert.is_false(row_of("another", { stuck_after = 0 }).stuck)
    assert.are.equal("rekey", row_of("another").kind)
  end)

  it("tells leaked maps when it is to collect, for the last time", function()
    local kept = ints(3, "kept")
    drop(50, "leaked")
    local row = row_of("leaked", { collect = true })
    assert.are.same({ true, 50, false }, { row.leaked, row.count, row.stuck })
    assert.is_true(row.bytes > 0)
    assert.is_nil(row.map)
    assert.is_nil(row_of "leaked")
    assert.is_false(row_of("kept", { collect = true }).leaked)
    assert.are.equal(3, #kept)
  end)

  it("tells a leak through a map that refers to itself", function()
    coroutine.wrap(function()
      local m = hmap.new { name = "cycle" }
      m:set("me", m)
    end)()
    assert.is_true(row_of("cycle", { collect = true }).leaked)
    assert.is_nil(row_of "cycle")
  end)

  it("reads well", function()
    local keep = { ints(417, "growing"), ints(10, 'a "name"') }
    drop(5, "gone")
    row_of "growing"
    local text = tostring(hmap.live { collect = true, stuck_after = 0 })
    local width
    for line in text:gmatch "[^\n]+" do
      if line:find "^ *id  name" then width = line:find "key %-> value" end
      if line:find "int64 %-> int64" then
        assert.are.equal(width, (line:find "int64 %-> int64"))
      end
    end
    assert.is_truthy(text:find('"growing"[^\n]*STUCK for [^\n]* of 64 moved, '
      .. "[^\n]* held"))
    assert.is_truthy(text:find('"a \\"name\\""', 1, true))
    assert.is_truthy(text:find '"gone"[^\n]*LEAKED')
    assert.is_truthy(text:find "1 stuck, 1 leaked$")
    assert.are.equal(2, #keep)
    assert.is_truthy(tostring(row_of "growing"):find '"growing"')
  end)

  it("says so when there is none", function()
    assert.are.equal("no maps are open", tostring(core.view("live", {})))
  end)

  it("refuses options that are none", function()
    for _, bad in ipairs {
      { "bad argument #1 to 'live' (table expected, got string)", "x" },
      { "unknown option 'collekt'; options are collect, stuck_after",
        { collekt = true } },
      { "option 'collect': boolean expected, got 1", { collect = 1 } },
      { "option 'stuck_after': seconds from 0 on expected, got \"1\"",
        { stuck_after = "1" } },
      { "seconds from 0 on expected, got -1", { stuck_after = -1 } },
    } do
      local ok, message = pcall(hmap.live, bad[2])
      assert.is_false(ok)
      assert.is_truthy(message:find(bad[1], 1, true), message)
    end
  end)

  it("forgets a map whose making failed", function()
    local before = #hmap.live()
    assert.is_false(pcall(hmap.new, { max_bytes = 10, name = "failed" }))
    assert.are.equal(before, #hmap.live())
    local p = hmap.profile()
    collect()
    assert.are.equal(p.made, hmap.profile().made)
  end)
end)

describe("hmap.profile", function()
  before_each(collect)
  after_each(function() hmap.profile(false) end)

  it("remembers where maps were made from then on", function()
    local before = made_here "before"
    hmap.profile(true)
    local during, site = made_here "during"
    hmap.profile(false)
    local after = made_here "after"
    assert.is_nil(row_of("before").site)
    assert.is_nil(row_of("after").traceback)
    local row = row_of "during"
    assert.are.equal(site, row.site)
    assert.are.equal(site .. ": in ", row.traceback:match "^[^\n]-: in ")
    assert.is_truthy(row.traceback:find("'made_here'", 1, true))
    assert.is_nil(row.traceback:find "stack traceback")
    assert.is_nil(row.traceback:find "\t")
    hmap.profile(true)
    assert.are.equal(site, row_of("during").site)
    assert.are.same({ 0, 0, 0 }, { #before, #during, #after })
  end)

  it("is off unless it was switched on, and says so", function()
    assert.is_false(hmap.profile().on)
    assert.is_nil(hmap.profile(true))
    assert.is_true(hmap.profile().on)
    assert.is_true(hmap.profile(nil).since >= 0)
  end)

  it("counts maps of one site together", function()
    hmap.profile(true)
    local keep, site = {}, nil
    for i = 1, 10 do
      keep[i], site = made_here("loop")
      for k = 1, 100 * i do keep[i]:set(k, k) end
    end
    for i = 1, 3 do keep[i]:close() end
    for i = 4, 5 do keep[i] = nil end
    collect()
    local p = hmap.profile()
    local s = find(p.sites, "site", site)
    local bytes, entries = 0, 0
    for i = 6, 10 do
      bytes = bytes + keep[i]:stats().bytes
      entries = entries + #keep[i]
    end
    assert.are.same({ 10, 5, 3, 2, 0, bytes, entries },
      { s.made, s.live, s.closed, s.collected, s.leaked, s.bytes, s.entries })
    assert.is_true(s.peak >= s.bytes)
    assert.is_true(s.oldest >= s.newest)
    assert_sums(p)
  end)

  it("tells apart who called", function()
    hmap.profile(true)
    local a = made_here "a"
    local b = made_here "b"
    assert.are.equal(row_of("a").site, row_of("b").site)
    assert.are_not.equal(row_of("a").traceback, row_of("b").traceback)
    assert.are.same({ 0, 0 }, { #a, #b })
  end)

  it("knows the site of a clone, and of a tail call", function()
    hmap.profile(true)
    local m = made_here "cloned"
    m:clone():set(1, 1)
    local clone = debug.getinfo(1, "l").currentline - 1
    local rows = hmap.live()
    assert.is_truthy(find(rows, "site", HERE .. ":" .. clone))
    local line = debug.getinfo(1, "l").currentline + 1
    local function tail() return hmap.new { name = "tail" } end
    local t = tail()
    assert.are.equal(HERE .. ":" .. line, row_of("tail").site)
    assert.are.equal(0, #t)
  end)

  it("knows the site in a coroutine, and where there is no Lua", function()
    hmap.profile(true)
    local m, site = coroutine.wrap(made_here)("co")
    assert.are.equal(site, row_of("co").site)
    local bare = coroutine.wrap(hmap.new) { name = "bare" }
    assert.are.equal("", row_of("bare").traceback)
    assert.are.equal("[C]", row_of("bare").site)
    assert.are.same({ 0, 0 }, { #m, #bare })
    assert.is_truthy(tostring(hmap.profile()):find("[C]", 1, true))
  end)

  it("keeps one text of a site, however deep the recursion", function()
    hmap.profile(true)
    local function deep(n)
      if n == 0 then return (made_here "deep") end
      return (deep(n - 1))
    end
    local keep = {}
    for i = 1, 20 do keep[i] = deep(100) end
    local site = row_of("deep").traceback
    assert.is_true(#site < 4000)
    assert.are.equal(#keep,
      find(hmap.profile().sites, "traceback", site).made)
  end)

  it("has the bytes of unnamed sites too: sums are of all maps", function()
    local off = ints(100, "off")
    hmap.profile(true)
    local on = ints(200, "on")
    assert_sums(hmap.profile())
    local p, bytes = hmap.profile(), 0
    for _, row in ipairs(hmap.live()) do bytes = bytes + row.bytes end
    assert.are.equal(bytes, p.bytes)
    assert.is_true(p.peak >= p.bytes)
    assert.are.same({ 100, 200 }, { #off, #on })
  end)

  it("tells of arrays that are kept for maps to come, until they are idle",
    function()
      local function fill_and_close(n)
        local m <close> = hmap.new { key = "int64", value = "int64" }
        for i = 1, n do m:set(i, i) end
      end
      for n = 100, 50000, 700 do
        fill_and_close(n)
        assert.is_true(hmap.profile().kept <= 2 << 20)
      end
      for _ = 1, 2 do fill_and_close(4000) end
      assert.is_true(hmap.profile().kept > 100000)
      for _ = 1, 4 do collectgarbage() end
      assert.are.equal(0, hmap.profile().kept)
    end)

  it("tells of maps that wait for their finalizers", function()
    -- Small steps run few finalizers: most of these maps wait after the cycle
    -- has found them.
    collectgarbage "stop"
    collectgarbage("incremental", 200, 4, 10)
    for _ = 1, 500 do drop(1, "waiting") end
    local waiting, steps = 0, 0
    repeat
      collectgarbage("step", 0)
      local p = hmap.profile()
      assert_sums(p)
      waiting = math.max(waiting, p.leaked)
      steps = steps + 1
    until waiting > 0 and p.leaked == 0 or steps == 10000
    collectgarbage("incremental", 200, 100, 13)
    collectgarbage "restart"
    assert.is_true(waiting > 100)
    collect()
    assert.are.equal(0, hmap.profile().leaked)
  end)

  it("has stacks for a flame graph, that sum to the bytes of sites",
    function()
      hmap.profile(true)
      local keep = {}
      local function one(i) keep[i] = made_here "flame" end
      local function other(i) keep[i] = made_here "flame" end
      for i = 1, 5 do one(i) end
      for i = 6, 8 do other(i) end
      local p = hmap.profile()
      local sum, wanted = 0, 0
      for line in p.folded:gmatch "([^\n]*)\n" do
        local stack, bytes = line:match "^(%S+) (%d+)$"
        assert.is_truthy(stack, line)
        for frame in (stack .. ";"):gmatch "([^;]*);" do
          assert.is_true(#frame > 0)
        end
        sum = sum + bytes
      end
      for _, site in ipairs(p.sites) do
        if site.traceback then wanted = wanted + site.bytes end
      end
      assert.are.equal(wanted, sum)
      assert.are.equal(8, #keep)
      assert.is_truthy(p.folded:find ";one%([^;]*%);made_here%([^;]*%) %d+\n")
      assert.is_truthy(p.folded:find ";other%([^;]*%);made_here%([^;]*%) %d+\n")
    end)

  it("is plain data", function()
    hmap.profile(true)
    local m = ints(5000, "plain profile")
    local p = hmap.profile()
    debug.setmetatable(p, nil)
    assert_plain(p)
    assert.are.equal(5000, #m)
  end)

  it("refuses what is no boolean", function()
    local ok, message = pcall(hmap.profile, "on")
    assert.is_false(ok)
    assert.is_truthy(message:find(
      "bad argument #1 to 'profile' (boolean expected, got string)", 1, true))
  end)
end)

describe("the life of a map", function()
  before_each(function()
    collect()
    hmap.profile(true)
  end)
  after_each(function() hmap.profile(false) end)

  local function life_of(id) return find(hmap.profile().lives, "id", id) end

  local function story(life)
    local words = {}
    for i, e in ipairs(life.events) do
      words[i] = e.event .. (e.from and " " .. e.from .. "->" .. e.to or "")
    end
    return table.concat(words, ", ")
  end

  it("is creation, growths, clear and release, in their order", function()
    local m = ints(0, "lived")
    local id = row_of("lived").id
    assert.are.equal("created", story(life_of(id)))
    for i = 1, 417 do m:set(i, i) end
    m:finish()
    m:clear()
    m:shrink()
    m:finish()
    m:close()
    local life = life_of(id)
    local last, growths = 0, {}
    for _, e in ipairs(life.events) do
      assert.is_true(e.at >= last)
      last = e.at
      if e.n then growths[e.event] = (growths[e.event] or 0) + e.n end
    end
    assert.are.same({ double = 7, shrink = 1 }, growths)
    assert.are.equal("created, double 0->64, double 64->128, cleared, "
      .. "shrink 128->1, closed", story(life))
    assert.are.same({ "lived", "closed", 0 },
      { life.name, life.ended, life.lost })
  end)

  it("says how a map ended, and what it held then", function()
    drop(100, "collected one")
    local id = row_of("collected one").id
    collect()
    local life = life_of(id)
    assert.are.same({ "collected", 100, "collected one" },
      { life.ended, life.count, life.name })
    assert.is_true(life.bytes > 0)
  end)

  it("of an open map ends with now", function()
    local m = ints(9, "open life")
    local life = life_of(row_of("open life").id)
    assert.is_nil(life.ended)
    assert.are.same({ 9, m:stats().bytes, "open life" },
      { life.count, life.bytes, life.name })
  end)

  it("keeps its first event and the latest, and counts the others", function()
    local m = ints(1, "busy")
    for _ = 1, 100 do m:clear() end
    local life = life_of(row_of("busy").id)
    assert.are.equal("created", life.events[1].event)
    assert.are.equal(40, #life.events)
    assert.are.equal(101 - 40, life.lost)
    for i = 3, #life.events do
      assert.is_true(life.events[i].at >= life.events[i - 1].at)
    end
  end)

  it("is forgotten after 256 others are over", function()
    local m = ints(1, "stays")
    local first = row_of("stays").id
    for _ = 1, 300 do ints(0, "goes"):close() end
    local over = 0
    for _, life in ipairs(hmap.profile().lives) do
      if life.ended then over = over + 1 end
    end
    assert.are.equal(256, over)
    assert.is_truthy(life_of(first))
    assert.is_nil(life_of(first + 1))
    assert.is_truthy(life_of(first + 300))
    m:close()
    assert.are.equal("closed", life_of(first).ended)
  end)

  it("is cut where a name is long", function()
    local m = ints(0, ("long "):rep(100))
    local id = find(hmap.live(), "map", m).id
    m:close()
    assert.are.equal(("long "):rep(100):sub(1, 47), life_of(id).name)
  end)

  it("stands still while the profile is off", function()
    local m = ints(9, "off again")
    local id = row_of("off again").id
    local before = #life_of(id).events
    hmap.profile(false)
    for i = 1, 5000 do m:set(i, i) end
    m:clear()
    assert.are.equal(before, #life_of(id).events)
    m:close()
    assert.are.equal("closed", life_of(id).ended)
  end)
end)

describe("the picture of a life", function()
  local function life(events, ended)
    local list = {}
    for i, e in ipairs(events) do
      list[i] = { at = e[1], event = e[2], to = e[3] or 1 }
    end
    return { events = list, ended = ended }
  end

  it("begins where the map was made and ends with it", function()
    assert.are.equal("  0--x", profile.line(
      life({ { 2, "created" }, { 5, "closed" } }, "closed"), 9, 10))
    assert.are.equal("0--------~", profile.line(
      life({ { 0, "created" }, { 9, "collected" } }, "collected"), 9, 10))
    assert.are.equal("    0-----", profile.line(
      life { { 4, "created" } }, 9, 10))
  end)

  it("says to how many buckets a map grew, as a power of 2", function()
    assert.are.equal("0-1-3--12-", profile.line(life { { 0, "created" },
      { 2, "double", 2 }, { 4, "double", 8 }, { 7, "double", 4096 } }, 9, 10))
    assert.are.equal("5--r-=-c-2", profile.line(life { { 0, "created", 32 },
      { 3, "rekey", 32 }, { 5, "same_size", 32 }, { 7, "cleared", 32 },
      { 9, "shrink", 4 } }, 9, 10))
  end)

  it("never shows half a number", function()
    for at = 3, 7 do
      local line = profile.line(life { { 0, "created", 1 },
        { 5, "double", 1 << 12 }, { at, "double", 1 << 13 } }, 9, 10)
      assert.is_truthy(line:find "13", line)
      for number in line:gmatch "%d+" do
        assert.is_true(number == "0" or number == "12" or number == "13", line)
      end
    end
  end)

  it("has room for a profile that has only just begun", function()
    assert.are.equal("0", profile.line(life { { 0, "created" } }, 0, 1))
  end)

  it("stands in the text of the profile, a line per map", function()
    hmap.profile(true)
    local m = ints(100, "pictured")
    local text = tostring(hmap.profile())
    hmap.profile(false)
    assert.is_truthy(text:find '"pictured" +%d%S*')
    assert.is_truthy(text:find "made at\n")
    assert.are.equal(100, #m)
  end)
end)

describe("folded stacks", function()
  local function folded(...)
    local sites = {}
    for i, s in ipairs { ... } do
      sites[i] = { traceback = s[1], bytes = s[2] }
    end
    return profile.folded(sites)
  end

  it("have frames from the outermost in", function()
    assert.are.equal("main(a.lua:9);f(a.lua:5);g(a.lua:2) 12345\n",
      folded { "a.lua:2: in local 'g'\na.lua:5: in function 'm.f'\n"
        .. "a.lua:9: in main chunk", 12345 }:gsub("m%.f", "f"))
  end)

  it("clean what would part a frame", function()
    assert.are.equal("my_file.lua:odd(my_file.lua:1);string.gsub;"
      .. "anonymous([string_\"a:b\"]:3) 7\n",
      (folded { "[string \"a;b\"]:3: in function <[string \"a;b\"]:1>\n"
        .. "[C]: in function 'string.gsub'\n"
        .. "my file.lua:1: in function 'my file.lua;odd'", 7 }))
  end)

  it("sum what differs only in how a name was come by", function()
    assert.are.equal("f(a.lua:1) 30\n", folded(
      { "a.lua:1: in local 'f'", 10 }, { "a.lua:1: in upvalue 'f'", 20 },
      { "a.lua:1: in function 'f'", 0 }))
  end)

  it("are sorted, and empty where no bytes are", function()
    assert.are.equal("a(x:1) 1\nb(x:2) 2\n", folded(
      { "x:2: in local 'b'", 2 }, { "x:1: in local 'a'", 1 }))
    assert.are.equal("", folded({ "x:2: in local 'b'", 0 }))
    assert.are.equal("C 5\n", folded({ "", 5 }))
  end)
end)
