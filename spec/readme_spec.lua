-- The documents are run: the Lua blocks of each in order, as one script would,
-- each against the block of output that follows it.

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("a")
  file:close()
  return text
end

-- Fenced blocks in order: {lang=, text=}.
local function blocks(markdown)
  local found, block = {}, nil
  for line in markdown:gmatch("(.-)\n") do
    local fence = line:match("^```(%w*)$")
    if fence and block then
      block = nil
    elseif fence then
      block = {lang = fence, text = ""}
      found[#found + 1] = block
    elseif block then
      block.text = block.text .. line .. "\n"
    end
  end
  return found
end

-- What a chunk prints, with `print` as the stand-alone interpreter has it.
local function output_of(chunk, env)
  local lines = {}
  env.print = function(...)
    local words = table.pack(...)
    for i = 1, words.n do words[i] = tostring(words[i]) end
    lines[#lines + 1] = table.concat(words, "\t")
  end
  assert(load(chunk, "=README.md", "t", env))()
  return table.concat(lines, "\n") .. "\n"
end

-- Blocks share their locals, as lines typed one after the other would.
local function share_locals(chunk)
  return ("\n" .. chunk):gsub("\nlocal ([%w_]+) =", "\n%1 ="):sub(2)
end

local documents = {
  "README.md", "lua/README.md", "csrc/README.md", "spec/README.md",
  "spec/bench/README.md",
}

for _, path in ipairs(documents) do
  describe(path, function()
    local text = read(path)
    local env = setmetatable({}, {__index = _G})
    local all = blocks(text)

    for i, block in ipairs(all) do
      if block.lang == "lua" then
        local first = block.text:match("[^\n]+")
        it("prints what it says after: " .. first, function()
          local after = all[i + 1]
          local expected = after and after.lang == "" and after.text or "\n"
          assert.equal(expected, output_of(share_locals(block.text), env))
        end)
      end
    end

    it("names only commands that the Makefile has", function()
      local makefile = read("Makefile")
      for _, pattern in ipairs {"\n%s+make ([%a-]+)", "`make ([%a-]+)`"} do
        for target in text:gmatch(pattern) do
          assert.truthy(makefile:find("\n" .. target .. ":", 1, true),
            "no target " .. target)
        end
      end
    end)

    it("names only files that are there", function()
      for named in text:gmatch("`([%w_./]+%.%a+)`") do
        if named:find("^csrc/") or named:find("^spec/") or
          named:find("^lua/") then
          assert.truthy(io.open(named), named)
        end
      end
      for named in text:gmatch("%]%(([^)]+)%)") do
        local folder = path:match("^.*/") or ""
        assert.truthy(io.open(folder .. named), named)
      end
    end)
  end)
end

describe("README", function()
  local readme = read("README.md")

  it("shows its first example within the first screen", function()
    local _, lines = readme:sub(1, readme:find("make explore", 1, true))
      :gsub("\n", "")
    assert.is_true(lines < 40)
  end)

  it("is short, and leads to all other documents", function()
    local _, lines = readme:gsub("\n", "")
    assert.is_true(lines <= 200)
    for i = 2, #documents do
      assert.truthy(readme:find("`" .. documents[i] .. "`", 1, true))
    end
  end)
end)
