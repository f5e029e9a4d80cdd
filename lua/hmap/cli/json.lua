--- Views as JSON, by dkjson: --json.

local fail = require "hmap.cli.fail"
local out = require "hmap.cli.out"

local REPLACEMENT = utf8.char(0xFFFD)

-- JSON is UTF-8: what is none of a key's bytes shows as U+FFFD.
local function utf8_of(text)
  local parts, from = {}, 1
  while true do
    local n, bad = utf8.len(text, from)
    if n then break end
    parts[#parts + 1] = text:sub(from, bad - 1) .. REPLACEMENT
    from = bad + 1
  end
  return table.concat(parts) .. text:sub(from)
end

-- A copy without metatables; `names` gathers the names of all fields.
local function plain(v, names)
  if type(v) == "string" then return utf8_of(v) end
  if type(v) ~= "table" then return v end
  local copy = {}
  for name, field in next, v do
    names[name] = true
    copy[name] = plain(field, names)
  end
  return copy
end

local function sorted(names)
  local list = {}
  for name in pairs(names) do list[#list + 1] = name end
  table.sort(list, function(a, b)
    local x, y = math.type(a), math.type(b)
    if x and y then return a < b end
    return tostring(a) < tostring(b)
  end)
  return list
end

local function library()
  local found, dkjson = pcall(require, "dkjson")
  if not found then
    fail.file("the Lua module dkjson is missing: apt-get install lua-dkjson, "
      .. "or luarocks install dkjson")
  end
  return dkjson
end

--- A view as JSON on one line; equal views give equal text.
local function encode(view)
  local names = {}
  local copy = plain(view, names)
  return library().encode(copy, { keyorder = sorted(names) })
end

local function option(c)
  c:flag("--json", "The same as JSON, on one line.")
end

--- Writes a view as args.json wants it: as JSON, or by its text.
local function show(args, view, text)
  if args.json then
    out.line(encode(view))
  else
    out.line(text or view)
  end
end

return { option = option, show = show, encode = encode }
