-- m:view(): a map in a table's clothes.

local hmap = require "hmap"

local function view(key, value)
  return hmap.new { key = key, value = value, seed = 1 }:view()
end

local function collected(t)
  local all = {}
  for k, v in pairs(t) do all[k] = v end
  return all
end

describe("a view", function()
  it("holds what a table would, under the same keys", function()
    local t, model = view("any", "any"), {}
    local key = {}
    for _, k in ipairs { 1, 2.0, 2.5, "", "a", "1", true, false, key, print,
      math.huge, -1, io.stdout, coroutine.create(print) } do
      t[k], model[k] = tostring(k), tostring(k)
    end
    assert.are.same(model, collected(t))
    for k, v in pairs(model) do assert.are.equal(v, t[k]) end
    assert.are.equal(t[2], t[2.0])
    assert.is_nil(t["2"])
  end)

  it("has no name of its own: methods, metamethods, Lua's words", function()
    local t = view("string", "int64")
    local names = require "hmap.core".methods()
    for _, name in ipairs { "__index", "__gc", "__len", "__name", "n", "end",
      "self", "view", "_VERSION" } do
      names[#names + 1] = name
    end
    for i, name in ipairs(names) do
      t[name] = i
      assert.are.equal(i, t[name])
    end
    for name in pairs(collected(t)) do
      t[name] = nil
      assert.is_nil(t[name])
    end
    assert.are.equal(0, #t)
    assert.has_error(function() t.get() end)
  end)

  it("takes nil for a deletion and counts with #", function()
    local t = view("string", "int64")
    t.a, t.b, t.c = 1, 2, 3
    assert.are.equal(3, #t)
    t.b = nil
    t.z = nil
    assert.are.equal(2, #t)
    assert.are.same({ a = 1, c = 3 }, collected(t))
  end)

  it("may be written and emptied while pairs goes over it", function()
    local t = view("int64", "int64")
    for i = 1, 1000 do t[i] = i end
    local seen = 0
    for k, v in pairs(t) do
      seen = seen + 1
      t[k] = nil
      t[v + 1000000] = 1
      if seen > 5000 then break end
      if k > 1000 then t[k] = nil end
    end
    for i = 1, 1000 do assert.is_nil(t[i]) end
    assert.is_true(hmap.of(t):check())
  end)

  it("holds maps and views as values, to any depth", function()
    local world = hmap.new():view()
    world.town = hmap.new():view()
    world.town.orc = hmap.new { key = "string", value = "int64" }:view()
    world.town.orc.hp = 100
    world.town.orc.hp = world.town.orc.hp - 1
    world.map = hmap.of(world.town)
    assert.are.equal(99, world.town.orc.hp)
    assert.are.equal(99, world.map:get("orc").hp)
    world.self = world
    assert.are.equal(99, world.self.self.town.orc.hp)
    local weak = setmetatable({ hmap.of(world) }, { __mode = "v" })
    world = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak[1])
  end)

  it("goes with ipairs where the keys are a sequence", function()
    local t = view("int64", "string")
    for i = 1, 20 do t[i] = "v" .. i end
    local n = 0
    for i, v in ipairs(t) do
      assert.are.equal("v" .. i, v)
      n = n + 1
    end
    assert.are.equal(20, n)
  end)

  it("says nil where a table cannot hold the key, and raises on writing",
    function()
      local t = view("any", "any")
      assert.is_nil(t[nil])
      assert.is_nil(t[0 / 0])
      assert.has_error(function() t[nil] = 1 end)
      assert.has_error(function() t[0 / 0] = 1 end)
      assert.has_error(function() return view("int64", "any")[nil] end)
    end)

  it("of a set holds true", function()
    local t = view("string", "none")
    t.a = true
    assert.is_true(t.a)
    assert.is_nil(t.b)
    t.a = nil
    assert.are.equal(0, #t)
    assert.has_error(function() t.c = 5 end)
  end)

  it("reads without making anything on Lua's heap", function()
    local t = view("string", "int64")
    t.a = 1
    collectgarbage()
    collectgarbage("stop")
    local before = collectgarbage("count")
    for i = 1, 1000 do
      t.a = t.a + i
    end
    local after = collectgarbage("count")
    collectgarbage("restart")
    assert.are.equal(before, after)
  end)
end)
