--- What the small blocks of a map hold, by arithmetic alone: long text, cells
-- beside their buckets, overflow buckets made one by one.
--
-- Of each kind the first LOOSE bytes come at their own size. From there on
-- there are slabs, each of blocks of one size and whole from its first one on:
--
--   bytes              ____|
--     |           ____|      a step for every 32 KiB // size blocks
--     |      ____|
--     |    /
--     |  /   loose
--     +--------------------> blocks
--
-- What is held of a kind: {n = blocks of each size, loose = bytes, slabs = how
-- many, nil before the first}.
--
-- Pure: numbers in, numbers out.

local limits = require "hmap.core".limits()
local LOOSE, SLAB, REGION_SLABS = limits.unslabbed, limits.slab,
  limits.region_slabs
local UNIT, MAX_BLOCK = limits.block_unit, limits.block
local FIRST_REGIONS, POINTER = limits.regions, 8

local function round_up(n, unit) return (n + unit - 1) // unit * unit end

-- Bytes that a block takes. A broken size is the mean of entries: the blocks
-- differ, lose half a unit each, and below 24 not all entries have one.
local function rounded(size)
  if size > MAX_BLOCK then return size end
  local whole = math.tointeger(size)
  return whole and round_up(whole, UNIT) or size + math.min(UNIT / 2, size / 3)
end

local function in_slab(size) return SLAB // rounded(size) end

local function sum(list)
  local total = 0
  for _, n in ipairs(list) do total = total + n end
  return total
end

-- How many blocks of each rounded size n of each of these sizes are.
local function by_size(sizes, n)
  local counts = {}
  for _, size in ipairs(sizes) do
    local block = rounded(size)
    counts[block] = (counts[block] or 0) + n
  end
  return counts
end

--- What n blocks of each of these sizes hold; `loose`: the bytes that are loose
-- if there have been slabs before, since then no more will.
local function held(sizes, n, loose)
  local each = sum(sizes)
  if not loose and n * each <= LOOSE then return { n = n, loose = n * each } end
  local alone = loose and math.min(n, loose / each) or LOOSE // each
  local blocks = { n = n, loose = alone * each, slabs = loose and 0 }
  for size, count in pairs(by_size(sizes, n - alone)) do
    if size > MAX_BLOCK then
      blocks.loose = blocks.loose + count * size
    else
      blocks.slabs = (blocks.slabs or 0) + math.ceil(count / (SLAB // size))
    end
  end
  return blocks
end

-- The share of slabs that have a block left when a share of all blocks is
-- left, wherever chance has it.
local function slabs_left(size, share)
  return 1 - (1 - share) ^ in_slab(size)
end

--- What is held when of blocks of one size a share is left, and n new ones
-- have taken places of those that went.
local function exchanged(was, size, share, n)
  local all = was.n * share + n
  if not was.slabs then return held({ size }, all) end
  local loose = was.loose * share
  return {
    n = all, loose = loose,
    slabs = math.ceil(math.max((all - loose / size) / in_slab(size),
      was.slabs * slabs_left(size, share))),
  }
end

--- The share of so many bytes that stays when a share of the blocks does, all
-- of one size.
local function share_left(size, share, bytes)
  return bytes <= LOOSE and share or slabs_left(size, share)
end

--- Bytes of what is held. `costs`: the `unit` by which slabs are counted, and
-- bytes of headers: of each `region`, and what the `first` slab needs besides.
local function bytes(blocks, costs)
  return math.floor(blocks.loose + 0.5)
    + round_up((blocks.slabs or 0) * SLAB, costs.unit)
end

--- The size of the one block of each of n entries, if a size explains what they
-- hold, or else a mean. (Few seem larger than many: the last slab of each size
-- is not full.)
local function likely_size(total, n, costs)
  local mean = total / n
  if total <= LOOSE then return mean end
  for size = UNIT, math.min(MAX_BLOCK, mean) do
    if bytes(held({ size }, n), costs) == total then return size end
  end
  return mean - math.min(UNIT / 2, mean / 4)
end

-- The list of regions doubles when it is full.
local function list_bytes(regions)
  local room = FIRST_REGIONS
  while room < regions do room = 2 * room end
  return (room - FIRST_REGIONS) * POINTER
end

--- Bytes that the map's header has for it.
local function header(blocks, costs)
  if not blocks.slabs then return 0 end
  local regions = round_up(blocks.slabs, REGION_SLABS) // REGION_SLABS
  return costs.first + regions * costs.region + list_bytes(regions)
end

return {
  held = held,
  exchanged = exchanged,
  share_left = share_left,
  bytes = bytes,
  likely_size = likely_size,
  header = header,
}
