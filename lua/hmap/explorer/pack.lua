--- Numbers as bytes: varints (7 bits a byte, the lowest first), and base64 for
-- what has to lie in a text.
-- Pure.

local BYTES = {}
for n = 0, 127 do BYTES[n] = string.char(n) end

--- A natural number of up to 63 bits; most are a byte.
local function varint(n)
  local short = BYTES[n]
  if short then return short end
  local parts = {}
  while n > 127 do
    parts[#parts + 1] = string.char(n & 127 | 128)
    n = n >> 7
  end
  parts[#parts + 1] = string.char(n)
  return table.concat(parts)
end

--- An integer of either sign: 0, -1, 1, -2, .. become 0, 1, 2, 3, ..
local function zigzag(n)
  return varint(n << 1 ~ (n < 0 and -1 or 0))
end

--- The number at `at`, and where the next begins.
local function read(text, at)
  local n, shift = 0, 0
  while true do
    local byte = text:byte(at)
    n, at = n | (byte & 127) << shift, at + 1
    if byte < 128 then return n, at end
    shift = shift + 7
  end
end

local function read_zigzag(text, at)
  local n
  n, at = read(text, at)
  return n >> 1 ~ -(n & 1), at
end

-- -- base64 -----------------------------------------------------------------

local ALPHABET =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- Of 12 bits; made when it is asked for: most programs never write a page.
local PAIRS = setmetatable({}, { __index = function(made, n)
  local high, low = (n >> 6) + 1, (n & 63) + 1
  made[n] = ALPHABET:sub(high, high) .. ALPHABET:sub(low, low)
  return made[n]
end })

local function base64(bytes)
  local out = {}
  for at = 1, #bytes, 3 do
    local a, b, c = bytes:byte(at, at + 2)
    local n = a << 16 | (b or 0) << 8 | (c or 0)
    local last = c and PAIRS[n & 4095]
      or (b and PAIRS[n & 4095]:sub(1, 1) .. "=" or "==")
    out[#out + 1] = PAIRS[n >> 12] .. last
  end
  return table.concat(out)
end

return {
  varint = varint,
  zigzag = zigzag,
  read = read,
  read_zigzag = read_zigzag,
  base64 = base64,
}
