--- The open maps of this Lua state: a list of plain tables, and its text.
--
-- A map stands out if it is stuck: its growth has not moved on since it was
-- last asked about, so its old array is still held; or if it was leaked: no
-- longer referenced, and not collected before we asked the collector. Which
-- maps are referenced only the collector knows, so only `collect` tells.

local core = require "hmap.core"
local options = require "hmap.options"
local format = require "hmap.format"

local STUCK_AFTER = 1 -- seconds

local OPTIONS = {
  collect = options.boolean,
  stuck_after = options.number_from(0, "seconds"),
}

-- -- data ---------------------------------------------------------------------

--- The line of a traceback at which a program called: the first that is not
-- C's, or just the first.
local function site_of(traceback)
  if not traceback then return nil end
  for line in traceback:gmatch("[^\n]+") do
    local at = line:match("^(.-:%d+): in ")
    if at then return at end
  end
  return traceback:match("^[^\n]+") or "[C]"
end

--- Completes a row from C; leaked rows are of maps that are no more.
local function complete(row, stuck_after, leaked)
  row.site = site_of(row.traceback)
  row.leaked = leaked or false
  row.stuck = not leaked and row.still ~= nil and row.still >= stuck_after
  return row
end

--- What fn gives, while no finalizer runs that makes or closes maps: so that
-- sums agree that are taken one after the other.
local function undisturbed(fn)
  local running = collectgarbage("isrunning")
  if running then collectgarbage("stop") end
  local ok, result = pcall(fn)
  if running then collectgarbage("restart") end
  if not ok then error(result, 0) end
  return result
end

local function by_id(a, b) return a.id < b.id end

--- Rows of all open maps, oldest first. With `collect` also of those that a
-- full collection now closes.
local function rows_of(stuck_after, collect)
  local before = collect and core.open_maps(false) or {}
  if collect then collectgarbage() end
  local rows, open = core.open_maps(true), {}
  for _, row in ipairs(rows) do
    open[row.id] = true
    complete(row, stuck_after, false)
  end
  for _, row in ipairs(before) do
    if not open[row.id] then
      rows[#rows + 1] = complete(row, stuck_after, true)
    end
  end
  table.sort(rows, by_id)
  return rows
end

-- -- text ---------------------------------------------------------------------

local function state_of(row)
  if row.leaked then return "LEAKED, now collected" end
  if not row.growing then return "at rest" end
  local text = string.format("%s, %s of %s moved, %s held",
    row.kind:gsub("_", " "), format.count(row.evacuated),
    format.count(row.evacuated + row.remaining), format.bytes(row.held))
  if not row.stuck then return text end
  return string.format("STUCK for %s: %s", format.seconds(row.still), text)
end

local HEAD = { "id", "name", "key -> value", "entries", "bytes", "age",
  "state" }

local function cells(row)
  return {
    row.id,
    row.name and format.value(row.name) or "-",
    format.exact(row.key .. " -> " .. row.value),
    format.count(row.count),
    format.bytes(row.bytes),
    format.seconds(row.age),
    state_of(row),
    row.site,
  }
end

-- Rows that a text has room for: what stands out, then what is largest.
local LONGEST = 40

local function shown(rows)
  if #rows <= LONGEST then return rows end
  local list = table.move(rows, 1, #rows, 1, {})
  table.sort(list, function(a, b)
    local x, y = a.stuck or a.leaked, b.stuck or b.leaked
    if x ~= y then return x end
    if a.bytes ~= b.bytes then return a.bytes > b.bytes end
    return a.id < b.id
  end)
  list = table.move(list, 1, LONGEST, 1, {})
  table.sort(list, by_id)
  return list
end

local function any(rows, field)
  for _, row in ipairs(rows) do
    if row[field] then return true end
  end
  return false
end

local function count_of(rows, field)
  local n = 0
  for _, row in ipairs(rows) do
    if row[field] then n = n + 1 end
  end
  return n
end

local function summary(rows, n)
  local entries, bytes = 0, 0
  for _, row in ipairs(rows) do
    entries, bytes = entries + row.count, bytes + row.bytes
  end
  local parts = {
    format.plural(#rows, "map"),
    format.plural(entries, "entry", "entries"),
    format.bytes(bytes),
  }
  for _, what in ipairs { "stuck", "leaked" } do
    local found = count_of(rows, what)
    if found > 0 then parts[#parts + 1] = format.count(found) .. " " .. what end
  end
  local left = #rows - n
  return table.concat(parts, ", ")
    .. (left > 0 and "; " .. format.count(left) .. " more not shown" or "")
end

--- A table with a line per map, and a line of sums.
local function text(rows)
  if #rows == 0 then return "no maps are open" end
  local list = shown(rows)
  local sites = any(list, "site")
  local lines = { table.move(HEAD, 1, #HEAD, 1, {}) }
  if sites then lines[1][#HEAD + 1] = "made at" end
  for i, row in ipairs(list) do lines[i + 1] = cells(row) end
  return format.columns(lines, sites and "rllrrrll" or "rllrrrl") .. "\n"
    .. summary(rows, #list)
end

-- -- the face -----------------------------------------------------------------

-- A row is data; its map is looked up when asked for, so that a list which is
-- kept keeps no map alive.
local row_meta = {
  __name = "hmap.row",
  __index = function(row, name)
    if name == "map" then return core.open_map(row.id) end
  end,
  __tostring = function(row) return text { row } end,
}

--- hmap.live(opts): all open maps, oldest first.
local function live(opts)
  opts = options.check("live", 1, opts, OPTIONS, 1)
  local rows = rows_of(opts.stuck_after or STUCK_AFTER, opts.collect)
  for _, row in ipairs(rows) do setmetatable(row, row_meta) end
  return core.view("live", rows)
end

return {
  live = live,
  rows = rows_of,
  undisturbed = undisturbed,
  site = site_of,
  text = text,
  state = state_of,
}
