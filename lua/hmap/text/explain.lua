--- One key's way through the map, told in a few lines.
-- Pure: takes the view that m:explain(k) gives.

local format = require "hmap.format"

local ALL_SHOWN, FIRST, LAST = 8, 4, 2 -- buckets of a chain that have lines
local FEW_BITS = 8

local function hex(byte) return string.format("%02x", byte) end

-- A tophash word as pictures have it: below 5 a mark is a state.
local function word_text(tophash)
  local cells = {}
  for i, byte in ipairs(tophash) do
    cells[i] = byte == 0 and " ." or byte == 1 and " -" or hex(byte)
  end
  return "[" .. table.concat(cells, " ") .. "]"
end

local function verdict_line(e)
  if not e.found then return format.value(e.key) .. " is not in the map." end
  return string.format("%s is in the map: %s bucket %s%s, slot %d.",
    format.value(e.key), e.which, format.count(e.bucket),
    e.depth > 0 and ", overflow " .. e.depth or "", e.slot)
end

-- The bits themselves only where the eye can take them in.
local function bits_text(e)
  local n = #e.bucket_bits
  if n == 0 then return "there is only bucket 0" end
  local bits = n == 1 and "the low bit" or "the low " .. n .. " bits"
  local shown = n <= FEW_BITS and ", " .. e.bucket_bits .. "," or ""
  return string.format("%s%s %s bucket %s", bits, shown,
    n == 1 and "chooses" or "choose", format.count(e.bucket))
end

local function hash_line(e)
  return string.format("Hash %s: tophash %s; %s.", e.hash,
    hex(e.tophash), bits_text(e))
end

local function array_line(e)
  return string.format("The search reads the %s array: %s.", e.which, e.why)
end

local function matches_text(matches)
  local more = #matches > 1 and ", and " .. #matches - 1 .. " more" or ""
  return string.format("slot %d: %s, same tophash%s", matches[1].slot,
    format.value(matches[1].key), more)
end

local function end_text(e)
  if e.found then return "slot " .. e.slot .. ": found" end
  if e.stopped == "empty_rest" then return "empty from slot " .. e.slot end
  return "the chain ends"
end

-- What the search meets in one bucket: keys that only look right, and its end.
local function bucket_notes(e, depth)
  local notes, matches = {}, e.chain[depth + 1].false_matches
  if #matches > 0 then notes[1] = matches_text(matches) end
  if depth == e.depth then notes[#notes + 1] = end_text(e) end
  return table.concat(notes, "; ")
end

local function chain_lines(e, lines)
  local n = #e.chain
  local width = #tostring(n - 1)
  for depth = 0, n - 1 do
    if n <= ALL_SHOWN or depth < FIRST or depth >= n - LAST then
      local line = string.format(" %" .. width .. "d  %s  %s", depth,
        word_text(e.chain[depth + 1].tophash), bucket_notes(e, depth))
      lines[#lines + 1] = (line:gsub("%s+$", ""))
    elseif depth == FIRST then
      lines[#lines + 1] = string.format(" %s  and %s more", ("."):rep(width),
        format.plural(n - FIRST - LAST, "bucket"))
    end
  end
end

local function work_line(e)
  local vain = e.false_matches > 0
    and string.format(", %s in vain", format.count(e.false_matches)) or ""
  return string.format("Work: %s read, %s passed, %s compared%s.",
    format.plural(e.buckets_read, "bucket"),
    format.plural(e.slots_scanned, "slot"),
    format.plural(e.comparisons, "key"), vain)
end

local function goal(to)
  local bucket = "bucket " .. format.count(to.bucket)
  return to.half and to.half .. ", " .. bucket or bucket
end

local function goals_line(e)
  local takes = e.found and "takes" or "would take"
  local line = string.format("The next doubling %s it to %s.", takes,
    goal(e.goes_to))
  if not e.moves_to then return line end
  return string.format("The growth under way %s it to %s.\n%s", takes,
    goal(e.moves_to), line)
end

--- The explanation as a person reads it.
local function text(e)
  if not e.bucket then
    return string.format("%s is not in the map: %s.", format.value(e.key),
      e.why)
  end
  local lines = { verdict_line(e), hash_line(e), array_line(e) }
  chain_lines(e, lines)
  lines[#lines + 1] = work_line(e)
  lines[#lines + 1] = goals_line(e)
  return table.concat(lines, "\n")
end

return { text = text }
