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
    bench = "lua spec/bench/run.lua",
    ["bench-pause"] = "lua spec/bench/pause.lua",
    ["install DESTDIR=/$BOX/root"] = "cc -shared",
  } do
    it("installs before it builds: make " .. goal, function()
      for _, jobs in ipairs(goal == "explore" and {"", " -j4"} or {" -j4"}) do
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

describe("on macOS", function()
  it("links the module as what Lua loads there", function()
    for system, how in pairs {
      Darwin = "cc -bundle -undefined dynamic_lookup ", Linux = "cc -shared ",
    } do
      local box <close> = machine.new {furnished = true}
      local said, status = box:sh("FAKE_SYSTEM=" .. system .. " make")
      assert.are.equal(0, status, said)
      local log = box:log()
      assert.are.equal(1, count(log, how))
      assert.is_truthy(log[assert(first(log, how))]:find "%-o build/hmap/core")
      assert.are.equal(system == "Linux" and 1 or 0, count(log, "cc -shared"))
    end
  end)
end)

describe("the chosen Lua", function()
  -- Puts a Lua with its headers into a tree of its own.
  local function put(box, root, version, header)
    box:have_lua(root .. "/bin/lua", version)
    box:write(root .. "/include/lua.h", header)
  end

  local NEW = "#define LUA_VERSION_MAJOR_N\t5\n#define LUA_VERSION_MINOR_N\t5\n"
  local OLD = "#define LUA_VERSION_MINOR\t\"4\"\n"

  it("is asked for its release, headers and library", function()
    local box <close> = machine.new {furnished = true}
    for version, header in pairs {["5.5"] = NEW, ["5.4"] = OLD} do
      local root = box.root .. "/a tree of " .. version
      put(box, root, version, header)
      box:write(root .. "/lib/liblua.a", "")
      local lua = machine.quoted(root .. "/bin/lua")
      for what, answer in pairs {
        version = version, include = root .. "/include",
        libs = "'" .. root .. "/lib/liblua.a' -lm -ldl",
      } do
        local said = box:sh("LUA=" .. lua .. " sh .ci/lua " .. what)
        assert.are.equal(answer .. "\n", said)
      end
      local said, status = box:sh("make install PREFIX=/usr DESTDIR=$BOX/" ..
        version .. " LUA=" .. lua)
      assert.are.equal(0, status, said)
      local seen
      for _, line in ipairs(box:log()) do
        if line:find "csrc/binding/%S+%.c$" then
          seen = true
          assert.is_truthy(line:find(root .. "/include", 1, true), line)
        end
      end
      assert.is_true(seen)
      local there = box:files(box.root .. "/" .. version)
      local paths = table.concat(there, "\n")
      assert.is_truthy(paths:find("usr/lib/lua/" .. version .. "/hmap/core.so",
        1, true))
      assert.is_truthy(paths:find("usr/share/lua/" .. version ..
        "/hmap/init.lua", 1, true))
    end
  end)

  it("is not given the headers of another release", function()
    local box <close> = machine.new {furnished = true}
    local root = box.root .. "/mixed"
    put(box, root, "5.5", OLD)
    local said = box:sh("LUA=" .. root .. "/bin/lua sh .ci/lua include")
    assert.is_nil(said:find(root, 1, true))
  end)

  it("is what is installed where it is not there", function()
    local box <close> = machine.new()
    local said = box:sh "FAKE_UID=1 make LUA=lua5.5"
    assert.is_truthy(said:find("lua5.5 liblua5.5-dev", 1, true), said)
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
        "lib/lua/5.4/hmap/core.so", "bin/hmap",
      } do
        assert.is_true(there[name], name)
        there[name] = nil
      end
      for _, name in ipairs(box:files "lua/hmap") do
        name = "hmap/" .. name
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

describe("the rock", function()
  local function rockspec(name)
    local env = {}
    assert(loadfile("rockspec/hmap-" .. name .. ".rockspec", "t", env))()
    return env
  end

  local version = require "hmap"._VERSION
  local scm = rockspec "scm-1"

  local function found(command)
    local names = {}
    for name in machine.run(command):gmatch "[^\n]+" do
      names[#names + 1] = name
    end
    table.sort(names)
    return names
  end

  local function sorted(list)
    local copy = table.move(list, 1, #list, 1, {})
    table.sort(copy)
    return copy
  end

  it("is built from every C source, and no other", function()
    assert.are.same(found "find csrc/binding csrc/core -name '*.c'",
      sorted(scm.build.modules["hmap.core"].sources))
  end)

  it("installs every Lua file and page under its own name", function()
    local listed = {}
    for _, modules in ipairs {scm.build.modules, scm.build.install.lua} do
      for name, path in pairs(modules) do
        if type(path) == "string" then
          listed[#listed + 1] = path
          local own = path:match "^lua/(.+)%.lua$"
          if own then -- annotations have a dot in their name
            own = own:gsub("/init$", ""):gsub("%.", "/")
            assert.are.equal(name, (own:gsub("/", ".")))
          else -- other files keep theirs, in the folder of the module
            assert.are.equal(name:gsub("%.[^.]+$", ""):gsub("%.", "/"),
              path:match "^lua/(.+)/")
          end
        end
      end
    end
    assert.are.same(found "find lua/hmap -type f", sorted(listed))
  end)

  it("installs every command", function()
    local listed = {}
    for name, path in pairs(scm.build.install.bin or {}) do
      assert.are.equal("lua/bin/" .. name, path)
      listed[#listed + 1] = path
    end
    assert.are.same(found "[ ! -d lua/bin ] || find lua/bin -type f",
      sorted(listed))
  end)

  it("is released as the checkout has it, of the one version", function()
    local name = version:match "[%d.]+" .. "-1"
    assert.are.same({"rockspec/hmap-" .. name .. ".rockspec"},
      found "ls rockspec/hmap-[0-9]*.rockspec")
    local made <close> = machine.new()
    local said, status = machine.run("make -s rockspec ROCKSPEC=" ..
      made.root .. "/made")
    assert.are.equal(0, status, said)
    said, status = machine.run("diff rockspec/hmap-" .. name .. ".rockspec " ..
      made.root .. "/made")
    assert.are.equal(0, status, said .. "\nrun: make rockspec")
    local released = rockspec(name)
    assert.are.equal(name, released.version)
    assert.are.same(scm.build, released.build)
    assert.are.same(scm.dependencies, released.dependencies)
  end)

  it("has an archive of what git knows, in a folder of its name", function()
    if select(2, machine.run "git rev-parse") ~= 0 then
      return -- this is such an archive
    end
    local box <close> = machine.new()
    local name = "hmap-" .. version:match "[%d.]+"
    local said, status = machine.run("make -s dist DIST=" .. box.root)
    assert.are.equal(0, status, said)
    assert.are.same(
      found("git ls-files | sed 's|^|" .. name .. "/|'"),
      found("tar -tzf " .. box.root .. "/" .. name .. ".tar.gz | grep -v '/$'"))
  end)
end)
