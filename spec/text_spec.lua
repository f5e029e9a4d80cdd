-- Text that people see is valid UTF-8 and safe on a terminal, whatever bytes a
-- key, a value, a name, a chunk's name or a path has; and it tells keys apart.
local core = require "hmap.core"
local hmap = require "hmap"
local picture = require "hmap.text.picture"
local recording = require "hmap.observe.recording"
local format = require "hmap.format"

-- -- what must not be seen --------------------------------------------------

-- Written anew, so that a hole in the module's own list shows. Line ends are
-- text in what has lines.
local FORBIDDEN = {
  { 0x00, 0x09 }, { 0x0B, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD },
  { 0x061C, 0x061C }, { 0x180E, 0x180E }, { 0x200B, 0x200F },
  { 0x2028, 0x202E }, { 0x2060, 0x2064 }, { 0x2066, 0x206F },
  { 0xFE00, 0xFE0F }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB },
  { 0xFFFE, 0xFFFF }, { 0xE0000, 0xE007F },
}

local function is_forbidden(c)
  for _, range in ipairs(FORBIDDEN) do
    if c >= range[1] and c <= range[2] then return true end
  end
  return false
end

local function check_safe(text, what)
  local length, bad = utf8.len(text)
  if not length then
    error(("%s: no UTF-8 at byte %d: %q"):format(what, bad, text), 0)
  end
  for at, c in utf8.codes(text) do
    if is_forbidden(c) then
      error(("%s: U+%04X at byte %d: %q"):format(what, c, at, text), 0)
    end
  end
end

-- -- any bytes --------------------------------------------------------------

local PIECES = {
  "\0", "\1", "\7", "\8", "\t", "\n", "\r", "\27[31m", "\27]0;x\7", "\127",
  "\x80", "\x9b", "\xff", "\xfe", "\xc3", "\xe2\x80", "\xf0\x9f\x98",
  "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
  "\u{80}", "\u{9b}31m", "\u{ad}", "\u{61c}", "\u{200b}", "\u{200d}",
  "\u{200e}", "\u{2028}", "\u{2029}", "\u{202a}", "\u{202e}", "\u{2060}",
  "\u{2066}", "\u{2069}", "\u{fe0f}", "\u{feff}", "\u{ffff}", "\u{e0041}",
  "é", "größe", "漢字", "😀", "\u{fffd}", "a", "12", "\\", "\\027", '"', "'",
  ";", ":", " ", "%s", "%", "<", "&", "{", "}", ",", "…", ("é"):rep(40),
}

