-- sweep.lua: a step (everything.lua) again and again, with its first request
-- for memory refused, then its second, and so on until none is left to refuse.
--
-- attempt(first, many, fn, ...): calls fn(...) in C with `many` requests
-- refused from the first on; whether it was done, its error, and whether any
-- was refused. refusal: another reason for an error, where it is not memory
-- that is refused.

local attempt, refusal = ...

-- -- what a map reads as ------------------------------------------------------

local function describe(v)
  if type(v) == "table" then return "object " .. tostring(v[1]) end
  if type(v) == "string" then return ("%q"):format(v) end
  return tostring(v)
end

local function described(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = describe(parts[i]) end
  return table.concat(parts, " ")
end

local function add(entries, nkey, ...)
  local key = described(table.unpack({ ... }, 1, nkey))
  entries[key] = described(select(nkey + 1, ...))
end

local function is_closed(m) return tostring(m):find(", closed$") ~= nil end

local function pairs_into(entries, nkey, next_entry, iterator)
  local function take(...)
    if (...) == nil then return false end
    add(entries, nkey, ...)
    return true
  end
  while take(next_entry(iterator)) do end
end

-- A large map as one number.
local function summed(m)
  local function number(v)
    if type(v) == "table" then return v[1] end
    return math.tointeger(v) or type(v) == "number" and v // 1 or #v
  end
  local sum = 0
  for key, value in m:pairs() do
    sum = sum + (number(key) * 31 ~ number(value))
  end
  return { sum = sum, count = #m }
end

-- key -> value, both as text; nil: there is no map, or it is closed.
local function read(m)
  if m == nil or is_closed(m) then return nil end
  if #m > 1000 then return summed(m) end
  local entries, fields = {}, m:layout().key_fields
  pairs_into(entries, fields and #fields or 1, m:pairs())
  return entries
end

local function same(a, b)
  if a == nil or b == nil then return a == b end
  for key, value in pairs(a) do
    if b[key] ~= value then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

-- Each entry is as it was before or as it is after, and none is lost that both
-- have.
local function between(now, before, after)
  if now == nil or before == nil then return now == after end
  after = after or before
  for key, value in pairs(now) do
    if before[key] ~= value and after[key] ~= value then return false end
  end
  for key, value in pairs(before) do
    if after[key] == value and now[key] ~= value then return false end
  end
  return true
end

-- Lua says of a stack that cannot grow that it overflows, whatever the reason.
local function is_refusal(why)
  if type(why) ~= "string" then return false end
  if refusal then return why:find(refusal, 1, true) ~= nil end
  return (why:find "memory" or why:find "stack overflow") ~= nil
end

-- -- one attempt --------------------------------------------------------------

local function sound(world)
  for _, m in ipairs(world.maps) do
    if not is_closed(m) then assert(m:check()) end
  end
end

local function reads_right(step, now, before, after)
  if step.may == "part" then return between(now, before, after) end
  return same(now, before)
end

local function close(world)
  for _, m in ipairs(world.maps) do m:close() end
end

-- In a thread of its own, which has to find memory for every call at work.
local function act_in_thread(act, world)
  local thread = coroutine.create(act)
  local ok, why = coroutine.resume(thread, world)
  coroutine.close(thread)
  if not ok then error(why, 0) end
end

-- Whether anything was refused.
local function try(step, first, many, after)
  local world = step.make()
  local before = read(world.m)
  local ok, why, refused = attempt(first, many, act_in_thread, step.act, world)
  assert(ok or is_refusal(why), "another error: " .. tostring(why))
  assert(ok or refused, "an error without a reason")
  assert(collectgarbage "isrunning", "the collector was left stopped")
  sound(world)
  local now = read(world.m)
  if ok then
    assert(same(now, after), "the step was done otherwise")
  else
    assert(reads_right(step, now, before, after), "the map is changed")
  end
  if first % 2 == 0 then close(world) end -- else it is left to the collector
  return refused
end

local function after_step(step)
  local world = step.make()
  step.act(world)
  local after = read(world.m)
  close(world)
  return after
end

--- Which requests are refused: `many` from each of the first `all` on, then
-- from one in `stride`.
local function sweep(step, many, all, stride)
  local after = after_step(step)
  local first = 1
  while true do
    local ok, more = pcall(try, step, first, many, after)
    if not ok then
      error(("%s, %d refused from request %d on: %s"):format(step.name, many,
        first, more), 0)
    end
    if not more then return end
    first = first + (first < all and 1 or stride)
  end
end

return sweep
