-- Limits: what a map may hold, what it refuses, and how soon all comes back.
--
--   HMAP_LIMITS=full  makes and drops maps of a million entries 200 times
--                     (default: of 50,000 entries)

local hmap = require "hmap"

local FULL = os.getenv("HMAP_LIMITS") == "full"
local ENTRIES = FULL and 1000000 or 50000

local function filled(n, opts)
  opts = opts or {}
  opts.key, opts.value = opts.key or "int64", opts.value or "int64"
  local m = hmap.new(opts)
  for i = 1, n do m:set(i, i) end
  return m
end

-- The sum of all parts but the total.
local function parts(m)
  local sum = 0
  for name, bytes in pairs(m:memory()) do
    if math.type(bytes) == "integer" and name ~= "total" then
      sum = sum + bytes
    end
  end
  return sum
end

describe("max_bytes", function()
  -- Every way to write, each from the beginning and until it is refused.
  local writers = {
    set = function(m, i) m:set(i, i) end,
    swap = function(m, i) m:swap(i, i) end,
    get_or_set = function(m, i) m:get_or_set(i, i) end,
    add = function(m, i) m:add(i, i) end,
    set_many = function(m, i) m:set_many({ i }, { i }) end,
    merge = function(m, i) m:merge { [i] = i } end,
    view = function(m, i) m:view()[i] = i end,
  }

  for name, write in pairs(writers) do
    it("refuses a growth by " .. name .. ", and the map is intact", function()
      for _, key in ipairs { "int64", "any", "uint32" } do
        for limit = 4000, 40000, 9000 do
          local m = hmap.new { key = key, value = "int64", max_bytes = limit }
          local n = 0
          local ok, err
          repeat
            ok, err = pcall(write, m, n + 1)
            if ok then n = n + 1 end
          until not ok
          assert.is_truthy(err:find("map would grow past its max_bytes of "
            .. limit, 1, true), err)
          assert.are.equal(n, #m)
          assert.is_true(m:check())
          for i = 1, n do assert.are.equal(i, m:get(i)) end
          assert.is_true(m:memory().total - m:memory().references <= limit)
        end
      end
    end)
  end

  it("refuses reserve, shrink's and rekey's arrays alike", function()
    local m = filled(400, { max_bytes = 20000 })
    assert.has_error(function() m:reserve(100000) end,
      "map would grow past its max_bytes of 20000")
    m:finish()
    local ok, err = pcall(m.rekey, m)
    assert.is_true(ok or err:find("max_bytes", 1, true) ~= nil)
    assert.are.equal(400, #m)
    assert.is_true(m:check())
  end)

  it("is no limit to what was there, nor after shrinking", function()
    local m = hmap.new { key = "int64", value = "int64", max_bytes = 60000,
      policy = "adaptive" }
    local n = 0
    while pcall(m.set, m, n + 1, 0) do n = n + 1 end
    for i = 1, n do m:delete(i) end
    m:finish()
    for i = 1, n do m:set(i, 1) end
    assert.are.equal(n, #m)
  end)
end)

-- All that is public (lua_c/everything.lua), on maps that have room for how
-- they are made and for no more, or for some bytes more and no more, until it
-- is enough. (A rekey that stops half-way for want of room leaves a map that is
-- read by its keys, and not in turn.)
describe("max_bytes is reached", function()
  local LONGEST = 1 << 24 -- bytes
  local ALL, STRIDE, BYTES = 4, 9, 40 -- which limits: 0, 40, 80, 120, 480, ..
  local limit

  local function with_limit(opts)
    local limited = { max_bytes = limit }
    for name, value in pairs(opts or {}) do limited[name] = value end
    return hmap.new(limited)
  end

  local function makes(step, bytes)
    limit = bytes
    local ok, world = pcall(step.make)
    if not ok then return false end
    for _, m in ipairs(world.maps) do m:close() end
    return true
  end

  local function least(step)
    local low, high = 0, LONGEST
    while low + 1 < high do
      local middle = (low + high) // 2
      if makes(step, middle) then high = middle else low = middle end
    end
    return high
  end

  -- The request that is refused is here the number of a limit.
  local function attempt(_, _, fn, ...)
    local ok, why = pcall(fn, ...)
    return ok, why, not ok
  end

  local function limited(step, base)
    local copy, n = {}, -1
    for name, value in pairs(step) do copy[name] = value end
    copy.make = function() -- first without a limit, to see what comes out
      limit = n >= 0 and base + n * BYTES or nil
      n = n + (n < ALL and 1 or STRIDE)
      return step.make()
    end
    return copy
  end

  it("in every operation, and the map reads as before", function()
    local sweep = assert(loadfile "spec/lua_c/sweep.lua")(attempt,
      "map would grow past its max_bytes")
    local core = setmetatable({ new = with_limit },
      { __index = require "hmap.core" })
    local steps = assert(loadfile "spec/lua_c/everything.lua")(core, "methods")
    for _, step in ipairs(steps) do
      if step.name ~= "writes under an iterator" then
        sweep(limited(step, least(step)), 1, ALL, STRIDE)
      end
    end
  end)
end)

describe("stats().bytes", function()
  it("is the sum of memory()'s parts, at every step of any map", function()
    local kinds = { { "int64", "int64" }, { "string", "string" },
      { "any", "any" }, { "int64", "[300]byte" } }
    for _, kind in ipairs(kinds) do
      local m = hmap.new { key = kind[1], value = kind[2],
        policy = "adaptive", seed = 1 }
      for i = 1, 2000 do
        local k = kind[1] == "int64" and i or ("key "):rep(i % 9) .. i
        local v = kind[2] == "int64" and i or kind[2] == "any" and { i }
          or kind[2] == "string" and ("x"):rep(i % 60)
          or ("%3d"):format(i % 100):rep(100)
        m:set(k, v)
        if i == 1000 then m:rekey() end
        if i % 50 == 0 then
          assert.are.equal(parts(m), m:stats().bytes)
          assert.are.equal(parts(m), m:memory().total)
        end
      end
      for k in m:keys() do
        m:delete(k)
        assert.are.equal(m:memory().total, m:stats().bytes)
      end
      m:finish()
      assert.are.equal(parts(m), m:stats().bytes)
    end
  end)
end)

describe("a capacity that cannot be", function()
  it("is refused in words", function()
    for _, n in ipairs { 1 << 45, 1 << 50, math.maxinteger } do
      local ok, err = pcall(hmap.new, { capacity = n })
      assert.is_false(ok)
      assert.is_truthy(err:find("no map can hold " .. n .. " entries", 1,
        true) or err:find("not enough memory", 1, true)
        or err:find("memory", 1, true), err)
      local m = filled(10)
      ok, err = pcall(m.reserve, m, n)
      assert.is_false(ok)
      assert.is_truthy(err:find("memory", 1, true) or
        err:find("no map can hold", 1, true), err)
      assert.are.equal(10, #m)
      assert.is_true(m:check())
    end
  end)

  it("is refused by max_bytes before any memory is asked for", function()
    assert.has_error(function()
      hmap.new { capacity = 1000000, max_bytes = 100000 }
    end, "map would grow past its max_bytes of 100000")
  end)
end)

-- Bytes of this process in memory, where the system says.
local function resident()
  local file <close> = assert(io.open "/proc/self/statm")
  local _, pages = file:read("n", "n")
  return pages * 4096
end

local sanitized = (os.getenv("LD_PRELOAD") or ""):find("asan")
local known = io.open "/proc/self/statm" ~= nil and not sanitized

-- In a process of its own: the specs before this one have made garbage.
local LOOP = [[
  local mode, entries, times = %q, %d, %d
  if mode ~= "" then collectgarbage(mode) end
  local hmap = require "hmap"
  local function resident()
    local file <close> = assert(io.open "/proc/self/statm")
    local _, pages = file:read("n", "n")
    return pages * 4096
  end
  local function make(look)
    local m = hmap.new {key = "int64", value = "int64"}
    for i = 1, entries do
      m:set(i, i)
      if i %% (entries // 20) == 0 then look(m) end
    end
    return m
  end
  local before = resident()
  local most = 0
  local one = make(function(m) most = math.max(most, m:stats().bytes) end)
  one:close()
  one = nil
  local peak = 0
  for _ = 1, times do
    make(function() peak = math.max(peak, resident() - before) end)
  end
  print(string.format("%%.2f", peak / most))
]]

local function ratio(mode, entries, times)
  local lua = os.getenv("LUA") or "lua5.4"
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(("package.path, package.cpath = %q, %q\n"):format(package.path,
    package.cpath), LOOP:format(mode, entries, times))
  file:close()
  local pipe = assert(io.popen(lua .. " " .. path))
  local out = pipe:read "a"
  pipe:close()
  os.remove(path)
  return assert(tonumber(out), out)
end

describe("maps made and dropped in a loop", function()
  if not known then return end

  for _, mode in ipairs { "", "generational", "incremental" } do
    local how = mode == "" and "as the interpreter starts" or mode
    it("hold at most three at a time: " .. how, function()
      -- Small maps are let pile up to 16 MiB, whatever one of them holds.
      local entries = FULL and ENTRIES or 300000
      assert.is_true(ratio(mode, entries, FULL and 200 or 12) < 3)
    end)
  end

  it("leave nothing when they are closed", function()
    filled(ENTRIES):close()
    collectgarbage()
    local before = resident()
    for _ = 1, 20 do
      local m = filled(ENTRIES)
      m:close()
      assert.is_true(resident() - before < 4 * 2 ^ 20)
    end
  end)
end)
