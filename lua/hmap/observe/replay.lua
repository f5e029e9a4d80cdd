--- hmap.replay: from a recording and its keys back to a map.
--
-- A recording (m:record, later m:events) has events but no keys, and knows of
-- each operation what it was: `calls` is a list of runs like {call = "set",
-- times = 417}, {call = "step", n = 4, times = 1}. With the keys in order and a
-- seed, the same calls bring a new map into the same state. That is
-- checked on the way: the new map must cause the same events at the same
-- operations.
--
--   recording.keys    a key for each set, swap, get_or_set, add, delete and pop
--   recording.values  the values of those, beside them; left out, a map of
--                     zeros has the same shape
--
-- A tuple is a table of its fields, by number or by name.

local core = require "hmap.core"
local events = require "hmap.text.events"
local format = require "hmap.format"

local function fail(...) error(string.format(...), 0) end

-- -- cells ------------------------------------------------------------------

-- The fields of a type: { { name =, kind = }, ... }; "none" has none.
local function fields_of(of)
  if type(of) == "string" then
    return of == "none" and {} or { { kind = of } }
  end
  local fields = {}
  for i, text in ipairs(of) do
    local name, kind = text:match("^(.-):(.*)$")
    fields[i] = { name = name, kind = kind or text }
  end
  return fields
end

-- Whether a map gives the fields of such a tuple by their names.
local function all_named(of)
  if type(of) == "string" then return false end
  for _, field in ipairs(of) do
    if not field:find("^[^:]") or not field:find(":", 1, true) then
      return false
    end
  end
  return true
end

local ZEROS = { bool = false, string = "", any = true }

local function zero(kind)
  local n = kind:match("^%[(%d+)%]byte$")
  if n then return ("\0"):rep(math.tointeger(n)) end
  if ZEROS[kind] ~= nil then return ZEROS[kind] end
  return 0
end

