-- hmap.help: what it says is what the annotations say, names are names that
-- there are, and each example prints what it says that it prints.
local hmap = require "hmap"
local core = require "hmap.core"
local help = require "hmap.help"

local read = require "spec.files".read

local entries, common = help.parse(read "lua/hmap/core.meta.lua")

-- What a function prints, a line each, tabs as spaces.
local function printed(fn, ...)
  local lines = {}
  local real = print
  _G.print = function(...) -- luacheck: ignore
    local cells = table.pack(...)
    for i = 1, cells.n do cells[i] = tostring(cells[i]) end
    for line in (table.concat(cells, " ") .. "\n"):gmatch "([^\n]*)\n" do
      lines[#lines + 1] = line
    end
  end
  local ok, message = pcall(fn, ...)
  _G.print = real -- luacheck: ignore
  assert(ok, message)
  return lines
end

-- "map:get", "core.new": of all that users may call.
local function public()
  local keys = {}
  for _, name in ipairs(core.methods()) do keys["map:" .. name] = true end
  for name, value in pairs(hmap) do
    if type(value) == "function" then keys["core." .. name] = true end
  end
  return keys
end

local function key_of(name)
  local of_module = name:match "^hmap%.(.*)"
  return of_module and "core." .. of_module or "map:" .. name
end

local function names_of_topics()
  local names = {}
  for _, topic in ipairs(help.topics()) do
    table.move(topic[2], 1, #topic[2], #names + 1, names)
  end
  return names
end

describe("print(hmap)", function()
  it("is one line: version, open maps, and how to ask", function()
    local before = #hmap.live()
    local m <close> = hmap.new()
    assert.are.equal(("hmap %s, %d open %s; hmap.help() lists what you can ask")
      :format(hmap._VERSION, before + 1, before == 0 and "map" or "maps"),
      tostring(hmap))
    assert.are.equal(0, #m)
    local other <close> = hmap.new()
    assert.are.equal(0, #other)
    assert.is_truthy(tostring(hmap):find((" %d open maps;"):format(before + 2),
      1, true))
  end)
end)

describe("help()", function()
  it("is one screen", function()
    local lines = printed(hmap.help)
    assert.is_true(#lines <= 24, #lines .. " lines")
    for _, line in ipairs(lines) do assert.is_true(#line <= 80, line) end
  end)

  it("lists every name once, and no other", function()
    local left = public()
    for _, name in ipairs(names_of_topics()) do
      assert.is_true(left[key_of(name)], name)
      left[key_of(name)] = nil
    end
    assert.are.same({}, left)
    local text = help.text()
    for _, name in ipairs(names_of_topics()) do
      assert.is_truthy(text:find(name, 1, true), name)
    end
  end)

  it("of a map is that of the module", function()
    local m = hmap.new()
    assert.are.same(printed(hmap.help), printed(m.help, m))
    assert.are.same(printed(hmap.help, "add"), printed(m.help, m, "add"))
  end)
end)

describe("help of a name", function()
  it("is there for all that is registered: what it does, costs, an example",
    function()
      for key in pairs(public()) do
        local entry = entries[key]
        assert.is_truthy(entry, key)
        assert.is_true(#entry > 0, key .. " says nothing of what it does")
        assert.is_truthy(entry.cost, key .. " says nothing of its cost")
        assert.is_true(#entry.example > 0, key .. " has no example")
      end
    end)

  it("has its text, signature, errors and example from the annotations",
    function()
      for key in pairs(public()) do
        local name = key:match "[%w_]+$"
        local text = help.text((key:gsub("map:", "m:"):gsub("core%.", "hmap.")))
        local flat = text:gsub("%s+", " ")
        local entry = entries[key]
        assert.is_truthy(text:find("^%w+[.:]" .. name .. "%("), text)
        for _, paragraph in ipairs(entry) do
          assert.is_truthy(flat:find(paragraph, 1, true), text)
        end
        assert.is_truthy(flat:find("Errors " .. (entry.errors or common), 1,
          true), text)
        assert.is_truthy(flat:find("Cost " .. entry.cost, 1, true), text)
        for _, line in ipairs(entry.example) do
          assert.is_truthy(text:find("\n  " .. line, 1, true), text)
        end
        for line in text:gmatch "[^\n]+" do
          assert.is_true(#line <= 80, line)
        end
      end
    end)

  it("shows how it is called and what it gives", function()
    assert.are.equal("m:add(key, n) -> number sum",
      help.text("add"):match "^[^\n]*")
    assert.are.equal("m:get(key) -> any ...", help.text("get"):match "^[^\n]*")
    assert.are.equal("hmap.new([opts]) -> hmap.Map",
      help.text("new"):match "^[^\n]*")
  end)

  it("is that of the function itself, for any kind of map", function()
    for _, key in ipairs { "int64", "string", "any", "bool",
      { "int32", "int32" } } do
      local m = hmap.new { key = key, value = "int64" }
      for _, name in ipairs(core.methods()) do
        assert.are.equal(help.text("m:" .. name), help.text(m[name]), name)
      end
    end
    for name, value in pairs(hmap) do
      if type(value) == "function" then
        assert.are.equal(help.text("hmap." .. name), help.text(value), name)
      end
    end
  end)

  it("that is a method's and the module's is both", function()
    assert.are.equal(help.text "hmap.layout" .. "\n\n" .. help.text "m:layout",
      help.text "layout")
    assert.is_nil(help.text("m:layout"):find("hmap.layout(", 1, true))
  end)

  it("says what it was given, if that is none", function()
    local m = hmap.new()
    for wrong, why in pairs {
      get_or_sett = "hmap has no 'get_or_sett'; help() lists all names",
      ["hmap.get"] = "hmap has no 'hmap.get'; help() lists all names",
      extend = "hmap has no 'extend'; help() lists all names",
      [""] = "hmap has no ''; help() lists all names",
      ["a\27[31m"] = "hmap has no 'a\\027[31m'; help() lists all names",
      [print] = "hmap has no such function; help() lists all names",
      [7] = "name or function expected, got number",
      [false] = "name or function expected, got boolean",
    } do
      local message = "bad argument #1 to 'help' (" .. why .. ")"
      for _, ask in ipairs { function() hmap.help(wrong) end,
        function() m:help(wrong) end } do
        local ok, said = pcall(ask)
        assert.is_false(ok)
        assert.are.equal(message, (said:gsub("^[^:]*:%d+: ", "")))
      end
    end
  end)
end)

describe("an example of help", function()
  -- "--> text" is a line that is printed; " ..." at its end, and more.
  local function expected(example)
    local lines = {}
    for _, line in ipairs(example) do
      lines[#lines + 1] = line:match "%-%-> (.*)$"
    end
    return lines
  end

  for key in pairs(public()) do
    local entry = entries[key]
    it("prints what it says: " .. key, function()
      local code = table.concat(entry.example, "\n")
      local chunk = assert(load(code, "=" .. key, "t",
        setmetatable({ hmap = hmap }, { __index = _G })))
      local wanted = expected(entry.example)
      local got = printed(chunk)
      assert.is_true(#wanted > 0, "nothing is printed")
      local last = wanted[#wanted]
      if last:find " %.%.%.$" then
        wanted[#wanted] = last:gsub(" %.%.%.$", "")
        got = table.move(got, 1, #wanted, 1, {})
      end
      assert.are.same(wanted, got)
    end)
  end
end)

describe("a map that is called", function()
  it("says how to go through it", function()
    for _, key in ipairs { "int64", "string", "any", "bool" } do
      local m = hmap.new { key = key, value = "int64" }
      for _, call in ipairs { function() for _ in m do end end, -- luacheck: ignore
        function() m(1) end } do
        local ok, message = pcall(call)
        assert.is_false(ok)
        assert.is_truthy(message:find("use for k, v in pairs(m) do", 1, true),
          message)
        assert.is_truthy(message:find "^spec/help_spec.lua:%d+: ")
      end
      local t = m:view()
      local ok, message = pcall(function()
        for _ in t do end -- luacheck: ignore
      end)
      assert.is_false(ok)
      assert.is_truthy(message:find("use for k, v in pairs(t) do", 1, true))
    end
  end)
end)
