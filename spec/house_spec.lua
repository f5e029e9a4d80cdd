-- The house itself: its walls, its lists, and the numbers that must agree.
local hmap = require "hmap"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function lines_of(command)
  local pipe <close> = assert(io.popen(command))
  local out = {}
  for line in pipe:lines() do
    out[#out + 1] = line
  end
  return out
end

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

local function rockspec()
  local env = {}
  assert(loadfile("rockspec/hmap-scm-1.rockspec", "t", env))()
  return env
end

local function sorted(list)
  table.sort(list)
  return list
end


local sources = "csrc/*.h csrc/*/*.[ch] lua/hmap/*.lua spec/*.lua " ..
  "spec/c/*.[ch]"

local function library()
  local core = assert(package.searchpath("hmap.core", package.cpath))
  return (core:gsub("hmap/core%.so$", "libhmap.a"))
end

-- The machine code of one function of the library.
local function disassembled(name)
  local out = {}
  for _, line in ipairs(lines_of("objdump -d --no-show-raw-insn '" ..
    library() .. "'")) do
    if line:find("<" .. name .. ">:", 1, true) then
      out[1] = line
    elseif out[1] then
      if line == "" then
        break
      end
      out[#out + 1] = line
    end
  end
  return out
end

describe("the house", function()
  it("has a core that does not know Lua", function()
    assert.are.same({}, hits(files "csrc/core/*", "%f[%w]lua"))
  end)

  it("has a library that needs no symbol of Lua's", function()
    local symbols = lines_of("nm -u '" .. library() .. "'")
    assert.is_true(#symbols > 0)
    for _, symbol in ipairs(symbols) do
      assert.is_nil(symbol:find "lua")
    end
  end)

  it("has a binding that knows the core by its public headers", function()
    local allowed = {
      ["hmap.h"] = true, ["hmap_inspect.h"] = true, ["lua.h"] = true,
      ["lauxlib.h"] = true, ["lualib.h"] = true,
    }
    for _, path in ipairs(files "csrc/binding/*") do
      for name in read(path):gmatch '#%s*include%s+"([^"]+)"' do
        local own = io.open("csrc/binding/" .. name)
        assert.is_true(own ~= nil or allowed[name] == true,
          path .. " includes " .. name)
        if own then
          own:close()
        end
      end
    end
  end)

  it("calls nothing through a pointer in its typed gets", function()
    for _, name in ipairs {"hmap_get_i64", "hmap_get_str"} do
      local code = disassembled(name)
      assert.is_true(#code > 20)
      for _, line in ipairs(code) do -- x86, ARM
        assert.is_nil(line:match "call%s+%*" or line:match "jmp%s+%*" or
          line:match "%sblr%s", line)
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

  it("lists every C source in the rockspec, and no other", function()
    local listed = rockspec().build.modules["hmap.core"].sources
    assert.are.same(files "csrc/binding/*.c csrc/core/*.c", sorted(listed))
  end)

  it("lists every Lua file in the rockspec, under its own name", function()
    local build = rockspec().build
    local listed = {}
    for _, modules in ipairs {build.modules, build.install.lua} do
      for name, path in pairs(modules) do
        if type(path) == "string" then
          listed[#listed + 1] = path
          local file = name:gsub("^hmap$", "hmap.init"):gsub("%.", "/")
          assert.are.equal("lua/" .. file .. ".lua",
            (path:gsub("core%.meta", "core/meta")))
        end
      end
    end
    assert.are.same(sorted(files "lua/hmap/*.lua"), sorted(listed))
  end)

  it("has nothing at its top but what belongs there", function()
    local known = {
      csrc = true, lua = true, spec = true, rockspec = true, Makefile = true,
      ["README.md"] = true, LICENSE = true, ["CHANGELOG.md"] = true,
      build = true,
    }
    for _, name in ipairs(files "-1") do
      assert.is_true(known[name] == true, name)
    end
  end)
end)
