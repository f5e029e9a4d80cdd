--- A recording with its keys as a file, from which the exact run can be
-- repeated: JSON Lines.
--
--   {"format":"hmap-recording","version":1,"key":"string",..}  the map
--   {"call":"set","key":"apple","value":3}                     an operation
--   {"event":"grow_begin","op":9,..}                           its effect
--   {"call":"step","n":4,"times":2}                            two operations
--   {"end":true,"operations":11,"events":1}                    all is there
--
-- A cell is a number, a truth value or a string; a tuple a list of these. What
-- JSON has no words for: {"bytes":"ff00"}, a string that is no UTF-8, and
-- {"float":"0x1.8p+1"}, so that not a bit is lost. The file is the same on
-- every machine for the same run: what memory goes back when is left out.

local core = require "hmap.core"
local lines = require "hmap.lines"
local format = require "hmap.format"

local FORMAT, VERSION = "hmap-recording", 1
local LONGEST = 1 << 24 -- bytes of a line

-- The fields of each sort of line, in their order.
local POLICY = { "load", "moves", "empty_visits", "step_on", "same_size",
  "shrink", "all_at_once", "chain_alarm" }
local MAP = { "key", "value", "hash", "seed", "capacity", "policy", "buckets",
  "name" }
local HEADER = table.move(MAP, 1, #MAP, 4, { "format", "version", "hmap" })
local CALL = { "call", "n", "times", "policy" }
local EVENT = { "event", "op", "growth", "from", "to", "bucket", "to_x", "to_y",
  "count", "lost" }
local END = { "end", "operations", "events" }

local KEYED = { set = true, swap = true, get_or_set = true, add = true,
  delete = true, pop = true }
local NO_VALUE = { delete = true, pop = true }

-- -- cells ------------------------------------------------------------------

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function scalar_of(v)
  if math.type(v) == "float" then return { float = ("%a"):format(v) } end
  if type(v) == "string" and not utf8.len(v) then return { bytes = hex(v) } end
  if type(v) == "string" or type(v) == "number" or type(v) == "boolean" then
    return v
  end
  error("a " .. type(v) .. " cannot be written to a file", 0)
end

-- What stands in the file for a cell of this type.
local function cell_of(v, of)
  if type(of) == "string" then return scalar_of(v) end
  local fields = {}
  for i, field in ipairs(of) do
    local part = v[field:match("^(.-):")]
    if part == nil then part = v[i] end
    fields[i] = scalar_of(part)
  end
  return fields
end

local NOT_NUMBERS = { nan = 0 / 0, ["-nan"] = 0 / 0, inf = math.huge,
  ["-inf"] = -math.huge }

local function unhex(text)
  if #text % 2 ~= 0 or text:find("%X") then return nil end
  return (text:gsub("%x%x", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

local function scalar_from(v)
  if type(v) ~= "table" then return v end
  if type(v.bytes) == "string" then return unhex(v.bytes) end
  if type(v.float) == "string" then
    return NOT_NUMBERS[v.float] or tonumber(v.float)
  end
end

-- The cell that stands in the file; nil if it is none.
local function cell_from(v, of)
  if type(of) == "string" then return scalar_from(v) end
  if type(v) ~= "table" then return nil end
  local fields = {}
  for i = 1, #of do
    fields[i] = scalar_from(v[i])
    if fields[i] == nil then return nil end
  end
  return fields
end

-- -- writing ----------------------------------------------------------------

local function json()
  local found, dkjson = pcall(require, "dkjson")
  if not found then error("the Lua module dkjson is missing", 0) end
  return dkjson
end

-- dkjson decodes twice as fast where LPeg is.
local function decoder()
  local dkjson = json()
  local found, faster = pcall(dkjson.use_lpeg)
  return (found and faster or dkjson).decode
end

-- The commonest cells, without what an encoder of anything has to do.
local function cell_text(cell)
  if math.type(cell) == "integer" then return ("%d"):format(cell) end
  if type(cell) == "string" then return json().quotestring(cell) end
  return json().encode(cell)
end

-- The line of an operation that takes a key: most lines are.
local function keyed_line(call, key, value)
  return ('{"call":"%s","key":'):format(call) .. cell_text(key)
    .. (value ~= nil and ',"value":' .. cell_text(value) or "") .. "}\n"
end

local function copy(from, names, into)
  for _, name in ipairs(names) do into[name] = from[name] end
  return into
end

-- A policy whose fields come in their order.
local function ordered(policy)
  return policy and setmetatable(copy(policy, POLICY, {}),
    { __jsonorder = POLICY })
end

-- Whether a map can be rebuilt from it.
local function check_whole(r)
  if not r.seed then error("the recorded map has no seed", 0) end
  if not r.fresh or r.after > 0 then
    error("the recording does not begin with the map", 0)
  elseif r.lost > 0 or r.lost_calls > 0 then
    error("the recording has lost events or calls", 0)
  end
end

local function write_calls(r, write_line, put, events)
  local op, key = 0, 0
  for _, run in ipairs(r.calls) do
    if KEYED[run.call] then
      for _ = 1, run.times do
        op, key = op + 1, key + 1
        local value = r.values and r.values[key]
        if NO_VALUE[run.call] or r.value == "none" then value = nil end
        if value ~= nil then value = cell_of(value, r.value) end
        write_line(keyed_line(run.call, cell_of(r.keys[key], r.key), value))
        events(op)
      end
    else
      op = op + (run.call == "failed" and 0 or run.times)
      put({ call = run.call, n = run.n, policy = ordered(run.policy),
        times = run.times > 1 and run.times or nil }, CALL)
      events(op)
    end
  end
end

--- Writes a recording, of m:events() with its keys, by write_line(line).
---@param recording hmap.Recording
---@param write_line fun(line: string)
local function write(recording, write_line)
  check_whole(recording)
  local encode, list = json().encode, recording.events
  local function put(item, order)
    write_line(encode(item, { keyorder = order }) .. "\n")
  end
  local header = copy(recording, MAP, { format = FORMAT, version = VERSION,
    hmap = core._VERSION })
  header.policy = ordered(header.policy)
  put(header, HEADER)
  local next_event, written = 1, 0
  write_calls(recording, write_line, put, function(op)
    local event = list[next_event]
    while event and event.op <= op do
      if event.kind ~= "release" then
        local line = copy(event, EVENT, {})
        line.event = event.kind
        put(line, EVENT)
        written = written + 1
      end
      next_event = next_event + 1
      event = list[next_event]
    end
  end)
  put({ ["end"] = true, operations = recording.operations, events = written },
    END)
end

-- -- reading ----------------------------------------------------------------

local function refuse(s, form, ...)
  error({ line = s.line, message = form:format(...) }, 0)
end

local function item_of(s, line)
  local ok, item, next_at = pcall(s.decode, line, 1, nil, nil)
  if not ok or type(item) ~= "table"
    or line:find("%S", next_at or #line + 1) then
    refuse(s, "no line of a recording")
  end
  return item
end

local function read_header(s, item)
  if item.format ~= FORMAT then
    refuse(s, "not the beginning of a recording")
  elseif item.version ~= VERSION then
    refuse(s, "a recording of version %s, and this hmap reads version %d",
      format.value(item.version), VERSION)
  elseif item.key == nil or item.value == nil -- layout has its own for these
    or not pcall(core.layout, item.key, item.value) then
    refuse(s, "the types of a map are not there")
  end
  copy(item, MAP, s.recording)
end

local function add_run(s, run)
  local calls = s.recording.calls
  local last = calls[#calls]
  if last and last.call == run.call and KEYED[run.call] then
    last.times = last.times + 1
  else
    calls[#calls + 1] = run
  end
end

local function read_call(s, item)
  local r, times = s.recording, item.times or 1
  if math.type(times) ~= "integer" or times < 1 then
    refuse(s, "times is no number of operations")
  end
  if KEYED[item.call] then
    local n = #r.keys + 1
    times, r.keys[n] = 1, cell_from(item.key, r.key)
    if r.keys[n] == nil then refuse(s, "its key is missing") end
    if item.value ~= nil then r.values[n] = cell_from(item.value, r.value) end
  end
  add_run(s, { call = item.call, times = times, n = item.n,
    policy = item.policy })
  if item.call ~= "failed" then r.operations = r.operations + times end
  s.first_op[#s.first_op + 1] = r.operations - times + 1
  s.line_of[#s.line_of + 1] = s.line
end

local function read_event(s, item)
  local list, event = s.recording.events, copy(item, EVENT, {})
  event.kind, event.event = event.event, nil
  list[#list + 1] = event
end

local function read_end(s, item)
  local r = s.recording
  if item.operations ~= r.operations or item.events ~= #r.events then
    refuse(s, "%s operations and %s events are announced, and %d and %d are "
      .. "there", format.value(item.operations), format.value(item.events),
      r.operations, #r.events)
  end
  s.ended = true
end

local function read_line(s, line, number)
  s.line = number
  local item = item_of(s, line)
  if number == 1 then return read_header(s, item) end
  if s.ended then refuse(s, "a line behind the end") end
  local read = item.call and read_call or item.event and read_event
    or item["end"] and read_end
  if not read then refuse(s, "no line of a recording") end
  read(s, item)
end

-- The line of an operation: the last that begins with it or before it.
local function line_of(s, op)
  local low, high = 1, #s.first_op
  while low < high do
    local middle = (low + high + 1) // 2
    if s.first_op[middle] <= op then low = middle else high = middle - 1 end
  end
  return s.line_of[low]
end

local function read_all(s, file, progress)
  local found, why = lines.each(file, function(line, number)
    read_line(s, line, number)
  end, { longest = LONGEST, progress = progress })
  if not found then
    error({ line = s.line + 1, message = why }, 0)
  elseif not s.ended then
    refuse(s, s.line == 0 and "an empty file"
      or "the end is missing: the file has been cut off")
  end
end

--- Reads a recording from an open file of that name, for hmap.replay. Returns
-- it and a function from an operation to its line; or nil and what is wrong,
-- with file and line. progress, if given, is told the bytes that were read.
---@param file file*
---@param name string
---@param progress? fun(bytes: integer)
---@return hmap.Recording?
---@return fun(op: integer): integer | string
local function read(file, name, progress)
  local s = { line = 0, first_op = {}, line_of = {}, decode = decoder(),
    recording = { fresh = true, after = 0, lost = 0, lost_calls = 0,
      operations = 0, events = {}, calls = {}, keys = {}, values = {} } }
  local ok, why = pcall(read_all, s, file, progress)
  if ok then
    return s.recording, function(op) return line_of(s, op) end
  elseif type(why) ~= "table" then
    error(why, 0)
  end
  return nil, ("%s:%d: %s"):format(name, math.max(why.line, 1), why.message)
end

--- Whether this sort of operation takes a key.
local function takes_key(call) return KEYED[call] == true end

return {
  write = write,
  read = read,
  takes_key = takes_key,
  MARK = ('{"format":"%s"'):format(FORMAT), -- what every such file begins with
}
