-- Policies: when a map grows, shrinks and rekeys, and who pays for it.

local hmap = require "hmap"

local function new(policy, opts)
  opts = opts or {}
  opts.key, opts.value = opts.key or "int64", opts.value or "int64"
  opts.policy, opts.seed = policy, opts.seed or 1
  return hmap.new(opts)
end

local function fill(m, first, last)
  for i = first, last do m:set(i, -i) end
  return m
end

local function drop(m, first, last)
  for i = first, last do m:delete(i) end
  return m
end

local function resizes(m)
  local g = m:stats().growths
  return g.double + g.shrink
end

local function assert_holds(m, first, last)
  assert.are.equal(last - first + 1, #m)
  for i = first, last do assert.are.equal(-i, m:get(i)) end
  assert.is_true(m:check())
end

-- Moves on until nothing is under way or waiting.
local function settle(m)
  repeat m:finish() until not m:stats().growing and not m:stats().pending
end

describe("the policy go", function()
  it("is the default, and never shrinks nor rekeys", function()
    for _, m in ipairs { new "go", new() } do
      fill(m, 1, 5000)
      drop(m, 1, 5000)
      fill(m, 1, 10)
      drop(m, 1, 10)
      local g = m:stats().growths
      assert.are.equal(0, g.shrink)
      assert.are.equal(0, g.rekey)
      assert.is_nil(m:stats().pending)
    end
  end)

  it("is moved by writes only", function()
    local m = fill(new "go", 1, 417)
    local remaining = m:stats().remaining
    for i = 1, 1000 do m:get(i) end
    assert.are.equal(remaining, m:stats().remaining)
  end)
end)

-- Buckets of 20,000 entries less 19,901: where the last shrink was begun
-- depends on when the one before it was done.
local left = { adaptive = 32, smooth = 64 }

for _, policy in ipairs { "adaptive", "smooth" } do
  describe("the policy " .. policy, function()
    it("gives memory back after deletes", function()
      local m = fill(new(policy), 1, 20000)
      local most = m:stats().bytes
      drop(m, 101, 20000)
      settle(m)
      m:delete(100) -- what was under way is done: the next may begin
      settle(m)
      assert.is_true(m:stats().growths.shrink >= 2)
      assert.are.equal(left[policy], m:stats().buckets)
      assert.is_true(m:stats().bytes < most / (1024 / left[policy]))
      assert_holds(m, 1, 99)
    end)

    it("resizes at most once for deletes that inserts undo", function()
      for _, size in ipairs { 1000, 3328, 3329, 5000 } do
        for _, part in ipairs { 0.01, 0.1, 0.25, 0.4, 0.5 } do
          local m = fill(new(policy), 1, size)
          settle(m)
          local before, n = resizes(m), math.floor(size * part)
          drop(m, 1, n)
          fill(m, 1, n)
          assert.is_true(resizes(m) - before <= 1)
          assert_holds(m, 1, size)
        end
      end
    end)

    it("does not oscillate, wherever the boundary is", function()
      local m = fill(new(policy), 1, 4000)
      settle(m)
      for size = 4000, 1, -7 do
        drop(m, size - 6, size)
        if size % 21 == 10 then
          settle(m)
          local before = resizes(m)
          for _ = 1, 20 do
            drop(m, 1, 3)
            fill(m, 1, 3)
          end
          assert.is_true(resizes(m) - before <= 1)
        end
      end
    end)

    it("rekeys when keys were made to collide", function()
      local parts = { [0] = "Aa", "BB" } -- of one java31 hash
      local function key(i)
        local words = {}
        for bit = 0, 15 do words[bit + 1] = parts[i >> bit & 1] end
        return table.concat(words)
      end
      assert.are.equal(hmap.hash("string", key(0), 1, "java31"),
        hmap.hash("string", key(12345), 1, "java31"))
      local m = hmap.new { key = "string", value = "int64", seed = 1,
        hash = "java31", policy = policy }
      for i = 1, 60000 do m:set(key(i), i) end
      settle(m)
      assert.is_true(m:stats().growths.rekey >= 1)
      local longest = 0
      for b in m:buckets() do longest = math.max(longest, b.chain) end
      assert.is_true(longest <= 4, longest)
      for i = 1, 60000 do assert.are.equal(i, m:get(key(i))) end
      m:set(key(7), 0)
      assert.are.equal(0, m:get(key(7)))
      assert.is_nil(m:get(key(0)))
      assert.is_true(m:check())
    end)
  end)
end

describe("the policy smooth", function()
  it("moves sixteen buckets a write, and is else as adaptive", function()
    local smooth, adaptive = new("smooth"):tune(), new("adaptive"):tune()
    assert.are.equal(16, smooth.moves)
    adaptive.moves = 16
    assert.are.same(adaptive, smooth)
  end)

  it("is done with a growth after a fifteenth of its buckets in writes",
    function()
      local m = fill(new "smooth", 1, 417) -- 64 -> 128 buckets
      assert.are.equal(16, m:stats().evacuated)
      fill(m, 418, 421)
      assert.is_false(m:stats().growing)
    end)
end)

describe("the policy redis", function()
  it("grows at one entry a bucket and lets lookups move", function()
    local m = fill(new "redis", 1, 65)
    assert.is_true(m:stats().growing)
    assert.are.equal(128, m:stats().buckets)
    for _, look in ipairs {
      function() m:get(1) end, function() m:has(99999) end,
      function() m:get_many { 1, 2 } end,
    } do
      local before = m:stats().remaining
      look()
      assert.is_true(m:stats().remaining < before)
    end
    for i = 1, 300 do m:get(i) end
    assert.is_false(m:stats().growing)
    assert_holds(m, 1, 65)
  end)

  it("lets lookups move whatever the kinds are", function()
    local point = function(i) return i, -i end
    local text = function(i) return "key " .. i end
    local plain = function(i) return i end
    for _, case in ipairs {
      { "int64", "string", plain }, { "string", "any", text },
      { "any", "any", text }, { "uint8", "bool", plain },
      { { "int32", "int32" }, "string", point },
      { { "int64", "int8" }, "int8", point },
    } do
      local m = hmap.new { key = case[1], value = case[2], seed = 1,
        policy = "redis" }
      local value = ({ string = "v", any = {}, bool = true, int8 = 1 })[case[2]]
      for i = 1, 65 do
        local a, b = case[3](i)
        if b then m:set(a, b, value) else m:set(a, value) end
      end
      assert.is_true(m:stats().growing)
      for _ = 1, 100 do m:get(case[3](1)) end
      assert.is_false(m:stats().growing)
      assert.are.equal(65, #m)
      assert.is_true(m:check())
    end
  end)

  it("shrinks after deletes", function()
    local m = fill(new "redis", 1, 4096)
    drop(m, 100, 4096)
    settle(m)
    assert.is_true(m:stats().growths.shrink > 0)
    assert_holds(m, 1, 99)
  end)
end)

describe("the policy all_at_once", function()
  it("is never seen to grow", function()
    local m = new "all_at_once"
    for i = 1, 3000 do
      m:set(i, -i)
      assert.is_false(m:stats().growing)
    end
    assert.is_true(m:stats().growths.double > 5)
    assert_holds(m, 1, 3000)
  end)
end)

describe("a policy of one's own", function()
  it("names what it changes and leaves the rest as Go has it", function()
    local m = new { load = 2, shrink = 1 / 8 }
    assert.are.same({ load = 2, moves = 2, empty_visits = 1,
      step_on = "write", same_size = true, shrink = 1 / 8,
      all_at_once = false, chain_alarm = false }, m:tune())
    fill(m, 1, 33)
    assert.are.equal(32, m:stats().buckets)
  end)

  it("can leave all moving to the program", function()
    local m = fill(new { step_on = "manual" }, 1, 1665)
    assert.is_true(m:stats().growing)
    local before = m:stats().remaining
    for i = 1, 1665 do m:get(i) end
    assert.are.equal(before, m:stats().remaining)
    m:finish()
    assert_holds(m, 1, 1665)
  end)

  it("moves as many old buckets a write as it says", function()
    local function writes(moves)
      local m = fill(new { moves = moves }, 1, 6657)
      local n = 0
      while m:stats().growing do
        n = n + 1
        m:set(n, -n)
      end
      return n
    end
    assert.is_true(writes(16) < writes(4))
    assert.is_true(writes(4) < writes(2))
  end)

  it("alarms when it says so", function()
    local m = hmap.new { key = "int64", value = "int64", seed = 1,
      hash = "constant", policy = { chain_alarm = 2 } }
    fill(m, 1, 16)
    assert.are.equal(0, m:stats().growths.rekey)
    fill(m, 17, 30)
    settle(m)
    assert.are.equal(1, m:stats().growths.rekey)
    assert_holds(m, 1, 30)
  end)

  it("may say no to growth of the same size", function()
    -- Sixteen buckets, each with an overflow bucket and three entries.
    local function crowded(same_size)
      local m = new({ same_size = same_size },
        { hash = "identity", capacity = 104 })
      for b = 0, 15 do
        for i = 0, 8 do m:set(b + 16 * i, 0) end
        for i = 2, 7 do m:delete(b + 16 * i) end
      end
      m:set(1000, 0)
      assert.is_true(m:check())
      return m:stats().growths.same_size
    end
    assert.are.equal(1, crowded(true))
    assert.are.equal(0, crowded(false))
  end)

  it("is refused in words when it cannot be", function()
    local fields = "; fields are load, moves, empty_visits, step_on, "
      .. "same_size, shrink, all_at_once, chain_alarm)"
    local cases = {
      [{ lod = 1 }] = "unknown field 'lod'" .. fields,
      [{ 5 }] = "unknown field '1'" .. fields,
      [{ load = 0.1 }] = "load: number from 0.125 to 1024 expected, got 0.1)",
      [{ load = 0 / 0 }] = "load: number from 0.125 to 1024 expected, got ",
      [{ load = "6" }] = 'load: number from 0.125 to 1024 expected, got "6")',
      [{ moves = 0 }] = "moves: integer from 1 to 65536 expected, got 0)",
      [{ moves = 1.5 }] = "moves: integer from 1 to 65536 expected, got 1.5)",
      [{ step_on = "read" }] = "step_on: 'write', 'read_write' or 'manual' "
        .. 'expected, got "read")',
      [{ same_size = 1 }] = "same_size: boolean expected, got 1)",
      [{ shrink = 0.5 }] = "shrink: false or number from 0 to 0.25 "
        .. "expected, got 0.5)",
      [{ shrink = true }] = "shrink: false or number from 0 to 0.25 "
        .. "expected, got true)",
      [{ chain_alarm = 1 }] = "chain_alarm: false or integer from 2 on "
        .. "expected, got 1)",
      [{ all_at_once = "yes" }] = 'all_at_once: boolean expected, got "yes")',
      java = "unknown policy 'java'; policies are go, adaptive, "
        .. "smooth, redis, all_at_once, or a table)",
      [7] = "policy's name or table expected, got number)",
    }
    for policy, words in pairs(cases) do
      local ok, err = pcall(hmap.new, { policy = policy })
      assert.is_false(ok)
      assert.is_truthy(err:find("bad argument #1 to 'new' (option 'policy': "
        .. words, 1, true), err)
      local m = new()
      local before = m:tune()
      ok, err = pcall(m.tune, m, policy)
      assert.is_false(ok)
      assert.is_truthy(err:find("bad argument #1 to 'tune' (" .. words, 1,
        true), err)
      assert.are.same(before, m:tune())
    end
  end)
end)

describe("tune", function()
  it("changes what it names on a filled map, and returns the whole", function()
    local m = fill(new "adaptive", 1, 1000)
    local p = m:tune { load = 3 }
    assert.are.equal(3, p.load)
    assert.are.equal(5, p.chain_alarm)
    assert.are.same(p, m:tune())
    assert.are.same(p, m:tune(p))
    assert.are.same(hmap.new { policy = "redis" }:tune(), m:tune("redis"))
    m:set(1001, -1001)
    assert_holds(m, 1, 1001)
  end)

  it("turns the steps of lookups on and off", function()
    local m = fill(new(), 1, 6657)
    local function moved_by_get()
      local before = m:stats().remaining
      for i = 1, 10 do m:get(i) end
      return before - m:stats().remaining
    end
    assert.are.equal(0, moved_by_get())
    m:tune { step_on = "read_write" }
    assert.is_true(moved_by_get() > 0)
    assert.are.equal(6657, #m)
    m:tune { step_on = "write" }
    assert.are.equal(0, moved_by_get())
    assert_holds(m, 1, 6657)
  end)

  it("goes with a clone", function()
    local m = new()
    m:tune { load = 4, step_on = "read_write" }
    assert.are.same(m:tune(), m:clone():tune())
  end)

  it("leaves every method and error as it was under read_write", function()
    local m, plain = new { step_on = "read_write" }, new()
    m:set(1, 2)
    assert.are.equal(3, m:add(1))
    assert.are.equal(3, m:pop(1))
    assert.are.equal("hmap", debug.getmetatable(m).__name)
    for _, other in ipairs { hmap.new { key = "string", value = "int64" },
      hmap.new { key = "string", value = "int64", policy = "redis" } } do
      assert.has_error(function() plain.get(other, 1) end,
        "this 'get' is a method of a map of other types")
    end
    assert.is_nil(plain.get(m, 1))
    m:close()
    assert.has_error(function() m:get(1) end, "map is closed")
    assert.has_error(function() plain.get(m, 1) end, "map is closed")
  end)
end)

describe("a move on request", function()
  it("shrinks to the fewest buckets that hold the entries", function()
    local m = drop(fill(new(), 1, 5000), 101, 5000)
    m:shrink()
    assert.are.equal("shrink", m:stats().kind)
    settle(m)
    assert.are.equal(16, m:stats().buckets)
    assert.are.equal(1, m:stats().growths.shrink)
    assert_holds(m, 1, 100)
    m:shrink()
    assert.is_false(m:stats().growing)
  end)

  it("rekeys: another hash, other places, the same entries", function()
    local m = fill(new(), 1, 1000)
    settle(m)
    local hash0 = m:header().hash0
    m:rekey()
    assert.are.equal("rekey", m:stats().kind)
    assert.are_not.equal(hash0, m:header().hash0)
    assert_holds(m, 1, 1000)
    settle(m)
    assert_holds(m, 1, 1000)
    assert.are.equal(1, m:stats().growths.rekey)
  end)

  it("waits for the one under way, and stats say so", function()
    local m = fill(new(), 1, 6657)
    assert.are.equal("double", m:stats().kind)
    assert.is_nil(m:stats().pending)
    m:rekey()
    assert.are.equal("double", m:stats().kind)
    assert.are.equal("rekey", m:stats().pending)
    assert.truthy(tostring(m:stats()):find(", then rekey", 1, true))
    settle(m)
    assert.are.equal(1, m:stats().growths.rekey)
    assert_holds(m, 1, 6657)
  end)

  it("does nothing to an empty map", function()
    local m = new()
    m:shrink()
    m:rekey()
    assert.is_false(m:stats().growing)
    assert_holds(m, 1, 0)
  end)

  it("is refused while the map holds NaN keys", function()
    local m = hmap.new { key = "float64", value = "int8" }
    m:set(0 / 0, 1)
    for _, name in ipairs { "shrink", "rekey" } do
      assert.has_error(function() m[name](m) end, "'" .. name .. "': the map "
        .. "holds NaN keys, which have no hash to move by; clear() lets them "
        .. "go")
    end
    m:clear()
    m:rekey()
    assert.is_true(m:check())
  end)

  it("keeps objects anchored under every policy", function()
    for _, policy in ipairs { "go", "adaptive", "smooth", "redis",
      "all_at_once" } do
      local m = hmap.new { policy = policy, seed = 1 }
      local keys = {}
      for i = 1, 500 do
        keys[i] = {}
        m:set(keys[i], { i })
      end
      m:rekey()
      for i = 1, 450 do m:delete(keys[i]) end
      m:shrink()
      collectgarbage()
      for i = 451, 500 do assert.are.equal(i, m:get(keys[i])[1]) end
      assert.is_true(m:check())
      settle(m)
      assert.is_true(m:check())
    end
  end)
end)
