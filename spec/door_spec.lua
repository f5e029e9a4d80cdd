-- The first commands that anybody types: what they install, build and put
-- where. On a machine of the spec's own (door/machine.lua), whose compiler
-- only writes down what it was asked for.
local machine = dofile "spec/door/machine.lua"

-- How many lines of the log begin like this.
local function count(log, start)
  local n = 0
  for _, line in ipairs(log) do
    if line:sub(1, #start) == start then n = n + 1 end
  end
  return n
end

-- The place of the first line that begins like this.
local function first(log, start)
  for i, line in ipairs(log) do
    if line:sub(1, #start) == start then return i end
  end
end

describe("a machine with nothing but make", function()
  for goal, last in pairs {
    [""] = "cc -shared", all = "cc -shared", explore = "lua -e",
    ["load-table"] = "lua -e", test = "run.sh",
    ["install DESTDIR=/$BOX/root"] = "cc -shared",
  } do
    it("installs before it builds: make " .. goal, function()
      for _, jobs in ipairs {"", " -j4"} do
        local box <close> = machine.new()
        local said, status = box:sh("make" .. jobs .. " " .. goal)
        assert.are.equal(0, status, said)
        local log = box:log()
        assert.are.equal(2, first(log, "install -y"), said)
        local done = assert(first(log, last), said)
        assert.is_true(done > 2)
        for _, line in ipairs(log) do -- headers that came with the packages
          if line:find("csrc/binding/%S+%.c$") then
            assert.is_truthy(line:find(box.root .. "/include/lua5.4", 1, true))
          end
        end
        box:sh("make" .. jobs .. " " .. goal)
        assert.are.equal(0, count(box:log(), "install -y lua"))
      end
    end)
  end

  it("needs no Lua for the C library", function()
    local box <close> = machine.new()
    local said, status = box:sh "make core"
    assert.are.equal(0, status, said)
    local log = box:log()
    assert.is_truthy(log[2]:find "gcc")
    assert.is_nil(log[2]:find "lua")
  end)

  it("is left as it is by a dry run, and by what builds nothing", function()
    local box <close> = machine.new()
    for _, goal in ipairs {"-n explore", "-n", "help", "env", "clean"} do
      local said, status = box:sh("make " .. goal)
      assert.are.equal(0, status, said)
      assert.are.same({}, box:log())
    end
  end)

  it("says in one line what to install where it may not", function()
    local box <close> = machine.new()
    for _, goal in ipairs {"", "explore", "test", "bench", "install", "core"} do
      local said, status = box:sh("FAKE_UID=1000 make " .. goal)
      assert.are.equal(2, status)
      assert.is_truthy(said:find("hmap: please install gcc", 1, true), said)
      assert.is_truthy(said:match "^[^\n]+\n$", said)
      assert.are.same({}, box:log())
    end
  end)

  it("is asked for the password by sudo", function()
    local box <close> = machine.new()
    box:have "sudo"
    local said, status = box:sh "FAKE_UID=1000 make"
    assert.are.equal(0, status, said)
    assert.is_truthy(first(box:log(), "sudo env DEBIAN_FRONTEND="))
  end)

  it("says so when apt-get has failed", function()
    local box <close> = machine.new()
    box:have("apt-get", "echo no network; exit 100")
    local said, status = box:sh "make"
    assert.are.equal(2, status)
    assert.is_truthy(said:find "please install gcc.*; apt%-get could not", said)
  end)

  it("does without what can be done without", function()
    local box <close> = machine.new()
    box:have("apt-get", [[
      echo "$@" >>"$LOG"
      case $* in *wamerican*) exit 100 ;; install*) sh "$BOX/arrive" ;; esac]])
    local said, status = box:sh "make explore"
    assert.are.equal(0, status, said)
    assert.is_truthy(first(box:log(), "lua -e"))
  end)
end)

describe("building again", function()
  it("compiles nothing under the same flags, all under others", function()
    local box <close> = machine.new {furnished = true}
    local function compiled(flags)
      local said, status = box:sh("make " .. flags)
      assert.are.equal(0, status, said)
      return count(box:log(), "cc ")
    end
    local all = compiled ""
    assert.is_true(all > 20)
    assert.are.equal(0, compiled "")
    for _, flags in ipairs {
      "CFLAGS=-O3", [[CFLAGS="-DX='\"a  b\"'"]], "LDFLAGS=-s", "CC=gcc",
    } do
      assert.are.equal(all, compiled(flags), flags)
      assert.are.equal(0, compiled(flags), flags)
    end
  end)
end)

describe("a path with spaces and quotes", function()
  local odd = "a b's  c"

  it("is one to install into", function()
    local box <close> = machine.new {furnished = true}
    local where = box.root .. "/" .. odd
    for i, line in ipairs {
      "PREFIX=" .. machine.quoted(where .. "/1"),
      "PREFIX=/2 DESTDIR=" .. machine.quoted(where),
    } do
      local said, status = box:sh("make install " .. line)
      assert.are.equal(0, status, said)
      local there = {}
      for _, name in ipairs(box:files(where .. "/" .. i)) do
        there[name] = true
      end
      for _, name in ipairs {
        "include/hmap.h", "include/hmap_inspect.h", "lib/libhmap.a",
        "lib/lua/5.4/hmap/core.so",
      } do
        assert.is_true(there[name], name)
        there[name] = nil
      end
      for _, name in ipairs(box:files "lua") do
        assert.is_true(there["share/lua/5.4/" .. name], name)
        there["share/lua/5.4/" .. name] = nil
      end
      assert.is_nil(next(there))
    end
  end)

  it("is one to keep a checkout in", function()
    local box <close> = machine.new {furnished = true, folder = odd}
    local said, status = box:sh "make explore KEYS=\"/it's a list\""
    assert.are.equal(0, status, said)
    assert.is_truthy(box:log()[1])
    said = box:sh 'eval "$(make -s env)"; printf "%s\n" "$LUA_PATH"'
    assert.are.equal(box.tree .. "/lua/?.lua;" .. box.tree ..
      "/lua/?/init.lua;;\n", said)
    said = box:sh 'eval "$(make -s env)"; printf "%s\n" "$LUA_CPATH"'
    assert.are.equal(box.tree .. "/build/?.so;;\n", said)
  end)
end)
