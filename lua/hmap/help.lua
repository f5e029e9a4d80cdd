--- hmap.help: what can be asked, at the prompt.
--
-- All that is said of a name stands in core.meta.lua beside this file, where
-- editors find it, too: meaning, what it raises and costs, an example with its
-- output. Here it is found and laid out; what belongs together, by question, is
-- the one thing that is known here alone.

local core = require "hmap.core"
local is_map = require "hmap.explorer.film".is_map
local format = require "hmap.format"

local help = {}

-- Each name once; "hmap." before it: a function of the module.
local TOPICS = {
  { "Make, copy, close", "hmap.new hmap.from clone view hmap.of close" },
  { "Read and write an entry",
    "get set has delete pop swap get_or_set add bind" },
  { "Many entries at once",
    "get_many set_many delete_many merge totable load_lines clear" },
  { "Go through all", "pairs keys values scan" },
  { "How does it outlive the process?",
    "save saving hmap.load hmap.loading" },
  { "How large is it?", "count stats memory" },
  { "Where is this key?", "explain bucket buckets hmap.hash" },
  { "What does it look like?", "draw header hmap.report hmap.film" },
  { "Is my hash good enough?", "distribution hmap.keystats" },
  { "What will it cost?", "hmap.plan forecast layout hmap.layout reserve" },
  { "When does it grow, and who pays?",
    "tune step step_for finish shrink rekey" },
  { "Why was this slow?", "ledger last_op worst_ops" },
  { "What is happening?", "trace watch record events hmap.replay" },
  { "Is it sound, are two the same?", "check fingerprint" },
  { "Which maps are there?", "hmap.live hmap.profile hmap.metrics" },
  { "Ask on", "hmap.help help" },
}

-- -- the annotations ----------------------------------------------------------

-- Beside this file in a checkout and where make installs it; luarocks makes a
-- folder of each dot in a name.
local function read_meta()
  local here = debug.getinfo(1, "S").source:match "^@(.*)help%.lua$" or ""
  for _, name in ipairs { "core.meta.lua", "core/meta.lua" } do
    local file <close> = io.open(here .. name, "rb")
    if file then return file:read "a" end
  end
  error("the annotations that help prints are not installed: no core.meta.lua "
    .. "in " .. here, 0)
end

