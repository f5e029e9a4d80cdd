--- Follows a map from operation to operation and writes the film of it.
--
-- What the map tells by itself (its events) says where to look; what is seen
-- there (m:bucket, m:explain) is what is filmed. The camera keeps the arrays as
-- a viewer of the film would have them, and films the difference: so a film
-- cannot show what its map did not.
--
-- The film's frames, one behind the other (all numbers varints):
--
--   head       1 next operation  2 fresh key  4 one entry more
--              8 nothing but a PUT  16 has a key;  32 * number of its call
--   [op]       operations since the last frame      unless head & 1
--   [key]      number                               if head & 16
--   [count]    entries more or fewer (zigzag)       unless head & 4
--   cost cause  of the costliest operation since the last frame
--   [bucket slot]  of the key, in the new array     if head & 8
--   [n action..]                                    else

local arrays = require "hmap.explorer.arrays"
local kinds = require "hmap.growth"
local keybook = require "hmap.explorer.keybook"
local pack = require "hmap.explorer.pack"

local varint, zigzag = pack.varint, pack.zigzag
local SLOTS, FIRST_KEY = arrays.SLOTS, arrays.FIRST_KEY

local ACTION = { PUT = 0, MARK = 1, RESIZE = 2, ADD = 3, DROP = 4, RESET = 5,
  EVACUATE = 6, FIELD = 7, MEMORY = 8, REHASH = 9 }
local KINDS = { "none", table.unpack(kinds.KINDS) }
local FIELDS = { "nevacuate", "noverflow", "evacuated", "overflow_in_use",
  "threshold", "next_growth_at", "longest_chain" }
local PARTS = { "old", "new", "overflow", "text", "other" }
local MEMORY_EVERY = 64 -- frames at most; text grows in between

local KIND_NUMBERS, STATE_NUMBERS, WHICH = {}, {}, { new = 0, old = 1 }
for i, kind in ipairs(KINDS) do KIND_NUMBERS[kind] = i - 1 end
for i = 0, #arrays.STATES do STATE_NUMBERS[arrays.STATES[i]] = i end

local camera = {}
camera.__index = camera

local function new(key_type, stride)
  return setmetatable({
    arrays = arrays.new(stride),
    book = keybook.new(key_type),
    first_hashes = {}, first_tophash = {},
    frames = {}, nframes = 0, last_op = 0, count = 0, op = 0,
    causes = {}, cause_numbers = {}, calls = {}, call_numbers = {},
    fields = {}, memory = {}, unsampled = 0, observers = 0,
    growths = {}, costly = {}, events = {},
    pending = { cost = 0 },
  }, camera)
end

local function number_in(list, numbers, item)
  local n = numbers[item]
  if not n then
    n = #list
    numbers[item], list[n + 1] = n, item
  end
  return n
end

-- -- actions ----------------------------------------------------------------

