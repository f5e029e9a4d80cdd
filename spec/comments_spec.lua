-- What comments name is there: a comment that speaks of a function or a file
-- which was renamed or taken away is worse than none.

local files = require "spec.files"
local read, lines_of = files.read, files.lines_of

local function set(words)
  local out = {}
  for word in words:gmatch "%S+" do out[word] = true end
  return out
end

-- Names of other people's code, and of examples in comments.
local foreign = set [[
  makeBucketArray evacuatedEmpty growWork advanceEvacuationMark overLoadFactor
  tooManyOverflowBuckets hashGrow bucketCnt maxKeySize maxElemSize minTopHash
  hashWriting hashGrowing dictScan hashCode app.lua a.lua keeps_its_entries NaNs
]]

-- The text of a source, and of its comments.
local function c_parts(text)
  local comments = {}
  local code = text:gsub("/%*.-%*/", function(comment)
    comments[#comments + 1] = comment
    return " "
  end)
  return code, table.concat(comments, "\n")
end

local function lua_parts(text)
  local code, comments = {}, {}
  for line in text:gmatch "[^\n]*" do
    local before, comment = line:match "^(.-)(%-%-.*)$"
    local is_one = before ~= nil and not before:find '"[^"]*$'
    code[#code + 1] = is_one and before or line
    comments[#comments + 1] = is_one and comment or nil
  end
  return table.concat(code, "\n"), table.concat(comments, "\n")
end

local parts = {c = c_parts, h = c_parts, lua = lua_parts}

local function sources()
  local out = {}
  for _, path in ipairs(lines_of(
    "find csrc lua spec -name '*.[ch]' -o -name '*.lua' -o -name '*.hpp' " ..
    "-o -name '*.go' -o -name '*.cpp' -o -name '*.sh'")) do
    local split = parts[path:match "%.(%w+)$"]
    local code, comments = read(path), ""
    if split then code, comments = split(code) end
    out[#out + 1] = {path = path, code = code, comments = comments}
  end
  return out
end

-- All that the code names: words, and files with and without what they end in.
local function names_in(list)
  local known = {}
  for _, source in ipairs(list) do
    for word in source.code:gmatch "[%a_][%w_]*" do known[word] = true end
    local file = source.path:match "[^/]+$"
    known[file], known[file:match "^[^.]+"] = true, true
  end
  return known
end

-- A word that can only be a name of code, by an underscore or a capital in it.
local function is_name(word)
  return word:find "%l_%l" or word:find "%l%u%l" or word:find "^hmapi?_"
end

local function missing(list, known)
  local out = {}
  local function look(source, word)
    if not (known[word] or known["hmapi_" .. word] or foreign[word] or
      known["hmapi_iters_" .. word]) then
      out[#out + 1] = source.path .. ": " .. word
    end
  end
  for _, source in ipairs(list) do
    local text = source.comments:gsub("%-%-%-@[^\n]*", "")
    for word in text:gmatch "[%a_][%w_]*" do
      if is_name(word) then look(source, word) end
    end
    for file in text:gmatch "[%w_]+%.%a+%f[%W]" do
      if parts[file:match "%.(%a+)$"] then look(source, file) end
    end
  end
  return out
end

describe("comments", function()
  it("name what is there", function()
    local list = sources()
    assert.is_true(#list > 100)
    assert.are.same({}, missing(list, names_in(list)))
  end)

  it("are seen to name what is not", function()
    local list = {
      {path = "a", code = "here_it_is", comments = "here_it_is gone_now b.c"},
    }
    assert.are.same({"a: gone_now", "a: b.c"}, missing(list, names_in(list)))
  end)

  it("and code fit in 80 columns of C", function()
    local long = {}
    for _, path in ipairs(lines_of "find csrc spec -name '*.[ch]'") do
      for line in read(path):gmatch "[^\n]+" do
        if utf8.len(line) > 80 then long[#long + 1] = path .. ": " .. line end
      end
    end
    assert.are.same({}, long)
  end)
end)
