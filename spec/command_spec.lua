-- The command `hmap`, as a process: what it writes, where, and its exit code.
local json = require "dkjson"

local function quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

local read = require "spec.files".read

local directory = os.tmpname()
os.remove(directory)
assert(os.execute("mkdir " .. directory))

local function path_of(name) return directory .. "/" .. name end

local function keys_file(text)
  write(path_of("keys"), text)
  return path_of("keys")
end

local LUA = os.getenv("LUA") or "lua5.4"
local here = assert(io.popen("pwd")):read("l")

-- The paths of this process from any directory.
local function absolute(path)
  return (path:gsub("[^;]+", function(p)
    return p:find("^/") and p or here .. "/" .. p
  end))
end

local ENV = "COLUMNS=80 KEYS= LC_ALL=C.UTF-8 LUA_PATH="
  .. quoted(absolute(package.path)) .. " LUA_CPATH="
  .. quoted(absolute(package.cpath))
local BUILD = assert(package.searchpath("hmap.core", package.cpath))
  :gsub("/hmap/core%.so$", "")
local HMAP = LUA .. " " .. here .. "/lua/bin/hmap"

-- 200 MB are enough for what is refused; a sanitizer reserves far more.
local BOUNDED = 'bounded() { [ -n "$LD_PRELOAD" ] || ulimit -v 200000; }\n'

-- Runs a line of shell in the directory, in which "hmap" is the command: what
-- came on standard output, on standard error, and the exit code.
local function shell(line)
  write(path_of("script"), "hmap() { " .. HMAP .. ' "$@"; }\n' .. BOUNDED
    .. line .. "\n")
  local _, _, code = os.execute(("cd %s && env %s timeout 60 sh script "
    .. ">out 2>err"):format(directory, ENV))
  return read(path_of("out")), read(path_of("err")), code
end

local function refuses(code, message, line)
  local out, err, got = shell(line)
  assert.are.equal("hmap: " .. message .. "\n", err)
  assert.are.equal("", out)
  assert.are.equal(code, got)
end

local function answers(line, code)
  local out, err, got = shell(line)
  assert.are.equal("", err, line)
  assert.are.equal(code or 0, got, line)
  return out
end

local function json_of(line, code)
  local out = answers(line, code)
  assert.are.equal(1, select(2, out:gsub("\n", "")))
  local value, _, why = json.decode(out)
  return assert(value, why)
end

local function has(text, part)
  assert.is_truthy(text:find(part, 1, true),
    ("%q is not in:\n%s"):format(part, text))
end

local WORDS = {}
for i = 1, 2000 do WORDS[i] = "word" .. i end
WORDS[1000] = "hopscotch"
write(path_of("words.txt"), table.concat(WORDS, "\n") .. "\n")

