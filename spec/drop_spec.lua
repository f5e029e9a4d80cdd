-- What a closed or collected map held goes back bit by bit.
local core = require "hmap.core"

local LONG = ("x"):rep(40)

-- So many texts: too many to go at once.
local function filled(n)
  local m = core.new { key = "string", value = "string" }
  for i = 1, n do m:set(LONG .. i, LONG) end
  return m
end

local function other()
  return core.new { key = "int64", value = "int64" }
end

-- Ends what other specs left behind.
local function all_gone()
  collectgarbage()
  other():finish()
  assert.equal(0, core.dropped())
end

describe("a dropped map", function()
  before_each(all_gone)
  after_each(all_gone)

  it("is closed at once, whatever it held", function()
    local m = filled(20000)
    local bytes = m:stats().bytes
    m:close()
    assert.error_matches(function() m:get "a" end, "map is closed")
    assert.is_true(core.dropped() > bytes // 2)
    assert.is_true(core.dropped() <= bytes)
  end)

  it("goes back at once if it is small", function()
    local m = filled(10)
    m:close()
    assert.equal(0, core.dropped())
  end)

  it("goes back while another map is written", function()
    local m = other()
    filled(20000):close()
    local before, writes = core.dropped(), 0
    while core.dropped() > 0 do
      for i = 1, 512 do m:set(i, writes) end
      writes = writes + 512
      assert.is_true(core.dropped() <= before)
      assert.is_true(before - core.dropped() < 2000000)
      before = core.dropped()
    end
    assert.is_true(writes < 20 * 20000)
  end)

  it("goes back by the steps of another map", function()
    local m = other()
    filled(20000):close()
    local before = core.dropped()
    assert.same({ 0, 0 }, { m:step(1000) })
    assert.is_true(core.dropped() < before)
    while core.dropped() > 0 do
      before = core.dropped()
      m:step_for(0.001)
      assert.is_true(core.dropped() < before)
    end
  end)

  it("is gone when another map was told to finish", function()
    filled(20000):close()
    other():finish()
    assert.equal(0, core.dropped())
  end)

  it("goes back by cycles of the collector where no map is used", function()
    filled(20000):close()
    local before = core.dropped()
    for _ = 1, 10000 do
      collectgarbage()
      assert.is_true(core.dropped() < before)
      before = core.dropped()
      if before == 0 then return end
    end
    error "never gone"
  end)

  it("goes back by cycles again and again", function()
    for _ = 1, 3 do
      filled(3000):close()
      assert.is_true(core.dropped() > 0)
      repeat collectgarbage() until core.dropped() == 0
    end
  end)

  it("goes back the same way when it was collected", function()
    filled(20000)
    collectgarbage()
    assert.is_true(core.dropped() > 0)
    repeat collectgarbage() until core.dropped() == 0
  end)

  it("does not end the iterations of others", function()
    local m, seen = other(), 0
    for i = 1, 100 do m:set(i, i) end
    for _ in m:pairs() do
      seen = seen + 1
      filled(300):close()
      collectgarbage()
    end
    assert.equal(100, seen)
  end)

  it("holds nothing back when maps are made and closed in a row", function()
    local most = 0
    for _ = 1, 60 do
      filled(2000):close()
      most = math.max(most, core.dropped())
    end
    local m = filled(2000)
    assert.is_true(most < 4 * m:stats().bytes)
    m:close()
  end)

  it("is finished by the end of the Lua state", function()
    local code = [[
      local core = require "hmap.core"
      local m = core.new { key = "string", value = "string" }
      for i = 1, 20000 do m:set(("x"):rep(40) .. i, ("y"):rep(40)) end
      m:close()
      local n = core.new { key = "string" }
      for i = 1, 20000 do n:set(("x"):rep(40) .. i, {}) end
      io.write "end "
    ]]
    local pipe <close> = assert(io.popen(string.format(
      "LUA_PATH='%s' LUA_CPATH='%s' %s -e '%s' 2>&1", package.path,
      package.cpath, arg and arg[-1] or "lua5.4",
      code:gsub("'", "'\\''"):gsub("\n%s*", " "))))
    local out = pipe:read "a"
    assert.matches("^end ", out)
    assert.is_true(pipe:close())
  end)
end)
