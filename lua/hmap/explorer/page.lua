--- hmap.report(x, path): films as one HTML file that needs nothing else.
--
-- The page is page.html beside this file; here the films go into it. What comes
-- from a key or a name gets there in base64, or as JSON without "<".

local camera = require "hmap.explorer.camera"
local core = require "hmap.core"
local film = require "hmap.explorer.film"
local json = require "hmap.json"
local keybook = require "hmap.explorer.keybook"
local pack = require "hmap.explorer.pack"
local shell = require "hmap.shell"

local function fail(...) error(string.format(...), 0) end

local COLUMNS = { "frames", "texts", "hashes", "tophashes" }
local WORDS = { "version", "stride", "operations", "nframes", "calls",
  "causes", "nkeys", "growths", "costly", "moment" }

-- An empty list must not become an object.
local function list(items)
  return setmetatable(table.move(items, 1, #items, 1, {}),
    { __jsontype = "array" })
end

-- A type: its fields may have any names.
local function shown(of)
  if type(of) == "string" then return of end
  local fields = {}
  for i, field in ipairs(of) do fields[i] = core.text(field) end
  return fields
end

local function words_of(made)
  local words = { actions = camera.ACTION, kinds = camera.KINDS,
    fields = camera.FIELDS, parts = camera.PARTS }
  for _, name in ipairs(WORDS) do words[name] = made[name] end
  for _, name in ipairs { "growths", "costly" } do
    words[name] = list(made[name])
  end
  words.map = {}
  for k, v in pairs(made.map) do words.map[k] = v end
  words.map.key, words.map.value = shown(made.map.key), shown(made.map.value)
  words.map.name = made.map.name and keybook.text_of(made.map.name)
  words.map.seed = made.map.seed and tostring(made.map.seed)
  return words
end

-- JSON has no "<" but in strings.
local function json_text(value)
  return (json.encode(value):gsub("<", "\\u003c"))
end

local function data_of(films)
  local words = {}
  local parts = { "" }
  for i, made in ipairs(films) do
    words[i] = words_of(made)
    for _, column in ipairs(COLUMNS) do
      parts[#parts + 1] = string.format(
        '<script type="text/plain" id="film-%d-%s">%s</script>', i - 1, column,
        pack.base64(made[column]))
    end
  end
  parts[1] = '<script type="application/json" id="film-words">'
    .. json_text(words) .. "</script>"
  return table.concat(parts, "\n")
end

local function template()
  local path = package.searchpath("hmap.explorer.page", package.path)
  local file, why
  if path then
    path = path:gsub("%.lua$", ".html")
    file, why = io.open(path, "rb")
  end
  if not file then fail("the page's template: %s", why or "not found") end
  local text = file:read("a")
  file:close()
  return text
end

--- The page of a list of films as text.
local function text(films)
  local page = template()
  local first, last = page:find("<!-- films -->", 1, true)
  return page:sub(1, first - 1) .. data_of(films) .. page:sub(last + 1)
end

-- What reports are made of: one thing, or a list of such.
local function films_of(x, opts)
  if film.is_film(x) then return { x } end
  local several = type(x) == "table" and x.keys == nil and #x > 0
    and (type(x[1]) ~= "table" or x.calls == nil)
  if not several then return { film.new(x, opts) } end
  local films = {}
  for i, one in ipairs(x) do
    films[i] = film.is_film(one) and one or film.new(one, opts)
  end
  return films
end

--- Writes the page of a map, a film, a recording with its keys, keys and
-- options, or of several of these. Nothing is left of a page that could not be
-- written whole.
local function write(x, path, opts)
  local whole = text(films_of(x, opts))
  local file, why = io.open(path, "wb")
  if not file then fail("%s", why) end
  local written
  written, why = file:write(whole)
  local closed, late = file:close()
  if not (written and closed) then
    if shell.is_file(path) then os.remove(path) end -- a device is to stay
    fail("%s: %s", path, why or late)
  end
  return #whole
end

return { text = text, write = write }
