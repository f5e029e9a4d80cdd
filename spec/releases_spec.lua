-- One source for the releases of Lua that are supported: what differs stands in
-- one place, and what a later one refuses is not written.

local files = require "spec.files"
local read, lines_of = files.read, files.lines_of

-- The words and signs of Lua source, without comments and text.
local function tokens_of(source)
  source = source:gsub("^#[^\n]*", "")
  local out, at = {}, 1
  while true do
    at = source:find("%S", at)
    if not at then return out end
    local _, stop
    local level = source:match("^%-?%-?%[(=*)%[", at)
    if level and not source:find("^%-%[", at) then
      _, stop = source:find("]" .. level .. "]", at, true)
    elseif source:find("^%-%-", at) then
      _, stop = source:find("^[^\n]*", at)
    elseif source:find("^[\"']", at) then
      local mark = source:sub(at, at)
      stop = at + 1
      while source:sub(stop, stop) ~= mark do
        stop = stop + (source:sub(stop, stop) == "\\" and 2 or 1)
      end
      out[#out + 1] = "text"
    else
      _, stop = source:find("^[%w_]+", at)
      if not stop then _, stop = source:find("^[=~<>]=", at) end
      stop = stop or at
      out[#out + 1] = source:sub(at, stop)
    end
    at = stop + 1
  end
end

-- Whether the names before the "=" at this place are assigned to: the names.
local function assigned(tokens, at)
  local names = {}
  repeat
    at = at - 1
    names[#names + 1] = tokens[at]
    at = at - 1
  until tokens[at] ~= ","
  local before = tokens[at]
  local new = before == "local" or before == "for" or before == "." or
    before == ">" -- an attribute
  return new and {} or names
end

-- Assignments to the variable that its loop counts or walks with.
local function loop_writes(source)
  local tokens, blocks, loop, out = tokens_of(source), {}, nil, {}
  for at, token in ipairs(tokens) do
    if token == "for" then
      loop = tokens[at + 1]
    elseif token == "do" then
      blocks[#blocks + 1] = loop or ""
      loop = nil
    elseif token == "function" or token == "if" or token == "repeat" or
      token == "{" then
      blocks[#blocks + 1] = token == "{" and "{" or ""
    elseif token == "end" or token == "until" or token == "}" then
      blocks[#blocks] = nil
    elseif token == "=" and not loop and blocks[#blocks] ~= "{" then
      for _, name in ipairs(assigned(tokens, at)) do
        for _, variable in ipairs(blocks) do
          if name == variable then out[#out + 1] = name end
        end
      end
    end
  end
  assert(#blocks == 0)
  return out
end

describe("Lua's releases", function()
  it("are told apart in one place only", function()
    for _, path in ipairs(lines_of "find csrc/binding -name '*.[ch]'") do
      assert.are.equal(path == "csrc/binding/value/version.h",
        read(path):find "LUA_VERSION_NUM" ~= nil, path)
    end
  end)

  it("know an assignment to a loop's variable when it sees one", function()
    assert.are.same({"i", "k"}, loop_writes [==[
      for i = 1, 2 do i = 3 end
      for k, v in pairs {k = 1} do if v then v, k = k, v end end]==])
    assert.are.same({}, loop_writes [==[
      for i = 1, 2 do local i = 3; t.i, x = {i = i}, [[ i = 4 ]] end
      for i in f() do while true do break end end -- i = 5
      i = "' i = 6"]==])
  end)

  it("find no assignment to a loop's variable, which 5.5 refuses", function()
    for _, path in ipairs(lines_of "find lua spec -name '*.lua'") do
      assert.are.same({}, loop_writes(read(path)), path)
    end
  end)
end)
