-- `hmap watch`: in a terminal (tmux: keys are sent, the screen is looked at),
-- as text, and held to the map that it shows. GOLDEN=write makes the frames of
-- spec/frames anew.
local hmap = require "hmap"
local canvas = require "hmap.explorer.canvas"
local view = require "hmap.explorer.terminal"

local function quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local _ <close> = file
  return file:read("a")
end

local directory = os.tmpname()
os.remove(directory)
assert(os.execute("mkdir " .. directory))

local function path_of(name) return directory .. "/" .. name end

local WORDS = {}
for i = 1, 3000 do WORDS[i] = "word " .. i end
write(path_of("words.txt"), table.concat(WORDS, "\n") .. "\n")
write(path_of("few.txt"), table.concat(WORDS, "\n", 1, 200) .. "\n")

-- -- the command as a process ---------------------------------------------

local LUA = os.getenv("LUA") or "lua5.4"
local here = assert(io.popen("pwd")):read("l")

local function absolute(path)
  return (path:gsub("[^;]+", function(p)
    return p:find("^/") and p or here .. "/" .. p
  end))
end

-- A sanitizer is loaded into the command alone.
local ENV = "env COLUMNS= KEYS= NO_COLOR= LC_ALL=C.UTF-8 LD_PRELOAD="
  .. quoted(os.getenv("LD_PRELOAD") or "")
  .. " LUA_PATH=" .. quoted(absolute(package.path))
  .. " LUA_CPATH=" .. quoted(absolute(package.cpath))
local HMAP = LUA .. " " .. here .. "/lua/bin/hmap"

local function shell(line)
  write(path_of("line"), "hmap() { " .. HMAP .. ' "$@"; }\n' .. line .. "\n")
  local _, _, code = os.execute(("cd %s && %s timeout 60 sh line >out 2>err "
    .. "</dev/null"):format(directory, ENV))
  return read(path_of("out")), read(path_of("err")), code
end

-- -- a terminal -------------------------------------------------------------

local terminals = 0 -- each has a server and a folder of its own

local function of_terminal(name) return path_of(terminals .. "/" .. name) end

local function socket() return path_of("socket" .. terminals) end

local function tmux(line)
  local pipe <close> = io.popen(("LD_PRELOAD= tmux -f /dev/null -S %s %s 2>&1")
    :format(socket(), line))
  return pipe:read("a")
end

local function screen(how)
  return (tmux("capture-pane -p " .. (how or "")):gsub("%s+$", "\n"))
end

local function nap() os.execute("sleep 0.05") end

local PATIENCE = 400 -- naps

-- Looks until what is seen is right; then, or when patience ends, gives it.
local function wait(is_right, how)
  local seen
  for _ = 1, PATIENCE do
    seen = screen(how)
    if is_right(seen) then return seen end
    nap()
  end
  return seen
end

local function shows(text)
  local seen = wait(function(s) return s:find(text, 1, true) end)
  if not seen:find(text, 1, true) then assert.equal(text, seen) end
  return seen
end

local function wait_for_file(name)
  for _ = 1, PATIENCE do
    local text = read(of_terminal(name))
    if text and text:find("\n$") then return text end
    nap()
  end
  error("no file " .. name)
end

-- What the terminal is before and after the command, its exit code between
-- them. The keeper may come a moment after a command that was killed.
local SCRIPT = [[
cd %s
own=%d
trap : INT TERM HUP
stty -g >$own/before
echo a line of before
sh -c 'echo $$ >'$own'/pid; exec %s'
code=$?
echo $code >$own/code
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  stty -g >$own/after
  cmp -s $own/before $own/after && break
  sleep 0.1
done
echo "it ended with $code"
read -r _
]]

local function start(arguments, opts)
  opts = opts or {}
  local command = ENV .. " " .. (opts.env or "") .. " "
    .. (opts.lua or LUA) .. " " .. here .. "/lua/bin/hmap "
    .. (opts.command or "watch") .. " " .. arguments
  tmux("kill-server")
  terminals = terminals + 1
  assert(os.execute("mkdir " .. of_terminal("")))
  write(of_terminal("script"), SCRIPT:format(directory, terminals,
    (command:gsub("'", "'\\''"))))
  tmux(("new-session -d -x %d -y %d 'sh %s'"):format(opts.width or 80,
    opts.height or 24, of_terminal("script")))
end

local function press(...)
  for _, key in ipairs { ... } do
    tmux("send-keys " .. (#key > 1 and not key:find("[^%w-]") and key
      or "-l " .. quoted(key)))
  end
end

