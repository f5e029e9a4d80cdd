-- hmap.from and m:load_lines: entries from tables, iterators and files.
local hmap = require "hmap"

local path = os.tmpname()

local function file_of(text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
  return path
end

local function types_of(m) return tostring(m):match "^hmap (.-):" end

-- What a call raises, without where.
local function refused(...)
  local ok, why = pcall(...)
  assert.is_false(ok)
  return (why:gsub("^[^:]*%.lua:%d+: ", ""):gsub(path, "FILE", 1))
end

teardown(function() os.remove(path) end)

describe("hmap.from", function()
  it("has the entries of a table, and types that hold them all", function()
    for expected, t in pairs {
      ["string -> int64"] = { a = 1, b = 2 },
      ["int64 -> int64"] = { 10, 20, 30 },
      ["float64 -> bool"] = { [1] = true, [2.5] = false },
      ["any -> any"] = { a = 1, [2] = "b" },
      ["string -> any"] = { a = {}, b = print },
    } do
      local m <close> = hmap.from(t)
      assert.are.equal(expected, types_of(m))
      assert.are.same(t, m:totable())
      assert.is_true(m:check())
    end
    assert.are.equal("any -> any", types_of(hmap.from {}))
  end)

  it("grows at no entry of a table", function()
    local t = {}
    for i = 1, 5000 do t[i] = i end
    assert.are.equal(0, hmap.from(t):stats().growths.double)
  end)

  it("takes what hmap.new takes", function()
    local m <close> = hmap.from({ a = 1 }, { key = "string", value = "uint8",
      name = "small", seed = 7 })
    assert.are.equal("'small' string -> uint8", types_of(m))
  end)

  it("takes a table's metamethods for what they say", function()
    local m <close> = hmap.from(setmetatable({}, { __pairs = function()
      return next, { pear = 3 }
    end }))
    assert.are.same({ pear = 3 }, m:totable())
  end)

  it("makes a set of a list", function()
    local m <close> = hmap.from({ "a", "b", "a" }, { value = "none" })
    assert.are.equal("string -> none", types_of(m))
    assert.are.same({ a = true, b = true }, m:totable())
  end)

  it("takes back what totable gave, tuples too", function()
    local opts = { key = { "x:int32", "y:int32" }, value = { "hp:int8" } }
    local m <close> = hmap.new(opts)
    for i = 1, 30 do m:set(i, -i, i) end
    local again <close> = hmap.from(m:totable(), opts)
    assert.are.equal(30, #again)
    for i = 1, 30 do assert.are.equal(i, again:get(i, -i)) end
    local set <close> = hmap.new { key = opts.key, value = "none" }
    set:set(1, 2)
    assert.is_true(hmap.from(set:totable(),
      { key = opts.key, value = "none" }):has(1, 2))
  end)

  it("calls a function until it returns nil", function()
    local n = 0
    local m <close> = hmap.from(function()
      n = n + 1
      if n < 4 then return n, "value " .. n end
    end, { key = "int64", value = "string" })
    assert.are.same({ "value 1", "value 2", "value 3" }, m:totable())
    assert.are.equal(4, n)
    assert.are.same({ a = true, b = true },
      hmap.from(("a b"):gmatch "%a", { value = "none" }):totable())
  end)

  it("says what it cannot take", function()
    assert.are.equal("bad argument #1 to 'from' (table, list of keys or "
      .. "function expected, got number)", refused(hmap.from, 5))
    assert.are.equal("bad argument #2 to 'from' (table expected, got number)",
      refused(hmap.from, {}, 5))
    assert.are.equal("bad argument #1 to 'from' (int64 key expected at index "
      .. "1, got string)", refused(hmap.from, { a = 1 }, { key = "int64" }))
    assert.are.equal("bad argument #1 to 'from' ({key =, value =} expected at "
      .. "index 1, got 5)", refused(hmap.from, { 5 }, { key = { "int8" } }))
    assert.is_truthy(refused(hmap.from, {}, { keys = "any" })
      :find("bad argument #2 to 'from' (unknown option 'keys'", 1, true))
    local _, why = pcall(hmap.from, (hmap.from({ 7 }):pairs()))
    assert.are.equal("iterator of a map expected, got no value", why)
    local numbers = {}
    for i = 1, 1000 do numbers[i] = i end
    _, why = pcall(hmap.from, numbers, { max_bytes = 2000 })
    assert.is_truthy(why:find "max_bytes of 2000$")
    assert.is_nil(why:find("intake.lua", 1, true))
    assert.is_truthy(refused(hmap.from, function() error("mine", 0) end)
      :find "mine")
  end)
end)

describe("load_lines", function()
  local function loaded(opts, text, how)
    local m = hmap.new(opts)
    return m, m:load_lines(file_of(text), how)
  end

  it("takes a line as the key of a set", function()
    local m, n = loaded({ key = "string", value = "none" }, "b,c\n\na\nb,c\n")
    assert.are.equal(3, n)
    assert.are.same({ ["b,c"] = true, a = true }, m:totable())
  end)

  it("takes the first fields as key, those behind them as value", function()
    local m = loaded({ key = "int64", value = { "x:int8", "name:string" } },
      "1,2,pear\n3,-4,\"plum, \"\"dried\"\"\",left out")
    assert.are.same({ 2, "pear" }, { m:get(1) })
    assert.are.same({ -4, 'plum, "dried"' }, { m:get(3) })
  end)

  it("takes the fields that it is told of", function()
    local m = loaded({ key = { "int64", "int64" }, value = "string" },
      "name;y;x\norc;2;1", { header = true, key = { 3, 2 }, value = 1,
        delimiter = ";" })
    assert.are.equal("orc", m:get(1, 2))
    assert.are.equal(1, #m)
  end)

  it("knows byte order marks, CR LF and CR", function()
    local m = loaded({ key = "string", value = "int64" },
      "\xEF\xBB\xBFa,1\r\nb,2\rc,3")
    assert.are.same({ a = 1, b = 2, c = 3 }, m:totable())
  end)

  it("reads texts of every type as the command does", function()
    for of, texts in pairs {
      int8 = { ["-128"] = -128, ["127"] = 127 },
      uint64 = { ["18446744073709551615"] = -1 },
      float64 = { ["1e3"] = 1000.0, ["-0.5"] = -0.5 },
      bool = { ["true"] = true, ["0"] = false },
      any = { ["7"] = 7, x = "x" },
      ["[2]byte"] = { ab = "ab" },
    } do
      for text, value in pairs(texts) do
        local m = loaded({ key = "string", value = of }, "k," .. text)
        assert.are.equal(value, m:get "k")
      end
    end
  end)

  it("reads an open file to its end, and leaves it open", function()
    local file <close> = assert(io.open(file_of "a\nb"))
    local m <close> = hmap.new { key = "string", value = "none" }
    assert.are.equal(2, m:load_lines(file))
    assert.are.equal("file", io.type(file))
  end)

  it("tells how far it is", function()
    local told = {}
    loaded({ key = "string", value = "none" }, ("x"):rep(100) .. "\n",
      { progress = function(bytes) told[#told + 1] = bytes end })
    assert.are.equal(101, told[#told])
  end)

  it("names the line that is no entry, and keeps those before it", function()
    local m <close> = hmap.new { key = "uint8", value = "int64" }
    assert.are.equal('FILE:3: uint8 expected, got "300"',
      refused(m.load_lines, m, file_of "1,1\n2,2\n300,3\n4,4"))
    assert.are.same({ 1, 2 }, m:totable())
    assert.are.equal("FILE:1: 1 field, and field 2 is wanted",
      refused(m.load_lines, m, file_of "7"))
    assert.are.equal("FILE:1: a quote is not closed",
      refused(m.load_lines, m, file_of '"7,1'))
    assert.are.equal("FILE: not a text: a zero byte at offset 1",
      refused(m.load_lines, m, file_of "7\0,1"))
    local limited <close> = hmap.new { key = "int64", value = "none",
      max_bytes = 2000 }
    local lines = {}
    for i = 1, 500 do lines[i] = i end
    assert.is_truthy(refused(limited.load_lines, limited,
      file_of(table.concat(lines, "\n"))):find "max_bytes of 2000$")
    assert.is_true(limited:check())
  end)

  it("says what else is wrong", function()
    local m <close> = hmap.new { key = "int64", value = "int64" }
    assert.are.equal("FILE.none: No such file or directory",
      refused(m.load_lines, m, path .. ".none"))
    assert.are.equal("bad argument #1 to 'load_lines' (path or open file "
      .. "expected, got table)", refused(m.load_lines, m, {}))
    assert.are.equal("bad argument #2 to 'load_lines' (the map has 1 field in "
      .. "a key and 1 in a value, 1 and 2 are named)",
      refused(m.load_lines, m, path, { value = { 2, 3 } }))
    assert.is_truthy(refused(m.load_lines, m, path, { header = -1 })
      :find("option 'header': boolean or number of lines expected, got -1", 1,
        true))
    assert.is_truthy(refused(m.load_lines, 5, path)
      :find("'load_lines' wants a map before its arguments", 1, true))
    m:close()
    assert.are.equal("map is closed", refused(m.load_lines, m, path))
  end)

  it("reads no path in a sandbox", function()
    local m <close> = require "hmap.safe".new { value = "none" }
    assert.are.equal("bad argument #1 to 'load_lines' (no paths in a sandbox)",
      refused(m.load_lines, m, file_of "a"))
    assert.are.equal(0, #m)
  end)
end)
