-- Pictures are held to text blocks. Under the identity hash a key says where
-- it falls: the top byte is its tophash, the low bits are its bucket.
local hmap = require "hmap"
local picture = require "hmap.text.picture"

local function key(tophash, bucket, n)
  return tophash << 56 | (n or 0) << 16 | bucket
end

local function new_map(opts)
  opts = opts or {}
  return hmap.new {
    key = "int64", value = "int64", seed = opts.seed or 1,
    hash = opts.hash or "identity", capacity = opts.capacity,
  }
end

local function fill(m, first, last)
  for i = first, last do m:set(i, i) end
  return m
end

-- Text blocks in this file carry the indentation of the code around them.
local function unindent(text)
  local margin = #text:match("^ *")
  return (text:gsub("\n%s*$", "")
    :gsub("[^\n]+", function(line) return line:sub(margin + 1) end))
end

local function draws(m, expected, opts)
  opts = opts or {}
  opts.width = opts.width or 80
  assert.are.equal(unindent(expected), m:draw(opts))
end

-- Four buckets of keys that the 27th doubles to eight.
local function caught_in_the_act()
  local m = new_map()
  for n = 1, 26 do m:set(key(0x10 + n, n % 8, n), n) end
  m:set(key(0xf0, 3), 27)
  return m
end

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  return lines
end

local function widest_line(text)
  local widest = 0
  for _, line in ipairs(lines_of(text)) do
    widest = math.max(widest, utf8.len(line))
  end
  return widest
end

