--- hmap export: the entries of a file, a line each, or as Redis takes them.

local core = require "hmap.core"
local json = require "hmap.cli.json"
local kinds_of = require "hmap.types".kinds
local files = require "hmap.cli.files"
local option = require "hmap.cli.option"
local out = require "hmap.cli.out"
local progress = require "hmap.cli.progress"

local function options(c)
  c:argument("file", "A file that m:save or hmap import has written.")
  c:mutex(
    c:flag("--csv", "Fields with commas between them; the default."),
    c:flag("--json", 'An object a line: {"key":..,"value":..}.'),
    c:flag("--resp", "Redis commands, for redis-cli --pipe."))
  option.add(c, "--delimiter", "C", "What stands between the fields of a line.",
    option.character, ",")
  option.add(c, "--prefix", "P", "Redis: what each key begins with.", nil, "")
  option.add(c, "--hash", "NAME", "Redis: all entries into this one hash, or "
    .. "set.")
end

-- A number so that no bit of it is lost.
local function text_of(v)
  if math.type(v) ~= "float" then return tostring(v) end
  local short = ("%.15g"):format(v)
  return tonumber(short) == v and short or ("%.17g"):format(v)
end

-- -- lines ------------------------------------------------------------------

local function csv(args)
  local delimiter = args.delimiter
  local special = "[\"\r\n%" .. delimiter .. "]"
  local function field_of(v)
    local text = text_of(v)
    if not text:find(special) then return text end
    return '"' .. text:gsub('"', '""') .. '"'
  end
  return function(nkey, n, fields)
    local parts = {}
    for i = 1, n do parts[i] = field_of(fields[i]) end
    if n == nkey and n == 1 and parts[1] == "" then parts[1] = '""' end
    return table.concat(parts, delimiter) .. "\n"
  end
end

-- A cell as a value of JSON: a tuple by its names, or as a list.
local function cell_of(of, fields, from)
  if type(of) == "string" then return fields[from] end
  local cell = setmetatable({}, { __jsontype = of[1]:find(":", 1, true)
    and "object" or "array" })
  for i, field in ipairs(of) do
    cell[field:match("^(.-):") or i] = fields[from + i - 1]
  end
  return cell
end

local function json_lines(_, key, value)
  return function(nkey, n, fields)
    local entry = { key = cell_of(key, fields, 1) }
    if n > nkey then entry.value = cell_of(value, fields, nkey + 1) end
    return json.encode(entry) .. "\n"
  end
end

-- -- Redis ------------------------------------------------------------------

local function command(words)
  local parts = { "*" .. #words .. "\r\n" }
  for i, word in ipairs(words) do
    parts[i + 1] = "$" .. #word .. "\r\n" .. word .. "\r\n"
  end
  return table.concat(parts)
end

local function joined(fields, from, to)
  local parts = {}
  for i = from, to do parts[#parts + 1] = text_of(fields[i]) end
  return table.concat(parts, ":")
end

-- A tuple as a value is a hash of its own, unless all go into one.
local function named_fields(value, fields, from)
  local words = {}
  for i, field in ipairs(value) do
    words[#words + 1] = field:match("^(.-):") or tostring(i)
    words[#words + 1] = text_of(fields[from + i - 1])
  end
  return words
end

local function resp(args, _, value)
  return function(nkey, n, fields)
    local key = args.prefix .. joined(fields, 1, nkey)
    if n == nkey then
      return command(args.hash and { "SADD", args.hash, key }
        or { "SET", key, "" })
    end
    local text = joined(fields, nkey + 1, n)
    if args.hash then return command { "HSET", args.hash, key, text } end
    if type(value) == "string" then return command { "SET", key, text } end
    local words = named_fields(value, fields, nkey + 1)
    return command(table.move(words, 1, #words, 3, { "HSET", key }))
  end
end

-- -- all entries ------------------------------------------------------------

-- Gives the fields of each entry to `tell`.
local function each_entry(m, tell)
  local step, walk = m:pairs()
  local function take(first, ...)
    if first == nil then return false end
    tell { first, ... }
    return true
  end
  while take(step(walk)) do end
end

local function run(args)
  local m <close> = files.load(args.file)
  local key, value = core.types(m)
  local line_of = (args.json and json_lines or args.resp and resp or csv)(args,
    key, value)
  local nkey, show, done = #kinds_of(key), progress.of(#m), 0
  local n = nkey + #kinds_of(value)
  each_entry(m, function(fields)
    out.write(line_of(nkey, n, fields))
    done = done + 1
    if done % 8192 == 0 then show(done) end
  end)
  show(#m)
end

return {
  summary = "Write the entries of a map's file as CSV, JSON or for Redis.",
  examples = {
    "hmap export words.hmap",
    "hmap export --json words.hmap",
    "hmap export --resp --prefix word: words.hmap",
  },
  options = options,
  run = run,
}