-- Appends a value's fields to a list of arguments; nil: zeros.
local function spread(args, of, fields, value, what)
  if type(of) == "table" and value ~= nil and type(value) ~= "table" then
    fail("%s: table of %d fields expected, got %s", what, #fields, type(value))
  end
  for i, field in ipairs(fields) do
    local v = value
    if type(of) == "table" and value ~= nil then
      v = value[field.name or i]
      if v == nil then v = value[i] end
    end
    args.n = args.n + 1
    if v == nil then args[args.n] = zero(field.kind) else args[args.n] = v end
  end
end

-- -- calls ------------------------------------------------------------------

-- The arguments of the next operation that takes a key.
local function next_entry(s, call, with_value)
  s.key = s.key + 1
  local key = s.keys[s.key]
  if key == nil then
    fail("%s.keys has %d keys, and operation %d (%s) wants one more",
      s.noun, s.key - 1, s.op, call)
  end
  local args = { n = 0 }
  spread(args, s.recording.key, s.key_fields, key,
    s.noun .. ".keys[" .. s.key .. "]")
  s.met = args
  if with_value then
    args = table.move(args, 1, args.n, 1, { n = args.n })
    spread(args, s.recording.value, s.value_fields, s.values[s.key],
      s.noun .. ".values[" .. s.key .. "]")
  end
  return table.unpack(args, 1, args.n)
end

local function keyed(call, with_value)
  return function(s)
    s.map[call](s.map, next_entry(s, call, with_value))
  end
end

-- An iterator that meets a rekey brings it to its end with one step, or where
-- it is in a bucket's middle, with a few.
local function iterate(s)
  if not s.next then s.next, s.iterator = s.map:pairs() end
  while s.map:stats().growing and s.next(s.iterator) ~= nil do end
end

local CALLS = {
  set = keyed("set", true),
  swap = keyed("swap", true),
  get_or_set = keyed("get_or_set", true),
  add = keyed("add", true),
  get = keyed("get", false),
  delete = keyed("delete", false),
  pop = keyed("pop", false),
  clear = function(s) s.map:clear() end,
  reserve = function(s, run) s.map:reserve(run.n) end,
  step = function(s, run) s.map:step(run.n) end,
  shrink = function(s) s.map:shrink() end,
  rekey = function(s) s.map:rekey() end,
  tune = function(s, run) s.map:tune(run.policy) end,
  read = function(s)
    local args = { n = 0 }
    spread(args, s.recording.key, s.key_fields, nil)
    s.map:has(table.unpack(args, 1, args.n))
  end,
  pairs = function(s) s.next, s.iterator = s.map:pairs() end,
  next = iterate,
  scan = function(s) s.map:scan(nil, 1) end,
  failed = function(s)
    fail("operation %d failed when it had moved something: what comes after "
      .. "it cannot be rebuilt", s.op - 1)
  end,
}

-- -- the same events --------------------------------------------------------

-- What memory goes back when is the machine's affair, not the state's.
local function next_recorded(s)
  repeat s.event = s.event + 1
  until not s.events[s.event] or s.events[s.event].kind ~= "release"
  return s.events[s.event]
end

local FIELDS = { "kind", "op", "growth", "bucket", "to_x", "to_y", "from", "to",
  "count" }

local function same(a, b)
  for _, name in ipairs(FIELDS) do
    if a[name] ~= b[name] then return false end
  end
  return true
end

local function differ(recorded, rebuilt)
  local function text(e)
    if not e then return "nothing" end
    local ok, line = pcall(events.event, e) -- one with all of its fields
    return ok and line or e.kind
  end
  fail("this recording and these keys do not belong together: the recording "
    .. "has \"%s\", the rebuilt map \"%s\"", text(recorded), text(rebuilt))
end

-- Compares what the new map did since the last time with what was recorded.
local function verify(s)
  local list = s.map:events()
  if list.lost > 0 then fail("not enough memory for the events of a replay") end
  for _, rebuilt in ipairs(list.events) do
    if rebuilt.kind ~= "release" then
      local recorded = s.recorded
      if not (recorded and same(recorded, rebuilt)) then
        differ(recorded and recorded.op <= rebuilt.op and recorded, rebuilt)
      end
      s.recorded = next_recorded(s)
    end
  end
  if s.recorded and s.recorded.op <= s.op then differ(s.recorded) end
end

-- -- replay -----------------------------------------------------------------

local VERIFY_EVERY = 1024 -- operations

local function run_all(s, step)
  for _, run in ipairs(s.recording.calls) do
    for _ = 1, run.times do
      if s.op == step then return end
      if run.call ~= "failed" then s.op = s.op + 1 end
      s.met = nil
      CALLS[run.call](s, run)
      if s.see then s.see(s.map, s.op, run.call, s.met) end
      if s.verify and s.op % VERIFY_EVERY == 0 then verify(s) end
    end
  end
end

-- What a method raised, as the recording's fault; our own words are so already.
local function message_of(raised, what)
  local text, n = tostring(raised):gsub("^[^\n]-replay%.lua:%d+: ", "")
  return n > 0 and what .. ": " .. text or text
end

local function run_and_verify(s, step)
  run_all(s, step)
  if s.verify then verify(s) end
end

-- A recording may come from a file, or from somebody else's hands.
local function check_count(value, what, least)
  local n = type(value) == "number" and math.tointeger(value)
  if not n or n < least then
    fail("%s: integer from %d on expected, got %s", what, least,
      format.value(value))
  end
end

local function check_calls(r, noun)
  for i, run in ipairs(r.calls) do
    local what = noun .. ".calls[" .. i .. "]"
    if type(run) ~= "table" or not CALLS[run.call] then
      fail("%s: none that a map can be asked", what)
    end
    check_count(run.times, what .. ".times", 1)
  end
end

local function check_fields(r)
  if type(r.events) ~= "table" then
    fail("recording.events: list expected, got %s", type(r.events))
  end
  for _, name in ipairs { "key", "value" } do
    if type(r[name]) ~= "string" and type(r[name]) ~= "table" then
      fail("recording.%s: type expected, got %s", name, type(r[name]))
    end
  end
  for _, name in ipairs { "after", "operations", "lost", "lost_calls",
    "buckets" } do
    check_count(r[name], "recording." .. name, 0)
  end
  check_calls(r, "recording")
  for i, event in ipairs(r.events) do
    local what = "recording.events[" .. i .. "]"
    if type(event) ~= "table" or not events.is_kind(event.kind) then
      fail("%s: no event of a map", what)
    end
    check_count(event.op, what .. ".op", 0)
  end
end

local function check_recording(r)
  if type(r) ~= "table" or type(r.calls) ~= "table" then
    fail("bad argument #1 to 'replay' (recording from m:events() expected, "
      .. "got %s)", type(r) == "table" and "another table" or type(r))
  elseif type(r.keys) ~= "table" then
    fail("recording.keys: list of the operations' keys expected, got %s",
      type(r.keys))
  elseif r.values ~= nil and type(r.values) ~= "table" then
    fail("recording.values: list expected, got %s", type(r.values))
  end
  check_fields(r)
  if not r.seed then
    fail("the recorded map has no seed: its hashes cannot be had again")
  elseif not r.fresh then
    fail("the recording began when the map had been used already")
  elseif r.after > 0 then
    fail("the recording has not the first %d operations: an earlier "
      .. "m:events() took them", r.after)
  elseif r.lost > 0 or r.lost_calls > 0 then
    fail("the recording has lost %d events and %d calls: m:record(n) wants a "
      .. "larger n", r.lost, r.lost_calls)
  end
end

local function check_step(r, step)
  if step == nil then return r.operations end
  local n = math.tointeger(step)
  if type(step) ~= "number" or not n or n < 0 or n > r.operations then
    fail("bad argument #2 to 'replay' (operation from 0 to %d expected, got "
      .. "%s)", r.operations, format.value(step))
  end
  return n
end

-- One that JSON would round is text: "0x" and up to 16 digits.
local function seed_of(r, noun)
  if type(r.seed) ~= "string" then return r.seed end
  local digits = r.seed:match("^0x(%x+)$")
  if not digits or #digits > 16 then
    fail("%s.seed: integer, or text of 0x and up to 16 digits expected, got %s",
      noun, format.value(r.seed))
  end
  return math.tointeger(tonumber(r.seed))
end

local function made(r, noun)
  local ok, m = pcall(core.new, {
    key = r.key, value = r.value, seed = seed_of(r, noun), hash = r.hash,
    policy = r.policy, capacity = r.capacity, name = r.name,
  })
  if not ok then fail("%s: %s", noun, format.reason(m)) end
  return m
end

local function made_again(r)
  local m = made(r, "recording")
  if m:stats().buckets ~= r.buckets then
    fail("the recorded map began with %d buckets, a new one with %d",
      r.buckets, m:stats().buckets)
  end
  m:record(math.maxinteger)
  return m
end

-- Does to the map m what r says. `see`, if given, looks at it when it is new
-- and after each operation: see(map, operation, call, the key's arguments).
local function perform(m, r, step, see, noun)
  local s = {
    recording = r, keys = r.keys, values = r.values or {},
    key_fields = fields_of(r.key), value_fields = fields_of(r.value),
    events = r.events or {}, event = 0,
    map = m, op = 0, key = 0, see = see, noun = noun,
    verify = noun == "recording",
  }
  s.recorded = next_recorded(s)
  local ok, why = pcall(function()
    if see then see(m, 0) end
    run_and_verify(s, step)
  end)
  if not ok then
    m:close()
    error(message_of(why, "operation " .. s.op), 0)
  end
  return m
end

local function rebuild(r, step, see)
  check_recording(r)
  step = check_step(r, step)
  local m = perform(made_again(r), r, step, see, "recording")
  m:record(0)
  return m
end

--- A new map to which is done what a script says: as a recording, but nobody
-- saw it before, so that there are no events to hold it to. Of a script only
-- keys are needed; without calls they are set one after the other.
local function play(script, see)
  local r = setmetatable({
    key = script.key or "any", value = script.value or "any",
    calls = script.calls or { { call = "set", times = #script.keys } },
  }, { __index = script })
  check_calls(r, "script")
  return perform(made(r, "script"), r, math.maxinteger, see, "script")
end

--- The map as it was after `step` operations; by default after all of them.
local function replay(recording, step)
  local ok, map = pcall(rebuild, recording, step)
  if not ok then error(map, 2) end
  return map
end

return {
  replay = replay,
  rebuild = rebuild,
  play = play,
  fields_of = fields_of,
  all_named = all_named,
  spread = spread,
}
