-- The examples run, and print what spec/examples holds. Times are as long as
-- they are: there only the shape of the line counts.
local LUA = os.getenv "LUA" or "lua5.4"

local files = require "spec.files"
local read, lines_of = files.read, files.lines_of

local function without_times(line)
  return (line:gsub("[+-]?%s*%d+%.%d+ ms", "# ms")
    :gsub("takes 5 ms: %l+", "takes 5 ms: #"))
end

local function has_module(name)
  return os.execute(LUA .. " -e 'require \"" .. name ..
    "\"' >/dev/null 2>&1") == true
end

-- What an example needs besides, and may be missing.
local needs = {eventloop = "luv"}

describe("the examples", function()
  local seen = 0
  for _, path in ipairs(lines_of "LC_ALL=C ls lua/examples/*.lua") do
    local name = path:match "([^/]+)%.lua$"
    seen = seen + 1

    it(name .. " says first what it shows, in a page", function()
      local text = read(path)
      local _, lines = text:gsub("\n", "\n")
      assert.is_true(lines < 60, lines .. " lines")
      assert.is_truthy(text:find "^%-%- %u[^\n]+\n%-%- ")
    end)

    it(name .. " prints what it did", function()
      if needs[name] and not has_module(needs[name]) then
        pending("needs " .. needs[name])
        return
      end
      local lines = lines_of(LUA .. " " .. path .. " 2>&1")
      local expected = {}
      for line in read("spec/examples/" .. name .. ".txt"):gmatch "[^\n]*" do
        expected[#expected + 1] = without_times(line)
      end
      for i, line in ipairs(lines) do lines[i] = without_times(line) end
      assert.are.equal(table.concat(expected, "\n"),
        table.concat(lines, "\n") .. "\n")
    end)
  end

  it("are eight", function() assert.are.equal(8, seen) end)
end)
