--- A map drawn as text.
--
--   hmap  27 entries, B=3, growing 4 -> 8 buckets, nevacuate=1
--    old 0  moved    2 to new 0, 2 to new 4
--    old 1  waiting  [9c b0 21 a3 5d  .  .  .]
--    ...
--    new 0  [a2 48  .  .  .  .  .  .]   new 4  [d9 54  .  .  .  .  .  .]
--
-- A small map shows every bucket, a large one a strip of each array: shades
-- for how full, and the buckets at the mark. Work is bound by the width of
-- the picture, not by the map. No address is drawn, so a seed repeats it.
--
-- Pure. A scene is {label =, header =, stats =, bucket = function(i, which)}:
-- the views of a map, where bucket gives that of one chain.

local kinds = require "hmap.growth"
local format = require "hmap.format"

local SMALL = 16   -- arrays up to this many buckets are drawn whole
local SAMPLES = 16 -- buckets looked at for one cell of a strip
local REST_ROWS = 4
local NARROWEST = 64 -- columns that a line of two buckets needs

local BLOCKS = { moved = "·", [0] = " ", "░", "▒", "▓", "█", arrow = "▲" }
local ASCII = { moved = "_", [0] = " ", ".", ":", "=", "#", arrow = "^" }

-- -- one chain --------------------------------------------------------------

local EMPTY_MARKS = { empty_one = " -", empty_rest = " ." }

local function slot_text(slot)
  return EMPTY_MARKS[slot.state] or string.format("%02x", slot.tophash)
end

