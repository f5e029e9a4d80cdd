-- The main job: what it tells of a person's keys.
local explore = require("hmap.cli.explore").explore

local function numbered(n)
  local keys = {}
  for i = 1, n do keys[i] = "key " .. i end
  return { keys = keys, type = "string", source = "a spec", note = "" }
end

local function tell(source, opts)
  opts = opts or {}
  opts.seed, opts.width = opts.seed or 1, opts.width or 80
  opts.race_seconds = 0
  local said = {}
  explore(source, opts, function(text) said[#said + 1] = text end)
  return table.concat(said, "\n")
end

local function temporary(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
  return path
end

local function quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- Runs the command line in a process of its own with this environment: what
-- it printed (on both streams) and its exit status.
local function run_in(environment, ...)
  local command = {
    environment, "LUA_PATH=" .. quoted(package.path),
    "LUA_CPATH=" .. quoted(package.cpath), "lua5.4 lua/bin/hmap",
  }
  for _, word in ipairs { ... } do command[#command + 1] = quoted(word) end
  local pipe = io.popen(table.concat(command, " ") .. " 2>&1")
  local text = pipe:read("a")
  local _, _, status = pipe:close()
  return text, status
end

local function run(...)
  return run_in("COLUMNS=80 KEYS=", ...)
end

describe("exploring", function()
  it("tells of every growth, at Go's counts", function()
    local text = tell(numbered(1000))
    for i, insert in ipairs { 9, 14, 27, 53, 105, 209, 417, 833 } do
      local row = string.format("\n +%d +%d +%d +%%-> +%d  ", i, insert,
        2 ^ (i - 1), 2 ^ i)
      assert.is_truthy(text:find(row), row)
    end
  end)

  it("draws the small map and the large one in mid-growth", function()
    local text = tell(numbered(1000))
    assert.is_truthy(text:find("growing 4 -> 8 buckets", 1, true))
    assert.is_truthy(text:find("growing 128 -> 256 buckets", 1, true))
    assert.is_truthy(text:find("\n old 3  waiting  [", 1, true))
    assert.is_truthy(text:find("\n new x  |", 1, true))
  end)

  it("repeats itself for a seed, apart from the timings", function()
    local function untimed(seed)
      local text = tell(numbered(3000), { seed = seed })
      return text:sub(1, text:find("THE WORST INSERT", 1, true) - 1)
    end
    assert.are.equal(untimed(1), untimed(1))
    assert.are_not.equal(untimed(1), untimed(2))
  end)

  it("judges the hash and compares the worst insert with a table's",
    function()
      local text = tell(numbered(3000))
      assert.is_truthy(text:find("\n verdict +good: "))
      assert.is_truthy(text:find("\n hmap +%d[%d.]* [num]s "))
      assert.is_truthy(text:find("\n Lua table +%d[%d.]* [num]s "))
    end)

  it("keeps within 80 columns and a readable length", function()
    local lines = 0
    for line in tell(numbered(20000)):gmatch("[^\n]*") do
      lines = lines + 1
      assert.is_true(utf8.len(line) <= 80, line)
    end
    assert.is_true(lines <= 110, lines .. " lines")
  end)

  it("has something true to say of a single key", function()
    local text = tell(numbered(1))
    assert.is_truthy(text:find("It did not", 1, true))
    assert.is_truthy(text:find("1 entry in 1 chain", 1, true))
  end)
end)

describe("the command line", function()
  it("explores a file and ends with status 0", function()
    local path = temporary("one\ntwo\nthree\n")
    local text, status = run("explore", "--seed", "5", path)
    os.remove(path)
    assert.is_truthy(text:find("^3 keys of 3.7 bytes from .-; seed 5\n"))
    assert.are.equal(0, status)
  end)

  it("takes the file from KEYS when no word names it", function()
    local path = temporary("one\ntwo\n")
    local text, status = run_in("KEYS=" .. quoted(path), "explore")
    os.remove(path)
    assert.is_truthy(text:find("2 keys of 3.0 bytes from " .. path, 1, true))
    assert.are.equal(0, status)
  end)

  it("fits its text to COLUMNS and to what the locale can show", function()
    local path = temporary(table.concat(numbered(500).keys, "\n"))
    local narrow = run_in("COLUMNS=70 LC_ALL=C", "explore", path)
    local wide = run_in("COLUMNS=120 LC_ALL=C.UTF-8", "explore", path)
    os.remove(path)
    assert.is_nil(narrow:find("[\x80-\xff]"))
    assert.is_truthy(wide:find("█", 1, true))
    local function longest(text)
      local n = 0
      for line in text:gmatch("[^\n]+") do n = math.max(n, utf8.len(line)) end
      return n
    end
    assert.is_true(longest(wide) > 80 and longest(wide) <= 120)
    assert.is_true(longest(narrow) < longest(wide))
  end)
end)