local function pid() return tonumber(wait_for_file("pid")) end

local function is_restored(code)
  local seen = shows("it ended with " .. code)
  assert.truthy(seen:find("a line of before", 1, true))
  assert.equal(read(of_terminal("before")), read(of_terminal("after")))
  wait(function()
    return tmux("display -p '#{cursor_flag} #{alternate_on}'") == "1 0\n"
  end)
  assert.equal("1 0\n", tmux("display -p '#{cursor_flag} #{alternate_on}'"))
  return seen
end

-- -- golden frames ----------------------------------------------------------

local function golden(name, seen)
  local path = "spec/frames/" .. name .. ".txt"
  if os.getenv("GOLDEN") == "write" then write(path, seen) end
  assert.equal(read(path), seen)
end

-- Entries on their way come first; what is golden is what stays.
local function golden_screen(name)
  local path = "spec/frames/" .. name .. ".txt"
  local wanted = read(path)
  if os.getenv("GOLDEN") == "write" then
    os.execute("sleep 1.5")
    return write(path, wait(function(s)
      return not s:find(", films", 1, true)
    end))
  end
  assert.equal(wanted, wait(function(s) return s == wanted end))
end

describe("hmap watch in a terminal", function()
  teardown(function()
    tmux("kill-server")
    os.execute("rm -rf " .. directory)
  end)

  for _, case in ipairs {
    { "slots-80", "--at 27 few.txt", 80, 24 },
    { "cells-80", "--at 107 few.txt", 80, 24 },
    { "folded-80", "--at 2700 words.txt", 80, 24 },
    { "rest-80", "--at 60 few.txt", 80, 24 },
    { "slots-60", "--at 27 few.txt", 60, 20 },
    { "cells-60", "--at 107 few.txt", 60, 20 },
    { "slots-140", "--at 55 few.txt", 140, 40 },
    { "cells-140", "--at 450 words.txt", 140, 40 },
    { "shrink-80", "--policy redis --at 20 few.txt", 80, 24 },
    { "low-80", "--at 27 few.txt", 80, 14 },
  } do
    local name, arguments, width, height = table.unpack(case)
    it("shows " .. arguments .. " on " .. width .. " columns and " .. height
      .. " lines", function()
      start(arguments, { width = width, height = height })
      shows("paused")
      golden_screen(name)
    end)
  end

  it("shows it without block characters where they are not wanted or not "
    .. "known", function()
    start("--ascii --at 107 few.txt")
    shows("paused")
    golden_screen("ascii-80")
    start("--at 107 few.txt", { env = "LC_ALL=C" })
    shows("paused")
    golden_screen("ascii-80")
  end)

  it("goes where keys say, and shows the same there whichever way it came",
    function()
    start("--at 0 few.txt")
    shows("operation 0 of 200")
    press("l")
    shows("operation 1 of 200")
    press("Right", "l")
    shows("operation 3 of 200")
    press("h")
    shows("operation 2 of 200")
    press("Left")
    shows("operation 1 of 200")
    press("L")
    shows("operation 9 of 200")
    press("S-Right")
    shows("operation 14 of 200")
    press("L")
    shows("operation 27 of 200")
    golden_screen("slots-80")
    press("L")
    shows("operation 29 of 200")
    press("H")
    shows("operation 27 of 200")
    press("S-Left")
    shows("operation 14 of 200")
    press("G")
    shows("operation 200 of 200")
    press("g")
    shows("operation 0 of 200")
    press("End")
    shows("operation 200 of 200")
    press("h")
    shows("operation 199 of 200")
    press("Home")
    shows("operation 0 of 200")
    press("q")
    is_restored(0)
  end)

  it("plays and pauses, faster and slower", function()
    start("few.txt")
    shows("operation 5 of 200")
    shows("4 a second")
    press("+")
    shows("8 a second")
    press("-", "-")
    shows("2 a second")
    press(" ")
    shows("paused")
    press("g", " ", "+", "+", "+", "+", "+", "+")
    shows("operation 200 of 200")
    shows(" end")
    press("q")
    is_restored(0)
  end)

  it("goes to the last key even before its film is made to there", function()
    start("words.txt")
    shows("of 3,000")
    press("G", "g")
    shows("operation 0 of 3,000")
    press("G")
    shows("operation 3,000 of 3,000")
    press("q")
    is_restored(0)
  end)

  it("shows entries on their way from the old bucket to the new one",
    function()
    start("--at 26 few.txt")
    shows("operation 26 of 200")
    press("l")
    local seen = wait(function(s) return s:find("●.*new x") end)
    assert.truthy(seen:find("operation 27 of 200", 1, true))
    golden_screen("slots-80")
  end)

  it("follows a key that is typed", function()
    start("--at 27 few.txt")
    shows("operation 27 of 200")
    press("/", "word 7x", "BSpace")
    shows("follow which key? word 7_")
    press("Enter")
    local seen = shows("@ word 7: ")
    local m = hmap.new { key = "string", value = "int64", seed = 1 }
    for i = 1, 27 do m:set(WORDS[i], i) end
    local e = m:explain("word 7")
    assert.truthy(seen:find(("@ word 7: %s %d, slot %d"):format(e.which,
      e.bucket, e.slot), 1, true))
    press("/", "nobody", "Enter")
    shows("no operation has the key nobody")
    press("Escape")
    wait(function(s) return not s:find("nobody", 1, true) end)
    assert.is_nil(screen():find("@ word 7", 1, true))
  end)

  it("tells how it is to be read, and comes back", function()
    start("--at 27 few.txt")
    shows("operation 27 of 200")
    press("?")
    shows("any key goes back")
    golden_screen("help-80")
    press("l")
    golden_screen("slots-80")
  end)

  it("fits a terminal that changes its size", function()
    start("--at 27 few.txt")
    shows("paused")
    tmux("resize-window -x 60 -y 20")
    golden_screen("slots-60")
    tmux("resize-window -x 80 -y 24")
    golden_screen("slots-80")
  end)

  it("writes only the lines that changed", function()
    start("--at 50 few.txt")
    shows("paused")
    tmux("pipe-pane -o 'cat >" .. path_of("written") .. "'")
    press("h")
    shows("operation 49 of 200")
    local written
    for _ = 1, PATIENCE do
      written = read(path_of("written")) or ""
      if written:find("operation 49", 1, true) then break end
      nap()
    end
    nap() -- what else it writes comes with that, or next
    nap()
    written = read(path_of("written"))
    assert.truthy(written:find("operation 49", 1, true))
    assert.is_nil(written:find("hmap watch", 1, true))
    assert.is_nil(written:find("entries a bucket\27.*entries a bucket"))
  end)

  it("tells what moves by looks, too, and without colours where NO_COLOR is",
    function()
    start("--at 27 few.txt", { env = "TERM=xterm-256color" })
    shows("paused")
    assert.truthy(screen("-e"):find("38;5;208", 1, true))
    start("--at 27 few.txt", { env = "NO_COLOR=1" })
    shows("paused")
    local seen = screen("-e")
    assert.is_nil(seen:find("\27%[[%d;]*3[0-8]"))
    assert.truthy(seen:find("\27%[[%d;]*7m"))
  end)

  it("is text, frame by frame, where TERM is dumb", function()
    start("--at 27 few.txt", { env = "TERM=dumb" })
    local seen = is_restored(0)
    assert.truthy(seen:find("hmap watch  few.txt.*operation 27 of 200"))
  end)

  it("keeps its lines whatever is in a key", function()
    write(path_of("odd.txt"), "\27[2J\27]0;title\7\n漢字テーブル\n\u{9b}2J\n"
      .. "\u{202e}abc\n\255\254\ne\u{301}\n" .. ("x"):rep(300) .. "\n")
    for op = 1, 7 do
      start("--at " .. op .. " odd.txt")
      local seen = shows("paused")
      assert.equal(1, select(2, seen:gsub("hmap watch", "")))
      assert.truthy(seen:find("^ hmap watch"))
      assert.truthy(seen:find("\n operation " .. op .. " of 7"))
      assert.is_nil(seen:find("\u{202e}", 1, true))
    end
  end)

  -- -- every way out --------------------------------------------------------

  for _, way in ipairs {
    { "q", function() press("q") end, 0 },
    { "ctrl-C", function() press("C-c") end, 130 },
    { "SIGINT", function() os.execute("kill -INT " .. pid()) end, 130 },
    { "SIGTERM", function() os.execute("kill -TERM " .. pid()) end, 143 },
    { "SIGHUP", function() os.execute("kill -HUP " .. pid()) end, 129 },
    { "SIGKILL", function() os.execute("kill -KILL " .. pid()) end, 137 },
  } do
    local name, leave, code = table.unpack(way)
    it("gives the terminal back as it was after " .. name, function()
      start("few.txt")
      shows("operation 3 of 200")
      leave()
      is_restored(code)
    end)
  end

  it("gives it back after an error, and tells of it there", function()
    write(path_of("broken.lua"), [[
      local view = require "hmap.explorer.terminal"
      local frame, n = view.frame, 0
      function view.frame(...)
        n = n + 1
        if n > 3 then error("a broken frame") end
        return frame(...)
      end]])
    start("few.txt", { lua = LUA .. " -e 'dofile(\""
      .. path_of("broken.lua") .. "\")'" })
    assert.truthy(is_restored(3):find("hmap: .*a broken frame"))
  end)

  it("stops at ctrl-Z with the terminal as it was, and goes on", function()
    start("--at 27 few.txt")
    shows("paused")
    press("C-z")
    shows("a line of before")
    wait(function()
      local pipe <close> = io.popen("stty -g -F $(tmux -S "
        .. socket() .. " display -p '#{pane_tty}')")
      return pipe:read("a") == read(of_terminal("before"))
    end)
    os.execute("kill -CONT " .. pid())
    golden_screen("slots-80")
    press("q")
    is_restored(0)
  end)

  it("ends when its terminal is gone, and leaves nobody behind", function()
    start("few.txt")
    shows("operation 3 of 200")
    local processes = { pid() }
    -- Its keeper, at least; what asks for the size comes and goes.
    for child in read(("/proc/%d/task/%d/children"):format(pid(), pid()))
      :gmatch("%d+") do
      processes[#processes + 1] = child
    end
    assert.is_true(#processes > 1)
    tmux("kill-server")
    local function lives(process)
      return os.execute("kill -0 " .. process .. " 2>/dev/null")
    end
    for _, process in ipairs(processes) do
      for _ = 1, PATIENCE do
        if not lives(process) then break end
        nap()
      end
      assert.is_nil(lives(process))
    end
  end)
end)

-- -- a progress line ---------------------------------------------------------

describe("a command that shows how far it is", function()
  -- Lines that come slowly: the line shows after two seconds.
  local function begin(lua)
    assert(os.execute(("cd %s && rm -f slow && mkfifo slow && "
      .. "{ for i in 1 2 3; do seq ${i}00000 ${i}19999; sleep 1.5; done "
      .. ">slow; } 2>/dev/null &"):format(directory)))
    start("slow", { command = "stats", lua = lua })
    shows("read from slow")
    tmux("kill-server")
  end

  setup(function() os.execute("mkdir -p " .. directory) end)

  teardown(function()
    tmux("kill-server")
    os.execute("rm -rf " .. directory)
  end)

  it("ends with its terminal", function()
    begin()
    local process = pid()
    local function lives()
      return os.execute("kill -0 " .. process .. " 2>/dev/null")
    end
    for _ = 1, PATIENCE do
      if not lives() then break end
      nap()
    end
    assert.is_nil(lives())
  end)

  it("comes to its end without one, where it is told to", function()
    begin("env --ignore-signal=HUP " .. LUA)
    assert.equal("3\n", wait_for_file("code")) -- nobody takes its answer
  end)
end)

-- -- without a terminal -------------------------------------------------------

describe("hmap watch without a terminal", function()
  setup(function()
    os.execute("mkdir -p " .. directory)
    write(path_of("words.txt"), table.concat(WORDS, "\n") .. "\n")
    write(path_of("few.txt"), table.concat(WORDS, "\n", 1, 200) .. "\n")
  end)

  teardown(function() os.execute("rm -rf " .. directory) end)

  it("plays a few frames as text, the same for a seed", function()
    local out, err, code = shell("hmap watch words.txt")
    assert.equal("", err)
    assert.equal(0, code)
    golden("text", out)
    assert.equal(out, (shell("hmap watch --seed 1 - <words.txt")
      :gsub("standard input", "words.txt")))
    assert.are_not.equal(out, (shell("hmap watch --seed 2 words.txt")))
    assert.is_nil(out:find("\27", 1, true))
  end)

  it("plays one frame, of the columns and signs that are asked for", function()
    local out, err = shell("hmap watch --at 27 --width 60 --ascii few.txt")
    assert.equal("", err)
    golden("text-ascii-60", out)
    for line in out:gmatch("[^\n]+") do
      assert.is_true(#line <= 60, line)
      assert.is_nil(line:find("[\128-\255]"), line)
    end
  end)

  it("is what README.md shows of it", function()
    local text = read("README.md")
    local line, still = text:match("\n    (seq [^\n]*hmap watch[^\n]*)\n"
      .. ".-```text\n(.-)```")
    assert.equal(still, (shell(line)))
  end)

  it("says what is wrong with its options", function()
    local _, err, code = shell("hmap watch --follow nobody few.txt")
    assert.equal("hmap: --follow: no operation has the key nobody\n", err)
    assert.equal(2, code)
    _, err, code = shell("hmap watch --at x few.txt")
    assert.equal("hmap: --at: an integer from 0 on expected, got 'x' "
      .. "(hmap watch --help)\n", err)
    assert.equal(2, code)
    _, err, code = shell("hmap watch nowhere.txt")
    assert.equal("hmap: nowhere.txt: No such file or directory\n", err)
    assert.equal(3, code)
  end)
end)

-- -- held to the map --------------------------------------------------------

local SHADES = { [" "] = 0, ["▁"] = 1, ["▂"] = 2, ["▃"] = 3, ["▄"] = 4,
  ["▅"] = 5, ["▆"] = 6, ["▇"] = 7, ["█"] = 8 }

-- The lines of an array as lists of cells: { [bucket] = text }.
local function cells_of(text, name, width)
  local cells = {}
  for number, row in text:gmatch("\n " .. name .. " +(%d+)(%f[ |][^\n]*)") do
    local first = tonumber(number)
    if row:find("[", 1, true) then
      for cell in row:gmatch("(%b[][+%d]*)") do
        cells[first], first = cell, first + 1
      end
    else
      row = row:match("|(.*)|") -- or a line of the caption
      local at = 1
      for _, code in utf8.codes(row or "") do
        if (at - 1) % width == 0 then
          cells[first], first = utf8.char(code), first + 1
        end
        at = at + 1
      end
    end
  end
  return cells
end

local function full_slots(bucket)
  local n = 0
  for _, slot in ipairs(bucket.slots) do
    if slot.state == "full" then n = n + 1 end
  end
  return n
end

local function assert_cell(bucket, cell, place)
  if bucket.state == "evacuated" then
    assert.truthy(cell:find("[·xy↓]") or cell:find("^%[ +%]"), place)
  elseif cell:find("[", 1, true) then
    local slots = select(2, cell:gsub("■", "")) + select(2, cell:gsub("◆", ""))
      + select(2, cell:match("%b[]"):gsub("%+", ""))
    assert.equal(math.min(8, full_slots(bucket)), slots, place)
    local chain = cell:match("%]%+(%d)")
    assert.equal(math.min(9, bucket.chain - 1), tonumber(chain) or 0, place)
  elseif cell ~= "+" then
    assert.equal(math.min(8, full_slots(bucket)), SHADES[cell], place)
  end
end

describe("A frame", function()
  it("fits every screen", function()
    local film = hmap.film { keys = WORDS, key = "string", value = "none",
      seed = 1, name = "\27[2J" .. ("name"):rep(40) }
    local function check(sheet, width, height)
      local lines = sheet:lines()
      assert.equal(height, #lines)
      for _, line in ipairs(lines) do
        if canvas.width_of(line) > width or line:find("%c") then
          error(width .. " x " .. height .. ": " .. line)
        end
      end
    end
    for i, op in ipairs { 0, 1, 9, 27, 60, 110, 120, 430, 850, 3000 } do
      for width = i, 170, 31 do
        for height = 1, 60, 9 do
          local opts = { width = width, height = height, follow = 5,
            state = "paused", prompt = i % 2 > 0 and "a prompt" or nil,
            flight = i / 10 }
          check(view.frame(film, film:at(op), opts), width, height)
          check(view.help(film, opts), width, height)
        end
      end
    end
  end)

  it("shows of every bucket what the map has there", function()
    local film = hmap.film { keys = WORDS, key = "string", value = "none",
      seed = 1 }
    local m = hmap.new { key = "string", value = "none", seed = 1 }
    local seen = 0
    for op = 1, 850 do
      m:set(WORDS[op])
      if op % 17 == 0 or m:stats().growing then
        local lines = view.frame(film, film:at(op), { width = 140,
          height = 60, plain = true }):lines()
        local text = table.concat(lines, "\n")
        local stats = m:stats()
        local function compare(which, name, first, n)
          local cells = cells_of(text, name, 3)
          for i = first, first + n - 1 do
            local cell = assert(cells[i], op .. " " .. which .. " " .. i
              .. "\n" .. text)
            assert_cell(m:bucket(i, which), cell, op .. " " .. which .. " "
              .. i .. "\n" .. text)
            seen = seen + 1
          end
        end
        if stats.growing then
          compare("old", "old", 0, stats.old_buckets)
          compare("new", "new x", 0, stats.old_buckets)
          compare("new", "new y", stats.old_buckets, stats.old_buckets)
        elseif not text:find("\n old +0") then
          compare("new", "new", 0, stats.buckets)
        end
      end
    end
    assert.is_true(seen > 5000)
  end)
end)
