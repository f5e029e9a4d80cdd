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
    for name in pairs(hmap) do
      assert.is_true(names[name] == true, name .. " is not documented")
    end
    assert.are.same(sorted(names), sorted(core))
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
