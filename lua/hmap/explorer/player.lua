--- Plays a film: the arrays as they were after any of its frames.
--
-- A frame is what changed, so the player starts at the nearest checkpoint
-- behind it; one pass over the film makes these (arrays.lua says why they are
-- cheap). The format is told in camera.lua.

local arrays = require "hmap.explorer.arrays"
local camera = require "hmap.explorer.camera"
local pack = require "hmap.explorer.pack"

local read, read_zigzag = pack.read, pack.read_zigzag
local ACTION, FIELDS, PARTS = camera.ACTION, camera.FIELDS, camera.PARTS
local WHICH = { [0] = "new", "old" }
local CHECKPOINTS = 64

local player = {}
player.__index = player

local function start(self)
  self.at, self.frame, self.op, self.count = 1, 0, 0, 0
  self.nkeys = 0
  self.arrays = arrays.new(self.film.stride)
  self.fields, self.memory = {}, {}
  self.hashes, self.tophash = {}, {} -- that a rekey or a clear has changed
end

-- -- actions: each reads its numbers at `at` and returns where it ends --------

local function number(self)
  local n
  n, self.at = read(self.film.frames, self.at)
  return n
end

local function signed(self)
  local n
  n, self.at = read_zigzag(self.film.frames, self.at)
  return n
end

