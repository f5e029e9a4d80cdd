--- What happened to a map, told from its stats.
--
-- A teller is shown the stats view after writes and notes each growth as it
-- begins and ends. Shown them after every write it is exact; shown them less
-- often it is late by at most the writes between two looks.
--
-- Pure: tables in, tables and sentences out.

local kinds = require "hmap.growth"
local limits = require "hmap.core".limits()
local format = require "hmap.format"

local function sum(growths)
  local total = 0
  for _, n in pairs(growths) do total = total + n end
  return total
end

-- While nothing moves, what held before the growth is what holds now. A map
-- without an array counts as the one bucket that its first insert makes.
local function resting(stats)
  return { buckets = math.max(1, stats.buckets), growths = sum(stats.growths),
    double = stats.growths.double }
end

local function begin(teller, stats, write)
  local before = teller.rest
  local kind = stats.kind
    or stats.growths.double > before.double and "double" or "same_size"
  local growth = {
    number = sum(stats.growths),
    kind = kind,
    write = write,
    count = stats.count,
    from = stats.growing and stats.old_buckets or before.buckets,
    to = stats.buckets,
  }
  teller.growths[#teller.growths + 1] = growth
  return growth
end

-- The write that began the growth also did the first of its moving.
local function finish(growth, stats, write)
  growth.ended = write
  growth.writes = write - growth.write + 1
  growth.final_count = stats.count
end

--- Shows the teller the stats after the write of that number. Returns the
-- growth that began or ended since the last look (both fields set if both).
local function look(teller, stats, write)
  local changed
  if sum(stats.growths) > teller.rest.growths then
    changed = begin(teller, stats, write)
    teller.rest = resting(stats)
    teller.open = changed
  end
  if teller.open and not stats.growing then
    changed = teller.open
    finish(changed, stats, write)
    teller.open = nil
  end
  if not stats.growing then teller.rest = resting(stats) end
  return changed
end

--- A teller for a map that has these stats now.
local function new(stats)
  return { growths = {}, rest = resting(stats), look = look }
end

-- What the entries were too many for; nil if they were not the reason.
local function limit_text(g)
  if g.kind ~= "double" then return nil end
  if g.from == 1 then return string.format("> %d slots", limits.slots) end
  return string.format("> %s = %s x %s",
    format.count(math.floor(g.from * limits.load)), limits.load,
    format.count(g.from))
end

local function reason(g)
  return limit_text(g) or kinds.TOLD[g.kind].why
end

local function buckets_text(g)
  return format.count(g.from) .. " -> " .. format.count(g.to)
end

--- One growth in one sentence.
local function sentence(g)
  local limit = limit_text(g)
  local text = string.format("growth %d began with insert %s: %s buckets, "
    .. "because %s", g.number, format.count(g.write), buckets_text(g),
    limit and format.count(g.count) .. " " .. limit or reason(g))
  if not g.ended then return text .. "; it is under way" end
  return string.format("%s; %s moved in %s", text,
    format.plural(g.from, "old bucket"), format.plural(g.writes, "write"))
end

--- All growths, a line each: the insert that began it, and the writes that it
-- took to move all old buckets.
local function growths_table(growths)
  local rows = { { "growth", "insert", "buckets", "", "", "because",
    "writes" } }
  for i, g in ipairs(growths) do
    rows[i + 1] = {
      tostring(g.number),
      format.count(g.write),
      format.count(g.from), "->", format.count(g.to),
      reason(g),
      g.ended and format.count(g.writes) or "under way",
    }
  end
  return format.columns(rows, "rrrlrlr", " ")
end

return {
  new = new,
  sentence = sentence,
  growths_table = growths_table,
}