local function write(self, action, ...)
  self.actions[#self.actions + 1] = varint(action) .. table.concat({ ... })
end

-- Keys that the film meets here for the first time need no number: they come
-- in their order.
local function put(self, which, bucket, slot, key)
  local ref = key == self.key and 0 or key == self.unwritten and 1 or key + 2
  if ref == 1 then self.unwritten = nil end
  self.arrays:put(which, bucket, slot, key)
  write(self, ACTION.PUT, varint(WHICH[which]), varint(bucket), varint(slot),
    varint(ref))
end

local function mark(self, which, bucket, slot, times, state)
  self.arrays:mark(which, bucket, slot, times, state)
  write(self, ACTION.MARK, varint(WHICH[which]), varint(bucket), varint(slot),
    varint(times), varint(state))
end

local function resize(self, which, bucket, buckets)
  self.arrays:resize(which, bucket, buckets)
  write(self, ACTION.RESIZE, varint(WHICH[which]), varint(bucket),
    varint(buckets))
end

local function add_array(self, kind, n)
  self.arrays:add(kind, n)
  write(self, ACTION.ADD, varint(KIND_NUMBERS[kind]), varint(n))
end

local function drop_array(self)
  self.arrays:drop()
  write(self, ACTION.DROP)
end

local function reset(self)
  self.arrays:reset()
  write(self, ACTION.RESET)
end

local function ignore() end

local function evacuate(self, bucket, masks, at_x, at_y)
  self.arrays:evacuate(bucket, masks, at_x, at_y, ignore)
  local parts = { varint(bucket), varint(#masks) }
  for _, mask in ipairs(masks) do
    parts[#parts + 1] = string.char(mask.x, mask.y)
  end
  write(self, ACTION.EVACUATE, table.concat(parts), varint(at_x),
    varint(at_y))
end

-- -- keys -------------------------------------------------------------------

-- The number of a key, and its hash as it now is.
local function learn(self, key, e)
  local book = self.book
  local hash = e.hash and math.tointeger(tonumber(e.hash)) or 0
  local number = book:find(key)
  if not number then
    number = book:add(key, hash, e.tophash)
    self.first_hashes[number] = hash
    self.first_tophash[number] = book.tophash[number]
    self.unwritten = number
  elseif book.hashes[number] ~= hash then
    book.hashes[number], book.tophash[number] = hash, e.tophash
    write(self, ACTION.REHASH, varint(number), string.pack("<i8", hash),
      string.char(e.tophash))
  end
  return number
end

local function of_slot(self, slot, was)
  local book, key = self.book, slot.key
  local number = book:find(key)
  if number and not self.anew and book.tophash[number] == slot.tophash then
    return number
  end
  if key == key and (not book.tuple or book:name(key)) then
    return learn(self, key, self.map:explain(book:arguments(key)))
  end
  local there = was and was >= FIRST_KEY and was - FIRST_KEY
  if there and book.tophash[there] == slot.tophash
    and not book:find(book.keys[there]) then
    return there -- the NaN that was there is there
  end
  return learn(self, key, { tophash = slot.tophash })
end

-- -- looking ----------------------------------------------------------------

-- Films what of a chain is not as the film has it.
local function look(self, which, bucket)
  if not self.arrays:follows(bucket) then return end
  local view = self.map:bucket(bucket, which)
  -- An old array may be gone, or have given back what lay there.
  if not view or view.unknown then return end
  local known = self.arrays:values(which, bucket)
  if #view.slots ~= #known and #view.slots > 0 then
    resize(self, which, bucket, #view.slots // SLOTS)
  end
  local run -- of slots that are now empty in the same way
  local function flush()
    if run then mark(self, which, bucket, run.slot, run.times, run.state) end
    run = nil
  end
  for at, slot in ipairs(view.slots) do
    local was = known[at] or 0
    local state = STATE_NUMBERS[slot.state]
    local is = state or of_slot(self, slot, was) + FIRST_KEY
    if is == was then
      flush()
    elseif not state then
      flush()
      put(self, which, bucket, at - 1, is - FIRST_KEY)
    elseif run and run.state == state then
      run.times = run.times + 1
    else
      flush()
      run = { slot = at - 1, times = 1, state = state }
    end
  end
  flush()
end

local function look_at_all(self, which)
  local array = self.arrays[which]
  if not array then return end
  for bucket = 0, array.n - 1, self.arrays.stride do
    look(self, which, bucket)
  end
end

-- Films everything anew: where too much happened at once to be told in steps.
local function look_anew(self, stats)
  self.anew = true -- hashes may be others, too
  if stats.old_buckets > 0 then
    add_array(self, "none", stats.old_buckets)
    add_array(self, stats.kind, stats.buckets)
    look_at_all(self, "old")
  else
    add_array(self, "none", stats.buckets)
    if self.arrays.old then drop_array(self) end
  end
  look_at_all(self, "new")
  self.anew = false
end

-- -- a move -----------------------------------------------------------------

-- The new buckets that may have got something from an old one.
local function heirs(self, bucket)
  local list, all = {}, self.arrays
  if all.kind == "double" then
    for i = bucket, all.new.n - 1, all.old.n do list[#list + 1] = i end
  else
    list[1] = bucket % all.new.n
  end
  return list
end

-- Numbers of the keys that are in a new bucket, and the slots they take.
local function keys_in(self, bucket)
  local there, view = {}, self.map:bucket(bucket, "new")
  for _, slot in ipairs(view.slots) do
    if slot.state == "full" then
      local number = self.book:find(slot.key)
      if number then there[number] = true end
    end
  end
  return there, #view.slots
end

local function first_free(self, bucket)
  local values = self.arrays:values("new", bucket)
  local slot = #values
  while slot > 0 and values[slot] == 0 do slot = slot - 1 end
  return slot
end

-- Room in an heir for what comes to it: chains do not shrink in a move.
local function make_room(self, bucket, slots)
  if self.arrays:follows(bucket)
    and slots > #self.arrays:chain("new", bucket) // 4 then
    resize(self, "new", bucket, slots // SLOTS)
  end
end

-- A bit for each slot of the old chain whose entry is in this half.
local function masks_of(self, bucket, in_x, in_y)
  local masks, fullness = {}, { x = 0, y = 0 }
  for i, value in ipairs(self.arrays:values("old", bucket)) do
    local slot = i - 1
    local at = slot // SLOTS + 1
    masks[at] = masks[at] or { x = 0, y = 0 }
    local number = value - FIRST_KEY
    local half = number >= 0
      and (in_x[number] and "x" or in_y[number] and "y")
    if half then
      masks[at][half] = masks[at][half] | 1 << slot % SLOTS
      fullness[half] = fullness[half] + 1
    end
  end
  return masks, fullness
end

local function split(self, bucket)
  local x = self.arrays:heir(bucket, "x")
  local in_x, slots_x = keys_in(self, x)
  local in_y, slots_y, y = {}, 0, nil
  if self.arrays.kind == "double" then
    y = self.arrays:heir(bucket, "y")
    in_y, slots_y = keys_in(self, y)
  end
  local at_x, at_y = first_free(self, x), y and first_free(self, y) or 0
  local masks, n = masks_of(self, bucket, in_x, in_y)
  if at_x + n.x > slots_x or at_y + n.y > slots_y then return end
  make_room(self, x, slots_x)
  if y then make_room(self, y, slots_y) end
  evacuate(self, bucket, masks, at_x, at_y)
end

-- A rekey strews the entries of a bucket over all.
local function strew(self, bucket, touched)
  for _, value in ipairs(self.arrays:values("old", bucket)) do
    local number = value - FIRST_KEY
    if number >= 0 then
      local key = self.book.keys[number]
      local e = self.map:explain(self.book:arguments(key))
      learn(self, key, e)
      if e.which == "new" then touched[#touched + 1] = e.bucket end
    end
  end
end

local function film_moves(self, buckets)
  local all, touched = self.arrays, {}
  local plain = all.kind ~= "rekey" and all.new.n <= 2 * all.old.n
  for _, bucket in ipairs(buckets) do
    local followed = self.arrays:follows(bucket)
    if followed and plain then
      split(self, bucket)
    elseif followed and self.arrays.kind == "rekey" then
      strew(self, bucket, touched)
    end
    if self.arrays.kind ~= "rekey" then
      for _, heir in ipairs(heirs(self, bucket)) do
        touched[#touched + 1] = heir
      end
    end
    look(self, "old", bucket)
  end
  for _, bucket in ipairs(touched) do look(self, "new", bucket) end
end

-- -- what an operation did --------------------------------------------------

local function note_growth(self, e)
  if e.kind == "grow_begin" then
    self.growths[#self.growths + 1] = { kind = e.growth, from = e.from,
      to = e.to, begin_op = self.op, count = e.count }
  elseif e.kind == "grow_end" and #self.growths > 0 then
    self.growths[#self.growths].end_op = self.op
  end
end

-- The events of one operation as one move at most: nil if they are more.
local function summary(events)
  local s = { moved = {} }
  for _, e in ipairs(events) do
    if e.kind == "grow_begin" then
      if s.begin or s.ended or #s.moved > 0 or s.clear then return nil end
      s.begin = e
    elseif e.kind == "evacuate" then
      if s.ended or s.clear then return nil end
      s.moved[#s.moved + 1] = e.bucket
    elseif e.kind == "grow_end" then
      s.ended = true
    elseif e.kind == "clear" then
      s.clear = true
    end
  end
  return s
end

local function film_events(self, events)
  local s = summary(events)
  if not s then return false end
  if s.begin then add_array(self, s.begin.growth, s.begin.to) end
  if #s.moved > 0 then
    if not self.arrays.old then return false end
    film_moves(self, s.moved)
  end
  if s.ended then
    if self.arrays.kind == "rekey" and self.arrays.stride > 1 then
      look_at_all(self, "new")
    end
    drop_array(self)
  end
  if s.clear then
    reset(self)
    if self.arrays.old then drop_array(self) end
  end
  return true
end

local function agrees(self, stats)
  local all = self.arrays
  return (all.new and all.new.n or 0) == stats.buckets
    and (all.old and all.old.n or 0) == stats.old_buckets
end

-- The bucket that the operation's key belongs to.
local function film_place(self, e)
  if not e.which or not self.arrays:follows(e.bucket) then return end
  if not e.found then return look(self, e.which, e.bucket) end
  local slot = e.depth * SLOTS + e.slot
  local chain = self.arrays:chain(e.which, e.bucket)
  if 4 * slot >= #chain then return look(self, e.which, e.bucket) end
  if self.arrays:value(e.which, e.bucket, slot) ~= self.key + FIRST_KEY then
    put(self, e.which, e.bucket, slot, self.key)
  end
end

local function film_fields(self, header, stats)
  for i, name in ipairs(FIELDS) do
    local is = header[name] or stats[name] or 0
    local was = self.fields[name] or 0
    if is ~= was then
      self.fields[name] = is
      write(self, ACTION.FIELD, varint(i - 1), zigzag(is - was))
    end
  end
end

-- Without what the camera itself makes the map hold.
local function parts_of(m, observers)
  local v = m:memory()
  local parts = { old = v.old, new = v.buckets + v.preallocated,
    overflow = v.overflow, text = v.text }
  parts.other = v.total - parts.old - parts.new - parts.overflow - parts.text
    - observers
  return parts
end

local function film_memory(self)
  local parts, changes = parts_of(self.map, self.observers), {}
  for i, name in ipairs(PARTS) do
    local delta = parts[name] - (self.memory[name] or 0)
    changes[i] = zigzag(delta)
    self.memory[name] = parts[name]
  end
  self.unsampled = 0
  write(self, ACTION.MEMORY, table.concat(changes))
end

-- -- frames -----------------------------------------------------------------

-- Whether the actions are one: the key of the operation came into the new
-- array.
local function is_plain(self, e)
  return #self.actions == 1 and e and e.found and e.which == "new"
    and self.actions[1]:byte() == ACTION.PUT
end

local function add_frame(self, call, fresh, e, count)
  local p, more = self.pending, count - self.count
  local plain = is_plain(self, e)
  local ops = self.op - self.last_op
  local old_key = self.key and not fresh
  local head = (ops == 1 and 1 or 0) | (fresh and 2 or 0)
    | (more == 1 and 4 or 0) | (plain and 8 or 0) | (old_key and 16 or 0)
    | number_in(self.calls, self.call_numbers, call) << 5
  local body = plain and varint(e.bucket) .. varint(e.depth * SLOTS + e.slot)
    or varint(#self.actions) .. table.concat(self.actions)
  self.nframes = self.nframes + 1
  self.frames[self.nframes] = varint(head)
    .. (ops == 1 and "" or varint(ops)) .. (old_key and varint(self.key) or "")
    .. (more == 1 and "" or zigzag(more)) .. varint(p.cost)
    .. varint(number_in(self.causes, self.cause_numbers, p.cause or ""))
    .. body
  self.last_op, self.count, self.pending = self.op, count, { cost = 0 }
end

-- The costliest come to the front now and then, and the rest goes.
local KEPT = 64

local function keep_costliest(self)
  table.sort(self.costly, function(a, b)
    return a.cost > b.cost or a.cost == b.cost and a.op < b.op
  end)
  for i = #self.costly, KEPT + 1, -1 do self.costly[i] = nil end
  local last = self.costly[KEPT]
  self.costs_less = last and last.cost or -1
end

local function note_cost(self, call, key)
  local op = self.map:last_op()
  if not op or op.number == self.ledger_number then return end
  self.ledger_number = op.number
  if op.cost >= self.pending.cost or not self.pending.cause then
    self.pending = { cost = op.cost, cause = op.cause }
  end
  if op.cost > (self.costs_less or -1) then
    self.costly[#self.costly + 1] = { op = self.op, cost = op.cost,
      call = call, cause = op.cause, key = key }
    if #self.costly > 8 * KEPT then keep_costliest(self) end
  end
  if op.began and #self.growths > 0 then
    self.growths[#self.growths].cause = op.cause
  end
end

-- Of a large map most operations touch nothing that is followed.
local function of_interest(self, e, events)
  if self.arrays.stride == 1 or not e then return true end
  if e.which and self.arrays:follows(e.bucket) then return true end
  for _, event in ipairs(events) do
    if event.kind ~= "release" and (event.kind ~= "evacuate"
      or self.arrays:follows(event.bucket)) then
      return true
    end
  end
  return false
end

--- What operation `op` has done: a call and the arguments of its key, if any.
function camera:shoot(op, call, args)
  local m, events = self.map, self.events
  self.events, self.op, self.actions, self.key = {}, op, {}, nil
  for _, e in ipairs(events) do note_growth(self, e) end
  local key = args and self.book:of_arguments(args)
  local e = key ~= nil and m:explain(table.unpack(args, 1, args.n)) or nil
  note_cost(self, call, key)
  if not of_interest(self, e, events) then return end
  local first = self.book.n
  if e then self.key = learn(self, key, e) end
  local fresh = self.key == first
  if fresh then self.unwritten = nil end
  local header, stats = m:header(), m:stats()
  if header.buckets then
    if not self.arrays.new then add_array(self, "none", 1 << header.B) end
    if not film_events(self, events) or not agrees(self, stats) then
      look_anew(self, stats)
    end
    if e then film_place(self, e) end
    if args and key == nil then look_at_all(self, "new") end
  end
  film_fields(self, header, stats)
  self.unsampled = self.unsampled + 1
  if #events > 0 or self.unsampled >= MEMORY_EVERY then film_memory(self) end
  add_frame(self, call, fresh, e, stats.count)
end

--- The map as it is when the film begins. An open ledger begins anew.
function camera:begin(m)
  self.map = m
  self.actions = {}
  local stats, header = m:stats(), m:header()
  if header.buckets then look_anew(self, stats) end
  film_fields(self, header, stats)
  film_memory(self)
  self.pending.cause = "the map as it was found"
  add_frame(self, "begin", false, nil, stats.count)
end

--- Listens to the map whose operations are to be shot.
function camera:listen(m)
  local before = m:memory().total
  m:ledger(true)
  m:trace(function(event) self.events[#self.events + 1] = event end)
  self.observers = m:memory().total - before
end

--- The costliest operations so far, the costliest first.
function camera:costliest()
  keep_costliest(self)
  return self.costly
end

return {
  new = new,
  ACTION = ACTION,
  KINDS = KINDS,
  FIELDS = FIELDS,
  PARTS = PARTS,
}