describe("a picture", function()
  it("of an empty map has no bucket", function()
    draws(new_map(), [[
      hmap  0 entries, B=0, no bucket yet
    ]])
  end)

  it("of a small map at rest shows every bucket by its tophash bytes",
    function()
      local m = new_map()
      for n = 1, 11 do m:set(key(0x20 + n, n % 2, n), n) end
      m:set(key(0, 1), 12) -- tophash 0 would be a mark: it becomes 5
      draws(m, [[
        hmap  12 entries, B=1: 2 buckets, load 6.00, 0 overflow, grows past 13
         0  [22 24 26 28 2a  .  .  .]    1  [21 23 25 27 29 2b 05  .]
         hex: tophash   .: emptyRest
      ]])
    end)

  it("tells a hole left by a delete from the end of a chain", function()
    local m = new_map()
    for n = 1, 5 do m:set(key(0x20 + n, 0, n), n) end
    m:delete(key(0x22, 0, 2))
    m:delete(key(0x25, 0, 5))
    draws(m, [[
      hmap  3 entries, B=0: 1 bucket, load 3.00, 0 overflow, grows past 8
       0  [21  - 23 24  .  .  .  .]
       hex: tophash   .: emptyRest   -: emptyOne
    ]])
  end)

  it("of a small map that grows shows what moved where and what waits",
    function()
      draws(caught_in_the_act(), [[
        hmap  27 entries, B=3, growing 4 -> 8 buckets, nevacuate=1
         old 0  moved    3 to new 0, 3 to new 4
         old 1  waiting  [11 15 19 1d 21 25 29  .]
         old 2  waiting  [12 16 1a 1e 22 26 2a  .]
         old 3  moved    3 to new 3, 3 to new 7
         new 0  [18 20 28  .  .  .  .  .]    new 4  [14 1c 24  .  .  .  .  .]
         new 3  [13 1b 23 f0  .  .  .  .]    new 7  [17 1f 27  .  .  .  .  .]
         hex: tophash   .: emptyRest
      ]])
    end)

  it("says of an old bucket what went where, be it nothing", function()
    local m = new_map()
    for n = 1, 26 do m:set(key(0x10 + n, 4 + n % 3, n), n) end
    m:set(key(0xf0, 3), 27)
    local text = m:draw()
    assert.is_truthy(text:find("\n old 0  moved    0 to new 0, 8 to new 4\n",
      1, true))
    assert.is_truthy(text:find("\n old 3  moved    was empty\n", 1, true))
  end)

  it("of a growth to the same size shows holes left behind", function()
    local m = new_map { capacity = 52 }
    for bucket = 0, 7 do -- each overflows once, then all but one key go
      for n = 0, 8 do m:set(key(0x40 + n, bucket, n), n) end
      for n = 0, 7 do m:delete(key(0x40 + n, bucket, n)) end
    end
    m:set(key(0x50, 1), 0)
    local lines = lines_of(m:draw())
    assert.are.equal("hmap  9 entries, B=3, growing 8 -> 8 buckets "
      .. "(same size), nevacuate=2", lines[1])
    assert.are.equal(" old 1  moved    1 to new 1", lines[3])
    assert.are.equal(" old 2  waiting  [ -  -  -  -  -  -  -  -] -> "
      .. "[48  .  .  .  .  .  .  .]", lines[4])
    assert.are.equal(" new 0  [48  .  .  .  .  .  .  .]    "
      .. "new 1  [48 50  .  .  .  .  .  .]", lines[10])
  end)

  it("of a map that shrinks or rekeys shows what merges, and where", function()
    local function view(i, state, slot_state)
      local slots = {}
      for n = 1, 8 do
        slots[n] = { tophash = 0x70 + i, depth = 0,
          state = n == 1 and slot_state or "empty_rest" }
      end
      return { index = i, which = "old", state = state, chain = 1,
        slots = slots }
    end
    local old = { [0] = view(0, "evacuated", "evacuated_x"),
      view(1, "live", "full"), view(2, "live", "full"),
      view(3, "evacuated", "evacuated_x") }
    local scene = {
      header = { B = 1, nevacuate = 1, buckets = "0x1" },
      stats = { count = 4, buckets = 2, old_buckets = 4, growing = true,
        kind = "shrink" },
      bucket = function(i, which)
        return which == "old" and old[i] or view(i, "live", "full")
      end,
    }
    assert.are.equal(unindent [[
      hmap  4 entries, B=1, shrinking 4 -> 2 buckets, nevacuate=1
       old 0  moved    1 to new 0
       old 1  waiting  [71  .  .  .  .  .  .  .]
       old 2  waiting  [72  .  .  .  .  .  .  .]
       old 3  moved    1 to new 1
       new 0  [70  .  .  .  .  .  .  .]    new 1  [71  .  .  .  .  .  .  .]
       hex: tophash   .: emptyRest
    ]], picture.draw(scene))
    scene.stats.kind = "rekey"
    assert.is_truthy(picture.draw(scene):find("rekeying 4 %-> 2 buckets.*"
      .. "old 3  moved    1 to anywhere"))
  end)

  it("draws one bucket a line where two do not fit", function()
    local text = caught_in_the_act():draw { width = 64 }
    assert.is_truthy(text:find("\n new 0  [18 20 28  .  .  .  .  .]"
      .. "\n new 4  [14 1c 24  .  .  .  .  .]\n", 1, true))
  end)

  it("follows a chain as far as the line goes and counts the rest", function()
    local m = fill(new_map { hash = "constant", capacity = 26 }, 1, 20)
    local function third_line(width)
      return m:draw { width = width }:match("\n 3  ([^\n]*)\n")
    end
    local full, rest = "[c3 c3 c3 c3 c3 c3 c3 c3]", "[c3 c3 c3 c3  .  .  .  .]"
    assert.are.equal(full .. " -> " .. full .. " -> " .. rest, third_line(90))
    assert.are.equal(full .. " -> " .. full .. " -> 1 more", third_line(80))
    assert.are.equal(full .. " -> 2 more", third_line(64))
  end)

  it("repeats for a seed and holds no address", function()
    for _, n in ipairs { 0, 5, 27, 300, 3400, 53300 } do
      local a = fill(new_map { hash = "xxh3", seed = 7 }, 1, n):draw()
      local b = fill(new_map { hash = "xxh3", seed = 7 }, 1, n):draw()
      assert.are.equal(a, b)
      assert.is_nil(a:find("0x", 1, true))
    end
  end)

  it("changes nothing in the map", function()
    local m = fill(new_map { hash = "xxh3" }, 1, 3400)
    local before = tostring(m:header())
    m:draw()
    assert.are.equal(before, tostring(m:header()))
    assert.is_true(m:check())
  end)

  it("keeps within its width", function()
    for _, n in ipairs { 9, 27, 60, 300, 420, 3400, 5000, 54000 } do
      local m = fill(new_map { hash = "xxh3" }, 1, n)
      for _, width in ipairs { 64, 80, 100, 132 } do
        for _, ascii in ipairs { true, false } do
          local text = m:draw { width = width, ascii = ascii }
          assert.is_true(widest_line(text) <= width, text)
        end
      end
    end
  end)

  it("uses nothing but ASCII when asked", function()
    for _, n in ipairs { 0, 27, 60, 420, 5000 } do
      local text = fill(new_map { hash = "xxh3" }, 1, n):draw { ascii = true }
      assert.is_nil(text:find("[\x80-\xff]"))
    end
  end)

  it("carries the map's name", function()
    local m = hmap.new { key = "int64", value = "int64", name = "orcs" }
    assert.are.equal("hmap  'orcs' 0 entries, B=0, no bucket yet", m:draw())
  end)

  it("of a closed map is an error at the line that asked for it", function()
    local m = new_map()
    m:close()
    for _, method in ipairs { "draw", "distribution" } do
      local ok, message = pcall(function() return m[method](m) .. "" end)
      assert.is_false(ok)
      assert.is_truthy(message:find("picture_spec.lua:%d+: map is closed$"))
    end
  end)

  it("refuses options that it does not know", function()
    local m = new_map()
    assert.has_error(function() m:draw { wide = 3 } end,
      "bad argument #1 to 'draw' (unknown option 'wide'; "
      .. "options are ascii, width)")
    for width, got in pairs { ["3"] = '"3"', [3] = "3", [64.5] = "64.5" } do
      assert.has_error(function() m:draw { width = width } end,
        "bad argument #1 to 'draw' (option 'width': integer from 64 on "
        .. "expected, got " .. got .. ")")
    end
    assert.has_error(function() m:draw(80) end,
      "bad argument #1 to 'draw' (table expected, got number)")
  end)
end)

