-- The reference: all public names on one page, from the annotations.
--
--   doc.lua FILE      writes it (make doc)
--   dofile "doc.lua"  its functions, for a spec
--
-- Functions come by question, as hmap.help() has them; then the types that they
-- take and give. A name of a type is a link to it.
local help = require "hmap.help"
local hmap = require "hmap"

local doc = {}

-- -- types in the annotations -------------------------------------------------

local CLOSING = { ["("] = ")", ["<"] = ">", ["{"] = "}", ["["] = "]" }

-- Where the term of a type that begins at `at` ends: at a space outside of
-- brackets and quotes. What a function gives belongs to it.
local function end_of_term(text, at)
  local depth, quoted = 0, false
  for i = at, #text do
    local c = text:sub(i, i)
    if c == '"' then
      quoted = not quoted
    elseif not quoted and CLOSING[c] then
      depth = depth + 1
    elseif not quoted and c:find "[)>}%]]" then
      depth = depth - 1
    elseif not quoted and depth == 0 and c == " "
      and not text:find("^[:,]", i - 1) then
      return i - 1
    end
  end
  return #text
end

--- A type and what is said behind it: "a | b it is" -> "a | b", "it is".
function doc.split(text)
  local at = end_of_term(text, 1)
  while text:find("^ | ", at + 1) do at = end_of_term(text, at + 4) end
  return text:sub(1, at), text:sub(at + 2)
end

-- One type: its name, paragraph, and rows of a class's fields or an alias's
-- values: { name, type, what is said of it }.
local function new_type(kind, rest, paragraph)
  local name, more = rest:match "^(hmap%.%w+):? ?(.*)"
  local type = { name = name, rows = {} }
  if kind == "class" then
    local parent = rest:find "^hmap%.%w+:" and more:match "^%S+"
    type.parent = parent or nil
    more = parent and more:sub(#parent + 2) or more
    if more ~= "" then table.insert(paragraph, 1, more .. ".") end
  else
    type.is = more
  end
  type.about = table.concat(paragraph, " ")
  return type
end

local function add_row(type, tag, rest)
  if tag == "field" then
    local name, optional, more = rest:match "^(%S-)(%??) (.*)"
    local of, about = doc.split(more)
    type.rows[#type.rows + 1] = { name, of .. optional, about }
  else
    local value, about = rest:match "^| (.-) # (.*)"
    type.rows[#type.rows + 1] = { nil, value or rest:sub(3), about or "" }
  end
end

--- All classes and aliases of the text of annotations, in order.
function doc.types(text)
  local types, paragraph, now = {}, {}, nil
  for line in text:gmatch "([^\n]*)\n" do
    local tag, rest = line:match "^%-%-%-@(%w+) ?(.*)"
    if line:find "^%-%-%- " then
      paragraph[#paragraph + 1] = line:sub(5)
    elseif tag == "class" or tag == "alias" then
      now, paragraph = new_type(tag, rest, paragraph), {}
      types[#types + 1] = now
    elseif tag == "field" then
      add_row(now, tag, rest)
    elseif line:find "^%-%-%-|" then
      add_row(now, "value", line:sub(4))
    else
      paragraph = {}
    end
  end
  return types
end

-- -- Markdown -----------------------------------------------------------------

local function escaped(text)
  return (text:gsub("[&<>|*_]", { ["&"] = "&amp;", ["<"] = "&lt;",
    [">"] = "&gt;", ["|"] = "&#124;", ["*"] = "&#42;", ["_"] = "&#95;" }))
end

-- Code, with a link at each name of a type.
local function code(text, linked)
  return "<code>" .. escaped(text):gsub("hmap%.%u%w*", function(name)
    return linked[name] and ('<a href="#%s">%s</a>'):format(name, name)
  end) .. "</code>"
end

local function anchor(name) return ('<a id="%s"></a>'):format(name) end

-- An item of a list: code, a type, and what is said of it if anything is.
local function item(first, type, about)
  local parts = { "-", first, type, about ~= "" and escaped(about) or nil }
  return table.concat(parts, " ")
end

local function add_function(out, key, entry, page)
  local function add(...) out[#out + 1] = table.concat { ... } end
  local name = key:gsub("^map:", "m:"):gsub("^core%.", "hmap.")
  add("### ", anchor(name), code(help.signature(entry), page.linked))
  for _, paragraph in ipairs(entry) do add(escaped(paragraph)) end
  local list = {}
  for _, arg in ipairs(entry.args) do
    local param = entry.params[arg]
    if param then
      local of, about = doc.split(param.what)
      list[#list + 1] = item(code(arg, {}),
        code(of .. (param.optional and "?" or ""), page.linked), about)
    end
  end
  for _, text in ipairs(entry.returns) do
    local of, about = doc.split(text)
    list[#list + 1] = item("gives", code(of, page.linked), about)
  end
  if #list > 0 then add(table.concat(list, "\n")) end
  if entry.errors then add("**Errors:** ", escaped(entry.errors)) end
  if entry.cost then add("**Cost:** ", escaped(entry.cost)) end
  if #entry.example > 0 then
    add("```lua\n", table.concat(entry.example, "\n"), "\n```")
  end
end

local function add_type(out, type, page)
  local function add(...) out[#out + 1] = table.concat { ... } end
  add("### ", anchor(type.name), type.name)
  if type.is and type.is ~= "" then add(code(type.is, page.linked)) end
  if type.about ~= "" then add(escaped(type.about)) end
  if type.parent then
    add("With all of ", code(type.parent, page.linked), ".")
  end
  local rows = { "| | type | |", "| --- | --- | --- |" }
  for _, row in ipairs(type.rows) do
    rows[#rows + 1] = ("| %s | %s | %s |"):format(
      row[1] and code(row[1], {}) or "", code(row[2], page.linked),
      escaped(row[3]))
  end
  if #type.rows > 0 then add(table.concat(rows, "\n")) end
end

-- The module and the map are what the functions are of.
local OWNERS = { ["hmap.core"] = true, ["hmap.Map"] = true }

-- Methods of other types follow these.
local function add_methods(out, type, page)
  local prefix = type.name:match "%.(%w+)$":lower() .. ":"
  local names = {}
  for key in pairs(page.entries) do
    if key:sub(1, #prefix) == prefix then names[#names + 1] = key end
  end
  table.sort(names)
  for _, key in ipairs(names) do
    add_function(out, key, page.entries[key], page)
  end
end

--- The page, of the text of annotations.
function doc.page(text)
  local entries, errors = help.parse(text)
  local page = { entries = entries, linked = {} }
  local types = doc.types(text)
  for _, type in ipairs(types) do
    page.linked[type.name] = not OWNERS[type.name]
  end
  local out = { "# hmap " .. hmap._VERSION .. ": reference", escaped(errors) }
  for _, topic in ipairs(help.topics()) do
    out[#out + 1] = "## " .. topic[1]
    for _, name in ipairs(topic[2]) do
      local of_module = name:match "^hmap%.(.*)"
      local key = of_module and "core." .. of_module or "map:" .. name
      add_function(out, key, entries[key], page)
    end
  end
  out[#out + 1] = "## Types"
  for _, type in ipairs(types) do
    if not OWNERS[type.name] then
      add_type(out, type, page)
      add_methods(out, type, page)
    end
  end
  return table.concat(out, "\n\n") .. "\n"
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

--- The page of this checkout.
function doc.here() return doc.page(read "lua/hmap/core.meta.lua") end

local path = ...
if path then
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(doc.here()))
end

return doc
