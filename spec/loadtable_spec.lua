-- Go's load factor table, from a real map.
local loadtable = require "hmap.plan.load_table"

local FIGURES = { "overflow", "bytes", "hit", "miss" }

-- The comment in Go's map source, line by line.
local GO = [[
4.00  2.13 20.77 3.00 4.00
4.50  4.05 17.30 3.25 4.50
5.00  6.85 14.77 3.50 5.00
5.50 10.55 12.94 3.75 5.50
6.00 15.27 11.67 4.00 6.00
6.50 20.90 10.79 4.25 6.50
7.00 27.14 10.15 4.50 7.00
7.50 34.03  9.73 4.75 7.50
8.00 41.10  9.40 5.00 8.00
]]

-- Runs the command line in a process of its own: what it says, its status.
local function run(words)
  local command = string.format("LUA_PATH='%s' LUA_CPATH='%s' %s -e %q -- %s "
    .. "2>&1; echo $?", package.path, package.cpath,
    os.getenv("LUA") or "lua5.4",
    "os.exit(require('hmap.cli').main(), true)", words)
  local pipe <close> = assert(io.popen(command))
  local text, status = pipe:read("a"):match("^(.*)\n(%d+)\n$")
  return text, tonumber(status)
end

describe("the load table", function()
  local view = loadtable.measure(18, 1)

  it("is within 2 % of the one in Go's source", function()
    assert.are.equal(9, #view.rows)
    for i, line in ipairs { GO:match((("([^\n]+)\n"):rep(9))) } do
      local numbers = {}
      for word in line:gmatch("%S+") do
        numbers[#numbers + 1] = tonumber(word)
      end
      local row = view.rows[i]
      assert.are.equal(numbers[1], row.measured.load)
      for j, name in ipairs(FIGURES) do
        local published, measured = numbers[j + 1], row.measured[name]
        assert.are.equal(published, row.published[name])
        assert.is_true(math.abs(measured / published - 1) <= 0.02,
          string.format("%s at %.2f: %s", name, numbers[1], measured))
      end
    end
  end)

  it("is of one map that never grew, filled to the last entry of each load",
    function()
      assert.are.equal(0, view.growths)
      assert.are.equal(1 << 18, view.buckets)
      for _, row in ipairs(view.rows) do
        assert.are.equal(row.measured.load, row.measured.miss)
      end
    end)

  it("repeats for a seed, and differs for another", function()
    local again, other = loadtable.measure(8, 3), loadtable.measure(8, 4)
    assert.are.same(again, loadtable.measure(8, 3))
    assert.are_not.same(again.rows, other.rows)
  end)

  it("tells how far it is, up to all entries", function()
    local total, told = nil, {}
    loadtable.measure(6, 1, function(n)
      total = n
      return function(done) told[#told + 1] = done end
    end)
    assert.are.equal(8 * 64, total)
    assert.are.equal(total, told[#told])
  end)

  it("reads well", function()
    local lines = {}
    for line in tostring(view):gmatch("[^\n]+") do lines[#lines + 1] = line end
    assert.are.equal("one map of int64 -> int64, 262,144 buckets, filled to "
      .. "each load; seed 1", lines[1])
    assert.are.equal("load  %overflow     Go  bytes/entry     Go  hitprobe    "
      .. "Go  missprobe    Go", lines[2])
    assert.are.equal("6.50      20.90  20.90        10.78  10.79      4.25  "
      .. "4.25       6.50  6.50", lines[8])
    assert.are.equal(11, #lines)
  end)

  it("is a command", function()
    local text, status = run("load-table --buckets 4096 --seed 5")
    assert.are.equal(0, status)
    assert.are.equal(tostring(loadtable.measure(12, 5)), text)
  end)

  it("is a command that says what it cannot take", function()
    local text, status = run("load-table --buckets 1000")
    assert.are.equal(2, status)
    assert.is_truthy(text:find("a power of two from 2 to 134217728 expected, "
      .. "got '1000'", 1, true))
    assert.are.equal(2, select(2, run("load-table --seed many")))
  end)
end)