local function told(self, event)
  self.events[#self.events + 1] = event
end

-- Where a key lay that has lost its place in this frame.
local function leaves(self, which, bucket, slot)
  local value = self.arrays:value(which, bucket, slot)
  if value and value >= arrays.FIRST_KEY then
    self.left[value - arrays.FIRST_KEY] = { which = which, bucket = bucket,
      slot = slot }
  end
end

local function comes(self, key, place)
  local from = self.left[key]
  if from and from.which ~= place.which then
    self.moves[#self.moves + 1] = { key = key, from = from, to = place }
  end
end

local function put(self, which, bucket, slot, key)
  leaves(self, which, bucket, slot)
  self.arrays:put(which, bucket, slot, key)
  self.written[#self.written + 1] = { which = which, bucket = bucket,
    slot = slot, key = key }
  comes(self, key, { which = which, bucket = bucket, slot = slot })
end

local function key_of(self, ref)
  if ref == 0 then return self.key end
  if ref > 1 then return ref - 2 end
  self.nkeys = self.nkeys + 1
  return self.nkeys - 1
end

local PLAY = {}

PLAY[ACTION.PUT] = function(self)
  local which, bucket = WHICH[number(self)], number(self)
  local slot = number(self)
  put(self, which, bucket, slot, key_of(self, number(self)))
end

PLAY[ACTION.MARK] = function(self)
  local which, bucket = WHICH[number(self)], number(self)
  local slot, times, state = number(self), number(self), number(self)
  for at = slot, slot + times - 1 do leaves(self, which, bucket, at) end
  self.arrays:mark(which, bucket, slot, times, state)
end

PLAY[ACTION.RESIZE] = function(self)
  local which, bucket = WHICH[number(self)], number(self)
  local buckets = number(self)
  if buckets > #self.arrays:chain(which, bucket) // #arrays.FRESH then
    told(self, { kind = "overflow", which = which, bucket = bucket,
      chain = buckets })
  end
  self.arrays:resize(which, bucket, buckets)
end

PLAY[ACTION.ADD] = function(self)
  local kind, n = camera.KINDS[number(self) + 1], number(self)
  local from = self.arrays.new
  self.arrays:add(kind, n)
  if kind ~= "none" then
    told(self, { kind = "grow_begin", growth = kind, from = from.n, to = n })
  end
end

PLAY[ACTION.DROP] = function(self)
  told(self, { kind = "grow_end", growth = self.arrays.kind,
    from = self.arrays.old.n, to = self.arrays.new.n })
  self.arrays:drop()
end

PLAY[ACTION.RESET] = function(self)
  told(self, { kind = "clear" })
  self.arrays:reset()
end

PLAY[ACTION.EVACUATE] = function(self)
  local bucket, masks = number(self), {}
  for i = 1, number(self) do
    local x, y = self.film.frames:byte(self.at, self.at + 1)
    self.at, masks[i] = self.at + 2, { x = x, y = y }
  end
  local event = { kind = "evacuate", bucket = bucket, to_x = 0, to_y = 0 }
  local at_x, at_y = number(self), number(self)
  self.arrays:evacuate(bucket, masks, at_x, at_y, function(key, slot, to, at)
    local half = to == self.arrays:heir(bucket, "x") and "to_x" or "to_y"
    event[half] = event[half] + 1
    self.moves[#self.moves + 1] = { key = key,
      from = { which = "old", bucket = bucket, slot = slot },
      to = { which = "new", bucket = to, slot = at } }
  end)
  told(self, event)
end

PLAY[ACTION.FIELD] = function(self)
  local name, delta = FIELDS[number(self) + 1], signed(self)
  self.fields[name] = (self.fields[name] or 0) + delta
end

PLAY[ACTION.MEMORY] = function(self)
  for _, part in ipairs(PARTS) do
    self.memory[part] = (self.memory[part] or 0) + signed(self)
  end
  self.memory_op = self.op
end

PLAY[ACTION.REHASH] = function(self)
  local key = number(self)
  self.hashes[key], self.tophash[key], self.at =
    string.unpack("<i8B", self.film.frames, self.at)
end

-- -- frames -----------------------------------------------------------------

-- The key that a frame's head speaks of.
local function head_key(self, head)
  if head & 2 > 0 then
    self.nkeys = self.nkeys + 1
    return self.nkeys - 1
  end
  return head & 16 > 0 and number(self) or nil
end

local function play_frame(self)
  self.events, self.moves, self.written, self.left = {}, {}, {}, {}
  local head = number(self)
  self.call = self.film.calls[(head >> 5) + 1]
  self.op = self.op + (head & 1 > 0 and 1 or number(self))
  self.key = head_key(self, head)
  self.count = self.count + (head & 4 > 0 and 1 or signed(self))
  self.cost = number(self)
  self.cause = self.film.causes[number(self) + 1]
  if head & 8 > 0 then
    local bucket = number(self)
    put(self, "new", bucket, number(self), self.key)
  else
    for _ = 1, number(self) do PLAY[number(self)](self) end
  end
  self.frame = self.frame + 1
end

-- -- checkpoints ------------------------------------------------------------

local COPIED = { "at", "frame", "op", "count", "nkeys", "memory_op", "call",
  "key", "cost", "cause" }

local function copy(list)
  return table.move(list, 1, #list, 1, {})
end

local function copy_pairs(t)
  local c = {}
  for k, v in pairs(t) do c[k] = v end
  return c
end

local function checkpoint(self)
  local c = { arrays = self.arrays:copy(), fields = copy_pairs(self.fields),
    memory = copy_pairs(self.memory), hashes = copy_pairs(self.hashes),
    tophash = copy_pairs(self.tophash), moves = copy(self.moves),
    events = copy(self.events), written = copy(self.written) }
  for _, name in ipairs(COPIED) do c[name] = self[name] end
  return c
end

local function resume(self, c)
  for _, name in ipairs(COPIED) do self[name] = c[name] end
  self.arrays = c.arrays:copy()
  self.moves, self.events, self.written = c.moves, c.events, c.written
  for _, name in ipairs { "fields", "memory", "hashes", "tophash" } do
    self[name] = copy_pairs(c[name])
  end
end

-- What a viewer would jump to: a growth begins or ends, all is cleared, and
-- of overflow buckets the first after any of these.
local TURNS = { grow_begin = true, grow_end = true, clear = true }

local function note_landmark(self)
  local turn, overflow
  for _, event in ipairs(self.events) do
    turn = turn or TURNS[event.kind]
    overflow = overflow or event.kind == "overflow"
  end
  if turn or overflow and not self.overflowed then
    self.landmarks[#self.landmarks + 1] = self.op
    self.overflowed = not turn
  end
end

local function note_peak(self)
  if self.memory_op ~= self.op then return end
  local bytes, last = 0, self.peaks[#self.peaks]
  for _, part in pairs(self.memory) do bytes = bytes + part end
  if not last or bytes > last.bytes then
    self.peaks[#self.peaks + 1] = { op = self.op, bytes = bytes }
  end
end

-- One pass over the whole film; notes which operation each frame is of, what
-- it cost, and where there is something to see.
local function survey(self, progress)
  start(self)
  local nframes = self.film.nframes
  local every = math.max(1, nframes // CHECKPOINTS)
  self.checkpoints, self.ops, self.costs = {}, {}, {}
  self.landmarks, self.peaks = {}, {}
  for frame = 1, nframes do
    play_frame(self)
    self.ops[frame], self.costs[frame] = self.op, self.cost
    note_landmark(self)
    note_peak(self)
    if progress then progress(self.op) end
    if frame == 1 or frame % every == 0 then
      self.checkpoints[#self.checkpoints + 1] = checkpoint(self)
    end
  end
end

-- The last of a list of which `before` holds, from 1 on; it holds of the first.
local function last_of(n, before)
  local low, high = 1, n
  while low < high do
    local middle = (low + high + 1) // 2
    if before(middle) then low = middle else high = middle - 1 end
  end
  return low
end

--- Plays to a frame, from 1 on.
function player:seek(frame)
  local list = self.checkpoints
  local near = list[last_of(#list, function(i)
    return list[i].frame <= frame
  end)]
  if self.frame > frame or self.frame < near.frame then resume(self, near) end
  while self.frame < frame do play_frame(self) end
end

--- The last frame that is not behind an operation.
function player:frame_of(op)
  return last_of(#self.ops, function(i) return self.ops[i] <= op end)
end

--- Costs of the last n frames up to one.
function player:work(frame, n)
  local first = math.max(1, frame - n + 1)
  return table.move(self.costs, first, frame, 1, {})
end

--- The most bytes that the map had up to an operation.
function player:peak(op)
  local list = self.peaks
  return list[last_of(#list, function(i) return list[i].op <= op end)].bytes
end

--- The nearest landmark behind an operation, or before it; nil: there is none.
function player:landmark(op, back)
  local list = self.landmarks
  if #list == 0 then return nil end
  local i = last_of(#list, function(k) return list[k] < op + (back and 0 or 1)
  end)
  if back then return list[i] < op and list[i] or nil end
  return list[i] > op and list[i] or list[i + 1]
end

local function new(film, progress)
  local self = setmetatable({ film = film }, player)
  survey(self, progress)
  return self
end

return { new = new }
