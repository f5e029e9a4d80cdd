-- The README is run: its Lua blocks in order, as one script would, each
-- against the block of output that follows it.

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

describe("README", function()
  local readme = read("README.md")
  local env = setmetatable({}, {__index = _G})
  local all = blocks(readme)

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

  it("shows its first example within the first screen", function()
    local _, lines = readme:sub(1, readme:find("make explore", 1, true))
      :gsub("\n", "")
    assert.is_true(lines < 40)
  end)

  it("names only commands that the Makefile has", function()
    local makefile = read("Makefile")
    for _, pattern in ipairs {"\n%s+make ([%a-]+)", "`make ([%a-]+)`"} do
      for target in readme:gmatch(pattern) do
        assert.truthy(makefile:find("\n" .. target .. ":", 1, true),
          "no target " .. target)
      end
    end
  end)

  it("names only files that are there", function()
    for path in readme:gmatch("`([%w_./]+%.%a+)`") do
      if path:find("^csrc/") or path:find("^spec/") or path:find("^lua/") then
        assert.truthy(io.open(path), path)
      end
    end
  end)
end)