local COMMANDS = {}
for name in answers("hmap --help"):match("Commands:(\n.-)\n\n")
  :gmatch("\n   (%l[%l-]+)") do
  if name ~= "help" then COMMANDS[#COMMANDS + 1] = name end
end

teardown(function() os.execute("rm -r " .. directory) end)

describe("hmap", function()
  it("says its version, and what it can do", function()
    assert.are.equal("hmap " .. require("hmap")._VERSION .. "\n",
      answers("hmap --version"))
    has(answers("hmap --help"), "explore ")
    assert.are.equal(answers("hmap --help"), answers("hmap help"))
  end)

  it("has help of each command, in 80 columns", function()
    assert.is_true(#COMMANDS >= 9)
    for _, name in ipairs(COMMANDS) do
      local help = answers("hmap help " .. name)
      assert.are.equal(help, answers("hmap " .. name .. " --help"))
      has(help, "Usage: hmap " .. name)
      for line in help:gmatch("[^\n]+") do assert.is_true(#line <= 80, line) end
    end
  end)

  it("has examples in each help that run where words.txt is", function()
    for _, name in ipairs(COMMANDS) do
      local help = answers("hmap help " .. name)
      local n = 0
      for line in help:match("Examples?:\n(.*)$"):gmatch("   (hmap [^\n]*)") do
        n = n + 1
        local input = line:find(" %-$")
          and (line:find("int64") and "seq -9 9 | " or "cat words.txt | ") or ""
        answers(input .. line)
      end
      assert.is_true(n > 0, name)
    end
  end)

  it("answers wrong use with one line and code 2", function()
    refuses(2, "a command is required (hmap --help)", "hmap")
    refuses(2, "unknown command 'explode' Did you mean 'explore'? "
      .. "(hmap --help)", "hmap explode")
    refuses(2, "unknown command 'explode' (hmap --help)", "hmap help explode")
    refuses(2, "unknown option '--wat' (hmap explore --help)",
      "hmap explore --wat")
    refuses(2, "too many arguments (hmap explore --help)", "hmap explore a b")
    refuses(2, "the name of the file is empty", "hmap explore ''")
    refuses(2, "--seed: an integer expected, got '1.5' (hmap explore --help)",
      "hmap explore --seed 1.5")
    refuses(2, "--width: an integer from 64 on expected, got '1' "
      .. "(hmap explore --help)", "hmap explore --width 1 words.txt")
    refuses(2, "--delimiter: one character expected, got 'ab' "
      .. "(hmap stats --help)", "hmap stats --delimiter ab words.txt")
    refuses(2, "--field: an integer from 1 on expected, got '0' "
      .. "(hmap stats --help)", "hmap stats --field 1,0 words.txt")
    refuses(2, "unknown hash 'nope'; hashes are xxh3, identity, constant, "
      .. "fnv1a, java31", "hmap stats --hash nope words.txt")
    refuses(2, "option 'policy': load: number from 0.125 to 1024 expected, "
      .. "got 0", "hmap stats --policy load=0 words.txt")
    refuses(2, "--field: a key of int64 has 1 field, and 2 are named",
      "hmap stats --key int64 --field 1,2 words.txt")
  end)

  it("ends without a word when it is interrupted", function()
    local out, err, code = shell("timeout --preserve-status -s INT 1 "
      .. "sh -c 'exec " .. HMAP .. " load-table --buckets 16777216'")
    assert.are.equal("", out .. err)
    assert.are.equal(130, code)
  end)

  it("tells on one line whatever stands in a message", function()
    refuses(3, "a\\027[31m b: No such file or directory",
      "hmap stats \"$(printf 'a\\033[31m\\nb')\"")
  end)
end)

describe("a write that fails", function()
  it("to a full disk ends with one line and code 3", function()
    for _, line in ipairs { "stats words.txt", "explore words.txt", "--help",
      "--version", "help stats", "layout int64 int64 --json" } do
      refuses(3, "standard output: No space left on device",
        "hmap " .. line .. " >/dev/full")
    end
  end)

  it("to a closed standard output too, and before anything is done",
    function()
      for _, line in ipairs { "stats words.txt", "explore words.txt",
        "--help" } do
        refuses(3, "standard output is closed", "hmap " .. line .. " >&-")
      end
    end)

  it("to a reader that has left ends without a word", function()
    local out, err = shell("hmap stats words.txt | true; "
      .. "hmap draw --at 27 words.txt | head -n 1")
    assert.are.equal("", err)
    has(out, "hmap  27 entries")
    -- where the signal is ignored, the write itself says so
    local _, said, code = shell("trap '' PIPE; { sleep 0.3; "
      .. "hmap stats words.txt; echo $? >code; } | true; exit $(cat code)")
    assert.are.equal("", said)
    assert.are.equal(3, code)
  end)

  it("to a closed standard error goes nowhere", function()
    local out, _, code = shell("hmap stats nothing.txt 2>&-; "
      .. "code=$?; hmap record c.rec words.txt 2>&-; "
      .. "hmap replay c.rec 2>&- | head -n 1; exit $code")
    has(out, "operation 2,000 of 2,000")
    assert.are.equal(3, code)
  end)

  it("has no file in the place of a stream that is closed", function()
    local seen = shell("exec 2>&-; " .. LUA .. [[ -e '
      require("hmap.cli.out").check_streams()
      collectgarbage()
      local file = io.open("words.txt")
      os.execute("readlink /proc/$PPID/fd/2")']])
    assert.are.equal("/dev/null\n", seen)
  end)
end)

describe("a file of keys", function()
  local function note(text, ...)
    local line = answers("hmap explore " .. table.concat({ ... }, " ") .. " "
      .. keys_file(text)):match("^[^\n]*\n[^\n]*")
    return line:gsub("\n.*THE .*", ""):gsub("\n", " ")
  end

  it("is one key a line, blank lines and repeats left out", function()
    has(note("b\n\na\nb\nc d"), "3 keys of 1.7 bytes from ")
    has(note("b\n\na\nb\nc d"), "1 repeated line left out")
  end)

  it("may end its lines with CR LF, or CR, or with nothing", function()
    has(note("a\r\nb\r\n\r\nc"), "3 keys of 1.0 bytes")
    has(note("a\r\nb\r\n\r\nc"), "3 CR LF line ends taken as LF")
    has(note("a\rb\rc\r"), "3 keys of 1.0 bytes")
    has(note("a\rb\rc\r"), "3 CR line ends taken as LF")
    local mixed = note("a\rb\r\nc\n")
    has(mixed, "3 keys of 1.0 bytes")
    has(mixed, "1 CR LF line end taken as LF, 1 CR line end")
  end)

  it("tells CR LF from CR wherever its pieces end", function()
    local text = ("x"):rep(65535) .. "\r\nb\r\n" -- CR ends the first piece
    has(note(text), "2 CR LF line ends taken as LF")
    assert.is_nil(note(text):find("CR line end", 1, true))
    has(note(("x"):rep(65535) .. "\rb"), "1 CR line end taken as LF")
    has(note(("x"):rep(65535) .. "\r"), "1 key of 65535.0 bytes")
  end)

  it("may begin with a byte order mark, which is no part of a key", function()
    assert.are.equal(0, select(3, shell("hmap explain a "
      .. keys_file("\xEF\xBB\xBFa\nb\n"))))
    has(note("\xEF\xBB\xBFab\n"), "1 key of 2.0 bytes")
    has(note("\xEF\xBB\xBFab\n"), "a byte order mark left out")
    refuses(3, "keys: UTF-16 text; UTF-8 is wanted (iconv -f UTF-16 -t "
      .. "UTF-8)", "cd " .. directory .. "; printf '\\377\\376a\\0' >keys; "
      .. "hmap stats keys")
  end)

  it("may hold any byte but zero", function()
    has(note("\1\255\nü\n"), "2 keys of 2.0 bytes")
    refuses(3, "keys: not a text: a zero byte at offset 4",
      "printf '\\177ELF\\0\\0' >keys; hmap stats keys")
    keys_file(("x\n"):rep(50000) .. "\0")
    refuses(3, "keys: not a text: a zero byte at offset 100,000",
      "hmap stats keys")
  end)

  it("is refused when it has no end, at once", function()
    refuses(3, "/dev/zero: not a text: a zero byte at offset 0",
      "bounded; hmap stats /dev/zero")
    refuses(3, "standard input: line 2 is longer than 1.00 MiB",
      "bounded; { echo a; tr '\\0' x </dev/zero; } | hmap stats -")
  end)

  it("is refused when it is empty, not there, or a directory", function()
    keys_file("\r\n\n\n")
    refuses(3, "keys: there is no key in it", "hmap stats keys")
    refuses(3, "/no/such: No such file or directory", "hmap stats /no/such")
    refuses(3, "/: Is a directory", "hmap stats /")
  end)

  it("comes from standard input, from KEYS, or from the system", function()
    local lines = { "hmap stats --json -- - <words.txt",
      "KEYS=words.txt; export KEYS; hmap stats --json",
      "hmap stats --json words.txt" }
    for i, line in ipairs(lines) do
      assert.are.same(json_of(lines[1]), json_of(line), i)
    end
    assert.is_true(json_of("hmap stats --json").stats.count > 1000)
  end)
end)

describe("fields of lines", function()
  local CSV = 'id,name,score\n7,"a, ""b""",1.5\n-9223372036854775808,,2\n'
    .. "7,c,3e2\n"

  it("are keys: a column of integers", function()
    keys_file(CSV)
    local line = "hmap explain --key int64 --field 1 --skip 1 --json "
    has(answers(line .. "7 keys"), '"key":7,')
    answers(line .. "-- -9223372036854775808 keys")
    answers(line .. "8 keys", 1)
    has(answers("hmap explore --key int64 --skip 1 --field 1 keys"),
      "2 keys of int64 from keys; 1 repeated line")
  end)

  it("may be quoted, and stand between other delimiters", function()
    keys_file(CSV)
    answers([[hmap explain --skip 1 --field 2 'a, "b"' keys]])
    answers("hmap explain --skip 1 --field 2 c keys")
    keys_file("1\tx\n2\ty\n")
    answers("hmap explain --field 2 --delimiter '\\t' y keys")
    answers("hmap distribution --key float64 --delimiter '\\t' keys")
  end)

  it("make keys of several fields", function()
    keys_file("1,2\n1,3\n2,1\n1,2\n")
    assert.are.equal(3,
      json_of("hmap stats --key x:int32,y:int32 --json keys").stats.count)
    has(answers("hmap explain --key x:int32,y:int32 2,1 keys"),
      "{x=2, y=1} is in the map")
    assert.are.equal(2, json_of("hmap stats --key int32,int32 --field 2,2 "
      .. "--json keys", 0).stats.count - 1)
    refuses(2, "explore compares with a Lua table, which has no keys of "
      .. "several fields", "hmap explore --key int32,int32 keys")
  end)

  it("are refused with file and line when they are no such key", function()
    keys_file(CSV)
    local line = "hmap stats --field 1 keys --key "
    refuses(3, 'keys:1: int64 expected, got "id" (--skip 1 leaves a heading '
      .. "out)", line .. "int64")
    refuses(3, 'keys:3: int32 expected, got "-9223372036854775808"',
      line .. "int32 --skip 1")
    refuses(3, "keys:2: 3 fields, and field 4 is wanted",
      "hmap stats --field 4 --skip 1 keys")
    keys_file('a\n"b\n')
    refuses(3, "keys:2: a quote is not closed", "hmap stats --field 1 keys")
  end)

  it("take the numbers that a type holds, and no others", function()
    local good = { uint64 = "18446744073709551615", int8 = "-128",
      uint8 = "255", float32 = "1e3", bool = "true", any = "1.5",
      ["[3]byte"] = "abc", int64 = "+9223372036854775807" }
    for of, text in pairs(good) do
      keys_file(text .. "\n")
      assert.are.equal(1, json_of("hmap stats --json keys --key '" .. of
        .. "'").stats.count, of)
    end
    local bad = { uint64 = "18446744073709551616", int8 = "128",
      uint8 = "-1", float32 = "x", bool = "yes", ["[3]byte"] = "ab",
      int64 = "1.5" }
    for of, text in pairs(bad) do
      keys_file(text .. "\n")
      refuses(3, ('keys:1: %s expected, got "%s" (--skip 1 leaves a heading '
        .. "out)"):format(of, text), "hmap stats keys --key '" .. of .. "'")
    end
  end)
end)

describe("what a command answers", function()
  it("is the map's own view, as text and as JSON", function()
    local hmap = require "hmap"
    local m <close> = hmap.new { key = "string", value = "int64", seed = 3 }
    for i = 1, 417 do m:set(WORDS[i], i) end
    has(answers("hmap stats --seed 3 --at 417 words.txt"),
      tostring(m:stats()))
    local seen = json_of("hmap stats --seed 3 --at 417 words.txt --json")
    assert.are.equal(m:stats().evacuated, seen.stats.evacuated)
    assert.are.equal(m:memory().total, seen.memory.total)
    assert.are.equal(m:draw { width = 80 } .. "\n",
      answers("hmap draw --seed 3 --at 417 words.txt --width 80"))
    assert.are.equal(tostring(m:explain("word9")) .. "\n",
      answers("hmap explain word9 --seed 3 --at 417 words.txt"))
    assert.are.equal(m:explain("word9").bucket, json_of(
      "hmap explain word9 --seed 3 --at 417 words.txt --json").bucket)
    assert.are.equal(m:distribution().chi_square // 1e-9, json_of(
      "hmap distribution --seed 3 --at 417 --json words.txt").chi_square
      // 1e-9)
    assert.are.equal(tostring(hmap.layout("string", "int64")) .. "\n",
      answers("hmap layout string int64"))
    assert.are.equal(tostring(hmap.keystats(WORDS, { seed = 3 })) .. "\n",
      answers("hmap keystats --seed 3 words.txt"))
  end)

  it("is 1 for no: absent keys, bad hashes, plans that do not fit",
    function()
      answers("hmap explain nowhere words.txt", 1)
      answers("hmap explain nowhere --json words.txt", 1)
      answers("hmap distribution --hash constant words.txt", 1)
      answers("hmap keystats --hash constant words.txt", 1)
      answers("hmap keystats --hash xxh3 words.txt")
      has(answers("hmap plan --entries 1000000 --bytes 10MiB", 1),
        "too large for 10.0 MiB by ")
      has(answers("hmap plan --entries 1000000 --bytes 1GiB"), "fits ")
      assert.are.equal(1000000,
        json_of("hmap plan --entries 1000000 --bytes 10MiB --json", 1).entries)
    end)

  it("is valid UTF-8 in JSON whatever the key's bytes", function()
    keys_file("a\255b\n")
    local view = json_of("hmap explain --json \"$(printf 'a\\377b')\" keys")
    assert.are.equal("a\u{FFFD}b", view.key)
    assert.is_true(view.found)
  end)

  it("repeats itself for a seed", function()
    for _, line in ipairs { "stats", "distribution", "draw --at 900" } do
      line = "hmap " .. line .. " words.txt --seed "
      assert.are.equal(answers(line .. 1), answers(line .. 1))
    end
  end)
end)

describe("hmap compare", function()
  it("counts what each policy costs, by its own map", function()
    local hmap = require "hmap"
    local view = json_of("hmap compare --json words.txt")
    local by = {}
    for _, r in ipairs(view.policies) do by[r.policy] = r end
    local ops = {}
    for i, g in ipairs(by.go.growths) do ops[i] = g.op end
    assert.are.same({ 9, 14, 27, 53, 105, 209, 417, 833, 1665 }, ops)
    assert.are.equal(by.go.peak.bytes, by.all_at_once.peak.bytes)
    assert.is_true(by.all_at_once.worst.cost > 10 * by.go.worst.cost)
    for name, r in pairs(by) do
      local m <close> = hmap.new { key = "string", value = "int64", seed = 1,
        policy = name }
      m:ledger(true)
      for i, word in ipairs(WORDS) do m:set(word, i) end
      local worst = m:worst_ops(1)[1]
      assert.are.equal(worst.cost, r.worst.cost)
      assert.are.equal(worst.number, r.worst.op)
      assert.are.equal(m:stats().bytes, r.bytes)
      assert.is_true(r.rare <= r.worst.cost)
      local top = 0
      for _, bytes in ipairs(r.samples) do top = math.max(top, bytes) end
      assert.are.equal(r.peak.bytes, top)
    end
  end)

  it("sees shrinking when the keys are deleted again", function()
    local view = json_of("hmap compare --delete --policies go,adaptive --json "
      .. "words.txt")
    local kinds = {}
    for i, r in ipairs(view.policies) do
      assert.are.equal(2 * #WORDS, r.operations)
      kinds[i] = r.growths[#r.growths].kind
    end
    assert.are.same({ "double", "shrink" }, kinds)
  end)

  it("reads well in 80 columns", function()
    local text = answers("hmap compare words.txt")
    for line in text:gmatch("[^\n]+") do
      assert.is_true(utf8.len(line) <= 80, line)
    end
    has(text, "\n go           9, 14, 27, 53, 105, 209, 417, 833, 1,665\n")
    has(text, "began a growth from 64 to 128 buckets")
    assert.is_nil(answers("hmap compare --ascii words.txt"):find("[\x80-\xff]"))
  end)

  it("says which policies there are", function()
    local _, err, code = shell("hmap compare --policies go,nope words.txt")
    has(err, "hmap: option 'policy': unknown policy 'nope'; policies are go, ")
    assert.are.equal(2, code)
  end)
end)

describe("a recording", function()
  local recording = require "hmap.observe.recording"
  local hmap = require "hmap"

  local function lines_of(text)
    local list = {}
    for line in text:gmatch("[^\n]*\n") do list[#list + 1] = line end
    return list
  end

  it("brings back the map as it was after any operation", function()
    answers("hmap record --seed 5 --policy load=4 words.rec words.txt")
    local m <close> = hmap.new { key = "string", value = "int64", seed = 5,
      policy = { load = 4 } }
    for i, word in ipairs(WORDS) do
      m:set(word, i)
      if i == 9 or i == 700 or i == #WORDS then
        local view = json_of("hmap replay --json words.rec --at " .. i)
        assert.are.equal(("%016x"):format(m:fingerprint()), view.fingerprint)
        assert.are.equal(word, view.key)
        assert.are.equal("set", view.call)
      end
    end
    assert.are.equal(0, json_of("hmap replay --json words.rec --at 0")
      .stats.count)
    has(answers("hmap replay --at 9 words.rec"), 'operation 9 of 2,000: set '
      .. '"word9"\n op 9: doubling begins, 1 -> 4 buckets, 8 entries\n')
    refuses(2, "--at: words.rec has 2,000 operations",
      "hmap replay --at 2001 words.rec")
  end)

  it("makes the page that its keys make", function()
    answers("head -n 300 words.txt >some.txt && hmap record some.rec some.txt")
    answers("hmap report some.html some.rec && hmap report keys.html some.txt")
    local page = read(path_of "some.html")
    has(page, "<!DOCTYPE html>\n<!-- hmap ")
    assert.are.equal(read(path_of "keys.html"),
      (page:gsub("some%.rec", "some.txt")))
    answers("sed 5d some.rec >bad.rec")
    refuses(3, "bad.rec:390: 300 operations and 89 events are announced, and "
      .. "299 and 89 are there", "hmap report bad.html bad.rec")
  end)

  it("is not needed to see policies side by side on a page", function()
    answers("hmap compare --policies go,redis --page two.html words.txt")
    has(read(path_of "two.html"), '"redis"')
    answers("echo mine >mine.html")
    refuses(2, "mine.html is there, and is none of hmap's: --force overwrites "
      .. "it",
      "hmap compare --policies go --page mine.html words.txt")
  end)

  it("is the same file for the same run, and goes through a pipe", function()
    answers("hmap record a.rec words.txt; hmap record - words.txt | cmp - "
      .. "a.rec")
    assert.are.equal(answers("hmap replay a.rec"),
      answers("hmap replay - <a.rec"))
  end)

  -- Every sort of operation, and cells that JSON has no words for.
  local function of_everything(key, value, keys, values)
    local m = hmap.new { key = key, value = value, seed = 8,
      policy = "adaptive" }
    m:record(math.maxinteger)
    local r = { keys = {}, values = {} }
    local function cells(cell)
      if type(cell) ~= "table" then return cell end
      return table.unpack(cell)
    end
    local function list(...)
      local args = table.pack(...)
      return args
    end
    local function call(name, i)
      local args = list(cells(keys[i]))
      local n = #r.keys + 1
      r.keys[n] = keys[i]
      if name ~= "delete" and name ~= "pop" then
        local more = list(cells(values[i]))
        table.move(more, 1, more.n, args.n + 1, args)
        args.n = args.n + more.n
        r.values[n] = values[i]
      end
      m[name](m, table.unpack(args, 1, args.n))
    end
    for i = 1, #keys do call("set", i) end
    call("swap", 3)
    call("get_or_set", 4)
    m:reserve(500)
    m:step(2)
    m:step(2)
    m:tune { moves = 1 }
    for i = 1, #keys - 4 do call(i % 2 == 0 and "pop" or "delete", i) end
    m:shrink()
    m:rekey()
    m:clear()
    for i = 1, #keys do call("set", i) end
    local events = m:events()
    events.keys, events.values = r.keys, r.values
    return m, events
  end

  local function round_trip(events)
    local text = {}
    recording.write(events, function(line) text[#text + 1] = line end)
    local path = path_of("trip.rec")
    write(path, table.concat(text))
    local file <close> = io.open(path, "rb")
    return assert(recording.read(file, path)), text
  end

  it("keeps every sort of operation, key and value exactly", function()
    local strings, floats, tuples, numbers = {}, {}, {}, {}
    local odd, truths = {}, {}
    for i = 1, 60 do
      strings[i] = "\255\0" .. i .. "\u{e9}\n\""
      floats[i] = i / 3
      tuples[i] = { i << 55, "t" .. i }
      numbers[i] = i
      odd[i], truths[i] = { i % 2 == 1, i }, { i % 3 == 0 }
    end
    floats[1], floats[2], floats[3] = math.huge, -0.0, 1e-310
    for _, case in ipairs {
      { "string", "float64", strings, floats },
      { "float64", "string", floats, strings },
      { { "a:int64", "b:string" }, { "int64", "string" }, tuples, tuples },
      { { "bool", "int64" }, { "t:bool" }, odd, truths },
      { "any", "any", strings, numbers }, { "any", "any", floats, strings },
    } do
      local m <close>, events = of_everything(table.unpack(case))
      local again, text = round_trip(events)
      local rebuilt <close> = hmap.replay(again)
      assert.are.equal(m:fingerprint(), rebuilt:fingerprint())
      for _, line in ipairs(text) do
        assert.is_truthy(utf8.len(line))
        assert.is_truthy(json.decode(line))
      end
      local _, twice = round_trip(again)
      assert.are.same(text, twice)
    end
  end)

  it("refuses to be written when it is not whole", function()
    local function refused(change, why)
      local m <close> = hmap.new { key = "int64", value = "int64", seed = 1 }
      m:record(100)
      m:set(1, 1)
      local r = m:events()
      r.keys, r.values = { 1 }, { 1 }
      change(r)
      local ok, said = pcall(recording.write, r, function() end)
      assert.is_false(ok)
      assert.are.equal(why, said)
    end
    refused(function(r) r.seed = nil end, "the recorded map has no seed")
    refused(function(r) r.fresh = false end,
      "the recording does not begin with the map")
    refused(function(r) r.lost = 1 end,
      "the recording has lost events or calls")
    refused(function(r) r.keys[1] = print end,
      "a function cannot be written to a file")
  end)

  describe("that is damaged", function()
    answers("hmap record --at 60 b.rec words.txt")
    local good = lines_of(read(path_of("b.rec")))

    local function broken(change, message)
      local lines = table.move(good, 1, #good, 1, {})
      local text = change(lines) or table.concat(lines)
      write(path_of("bad.rec"), text)
      refuses(3, "bad.rec:" .. message, "hmap replay bad.rec")
    end

    it("is refused with file and line, wherever it is cut off", function()
      for _, n in ipairs { 1, 2, 30, #good - 1 } do
        broken(function(lines) return table.concat(lines, "", 1, n) end,
          n .. ": the end is missing: the file has been cut off")
        broken(function(lines)
          return table.concat(lines, "", 1, n):sub(1, -4)
        end, n .. ": no line of a recording")
      end
      broken(function() return "" end, "1: an empty file")
    end)

    it("is refused when a line is missing, foreign, or too many", function()
      broken(function(lines) table.remove(lines, 5) end, #good - 1
        .. ": 60 operations and " .. json.decode(good[#good]).events
        .. " events are announced, and 59 and "
        .. json.decode(good[#good]).events .. " are there")
      broken(function(lines) lines[7] = "{}\n" end,
        "7: no line of a recording")
      broken(function(lines) lines[7] = "[[1]]\n" end,
        "7: no line of a recording")
      broken(function(lines) lines[7] = ("["):rep(100000) .. "\n" end,
        "7: no line of a recording")
      broken(function(lines) lines[7] = lines[7]:gsub("\n", "x\n") end,
        "7: no line of a recording")
      broken(function(lines) lines[7] = '{"call":"set","value":1}\n' end,
        "7: its key is missing")
      broken(function(lines) lines[7] = '{"call":"set","key":{"bytes":"0"}}\n'
      end, "7: its key is missing")
      broken(function(lines)
        lines[7] = '{"call":"step","n":1,"times":0}\n'
      end, "7: times is no number of operations")
      broken(function(lines) lines[#lines + 1] = "{}\n" end,
        #good + 1 .. ": a line behind the end")
    end)

    it("is refused when it is another file, or of another version",
      function()
        refuses(3, "words.txt:1: no line of a recording",
          "hmap replay words.txt")
        refuses(3, "/dev/zero:1: not a text: a zero byte at offset 0",
          "bounded; hmap replay /dev/zero")
        refuses(3, "nothing.rec: No such file or directory",
          "hmap replay nothing.rec")
        refuses(2, "the name of the file is empty", "hmap replay ''")
        broken(function() return '{"a":1}\n' end,
          "1: not the beginning of a recording")
        broken(function(lines)
          lines[1] = lines[1]:gsub('"version":1', '"version":2')
        end, "1: a recording of version 2, and this hmap reads version 1")
        broken(function(lines)
          lines[1] = lines[1]:gsub('"key":"string"', '"key":"strung"')
        end, "1: the types of a map are not there")
        for _, field in ipairs { '"key":"string",', '"value":"[^"]*",' } do
          broken(function(lines)
            lines[1] = lines[1]:gsub(field, "")
          end, "1: the types of a map are not there")
        end
      end)

    it("is refused when its keys are others, at the operation", function()
      local at
      for i, line in ipairs(good) do
        if line:find('"key":"word27"', 1, true) then at = i end
      end
      broken(function(lines)
        lines[at] = lines[at]:gsub('"word27"', "27")
      end, at .. ": operation 27: bad argument #1 to 'set' (string key "
        .. "expected, got 27)")
    end)
  end)

  it("goes to no full disk without a word", function()
    refuses(3, "/dev/full: No space left on device",
      "hmap record /dev/full words.txt")
    refuses(3, "standard output: No space left on device",
      "hmap record - words.txt >/dev/full")
    refuses(3, "no/such/dir: No such file or directory",
      "hmap record no/such/dir words.txt")
  end)
end)

describe("hmap report", function()
  it("writes the page about a map of the keys", function()
    local hmap = require "hmap"
    local m <close> = hmap.new { key = "string", value = "int64", seed = 1 }
    for i, word in ipairs(WORDS) do m:set(word, i) end
    assert.are.equal("", answers("hmap report page words.txt --width 80"))
    assert.are.equal(hmap.report(m, { width = 80 }) .. "\n",
      read(path_of("page")))
    refuses(3, "/dev/full: No space left on device",
      "hmap report /dev/full words.txt")
  end)
end)

describe("a file to be written", function()
  it("is not one of the user's, unless he says so", function()
    write(path_of("mine.txt"), "hmmm\n")
    for _, command in ipairs { "record", "report" } do
      refuses(2, "mine.txt is there, and is none of hmap's: --force overwrites "
        .. "it", "hmap " .. command .. " mine.txt")
      assert.are.equal("hmmm\n", read(path_of("mine.txt")))
      refuses(2, "the name of the file is empty", "hmap " .. command
        .. " '' words.txt")
    end
    refuses(2, "it's mine is there, and is none of hmap's: --force overwrites "
      .. "it", "cp mine.txt \"it's mine\"; hmap record \"it's mine\"")
    answers("hmap record --force mine.txt words.txt")
    answers("hmap record --at 9 mine.txt words.txt")
    assert.are.equal(9, json_of("hmap replay mine.txt --json").operations)
    answers("hmap report --force mine.txt words.txt")
    answers("hmap report mine.txt words.txt")
    write(path_of("empty.txt"), "")
    answers("hmap report empty.txt words.txt")
  end)
end)

describe("hmap repl", function()
  it("is Lua's prompt with hmap and m, after two lines of greeting",
    function()
      local out = answers("echo 'print(#m, hmap._VERSION, m:get(\"word7\"))' "
        .. "| hmap repl --at 27 --policy load=5 words.txt")
      has(out, "\n27\t" .. require("hmap")._VERSION .. "\t7")
      assert.are.equal(2, select(2, out:match("^Lua [^\n]*\n(.*)$"):match(
        "^(.-)> "):gsub("\n", "")))
    end)

  it("ends with the code of what is wrong with the keys", function()
    local _, err, code = shell("hmap repl nothing.txt </dev/null")
    assert.are.equal("hmap: nothing.txt: No such file or directory\n", err)
    assert.are.equal(3, code)
    refuses(2, "standard input is where you type: keys cannot come from there",
      "hmap repl -")
  end)
end)

describe("hmap import, export and info", function()
  local function lines_sorted(text)
    local list = {}
    for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
    table.sort(list)
    return list
  end

  it("bring a map into a file and out of it again", function()
    write(path_of "points.csv", 'x,y,name\n1,2,"orc, old"\n3,-4,"an ""elf"""\n'
      .. "5,6,plain\n")
    has(answers("hmap import --skip 1 --key int32,int32 --value string "
      .. "points.csv points.hmap"), "3 entries from 3 lines: points.hmap")
    assert.are.same(lines_sorted '1,2,"orc, old"\n3,-4,"an ""elf"""\n5,6,plain',
      lines_sorted(answers "hmap export points.hmap"))
    assert.are.same({ "1;2;orc, old", '3;-4;"an ""elf"""', "5;6;plain" },
      lines_sorted(answers "hmap export --delimiter ';' points.hmap"))
    local all = {}
    for line in answers "hmap export --json points.hmap":gmatch "[^\n]+" do
      local entry = json.decode(line)
      all[entry.value] = entry.key
    end
    assert.are.same({ ["orc, old"] = { 1, 2 }, ['an "elf"'] = { 3, -4 },
      plain = { 5, 6 } }, all)
  end)

  it("take the fields that they are told of, and floats to the bit", function()
    write(path_of "floats.csv", "a;0.1;7\nb;1e300;8\n")
    answers("hmap import --value float64 --value-field 2 --delimiter ';' "
      .. "--force floats.csv floats.hmap")
    assert.are.same({ "a,0.1", "b,1e+300" },
      lines_sorted(answers "hmap export floats.hmap"))
  end)

  it("tell what is in a file, and whether it is whole", function()
    answers "hmap import --force words.txt words.hmap"
    local text = answers "hmap info words.hmap"
    has(text, "string -> none, ")
    has(text, "hash      xxh3")
    assert.is_nil(text:find "whole")
    has(answers "hmap info --check words.hmap", "whole     every block")
    local info = json.decode(answers "hmap info --json words.hmap")
    assert.are.equal("string", info.key)
    assert.are.equal(2, info.policy.moves)
    shell "head -c 60 words.hmap > cut.hmap"
    local _, err, code = shell "hmap info --check cut.hmap"
    assert.are.equal(3, code)
    has(err, "hmap: cannot load cut.hmap: ")
  end)

  it("refuse what they cannot read or must not write over", function()
    write(path_of "ids", "1\nx\n")
    refuses(3, 'ids:2: int64 expected, got "x"',
      "hmap import --key int64 ids ids.hmap")
    assert.is_nil(io.open(path_of "ids.hmap"))
    refuses(2, "ids is there, and is none of hmap's: --force overwrites it",
      "hmap import ids ids")
    refuses(3, "cannot load ids: it does not begin as the file of a map does "
      .. "(byte 0, in the header)", "hmap export ids")
    refuses(3, "cannot load none: No such file or directory",
      "hmap info none")
  end)
end)

describe("hmap export --resp", function()
  local function has_redis()
    return os.execute "command -v redis-server >/dev/null"
      and os.execute "command -v redis-cli >/dev/null"
  end

  -- A server of the test's own, on a port that nobody has.
  local function with_redis(lines)
    return answers([[
      redis-server --port 0 --unixsocket "$PWD/redis" --save '' \
        --daemonize yes --pidfile "$PWD/redis.pid" >/dev/null
      for i in 1 2 3 4 5 6 7 8 9; do [ -S redis ] && break; sleep 0.2; done
      redis() { redis-cli -s "$PWD/redis" "$@"; }
      ]] .. lines .. "\nredis shutdown nosave\n")
  end

  it("writes commands as redis-cli --pipe takes them", function()
    write(path_of "one.csv", "k,v\n")
    answers "hmap import --value string --force one.csv one.hmap"
    assert.are.equal("*3\r\n$3\r\nSET\r\n$3\r\np:k\r\n$1\r\nv\r\n",
      answers "hmap export --resp --prefix p: one.hmap")
    assert.are.equal("*4\r\n$4\r\nHSET\r\n$1\r\nH\r\n$1\r\nk\r\n$1\r\nv\r\n",
      answers "hmap export --resp --hash H one.hmap")
  end)

  it("brings every entry into a Redis", function()
    if not has_redis() then return end
    local text = with_redis [[
      seq 2000 | sed 's/.*/&,value &/' >many.csv
      hmap import --key int64 --value string --force many.csv \
        many.hmap >/dev/null
      hmap export --resp many.hmap | redis --pipe | tail -n 1
      redis dbsize
      redis get 1234
      hmap export --resp --hash all many.hmap | redis --pipe | tail -n 1
      redis hlen all
      redis hget all 77
      cut -d, -f1 many.csv | hmap import --force - set.hmap >/dev/null
      hmap export --resp --hash set set.hmap | redis --pipe | tail -n 1
      redis scard set
      redis sismember set 2000
      hmap import --key int64 --value n:int64,name:string --force --field 1 \
        --value-field 1,2 many.csv rows.hmap >/dev/null
      hmap export --resp --prefix row: rows.hmap | redis --pipe | tail -n 1
      redis hgetall row:5
    ]]
    assert.are.equal([[
errors: 0, replies: 2000
2000
value 1234
errors: 0, replies: 2000
2000
value 77
errors: 0, replies: 2000
2000
1
errors: 0, replies: 2000
n
5
name
value 5
]], text)
  end)
end)

describe("hmap completion", function()
  it("knows every command, for three shells", function()
    for _, shell_name in ipairs { "bash", "zsh", "fish" } do
      local text = answers("hmap completion " .. shell_name)
      for _, name in ipairs(COMMANDS) do has(text, name) end
    end
  end)

  it("completes in bash", function()
    local out = answers([[bash -c '
      eval "$(hmap_() { ]] .. HMAP .. [[ "$@"; }; hmap_ completion bash)"
      COMP_WORDS=(hmap exp) COMP_CWORD=1
      COMP_LINE="hmap exp" COMP_POINT=8
      _hmap hmap exp hmap; echo "${COMPREPLY[@]}"']])
    has(out, "explore explain")
  end)
end)

describe("the README", function()
  it("has commands that run where its files are", function()
    write(path_of("a.csv"), "name,id\na,1\nb,2\n")
    local n = 0
    for line in read("README.md"):gmatch("\n    (hmap [^\n]*)") do
      local _, err, code = shell("exec </dev/null; " .. line)
      assert.are.equal("", err, line)
      assert.is_true(code < 2, line)
      n = n + 1
    end
    assert.is_true(n >= 10)
  end)
end)

describe("a person at a terminal", function()
  it("sees how far a long read is, and the line is wiped", function()
    local slow = "{ seq 20000; sleep 2.2; seq 20001 40000; } | "
    local out = shell("script -qec " .. quoted("sh -c " .. quoted(slow .. HMAP
      .. " stats -")) .. " /dev/null </dev/null")
    assert.is_truthy(out:find("\r\27%[K[%d.]+ KiB read from standard input"))
    assert.is_truthy(out:find("\r\27%[Khmap string %-> int64: 40000 entries"))
    assert.is_nil(shell(slow .. "hmap stats - 2>&1"):find("read from", 1, true))
  end)
end)

describe("an installed copy", function()
  it("runs in an empty directory, from a prefix with a space", function()
    local prefix = path_of("a prefix")
    assert(os.execute(("LD_PRELOAD= make -s -o all install BUILD=%s PREFIX=%s "
      .. "LUA=%s >%s 2>&1"):format(quoted(BUILD), quoted(prefix), LUA,
      path_of("log"))), read(path_of("log")))
    local line = "mkdir -p empty && cd empty && unset LUA_PATH LUA_CPATH && "
      .. quoted(prefix .. "/bin/hmap")
    assert.are.equal(answers("hmap draw --at 27 words.txt"),
      answers(line .. " draw --at 27 ../words.txt"))
    for _, name in ipairs(COMMANDS) do
      assert.are.equal(answers("hmap help " .. name),
        answers(line .. " help " .. name))
    end
    has(answers(line .. " repl ../words.txt <<'-'\nprint(#m)\n-"), "\n2000\n")
    assert.are.equal("#!/usr/bin/env " .. LUA,
      read(prefix .. "/bin/hmap"):match("^[^\n]*"))
  end)
end)
