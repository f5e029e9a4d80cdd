-- core.meta.lua is what editors believe. Here it is held to the truth.
local hmap = require "hmap"
local core = require "hmap.core"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local meta = read("lua/hmap/core.meta.lua")

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function documented(pattern)
  local names = {}
  for name in meta:gmatch(pattern) do names[name] = true end
  return names
end

-- The fields of a class: name -> whether it may be nil.
local function fields_of(class)
  local body = meta:match("%-%-%-@class hmap%." .. class .. "%f[^%w].-\n\n")
  local fields = {}
  for name, mark, kind in body:gmatch("@field ([%w_]+)(%??) (%S+)") do
    fields[name] = mark == "?" or kind:sub(-1) == "?" or kind == "any"
  end
  return fields
end

-- What a map of some kinds has; methods live in a table per pair of kinds.
local function registered(m)
  local names = {}
  for name in pairs(debug.getmetatable(m).__index) do names[name] = true end
  return names
end

local function filled(n, opts)
  opts = opts or {}
  opts.seed = 1
  local m = hmap.new(opts)
  for i = 1, n do m:set(i, i) end
  return m
end

local function has_the_fields(view, class)
  local fields = fields_of(class)
  for name in pairs(view) do
    assert.is_true(fields[name] ~= nil, class .. "." .. tostring(name)
      .. " is there but not documented")
  end
  for name, optional in pairs(fields) do
    assert.is_true(optional or view[name] ~= nil, class .. "." .. name
      .. " is documented but not there")
  end
end

describe("the annotations", function()
  it("are Lua that compiles", function()
    assert.is_truthy(load(meta, "core.meta.lua"))
  end)

  it("name every method of every kind of map, and no other", function()
    local names = sorted(documented("\nfunction map:([%w_]+)%("))
    for _, kinds in ipairs {
      { "any", "any" }, { "int64", "int64" }, { "string", "int64" },
      { "[3]byte", "none" }, { { "x:int32", "y:int8" }, "string" },
    } do
      local m = hmap.new { key = kinds[1], value = kinds[2] }
      assert.are.same(names, sorted(registered(m)))
    end
    assert.are.same(names, core.methods())
  end)

  it("name everything that the module has", function()
    local names = documented("\nfunction core%.([%w_]+)%(")
    names._VERSION = true
    local has = {}
    for name in pairs(core) do has[name] = true end
    for name in pairs(hmap) do has[name] = true end
    assert.are.same(sorted(has), sorted(names))
  end)

  it("say of each function what it does or gives", function()
    for before in meta:gmatch("([^\n]*)\nfunction [%w_.:]+%(") do
      assert.are.equal("---", before:sub(1, 3))
    end
  end)

  it("name every field of every view", function()
    local resting = filled(100, { key = "int64", value = "int64" })
    local growing = filled(420, { key = "int64", value = "int64" })
    for _, m in ipairs { resting, growing } do
      has_the_fields(m:header(), "Header")
      has_the_fields(m:header().flags, "Flags")
      has_the_fields(m:stats(), "Stats")
      has_the_fields(m:distribution(), "Distribution")
      has_the_fields(m:layout(), "Layout")
      has_the_fields(m:memory(), "Memory")
      has_the_fields(m:bucket(0), "Bucket")
      for _, slot in ipairs(m:bucket(0).slots) do
        has_the_fields(slot, "Slot")
      end
    end
    has_the_fields(growing:bucket(0, "old"), "Bucket")
  end)

  it("name every field of what is told of all maps", function()
    hmap.profile(true)
    local keep = { filled(420, { key = "int64", value = "int64", name = "a" }) }
    local row = hmap.live()[1]
    hmap.live()
    for _, r in ipairs(hmap.live()) do
      has_the_fields(r, "LiveMap")
      if r.site then row = r end
    end
    assert.is_truthy(row.still)
    local p = hmap.profile()
    hmap.profile(false)
    local sums = fields_of "ProfileSums"
    local function has_the_sums(view, class)
      for name, optional in pairs(sums) do
        assert.is_true(optional or view[name] ~= nil, name)
      end
      local own = {}
      for name, value in pairs(view) do
        if sums[name] == nil then own[name] = value end
      end
      has_the_fields(own, class)
    end
    has_the_sums(p, "Profile")
    for _, site in ipairs(p.sites) do has_the_sums(site, "ProfileSite") end
    for _, life in ipairs(p.lives) do
      has_the_fields(life, "Life")
      for _, event in ipairs(life.events) do
        has_the_fields(event, "LifeEvent")
      end
    end
    assert.are.equal(420, #keep[1])
  end)

  it("name every field of what is traced, watched and recorded", function()
    local m = hmap.new { key = "int64", value = "int64", seed = 1 }
    local told, touches = {}, {}
    m:record(100000)
    m:trace(function(e) told[#told + 1] = e end)
    m:watch({ bucket = 0 }, function(t) touches[#touches + 1] = t end)
    for i = 1, 5000 do m:set(i, i) end
    m:set(1, 1)
    m:delete(1)
    m:tune { moves = 3 }
    m:step(1)
    m:clear()
    for _, e in ipairs(told) do has_the_fields(e, "Event") end
    for _, t in ipairs(touches) do has_the_fields(t, "Touch") end
    local recording, rest = m:events(), {}
    for name, value in pairs(recording) do
      if type(name) == "string" then rest[name] = value end
    end
    has_the_fields(rest, "Recording")
    for _, call in ipairs(recording.calls) do has_the_fields(call, "Call") end
  end)

  it("name every option of new", function()
    local ok, message = pcall(hmap.new, { no_such_option = 1 })
    assert.is_false(ok)
    for name in pairs(fields_of("Options")) do
      assert.is_truthy(message:find("%f[%w_]" .. name .. "%f[^%w_]"), name)
    end
  end)

  it("name every hash", function()
    local ok, message = pcall(hmap.new, { hash = "no such hash" })
    assert.is_false(ok)
    local hashes = meta:match("@alias hmap.Hash(.-)\n\n")
    for name in hashes:gmatch('"(%w+)"') do
      assert.is_truthy(message:find(name, 1, true), name)
    end
  end)
end)