-- A comment's lines become paragraphs, and what is marked in them fields.
local function read_entry(lines, owner, name, args)
  local entry = { owner = owner, name = name, args = {}, params = {},
    returns = {}, example = {} }
  local paragraph, fenced = nil, false
  local paragraphs = {}
  for _, line in ipairs(lines) do
    local tag, rest = line:match "^@(%w+) ?(.*)"
    if tag == "param" then
      local param, optional, what = rest:match "^([%w_.]+)(%??) (.*)"
      entry.params[param] = { optional = optional ~= "", what = what }
    elseif tag == "return" then
      entry.returns[#entry.returns + 1] = rest
    elseif tag == "overload" then
      entry.overload = rest
    elseif line:find "^ ```" then
      fenced = not fenced
    elseif fenced then
      entry.example[#entry.example + 1] = line:sub(2)
    elseif line:find "^%s*$" then
      paragraph = nil
    elseif not tag then
      local text = line:gsub("^ ", "")
      if paragraph then
        paragraphs[#paragraphs] = paragraphs[#paragraphs] .. " " .. text
      else
        paragraphs[#paragraphs + 1], paragraph = text, true
      end
    end
  end
  for _, text in ipairs(paragraphs) do
    local label, rest = text:match "^(%u%l+): (.*)"
    if label == "Errors" then
      entry.errors = rest
    elseif label == "Cost" then
      entry.cost = rest
    else
      entry[#entry + 1] = text
    end
  end
  for arg in args:gmatch "[%w_.]+" do entry.args[#entry.args + 1] = arg end
  return entry
end

-- The text of annotations: "map:get" and "core.new" -> entry; and what it says
-- of the errors of all.
function help.parse(text)
  local entries, lines = {}, {}
  for line in text:gmatch "([^\n]*)\n" do
    local comment = line:match "^%-%-%-(.*)"
    local owner, name, args = line:match "^function (%w+[.:])([%w_]+)%((.-)%)"
    if comment then
      lines[#lines + 1] = comment
    else
      if owner then
        entries[owner .. name] = read_entry(lines, owner, name, args)
      end
      lines = {}
    end
  end
  local errors = text:match "\n%-%- Errors: (.-)\n\n"
  return entries, (errors:gsub("\n%-%- ", " "))
end

local known -- { entries, errors }, read when it is first asked for
local function annotations()
  known = known or table.pack(help.parse(read_meta()))
  return known[1], known[2]
end

-- -- layout -------------------------------------------------------------------

local WIDTH = 78

-- What stands for "..." is told by its annotation: "any key, value".
local function argument(entry, name)
  local param = entry.params[name] or { what = "" }
  local shown = name == "..." and param.what:match "^%S+ (.*)" or name
  return param.optional and "[" .. shown .. "]" or shown
end

-- What is returned, as its type and name, and what is said of it beyond.
local function result(text)
  local kind, rest = text:match "^(fun%(.-%): %S+) ?(.*)"
  if not kind then kind, rest = text:match "^(%S+) ?(.*)" end
  local name, more = rest:match "^(%S+) ?(.*)"
  return name and kind .. " " .. name or kind, more ~= "" and name and
    name .. ": " .. more or nil
end

-- How it is called, and what it gives.
function help.signature(entry)
  local args = {}
  for i, name in ipairs(entry.args) do args[i] = argument(entry, name) end
  local owner = ({ ["map:"] = "m:", ["core."] = "hmap." })[entry.owner]
    or entry.owner
  local call = owner .. entry.name .. "(" .. table.concat(args, ", ") .. ")"
  local results = {}
  for i, text in ipairs(entry.returns) do results[i] = result(text) end
  return #results == 0 and call or call .. " -> " .. table.concat(results, ", ")
end

local function entry_text(entry, common)
  local parts = { format.wrap(help.signature(entry), WIDTH, "  ", ""), "" }
  local function add(text, first, indent)
    parts[#parts + 1] = format.wrap(text, WIDTH, indent, first)
  end
  for _, paragraph in ipairs(entry) do add(paragraph, "", "") end
  for _, name in ipairs(entry.args) do
    local param = entry.params[name]
    if name ~= "..." and param then
      add(param.what, "  " .. name .. ": ", "    ")
    end
  end
  for _, text in ipairs(entry.returns) do
    local _, more = result(text)
    if more then add(more, "  -> ", "    ") end
  end
  parts[#parts + 1] = ""
  add(entry.errors or common, "Errors  ", "        ")
  add(entry.cost or "", "Cost    ", "        ")
  parts[#parts + 1] = "Example"
  for _, line in ipairs(entry.example) do
    parts[#parts + 1] = "  " .. line
  end
  return table.concat(parts, "\n")
end

local function overview()
  local lines = { ("hmap %s: what you can ask. m is a map; %s tells more.")
    :format(core._VERSION, 'hmap.help "add"'), "" }
  for _, topic in ipairs(TOPICS) do
    lines[#lines + 1] = format.wrap(topic[2], WIDTH, (" "):rep(34),
      ("%-33s "):format(topic[1]))
  end
  return table.concat(lines, "\n")
end

-- -- asking -------------------------------------------------------------------

local names -- function -> name, of those written in Lua
function help.know(module, methods)
  names = {}
  for name, fn in pairs(module) do names[fn] = "core." .. name end
  for name, fn in pairs(methods) do names[fn] = "map:" .. name end
end

-- A method in C has its name with it; there is one for each kind of keys.
local function name_of(fn)
  if names[fn] then return names[fn] end
  local _, name = debug.getupvalue(fn, 1)
  for _, method in ipairs(core.methods()) do
    if method == name and debug.getinfo(fn, "S").what == "C" then
      return "map:" .. name
    end
  end
end

local function is_public(key)
  if key:find "^map:" then return true end
  for _, name in pairs(names) do
    if name == key then return true end
  end
  return false
end

-- Keys of the entries that a name or a function means; "m:get", "hmap.new" and
-- the plain name are fine.
local function meant(what)
  local entries = annotations()
  if type(what) == "function" then return { name_of(what) } end
  local owner, name = what:match "^(.-)([%w_]+)$"
  local found = {}
  for _, key in ipairs { "core." .. (name or ""), "map:" .. (name or "") } do
    local of = key:find "^map" and "m:" or "hmap."
    if entries[key] and is_public(key) and (owner == "" or owner == of) then
      found[#found + 1] = key
    end
  end
  return found
end

-- What help prints, as a text.
function help.text(what)
  if what == nil then return overview() end
  if type(what) ~= "string" and type(what) ~= "function" then
    error(("bad argument #1 to 'help' (name or function expected, got %s)")
      :format(type(what)), 0)
  end
  local entries, common = annotations()
  local texts = {}
  for i, key in ipairs(meant(what)) do
    texts[i] = entry_text(entries[key], common)
  end
  if #texts == 0 then
    local none = type(what) == "string" and ("'%s'"):format(core.text(what))
      or "such function"
    error("bad argument #1 to 'help' (hmap has no " .. none ..
      "; help() lists all names)", 0)
  end
  return table.concat(texts, "\n\n")
end

local function show(what)
  local ok, text = pcall(help.text, what)
  if not ok then error(text, 3) end
  print(text)
end

function help.help(what) show(what) end

-- m:help(what), which wants its map as all methods do.
function help.method(m, what)
  if not is_map(m) then
    error(("'help' wants a map before its arguments, got %s: m:help(...)")
      :format(type(m)), 2)
  end
  local open, why = pcall(m.count, m)
  if not open then error(why, 2) end
  show(what)
end

-- The topics in the order of help: { question, names }.
function help.topics()
  local list = {}
  for i, topic in ipairs(TOPICS) do
    local names_of = {}
    for name in topic[2]:gmatch "%S+" do names_of[#names_of + 1] = name end
    list[i] = { topic[1], names_of }
  end
  return list
end

-- print(hmap)
function help.line()
  local n = #core.open_maps()
  return ("hmap %s, %d open %s; hmap.help() lists what you can ask")
    :format(core._VERSION, n, n == 1 and "map" or "maps")
end

return help
