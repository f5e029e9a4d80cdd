-- The house itself: its walls, its lists, and the numbers that must agree.
local hmap = require "hmap"

local tree = require "spec.files"
local read, lines_of = tree.read, tree.lines_of
local temporary = tree.temporary

local function files(pattern)
  return lines_of("LC_ALL=C ls " .. pattern .. " 2>/dev/null")
end

-- Lines of the files that match, as "file: line".
local function hits(paths, ...)
  local out = {}
  for _, path in ipairs(paths) do
    for line in read(path):gmatch "[^\n]*" do
      for _, pattern in ipairs {...} do
        if line:lower():find(pattern) then
          out[#out + 1] = path .. ": " .. line
        end
      end
    end
  end
  return out
end

local function sorted(list)
  table.sort(list)
  return list
end


local sources = "csrc/*.h csrc/*/*.[ch] csrc/*/*/*.[ch] lua/hmap/*.lua " ..
  "lua/hmap/*/*.lua lua/bin/* lua/examples/* spec/*.lua spec/c/*.[ch] " ..
  "spec/lua_c/*.[ch] spec/door/* .ci/*"

local function library()
  local core = assert(package.searchpath("hmap.core", package.cpath))
  return (core:gsub("hmap/core%.so$", "libhmap.a"))
end

-- Without what a sanitized run loads into every program.
local function obey(...)
  local command = "LD_PRELOAD= " .. table.concat({ ... }, " ")
  assert(os.execute(command), command)
end

-- The machine code that a compiler makes of a C source, as text.
local function disassembled(compiler, source)
  local object <close> = temporary(1)
  obey(compiler, "-std=c11 -O2 -DNDEBUG -fPIC -fvisibility=hidden -Icsrc",
    "-c -o", object[1], "-x c", source)
  return lines_of("LD_PRELOAD= objdump -dr --no-show-raw-insn " ..
    object[1])
end

-- Of that, one function with what the compiler has split off from it.
local function code_of(lines, name)
  local out, inside = {}, false
  for _, line in ipairs(lines) do
    local label = line:match "^%x+ <([^>]+)>:"
    if label then
      inside = label:match "^[^.]+" == name
    elseif inside then
      out[#out + 1] = line
    end
  end
  return out
end

-- The lines that call through a pointer. With jumps: also those that go on
-- there for good; but a switch may do that, too.
local function through_pointers(code, jumps)
  local out = {}
  for _, line in ipairs(code) do -- x86, ARM
    if line:match "call%s+%*" or line:match "callq%s+%*" or
      line:match "%sblr%s" or (jumps and (line:match "jmpq?%s+%*" or
      line:match "%sbr%s+x")) then
      out[#out + 1] = line
    end
  end
  return out
end

-- The names of the functions that it calls, or goes on in for good.
local function calls_of(code, name)
  local seen = {}
  for _, line in ipairs(code) do
    local far = line:match "R_%S+PLT32%s+([%w_]+)" or
      line:match "R_%S+CALL26%s+([%w_]+)" or
      line:match "R_%S+JUMP26%s+([%w_]+)"
    local near = line:match "%s[cj][am][lp]%a*%s+%x+ <([^.+>]+)" or
      line:match "%sbl?%s+%x+ <([^.+>]+)"
    seen[far or near or name] = true
  end
  seen[name] = nil
  local names = {}
  for called in pairs(seen) do
    names[#names + 1] = called
  end
  return sorted(names)
end

local compilers = {"gcc", "clang"}

-- The floors of each part, from the ground up: a file may include and call what
-- lies on its own floor or below.
local floors = {
  core = {mem = 1, type = 2, map = 3, file = 4, inspect = 5},
  binding = {value = 1, self = 2, registry = 3, trace = 4, data = 5,
    file = 6, inspect = 7, module = 8},
}

local function floor_of(path)
  for part, heights in pairs(floors) do
    local floor = path:match(part .. "/(%l+)[/.]")
    if floor then return heights[floor] end
  end
end

-- The same of the rooms in Lua. What stands in lua/hmap itself is the ground
-- for all of them, but for the face and its help, which stand on all.
local lua_floors = {ground = 1, text = 2, plan = 3, observe = 3, explorer = 4,
  init = 5, help = 5, safe = 6, cli = 6}

local function lua_floor_of(path)
  local folder = path:match "lua/hmap/(%l+)/"
  local name = path:match "lua/hmap/(%l+)%.lua"
  return lua_floors[folder or name] or lua_floors.ground
end

-- The symbols of our own that an object defines, and that it wants.
local function symbols_of(object)
  local defined, wanted = {}, {}
  for _, line in ipairs(lines_of("nm '" .. object .. "'")) do
    local kind, name = line:match "([UTDR]) ([hl]%l+_[%w_]+)$"
    if kind and not name:find "^lua" then
      table.insert(kind == "U" and wanted or defined, name)
    end
  end
  return defined, wanted
end

-- The objects of the core, or (all) of the binding, too.
local function objects(all)
  local where = library():gsub("libhmap%.a$", "csrc/")
  local list = files(where .. "core/*/*.o")
  if not all then return list end
  return table.move(files(where .. "binding/*.o " .. where ..
    "binding/*/*.o"), 1, 999, #list + 1, list)
end

-- What an object has that can be written, as "file: name".
local function writable_in(object)
  local out = {}
  for _, line in ipairs(lines_of("objdump -t '" .. object .. "'")) do
    local section, name = line:match "%sO%s+(%S+)%s+%x+%s+(%S+)$"
    if section and (section == "*COM*" or section:find "^%.bss" or
      (section:find "^%.data" and not section:find "^%.data%.rel%.ro")) then
      out[#out + 1] = object:match "csrc/(.*)%.o$" .. ": " ..
        name:gsub("%.%d+$", "")
    end
  end
  return out
end

-- All that threads share, and why none of them needs to wait for another.
local shared_by_threads = {
  "core/mem/pages: huge_pages", -- agree.h: what the system says, found once
  "core/type/random: drawn", -- agree.h: a count of words, another for each
  "core/type/random: secret", -- agree.h: drawn once, word by word
  "core/type/random: seeds", -- the same
}

describe("the house", function()
  it("has a core that does not know Lua", function()
    local core = files "csrc/core/*.h csrc/core/*/*.[ch]"
    assert.are.same({}, hits(core, "%f[%w]lua"))
  end)

  it("has a library that needs no symbol of Lua's", function()
    local symbols = lines_of("nm -u '" .. library() .. "'")
    assert.is_true(#symbols > 0)
    for _, symbol in ipairs(symbols) do
      assert.is_nil(symbol:find "lua")
    end
  end)

  -- What a part may include besides its own floors.
  local public = {
    core = {"^hmap%.h$", "^hmap_inspect%.h$", "^core/bytes%.h$"},
    binding = {"^hmap%.h$", "^hmap_inspect%.h$", "^compiler%.h$", "^lua%.h$",
      "^lauxlib%.h$"},
  }

  local function is_public(part, name)
    for _, pattern in ipairs(public[part]) do
      if name:find(pattern) then return true end
    end
  end

  for part in pairs(floors) do
    it("has a " .. part .. " where a file includes only what lies beneath " ..
      "it", function()
      local seen = 0
      for _, path in ipairs(files("csrc/" .. part .. "/*.c csrc/" .. part ..
        "/*/*.[ch]")) do
        local own = assert(floor_of(path), path)
        for name in read(path):gmatch '#%s*include%s+"([^"]+)"' do
          local floor = name:find("^" .. part) and floor_of(name)
          assert.is_true(is_public(part, name) or floor and floor <= own,
            path .. " includes " .. name)
          seen = seen + 1
        end
      end
      assert.is_true(seen > 50)
    end)

    it("has a " .. part .. " where a file calls only what lies beneath it",
      function()
        local home, seen = {}, 0
        for _, object in ipairs(objects "all") do
          for _, name in ipairs((symbols_of(object))) do
            home[name] = object
          end
        end
        for _, object in ipairs(objects "all") do
          local _, wanted = symbols_of(object)
          for _, name in ipairs(object:find(part .. "/") and wanted or {}) do
            local there = assert(home[name], name)
            assert.is_true(not there:find(part .. "/") or
              floor_of(there) <= floor_of(object), object .. " calls " .. name)
            seen = seen + 1
          end
        end
        assert.is_true(seen > 50)
      end)
  end

  it("has rooms in Lua that ask only for what lies beneath them", function()
    local seen = 0
    for _, path in ipairs(files "lua/hmap/*.lua lua/hmap/*/*.lua") do
      for name in read(path):gmatch 'require%s*%(?"(hmap%.[%l_.]+)"' do
        local there = name ~= "hmap.core" and
          package.searchpath(name, "lua/?.lua;lua/?/init.lua")
        assert.is_true(not there or lua_floor_of(there) <= lua_floor_of(path),
          path .. " requires " .. name)
        seen = seen + 1
      end
    end
    assert.is_true(seen > 100)
  end)

  it("declares what a C file offers to others in its own header", function()
    local shared = {put = "write", delete = "write"}
    for _, object in ipairs(objects "all") do
      local folder, name = object:match "(csrc/%l+/%l+/)([%l_]+)%.o$"
      for _, symbol in ipairs(folder and symbols_of(object) or {}) do
        local header = folder .. (shared[name] or name) .. ".h"
        if not symbol:find "^hmap_" then
          assert.is_truthy(read(header):find("%f[%w_]" .. symbol .. "[%(%[]"),
            symbol .. " is not declared in " .. header)
        end
      end
    end
  end)

  it("shares nothing between threads without a reason", function()
    local found = {}
    local list = objects "all"
    for _, object in ipairs(list) do
      table.move(writable_in(object), 1, 99, #found + 1, found)
    end
    assert.is_true(#list > 30)
    assert.are.same(shared_by_threads, sorted(found))
  end)

  it("sees what can be written, however it is declared", function()
    local dir <close> = temporary(1)
    local object = dir[1] .. "/csrc/core/x.o"
    os.remove(dir[1])
    obey("mkdir -p", dir[1] .. "/csrc/core")
    local source <close> = temporary(1)
    local file <close> = assert(io.open(source[1], "w"))
    file:write [[
      int common; static int zero; static int set = 1;
      static const char *const names[] = {"a"}; const int fixed = 2;
      int *use(void); int *use(void) {
        static int inner; inner += set + names[0][0];
        return inner > 9 ? &zero : &inner;
      }
    ]]
    file:close()
    for _, compiler in ipairs(compilers) do
      obey(compiler, "-std=c11 -fPIC -fcommon -c -o", object, "-x c",
        source[1])
      local names = {}
      for _, name in ipairs(writable_in(object)) do
        names[#names + 1] = name:match "%l+$"
      end
      assert.are.same({"common", "inner", "set", "zero"}, sorted(names))
    end
    obey("rm -r", dir[1])
  end)

  it("knows a call through a pointer when it sees one", function()
    local source <close> = temporary(1)
    local file <close> = assert(io.open(source[1], "w"))
    file:write [[
      long there(long (*f)(long)); long far(long);
      long there(long (*f)(long)) { return f(1) + 1; }
      long gone(long (*f)(long)); long gone(long (*f)(long)) { return f(1); }
      long direct(long x); long direct(long x) { return far(x) + far(x + 1); }
    ]]
    file:close()
    for _, compiler in ipairs(compilers) do
      local code = disassembled(compiler, source[1])
      assert.are.equal(1, #through_pointers(code_of(code, "there")))
      assert.are.equal(0, #through_pointers(code_of(code, "gone")))
      assert.are.equal(1, #through_pointers(code_of(code, "gone"), true))
      local direct = code_of(code, "direct")
      assert.are.equal(0, #through_pointers(direct, true))
      assert.are.same({"far"}, calls_of(direct, "direct"))
    end
  end)

  it("calls nothing through a pointer where the key's type is known",
    function()
      local known = {
        hmap_get = true, get_i64 = true, get_str = true,
        hmapi_hash_slow = true,
        memcmp = true, bcmp = true,
      }
      for _, compiler in ipairs(compilers) do
        local code = {
          get = disassembled(compiler, "csrc/core/map/get.c"),
          put = disassembled(compiler, "csrc/core/map/put.c"),
          delete = disassembled(compiler, "csrc/core/map/delete.c"),
        }
        for _, type in ipairs {"i64", "str"} do
          local get = code_of(code.get, "hmap_get_" .. type)
          assert.is_true(#get > 50)
          assert.are.same({}, through_pointers(get, true))
          for _, name in ipairs(calls_of(get, "hmap_get_" .. type)) do
            assert.is_true(known[name] or name:find "^XXH" ~= nil,
              compiler .. ": hmap_get_" .. type .. " calls " .. name)
          end
          for _, write in ipairs {"put", "delete"} do
            local name = "hmap_" .. write .. "_" .. type
            local body = code_of(code[write], name)
            assert.is_true(#body > 50)
            assert.are.same({}, through_pointers(body))
          end
        end
      end
    end)

  it("names no place on anybody's machine", function()
    assert.are.same({}, hits(files(sources .. " Makefile *.md rockspec/*"),
      "/ho" .. "me/", "/wo" .. "rk/", "/us" .. "ers/"))
  end)

  it("has one version, in the header, the module and the changelog",
    function()
      local version = read "csrc/hmap.h":match 'HMAP_VERSION "([%d.]+)"'
      assert.are.equal(version, hmap._VERSION:match "[%d.]+")
      assert.are.equal(version, read "CHANGELOG.md":match "\n## ([%d.]+)")
    end)

  it("has nothing at its top but what belongs there", function()
    local known = {
      hmap = true, -- left by `luarocks make`
      csrc = true, lua = true, spec = true, rockspec = true, Makefile = true,
      ["README.md"] = true, LICENSE = true, ["CHANGELOG.md"] = true,
      build = true,
    }
    for _, name in ipairs(files "-1") do
      assert.is_true(known[name] == true, name)
    end
  end)
end)
