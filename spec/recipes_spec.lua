-- The recipes of csrc/README.md name the places that there are: each numbered
-- line begins with a file, and what else it quotes is found in that file.

local files = require "spec.files"
local read = files.read

local recipes = {}
local title
for line in read "csrc/README.md":gmatch "[^\n]+" do
  title = line:match "^### (How to add .+)$" or
    (not line:find "^#" and title or nil)
  if title and line:find "^%d+%. " then
    recipes[title] = recipes[title] or {}
    table.insert(recipes[title], line)
  end
end

-- The files that a line names, as one text, and all else that it quotes.
local function parts_of(line)
  local text, names = "", {}
  for quoted in line:gmatch "`([^`]+)`" do
    if quoted:find "^[%w_/.]+%.%l+$" and
      (quoted:find "/" or quoted:find "%.md$") then
      text = text .. read(quoted)
    elseif quoted:find "^[%w_]+%.h$" then
      text = text .. read(line:match "`(csrc/[%w_/]+/)[%w_]+%.c`" .. quoted)
    else
      names[#names + 1] = quoted
    end
  end
  return text, names
end

describe("the recipes", function()
  it("are of a hash, a type, a growth and a view", function()
    local titles = {}
    for name in pairs(recipes) do titles[#titles + 1] = name end
    table.sort(titles)
    assert.are.same({
      "How to add a hash function", "How to add a kind of growth",
      "How to add a type", "How to add a view",
    }, titles)
  end)

  for name, lines in pairs(recipes) do
    it(name .. ": the places are there", function()
      assert.is_true(#lines >= 5)
      for _, line in ipairs(lines) do
        local text, names = parts_of(line)
        assert.is_true(#text > 0, line)
        for _, quoted in ipairs(names) do
          assert.is_truthy(text:find(quoted, 1, true), quoted .. ": " .. line)
        end
      end
    end)
  end

  -- A name that the recipe forgets is one that somebody forgets to add.
  it("forget no file that lists all hashes by name", function()
    local found = {}
    local pipe <close> = assert(io.popen(
      "grep -rlw java31 csrc lua --include='*.[ch]' --include='*.lua'"))
    local recipe = table.concat(recipes["How to add a hash function"])
    for path in pipe:lines() do
      found[#found + 1] = path
      if not path:find "cli" then
        assert.is_truthy(recipe:find(path, 1, true), path)
      end
    end
    assert.is_true(#found >= 4)
  end)

  it("forget no file that lists all kinds of growth by name", function()
    local recipe = table.concat(recipes["How to add a kind of growth"])
    local pipe <close> = assert(io.popen(
      "grep -rl rekey lua/hmap csrc/binding --include='*.[chl]*'"))
    for path in pipe:lines() do
      local text = read(path):gsub("%s+", " ")
      local lists = text:find '"double", "same_size"' or
        text:find "%f[%w_]double = .*%f[%w_]rekey = "
      assert.is_true(not lists or recipe:find(path, 1, true) ~= nil, path)
    end
  end)
end)
