-- The live comparison with Go's own map: it compares what it should, and what
-- is wrong it finds. (The comparison itself is a line of the runner.)
local build = assert(package.searchpath("hmap.core", package.cpath))
  :gsub("/hmap/core%.so$", "")
local lua = os.getenv "LUA" or "lua5.4"

local function output_of(command)
  local pipe <close> = assert(io.popen(command .. " 2>&1"))
  return pipe:read "a"
end

local function oracle(arguments)
  return output_of(("LD_PRELOAD= %s spec/oracle.lua %s %s"):format(lua, build,
    arguments))
end

local function lived(arguments)
  return output_of(build .. "/spec/oracle " .. arguments)
end

if not output_of "go version":find("go1.19", 1, true) then return end

describe("the live oracle", function()
  local function count_shortest(mistake)
    local said = oracle("20 1 " .. mistake)
    assert.is_truthy(said:find("\n0 passed, 1 failed\n", 1, true), said)
    return tonumber(said:match "shows it, (%d+) of %d+:")
  end

  it("shrinks a slot marked wrongly to a put and a delete", function()
    local n = count_shortest "tombstone"
    assert.is_true(n <= 2, n)
  end)

  it("shrinks a wrong order of slots to an iterator over a few puts",
    function()
      local n = count_shortest "turn"
      assert.is_true(n <= 5, n)
    end)

  it("shrinks an old bucket moved too soon to a growth and a delete",
    function()
      local n = count_shortest "step"
      assert.is_true(n <= 60, n)
    end)

  it("plays a universe the same way each time", function()
    local first = lived "-seed 7 -universe 3"
    assert.is_true(#first > 1000)
    assert.are.equal(first, lived "-seed 7 -universe 3")
  end)

  it("does anew what a trace says was done, with the same outcome", function()
    local name <close> = setmetatable({path = os.tmpname()},
      {__close = function(self) os.remove(self.path) end})
    local file <close> = assert(io.open(name.path, "w"))
    local trace = lived "-seed 7 -universe 5"
    assert(file:write(trace)):flush()
    assert.are.equal(trace, lived("-redo <" .. name.path))
  end)
end)

describe("what the oracle tries", function()
  local seen = {}

  -- The state behind a record: count, flags, oldbuckets.
  local function state_of(line)
    local count, flags, old = line:match
      '"s":%[(%d+),(%d+),%d+,%d+,%d+,%d+,(%d),%d+%]'
    return tonumber(count), tonumber(flags), old == "1"
  end

  local function note(what)
    if what then seen[what] = (seen[what] or 0) + 1 end
  end

  local function note_header(line)
    for _, member in ipairs {"ktype", "etype", "variant", "hash"} do
      note(member .. " " .. line:match('"' .. member .. '":"([%w]+)"'))
    end
  end

  local function note_record(line, was)
    local op = line:match '"op":"(%w+)"'
    local count, flags, old = state_of(line)
    if op == "make" then was.count, was.flags, was.old = nil, nil, nil end
    local same_size = was.flags and was.flags & 8 ~= 0
    note(op)
    note(op == "clear" and was.old and (same_size
      and "clear in a same-size growth" or "clear in a doubling"))
    note(op == "clear" and was.count == 0 and "clear of nothing")
    note(op == "del" and was.count == 0 and old
      and "delete from an empty map that grows")
    note(op == "next" and was.old and (same_size
      and "iterator in a same-size growth" or "iterator in a doubling"))
    note(op == "put" and line:find('"k":"7ff8', 1, true) and "NaN")
    note(op == "make" and not line:find('"hint":-1', 1, true) and "hint")
    was.count, was.flags, was.old = count, flags, old
  end

  setup(function()
    local was = {}
    for line in lived "-seed 1 -seconds 2":gmatch "[^\n]+" do
      if line:find('^{"fmt"') then
        was = {}
        note_header(line)
      else
        note_record(line, was)
      end
    end
  end)

  it("is every shape of map for which Go has functions of its own", function()
    for _, variant in ipairs {"generic", "fast32", "fast64", "fast64ptr",
      "faststr"} do
      assert.is_truthy(seen["variant " .. variant], variant)
    end
  end)

  it("is keys and values of every size, in their buckets and outside",
    function()
      for _, kind in ipairs {"int8", "int16", "int32", "int64", "uint8",
        "uint32", "bytes3", "bytes4", "bytes8", "bytes32", "bytes128",
        "bytes136", "string", "ptr", "float64", "iface"} do
        assert.is_truthy(seen["ktype " .. kind], kind)
      end
      for _, kind in ipairs {"int8", "int64", "string", "bytes128",
        "bytes136", "iface", "none"} do
        assert.is_truthy(seen["etype " .. kind], kind)
      end
    end)

  it("is good hashes and bad ones", function()
    for _, hash in ipairs {"id", "const", "sm64", "sm64s", "idtop", "shl10",
      "top2", "runtime"} do
      assert.is_truthy(seen["hash " .. hash], hash)
    end
  end)

  it("is what may happen in the middle of a growth", function()
    for _, what in ipairs {"clear in a same-size growth",
      "clear in a doubling", "delete from an empty map that grows",
      "iterator in a same-size growth", "iterator in a doubling"} do
      assert.is_true((seen[what] or 0) >= 3, what)
    end
  end)

  it("is hints, NaN, clears of nothing and looks at all of memory",
    function()
      for _, what in ipairs {"hint", "NaN", "clear of nothing", "dump"} do
        assert.is_true((seen[what] or 0) >= 3, what)
      end
    end)
end)
