--- A frame of a film for a terminal: scene in, lines of text out.
--
-- Pure. Everything is told apart by its sign; styles (a name a run, which
-- screen.lua knows the looks of) come on top.

local bands = require "hmap.explorer.bands"
local canvas = require "hmap.explorer.canvas"
local caption = require "hmap.explorer.caption"
local format = require "hmap.format"

local f = string.format

local BLOCKS = { moved = "·", leaving = "↓", full = "■", fresh = "+",
  set = "◆", deleted = "-", follow = "@", arrow = "▲", flier = "●",
  dots = "…", bar = "█", track = "─", turn = "┼", here = "●", rising = true,
  [0] = " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local ASCII = { moved = "_", leaving = "v", full = "#", fresh = "+",
  set = "*", deleted = "-", follow = "@", arrow = "^", flier = "o",
  dots = "...", bar = "#", track = "-", turn = "|", here = "O",
  [0] = " ", ".", ".", ":", ":", "=", "=", "#", "#" }

local SLOTS = 8
local ROWS = 16 -- of a band at most

-- -- words on lines ----------------------------------------------------------

-- A text in so many columns at most.
local function fit(text, columns, signs)
  if canvas.width_of(text) <= columns then return text end
  local parts, left = {}, columns - #signs.dots
  if signs.rising then left = columns - 1 end
  for _, c in ipairs(canvas.characters(text)) do
    left = left - c[2]
    if left < 0 then break end
    parts[#parts + 1] = c[1]
  end
  return table.concat(parts) .. signs.dots
end

local function bar(share, width, signs)
  local n = math.floor(share * width + 0.5)
  return "[" .. signs.bar:rep(n) .. (" "):rep(width - n) .. "]"
end

-- So many items as fit, the first ones first.
local function items(list, columns)
  local text = ""
  for _, item in ipairs(list) do
    local longer = text == "" and item or text .. "  " .. item
    if canvas.width_of(longer) > columns then break end
    text = longer
  end
  return text
end

-- -- cells ------------------------------------------------------------------

-- Buckets, cells and slots that this operation has touched, by
-- which * bucket * slot.
local function touched_by(scene, growth)
  local t = { old = {}, new = {}, slots = { old = {}, new = {} } }
  local function note(place, what)
    local slot = (place.depth or 0) * SLOTS + place.slot
    t[place.which][place.bucket] = true
    local of = t.slots[place.which]
    of[place.bucket] = of[place.bucket] or {}
    of[place.bucket][slot] = what
  end
  for _, move in ipairs(scene.moves) do
    local y = growth and growth.kind == "double"
      and move.to.bucket >= growth.old
    note(move.from, y and "y" or "x")
    note(move.to, "moved")
  end
  for _, w in ipairs(scene.written) do
    note({ which = w.which, bucket = w.bucket, slot = w.slot }, "written")
  end
  for _, event in ipairs(scene.events) do
    if event.kind == "evacuate" then t.old[event.bucket] = true end
  end
  return t
end

-- What a cell of these buckets holds. An array that is gone has moved.
local function summed(view, b, first)
  local sum = { entries = 0, seen = 0, waiting = 0, chain = 1 }
  for i = first, first + b.per - 1 do
    if view.touched[b.which][i] then sum.touched = true end
    local entries, chain, moved = view.scene.fill(i, b.which)
    if entries then
      sum.seen = sum.seen + 1
      sum.chain = math.max(sum.chain, chain)
      if not moved then
        sum.waiting = sum.waiting + 1
        sum.entries = sum.entries + entries
      end
    elseif b.which == "old" and view.growth.gone then
      sum.seen = sum.seen + 1
    end
  end
  return sum
end

-- One character for a bucket, or for several: the mean of those that wait.
local function sign_of(view, b, sum)
  local signs = view.signs
  if sum.seen == 0 then return "?", "dim" end
  if b.which == "old" and sum.touched then return signs.leaving, "now" end
  if sum.waiting == 0 then return signs.moved, "moved" end
  local mean = sum.entries / sum.waiting
  local fill = math.min(SLOTS, math.ceil(mean))
  local style = b.which == "old" and "waiting" or "new"
  if sum.touched then
    return view.plain and signs.fresh or signs[fill], "now"
  end
  return signs[fill], style
end

local function draw_cell(view, b, n, line, column)
  local cells = view.places.cells
  local first = b.first + n * b.per
  local sum = summed(view, b, first)
  local sign, style = sign_of(view, b, sum)
  local text = sign:rep(math.max(1, cells.width - 1))
  if b.per == 1 and sum.chain > 1 and sum.waiting > 0 then
    local more = tostring(math.min(9, sum.chain - 1))
    text = cells.width == 1 and more or sign .. more
    view.seen.chain = true
  end
  view.canvas:put(line, column, text, style)
  view.seen[sign] = true
end

-- -- slots of a bucket --------------------------------------------------------

local function slot_sign(view, b, touched, at, slot)
  local signs, what = view.signs, touched and touched[at]
  if b.which == "old" and (what == "x" or what == "y") then
    return what, "now"
  elseif not slot or slot.state == "evacuated_empty" then
    return slot and " " or signs.moved, "moved"
  elseif slot.state:find("^evacuated") then
    return slot.state:sub(-1), "moved"
  elseif slot.state == "empty_one" then
    return signs.deleted, "dim"
  elseif slot.state == "empty_rest" then
    return " "
  elseif slot.number == view.follow then
    return signs.follow, "follow"
  elseif what then
    if what == "moved" and view.flying then return " " end
    return what == "moved" and signs.fresh or signs.set, "now"
  end
  return signs.full, b.which == "old" and "waiting" or "new"
end

local function draw_slots(view, b, i, line, column)
  local bucket = view.scene.bucket(i, b.which)
  local touched = view.touched.slots[b.which][i]
  if not bucket and not (view.growth and view.growth.gone) then
    view.canvas:put(line, column, "[? ? ? ?]", "dim")
    return
  end
  column = view.canvas:put(line, column, "[", "dim")
  for at = 0, SLOTS - 1 do
    local sign, style = slot_sign(view, b, touched, at,
      bucket and bucket.slots[at + 1])
    column = view.canvas:put(line, column, sign, style)
    view.seen[sign] = true
  end
  column = view.canvas:put(line, column, "]", "dim")
  if bucket and bucket.chain > 1 then
    view.seen.chain = true
    local now = view.touched[b.which][i] and "now" or nil
    view.canvas:put(line, column, "+" .. math.min(9, bucket.chain - 1), now)
  end
end

-- -- arrays -----------------------------------------------------------------

local function draw_band(view, b, mark)
  local places, cells = view.places, view.places.cells
  for n = 0, b.n // b.per - 1 do
    local line, column = places:place(b, n, mark)
    line = line + view.top
    if n % cells.per_row == 0 then
      view.canvas:put(line, 2, format.pad(b.name, 6)
        .. format.pad(tostring(b.first + n * b.per), -places.digits))
      if not cells.slots then
        view.canvas:put(line, places.left - 1, "|", "dim")
        view.canvas:put(line, places.left + cells.per_row * cells.width, "|",
          "dim")
      end
    end
    if cells.slots then
      draw_slots(view, b, b.first + n, line, column)
    else
      draw_cell(view, b, n, line, column)
    end
  end
end

local function draw_mark(view)
  local nevacuate = view.scene.header.nevacuate
  local line, column = view.places:mark(nevacuate)
  if not line or view.growth.gone then return line end
  local text = f("nevacuate %d%s", nevacuate, nevacuate > 0
    and ": all before have moved" or "")
  if column + 2 + #text > view.canvas.width then
    text = f("nevacuate %d", nevacuate)
  end
  local before = column - #text - 1
  local behind = column + 2 + #text <= view.canvas.width + 1
  view.canvas:put(line + view.top, column, view.signs.arrow, "mark")
  view.canvas:put(line + view.top, behind and column + 2 or before, text,
    "dim")
  return line
end

-- Where an entry of a slot is on the screen.
local function spot(view, place, mark)
  local places = view.places
  local b, n = places:find(place.which, place.bucket)
  if not b then return nil end
  local line, column = places:place(b, n, mark)
  if places.cells.slots then
    column = column + 1 + math.min(SLOTS - 1, place.slot)
  end
  return line + view.top, column
end

-- Entries on their way, `phase` of it behind them.
local function draw_flights(view, phase, mark)
  for _, move in ipairs(view.scene.moves) do
    local line, column = spot(view, move.from, mark)
    local to_line, to_column = spot(view, move.to, mark)
    if line and to_line then
      line = math.floor(line + (to_line - line) * phase + 0.5)
      column = math.floor(column + (to_column - column) * phase + 0.5)
      view.canvas:put(line, column, view.signs.flier, "now")
    end
  end
end

local function draw_follow(view, mark)
  if not view.follow or view.places.cells.slots then return end
  local at = view.scene.find(view.follow)
  local line, column
  if at then line, column = spot(view, at, mark) end
  if line then
    view.canvas:put(line, column, view.signs.follow, "follow")
    view.seen.follow = true
  end
end

local function draw_arrays(view)
  local places = view.places
  if #places.list == 0 then
    view.canvas:put(view.top + 1, 2, "No bucket yet: the first insert makes "
      .. "one.", "dim")
    return
  end
  local mark = draw_mark(view)
  if places.list[1].which == "new" then
    view.canvas:put(view.top + 1, 2, format.pad("old", 6)
      .. "no old array: nothing moves", "dim")
  end
  for _, b in ipairs(places.list) do draw_band(view, b, mark) end
  draw_follow(view, mark)
  if view.flying then draw_flights(view, view.flying, mark) end
end

-- -- legend -----------------------------------------------------------------

local function add_if(list, seen, text)
  if seen then list[#list + 1] = text end
end

-- Only of what is there.
local function legend(view)
  local signs, seen, list = view.signs, view.seen, {}
  local cells = view.places.cells
  if not cells then return list end
  if cells.slots then
    list[1] = f("[%s ]: 8 slots of a bucket, %s full", signs.full, signs.full)
    add_if(list, seen.x or seen.y, "x y: moved to that half")
    add_if(list, seen[signs.moved], signs.moved .. " moved")
    add_if(list, seen[signs.fresh], signs.fresh .. " came now")
    add_if(list, seen[signs.set], signs.set .. " set now")
    add_if(list, seen[signs.deleted], signs.deleted .. " deleted")
    add_if(list, seen[signs.follow], signs.follow .. " the key")
    add_if(list, seen.chain, "+1: overflow buckets")
    return list
  end
  local scale = signs.rising and f("%s 1 %s 4 %s 8", signs[1], signs[4],
    signs[8]) or f("%s 1-2 %s 3-4 %s 5-6 %s 7-8", signs[1], signs[3], signs[5],
    signs[7])
  list[1] = f("a cell: %s, %s entries", cells.per == 1 and "a bucket"
    or f("%d buckets, mean", cells.per), scale)
  add_if(list, seen.chain, "1 2: overflow buckets")
  add_if(list, seen[signs.moved], signs.moved .. " moved")
  add_if(list, seen[signs.leaving], signs.leaving .. " moving now")
  add_if(list, view.plain and seen[signs.fresh], signs.fresh .. " written now")
  add_if(list, seen.follow, signs.follow .. " the key")
  add_if(list, view.scene.stride > 1, f("only one bucket in %d is followed",
    view.scene.stride))
  return list
end

-- -- lines below ------------------------------------------------------------

local LABEL = 6 -- columns

local function bytes_text(scene, peak)
  local total, parts = 0, {}
  for _, name in ipairs { "old", "new", "overflow", "text" } do
    local n = scene.memory[name] or 0
    if n > 0 then parts[#parts + 1] = name .. " " .. format.bytes(n) end
  end
  for _, n in pairs(scene.memory) do total = total + n end
  local text = f("%s now, %s at worst", format.bytes(total), format.bytes(peak))
  return #parts > 0 and text .. ": " .. table.concat(parts, ", ") or text
end

local function load_text(view, columns)
  local stats, signs = view.scene.stats, view.signs
  local most = stats.threshold / math.max(1, stats.buckets)
  local entries = f("%.2f of %.2f entries a bucket", stats.load, most)
  local share = math.min(1, stats.load / most)
  local text = bar(share, math.min(26, columns - #entries - 3), signs) .. " "
    .. entries
  if stats.overflow_in_use == 0 then return text end
  return items({ text, "+ " .. format.plural(stats.overflow_in_use,
    "overflow bucket") }, columns)
end

-- Costs as heights, by their logarithm.
local function sparkline(costs, most, signs)
  local cells = {}
  local scale = math.log(math.max(2, most) + 1)
  for i, cost in ipairs(costs) do
    local share = math.log(cost + 1) / scale
    cells[i] = signs[math.max(1, math.min(8, math.ceil(share * 8)))]
  end
  return table.concat(cells)
end

local function timeline(view, width)
  local film, signs, cells = view.film, view.signs, {}
  local function at(op)
    return 1 + math.floor((width - 1) * op / math.max(1, film.operations))
  end
  for i = 1, width do cells[i] = signs.track end
  for _, g in ipairs(film.growths) do cells[at(g.begin_op)] = signs.turn end
  cells[at(view.scene.op)] = signs.here
  return table.concat(cells)
end

local function labelled(view, line, label, text, style)
  view.canvas:put(line, 2, label, "label")
  view.canvas:put(line, 2 + LABEL, text, style)
end

local function work_text(view, columns)
  local film, scene = view.film, view.scene
  local play = film:open()
  local worst = film.costly[1]
  local note = f(" %s now", format.count(scene.cost))
  if worst and columns > 60 then
    note = f("%s, at worst %s (operation %s)", note, format.count(worst.cost),
      format.count(worst.op))
  end
  local room = columns - #note
  return sparkline(play:work(scene.frame, room), worst and worst.cost or 1,
    view.signs) .. note
end

-- -- lines above ------------------------------------------------------------

local function name_of(film) return format.safe(film.map.name or "a map") end

local function title(film)
  local map = film.map
  local function type_text(t)
    return type(t) == "table" and "{" .. table.concat(t, ",") .. "}" or t
  end
  return { f("%s -> %s ", type_text(map.key), type_text(map.value)),
    f("policy %s ", map.policy_name or "of its own"),
    f("seed %s", map.seed and tostring(map.seed) or "random") }
end

local function head(view, total)
  local sheet, film, scene = view.canvas, view.film, view.scene
  local name = fit(name_of(film), sheet.width // 3, view.signs)
  local column = sheet:put(1, 2, "hmap watch", "title")
  column = sheet:put(1, column + 2, name, "title")
  sheet:put(1, column + 3, items(title(film), sheet.width - column - 3), "dim")
  local what = f("operation %s of %s", format.count(scene.op),
    format.count(total or film.operations))
  column = sheet:put(2, 2, what, "title")
  if scene.op > 0 then
    local text = scene.call .. " " .. (scene.key_text or "")
    sheet:put(2, column + 3, fit(text, sheet.width - column - 3, view.signs),
      "key")
  end
  local status, share = caption.status(scene, view.growth)
  column = sheet:put(3, 2, status) + 2
  local room = math.min(24, sheet.width - column - 7)
  if share and room >= 8 then
    sheet:put(3, column, f("%s %.0f %%", bar(share, room, view.signs),
      100 * share))
  end
end

-- A text in so many lines at most.
local function paragraph(view, line, text, lines, style)
  local width = view.canvas.width - 2
  local wrapped = format.wrap(text, width)
  local n = 0
  for row in wrapped:gmatch("[^\n]+") do
    n = n + 1
    if n > lines then break end
    view.canvas:put(line + n - 1, 2, fit(row, width, view.signs), style)
  end
end

-- The same of items that stay whole.
local function paragraph_of(view, line, list, lines, style)
  local width, from = view.canvas.width - 2, 1
  for n = 1, lines do
    local text = ""
    while list[from] do
      local longer = text == "" and list[from] or text .. "   " .. list[from]
      if text ~= "" and canvas.width_of(longer) > width then break end
      text, from = longer, from + 1
    end
    view.canvas:put(line + n - 1, 2, fit(text, width, view.signs), style)
  end
end

local KEYS = { "space plays, pauses", "h l step", "H L event", "q quits",
  "? help", "/ follow", "+ - speed", "g G ends" }

local FOOT = {}

function FOOT.load(view, line, columns)
  labelled(view, line, "load", load_text(view, columns))
end

function FOOT.bytes(view, line, columns)
  local peak = view.film:open():peak(view.scene.op)
  labelled(view, line, "bytes", fit(bytes_text(view.scene, peak), columns,
    view.signs))
end

function FOOT.work(view, line, columns)
  labelled(view, line, "work", work_text(view, columns))
end

function FOOT.last(view, line, columns)
  if view.scene.op == 0 then return end
  view.canvas:put(line, 2 + LABEL, fit("last: " .. view.scene.cause, columns,
    view.signs), "dim")
end

function FOOT.film(view, line, columns, opts)
  local state = opts.state and " " .. opts.state or ""
  columns = columns - canvas.width_of(state)
  labelled(view, line, "film", timeline(view, columns))
  view.canvas:put(line, 2 + LABEL + columns, state, "title")
end

function FOOT.keys(view, line, _, opts)
  if opts.prompt then
    view.canvas:put(line, 2, format.safe(opts.prompt), "key")
  elseif opts.state then
    view.canvas:put(line, 2, items(KEYS, view.canvas.width - 2), "dim")
  end
end

-- -- a frame ----------------------------------------------------------------

local HEAD = 3   -- lines
local ARRAYS = 4 -- old, mark, new x, new y

-- Lines below the arrays: in their order, and which come first where there is
-- no room for all.
local BELOW = { "load", "bytes", "work", "last", "film", "keys" }
local FIRST = { "keys", "caption", "film", "load", "work", "legend", "bytes",
  "follow", "caption", "last", "legend", "caption" }

-- How many lines each has, how many rows a band may have, and what is left for
-- blanks.
local function plan(height)
  local lines = { legend = 0, caption = 0 }
  local left = height - HEAD - ARRAYS
  for _, name in ipairs(FIRST) do
    local more = left > 0 and 1 or 0
    lines[name] = (lines[name] or 0) + more
    left = left - more
  end
  lines.blank = math.min(1, left)
  left = left - lines.blank
  lines.rows = math.min(ROWS, 1 + left // 3)
  left = left - 3 * (lines.rows - 1)
  lines.gap = math.min(1, left)
  return lines
end

local function below(view, line, opts, lines)
  if lines.legend > 0 then
    paragraph_of(view, line, legend(view), lines.legend, "dim")
  end
  line = line + lines.legend + lines.gap
  paragraph(view, line, caption.of(view.film, view.scene, view.growth),
    lines.caption, "caption")
  line = line + lines.caption
  if opts.follow and lines.follow > 0 then
    view.canvas:put(line, 2, fit(view.signs.follow .. " "
      .. caption.followed(view.film, view.scene, opts.follow),
      opts.width - 2, view.signs), "follow")
  end
  line = line + lines.follow
  for _, name in ipairs(BELOW) do
    if lines[name] > 0 then
      FOOT[name](view, line, view.canvas.width - 3 - LABEL, opts)
      line = line + 1
    end
  end
end

--- The frame. opts: width and height in characters, ascii; follow, a key's
-- number; state, prompt: texts at the foot; total: operations, where the film
-- does not have them all yet; flight, from 0 to 1: how far the
-- entries of this operation have come; plain: no styles will be seen.
-- Returns a canvas.
local function frame(film, scene, opts)
  local lines = plan(opts.height)
  local places = bands.new(scene, opts.width - 1, lines.rows)
  local view = { film = film, scene = scene, seen = {}, places = places,
    signs = opts.ascii and ASCII or BLOCKS, growth = places.growth,
    follow = opts.follow, flying = opts.flight, plain = opts.plain,
    canvas = canvas.new(opts.width, opts.height, opts.ascii) }
  view.touched = touched_by(scene, view.growth)
  head(view, opts.total)
  view.top = HEAD + lines.blank
  draw_arrays(view)
  local used = math.max(ARRAYS, places.height or 0)
  below(view, view.top + used + 1, opts, lines)
  return view.canvas
end

-- -- help -------------------------------------------------------------------

local HOW = {
  "A map of Go's kind keeps its entries in buckets of 8 slots. When there are "
    .. "more than 6.5 entries a bucket it takes an array twice as large and "
    .. "moves its entries there bit by bit: each write moves the old bucket "
    .. "that it meets and the next in order, so that no write waits for all.",
  "One more bit of the hash decides: the entries of old bucket i go to the "
    .. "new bucket i (x) or to i + half (y). Both stand in its column, below "
    .. "it. nevacuate is the first old bucket that waits in order.",
  "work is what an operation did: slots read, entries moved, memory taken. "
    .. "The line says what the last one was for.",
}
local WHAT_KEYS_DO = {
  { "space", "plays and pauses" },
  { "l h, arrows", "one operation on, back" },
  { "L H, shift", "the next event, the one before: a growth begins or ends, "
    .. "a first overflow bucket" },
  { "g G", "the first operation, the last" },
  { "+ -", "faster, slower" },
  { "/", "asks for a key and follows it; escape ends that" },
  { "q", "quits" },
}

--- How to read a frame, and the keys. A canvas.
local function help(film, opts)
  local signs = opts.ascii and ASCII or BLOCKS
  local view = { signs = signs,
    canvas = canvas.new(opts.width, opts.height, opts.ascii) }
  local column = view.canvas:put(1, 2, "hmap watch", "title")
  view.canvas:put(1, column + 2, name_of(film), "title")
  local line = 3
  local function add(text, style, at)
    local wrapped = format.wrap(text, opts.width - 2 - (at or 0))
    for row in wrapped:gmatch("[^\n]+") do
      view.canvas:put(line, 2 + (at or 0), row, style)
      line = line + 1
    end
  end
  for _, item in ipairs(WHAT_KEYS_DO) do
    view.canvas:put(line, 2, item[1], "title")
    add(item[2], nil, 14)
  end
  for _, text in ipairs(HOW) do
    if opts.height > 22 then line = line + 1 end
    add(text)
  end
  view.canvas:put(opts.height, 2, "any key goes back", "dim")
  return view.canvas
end

return { frame = frame, help = help }
