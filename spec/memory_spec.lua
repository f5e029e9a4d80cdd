-- What a map holds, who pays for it, and that all of it comes back.
local hmap = require "hmap"

local function ints(n, opts)
  opts = opts or {}
  local m = hmap.new {
    key = "int64", value = "int64", seed = 1, max_bytes = opts.max_bytes,
    capacity = opts.capacity,
  }
  for k = 1, n or 0 do
    m:set(k, k)
  end
  return m
end

-- Bytes of this process in memory, where the system says.
local function resident()
  local file <close> = assert(io.open "/proc/self/statm")
  local _, pages = file:read("n", "n")
  return pages * 4096
end


local function lua_heap()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count") * 1024
end

describe("the memory of a map", function()
  it("is named part by part, and the parts sum to stats().bytes", function()
    local m = hmap.new {key = "string", value = "[200]byte", seed = 1}
    for k = 1, 3000 do
      m:set(("key"):rep(k % 20) .. k, ("v"):rep(200))
      if k % 100 == 0 then
        local memory = m:memory()
        local sum = 0
        for name, bytes in pairs(memory) do
          assert.is_true(math.type(bytes) == "integer" or
            name == "per_entry" or name == "bytes_per_entry", name)
          if name ~= "total" and math.type(bytes) == "integer" then
            sum = sum + bytes
          end
        end
        assert.are.equal(m:stats().bytes, sum)
      end
    end
  end)

  it("holds no bucket before the first insert", function()
    assert.are.equal(0, ints():memory().buckets)
  end)

  it("is 8 + 64 + 64 + 8 bytes for one bucket of int64 to int64", function()
    assert.are.equal(144, ints(1):memory().buckets)
    assert.are.equal(4 * 144, ints(26):memory().buckets)
  end)

  it("counts text of more than 15 bytes and gives it back", function()
    local m = hmap.new {key = "string", value = "string", seed = 1}
    m:set("short", "also short")
    assert.are.equal(0, m:memory().text)
    m:set("a", ("x"):rep(1000))
    m:set(("k"):rep(500), "b")
    assert.is_true(m:memory().text >= 1500)
    m:set("a", "y")
    m:delete(("k"):rep(500))
    assert.are.equal(0, m:memory().text)
  end)

  it("counts keys and values of more than 128 bytes apart", function()
    local m = hmap.new {key = "int64", value = "[129]byte", seed = 1}
    for k = 1, 8 do
      m:set(k, ("v"):rep(129))
    end
    assert.are.equal(8 + 64 + 64 + 8, m:memory().buckets)
    assert.is_true(m:memory().indirect >= 8 * 129)
    for k = 1, 8 do
      m:delete(k)
    end
    assert.are.equal(0, m:memory().indirect)
  end)

  it("goes back bucket by bucket while a large map doubles", function()
    local m = ints(0, {capacity = 106496}) -- of 16384 buckets
    for k = 1, 106496 do
      m:set(k, k)
    end
    assert.are.equal(0, m:memory().old)
    m:set(0, 0)
    local first = m:memory().old
    local last, falls = first, 0
    assert.is_true(first >= 16384 * 144)
    repeat
      local _, remaining = m:step(64)
      local now = m:memory().old
      assert.is_true(now <= last)
      falls = falls + (now < last and 1 or 0)
      last = now
    until remaining == 0
    assert.is_true(falls > 20)
    for _ = 1, 100 do
      m:step(64)
    end
    assert.are.equal(0, m:memory().old)
    assert.is_true(m:check())
  end)

  it("keeps its buckets when the map is cleared, and lets its text go " ..
    "step by step", function()
    local m = hmap.new {key = "string", value = "int64", seed = 1}
    for k = 1, 100 do
      m:set(("long enough to be owned %d"):format(k), k)
    end
    m:finish()
    local buckets = m:memory().buckets
    m:clear()
    assert.are.equal(buckets, m:memory().buckets)
    m:step(100)
    assert.are.equal(0, m:memory().text)
    assert.are.equal(0, m:memory().old)
  end)

  it("is not on Lua's heap, however many entries there are", function()
    local m = ints()
    local before = lua_heap()
    for k = 1, 100000 do
      m:set(k, k)
    end
    assert.is_true(lua_heap() - before < 4096)
    assert.are.equal(100000, #m)
  end)

  it("costs nothing on Lua's heap for a get or an overwriting set", function()
    local m = ints(1000)
    m:finish()
    collectgarbage()
    collectgarbage("stop")
    local before = collectgarbage("count")
    for k = 1, 1000 do
      m:set(k, m:get(k) + 1)
    end
    local after = collectgarbage("count")
    collectgarbage("restart")
    assert.are.equal(before, after)
  end)
end)

describe("a limit of bytes", function()
  it("refuses the growth that would pass it, and the map reads as before",
    function()
      local m = ints(0, {max_bytes = 20000})
      local n, message = 0
      repeat
        local ok, err = pcall(m.set, m, n + 1, n + 1)
        n, message = ok and n + 1 or n, err
      until not ok
      assert.matches("max_bytes", message)
      assert.is_true(n > 100)
      assert.are.equal(n, #m)
      assert.is_true(m:check())
      assert.is_true(m:stats().bytes <= 20000)
      for k = 1, n do
        assert.are.equal(k, m:get(k))
      end
      assert.is_nil(m:get(n + 1))
    end)

  it("lets a full map be read, overwritten and emptied", function()
    local m = ints(0, {max_bytes = 20000})
    local n = 0
    while pcall(m.set, m, n + 1, 1) do
      n = n + 1
    end
    m:set(1, 100)
    assert.are.equal(100, m:get(1))
    for k = 1, n do
      assert.is_true(m:delete(k))
    end
    m:set(n + 1, 1)
    assert.are.equal(1, #m)
    assert.is_true(m:check())
  end)

  it("counts text", function()
    local m = hmap.new {key = "string", value = "string", max_bytes = 10000}
    m:set("a", "small")
    assert.has_error(function() m:set("a", ("x"):rep(20000)) end)
    assert.has_error(function() m:set(("x"):rep(20000), "b") end)
    assert.are.equal("small", m:get("a"))
    assert.are.equal(1, #m)
    assert.is_true(m:check())
  end)

  it("is refused itself when no map fits it", function()
    assert.has_error(function() hmap.new {max_bytes = 10} end)
    assert.has_error(function() hmap.new {max_bytes = -1} end)
  end)
end)

-- A megabyte or more each, dropped or closed a few hundred times.
describe("what a map held", function()
  local function drop(close)
    for _ = 1, 20 do
      local m = ints(20000)
      if close then
        m:close()
      end
    end
  end

  local function grows(close)
    drop(close)
    collectgarbage()
    local before = resident()
    for _ = 1, 10 do
      drop(close)
    end
    return resident() - before
  end

  local sanitized = (os.getenv("LD_PRELOAD") or ""):find("asan")
  local known = io.open "/proc/self/statm" ~= nil and not sanitized

  if known then
    it("comes back when it is closed", function()
      assert.is_true(grows(true) < 8 * 2 ^ 20)
    end)

    it("comes back when it is dropped, before dropped maps pile up",
      function()
        assert.is_true(grows(false) < 64 * 2 ^ 20)
      end)
  end
end)
