-- The reference has all that is public, and nothing else.
local core = require "hmap.core"
local hmap = require "hmap"
local doc = dofile "spec/doc.lua"

local read = require "spec.files".read

local meta = read "lua/hmap/core.meta.lua"
local page = doc.here()

-- Whatever is to be found on the page, by its anchor.
local function public()
  local names = {}
  for _, name in ipairs(core.methods()) do names["m:" .. name] = true end
  for name, value in pairs(hmap) do
    if type(value) == "function" then names["hmap." .. name] = true end
  end
  for name in meta:gmatch "\n%-%-%-@class (hmap%.%w+)" do names[name] = true end
  for name in meta:gmatch "\n%-%-%-@alias (hmap%.%w+)" do names[name] = true end
  for name in meta:gmatch "\nfunction (film:%w+)" do names[name] = true end
  names["hmap.core"], names["hmap.Map"] = nil, nil
  return names
end

-- What stands between the anchor of a name and the next heading.
local function section(name)
  local from = page:find('### <a id="' .. name .. '"></a>', 1, true)
  return page:sub(from, (page:find("\n##", from, true) or 0) - 1)
end

-- As it is read.
local function plain(text)
  local signs = { amp = "&", lt = "<", gt = ">", ["#124"] = "|",
    ["#42"] = "*", ["#95"] = "_" }
  return (text:gsub("<[^<>]*>", ""):gsub("&(#?%w+);", signs))
end

describe("the reference", function()
  it("has an entry for every public name, and for no other", function()
    local left = public()
    for name in page:gmatch '<a id="(.-)"></a>' do
      assert.is_true(left[name], name)
      left[name] = nil
    end
    assert.are.same({}, left)
  end)

  it("has a link to every type that it names, and none that leads nowhere",
    function()
      local seen, names = 0, public()
      for name in page:gmatch '<a href="#(.-)">' do
        assert.is_true(names[name], name)
        seen = seen + 1
      end
      assert.is_true(seen > 100)
      for name in page:gmatch "[^#>%w](hmap%.%u%w+)" do
        assert.is_true(names[name] or name == "hmap.Map", name)
      end
    end)

  it("has every field and value of every type", function()
    local seen, name = 0, nil
    for line in meta:gmatch "[^\n]+" do
      name = line:match "^%-%-%-@class (hmap%.%w+)"
        or line:match "^%-%-%-@alias (hmap%.%w+)" or name
      local field = line:match "^%-%-%-@field ([%w_]+)"
      local value = line:match '^%-%-%-| ("[^"]+")'
      if field and name ~= "hmap.core" then
        assert.is_truthy(section(name):find("| <code>" ..
          field:gsub("_", "&#95;") .. "</code> |", 1, true), name .. field)
      elseif value then
        assert.is_truthy(plain(section(name)):find(value, 1, true), value)
      end
      seen = seen + (field and 1 or value and 1 or 0)
    end
    assert.is_true(seen > 300)
  end)

  it("has what the annotations say, and the examples", function()
    local text = plain(page)
    for line in meta:gmatch "\n%-%-%-%s+```lua\n(.-)\n%-%-%-%s+```" do
      assert.is_truthy(page:find(line:gsub("%-%-%- ?", ""), 1, true), line)
    end
    for cost in meta:gmatch "\n%-%-%- Cost: ([^\n]+)" do
      assert.is_truthy(text:find("**Cost:** " .. cost, 1, true), cost)
    end
    assert.is_truthy(page:find("^# hmap " ..
      hmap._VERSION:gsub("%p", "%%%0") .. ": reference\n"))
  end)

  it("tells a type from what is said of it", function()
    for text, wanted in pairs {
      ["integer entries"] = { "integer", "entries" },
      ["hmap.PolicyName | hmap.Policy when to grow"] =
        { "hmap.PolicyName | hmap.Policy", "when to grow" },
      ['"write" | "read_write" who moves'] =
        { '"write" | "read_write"', "who moves" },
      ["table<string, integer> old, new"] =
        { "table<string, integer>", "old, new" },
      ["fun(i: integer, which?: hmap.Which): hmap.Bucket? a chain"] =
        { "fun(i: integer, which?: hmap.Which): hmap.Bucket?", "a chain" },
      ["{ key: any, to: table }[] the costliest first"] =
        { "{ key: any, to: table }[]", "the costliest first" },
      ["string?"] = { "string?", "" },
    } do
      assert.are.same(wanted, { doc.split(text) })
    end
  end)

  it("is what make doc writes", function()
    assert(os.execute "unset MAKEFLAGS; HMAP_READY=yes make -s doc >/dev/null")
    assert.are.equal(page, read "build/doc/hmap.md")
  end)
end)
