-- Bytes as what others have written: the first one says who reads it. It is
-- read, or refused in words for a user; what was read is as good as any.
-- (The file of a saved map is read by load.c.)
local hmap = require "hmap"
local recording = require "hmap.observe.recording"
local keys = require "hmap.cli.keys"
local types = require "hmap.types"
local abuse = dofile "spec/abuse.lua"
local choose = dofile "spec/fuzz/bytes.lua"

local below, one_in, one_of = choose.below, choose.one_in, choose.one_of

local FILES = dofile("spec/files.lua").temporary(1)

-- Whatever is refused is refused like this.
local function is_refusal(why)
  if type(why) == "table" then return why.code == 2 or why.code == 3 end
  return type(why) == "string" and why ~= "" and abuse.is_ours(why)
end

local function try(fn, ...)
  local results = table.pack(pcall(fn, ...))
  if not results[1] then assert(is_refusal(results[2]), results[2]) end
  return table.unpack(results, 1, results.n)
end

local function rest() return choose.row(choose.left()) end

local function write_rest()
  local file <close> = assert(io.open(FILES[1], "wb"))
  file:write(rest())
end

-- -- cursors ------------------------------------------------------------------

-- A map in mid-growth, in mid-rekey, .., with keys of these.
local function moved_map(kind)
  local m = abuse.new_map(kind, { policy = { step_on = "manual" } })
  abuse.fill(m, kind, 1, below(256))
  for _ = 1, below(3) do
    m[one_of { "rekey", "shrink", "finish", "step" }](m)
  end
  return m
end

local function cursors()
  local m <close> = moved_map(one_of { abuse.KEYS[1], abuse.KEYS[5] })
  local cursor = m:scan(nil, 1 + below(16)) or m:scan(nil, 1) or "h1:1:0:0:0"
  for _ = 1, below(10) do m:rekey() m:finish() end
  cursor = one_in(2) and rest() or choose.mutated(cursor)
  local pages = 0
  repeat
    local ok, next_cursor = try(m.scan, m, cursor, 1 + below(64))
    cursor, pages = ok and next_cursor, pages + 1
  until not cursor or pages == 1000
  assert(pages < 1000)
  assert(m:check())
end

-- -- recordings ---------------------------------------------------------------

local function read_recording(text)
  local file <close> = assert(io.tmpfile())
  file:write(text)
  file:seek "set"
  local r, why = recording.read(file, "file")
  if not r then assert(why:find "^file:%d+: " and is_refusal(why), why) end
  return r
end

-- What replays is the same when it is written and read again.
local function same_again(r, m)
  local lines = {}
  recording.write(r, function(line) lines[#lines + 1] = line end)
  local again <close> = hmap.replay(read_recording(table.concat(lines)))
  assert(again:fingerprint() == m:fingerprint(), "another map")
end

local function recordings()
  local r = read_recording(rest())
  if not r then return end
  local ok, m = try(hmap.replay, r)
  if ok then
    assert(m:check())
    same_again(r, m)
    m:close()
  end
  try(hmap.film, r)
end

-- -- lines --------------------------------------------------------------------

local TYPES = { "string", "int64", "uint64", "float64", "bool", "any",
  "[4]byte", "uint8,string", "x:int8,y:float32", "string,string", "none",
  "int64,", ",", "[]byte", ":" }

local function fields(n)
  local list = {}
  for i = 1, n do list[i] = 1 + below(5) end
  return list
end

local function key_files()
  local text = one_of(TYPES)
  local args = { file = FILES[1], key = text, skip = below(3),
    delimiter = one_of { ",", ";", "\t", " " } }
  if one_in(2) then args.field = fields(1 + below(2)) end
  write_rest()
  local ok, read = try(keys.read, args)
  if not ok then return end
  assert(#read.keys > 0)
  local m <close> = hmap.new { key = read.type, value = "none" }
  for _, key in ipairs(read.keys) do
    if type(key) == "table" then m:set(table.unpack(key)) else m:set(key) end
  end
  assert(m:check())
end

local VALUES = { "string", "int64", "none", "any", { "a:int8", "b:string" } }

local function loaded_lines()
  local kind, value = one_of(abuse.KEYS), one_of(VALUES)
  local m <close> = hmap.new { key = kind[1], value = value }
  local nkey, nvalue = #types.kinds(kind[1]), #types.kinds(value)
  local opts = { delimiter = one_of { ",", ";" }, header = one_in(2) }
  if one_in(2) then opts.key, opts.value = fields(nkey), fields(nvalue) end
  write_rest()
  try(m.load_lines, m, FILES[1], opts)
  assert(m:check())
end

local PARSERS = { cursors, recordings, key_files, loaded_lines }

return function(bytes)
  choose.read(bytes)
  one_of(PARSERS)()
end
