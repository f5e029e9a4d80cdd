-- What m:ledger, m:last_op and m:worst_ops tell. That the counts are true is
-- spec/c/test_ledger.c's affair; here: what a person reads.
local hmap = require "hmap"

local function counted(opts)
  opts = opts or { key = "int64", value = "int64" }
  opts.seed = 1
  local m = hmap.new(opts)
  m:ledger(true)
  return m
end

local function fill(m, from, to)
  for i = from, to do m:set(i, i) end
end

describe("a ledger", function()
  it("is closed when a map is made, and then knows nothing", function()
    local m = hmap.new()
    m:set(1, 1)
    assert.is_nil(m:last_op())
    assert.is_nil(m:ledger())
    assert.same({}, m:worst_ops())
  end)

  it("knows the last operation and each of its counts", function()
    local m = counted()
    fill(m, 1, 5)
    m:get(3)
    assert.same({ op = "get", number = 6, cost = 3, count = 5, hashes = 1,
      slots = 8, comparisons = 1, moved = 0, evacuated = 0, passed = 0,
      overflow = 0, blocks = 0, cleared = 0, mapped = 0, released = 0,
      cause = "nothing but its own search" }, m:last_op())
  end)

  it("begins anew when it is opened again", function()
    local m = counted()
    fill(m, 1, 100)
    m:ledger(true)
    assert.is_nil(m:last_op())
    m:delete(1)
    assert.equal(1, m:last_op().number)
    m:ledger(false)
    assert.is_nil(m:last_op())
  end)

  it("says why an insert was slow", function()
    local m = counted()
    fill(m, 1, 417)
    local op = m:last_op()
    assert.equal("set", op.op)
    assert.same({ "double", true, false, 64, 128 },
      { op.growth, op.began, op.ended, op.from, op.to })
    assert.matches("^began a growth from 64 to 128 buckets, "
      .. "set 19.1 KiB of a new array to zero", op.cause)
    assert.same(op, m:worst_ops(1)[1])
  end)

  it("names shrink, rekey, clear and steps", function()
    local m = counted()
    fill(m, 1, 20000)
    m:finish()
    for i = 101, 20000 do m:delete(i) end
    m:shrink()
    assert.matches("^began a shrink from 4,096 to 16 buckets",
      m:last_op().cause)
    m:finish()
    assert.equal("step", m:last_op().op)
    assert.matches("^ended a shrink", m:last_op().cause)
    m:rekey()
    assert.matches("^began a rekey from 16 to 16 buckets", m:last_op().cause)
    m:clear()
    assert.equal("clear", m:last_op().op)
  end)

  it("counts what each method does", function()
    local m = counted { key = "string", value = "int64" }
    m:set("a", 1)
    m:add("a")
    m:has "a"
    m:get_or_set("b", 2)
    m:get_many { "a", "b" }
    m:set_many({ "c", "d" }, { 3, 4 })
    m:delete_many { "c", "zz" }
    local ops = m:ledger().ops
    assert.equal(3, ops.get)
    assert.equal(2, ops.delete)
    local total = 0
    for _, n in pairs(ops) do total = total + n end
    assert.equal(m:last_op().number, total)
  end)

  it("counts each key of a delete_many, also when the map runs empty",
    function()
      for n = 0, 2 do
        local m = counted()
        fill(m, 1, n)
        assert.equal(n, m:delete_many { 1, 2, 3, 4 })
        assert.equal(4, m:ledger().ops.delete)
      end
    end)

  it("keeps the costliest operations, dearest first", function()
    local m = counted()
    fill(m, 1, 3000)
    local worst = m:worst_ops()
    assert.equal(10, #worst)
    for i = 2, #worst do
      assert.is_true(worst[i - 1].cost >= worst[i].cost)
    end
    assert.equal(64, #m:worst_ops(1000))
    assert.same({}, m:worst_ops(0))
  end)

  it("is the same for the same seed", function()
    local a, b = counted(), counted()
    fill(a, 1, 5000)
    fill(b, 1, 5000)
    assert.same(a:worst_ops(64), b:worst_ops(64))
    assert.same(a:ledger(), b:ledger())
  end)

  it("changes nothing that the map holds", function()
    local a = counted()
    local b = hmap.new { key = "int64", value = "int64", seed = 1 }
    fill(a, 1, 5000)
    fill(b, 1, 5000)
    assert.equal(b:fingerprint(), a:fingerprint())
    a:ledger(false)
    assert.equal(b:stats().bytes, a:stats().bytes)
  end)

  it("reads well at a prompt", function()
    local m = counted()
    fill(m, 1, 209)
    assert.equal("set, operation 209, cost 198: began a growth from 32 to 64 "
      .. "buckets, set 9,792 B of a new array to zero, moved 12 entries of 2 "
      .. "old buckets, read 3 buckets", tostring(m:last_op()))
    assert.equal([[
cost  operation       entries  cause
 198        209  set      209  began a growth from 32 to 64 buckets, set 9,792 B
                               of a new array to zero, moved 12 entries of 2 old
                               buckets, read 3 buckets
 128        105  set      105  began a growth from 16 to 32 buckets, set 4,896 B
                               of a new array to zero, moved 14 entries of 2 old
                               buckets, read 4 buckets]],
      tostring(m:worst_ops(2)))
    assert.matches("^209 set\n *in all  most in one\n", tostring(m:ledger()))
    assert.equal("no operations (m:ledger(true) counts them)",
      tostring(hmap.new():worst_ops()))
    assert.matches("^no operation yet\n", tostring(counted():ledger()))
  end)

  it("says of a step with nothing to move that there was nothing to do",
    function()
      local m = counted()
      m:step(1)
      assert.equal("nothing to do", m:last_op().cause)
    end)

  it("counts no search of ours when a key is watched", function()
    local m = counted()
    m:set(1, 1)
    m:watch(1, print)
    m:watch(1, nil)
    assert.equal(0, m:ledger().ops.get)
  end)

  it("refuses what it cannot understand", function()
    local m = hmap.new()
    assert.error_matches(function() m:ledger(1) end,
      "bad argument #1 to 'ledger' %(boolean expected, got number%)")
    assert.error_matches(function() m:worst_ops "many" end,
      "bad argument #1 to 'worst_ops' %(.*number of operations.*got string%)")
    assert.error_matches(function() m:worst_ops(-1) end, "got %-1")
    assert.error_matches(function() m.last_op {} end, "'last_op' wants a map")
    m:close()
    for _, name in ipairs { "ledger", "last_op", "worst_ops" } do
      assert.error_matches(function() m[name](m) end, "map is closed")
    end
    assert.error_matches(function() m:ledger(true) end, "map is closed")
  end)

  it("is refused when max_bytes leaves it no room", function()
    local m = hmap.new { key = "int64", value = "int64", max_bytes = 4096 }
    fill(m, 1, 3)
    assert.error_matches(function() m:ledger(true) end, "max_bytes")
    assert.is_nil(m:last_op())
    assert.equal(3, m:get(3))
  end)
end)
