--- Where maps are made, what they hold, and how they lived.
--
-- While the profile is on, a map remembers the traceback of its creation, and
-- its life is noted where it is weighed anyway: once in a few hundred writes.
-- Of maps made at one site there are sums; a site with many bytes or many maps
-- that are never closed is where to look.

local core = require "hmap.core"
local live = require "hmap.observe.live"
local format = require "hmap.format"

local STUCK_AFTER = 1 -- seconds

-- -- stacks -------------------------------------------------------------------

-- What stands in a folded stack between two frames, or ends it, must not
-- stand in one.
local function clean(frame)
  return (frame:gsub(";", ":"):gsub("[%s%c]+", "_"))
end

-- "app.lua:12: in function 'make'" -> "make(app.lua:12)"
local function frame_of(line)
  local at, what = line:match("^(.-:%d+): in (.*)$")
  if not at then at, what = line:match("^(%[C%]): in (.*)$") end
  if not at then return clean(line) end
  local name = what:match("'(.*)'$") or what:match("^main chunk$") and "main"
    or "anonymous"
  if at == "[C]" then return clean(what == "?" and "C" or name) end
  return clean(string.format("%s(%s)", name, at))
end

--- One line of a flame graph's input without its number: frames from the
-- outermost in.
local function stack_of(traceback)
  local frames = {}
  for line in traceback:gmatch("[^\n]+") do
    table.insert(frames, 1, frame_of(line))
  end
  return #frames > 0 and table.concat(frames, ";") or "C"
end

