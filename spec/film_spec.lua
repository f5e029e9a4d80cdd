-- hmap.film: the film of a map shows what the map was, at every operation.
local hmap = require "hmap"
local picture = require "hmap.text.picture"
local replay = require "hmap.observe.replay"

-- Random numbers of our own: the same on every machine.
local function lots(seed)
  return function(n)
    seed = seed * 6364136223846793005 + 1442695040888963407
    return (seed >> 33) % n + 1
  end
end

-- -- what a map and its film have to agree on ---------------------------------

local function slot_text(slot)
  local key = slot.key
  if type(key) == "table" then
    local fields = {}
    for k, v in pairs(key) do fields[#fields + 1] = k .. "=" .. tostring(v) end
    table.sort(fields)
    key = table.concat(fields, ",")
  end
  return string.format("%d %s %s %s", slot.depth, slot.tophash, slot.state,
    slot.state == "full" and tostring(key) or "")
end

local function bucket_text(view)
  local lines = { view.which .. " " .. view.index .. " " .. view.chain }
  for _, slot in ipairs(view.slots) do lines[#lines + 1] = slot_text(slot) end
  return table.concat(lines, "\n")
end

local COMPARED = { "count", "buckets", "old_buckets", "growing", "kind",
  "threshold", "next_growth_at", "evacuated", "remaining", "overflow_in_use",
  "noverflow", "load", "longest_chain" }

local function assert_bucket(map, scene, i, which)
  local view = map:bucket(i, which)
  local filmed = scene.bucket(i, which)
  if view.unknown then return end
  local is, shown = bucket_text(view), bucket_text(filmed)
  if is ~= shown or view.state ~= filmed.state then -- luassert is slow
    assert.equal(view.state .. is, filmed.state .. shown)
  end
end

local function assert_same(map, scene)
  local stats, header = map:stats(), map:header()
  local function compare(names, a, b)
    for _, name in ipairs(names) do
      if a[name] ~= b[name] then assert.equal(a[name], b[name], name) end
    end
  end
  compare(COMPARED, stats, scene.stats)
  compare({ "count", "B", "nevacuate", "noverflow" }, header, scene.header)
  for which, n in pairs { new = stats.buckets, old = stats.old_buckets } do
    for i = 0, n - 1 do assert_bucket(map, scene, i, which) end
  end
end

-- A script of n operations on so many keys: mostly sets, some deletes, and
-- what else there is.
local function script(opts, n, keys, key_of)
  local lot = lots(opts.seed)
  local calls, list = {}, {}
  local function call(what, with, k)
    calls[#calls + 1] = { call = what, times = 1, n = with }
    if k then list[#list + 1] = key_of(k) end
  end
  for i = 1, n do
    local dice = lot(1000)
    local deletes = i // (n // 4) % 2 == 1 -- a wave of deletes, twice
    if dice == 1 and opts.clear then
      call("clear")
    elseif dice <= 3 then
      call("shrink")
    elseif dice <= 5 then
      call("rekey")
    elseif dice <= 8 then
      call("step", lot(4))
    elseif dice <= 9 then
      call("reserve", lot(keys))
    elseif dice <= (deletes and 800 or 200) then
      call("delete", nil, lot(keys))
    elseif dice <= 850 then
      call("get_or_set", nil, lot(keys))
    else
      call("set", nil, lot(keys))
    end
  end
  local s = { calls = calls, keys = list }
  for k, v in pairs(opts) do s[k] = v end
  s.clear = nil
  return s
end

local function int(i) return i * 7 end

-- Looks while the map is played: at some operations the film is held to it.
local function assert_film(s, opts)
  local film = hmap.film(s, opts)
  local lot, seen = lots(99), 0
  local m = replay.play(s, function(map, op)
    if op > 0 and op < 40 or lot(24) == 1 then
      assert_same(map, film:at(op))
      seen = seen + 1
    end
  end)
  assert_same(m, film:at(film.operations))
  assert.is_true(seen > 20)
  m:close()
  return film
end

local POLICIES = { "go", "adaptive", "smooth", "redis", "all_at_once",
  { moves = 5, shrink = 1 / 8 }, { load = 1, moves = 1, empty_visits = 4 } }

describe("a film", function()
  for i, policy in ipairs(POLICIES) do
    local name = type(policy) == "string" and policy or "a table " .. i
    it("shows every bucket as the map had it, under policy " .. name,
      function()
        local s = script({ key = "int64", value = "none", policy = policy,
          seed = i, clear = true }, 2500, 700, int)
        assert_film(s)
      end)
  end

  it("shows growths to the same size", function()
    local s = { key = "int64", value = "none", hash = "identity", seed = 1,
      capacity = 104, keys = {}, calls = {} }
    local function call(what, key)
      s.keys[#s.keys + 1] = key
      s.calls[#s.calls + 1] = { call = what, times = 1 }
    end
    for b = 0, 15 do -- an overflow bucket each, and then few entries
      for i = 0, 8 do call("set", b + 16 * i) end
      for i = 2, 7 do call("delete", b + 16 * i) end
    end
    for b = 0, 15 do call("set", b + 16 * 9) end
    local film = assert_film(s)
    local kinds = {}
    for _, g in ipairs(film.growths) do kinds[g.kind] = true end
    assert.is_true(kinds.same_size)
  end)

  it("has any keys that a map has", function()
    local kinds = {
      { "string", function(k) return ("k"):rep(k % 40) .. k end },
      { "float64", function(k) return k / 8 end },
      { "float32", function(k) return k / 10 end },
      { { "x:int32", "string" }, function(k) return { x = k, [2] = "t" } end },
      { "any", function(k) return k % 2 == 0 and k / 4 or "t" .. k end },
      { "bool", function(k) return k % 2 == 0 end },
      { "[5]byte", function(k) return ("%05d"):format(k) end },
    }
    for i, kind in ipairs(kinds) do
      assert_film(script({ key = kind[1], value = "none", seed = i,
        policy = "adaptive", clear = true }, 600, 300, kind[2]))
    end
  end)

  it("follows NaNs, which are no key twice", function()
    local keys = {}
    for i = 1, 300 do keys[i] = i % 3 == 0 and 0 / 0 or i + 0.5 end
    assert_film { key = "float64", value = "none", seed = 3, keys = keys }
  end)

  it("follows one bucket in 2, 4, .. of a long life, exactly", function()
    local keys = {}
    for i = 1, 6000 do keys[i] = i end
    local s = { key = "int64", value = "none", seed = 3, keys = keys }
    local film = hmap.film(s, { limit = 1000 })
    assert.equal(8, film.stride)
    local lot, held = lots(5), 0
    replay.play(s, function(map, op)
      if op == 0 or lot(40) ~= 1 then return end
      local scene = film:at(op)
      for which, n in pairs { new = map:stats().buckets,
        old = map:stats().old_buckets } do
        for b = 0, n - 1, 8 do
          assert.equal(bucket_text(map:bucket(b, which)),
            bucket_text(scene.bucket(b, which)))
          held = held + 1
        end
        assert.is_nil(scene.bucket(1, which))
      end
    end):close()
    assert.is_true(held > 1000)
    assert.is_true(film.nframes < 1500)
  end)

  it("of a map is the map as it stands", function()
    local m = hmap.new { key = { "x:int32", "string" }, value = "int64" }
    for i = 1, 417 do m:set(i, "t" .. i, i) end
    assert.is_true(m:stats().growing)
    local scene = hmap.film(m):at(0)
    assert_same(m, scene)
    assert.equal(417, scene.stats.count)
  end)

  it("of a recording is that of what was recorded", function()
    local m = hmap.new { key = "string", value = "int64", seed = 6 }
    m:record(100000)
    local keys = {}
    for i = 1, 500 do
      keys[i] = "key " .. i
      m:set(keys[i], i)
    end
    local r = m:events()
    r.keys = keys
    assert_same(m, hmap.film(r):at(500))
    r.keys = { table.unpack(keys, 2) }
    r.keys[500] = "another"
    assert.error_matches(function() hmap.film(r) end,
      "do not belong together")
  end)

  it("draws the same picture as the map", function()
    local keys = {}
    for i = 1, 200 do keys[i] = i end
    local s = { key = "int64", value = "none", seed = 1, keys = keys }
    local film = hmap.film(s)
    replay.play(s, function(map, op)
      if op > 0 then
        assert.equal(map:draw { width = 80, ascii = false },
          picture.draw(film:at(op), { width = 80 }))
      end
    end):close()
  end)

  it("tells what moved, from where to where", function()
    local keys = {}
    for i = 1, 27 do keys[i] = i end
    local film = hmap.film { key = "int64", value = "none", seed = 1,
      keys = keys }
    local scene = film:at(27)
    assert.equal("grow_begin", scene.events[1].kind)
    local moved = 0
    for _, e in ipairs(scene.events) do
      if e.kind == "evacuate" then moved = moved + e.to_x + e.to_y end
    end
    assert.is_true(moved > 0)
    assert.equal(moved, #scene.moves)
    local before = film:at(26)
    local slots = before.bucket(scene.moves[1].from.bucket, "new").slots
    local from = scene.moves[1].from
    assert.equal(scene.moves[1].key,
      slots[from.depth * 8 + from.slot + 1].key)
    assert.matches("^began a growth from 4 to 8 buckets",
      film:at(27).cause)
    assert.equal(27, film.growths[3].begin_op)
  end)

  it("has the hash of every key from the core, also after a rekey",
    function()
      local s = script({ key = "int64", value = "none", seed = 9 }, 800, 200,
        int)
      local film = hmap.film(s)
      replay.play(s, function(map, op)
        if op == 0 or op % 37 > 0 then return end
        local scene = film:at(op)
        for number = 0, film.nkeys - 1 do -- an iterator would move entries
          local e = map:explain((film:key(number)))
          local place = e.found and scene.find(number)
          if place then
            assert.equal(e.hash, ("0x%016x"):format(scene.hash(number)))
            assert.same({ e.which, e.bucket, e.depth, e.slot },
              { place.which, place.bucket, place.depth, place.slot })
          else
            assert.is_false(e.found)
          end
        end
      end):close()
    end)

  it("leaves no half of a page, and what was there before in its place",
    function()
      local path = os.tmpname()
      os.remove(path)
      assert(os.execute("ln -s /dev/full " .. path))
      for _ = 1, 2 do
        assert.error_matches(function() hmap.report(hmap.new(), path) end,
          "No space left on device")
      end
      assert(os.execute("test -L " .. path .. " && rm " .. path))
      assert.error_matches(function() hmap.report(hmap.new(), path .. "/x") end,
        "No such file or directory")
    end)

  it("goes into a pipe as into a file", function()
    local path = os.tmpname()
    os.remove(path)
    assert(os.execute(("mkfifo %s && { cat %s >%s.read & }"):format(path, path,
      path)))
    local size = hmap.report(hmap.new(), path)
    assert(os.execute(("while [ $(wc -c <%s.read) -lt %d ]; do sleep 0.1; done;"
      .. " rm %s %s.read"):format(path, size, path, path)))
  end)

  it("says what is wrong with what it is made of", function()
    assert.error_matches(function() hmap.film(1) end,
      "bad argument #1 to 'film'")
    assert.error_matches(function() hmap.film { keys = 1 } end,
      "field keys: list expected, got number")
    local closed = hmap.new()
    closed:close()
    assert.has_error(function() hmap.film(closed) end, "map is closed")
    assert.error_matches(function() hmap.film(hmap.new(), hmap.new()) end,
      "bad argument #2 to 'film' %(table expected, got userdata%)")
    assert.error_matches(function() hmap.film(hmap.new(), { cells = "x" }) end,
      "option 'cells': integer from 1 on expected, got \"x\"")
    assert.error_matches(function()
      hmap.film { keys = { "a" }, key = "int64" }
    end, "operation 1: .*int64 key expected, got string")
    assert.error_matches(function()
      hmap.film { keys = { 1 }, calls = { { call = "dance", times = 1 } } }
    end, "script.calls%[1%]: none that a map can be asked")
    assert.error_matches(function()
      hmap.film { keys = { 1 }, calls = { print } }
    end, "script.calls%[1%]: none that a map can be asked")
    for _, key in ipairs { print, 5, { 5 }, "int65", setmetatable({}, {
      __index = error }) } do
      assert.error_matches(function() hmap.film { keys = { 1 }, key = key } end,
        "bad argument #1 to 'film' %(option 'key': ")
    end
    assert.error_matches(function()
      hmap.film({ keys = { 1 } }):at(2)
    end, "operation from 0 to 1 expected, got 2")
  end)
end)

describe("hmap.report with a path", function()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function written()
    local file <close> = assert(io.open(path, "rb"))
    return file:read "a"
  end

  local KEYS = { key = "int64", value = "none", seed = 1, keys = { 1, 2, 3 } }

  it("writes one file, whose bytes it returns", function()
    local size = hmap.report(KEYS, path)
    local text = written()
    assert.equal(#text, size)
    assert.truthy(text:find("^<!DOCTYPE html>"))
    assert.truthy(text:find('"operations":3', 1, true))
    assert.is_nil(text:find("src=", 1, true))
    assert.is_nil(text:find("https?://[^w]")) -- but for a name space
  end)

  it("takes maps, films, and lists of such", function()
    local m <close> = hmap.new { key = "int64", seed = 1, name = "one" }
    m:set(1, "x")
    hmap.report({ m, KEYS, hmap.film(KEYS) }, path)
    local text = written()
    for i = 0, 2 do
      assert.truthy(text:find('id="film-' .. i .. '-frames"', 1, true))
    end
    assert.is_nil(text:find('id="film-3-frames"', 1, true))
  end)

  it("lets nothing of a key or a name become markup", function()
    local evil = "</script><b>\255"
    hmap.report({ keys = { evil }, key = "string", value = "none",
      name = evil }, path)
    local _, scripts = written():gsub("</script>", "")
    local _, begun = written():gsub("<script", "")
    assert.equal(begun, scripts)
    assert.is_nil(written():find("<b>\255", 1, true))
  end)

  it("says what is wrong, and leaves no file of it", function()
    assert.error_matches(function()
      hmap.report(KEYS, "/no such folder/page.html")
    end, "no such folder")
    assert.error_matches(function() hmap.report({ keys = 1 }, path) end,
      "field keys: list expected")
    assert.equal("", written())
    local closed = hmap.new()
    closed:close()
    assert.has_error(function() hmap.report(closed, path) end, "map is closed")
    assert.error_matches(function() hmap.report(KEYS, path, true) end,
      "^bad argument #3 to 'report' %(table expected, got boolean%)")
    assert.error_matches(function() hmap.report(KEYS) end,
      "hmap expected without a path, got table")
  end)
end)
