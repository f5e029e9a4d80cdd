-- Maps that outlive the process: m:save, m:saving, hmap.load, hmap.loading.
local hmap = require "hmap"
local files = require "spec.files"
local read, lines_of = files.read, files.lines_of

local LUA = os.getenv "LUA" or "lua5.4"

local folder = os.tmpname()
os.remove(folder)
assert(os.execute("mkdir " .. folder))
local path = folder .. "/map"

teardown(function() os.execute("rm -r " .. folder) end)

local function write(bytes, where)
  local file <close> = assert(io.open(where or path, "wb"))
  assert(file:write(bytes))
end

-- What a call raises, without where.
local function refused(...)
  local ok, why = pcall(...)
  assert.is_false(ok)
  return (why:gsub("^[^:]*%.lua:%d+: ", ""):gsub(folder, "DIR", 1))
end

-- A command that runs a program there.
local function in_folder(program)
  return ("cd %s && %s -e \"%s\""):format(folder, LUA, program)
end

-- All that is in the folder.
local function there() return lines_of("ls -A " .. folder) end

-- -- maps of all kinds --------------------------------------------------------

local function long(i) return ("text %d "):format(i):rep(i % 30) end

local function any(i)
  local kinds = { i, i + 0.5, "short " .. i, long(i), i % 2 == 0, -i }
  return kinds[i % #kinds + 1]
end

local function digits(n)
  return function(i) return ("%08d"):format(i):rep(n // 8) end
end

-- Types and how to make number i of one; several fields of a tuple.
local KINDS = {
  { "int8", function(i) return i % 100 - 50 end, 100 },
  { "uint16", function(i) return i * 7 end },
  { "int32", function(i) return -i end },
  { "uint64", function(i) return ~i end },
  { "int64", function(i) return i << 40 end },
  { "float32", function(i) return i / 4 end },
  { "float64", function(i) return i / 3 end },
  { "bool", function(i) return i % 2 == 0 end, 2 },
  { "string", long, 30 },
  { "[8]byte", digits(8) },
  { "[200]byte", digits(200) },
  { "any", function(i) return "key " .. i end },
  { { "x:int32", "y:int32" }, function(i) return i, -i end },
  { { "int8", "name:string", "[16]byte" },
    function(i) return i % 128, long(i), digits(16)(i) end },
}

local VALUES = table.move(KINDS, 1, #KINDS, 1, {
  [#KINDS + 1] = { "any", any },
  [#KINDS + 2] = { "none", function() end },
})

-- Arguments of set: fields of key i, then those of a value.
local function entry(key, value, i)
  local args = table.pack(key[2](i))
  local fields = table.pack(value[2](i))
  table.move(fields, 1, fields.n, args.n + 1, args)
  return table.unpack(args, 1, args.n + fields.n)
end

local function fill(key, value, n, opts)
  local made = { key = key[1], value = value[1] }
  for name, v in pairs(opts or {}) do made[name] = v end
  local m = hmap.new(made)
  for i = 1, math.min(n, key[3] or n) do
    if value[1] == "none" then
      m:set(key[2](i))
    else
      m:set(entry(key, value, i))
    end
  end
  return m
end

-- Whether b is a map as a is, with these keys.
local function assert_same(a, b, key, n)
  assert.are.equal(#a, #b)
  assert.is_true(b:check())
  assert.are.equal(tostring(a):match "^hmap (.* ).*entr",
    tostring(b):match "^hmap (.* ).*entr")
  assert.are.same(a:tune(), b:tune())
  local nkey = type(key[1]) == "table" and #key[1] or 1
  for i = 1, math.min(n, key[3] or n) do
    local k = table.pack(key[2](i))
    assert.is_true(b:has(table.unpack(k, 1, nkey)))
    assert.are.same(table.pack(a:get(table.unpack(k, 1, nkey))),
      table.pack(b:get(table.unpack(k, 1, nkey))))
  end
end

describe("a saved map", function()
  it("comes back, whatever its types", function()
    for i, key in ipairs(KINDS) do
      for j, value in ipairs(VALUES) do
        local policies = { "go", "adaptive", "redis", "all_at_once" }
        local m <close> = fill(key, value, 60,
          { policy = policies[(i + j) % 4 + 1] })
        assert.are.equal(#m, m:save(path))
        local loaded <close> = hmap.load(path)
        assert_same(m, loaded, key, 60)
      end
    end
  end)

  it("comes back empty", function()
    local m <close> = hmap.new { key = { "a:string", "bool" }, value = "none" }
    assert.are.equal(0, m:save(path))
    assert.is_truthy(tostring(hmap.load(path))
      :find("{a:string,bool} -> none: 0 entries", 1, true))
  end)

  it("comes back in the middle of a growth, a shrink and a rekey", function()
    local key = KINDS[5]
    for _, move in ipairs { "double", "shrink", "rekey" } do
      local m <close> = fill(key, key, 3329)
      if move ~= "double" then
        m:finish()
        for i = 101, 3329 do m:delete(key[2](i)) end
        m[move](m)
        m:step(3)
      end
      assert.are.equal(move, m:stats().kind)
      m:save(path)
      local loaded <close> = hmap.load(path)
      assert_same(m, loaded, key, #m)
    end
  end)

  it("keeps its hash, and its seed if it was given one", function()
    local m <close> = hmap.new { key = "int64", value = "none", seed = 7,
      hash = "java31" }
    for i = 1, 100 do m:set(i) end
    m:save(path)
    local loaded <close> = hmap.load(path)
    assert.are.equal(m:explain(5).hash, loaded:explain(5).hash)
    local same <close> = hmap.new { key = "int64", value = "none", seed = 7 }
    same:set(5)
    local hash = same:explain(5).hash
    same:rekey()
    same:save(path)
    assert.are_not.equal(hash, same:explain(5).hash)
    assert.are.equal(hash, hmap.load(path):explain(5).hash)
    local other <close> = hmap.new { key = "string", value = "none" }
    other:set "a"
    other:save(path)
    assert.are_not.equal(other:explain("a").hash,
      hmap.load(path):explain("a").hash)
  end)

  it("is the same file if it is the same map", function()
    local m <close> = fill(KINDS[5], KINDS[9], 500)
    m:save(path)
    local first = read(path)
    m:save(path)
    assert.is_true(first == read(path))
  end)

  it("may hold null, as JSON's", function()
    local null = require "cjson".null
    local m <close> = hmap.new()
    m:set("a", null)
    m:save(path)
    assert.are.equal(null, hmap.load(path):get "a")
  end)

  it("has text of 100 MB", function()
    local m <close> = hmap.new { key = "int64", value = "string" }
    local text = ("0123456789"):rep(10000000)
    m:set(1, text)
    m:save(path)
    m:close()
    local loaded <close> = hmap.load(path)
    assert.is_true(text == loaded:get(1))
    os.remove(path)
  end)

  it("goes on as a map does", function()
    local m <close> = fill(KINDS[5], KINDS[9], 1000)
    m:save(path)
    local loaded <close> = hmap.load(path, { name = "again" })
    for i = 1001, 3000 do loaded:set(i << 40, "new") end
    for i = 1, 500 do assert.is_true(loaded:delete(i << 40)) end
    assert.are.equal(2500, #loaded)
    assert.is_true(loaded:check())
    assert.is_truthy(tostring(loaded):find "'again'")
    assert.is_truthy(hmap.metrics():find "again")
  end)
end)

describe("hmap.load", function()
  local m = fill(KINDS[13], KINDS[9], 300, { policy = "redis" })

  before_each(function() m:save(path) end)

  it("takes what hmap.new takes, before what the file says", function()
    local loaded <close> = hmap.load(path, { policy = "adaptive", seed = 3,
      hash = "fnv1a", key = { "left:int32", "right:int32" }, capacity = 5000 })
    assert.are.equal(5, loaded:tune().chain_alarm)
    assert.are.equal(300, #loaded)
    assert.is_true(loaded:header().B >= 9)
    assert.is_truthy(tostring(loaded):find("{left:int32,right:int32}", 1, true))
  end)

  it("wants the file's types", function()
    assert.are.equal("bad argument #2 to 'load' (option 'key': the file has "
      .. "{x:int32,y:int32})", refused(hmap.load, path, { key = "int64" }))
    assert.are.equal("bad argument #2 to 'load' (option 'value': the file has "
      .. "string)", refused(hmap.load, path, { value = "any" }))
    assert.is_truthy(refused(hmap.load, path, { size = 1 })
      :find("unknown option 'size'", 1, true))
    assert.is_truthy(refused(hmap.load, path, { hash = "identity" })
      :find("of integer keys only", 1, true))
  end)

  it("stays within max_bytes", function()
    assert.are.equal("map would grow past its max_bytes of 9000",
      refused(hmap.load, path, { max_bytes = 9000 }))
  end)

  it("says what is wrong with a path", function()
    for what, why in pairs {
      [folder .. "/none"] = "cannot load DIR/none: No such file or directory",
      [folder] = "cannot load DIR: Is a directory",
      ["a\0b"] = "bad argument #1 to 'load' (no path: 'a\\000b')",
      [""] = "bad argument #1 to 'load' (no path: '')",
      [7] = "bad argument #1 to 'load' (path expected, got number)",
    } do
      assert.are.equal(why, refused(hmap.load, what))
    end
  end)

  it("says what is wrong with a file, and where", function()
    local bytes = read(path)
    for why, damaged in pairs {
      ["it does not begin as the file of a map does (byte 0, in the header)"] =
        "name,price\n",
      ["it ends here, too early (byte 0, in the header)"] = "",
      ["it ends here, too early (byte 99, in the header)"] = bytes:sub(1, 99),
      ["it ends here, too early (byte 1000, in block 0)"] = bytes:sub(1, 1000),
      ["the checksum of the header is another (byte 0, in the header)"] =
        bytes:sub(1, 20) .. "!" .. bytes:sub(22),
      ["something follows its end (byte " .. #bytes .. ", in block 1)"] =
        bytes .. " ",
    } do
      write(damaged)
      local before = collectgarbage "count"
      assert.are.equal("cannot load DIR/map: " .. why, refused(hmap.load, path))
      assert.is_true(collectgarbage "count" < before + 100)
    end
    write(bytes:sub(1, 999) .. string.char(~bytes:byte(1000) & 0xff)
      .. bytes:sub(1001))
    assert.is_truthy(refused(hmap.load, path)
      :find("the checksum of the block is another (byte ", 1, true))
  end)

  it("makes no map of a file that is not whole", function()
    collectgarbage()
    local count = #hmap.live()
    write(read(path):sub(1, -2))
    assert.is_false(pcall(hmap.load, path))
    assert.are.equal(count, #hmap.live())
  end)

  it("reads what is no file of the disk, too", function()
    assert(os.execute("mkfifo " .. folder .. "/fifo"))
    assert(os.execute("cat " .. path .. " >" .. folder .. "/fifo &"))
    assert.are.equal(300, #hmap.load(folder .. "/fifo"))
    os.remove(folder .. "/fifo")
  end)
end)

describe("m:save", function()
  it("names the key of what no file can hold, and touches no disk", function()
    local m <close> = hmap.new()
    os.remove(path)
    for key, why in pairs {
      ["a\n"] = 'the value of key "a\\010" is a table',
      [7] = "the value of key 7 is a table",
    } do
      m:clear()
      m:set(key, {})
      assert.are.equal("cannot save to DIR/map: " .. why,
        refused(m.save, m, path))
    end
    m:clear()
    m:set(print, 1)
    assert.is_truthy(refused(m.save, m, path)
      :find("key function: builtin: %w+ is a function") or
      refused(m.save, m, path):find("key function: 0?x?%w+ is a function"))
    m:clear()
    m:set(1, coroutine.create(print))
    assert.is_truthy(refused(m.save, m, path):find "is a thread$")
    assert.are.same({}, there())
    local pairs_of = hmap.new { key = { "int8", "string" }, value = "any" }
    pairs_of:set(1, "b", io.stdout)
    assert.are.equal('cannot save to DIR/map: the value of key 1, "b" is a '
      .. "userdata", refused(pairs_of.save, pairs_of, path))
  end)

  it("says what is wrong with a path", function()
    local m <close> = hmap.new()
    assert(os.execute("mkfifo " .. folder .. "/fifo"))
    for what, why in pairs {
      [folder .. "/no/map"] = "DIR/no/map: No such file or directory",
      [folder] = "DIR: Is a directory",
      [folder .. "/"] = "DIR/: No such file or directory",
      [folder .. "/fifo"] = "DIR/fifo: what is there is not a file",
      [folder .. "/" .. ("x"):rep(300)] = "DIR/" .. ("x"):rep(300)
        .. ": File name too long",
    } do
      assert.are.equal("cannot save to " .. why, refused(m.save, m, what))
      assert.are.equal("cannot save to " .. why, refused(m.saving, m, what))
    end
    os.remove(folder .. "/fifo")
    assert.are.equal("bad argument #1 to 'save' (path expected, got no value)",
      refused(m.save, m))
    m:close()
    assert.are.equal("map is closed", refused(m.save, m, path))
    assert.are.same({}, there())
  end)

  it("takes over what may be done with the file, and leaves a link", function()
    local m <close> = hmap.from { 1 }
    write "old"
    assert(os.execute("chmod 640 " .. path))
    assert(os.execute("ln -s map " .. folder .. "/link"))
    m:save(folder .. "/link")
    assert.are.same({ "640 regular file", "777 symbolic link" },
      lines_of("stat -c '%a %F' " .. path .. " " .. folder .. "/link"))
    assert.are.equal(1, #hmap.load(path))
    os.remove(folder .. "/link")
    os.remove(path)
    m:save(path)
    local umask = lines_of "umask"[1]
    assert.are.equal(("%o"):format(tonumber("666", 8) & ~tonumber(umask, 8)),
      lines_of("stat -c %a " .. path)[1])
  end)

  it("saves to a name alone, where the program is", function()
    local program = "local m = require 'hmap'.from { 1, 2 } m:save 'here' "
      .. "print(#require 'hmap'.load 'here')"
    assert.are.same({ "2" }, lines_of(in_folder(program)))
    os.remove(folder .. "/here")
  end)

  -- A disk that is full: a file may not grow beyond so many blocks.
  it("leaves the old file when the disk is full", function()
    local m <close> = hmap.from { 1, 2, 3 }
    m:save(path)
    local program = "local m = require 'hmap'.new { value = 'int64', key = "
      .. "'int64' } for i = 1, 1e5 do m:set(i, i) end print(pcall(m.save, m, '"
      .. path .. "')) print(pcall(function() for _ in m:saving('" .. path
      .. "', 9) do end end))"
    local said = lines_of("trap '' XFSZ; ulimit -f 300; "
      .. in_folder(program))
    assert.are.equal("false\tcannot save to " .. path .. ": File too large",
      said[1])
    assert.is_truthy(said[2]:find("File too large", 1, true))
    assert.are.equal(3, #hmap.load(path))
    assert.are.same({ "map" }, there())
  end)

  it("saves to no path in a sandbox", function()
    local m <close> = require "hmap.safe".new()
    for _, method in ipairs { "save", "saving" } do
      assert.are.equal("bad argument #1 to '" .. method .. "' (no paths in a "
        .. "sandbox)", refused(m[method], m, path))
    end
    assert.is_nil(require "hmap.safe".load)
    assert.is_nil(require "hmap.safe".loading)
  end)

  it("takes no part in what a recording says, but for what it moves", function()
    local m <close> = hmap.new { key = "int64", value = "none", seed = 1 }
    m:record(1000)
    for i = 1, 500 do m:set(i) end
    m:save(path)
    for i = 501, 1000 do m:set(i) end
    m:rekey()
    m:save(path)
    local recording = m:events()
    recording.keys = {}
    for i = 1, 1000 do recording.keys[i] = i end
    local copy <close> = hmap.replay(recording)
    assert.are.equal(m:fingerprint(), copy:fingerprint())
  end)
end)

describe("m:saving", function()
  local function walked(m, n)
    local turns = {}
    for done, total in m:saving(path, n) do
      turns[#turns + 1] = done .. "/" .. total
    end
    return turns
  end

  it("tells how far it is", function()
    local m <close> = fill(KINDS[5], KINDS[9], 3000)
    local turns = walked(m, 1000)
    assert.are.same({ "1000/3000", "2000/3000", "3000/3000" },
      { table.unpack(turns, 1, 3) })
    assert.are.same({ "3000/3000" }, walked(m, 1 << 40))
    assert.are.equal(3000, #hmap.load(path))
    m:clear()
    assert.are.same({ "0/0" }, walked(m))
  end)

  it("saves once what is there throughout, whatever happens", function()
    for seed, policy in ipairs { "go", "adaptive", "redis", "all_at_once" } do
      local m <close> = hmap.new { key = "int64", value = "int64",
        policy = policy, seed = seed }
      for i = 1, 3000 do m:set(i, i) end
      local others, turns = 3000, 0
      for _ in m:saving(path, 50) do
        turns = turns + 1
        for _ = 1, 40 do
          others = others + 1
          m:set(others, 0)
        end
        m:delete(others - turns % 40)
        if turns % 25 == 0 and turns < 150 then m:rekey() end
        if turns % 17 == 0 then m:shrink() end
      end
      local loaded <close> = hmap.load(path)
      for i = 1, 3000 do assert.are.equal(i, loaded:get(i)) end
      assert.is_true(loaded:check())
    end
  end)

  it("leaves what was there when it is left", function()
    local old <close> = hmap.from { 1, 2 }
    old:save(path)
    local m <close> = fill(KINDS[5], KINDS[9], 30000)
    for _ in m:saving(path, 100) do
      assert.are.equal(2, #there())
      break
    end
    assert.are.same({ "map" }, there())
    assert.are.equal("stop", refused(function()
      for _ in m:saving(path, 10000) do error("stop", 0) end
    end))
    assert.are.same({ "map" }, there())
    do -- for the collector
      local next_step, state = m:saving(path, 10)
      next_step(state)
    end
    collectgarbage()
    collectgarbage()
    assert.are.same({ "map" }, there())
    assert.are.equal(2, #hmap.load(path))
  end)

  it("leaves it when the map is closed, or takes an object", function()
    local m = hmap.new { key = "int64", value = "any" }
    for i = 1, 1000 do m:set(i, i) end
    assert.is_truthy(refused(function()
      for _ in m:saving(path, 100) do
        for i = 2000, 2050 do m:set(i, {}) end
      end
    end):find "^cannot save to DIR/map: the value of key 20%d%d is a table$")
    for i = 2000, 2050 do m:delete(i) end
    assert.are.equal("map is closed", refused(function()
      for _ in m:saving(path, 100) do m:close() end
    end))
    assert.are.same({ "map" }, there())
  end)

  it("goes on where it began, wherever the program goes", function()
    local program = "local m = require 'hmap'.from { 1, 2 } "
      .. "for _ in m:saving('here', 1) do end"
    assert(os.execute(in_folder(program)))
    assert.are.equal(2, #hmap.load(folder .. "/here"))
    os.remove(folder .. "/here")
  end)

  it("wants a step of one entry at least", function()
    local m <close> = hmap.new()
    assert.are.equal("bad argument #2 to 'saving' (a step has at least one "
      .. "entry, got 0)", refused(m.saving, m, path, 0))
    assert.is_false(pcall(m.saving, m, path, "x"))
  end)

  it("ends but once", function()
    local m <close> = hmap.from { 1 }
    local next_step, state = m:saving(path)
    assert.are.equal(1, (next_step(state)))
    assert.is_nil(next_step(state))
    assert.is_nil(next_step(state))
    assert.is_truthy(refused(next_step, {}):find("file of a map expected", 1,
      true))
  end)
end)

describe("hmap.loading", function()
  local m = fill(KINDS[9], KINDS[5], 30)

  it("tells how far it is, and brings the map last", function()
    m:save(path)
    local turns, map = {}, nil
    for done, total, loaded in hmap.loading(path, 8, { name = "slow" }) do
      turns[#turns + 1] = done .. "/" .. total
      map = loaded
    end
    assert.are.same({ "8/30", "16/30", "24/30", "30/30" }, turns)
    assert.are.equal(30, #map)
    assert.is_truthy(tostring(map):find "'slow'")
    for _, _, empty in hmap.loading(path) do map = empty end
    assert.are.equal(30, #map)
  end)

  it("leaves nothing when it is left, and no map if the file is not whole",
    function()
      local count = #hmap.live()
      for _ in hmap.loading(path, 8) do break end
      write(read(path):sub(1, -2))
      assert.is_truthy(refused(function()
        for _, _, loaded in hmap.loading(path, 8) do assert.is_nil(loaded) end
      end):find("it ends here, too early", 1, true))
      assert.are.equal(count, #hmap.live())
      assert.is_truthy(refused(hmap.loading, folder .. "/none")
        :find("No such file", 1, true))
    end)
end)

describe("the file", function()
  -- The bytes of the example in csrc/README.md: what stands before a gap.
  local function documented()
    local block = read "csrc/README.md":match "\n(    89 68.-)\n\n"
    local bytes = {}
    for line in block:gmatch "[^\n]+" do
      local hex = (line:sub(5) .. "   "):match "^(.-)   "
      for byte in hex:gmatch "%x%x" do
        bytes[#bytes + 1] = string.char(tonumber(byte, 16))
      end
    end
    return table.concat(bytes)
  end

  it("is what csrc/README.md says, byte by byte", function()
    write(documented())
    local m <close> = hmap.load(path)
    assert.are.equal("hmap string -> int32: 1 entry, B=0, load 1.00",
      tostring(m))
    assert.are.same({ ant = -2 }, m:totable())
  end)

  -- Files that commits before this one wrote: they are read for ever.
  it("of version 1 is still read", function()
    local kept = lines_of "ls spec/files_v1/*.hmap"
    assert.are.equal(#KINDS, #kept)
    for i, key in ipairs(KINDS) do
      local value = VALUES[#VALUES - i + 1]
      local m <close> = fill(key, value, 12, { policy = "adaptive" })
      local loaded <close> = hmap.load(("spec/files_v1/%02d.hmap"):format(i))
      assert_same(m, loaded, key, 12)
    end
  end)
end)

describe("the figures of saving and loading", function()
  it("are those that were measured", function()
    assert.is_truthy(read "spec/bench/README.md"
      :find("```\n" .. read "spec/bench/file.txt" .. "```", 1, true))
  end)
end)
