-- The pauses as tables. Pure: data in, text out.
--
-- A result is one of table.lua's: a row's level is the phase (pause.hpp) or
-- "map", its operation the figure (pause.cpp; bytes, peak, clock), in
-- nanoseconds but for count, at, bytes and peak.
local here = debug.getinfo(1, "S").source:match "^@(.*)/" or "."
local results = dofile(here .. "/table.lua")

--- In the order of the figures' columns and of the plot's colours.
local PEERS = {
  { "hmap", "hmap, C" }, { "pause_lua", "hmap, Lua" }, { "lua", "Lua table" },
  { "go", "Go" }, { "absl", "absl" }, { "boost", "boost" },
}
local PHASES = {
  { "insert", "insert" }, { "delete", "delete" }, { "churn", "churn" },
  { "clear", "clear, the call" }, { "refill", "puts after it" },
  { "close", "close, the call" }, { "closed", "steps after it" },
  { "collect", "full collection" }, { "garbage", "small allocation" },
}
local FIGURES = {
  "count", "median", "p99", "p99.9", "p99.999", "worst", "at", "total",
}
local KEYS = { random = "int64 keys", text = "text of 8 to 24 bytes" }

--- 50 ns, 1.25 µs, 98.0 ms, 1.59 s.
local function duration(ns)
  for _, unit in ipairs { { 1e3, "ns", 1 }, { 1e6, "µs", 1e3 },
    { 1e9, "ms", 1e6 } } do
    if ns < unit[1] then
      return ns < 100 and string.format("%.0f ns", ns)
        or results.digits(ns / unit[3]) .. " " .. unit[2]
    end
  end
  return results.digits(ns / 1e9) .. " s"
end

local SHOWN = {
  count = function(value) return results.grouped(value // 1 | 0) end,
  at = function(value) return results.grouped(value // 1 | 0) end,
}

--- Runs (keys and n) in the order in which they came: {keys=, n=, phase=},
-- phase[name][peer][figure] a value.
local function runs(rows)
  local list, by = {}, {}
  for _, row in ipairs(rows) do
    local id = row.keys .. "\t" .. row.n
    if not by[id] then
      by[id] = { keys = row.keys, n = row.n, phase = {} }
      list[#list + 1] = by[id]
    end
    local phase = by[id].phase
    phase[row.level] = phase[row.level] or {}
    local of = phase[row.level]
    of[row.peer] = of[row.peer] or {}
    of[row.peer][row.operation] = row.value
  end
  return list
end

local function title(run)
  return KEYS[run.keys] .. ", n = " .. results.grouped(run.n)
end

--- Those of the peers that have figures in any of these phases.
local function peers_in(run)
  local list = {}
  for _, peer in ipairs(PEERS) do
    for _, of in pairs(run.phase) do
      if of[peer[1]] then
        list[#list + 1] = peer
        break
      end
    end
  end
  return list
end

-- -- the terminal ------------------------------------------------------------

local function phase_lines(run, phase)
  local of = run.phase[phase[1]]
  local lines = { { phase[2], table.unpack(FIGURES) } }
  for _, peer in ipairs(of and PEERS or {}) do
    local figures = of[peer[1]]
    if figures then
      local line = { "  " .. peer[2] }
      for _, figure in ipairs(FIGURES) do
        line[#line + 1] = (SHOWN[figure] or duration)(figures[figure])
      end
      lines[#lines + 1] = line
    end
  end
  return lines
end

local function memory_lines(run)
  local lines = { { "memory", "bytes an entry", "peak / final" } }
  for _, peer in ipairs(PEERS) do
    local figures = (run.phase.map or {})[peer[1]]
    if figures and figures.bytes and figures.bytes > 0 then
      lines[#lines + 1] = { "  " .. peer[2], results.digits(figures.bytes),
        string.format("%.2f", figures.peak / figures.bytes) }
    end
  end
  return lines
end

--- One run, phase by phase.
local function terminal(run)
  local out = { title(run) }
  for _, phase in ipairs(PHASES) do
    local lines = phase_lines(run, phase)
    if #lines > 1 then out[#out + 1] = results.aligned(lines) end
  end
  local memory = memory_lines(run)
  if #memory > 1 then out[#out + 1] = results.aligned(memory) end
  return table.concat(out, "\n\n") .. "\n"
end

-- -- markdown ----------------------------------------------------------------

local function worst_of(figures)
  if not figures then return "-" end
  if figures.count < 1000 then return duration(figures.worst) end
  return string.format("%s (%s)", duration(figures.worst),
    duration(figures["p99.999"]))
end

local function peak_of(figures)
  if not figures or not figures.bytes or figures.bytes <= 0 then return "-" end
  return string.format("%.2f", figures.peak / figures.bytes)
end

--- A phase a line, a peer a column: the worst, and p99.999 in brackets.
local function matrix(run)
  local peers = peers_in(run)
  local function line_of(name, phase, show)
    local line = { name }
    for _, peer in ipairs(peers) do
      line[#line + 1] = show((run.phase[phase] or {})[peer[1]])
    end
    return line
  end
  local lines = { line_of("", "", function() return "" end) }
  for i, peer in ipairs(peers) do lines[1][i + 1] = peer[2] end
  for _, phase in ipairs(PHASES) do
    if run.phase[phase[1]] then
      lines[#lines + 1] = line_of(phase[2], phase[1], worst_of)
    end
  end
  lines[#lines + 1] = line_of("peak / final memory", "map", peak_of)
  return lines
end

--- For each kind of keys the run with the most entries.
local function largest(list)
  local most, out = {}, {}
  for _, run in ipairs(list) do
    if not most[run.keys] or run.n > most[run.keys].n then
      most[run.keys] = run
    end
  end
  for _, run in ipairs(list) do
    if most[run.keys] == run then out[#out + 1] = run end
  end
  return out
end

--- The README's tables. all: every run, not only the largest.
local function markdown(result, all)
  local list, out = runs(result.rows), {}
  for _, run in ipairs(all and list or largest(list)) do
    out[#out + 1] = "**The worst single operation, " .. title(run) .. "**\n"
    out[#out + 1] = results.piped(matrix(run)) .. "\n"
  end
  out[#out + 1] = "In brackets what all but one in 100,000 stay below.\n"
  results.add_about(out, "- ", result)
  return table.concat(out, "\n") .. "\n"
end

return {
  PEERS = PEERS, duration = duration, largest = largest, markdown = markdown,
  runs = runs, terminal = terminal,
}
