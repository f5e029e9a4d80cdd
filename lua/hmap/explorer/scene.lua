--- What a map is at one operation of its film, for all that draws: the text
-- picture, the terminal and the page show this and nothing else.
--
--   scene   op, call, key, cost, cause, header, stats, memory, events, moves,
--           bucket(i, which)       as the views of the map have it
--           fill(i, which)         its entries, buckets, and whether it moved
--
-- Only what lies where is in the film, no values.

local arrays = require "hmap.explorer.arrays"
local format = require "hmap.format"

local function log2(n)
  local B = 0
  while 1 << B < n do B = B + 1 end
  return B
end

-- A place as words of the map: bucket of the chain, slot in it.
local function place(p)
  return { which = p.which, bucket = p.bucket, depth = p.slot // 8,
    slot = p.slot % 8 }
end

local function slot_of(play, at, value)
  local film, key = play.film, value - arrays.FIRST_KEY
  local slot = { depth = (at - 1) // arrays.SLOTS }
  if key < 0 then
    slot.state, slot.tophash = arrays.STATES[value], value
  else
    slot.state = "full"
    slot.tophash = play.tophash[key] or film:tophash(key)
    slot.key, slot.text = film:key(key)
    slot.number = key
  end
  return slot
end

-- As the map has it.
local function state_of(slots)
  if slots[1].state:find("^evacuated") then return "evacuated" end
  for _, slot in ipairs(slots) do
    if slot.state == "full" then return "live" end
  end
  return "empty"
end

local function bucket_of(play, i, which)
  which = which or "new"
  local all = play.arrays
  local array = all[which]
  if not array or i < 0 or i >= array.n or not all:follows(i) then return end
  local chain, slots = all:chain(which, i), {}
  for at = 1, #chain // 4 do
    slots[at] = slot_of(play, at, arrays.value_at(chain, at - 1))
  end
  return { index = i, which = which, state = state_of(slots), slots = slots,
    chain = #slots // arrays.SLOTS }
end

local function header_of(play)
  local new, fields = play.arrays.new, play.fields
  return {
    count = play.count,
    B = new and log2(new.n) or 0,
    nevacuate = fields.nevacuate or 0,
    noverflow = fields.noverflow or 0,
    buckets = new and "array " .. new.id or nil,
    oldbuckets = play.arrays.old and "array " .. play.arrays.old.id or nil,
  }
end

local function stats_of(play)
  local all, fields = play.arrays, play.fields
  local buckets = all.new and all.new.n or 0
  local old = all.old and all.old.n or 0
  local bytes = 0
  for _, part in pairs(play.memory) do bytes = bytes + part end
  return {
    count = play.count,
    buckets = buckets,
    old_buckets = old,
    load = buckets > 0 and play.count / buckets or 0.0,
    threshold = fields.threshold or 0,
    next_growth_at = fields.next_growth_at or 0,
    growing = old > 0,
    kind = old > 0 and all.kind or nil,
    evacuated = fields.evacuated or 0,
    remaining = old > 0 and old - (fields.evacuated or 0) or 0,
    overflow_in_use = fields.overflow_in_use or 0,
    noverflow = fields.noverflow or 0,
    longest_chain = fields.longest_chain or 0,
    bytes = bytes,
  }
end

local function slot_in(chain, key)
  for slot = 0, #chain // 4 - 1 do
    if arrays.value_at(chain, slot) == key + arrays.FIRST_KEY then
      return slot
    end
  end
end

-- Where an entry lies at this moment; of one that is not there nil. Most lie
-- where their hash says.
local function find(play, key)
  if key >= play.nkeys then return nil end
  local hash = play.hashes[key] or play.film:hash(key)
  for _, which in ipairs { "new", "old" } do
    local array = play.arrays[which]
    local near = array and hash & array.n - 1
    local slot = near and slot_in(play.arrays:chain(which, near), key)
    if slot then return place { which = which, bucket = near, slot = slot } end
  end
  for _, which in ipairs { "new", "old" } do
    for i, chain in pairs(play.arrays[which] and play.arrays[which].chains
      or {}) do
      local slot = slot_in(chain, key)
      if slot then return place { which = which, bucket = i, slot = slot } end
    end
  end
end

local REMEMBERED = 1 << 16

local function fill_of_chain(chain, values)
  local entries = 0
  for _, value in ipairs(values) do
    if value >= arrays.FIRST_KEY then entries = entries + 1 end
  end
  local state = arrays.STATES[values[1]] or "full"
  return { entries, #chain // #arrays.FRESH,
    state:find("^evacuated") ~= nil }
end

-- What a cell of a picture shows of a chain. A chain is a string and changes
-- seldom, so it is counted once.
local function fill_of(play, i, which)
  local all = play.arrays
  local array = all[which]
  if not array or i < 0 or i >= array.n or not all:follows(i) then return end
  local chain = all:chain(which, i)
  local fill = play.fills and play.fills[chain]
  if not fill then
    if not play.fills or play.nfills >= REMEMBERED then
      play.fills, play.nfills = {}, 0
    end
    fill = fill_of_chain(chain, all:values(which, i))
    play.fills[chain], play.nfills = fill, play.nfills + 1
  end
  return fill[1], fill[2], fill[3]
end

local function moves_of(play)
  local list = {}
  for i, move in ipairs(play.moves) do
    local key, text = play.film:key(move.key)
    list[i] = { number = move.key, key = key, text = text,
      from = place(move.from), to = place(move.to) }
  end
  return list
end

--- The scene that a player has come to. It is of that moment only as long as
-- the player stays there.
local function new(play)
  local film = play.film
  local key, text
  if play.key then key, text = film:key(play.key) end
  return {
    label = film.map.name and "'" .. format.exact(film.map.name) .. "'" or nil,
    op = play.op,
    frame = play.frame,
    call = play.call,
    key = key,
    key_number = play.key,
    key_text = text,
    cost = play.cost,
    cause = play.cause,
    header = header_of(play),
    stats = stats_of(play),
    memory = play.memory,
    memory_op = play.memory_op,
    events = play.events,
    moves = moves_of(play),
    written = play.written,
    stride = film.stride,
    bucket = function(i, which) return bucket_of(play, i, which) end,
    fill = function(i, which) return fill_of(play, i, which) end,
    find = function(number) return find(play, number) end,
    hash = function(number)
      return play.hashes[number] or film:hash(number)
    end,
  }
end

return { new = new }
