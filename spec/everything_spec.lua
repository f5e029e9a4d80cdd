-- The steps that are taken while memory is refused (spec/lua_c/everything.lua)
-- are held to what is registered: all of it is called, with all memory here.
local hmap = require "hmap"
local core = require "hmap.core"

local function steps_of(module, room)
  return assert(loadfile "spec/lua_c/everything.lua")(module, room)
end

-- Takes steps; the set of all functions that were called meanwhile, and the
-- tables of methods and of metamethods that the maps had.
local function take(steps, called, tables)
  for _, step in ipairs(steps) do
    local world = step.make()
    for _, m in ipairs(world.maps) do
      local meta = debug.getmetatable(m)
      tables[meta], tables[meta.__index] = true, true
    end
    local view = world.m and step.name:find "^view"
      and debug.getmetatable(world.m:view())
    if view then tables[view] = true end
    debug.sethook(function()
      called[debug.getinfo(2, "f").func] = true
    end, "c")
    local ok, why = pcall(step.act, world)
    debug.sethook()
    assert.is_true(ok, step.name .. ": " .. tostring(why))
    for _, m in ipairs(world.maps) do m:close() end
  end
end

local called, tables = {}, {}

describe("what is done while memory is refused", function()
  it("is done when there is memory", function()
    take(steps_of(core, "methods"), called, tables)
    take(steps_of(core, "pages"), called, tables)
    take(steps_of(hmap, "face"), called, tables)
  end)

  it("is every function of the module", function()
    for name, value in pairs(hmap) do
      assert.is_true(type(value) ~= "function" or called[value], name)
    end
  end)

  it("is every method, and every metamethod of maps and views", function()
    local names = {}
    for of in pairs(tables) do
      for name, fn in pairs(of) do
        names[name] = names[name] or type(fn) ~= "function" or called[fn]
          or false
      end
    end
    -- left to the collector; only raise
    names.__gc, names.__newindex, names.__call = true, true, true
    for name, was in pairs(names) do assert.is_true(was, name) end
    for _, name in ipairs(core.methods()) do
      assert.is_true(names[name], name)
    end
  end)

  it("is done to maps of every shape that has functions of its own", function()
    for of in pairs(tables) do
      for _, name in ipairs { "get", "set", "has", "delete" } do
        assert.is_true(of[name] == nil or called[of[name]] or false, name)
      end
    end
  end)
end)
