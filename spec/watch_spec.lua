-- m:watch(key, fn), m:watch({bucket = i}, fn): what becomes of one entry, or of
-- those of one bucket.
local hmap = require "hmap"

local function new(opts)
  opts = opts or {}
  opts.key, opts.value = opts.key or "int64", opts.value or "int64"
  opts.seed = opts.seed or 1
  return hmap.new(opts)
end

local function plain(t)
  local copy = {}
  for name, value in pairs(t) do copy[name] = value end
  return copy
end

-- A function that appends what it is told, and the list.
local function listener()
  local list = {}
  return function(t) list[#list + 1] = t end, list
end

local function texts(list)
  local lines = {}
  for i, t in ipairs(list) do lines[i] = tostring(t) end
  return table.concat(lines, "\n")
end

-- Where the entry of a key is, by the views: array and bucket.
local function place(m, ...)
  local e = m:explain(...)
  return e.which, e.bucket
end

describe("a watch of a key", function()
  it("tells what becomes of its entry", function()
    local m = new { seed = 11 }
    local fn, list = listener()
    m:watch(5, fn)
    for i = 1, 4 do m:set(i, i) end
    m:set(5, 50)
    for i = 6, 30 do m:set(i, i) end
    m:set(5, 51)
    m:add(5)
    m:delete(5)
    m:delete(5)
    m:set(5, 52)
    m:clear()
    m:clear()
    assert.are.equal([[
op 5: 5 inserted in bucket 0
op 9: 5 moves from old bucket 0 to bucket 1
op 14: 5 moves from old bucket 1 to bucket 3
op 28: 5 moves from old bucket 3 to bucket 7
op 31: 5 overwritten in bucket 7
op 32: 5 overwritten in bucket 7
op 33: 5 deleted from bucket 7
op 35: 5 inserted in bucket 7
op 36: 5 goes with all entries]], texts(list))
    assert.are.same({ kind = "move", op = 9, key = 5, bucket = 1,
      which = "new", from = 0 }, plain(list[2]))
    assert.are.same({ kind = "clear", op = 36, key = 5 }, plain(list[9]))
  end)

  local KEYS = {
    { "int64", 7 }, { "uint8", 7 }, { "float64", 0.5 }, { "bool", true },
    { "string", "short" },
    { "string", "a text that does not fit in a cell of the map" },
    { "[4]byte", "four" }, { "[200]byte", ("x"):rep(200) },
    { "any", 7 }, { "any", 7.5 }, { "any", "a text of more than 15 bytes" },
    { "any", true }, { "any", print }, { "any", { 1, 2 } },
  }

  for _, of in ipairs(KEYS) do
    local kind, key = of[1], of[2]
    it(("knows a key of type %s, %.12s, under every hash key"):format(kind,
      type(key) == "string" and key or type(key)), function()
      local m = new { key = kind, value = "any" }
      local fn, list = listener()
      m:watch(key, fn)
      m:set(key, 1)
      m:rekey()
      m:finish()
      m:reserve(500)
      m:finish()
      m:shrink()
      m:finish()
      m:set(key, 2)
      local which, bucket = place(m, key)
      assert.are.equal(bucket, list[#list].bucket)
      assert.are.equal(which, list[#list].which)
      assert.is_true(m:delete(key))
      local kinds = {}
      for i, t in ipairs(list) do
        kinds[i] = t.kind
        assert.are.equal(key, t.key)
      end
      assert.are.equal("insert move move move overwrite delete",
        table.concat(kinds, " "))
    end)
  end

  it("knows a tuple, which it gives as a table of its fields", function()
    local m = new { key = { "x:int32", "y:int32" }, value = "string" }
    local text = new { key = { "a:string", "int8" }, value = "none" }
    local fn, list = listener()
    m:watch(3, 4, fn)
    m:set(3, 4, "orc")
    m:set(4, 3, "elf")
    m:delete(3, 4)
    assert.are.equal([[
op 1: {x=3, y=4} inserted in bucket 0
op 3: {x=3, y=4} deleted from bucket 0]], texts(list))
    fn, list = listener()
    text:watch("a text of more than fifteen bytes", 1, fn)
    text:set("a text of more than fifteen bytes", 1)
    text:set("a text of more than fifteen bytes", 2)
    assert.are.equal(1, #list)
    assert.are.same({ "a text of more than fifteen bytes", 1 }, list[1].key)
  end)

  it("agrees with the views at each move of every policy", function()
    for _, policy in ipairs { "go", "adaptive", "smooth", "redis",
      "all_at_once" } do
      local m = new { policy = policy }
      local which, bucket
      for key = 1, 20 do
        m:watch(key, function(t)
          which, bucket = t.which, t.bucket
          if t.key == 20 then
            local now, at = place(m, 20)
            if t.kind ~= "delete" and m:has(20) and t.kind ~= "move" then
              assert.are.equal(now .. at, which .. bucket)
            end
          end
        end)
      end
      for i = 1, 500 do m:set(i, i) end
      for i = 21, 500 do m:delete(i) end
      m:finish()
      for key = 1, 20 do
        bucket = nil
        m:set(key, 0)
        local now, at = place(m, key)
        assert.are.equal(now, which)
        assert.are.equal(at, bucket)
      end
    end
  end)

  it("tells of a delete in an old bucket that had not moved", function()
    local m = new()
    for i = 1, 8 do m:set(i, i) end
    m:tune { step_on = "manual" }
    m:reserve(1000)
    local fn, list = listener()
    m:watch(3, fn)
    m:delete(3)
    -- a write moves the bucket that it needs
    assert.are.equal("move delete", list[1].kind .. " " .. list[2].kind)
    assert.are.equal("new", list[2].which)
  end)

  it("hears of every way of writing", function()
    local m = new()
    local fn, list = listener()
    m:watch(1, fn)
    local function tells(kind, act)
      local n = #list
      act()
      assert.are.equal(n + 1, #list)
      assert.are.equal(kind, list[#list].kind)
    end
    tells("insert", function() m:set_many({ 9, 1 }, { 1, 1 }) end)
    tells("overwrite", function() m:set_many { [1] = 2 } end)
    tells("overwrite", function() m:merge { [1] = 3 } end)
    tells("overwrite", function() m:merge(m:clone()) end)
    tells("overwrite", function() m:swap(1, 3) end)
    tells("delete", function() m:delete_many { 9, 1, 1 } end)
    tells("insert", function() m:get_or_set(1, 1) end)
    tells("delete", function() m:pop(1) end)
    tells("insert", function() m:add(1) end)
    tells("delete", function() m:set(1, nil) end)
    tells("insert", function() m:view()[1] = 5 end)
    tells("delete", function() m:view()[1] = nil end)
    tells("insert", function() m:swap(1, 1) end)
    tells("clear", function() m:clear() end)
  end)

  it("says nothing of a lookup, and of other keys", function()
    local m = new()
    local fn, list = listener()
    for i = 1, 8 do m:set(i, i) end
    m:watch(1, fn)
    m:get(1)
    m:has(1)
    m:explain(1)
    for _ in m:pairs() do end
    m:set(2, 2)
    m:delete(3)
    assert.are.equal(0, #list)
  end)

  it("is replaced by another function and ended by nil", function()
    local m = new()
    local one, first = listener()
    local two, second = listener()
    m:watch(1, one)
    m:watch(2, one)
    m:set(1, 1)
    m:watch(1, two)
    m:set(1, 2)
    m:set(2, 2)
    m:watch(1, nil)
    m:watch(77, nil)
    m:set(1, 3)
    m:set(2, 3)
    assert.are.equal(3, #first)
    assert.are.equal(1, #second)
    m:watch(2, nil)
    m:set(2, 4)
    assert.are.equal(3, #first)
  end)

  it("can be one of very many", function()
    local m = new()
    local told = 0
    for i = 1, 300 do m:watch(i, function() told = told + 1 end) end
    for i = 1, 300 do m:set(i, i) end
    assert.is_true(told > 300)
    for i = 1, 300 do m:watch(i, nil) end
    local n = told
    for i = 1, 300 do m:set(i, i) end
    assert.are.equal(n, told)
  end)

  it("takes 1 and 1.0 for one key of an any map, as Lua does", function()
    local m = new { key = "any", value = "any" }
    local fn, list = listener()
    m:watch(1.0, fn)
    m:set(1, "one")
    assert.are.equal(1, #list)
    m:watch(1, nil)
    m:set(1, "uno")
    assert.are.equal(1, #list)
  end)

  it("keeps no object alive once it has ended", function()
    local m = new { key = "any", value = "any" }
    local weak = setmetatable({}, { __mode = "k" })
    do
      local key = {}
      weak[key] = true
      m:watch({ key = key }, function() end)
      collectgarbage()
      assert.is_truthy(next(weak))
      m:watch({ key = key }, nil)
    end
    collectgarbage()
    assert.is_nil(next(weak))
  end)
end)

describe("a watch of a bucket", function()
  it("tells of every entry that comes, goes and moves", function()
    local m = new()
    local fn, list = listener()
    for i = 1, 26 do m:set(i, i) end
    m:watch({ bucket = 3 }, fn)
    for i = 27, 35 do m:set(i, i) end
    local moved = {}
    for _, t in ipairs(list) do
      assert.are.equal(3, t.watched)
      if t.kind == "move" then
        assert.are.equal(3, t.from)
        assert.is_true(t.bucket == 3 or t.bucket == 7)
        moved[#moved + 1] = t.key
      end
    end
    assert.are.equal(5, #moved)
    for _, key in ipairs(moved) do
      local _, bucket = place(m, key)
      assert.is_true(bucket == 3 or bucket == 7)
    end
  end)

  it("has seen all that is in the bucket", function()
    local KEYS = {
      int64 = function(i) return i end,
      string = function(i) return ("a long text "):rep(i % 3) .. i end,
      any = function(i) return i % 2 == 0 and i or { i } end,
      ["[16]byte"] = function(i) return ("%016d"):format(i) end,
    }
    for kind, key in pairs(KEYS) do
      for _, policy in ipairs { "go", "adaptive", "smooth", "redis",
        "all_at_once" } do
        local m = new { key = kind, value = "any", policy = policy }
        local there, keys = {}, {}
        m:watch({ bucket = 1 }, function(t)
          if t.kind == "clear" then
            there = {}
            return
          end
          assert.is_not_nil(t.key)
          if t.kind == "delete" or t.bucket ~= 1 then
            there[t.key] = nil
          else
            there[t.key] = true
          end
        end)
        for i = 1, 300 do
          keys[i] = key(i)
          m:set(keys[i], i)
        end
        for i = 1, 300, 3 do m:delete(keys[i]) end
        m:rekey()
        m:finish()
        for i = 1, 300, 5 do m:set(keys[i], i) end
        m:finish()
        local n = 0
        for _, slot in ipairs(m:bucket(1).slots) do
          if slot.state == "full" then
            n = n + 1
            assert.is_true(there[slot.key], kind .. " " .. policy)
          end
        end
        for _ in pairs(there) do n = n - 1 end
        assert.are.equal(0, n)
        m:clear()
        assert.is_nil(next(there))
        assert.is_true(m:check())
      end
    end
  end)

  it("gives the key of an entry that is gone", function()
    local m = new { key = "any", value = "any" }
    local fn, list = listener()
    m:watch({ bucket = 0 }, fn)
    local object, text = { "an object" }, ("text"):rep(10)
    m:set(object, 1)
    m:set(text, 2)
    m:delete_many { object, text }
    assert.are.equal(4, #list)
    assert.are.equal(object, list[1].key)
    assert.are.equal(object, list[3].key)
    assert.are.equal(text, list[4].key)
    assert.is_true(m:check())
  end)

  it("gives the key of an entry that a callback deletes", function()
    local m = new { key = "any", value = "any" }
    local object, seen = {}, {}
    m:watch({ bucket = 0 }, function(t)
      seen[#seen + 1] = t
      if t.kind == "insert" and t.key == 1 then
        m:delete(object)
        m:set({}, "may take the number of the other")
        assert.is_true(m:check())
      end
    end)
    m:set_many { [1] = 1 }
    m:set_many({ 1, object }, { 1, 2 })
    assert.is_true(#seen >= 4)
    for _, t in ipairs(seen) do assert.is_not_nil(t.key) end
    m:clear()
    assert.are.equal("bucket 0 goes with all entries",
      tostring(seen[#seen]):match("op %d+: (.*)"))
    assert.is_true(m:check())
  end)

  it("does without the key of an object that clear let go", function()
    local m = new { key = "any", value = "any" }
    local seen = {}
    m:watch({ bucket = 0 }, function(t)
      seen[#seen + 1] = tostring(t):match(": (.*)")
      if #seen == 1 then m:clear() end
    end)
    m:set_many({ {}, {} }, { 1, 2 })
    assert.are.equal("an object inserted in bucket 0", seen[2])
    assert.are.equal("bucket 0 goes with all entries", seen[3])
  end)

  it("is ended by nil, and may be of a bucket yet to come", function()
    local m = new()
    local fn, list = listener()
    m:watch({ bucket = 40 }, fn)
    for i = 1, 420 do m:set(i, i) end
    assert.is_true(#list > 0)
    m:watch({ bucket = 40 }, nil)
    local n = #list
    for i = 1, 420 do m:set(i, i) end
    assert.are.equal(n, #list)
  end)
end)

describe("watch", function()
  it("takes a table as a key of an any map, unless it is a form", function()
    local m = new { key = "any", value = "any" }
    local fn, list = listener()
    local key, form = { 1, 2 }, { bucket = 0 }
    m:watch(key, fn)
    m:set(key, 1)
    assert.are.equal(1, #list)
    m:watch({ key = form }, fn) -- a table that looks like a form
    m:set(form, 1)
    assert.are.equal(2, #list)
    assert.are.equal(form, list[2].key)
    m:watch(form, fn)
    m:set(1, 1)
    assert.are.equal(0, list[3].watched)
  end)

  it("says what it wants", function()
    local m, pair = new(), new { key = { "int8", "int8" } }
    local fn = listener()
    assert.has_error(function() m:watch(1) end,
      "bad argument #2 to 'watch' (function or nil expected, got no value)")
    assert.has_error(function() m:watch(1, 2) end,
      "bad argument #2 to 'watch' (function or nil expected, got number)")
    assert.has_error(function() m:watch("x", fn) end,
      "bad argument #1 to 'watch' (int64 key expected, got string)")
    assert.has_error(function() m:watch({}, fn) end, "bad argument #1 to "
      .. "'watch' (key or {bucket = i} expected, got another table)")
    assert.has_error(function() m:watch({ bucket = -1 }, fn) end, "bad "
      .. "argument #1 to 'watch' (buckets are counted from 0, got -1)")
    assert.is_false(pcall(m.watch, m, { bucket = "one" }, fn))
    assert.is_false(pcall(m.watch, m, { bucket = 1, key = 2 }, fn))
    assert.is_false(pcall(m.watch, m))
    assert.is_false(pcall(m.watch, m, nil, fn))
    assert.is_false(pcall(m.watch, m, { bucket = 1 }))
    assert.is_false(pcall(pair.watch, pair, 1, fn))
    assert.is_false(pcall(pair.watch, pair, { 1, 2 }, fn))
    assert.is_false(pcall(new { key = "float64" }.watch,
      new { key = "float64" }, 0 / 0, fn))
    m:close()
    assert.has_error(function() m:watch(1, fn) end, "map is closed")
    assert.are.equal(0, #select(2, listener()))
  end)

  it("tells in the order in which things happened, with the trace", function()
    local m, list = new(), {}
    local function tell(t) list[#list + 1] = tostring(t) end
    for i = 1, 8 do m:set(i, i) end
    m:watch(9, tell)
    m:watch(1, tell)
    m:trace(tell)
    m:set(9, 9)
    assert.are.equal([[
op 1: doubling begins, 1 -> 2 buckets, 8 entries
op 1: 1 moves from old bucket 0 to bucket 0
op 1: old bucket 0 moves, 4 to x, 4 to y
op 1: doubling ends, 1 -> 2 buckets
op 1: 9 inserted in bucket 0]], (table.concat(list, "\n")
      :gsub("to bucket %d", "to bucket 0"):gsub("in bucket %d",
        "in bucket 0")))
  end)

  it("is under the rules of trace when its function raises or writes",
    function()
      local m, list = new(), {}
      m:watch(1, function(t)
        list[#list + 1] = t.kind
        if t.kind == "insert" then m:delete(1) end
        if t.kind == "delete" then error("no more") end
      end)
      local ok, err = pcall(m.set, m, 1, 1)
      assert.is_false(ok)
      assert.is_truthy(err:find("no more"))
      assert.are.same({ "insert", "delete" }, list)
      assert.are.equal(0, #m)
    end)

  it("may end itself, others and the map in its function", function()
    local m, list = new(), {}
    m:watch({ bucket = 0 }, function(t)
      list[#list + 1] = t.kind
      m:watch({ bucket = 0 }, nil)
      m:watch(2, nil)
    end)
    m:watch(2, function() list[#list + 1] = "other" end)
    m:set(2, 2)
    assert.are.same({ "insert" }, list)
    m:watch(2, function(t)
      list[#list + 1] = t.kind
      m:close()
    end)
    m:set(2, 3)
    assert.are.equal("overwrite", list[2])
    assert.has_error(function() m:get(1) end, "map is closed")
  end)

  it("tells of what comes before a close its key all the same", function()
    local m, list = new { key = "any", value = "any" }, {}
    local object = {}
    m:watch({ bucket = 0 }, function(t)
      list[#list + 1] = t.key == nil and "gone" or t.key
      m:close()
    end)
    m:watch(object, function(t)
      list[#list + 1] = t.key
    end)
    m:set_many({ "a text of more than fifteen bytes" }, { 1 })
    assert.are.same({ "a text of more than fifteen bytes" }, list)
    m = new { key = "any", value = "any" }
    m:watch({ bucket = 0 }, function(t)
      list[#list + 1] = t.key == nil and "gone" or t.key
      m:close()
    end)
    m:set_many({ 1, object, "two" }, { 1, 2, 3 })
    assert.are.same({ 1, "gone", "two" }, { list[2], list[3], list[4] })
  end)

  it("leaves a map that is collected with it", function()
    local weak = setmetatable({}, { __mode = "k" })
    do
      local m = new { key = "any", value = "any" }
      weak[m] = true
      m:watch(m, function() return m end)
      m:watch({ bucket = 0 }, function() error("no") end)
      pcall(m.set, m, m, m)
      pcall(m.set, m, "some text that is not short", m)
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end)
end)
