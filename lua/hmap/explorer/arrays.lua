--- The bucket arrays of a film at one operation, and what can happen to them.
--
--   arrays   { new =, old =, kind =, stride = }
--   array    { id =, n =, chains = { [i] = bytes } }
--   chain    4 bytes a slot: 0..4 what kind of empty, or 5 + the key's number
--
-- A chain is a string, so that a checkpoint is a copy of the table of chains
-- alone. Of a large map a film follows one bucket in `stride`: those whose
-- number it divides; they keep their numbers here.

local SLOTS = 8
local FIRST_KEY = 5
local EVACUATED_X, EVACUATED_Y, EVACUATED_EMPTY = 2, 3, 4
local FRESH = ("\0\0\0\0"):rep(SLOTS)

local STATES = { [0] = "empty_rest", "empty_one", "evacuated_x",
  "evacuated_y", "evacuated_empty" }

local function value_at(chain, slot)
  return (string.unpack("<I4", chain, 4 * slot + 1))
end

local function with_value(chain, slot, value)
  return chain:sub(1, 4 * slot) .. string.pack("<I4", value)
    .. chain:sub(4 * slot + 5)
end

local arrays = {}
arrays.__index = arrays

local function new(stride)
  return setmetatable({ stride = stride or 1, born = 0 }, arrays)
end

function arrays:follows(bucket) return bucket % self.stride == 0 end

--- The chain of a bucket, whether anything ever lay there or not.
function arrays:chain(which, bucket)
  return self[which].chains[bucket] or FRESH
end

-- "<I4I4..", as long as a chain is.
local formats = setmetatable({}, { __index = function(t, slots)
  t[slots] = "<" .. ("I4"):rep(slots)
  return t[slots]
end })

-- Of longer chains not all values go onto the stack at once.
local AT_ONCE = 64

local function unpacked(chain)
  local slots = #chain // 4
  local values = {}
  if slots <= AT_ONCE then
    values = { string.unpack(formats[slots], chain) }
    values[slots + 1] = nil -- where the next would begin
    return values
  end
  for slot = 0, slots - 1 do values[slot + 1] = value_at(chain, slot) end
  return values
end

local function packed(values)
  if #values <= AT_ONCE then
    return string.pack(formats[#values], table.unpack(values))
  end
  local cells = {}
  for i, value in ipairs(values) do cells[i] = string.pack("<I4", value) end
  return table.concat(cells)
end

--- The values of a chain's slots as a list.
function arrays:values(which, bucket)
  return unpacked(self:chain(which, bucket))
end

function arrays:value(which, bucket, slot)
  local chain = self:chain(which, bucket)
  return 4 * slot < #chain and value_at(chain, slot) or nil
end

--- A new array, beside which the one before is the old one.
function arrays:add(kind, n)
  self.born = self.born + 1
  self.old, self.new = self.new, { id = self.born, n = n, chains = {} }
  self.kind = kind
end

function arrays:drop() self.old, self.kind = nil, nil end

--- All entries go.
function arrays:reset()
  if self.new then self.new.chains = {} end
  if self.old then self.old.chains = {} end
end

--- From now on the chain has so many buckets.
function arrays:resize(which, bucket, buckets)
  local chain, bytes = self:chain(which, bucket), buckets * #FRESH
  self[which].chains[bucket] = chain:sub(1, bytes)
    .. ("\0"):rep(bytes - #chain)
end

function arrays:put(which, bucket, slot, key)
  self[which].chains[bucket] = with_value(self:chain(which, bucket), slot,
    key + FIRST_KEY)
end

--- From a slot on so many are of this state.
function arrays:mark(which, bucket, slot, times, state)
  local chain = self:chain(which, bucket)
  self[which].chains[bucket] = chain:sub(1, 4 * slot)
    .. string.pack("<I4", state):rep(times)
    .. chain:sub(4 * (slot + times) + 1)
end

--- The new bucket that takes what an old one's x or y entries are.
function arrays:heir(bucket, half)
  if half == "y" then return bucket + self.old.n end
  return bucket % self.new.n
end

--- An old bucket moves: its slots that are in the mask x go to the first heir
-- from slot at_x on, those in y to the second; `moved` is told of each.
function arrays:evacuate(bucket, masks, at_x, at_y, moved)
  local to = { x = at_x, y = at_y }
  local values = self:values("old", bucket)
  for at, value in ipairs(values) do
    local slot = at - 1
    local mask, bit = masks[slot // SLOTS + 1], 1 << slot % SLOTS
    local half = mask.x & bit > 0 and "x" or mask.y & bit > 0 and "y"
    if value < FIRST_KEY then
      values[at] = EVACUATED_EMPTY
    elseif half then
      values[at] = half == "x" and EVACUATED_X or EVACUATED_Y
      local heir = self:heir(bucket, half)
      if self:follows(heir) then
        self:put("new", heir, to[half], value - FIRST_KEY)
      end
      moved(value - FIRST_KEY, slot, heir, to[half])
      to[half] = to[half] + 1
    end
  end
  self.old.chains[bucket] = packed(values)
end

local function copy_array(array)
  if not array then return nil end
  local chains = {}
  for i, chain in pairs(array.chains) do chains[i] = chain end
  return { id = array.id, n = array.n, chains = chains }
end

function arrays:copy()
  return setmetatable({ stride = self.stride, born = self.born,
    kind = self.kind, new = copy_array(self.new),
    old = copy_array(self.old) }, arrays)
end

return {
  new = new,
  value_at = value_at,
  SLOTS = SLOTS,
  FIRST_KEY = FIRST_KEY,
  STATES = STATES,
  FRESH = FRESH,
}
