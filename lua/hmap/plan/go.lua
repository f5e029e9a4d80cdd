--- What a map of the same types costs in Go itself: the bytes of the heap that
-- the classic runtime map has live, allocator included.
--
--   hmap 48 | mapextra 24 | bucket array ...... | overflow buckets, one by one
--                  |        2^B, prealloc, spare   each in its size class
--                  +-> list of all overflow buckets, if these hold no pointers
--
-- Go's allocator rounds: below 32 KiB to a size class, from there on to pages.
-- An array takes whole buckets out of what the rounding leaves, so its overflow
-- buckets are not a round number.
--
-- Source: Go 1.19 runtime/map.go, makeBucketArray, newoverflow; msize.go,
-- roundupsize; slice.go, growslice. Held against that runtime by a spec.
--
-- Pure: numbers in, numbers out.

local core = require "hmap.core"

local LOAD = core.limits().load -- Go's, whatever the policy

local CLASSES = {
  8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240,
  256, 288, 320, 352, 384, 416, 448, 480, 512, 576, 640, 704, 768, 896, 1024,
  1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864,
  5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568,
  14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768,
}
local PAGE, LARGE = 8192, 32768
local HEADER, EXTRA, SLICE = 48, 24, 24

--- What Go's allocator takes for an object of so many bytes.
local function rounded(bytes)
  if bytes >= LARGE then return (bytes + PAGE - 1) // PAGE * PAGE end
  for _, class in ipairs(CLASSES) do
    if bytes <= class then return class end
  end
end

--- The entries for which 2^B buckets do not double in Go.
local function threshold(B) return core.threshold(LOAD, B) end

--- The least B whose limit holds n entries.
local function least_B(n)
  local B = 0
  while n > threshold(B) do B = B + 1 end
  return B
end

--- The array of 2^B buckets: {bytes =, preallocated =} of overflow buckets.
local function array(B, bucket_size)
  local base = 1 << B
  if B < 4 then
    return { bytes = rounded(base * bucket_size), preallocated = 0 }
  end
  local bytes = rounded((base + (base >> 4)) * bucket_size)
  return { bytes = bytes, preallocated = bytes // bucket_size - base }
end

-- What append leaves behind: the room of a list of pointers grown one by one.
local function list_bytes(length)
  local room = 0
  while room < length do
    local wanted = room < 256 and math.max(1, 2 * room)
      or room + (room + 3 * 256) // 4
    room = rounded(wanted * 8) // 8
  end
  return room * 8
end

--- The list of overflow buckets of a bucket type without pointers. (One with
-- pointers needs none: the collector finds them.)
local function list(overflow, pointers)
  if pointers or overflow == 0 then return 0 end
  return SLICE + list_bytes(overflow)
end

-- mapextra: made with the first preallocated bucket, or for the list.
local function header_bytes(B, overflow, pointers)
  local extra = B >= 4 or overflow > 0 and not pointers
  return HEADER + (extra and EXTRA or 0)
end

--- Bytes of a map at rest with 2^B buckets and so many overflow buckets in its
-- chains, but for what its entries hold outside them.
local function bytes(B, bucket_size, overflow, pointers)
  overflow = math.floor(overflow + 0.5)
  local a = array(B, bucket_size)
  local singles = math.max(0, overflow - a.preallocated)
  return header_bytes(B, overflow, pointers) + a.bytes
    + singles * rounded(bucket_size) + list(overflow, pointers)
end

-- A text up to 15 bytes shares a block of 16 with others like it.
local function text_bytes(length)
  if length <= 0 then return 0 end
  if length >= 16 then return rounded(math.ceil(length)) end
  local whole = math.ceil(length)
  for _, align in ipairs { 8, 4, 2 } do
    if whole % align == 0 then return 16 / (16 // whole) end
  end
  return 16 / (16 // whole)
end

return {
  HEADER = HEADER,
  rounded = rounded,
  threshold = threshold,
  least_B = least_B,
  array = array,
  bytes = bytes,
  text_bytes = text_bytes,
}