local function any_text(random)
  local parts = {}
  for i = 1, random(0, 12) do
    parts[i] = random(4) == 1 and string.char(random(0, 255))
      or PIECES[random(#PIECES)]
  end
  return table.concat(parts)
end

-- Random numbers of our own: the same on every machine.
local function randoms(seed)
  return function(least, most)
    if not most then least, most = 1, least end
    seed = seed * 6364136223846793005 + 1442695040888963407
    return least + (seed >> 33) % (most - least + 1)
  end
end

local function each_text(n, seed, fn)
  for _, piece in ipairs(PIECES) do fn(piece) end
  local random = randoms(seed)
  for _ = 1, n do fn(any_text(random)) end
end

-- -- who shows it -----------------------------------------------------------

-- A map whose keys all have one hash, so that a search meets every other key.
local function crowded(opts, ...)
  opts.seed, opts.hash = 1, "constant"
  local m = hmap.new(opts)
  for _, text in ipairs { ... } do m:set(text, text) end
  return m
end

local function shown_by_maps(s, check)
  local m <close> = crowded({ key = "string", value = "string", name = s },
    s, s .. "x", "x" .. s)
  check(tostring(m), "tostring(map)")
  check(tostring(m:view()), "tostring(view)")
  check(tostring(m:bucket(0)), "bucket")
  check(tostring(m:bucket(0).slots), "slots")
  check(tostring(m:explain("x" .. s)), "explain")
  check(tostring(m:explain("no " .. s)), "explain of none")
  check(m:draw { width = 80 }, "draw")
  check(hmap.report(m), "report")
  m:close()
  check(tostring(m), "tostring(closed map)")
end

local function shown_of_any(s, check)
  local object = setmetatable({}, { __tostring = function() return s end })
  local m <close> = crowded({ key = "any", value = "any" }, s, object)
  check(tostring(m:bucket(0)), "bucket of any")
  check(tostring(m:explain(object)), "explain of an object")
  check(format.value { [s] = s, b = object }, "fields")
end

local function shown_when_told(s, check)
  local m <close> = hmap.new { key = "string", value = "string", seed = 1,
    name = s }
  m:watch(s, function(touch) check(tostring(touch), "touch") end)
  m:record(100)
  m:set(s, s)
  m:set(s, "")
  m:delete(s)
  local r = m:events()
  check(tostring(r), "events")
  r.keys = { s, s, s }
  local film = hmap.film(r)
  check(film:at(1).key_text, "film's key")
  check(select(2, film:key(0)), "film's key")
  check(picture.draw(film:at(1), { width = 80 }), "film's picture")
  check(film.costly[1].text, "film's costly operation")
end

-- A field's name ends where its type begins, and is short.
local function field_of(s)
  return (s:gsub("[:%z]", "")):sub(1, 24) .. ":int32"
end

local function shown_of_tuples(s, check)
  local of = { field_of(s), "string" }
  local m <close> = hmap.new { key = of, value = { field_of(s) }, seed = 1 }
  m:set(1, s, 1)
  m:record(10)
  check(tostring(m), "tostring(map of tuples)")
  check(tostring(m:bucket(0)), "bucket of tuples")
  check(tostring(m:explain(1, s)), "explain of a tuple")
  check(tostring(m:layout()), "layout")
  check(tostring(m:events()), "events of tuples")
  check(tostring(hmap.plan { key = of, value = of, entries = 10 }), "plan")
  check(tostring(m:forecast(100)), "forecast")
  check(tostring(hmap.keystats({ { 1, s } }, { key = of })), "keystats")
end

local function twice(x) return { x, x } end

local function quoted_names(s) return { [s .. "?"] = 1 } end

-- Every message that names what it was given.
local MESSAGES = {
  function(_, m, s) return m[s .. "?"] end,
  function(_, m, s) m[s] = 1 end,
  function(_, m, s) m:bucket(0, s .. "?") end,
  function(_, m, s) m:scan(s .. "?") end,
  function(_, m, s) m:tune(s .. "?") end,
  function(_, m, s) m:tune(quoted_names(s)) end,
  function(_, m, s) m:tune { load = s .. "?" } end,
  function(_, m, s) m:tune { step_on = s .. "?" } end,
  function(_, m, s) m:draw(quoted_names(s)) end,
  function(_, m, s) m:draw { width = s } end,
  function(_, m, s) m:forecast(s .. "?") end,
  function(_, m, s) m:reserve(s .. "?") end,
  function(_, m, s) m:record(s .. "?") end,
  function(_, m, s) m:trace(s) end,
  function(_, m, s) m:ledger(s) end,
  function(_, m, s) m:set(s .. "?", 1) end,
  function(_, m, s) m:set_many { [s .. "?"] = 1 } end,
  function(_, m, s) m:set_many({ 1 }, { s .. "?" }) end,
  function(_, m, s) m:delete_many { s .. "?" } end,
  function(_, m, s) m:merge { [s .. "?"] = 1 } end,
  function(_, m, s) m:merge(s) end,
  function(t, _, s) t:set(1, s) end,
  function(t, _, s) t:set(s .. "?", 1, 1) end,
  function(t, _, s) t:set_many { [{ s .. "?", 1 }] = { 1 } } end,
  function(_, _, s) hmap.new(s) end,
  function(_, _, s) hmap.new(quoted_names(s)) end,
  function(_, _, s) hmap.new { key = s .. "?" } end,
  function(_, _, s) hmap.new { key = { s .. ":?" } } end,
  function(_, _, s) hmap.new { key = { s .. ("x"):rep(99) .. ":int8" } } end,
  function(_, _, s) hmap.new { key = twice(field_of("f" .. s)) } end,
  function(_, _, s) hmap.new { value = s .. "?" } end,
  function(_, _, s) hmap.new { hash = s .. "?" } end,
  function(_, _, s) hmap.new { policy = s .. "?" } end,
  function(_, _, s) hmap.new { placement = s .. "?" } end,
  function(_, _, s) hmap.new { seed = s .. "?" } end,
  function(_, _, s) hmap.new { capacity = s .. "?" } end,
  function(_, _, s) hmap.layout(s .. "?", s) end,
  function(_, _, s) hmap.hash(s .. "?", 1) end,
  function(_, _, s) hmap.hash("int64", s .. "?") end,
  function(_, _, s) hmap.hash("int64", 1, 1, s .. "?") end,
  function(_, _, s) hmap.plan(quoted_names(s)) end,
  function(_, _, s) hmap.plan { entries = s .. "?" } end,
  function(_, _, s) hmap.plan { entries = 1, hash = s .. "?" } end,
  function(_, _, s) hmap.plan { entries = 1, policy = s .. "?" } end,
  function(_, _, s) hmap.plan { entries = 1, key = s .. "?" } end,
  function(_, _, s) hmap.keystats({ 1 }, quoted_names(s)) end,
  function(_, _, s) hmap.keystats({ 1 }, { seed = s }) end,
  function(_, _, s) hmap.keystats({ 1 }, { key = s .. "?" }) end,
  function(_, _, s) hmap.keystats({ s .. "?" }, { key = "int64" }) end,
  function(_, _, s) hmap.live(quoted_names(s)) end,
  function(_, _, s) hmap.live { stuck_after = s } end,
  function(_, _, s) hmap.of(s) end,
  function(_, _, s) hmap.report(s .. "?", s) end,
  function(_, _, s) hmap.film { keys = { 1 }, key = s .. "?" } end,
  function(_, _, s) core.view(s .. "?", {}) end,
  function(_, _, s) core.set_view_event(s .. "?", "__len", print) end,
}

local function damaged(s)
  local changes = {
    function(r) r.seed = s .. "?" end, function(r) r.key = s .. "?" end,
    function(r) r.hash = s .. "?" end, function(r) r.keys = { s } end,
    function(r) r.policy = quoted_names(s) end,
    function(r) r.after = s .. "?" end, function(r) r.calls[1].call = s end,
    function(r) r.calls[1].times = s .. "?" end,
    function(r) r.events = { { kind = s } } end,
    function(r) r.events = { { kind = "clear", op = s .. "?" } } end,
    function(r) r.events = { { kind = "grow_begin", op = 1, growth = s } } end,
  }
  local i = 0
  return function()
    i = i + 1
    if not changes[i] then return nil end
    local m <close> = hmap.new { key = "int64", value = "int64", seed = 1 }
    m:record(10)
    m:set(1, 1)
    local r = m:events()
    r.keys = { 1 }
    changes[i](r)
    return r
  end
end

-- What a call raises, without the place that Lua puts before it.
local function message_of(fn, ...)
  local ok, message = pcall(fn, ...)
  return not ok and tostring(message):gsub("^[^\n]-_spec%.lua:%d+: ", "")
end

local function shown_in_messages(s, check)
  local m <close> = hmap.new { key = "int64", value = "int64" }
  local t <close> = hmap.new { key = { field_of(s), "int8" },
    value = "int64" }
  for i, call in ipairs(MESSAGES) do
    local message = message_of(call, t, m, s)
    assert(message, "message " .. i .. " was none")
    check(message, "message " .. i)
  end
  for r in damaged(s) do
    local message = message_of(hmap.replay, r)
    assert(message)
    check(message, "a damaged recording")
  end
end

local function shown_of_chunks(s, check)
  local lua = "local hmap = ... local function made() "
    .. "return hmap.new { key = 'int64' } end local m = made() return m"
  hmap.profile(true)
  local maps = {}
  for _, name in ipairs { "=" .. s, "@" .. s, s } do
    maps[#maps + 1] = assert(load(lua, name))(hmap)
  end
  local p = hmap.profile()
  check(tostring(p), "profile")
  check(tostring(hmap.live()), "live with sites")
  check(p.folded, "folded stacks")
  for line in p.folded:gmatch("([^\n]*)\n") do
    assert(line:find("^[^ ]+ %d+$"), ("%q is no folded stack"):format(line))
  end
  for _, row in ipairs(hmap.live()) do
    check(row.site or "", "site")
    check(row.traceback or "", "traceback")
    assert(not (row.site or ""):find("\n"), "a site on two lines")
  end
  for _, m in ipairs(maps) do m:close() end
  hmap.profile(false)
end

local function shown_of_files(s, check)
  local path = os.tmpname()
  local function reads(text)
    local file <close> = assert(io.open(path, "w+b"))
    file:write(text)
    file:seek("set")
    local r, why = recording.read(file, "name")
    assert(not r)
    check(why, "a damaged file")
  end
  local json = require "dkjson"
  local map = { format = "hmap-recording", version = 1, key = "int64",
    value = "int64" }
  reads(json.encode { format = "hmap-recording", version = s } .. "\n")
  reads(json.encode(map) .. "\n" .. json.encode { ["end"] = true,
    operations = s, events = s } .. "\n")
  reads(s .. "\n")
  os.remove(path)
end

local SHOWN = {
  ["in every view of a map"] = shown_by_maps,
  ["of any values"] = shown_of_any,
  ["in events, touches and films"] = shown_when_told,
  ["of tuples and their fields' names"] = shown_of_tuples,
  ["in error messages"] = shown_in_messages,
  ["of chunks' names"] = shown_of_chunks,
  ["of files"] = shown_of_files,
}

describe("text that people see", function()
  for name, show in pairs(SHOWN) do
    it("is UTF-8 and harmless " .. name, function()
      each_text(60, #name, function(s) show(s, check_safe) end)
    end)
  end

  it("is UTF-8 and harmless in metrics and lists of maps", function()
    local maps = {}
    each_text(60, 1, function(s)
      maps[#maps + 1] = hmap.new { name = s, key = { field_of(s), "int8" } }
      check_safe(tostring(hmap.live { collect = #maps % 9 == 0 }), "live")
    end)
    for _, row in ipairs(hmap.live()) do check_safe(tostring(row), "row") end
    check_safe(hmap.metrics(), "metrics")
    for _, m in ipairs(maps) do m:close() end
  end)
end)

-- -- telling apart ----------------------------------------------------------

describe("a key", function()
  local function views(key)
    local m <close> = crowded({ key = "string", value = "none" })
    m:set(key)
    return { format.value(key), tostring(m:bucket(0)), tostring(m:explain(key)),
      core.text(key), message_of(function() return m[key] end) }
  end

  it("is shown differently from every other", function()
    local pieces = { "", "\1", "\12", "2", "0", "12", "\\", "\\1", "\\001",
      "\n", "n", "\\n", '"', '\\"', "\xc3", "\xa9", "é", "\\195", "\u{202e}",
      "\\u{202E}", "\\u{202e}", "u{202E}", "\u{20}", "\0", "…" }
    local seen = {}
    for _, a in ipairs(pieces) do
      for _, b in ipairs(pieces) do
        for i, text in ipairs(views(a .. b)) do
          local id = i .. " " .. text
          assert(seen[id] == nil or seen[id] == a .. b,
            ("%q and %q are both %s"):format(a .. b, seen[id], text))
          seen[id] = a .. b
        end
      end
    end
    assert.equal('"\\0012"', format.value("\1" .. "2"))
    assert.equal('"\\012"', format.value("\12"))
  end)

  it("that can be printed stands as it is", function()
    for _, key in ipairs { "größe", "漢字", "😀", "Ünïcödé", "a b" } do
      assert.equal('"' .. key .. '"', format.value(key))
      assert.equal(key, core.text(key))
    end
  end)

  it("is cut between characters, at the same width", function()
    for _, piece in ipairs(PIECES) do
      if piece ~= "" then
        local one = core.text(piece, "quoted"):sub(2, -2)
        for n = 1, 40 do
          local text = format.value(piece:rep(n))
          check_safe(text, "a cut key")
          local whole = text:sub(-1) == '"'
          local shown = utf8.len(text) - 2
          assert.is_true(shown <= 32)
          assert.equal(whole, utf8.len(one) * n <= 32, text)
          assert.equal(whole, shown == utf8.len(one) * n)
        end
      end
    end
    local m <close> = crowded({ key = "string" }, ("é"):rep(20))
    assert.is_truthy(utf8.len(tostring(m:bucket(0))))
    assert.is_truthy(tostring(m:bucket(0)):find(("é"):rep(20), 1, true))
  end)

  it("that is a name of an ended life is whole characters", function()
    hmap.profile(true)
    for n = 0, 4 do
      hmap.new { name = ("x"):rep(n) .. ("é"):rep(99) }:close()
      hmap.new { name = ("x"):rep(n) .. ("😀"):rep(99) }:close()
    end
    local cut = 0
    for _, life in ipairs(hmap.profile().lives) do
      if life.ended and life.name then
        cut = cut + (life.name:find("é", 1, true) and 1 or 0)
        assert.is_truthy(utf8.len(life.name), life.name)
      end
    end
    assert.is_true(cut >= 5)
    hmap.profile(false)
  end)
end)

describe("core.text", function()
  it("follows UTF-8 as utf8.len does, byte for byte", function()
    local random = randoms(7)
    for _ = 1, 20000 do
      local bytes = {}
      for i = 1, random(5) do
        local top = random(3) == 1 and 0 or random(0, 15) << 4
        bytes[i] = top | random(0, 15)
      end
      local s = string.char(table.unpack(bytes))
      local text = core.text(s, "safe")
      check_safe(text, "text")
      local printable = utf8.len(s) ~= nil
      if printable then
        for _, c in utf8.codes(s) do
          printable = printable and not (is_forbidden(c) or c == 10)
        end
      end
      if printable and not s:find("[\x80-\xff]") then
        assert.equal(s, text)
      elseif not utf8.len(s) then
        assert.is_truthy(text:find("\\%d%d%d"))
      end
    end
  end)

  it("leaves what it gave as it is, in the form for texts", function()
    each_text(500, 3, function(s)
      local once = core.text(s, "safe")
      assert.equal(once, core.text(once, "safe"))
      assert.equal(core.text(s), core.text(core.text(s), "safe"))
    end)
  end)

  it("wants a text, a form and a number", function()
    for _, args in ipairs { {}, { {} }, { "", "no form" }, { "", "exact", -1 },
      { "", "exact", "x" } } do
      assert.is_false((pcall(core.text, table.unpack(args))))
    end
  end)
end)

-- -- the page and the command -----------------------------------------------

describe("a page", function()
  it("is UTF-8 and without controls, whatever the keys are called", function()
    local path = os.tmpname()
    each_text(10, 11, function(s)
      hmap.report({ keys = { { 1, s } }, key = { field_of(s), "string" },
        value = "none", seed = 1, name = s }, path)
      local file <close> = assert(io.open(path, "rb"))
      local data = file:read("a"):match('id="film%-words">(.-)</script>')
      assert.is_truthy(data:find("int32", 1, true))
      check_safe(data, "page")
    end)
    os.remove(path)
  end)
end)

local function quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local HERE = assert(io.popen("pwd")):read("l")
local HMAP = ("%s %s/lua/bin/hmap"):format(os.getenv("LUA") or "lua5.4", HERE)

local function absolute(path)
  return (path:gsub("[^;]+", function(p)
    return p:find("^/") and p or HERE .. "/" .. p
  end))
end

local ENV = "env KEYS= LUA_PATH=" .. quoted(absolute(package.path))
  .. " LUA_CPATH=" .. quoted(absolute(package.cpath)) .. " "

describe("the command", function()
  it("writes nothing but harmless UTF-8", function()
    local directory = os.tmpname()
    os.remove(directory)
    assert(os.execute("mkdir " .. directory))
    local function run(line)
      local pipe <close> = io.popen(("cd %s && { %s%s %s ; } 2>&1 </dev/null")
        :format(directory, ENV, HMAP, line))
      local text = pipe:read("a")
      assert(text ~= "", line)
      assert(not text:find("stack traceback"), text)
      check_safe(text, "hmap " .. line)
    end
    local function write(name, text)
      local file <close> = assert(io.open(directory .. "/" .. name, "wb"))
      file:write(text)
    end
    local all = table.concat(PIECES, "\n"):gsub("%z", "")
    write("keys", all .. "\n" .. ("é"):rep(300) .. "\n")
    for _, line in ipairs { "stats keys", "report - keys", "explore keys",
      "draw keys", "stats --key int64 keys", "keystats keys", "watch keys" } do
      run(line)
    end
    -- All bytes that a word of a command line can have, in few words.
    for _, word in ipairs { "a\27[31m\nb\1\r\t", "\xff\x9b\xc3é\u{9b}", "-\27",
      "\u{202e}\u{200b}\u{2028}\u{feff}\u{e0041}" } do
      local q = quoted(word)
      for _, line in ipairs {
        "explain -- %s keys", "explain --json -- %s keys", "stats -- %s", "%s",
        "explain --key int64 -- %s keys", "stats keys --policy %s", "help %s",
        "stats --key %s:int8,int8 keys", "stats keys --seed %s",
        "plan --entries 10 --key %s:int8,int8", "record %s/x keys",
        "keystats --key %s keys", "replay %s", "compare --policies %s keys",
        "layout %s int8", "stats --%s", "watch --follow %s keys",
      } do
        run((line:gsub("%%s", (q:gsub("%%", "%%%%")))))
      end
      write(word, "1\n2\n")
      for _, line in ipairs { "explore --key int64 ./%s", "stats ./%s",
        "compare --json ./%s", "replay ./%s", "stats --key bool ./%s",
        "watch --at 1 ./%s" } do
        run((line:gsub("%%s", (q:gsub("%%", "%%%%")))))
      end
    end
    os.execute("rm -rf " .. quoted(directory))
  end)
end)
