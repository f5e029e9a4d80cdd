-- Scans: pages of a map that lives on, by cursors that can be stored.

local hmap = require "hmap"

local function filled(n, opts)
  opts = opts or {}
  opts.key, opts.value = opts.key or "int64", opts.value or "int64"
  local m = hmap.new(opts)
  for i = 1, n do m:set(i, -i) end
  return m
end

-- Scans to the end; calls between(page) after each page. How often each key
-- came, and the number of pages.
local function sweep(m, n, between)
  local times, pages, cursor = {}, 0, nil
  repeat
    local keys, values
    cursor, keys, values = m:scan(cursor, n)
    pages = pages + 1
    for i, k in ipairs(keys) do
      times[k] = (times[k] or 0) + 1
      assert.are.equal(-k, values[i])
    end
    if between then between(pages) end
  until cursor == nil
  return times, pages
end

local function assert_once(times, first, last)
  for k = first, last do assert.are.equal(1, times[k], "key " .. k) end
end

describe("a scan", function()
  it("gives each entry once, in pages of any size", function()
    for _, n in ipairs { 0, 1, 8, 9, 100, 3000 } do
      for _, page in ipairs { 1, 7, 100, 100000 } do
        local times = sweep(filled(n), page)
        assert_once(times, 1, n)
        assert.is_nil(times[n + 1])
      end
    end
  end)

  it("gives at least as many as asked for, and not many more", function()
    local m = filled(3000)
    local cursor, keys = m:scan(nil, 50)
    assert.is_string(cursor)
    assert.is_true(#keys >= 50 and #keys < 50 + 64)
    cursor, keys = m:scan()
    assert.is_string(cursor)
    assert.is_true(#keys >= 100)
  end)

  it("does bounded work, however empty the map is", function()
    local m = filled(20000)
    for i = 1, 19990 do m:delete(i) end
    m:finish()
    local times, pages = sweep(m, 1)
    assert_once(times, 19991, 20000)
    assert.is_true(pages > 4096 // 72)
  end)

  it("gives each entry once while the map grows", function()
    local m, n = filled(1000), 1000
    local times = sweep(m, 20, function()
      for _ = 1, 200 do
        n = n + 1
        if n <= 30000 then m:set(n, -n) end
      end
    end)
    assert_once(times, 1, 1000)
  end)

  it("gives each entry once while the map shrinks", function()
    local m = filled(20000, { policy = "adaptive" })
    local last = 20000
    local times = sweep(m, 20, function()
      for _ = 1, 100 do
        if last > 300 then
          m:delete(last)
          last = last - 1
        end
      end
    end)
    assert_once(times, 1, 300)
    assert.is_true(m:stats().growths.shrink > 0)
  end)

  it("gives each entry once across rekeys, at most eight of them", function()
    local m, rekeys = filled(3000), 0
    local times = sweep(m, 300, function(page)
      if page % 3 == 0 and rekeys < 8 then
        m:rekey()
        rekeys = rekeys + 1
      end
      m:step(10)
    end)
    assert_once(times, 1, 3000)
    assert.is_true(m:stats().growths.rekey >= 3)
    assert.is_true(m:check())
  end)

  it("may come back with an empty page while a rekey is under way", function()
    local m = filled(20000)
    m:finish()
    local cursor = m:scan(nil, 10)
    m:rekey()
    local empty
    repeat
      local keys
      cursor, keys = m:scan(cursor, 10)
      empty = empty or #keys == 0
    until #keys > 0
    assert.is_true(empty)
    assert.is_string(cursor)
  end)

  it("gives tuples as tables, objects as themselves, sets as true", function()
    local m = hmap.new { key = { "x:int8", "int8" }, value = { "v:string" } }
    m:set(1, 2, "three")
    assert.are.same({ nil, { { 1, 2 } }, { { v = "three" } } },
      { m:scan() })
    local t = {}
    local objects = hmap.new()
    objects:set(t, print)
    local _, keys, values = objects:scan()
    assert.are.equal(t, keys[1])
    assert.are.equal(print, values[1])
    local set = hmap.new { key = "string", value = "none" }
    set:set("a")
    assert.are.same({ nil, { "a" }, { true } }, { set:scan() })
  end)

  it("keeps nothing in the map", function()
    local m = filled(1000)
    local bytes = m:stats().bytes
    m:scan(nil, 10)
    assert.are.equal(bytes, m:stats().bytes)
    assert.is_false(m:header().flags.iterator)
  end)
end)

describe("a cursor", function()
  local m = filled(1000, { seed = 7 })
  local cursor = m:scan(nil, 10)

  it("is a string to be stored, and can be used again", function()
    assert.is_truthy(cursor:find("^h1:%x+:%x+:%x+:%x+$"))
    assert.are.same({ m:scan(cursor, 10) }, { m:scan(cursor, 10) })
  end)

  it("goes on in a map of the same seed and entries", function()
    local again = filled(1000, { seed = 7, capacity = 5000 })
    local seen = {}
    local _, first = m:scan(nil, 10)
    for _, k in ipairs(first) do seen[k] = true end
    local c = cursor
    repeat
      local keys
      c, keys = again:scan(c, 10)
      for _, k in ipairs(keys) do
        assert.is_nil(seen[k])
        seen[k] = true
      end
    until c == nil
    for k = 1, 1000 do assert.is_true(seen[k]) end
  end)

  it("of another map is refused", function()
    assert.has_error(function() filled(1000, { seed = 8 }):scan(cursor) end,
      "bad argument #1 to 'scan' (a cursor of another map)")
    assert.has_error(function() filled(1000):scan(cursor) end)
  end)

  it("that is none is refused", function()
    local id = cursor:match "^h1:(%x+)"
    for _, text in ipairs { "", "h1", "h1:", "h2" .. cursor:sub(3), "x",
      "h1:" .. id, "h1:" .. id .. ":1:0", "h1:" .. id .. ":1:0:", cursor .. "x",
      cursor .. "\0", "h1:0:0:0:0", " " .. cursor, "h1:" .. id .. ":100:0:0",
      "h1:" .. id .. (":1:0:0"):rep(10), "h1:" .. ("f"):rep(17) .. ":1:0:0" } do
      local ok, err = pcall(m.scan, m, text)
      assert.is_false(ok, text)
      assert.is_truthy(err:find("not a cursor", 1, true), err)
    end
    for _, text in ipairs { "h1:" .. id .. ":1:5:0", "h1:" .. id .. ":1:0:7",
      "h1:" .. id .. ":3f:0:0" } do
      local ok, err = pcall(m.scan, m, text)
      assert.is_false(ok, text)
      assert.is_truthy(err:find("damaged", 1, true), err)
    end
    assert.has_error(function() m:scan(5) end,
      "bad argument #1 to 'scan' (cursor or nil expected, got number)")
    for _, bad in ipairs { 0, -1, 1.5, "x" } do
      assert.has_error(function() m:scan(nil, bad) end)
    end
  end)

  it("from before too many rekeys is refused", function()
    local old = filled(100)
    local c = old:scan(nil, 1)
    for _ = 1, 9 do
      old:rekey()
      old:finish()
    end
    local ok, err = pcall(old.scan, old, c)
    assert.is_false(ok)
    assert.is_truthy(err:find("before the last 8 rekeys", 1, true), err)
  end)
end)
