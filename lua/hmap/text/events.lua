--- The text of events, touches and recordings (m:trace, m:watch, m:events).
-- Pure: the plain table of a view in, text out.

local kinds = require "hmap.growth"
local format = require "hmap.format"

local function entries(n) return format.plural(n, "entry", "entries") end

local function sizes(e)
  return format.count(e.from) .. " -> " .. format.plural(e.to, "bucket")
end

local EVENTS = {
  grow_begin = function(e)
    return string.format("%s begins, %s, %s", kinds.TOLD[e.growth].name,
      sizes(e),
      entries(e.count))
  end,
  evacuate = function(e)
    return string.format("old bucket %s moves, %s to x, %s to y",
      format.count(e.bucket), format.count(e.to_x), format.count(e.to_y))
  end,
  grow_end = function(e)
    return string.format("%s ends, %s", kinds.TOLD[e.growth].name, sizes(e))
  end,
  overflow = function(e)
    return string.format("bucket %s gets an overflow bucket",
      format.count(e.bucket))
  end,
  release = function(e) return format.bytes(e.bytes) .. " given back" end,
  clear = function() return "all entries deleted" end,
}

-- What came before it and was not kept, because memory was refused.
local function lost_text(e)
  if not e.lost then return "" end
  return string.format(" (%s before it found no memory)",
    format.count(e.lost))
end

local function line(e, text)
  return "op " .. format.count(e.op) .. ": " .. text .. lost_text(e)
end

--- One event in one line.
local function event(e) return line(e, EVENTS[e.kind](e)) end

local function place(t)
  return (t.which == "old" and "old bucket " or "bucket ")
    .. format.count(t.bucket)
end

-- A key that was an object, deleted before it could be told.
local function key_of(t)
  return t.key == nil and "an object" or format.value(t.key)
end

local TOUCHES = {
  insert = function(t) return key_of(t) .. " inserted in " .. place(t) end,
  overwrite = function(t)
    return key_of(t) .. " overwritten in " .. place(t)
  end,
  delete = function(t) return key_of(t) .. " deleted from " .. place(t) end,
  move = function(t)
    return string.format("%s moves from old bucket %s to %s", key_of(t),
      format.count(t.from), place(t))
  end,
  clear = function(t)
    local what = t.watched and "bucket " .. format.count(t.watched)
      or key_of(t)
    return what .. " goes with all entries"
  end,
}

--- One touch of a watched entry or bucket in one line.
local function touch(t) return line(t, TOUCHES[t.kind](t)) end

local SHOWN = 24

-- The events, a line each; of many those at both ends.
local function event_lines(list)
  local lines, n = {}, #list
  for i, e in ipairs(list) do
    if n <= SHOWN or i <= SHOWN // 2 or i > n - SHOWN // 2 then
      lines[#lines + 1] = " " .. event(e)
    elseif i == SHOWN // 2 + 1 then
      lines[#lines + 1] = string.format(" .. %s more ..",
        format.count(n - SHOWN // 2 * 2))
    end
  end
  return lines
end

local function type_text(t)
  return format.exact(type(t) == "table" and "{" .. table.concat(t, ",") .. "}"
    or t)
end

--- A recording: what map, how much, and what happened.
local function events(r)
  local name = r.name and "'" .. format.exact(r.name) .. "' " or ""
  local after = r.after > 0 and " after the first " .. format.count(r.after)
    or ""
  local lost = r.lost > 0 and ", " .. format.count(r.lost) .. " earlier lost"
    or ""
  local lines = event_lines(r.events)
  table.insert(lines, 1, string.format("%s%s of %s%s on hmap %s%s -> %s",
    format.plural(#r.events, "event"), lost,
    format.plural(r.operations, "operation"), after, name, type_text(r.key),
    type_text(r.value)))
  return table.concat(lines, "\n")
end

--- Whether there are events of this kind.
local function is_kind(kind) return EVENTS[kind] ~= nil end

return {
  event = event,
  events = events,
  is_kind = is_kind,
  touch = touch,
}