-- The buckets of a chain, each as "[9c b0 .. ]".
local function bucket_texts(view)
  local buckets = {}
  for _, slot in ipairs(view.slots) do
    local cells = buckets[slot.depth + 1] or {}
    buckets[slot.depth + 1] = cells
    cells[#cells + 1] = slot_text(slot)
  end
  for i, cells in ipairs(buckets) do
    buckets[i] = "[" .. table.concat(cells, " ") .. "]"
  end
  return buckets
end

-- As much of a chain as fits; never less than its first bucket.
local function chain_text(view, room)
  local buckets = bucket_texts(view)
  local text = buckets[1] or ""
  for i = 2, #buckets do
    local longer = text .. " -> " .. buckets[i]
    local left = #buckets - i
    local more = left > 0 and " -> " .. left .. " more" or ""
    if #longer + #more > room then
      return text .. " -> " .. #buckets - i + 1 .. " more"
    end
    text = longer
  end
  return text
end

local function tally(view)
  local n = { full = 0, evacuated_x = 0, evacuated_y = 0 }
  for _, slot in ipairs(view.slots) do
    n[slot.state] = (n[slot.state] or 0) + 1
  end
  return n
end

-- The new buckets that take what is in old bucket i; nil: any may.
local function destinations(stats, i)
  if stats.kind == "rekey" then return nil end
  if stats.kind == "double" then return { i, i + stats.old_buckets } end
  return { i % stats.buckets }
end

-- Where the entries of an old bucket went.
local function moved_text(view, stats)
  if view.unknown or #view.slots == 0 then return "its memory went back" end
  local n = tally(view)
  local x, y = n.evacuated_x, n.evacuated_y
  if x + y == 0 then return "was empty" end
  local to = destinations(stats, view.index)
  if not to then return x + y .. " to anywhere" end
  if not to[2] then return string.format("%d to new %d", x + y, to[1]) end
  return string.format("%d to new %d, %d to new %d", x, to[1], y, to[2])
end

-- -- lines of buckets -------------------------------------------------------

-- One line a bucket, or two buckets a line where the width allows it.
local function in_columns(cells, width)
  local widest = 0
  for _, cell in ipairs(cells) do widest = math.max(widest, #cell) end
  if 2 * widest + 5 > width then return cells end
  local lines = {}
  for i = 1, #cells, 2 do
    local left = cells[i + 1] and format.pad(cells[i], widest + 3) or cells[i]
    lines[#lines + 1] = left .. (cells[i + 1] or "")
  end
  return lines
end

local function new_lines(scene, indexes, label, width)
  local widest, cells = 0, {}
  for _, i in ipairs(indexes) do widest = math.max(widest, #tostring(i)) end
  for n, i in ipairs(indexes) do
    local head = label .. format.pad(tostring(i), -widest) .. "  "
    cells[n] = " " .. head
      .. chain_text(scene.bucket(i, "new"), width - #head - 1)
  end
  return in_columns(cells, width)
end

local function old_lines(scene, indexes, width)
  local lines, widest = {}, 0
  for _, i in ipairs(indexes) do widest = math.max(widest, #tostring(i)) end
  for n, i in ipairs(indexes) do
    local view = scene.bucket(i, "old")
    local head = " old " .. format.pad(tostring(i), -widest)
    if view.state == "evacuated" then
      lines[n] = head .. "  moved    " .. moved_text(view, scene.stats)
    else
      lines[n] = head .. "  waiting  " .. chain_text(view, width - #head - 11)
    end
  end
  return lines
end

-- The new buckets that these old ones have moved to, x beside y.
local function moved_to(scene, old_indexes)
  local list, listed = {}, {}
  for _, i in ipairs(old_indexes) do
    if scene.bucket(i, "old").state == "evacuated" then
      for _, to in ipairs(destinations(scene.stats, i) or {}) do
        if not listed[to] then list[#list + 1] = to end
        listed[to] = true
      end
    end
  end
  return list
end

local function range(first, last)
  local list = {}
  for i = first, last do list[#list + 1] = i end
  return list
end

-- -- strips -----------------------------------------------------------------

-- Cells in a strip over n buckets: a power of two, so that all are alike.
local function strip_cells(n, width)
  local cells = 1
  while cells * 2 <= math.min(n, width - 12) do cells = cells * 2 end
  return cells
end

-- Up to SAMPLES buckets spread over the `per` buckets from `first` on.
local function samples(first, per)
  local list, n = {}, math.min(SAMPLES, per)
  for s = 0, n - 1 do list[s + 1] = first + s * per // n end
  return list
end

local function shade(entries, buckets, shades)
  if entries == 0 then return shades[0] end
  return shades[math.min(4, math.ceil(entries / (8 * buckets) * 4))]
end

-- The entries of these buckets, and how many of them have not moved.
local function contents(scene, indexes, which)
  local entries, waiting = 0, 0
  for _, i in ipairs(indexes) do
    local view = scene.bucket(i, which)
    if view.state ~= "evacuated" then
      waiting = waiting + 1
      entries = entries + tally(view).full
    end
  end
  return entries, waiting
end

-- A strip over `n` buckets from `first` on, each cell `per` of them.
local function strip(scene, which, first, n, per, shades)
  local cells = {}
  for c = 1, n // per do
    local indexes = samples(first + (c - 1) * per, per)
    local entries, waiting = contents(scene, indexes, which)
    cells[c] = waiting == 0 and shades.moved
      or shade(entries, #indexes, shades)
  end
  return "|" .. table.concat(cells) .. "|"
end

-- The mark stands under the cell that it has come to.
local function mark_line(nevacuate, per, cells, arrow)
  local at, note = nevacuate // per, "nevacuate=" .. nevacuate
  if at + 2 + #note <= cells then
    return (" "):rep(at) .. arrow .. " " .. note
  end
  return (" "):rep(at - #note - 1) .. note .. " " .. arrow
end

-- When an array doubles, what it feeds lies below it: x, and y half on.
local function growing_strips(scene, width, shades)
  local stats = scene.stats
  local old, new = stats.old_buckets, stats.buckets
  local per = old // strip_cells(old, width)
  local lines = {
    " old    " .. strip(scene, "old", 0, old, per, shades),
    "         " .. mark_line(scene.header.nevacuate, per, old // per,
      shades.arrow),
  }
  if stats.kind == "double" then
    lines[3] = " new x  " .. strip(scene, "new", 0, old, per, shades)
    lines[4] = " new y  " .. strip(scene, "new", old, old, per, shades)
  else
    lines[3] = " new    " .. strip(scene, "new", 0, new, math.min(per, new),
      shades)
  end
  return lines, per
end

local function rest_strips(scene, width, shades)
  local n = scene.stats.buckets
  local cells = strip_cells(n, width)
  local rows = math.min(REST_ROWS, n // cells)
  local per = n // (cells * rows)
  local lines, fullest = {}, { entries = -1 }
  for r = 0, rows - 1 do
    local row = {}
    for c = 0, cells - 1 do
      local entries, indexes = 0, samples((r * cells + c) * per, per)
      for _, i in ipairs(indexes) do
        local full = tally(scene.bucket(i, "new")).full
        entries = entries + full
        if full > fullest.entries then fullest = { entries = full, at = i } end
      end
      row[c + 1] = shade(entries, #indexes, shades)
    end
    local first = format.pad(tostring(r * cells * per), -8)
    lines[#lines + 1] = first .. "|" .. table.concat(row) .. "|"
  end
  return lines, per, fullest.at
end

-- -- whole pictures ---------------------------------------------------------

local function title(scene)
  local header, stats = scene.header, scene.stats
  local f = string.format
  local head = f("%s%s, B=%d", scene.label and scene.label .. " " or "",
    format.plural(stats.count, "entry", "entries"), header.B)
  if not header.buckets then return head .. ", no bucket yet" end
  if stats.growing then
    return f("%s, %s %s -> %s buckets%s, nevacuate=%d", head,
      kinds.TOLD[stats.kind].doing, format.count(stats.old_buckets),
      format.count(stats.buckets),
      stats.kind == "same_size" and " (same size)" or "", header.nevacuate)
  end
  return f("%s: %s, load %.2f, %s overflow, grows past %s", head,
    format.plural(stats.buckets, "bucket"), stats.load,
    format.count(stats.overflow_in_use),
    format.count(stats.next_growth_at))
end

local function fit(line, width)
  return utf8.len(line) <= width and line or format.wrap(line, width, " ")
end

-- Only for marks that are there and that nobody could guess.
local function marks_legend(lines, width)
  local body, parts = table.concat(lines, "\n"), {}
  if body:find("%[%x%x") or body:find(" %x%x[ %]]") then
    parts[1] = "hex: tophash"
  end
  if body:find("[%[ ]%.[ %]]") then parts[#parts + 1] = ".: emptyRest" end
  if body:find("[%[ ]%-[ %]]") then parts[#parts + 1] = "-: emptyOne" end
  if body:find("-> %d+ more") then
    parts[#parts + 1] = "more: overflow buckets"
  end
  local legend = " " .. table.concat(parts, "   ")
  return #parts > 0 and { fit(legend, width) } or {}
end

local function shades_legend(per, shades, growing)
  local scale = "%s 1-2 %s 3-4 %s 5-6 %s 7+ of 8 slots full"
  local moved = growing and "   " .. shades.moved .. " moved" or ""
  local seen = per > SAMPLES and SAMPLES .. " of " or ""
  return string.format(" %s%s   a cell: %s%s",
    scale:format(table.unpack(shades, 1, 4)), moved, seen,
    format.plural(per, "bucket"))
end

local function append(lines, more)
  return table.move(more, 1, #more, #lines + 1, lines)
end

-- What old buckets have merged into is all drawn, what they split into only
-- where it is.
local function draw_small(scene, width)
  local stats = scene.stats
  local all = range(0, stats.buckets - 1)
  if not stats.growing then return new_lines(scene, all, "", width) end
  local olds = range(0, stats.old_buckets - 1)
  local merging = kinds.TOLD[stats.kind].merges
  local news = merging and all or moved_to(scene, olds)
  return append(old_lines(scene, olds, width),
    new_lines(scene, news, "new ", width))
end

-- The bucket before the mark, the mark, and the next that a write has moved
-- ahead of it.
local function around_mark(scene)
  local mark, list = scene.header.nevacuate, {}
  local last = scene.stats.old_buckets - 1
  if mark > 0 then list[1] = mark - 1 end
  list[#list + 1] = mark
  for i = mark + 1, math.min(last, mark + 256) do
    if scene.bucket(i, "old").state == "evacuated" then
      list[#list + 1] = i
      break
    end
  end
  return list
end

local function draw_growing(scene, width, shades)
  local lines, per = growing_strips(scene, width, shades)
  lines[#lines + 1] = fit(shades_legend(per, shades, true), width)
  lines[#lines + 1] = ""
  local olds = around_mark(scene)
  append(lines, old_lines(scene, olds, width))
  return append(lines,
    new_lines(scene, moved_to(scene, olds), "new ", width))
end

local function draw_rest(scene, width, shades)
  local lines, per, fullest = rest_strips(scene, width, shades)
  lines[#lines + 1] = fit(shades_legend(per, shades, false), width)
  lines[#lines + 1] = ""
  local examples = fullest > 1 and { 0, 1, fullest } or { 0, 1 }
  return append(lines, new_lines(scene, examples, "", width // 2))
end

--- The picture. opts: width in columns (80, at least 64), ascii (no block
-- characters).
local function draw(scene, opts)
  opts = opts or {}
  local width = math.max(NARROWEST, opts.width or 80)
  local shades = opts.ascii and ASCII or BLOCKS
  local head = format.wrap(title(scene), width - 6)
  local lines = { "hmap  " .. head:gsub("\n", "\n      ") }
  if scene.header.buckets then
    local body
    local stats = scene.stats
    if math.max(stats.buckets, stats.old_buckets) <= SMALL then
      body = draw_small(scene, width)
    elseif stats.growing then
      body = draw_growing(scene, width, shades)
    else
      body = draw_rest(scene, width, shades)
    end
    append(lines, body)
    append(lines, marks_legend(body, width))
  end
  return table.concat(lines, "\n")
end

--- The slots of a chain, a line each: bucket.slot, tophash, state, entry.
local function slots(list)
  local rows = {}
  for n, slot in ipairs(list) do
    local full = slot.state == "full"
    rows[n] = {
      slot.depth .. "." .. (n - 1) % 8,
      slot.tophash and string.format("%02x", slot.tophash) or "??",
      slot.state:gsub("_", " "),
      full and format.value(slot.key) or "",
      full and "= " .. format.value(slot.value) or "",
    }
  end
  return format.columns(rows, "lllll", " ")
end

--- A bucket view as a person reads it.
local function bucket(view)
  local head = string.format("%s bucket %d, %s, %s", view.which, view.index,
    view.state, format.plural(view.chain, "bucket") .. " in its chain")
  if view.unknown then return head .. ", its memory went back" end
  return head .. "\n" .. slots(view.slots)
end

return {
  NARROWEST = NARROWEST,
  draw = draw,
  bucket = bucket,
  slots = slots,
}