describe("the strip of a large map that grows", function()
  -- 128 -> 256 buckets: the insert that begins it moves old bucket 100, and 0;
  -- the step moves the rest of the first 64.
  local function half_moved()
    local m = fill(new_map(), 0, 831)
    m:set(100 + 128 * 7, 0)
    m:step(63)
    return m
  end

  it("has nothing left of the mark in the old array", function()
    local m = half_moved()
    assert.are.equal(64, m:header().nevacuate)
    local lines = lines_of(m:draw { width = 80, ascii = true })
    local old = lines[2]:match("|(.*)|")
    assert.are.equal(64, #old)
    local mark = lines[3]:find("^", 1, true) - lines[2]:find("|", 1, true)
    assert.are.equal(64 // 2 + 1, mark) -- a cell is two buckets
    assert.are.equal(("_"):rep(32), old:sub(1, 32))
    assert.is_nil(old:sub(33):find("_")) -- 100 shares a cell with 101
    assert.is_nil(old:sub(33):find(" "))
  end)

  it("fills the new halves below what has moved, and only there", function()
    local lines = lines_of(half_moved():draw { width = 80, ascii = true })
    local x, y = lines[4]:match("|(.*)|"), lines[5]:match("|(.*)|")
    for _, half in ipairs { x, y } do
      assert.is_nil(half:sub(1, 32):find(" "))
      assert.are.equal(51, half:find("%S", 33)) -- old 100
      assert.is_nil(half:find("%S", 52))
    end
  end)

  it("comes with the buckets at the mark and the next that has moved",
    function()
      local text = half_moved():draw { width = 70, ascii = true }
      assert.are.equal(unindent [[
        | old  63  moved    4 to new 63, 3 to new 191
        | old  64  waiting  [05 05 05 05 05 05  .  .]
        | old 100  moved    3 to new 100, 3 to new 228
        | new  63  [05 05 05 05  .  .  .  .]
        | new 191  [05 05 05  .  .  .  .  .]
        | new 100  [05 05 05  .  .  .  .  .]
        | new 228  [05 05 05 05  .  .  .  .]
        | hex: tophash   .: emptyRest
      ]], ("\n" .. text:match("\n\n(.*)")):gsub("\n", "\n|"):sub(2))
    end)

  it("costs the same for a thousand times the buckets", function()
    local function views_for(buckets)
      local looked = 0
      local view = { index = 0, which = "old", state = "live", chain = 1,
        slots = { { tophash = 7, state = "full", depth = 0 } } }
      picture.draw({
        header = { B = 20, nevacuate = 0, buckets = "0x1" },
        stats = { count = buckets, buckets = 2 * buckets,
          old_buckets = buckets, growing = true, kind = "double" },
        bucket = function() looked = looked + 1 return view end,
      }, { width = 80 })
      return looked
    end
    assert.is_true(views_for(2 ^ 10 // 1) <= 4096)
    assert.are.equal(views_for(2 ^ 11 // 1), views_for(2 ^ 21 // 1))
  end)
end)
