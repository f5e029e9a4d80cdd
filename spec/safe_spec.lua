-- hmap.safe: what a script that nobody trusts can reach.
local core = require "hmap.core"
local hmap = require "hmap"
local safe = require "hmap.safe"

-- Somebody else's map, and what a script must not see of it.
local SECRET = "the key of somebody else's map"
local theirs = hmap.new { key = "string", name = "the name of their map" }
theirs:set(SECRET, 1)

local function own_map()
  local m = safe.new { key = "string", value = "any", name = "own" }
  for i = 1, 40 do m:set("own key " .. i, { i }) end
  m:record(100)
  m:ledger(true)
  return m
end

-- What calls may want, one after the other.
local function arguments(m)
  return {
    {}, { m }, { "own key 1" }, { { "own key 1" } }, { 1 }, { m, 1 },
    { function() end }, { { "own key 1" }, { 1 } }, { "own key 1", 1 },
    { { key = "string" } }, { { bucket = 0 }, function() end }, { "go" },
    { m:events() }, { "get" },
  }
end

-- Each value that is reached from x by indexing, metatables, calls of its own
-- methods and iteration, with the way there.
local function walk(x, see)
  local seen, queue = {}, { { x, "safe" } }
  local function push(value, way)
    see(value, way)
    local kind = type(value)
    if (kind == "table" or kind == "userdata" or kind == "function")
      and not seen[value] then
      seen[value] = true
      queue[#queue + 1] = { value, way }
    end
  end
  local function call(fn, way, ...)
    local results = table.pack(pcall(fn, ...))
    for i = 2, results.n do push(results[i], way .. "()") end
  end
  local count = 0
  while #queue > 0 and count < 4000 do
    count = count + 1
    local value, way = table.unpack(table.remove(queue, 1))
    if type(value) == "function" then
      for _, args in ipairs(arguments(own_map())) do
        call(value, way, table.unpack(args))
      end
    else
      push(getmetatable(value), "getmetatable(" .. way .. ")")
      push(tostring(value), "tostring(" .. way .. ")")
      for k, v in next, type(value) == "table" and value or {} do
        push(k, way .. ".key")
        push(v, way .. "." .. tostring(k))
      end
      for _, name in ipairs(getmetatable(value) == "hmap" and core.methods()
        or {}) do
        push(value[name], way .. ":" .. name)
      end
    end
  end
  return count
end

describe("a script with nothing but hmap.safe", function()
  it("reaches no map but its own, and no name or key of another", function()
    stub(_G, "print") -- what help says
    local seen = walk(safe, function(value, way)
      assert.is_false(rawequal(value, theirs), way)
      if type(value) == "string" then
        assert.is_nil(value:find(SECRET, 1, true), way)
        assert.is_nil(value:find("the name of their map", 1, true), way)
      end
    end)
    _G.print:revert()
    assert.is_true(seen > 300, seen)
  end)

  it("would be seen to reach one by the whole module", function()
    local reached = {}
    walk({ live = hmap.live, metrics = hmap.metrics }, function(value)
      if type(value) == "string" and value:find "the name of their map" then
        reached.name = true
      end
    end)
    assert.is_true(reached.name)
    for _, row in ipairs(hmap.live()) do
      reached.map = reached.map or row.map == theirs
    end
    assert.is_true(reached.map)
  end)

  it("can change no metatable that the maps of others have, too", function()
    local m = own_map()
    for _, value in ipairs { m, m:view(), (select(2, m:pairs())), m:stats(),
      m:bucket(0), m:events() } do
      assert.is_not.equal("table", type(getmetatable(value)))
      assert.has_error(function() setmetatable(m:stats(), {}) end,
        "cannot change a protected metatable")
    end
  end)

  it("is told no address, also not of clones and replayed maps", function()
    assert.is_truthy(theirs:header().buckets)
    local m = own_map()
    local made = safe.new { key = "int64", seed = 1 }
    made:record(100)
    made:set(1, 1)
    local recording = made:events()
    recording.keys, recording.values = { 1 }, { 1 }
    for _, own in ipairs { m, m:clone(), made, safe.replay(recording) } do
      assert.is_nil(own:header().buckets)
      assert.is_nil(own:header().oldbuckets)
    end
  end)

  it("has answers that read as those of hmap", function()
    local m = own_map()
    assert.are.equal(tostring(hmap.layout("int64")),
      tostring(safe.layout("int64")))
    assert.are.equal(hmap.report(m), safe.report(m))
    assert.is_nil(safe.live)
    assert.is_nil(safe.profile)
    assert.is_nil(safe.metrics)
    assert.is_nil(safe.film)
  end)

  it("writes no file", function()
    local path = os.tmpname()
    os.remove(path)
    assert.has_error(function() safe.report(own_map(), path) end,
      "bad argument #2 to 'report' (no files in a sandbox)")
    assert.is_nil(io.open(path))
  end)

  it("hears of its errors as of hmap's", function()
    local ok, why = pcall(safe.new, { key = "integer" })
    assert.is_false(ok)
    assert.is_truthy(why:find("bad argument #1 to 'new'", 1, true))
    assert.is_false(pcall(safe.replay, 1))
  end)
end)