--- "main(a.lua:9);make(a.lua:3) 39872": a line for each stack whose maps hold
-- bytes now. Tracebacks that differ but in how Lua came by a name are one.
local function folded(sites)
  local bytes, stacks = {}, {}
  for _, site in ipairs(sites) do
    if site.traceback and site.bytes > 0 then
      local stack = stack_of(site.traceback)
      if not bytes[stack] then stacks[#stacks + 1] = stack end
      bytes[stack] = (bytes[stack] or 0) + site.bytes
    end
  end
  table.sort(stacks)
  for i, stack in ipairs(stacks) do
    stacks[i] = string.format("%s %d\n", stack, bytes[stack])
  end
  return table.concat(stacks)
end

-- -- data ---------------------------------------------------------------------

local function site_from(counter, traceback)
  return {
    traceback = traceback,
    site = live.site(traceback),
    made = counter.made,
    closed = counter.closed,
    collected = counter.collected,
    bytes = counter.bytes,
    peak = counter.peak,
    growths = counter.growths,
    live = 0,
    entries = 0,
    stuck = 0,
  }
end

local function add_row(site, row)
  site.live = site.live + 1
  site.entries = site.entries + row.count
  if row.stuck then site.stuck = site.stuck + 1 end
  site.oldest = math.max(site.oldest or 0, row.age)
  site.newest = math.min(site.newest or math.huge, row.age)
end

-- Those made, less what became of them: maps that nothing refers to, and that
-- wait for their finalizer.
local function leaked(site)
  return site.made - site.closed - site.collected - site.live
end

local function by_bytes(a, b)
  if a.bytes ~= b.bytes then return a.bytes > b.bytes end
  if a.made ~= b.made then return a.made > b.made end
  return (a.traceback or "") < (b.traceback or "")
end

-- What all sites have is left to maps made while the profile was off.
local function rest_of(all, sites)
  local rest = { made = all.made, closed = all.closed,
    collected = all.collected, bytes = all.bytes, growths = {} }
  for kind, n in pairs(all.growths) do rest.growths[kind] = n end
  for _, site in ipairs(sites) do
    for _, name in ipairs { "made", "closed", "collected", "bytes" } do
      rest[name] = rest[name] - site[name]
    end
    for kind, n in pairs(site.growths) do
      rest.growths[kind] = rest.growths[kind] - n
    end
  end
  return site_from(rest)
end

local function sites_of(counters, rows)
  local sites, at = {}, {}
  for traceback, counter in pairs(counters.sites) do
    local site = site_from(counter, traceback)
    sites[#sites + 1], at[traceback] = site, site
  end
  local elsewhere = rest_of(counters.maps, sites)
  for _, row in ipairs(rows) do
    add_row(row.traceback and at[row.traceback] or elsewhere, row)
  end
  if elsewhere.made > 0 then sites[#sites + 1] = elsewhere end
  for _, site in ipairs(sites) do site.leaked = leaked(site) end
  table.sort(sites, by_bytes)
  return sites
end

local ENDS = { closed = true, collected = true }

local function lives_of(lives, rows)
  local open = {}
  for _, row in ipairs(rows) do open[row.id] = row end
  for _, life in ipairs(lives) do
    local row, last = open[life.id], life.events[#life.events]
    life.site = live.site(life.traceback)
    life.ended = ENDS[last.event] and last.event or nil
    life.name = life.name or row and row.name
    life.bytes = row and row.bytes or last.bytes
    life.count = row and row.count or last.count
  end
  table.sort(lives, function(a, b) return a.id < b.id end)
  return lives
end

--- The view. Rows first: they weigh the maps, and so bring the sums up to date.
local function read()
  local rows = live.rows(STUCK_AFTER)
  local lives = core.lives()
  local counters = core.counters()
  local on, since = core.profiling()
  local _, kept = core.dropped()
  local all = site_from(counters.maps)
  for _, row in ipairs(rows) do add_row(all, row) end
  local sites = sites_of(counters, rows)
  return {
    on = on,
    since = since,
    made = all.made,
    live = all.live,
    closed = all.closed,
    collected = all.collected,
    leaked = leaked(all),
    stuck = all.stuck,
    entries = all.entries,
    bytes = all.bytes,
    peak = all.peak,
    kept = kept,
    oldest = all.oldest,
    newest = all.newest,
    sites = sites,
    lives = lives_of(lives, rows),
    folded = folded(sites),
  }
end

-- -- text ---------------------------------------------------------------------

local function log2(n)
  local B = 0
  while n > 1 do n, B = n >> 1, B + 1 end
  return B
end

local MARKS = { rekey = "r", same_size = "=", cleared = "c", closed = "x",
  collected = "~" }

local function mark_of(event)
  return MARKS[event.event] or tostring(log2(event.to))
end

-- Whether a mark can stand at `at`: on no other, and no number beside another,
-- since two would read as one.
local function is_free(line, at, mark)
  for i = at, at + #mark - 1 do
    if line[i] ~= "-" then return false end
  end
  return not (mark:find("^%d") and ((line[at - 1] or ""):find("%d")
    or (line[at + #mark] or ""):find("%d")))
end

--- A life from left to right in `width` cells, of which the last is `now`.
-- Where marks have no room beside each other the latest stands.
local function life_line(life, now, width)
  local function cell(at)
    local share = now > 0 and at / now or 0
    return 1 + math.floor(math.min(math.max(share, 0), 1) * (width - 1))
  end
  local events = life.events
  local first = cell(events[1].at)
  local last = life.ended and cell(events[#events].at) or width
  local line = {}
  for i = 1, width do line[i] = i >= first and i <= last and "-" or " " end
  for i = #events, 1, -1 do
    local mark = mark_of(events[i])
    local at = math.max(1, math.min(cell(events[i].at), last - #mark + 1))
    if is_free(line, at, mark) then
      for k = 1, #mark do line[at + k - 1] = mark:sub(k, k) end
    end
  end
  return (table.concat(line):gsub("%s+$", ""))
end

local LINES, WIDTH = 24, 48

-- Of many lives those of the open maps that hold the most, then the latest.
local function shown(lives)
  local list = table.move(lives, 1, #lives, 1, {})
  table.sort(list, function(a, b)
    if (a.ended == nil) ~= (b.ended == nil) then return a.ended == nil end
    if not a.ended and a.bytes ~= b.bytes then return a.bytes > b.bytes end
    return a.id > b.id
  end)
  list = table.move(list, 1, math.min(#list, LINES), 1, {})
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

--- A line per map, time from left to right.
local function lives_text(lives, now)
  local rows = {}
  for i, life in ipairs(shown(lives)) do
    rows[i] = { life.id, life.name and format.value(life.name) or "-",
      format.pad(life_line(life, now, WIDTH), WIDTH),
      format.bytes(life.bytes), life.site }
  end
  local left = #lives - #rows
  return format.columns(rows, "rllrl")
    .. (left > 0 and "\n" .. format.count(left) .. " more not shown" or "")
end

local SITE_HEAD = { "bytes", "peak", "entries", "made", "live", "closed",
  "collected", "leaked", "oldest", "made at" }

local function site_cells(site)
  return {
    format.bytes(site.bytes),
    site.peak and format.bytes(site.peak) or "-",
    format.count(site.entries),
    format.count(site.made),
    format.count(site.live),
    format.count(site.closed),
    format.count(site.collected),
    format.count(site.leaked),
    site.oldest and format.seconds(site.oldest) or "-",
    (site.site or "while the profile was off")
      .. (site.stuck > 0 and "  " .. format.count(site.stuck) .. " STUCK"
        or ""),
  }
end

local function sites_text(sites)
  local rows = { SITE_HEAD }
  for i = 1, math.min(#sites, LINES) do
    rows[#rows + 1] = site_cells(sites[i])
  end
  local left = #sites - LINES
  return format.columns(rows, "rrrrrrrrrl")
    .. (left > 0 and "\n" .. format.count(left) .. " more not shown" or "")
end

local function head(p)
  if not p.since then
    return "the profile is off: hmap.profile(true) begins it"
  end
  return string.format("the profile %s; it began %s ago",
    p.on and "is on" or "is off", format.seconds(p.since))
end

local LEGEND = "lives, from the beginning of the profile to now: a number B is "
  .. "2^B buckets from then on, = same size, r rekey, c cleared, x closed, "
  .. "~ collected"

--- Sums by site, then the lives.
local function text(p)
  local parts = { head(p) }
  if #p.sites > 0 then parts[#parts + 1] = sites_text(p.sites) end
  if #p.lives > 0 then
    parts[#parts + 1] = format.wrap(LEGEND, 78)
    parts[#parts + 1] = lives_text(p.lives, p.since)
  end
  return table.concat(parts, "\n")
end

-- -- the face -----------------------------------------------------------------

--- hmap.profile(true) and (false) switch it; hmap.profile() is the view.
local function profile(on)
  if on == nil then
    return core.view("profile", live.undisturbed(read))
  end
  if type(on) ~= "boolean" then
    error(string.format("bad argument #1 to 'profile' (boolean expected, "
      .. "got %s)", type(on)), 2)
  end
  core.profiling(on)
end

return {
  profile = profile,
  text = text,
  folded = folded,
  line = life_line,
}
