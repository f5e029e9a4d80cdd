--- A row of bytes as what chooses: each choice takes one, and behind the last
-- all are zero.

local bytes, at = "", 0

--- Begins anew.
local function read(row) bytes, at = row, 0 end

local function left() return #bytes - at end

--- From 0 to n - 1.
local function below(n)
  at = at + 1
  return (bytes:byte(at) or 0) % n
end

local function one_in(n) return below(n) == 0 end

local function one_of(list) return list[below(#list) + 1] end

--- The next n of them, or what there is.
local function row(n)
  local part = bytes:sub(at + 1, at + n)
  at = at + #part
  return part
end

--- A text with some bytes of it changed, left out or put in.
local function mutated(text)
  for _ = 1, below(4) do
    local i = (below(256) * 256 + below(256)) % (#text + 1)
    local j = i + 1 + one_of { 0, 1, 1, 1, 4 }
    text = text:sub(1, i) .. row(below(5)) .. text:sub(j)
  end
  return text
end

return { read = read, left = left, below = below, one_in = one_in,
  one_of = one_of, row = row, mutated = mutated }
