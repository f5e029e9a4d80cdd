--- What an operation did, in sentences: the caption of a scene.
--
-- Pure: scene and film in, text out.

local kinds = require "hmap.growth"
local format = require "hmap.format"

local f = string.format

local function why_double(film, event, count)
  if event.from == 1 then
    return f("entry %s is one too many for a bucket of 8 slots",
      format.count(count + 1))
  end
  local load = film.map.policy and film.map.policy.load
  return f("entry %s is one too many for %s buckets%s", format.count(count + 1),
    format.count(event.from), load and f(" (%g each)", load) or "")
end

local function growth_at(film, op)
  for _, g in ipairs(film.growths) do
    if g.begin_op == op then return g end
  end
end

local SAY = {}

function SAY.grow_begin(event, film, scene)
  local g = growth_at(film, scene.op)
  local count = g and g.count or scene.stats.count
  if event.growth == "double" then
    return f("An array of %s comes: %s.", format.count(event.to),
      why_double(film, event, count))
  end
  return f("%s begins, %s -> %s buckets.", "A " .. kinds.noun(event.growth),
    format.count(event.from), format.count(event.to))
end

function SAY.evacuate(event, _, _, growth)
  local i, x, y = event.bucket, event.to_x, event.to_y
  if x + y == 0 then return f("old %d moves: it was empty.", i) end
  if growth and growth.kind == "double" then
    return f("old %d splits: %d to x = new %d, %d to y = new %d.", i, x, i, y,
      i + growth.old)
  end
  return f("old %d moves: %s to new %d.", i,
    format.plural(x + y, "entry", "entries"), growth and i % growth.new or i)
end

function SAY.overflow(event)
  return f("%s %d has no free slot: an overflow bucket is hung on.",
    event.which, event.bucket)
end

function SAY.grow_end(event)
  return f("All %s moved: the old array goes.",
    event.from == 1 and "has" or f("%s old buckets have",
    format.count(event.from)))
end

function SAY.clear() return "All entries go." end

-- A growth first begins, then moves, then ends.
local ORDER = { "clear", "grow_begin", "evacuate", "overflow", "grow_end" }

--- Where the entry of a number lies, in words.
local function place(scene, number)
  local at = scene.find(number)
  if not at then return nil end
  return f("%s %d, slot %d%s", at.which, at.bucket, at.slot, at.depth > 0
    and f(" of overflow bucket %d", at.depth) or "")
end

local function quiet(scene)
  if scene.op == 0 then return "The map before its first operation." end
  if not scene.key_number then return "" end
  local at = place(scene, scene.key_number)
  return at and f("%s lies in %s.", scene.key_text, at)
    or f("%s is not in the map.", scene.key_text)
end

--- The caption. growth: what is under way, as bands.lua has it.
local function of(film, scene, growth)
  local said = {}
  for _, kind in ipairs(ORDER) do
    for _, event in ipairs(scene.events) do
      if event.kind == kind then
        said[#said + 1] = SAY[kind](event, film, scene, growth)
      end
    end
  end
  if #said == 0 then said[1] = quiet(scene) end
  return table.concat(said, " ")
end

--- What goes on, in a line: two texts and the share that has moved, if any.
local function status(scene, growth)
  local stats = scene.stats
  if not growth then
    if not scene.header.buckets then return "no bucket yet" end
    return f("%s, nothing moves; grows past %s",
      format.plural(stats.buckets, "bucket"),
      format.plural(stats.next_growth_at, "entry", "entries"))
  end
  local moved = growth.gone and growth.old or stats.evacuated
  local told = kinds.TOLD[growth.kind] -- none of a growth that began unseen
  return f("%s %s -> %s: %s of %s moved", told and told.doing or "moving",
    format.count(growth.old), format.count(growth.new), format.count(moved),
    format.plural(growth.old, "old bucket")), moved / growth.old
end

-- To which half of a doubling array of `from` buckets a hash belongs.
local function heir(hash, from)
  local half = hash & from == 0 and "x" or "y"
  return f("%s = new %d", half, hash & 2 * from - 1)
end

--- What becomes of a key that is followed.
local function followed(film, scene, number)
  local _, text = film:key(number)
  local at = scene.find(number)
  if not at then return f("%s: not in the map at this operation", text) end
  local where = f("%s: %s", text, place(scene, number))
  local hash, stats = scene.hash(number), scene.stats
  if at.which == "old" then
    return where .. (stats.kind == "double"
      and f("; waits to move to %s", heir(hash, stats.old_buckets))
      or "; waits to move")
  end
  return f("%s; at the next doubling to %s", where, heir(hash, stats.buckets))
end

return { of = of, status = status, followed = followed }
