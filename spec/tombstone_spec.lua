-- What a delete leaves behind: `-` emptyOne, `.` emptyRest, `#` an entry.
local hmap = require "hmap"

local mark = {empty_rest = ".", empty_one = "-", full = "#"}

-- The slots of a chain as text, a space between its buckets.
local function marks(bucket)
  local out = {}
  for i, slot in ipairs(bucket.slots) do
    out[#out + 1] = (i % 8 == 1 and i > 1) and " " or ""
    out[#out + 1] = assert(mark[slot.state], slot.state)
  end
  return table.concat(out)
end

-- Keys 1..n in one bucket of eight.
local function one_bucket(n)
  local m = hmap.new {key = "int64", value = "int64", seed = 1}
  for k = 1, n do
    m:set(k, k)
  end
  assert.are.equal(0, m:header().B)
  return m
end

-- Keys 1..n in one chain: they all have the same hash.
local function one_chain(n)
  local m = hmap.new {
    key = "int64", value = "int64", seed = 1, hash = "constant", capacity = 26,
  }
  for k = 1, n do
    m:set(k, k)
  end
  assert.are.equal(2, m:header().B)
  assert.is_false(m:stats().growing)
  return m, 0xc3a5c85c97cb3127 & 3
end

local function delete(m, ...)
  for _, k in ipairs {...} do
    assert.is_true(m:delete(k))
    assert.is_true(m:check())
  end
end

describe("a deleted entry", function()
  it("leaves emptyOne when an entry follows", function()
    local m = one_bucket(4)
    delete(m, 2)
    assert.are.equal("#-##....", marks(m:bucket(0)))
  end)

  it("leaves emptyRest when nothing follows", function()
    local m = one_bucket(4)
    delete(m, 4)
    assert.are.equal("###.....", marks(m:bucket(0)))
  end)

  it("takes the emptyOnes before it along, up to the next entry", function()
    local m = one_bucket(6)
    delete(m, 3, 5, 4)
    assert.are.equal("##---#..", marks(m:bucket(0)))
    delete(m, 6)
    assert.are.equal("##......", marks(m:bucket(0)))
  end)

  it("leaves emptyRest in the last slot of a full bucket", function()
    local m = one_bucket(8)
    delete(m, 8)
    assert.are.equal("#######.", marks(m:bucket(0)))
  end)

  it("leaves emptyOne in the last slot when the overflow bucket is in use",
    function()
      local m, b = one_chain(9)
      delete(m, 8)
      assert.are.equal("#######- #.......", marks(m:bucket(b)))
    end)

  it("in an overflow bucket clears back through the chain to its head",
    function()
      local m, b = one_chain(18)
      delete(m, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
      assert.are.equal("##------ -------- -#......", marks(m:bucket(b)))
      delete(m, 18)
      assert.are.equal("##...... ........ ........", marks(m:bucket(b)))
    end)

  it("leaves an empty bucket all emptyRest", function()
    local m = one_bucket(8)
    delete(m, 1, 8, 2, 7, 3, 6, 4, 5)
    assert.are.equal("........", marks(m:bucket(0)))
  end)

  it("never unlinks an overflow bucket", function()
    local m, b = one_chain(17)
    for k = 1, 17 do
      delete(m, k)
    end
    assert.are.equal(3, m:bucket(b).chain)
    assert.are.equal(2, m:header().noverflow)
    assert.are.equal(2, m:stats().overflow_in_use)
  end)

  it("gives its slot to the next new key of the chain", function()
    local m, b = one_chain(12)
    delete(m, 9, 3)
    m:set(100, 100)
    assert.are.equal("######## -###....", marks(m:bucket(b)))
    assert.are.equal(100, m:bucket(b).slots[3].key)
    m:set(101, 101)
    assert.are.equal("######## ####....", marks(m:bucket(b)))
    assert.are.equal(101, m:bucket(b).slots[9].key)
  end)

  it("does not hide what comes after it in the chain", function()
    local m = one_chain(20)
    delete(m, 1, 8, 9, 16)
    for k = 1, 20 do
      local gone = k == 1 or k == 8 or k == 9 or k == 16
      assert.are.equal(not gone and k or nil, m:get(k))
    end
  end)

  it("is not there to be deleted again", function()
    local m = one_bucket(3)
    assert.is_true(m:delete(2))
    assert.is_false(m:delete(2))
    assert.are.equal("#-#.....", marks(m:bucket(0)))
  end)

  it("leaves no emptyRest before an entry, in whatever order", function()
    math.randomseed(5)
    for _ = 1, 50 do
      local m, b = one_chain(24)
      local live = 24
      while live > 0 do
        if m:delete(math.random(24)) then
          live = live - 1
          assert.is_nil(marks(m:bucket(b)):find("%.[ .]*[-#]"))
          -- Nor an emptyOne that could be emptyRest.
          assert.is_nil(marks(m:bucket(b)):find("%-[ ]*%."))
          assert.is_nil(marks(m:bucket(b)):find("%-$"))
        end
      end
    end
  end)
end)
