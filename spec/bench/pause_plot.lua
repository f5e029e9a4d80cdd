-- The pauses as a picture. Pure: a result (pause_table.lua) in, SVG out; the
-- same text for the same result.
--
--   worst insert against n    | latency against the insert's index
--   solid worst, dashed p99.999 | of each column of pixels the most
--
-- Both panels have the same scale of time; lines are named where they end.
local here = debug.getinfo(1, "S").source:match "^@(.*)/" or "."
local pauses = dofile(here .. "/pause_table.lua")

local WIDTH, HEIGHT = 980, 440
local TOP, BOTTOM = 64, 386
local LEFT = { x = 62, width = 250 }
local RIGHT = { x = 506, width = 338 }
local LABEL_GAP = 16

-- By peer in the order of pauses.PEERS: on light, on dark.
local COLOURS = {
  { "#c4460a", "#ff8a4c" }, { "#d99000", "#ffc457" }, { "#0b62a8", "#6cb6ff" },
  { "#0a7f5c", "#43d3a5" }, { "#a1438b", "#ee92d8" }, { "#6b6f76", "#a9b1ba" },
}

local function style()
  local light, dark = {}, {}
  for i, colour in ipairs(COLOURS) do
    local rule = ".c%d{stroke:%s}.t%d{fill:%s}"
    light[i] = rule:format(i, colour[1], i, colour[1])
    dark[i] = rule:format(i, colour[2], i, colour[2])
  end
  return ([[
<style>
text{font:12px system-ui,-apple-system,"Segoe UI",sans-serif;fill:#5b616a}
.title{font-size:14px;font-weight:600;fill:#1f2328}
.paper{fill:#fcfcfb}.grid{stroke:#e3e4e6}
path,polyline{fill:none;stroke-linejoin:round;stroke-width:1.25}
.first{stroke-width:2.5}.dash{stroke-dasharray:3 3}.lead{stroke-width:.75}
.all{stroke-width:1;stroke-opacity:.8}
.all.first{stroke-width:2;stroke-opacity:1}
.end{text-anchor:end}.middle{text-anchor:middle}
]] .. table.concat(light) .. [[

@media (prefers-color-scheme:dark){
text{fill:#9aa4af}.title{fill:#e6edf3}.paper{fill:#15191f}.grid{stroke:#2a3038}
]] .. table.concat(dark) .. [[

}
</style>]])
end

-- -- scales ------------------------------------------------------------------

local function log10(x) return math.log(x, 10) end

-- A power of ten, whatever the last bit of its logarithm.
local function decade_below(x) return math.floor(log10(x) + 1e-9) end
local function decade_above(x) return math.ceil(log10(x) - 1e-9) end

--- A function from values between two powers of ten to pixels.
local function scale(low, high, from, to)
  return function(value)
    local part = (log10(value) - low) / (high - low)
    return from + math.max(0, math.min(1, part)) * (to - from)
  end
end

local function short(n) -- 1, 10, 100, 1k, ... 10M
  if n >= 1e6 then return string.format("%.0fM", n / 1e6) end
  if n >= 1e3 then return string.format("%.0fk", n / 1e3) end
  return string.format("%.0f", n)
end

-- -- data --------------------------------------------------------------------

--- The series of both panels, by peer in order: {i, name, worst = {{n, ns}},
-- rare = {{n, ns}}, columns = {{index, ns}}}, those with no insert left out.
local function series_of(result)
  local runs, list = {}, {}
  for _, run in ipairs(pauses.runs(result.rows)) do
    if run.keys == "random" and run.phase.insert then runs[#runs + 1] = run end
  end
  table.sort(runs, function(a, b) return a.n < b.n end)
  for i, peer in ipairs(pauses.PEERS) do
    local one = { i = i, name = peer[2], worst = {}, rare = {}, columns = {} }
    for _, run in ipairs(runs) do
      local figures = run.phase.insert[peer[1]]
      if figures then
        table.insert(one.worst, { run.n, figures.worst })
        table.insert(one.rare, { run.n, figures["p99.999"] })
      end
      if figures and run == runs[#runs] then
        for figure, value in pairs(figures) do
          local upto = figure:match "^upto:(%d+)$"
          if upto then
            table.insert(one.columns, { math.tointeger(upto), value })
          end
        end
      end
    end
    table.sort(one.columns, function(a, b) return a[1] < b[1] end)
    if #one.worst > 0 then list[#list + 1] = one end
  end
  return list
end

--- Powers of ten around all points of these lists: low, high.
local function decades(lists, at)
  local low, high = math.huge, 0
  for _, list in ipairs(lists) do
    for _, point in ipairs(list) do
      low, high = math.min(low, point[at]), math.max(high, point[at])
    end
  end
  low, high = decade_below(low), decade_above(high)
  return low, math.max(high, low + 1)
end

local function each(series, ...)
  local lists = {}
  for _, one in ipairs(series) do
    for _, name in ipairs { ... } do lists[#lists + 1] = one[name] end
  end
  return lists
end

-- -- drawing -----------------------------------------------------------------

local function text(x, y, class, words)
  return string.format('<text x="%.0f" y="%.0f"%s>%s</text>', x, y,
    class and ' class="' .. class .. '"' or "", words)
end

local function line(points, x, y, class)
  local at = {}
  for i, point in ipairs(points) do
    at[i] = string.format("%.1f,%.1f", x(point[1]), y(point[2]))
  end
  return string.format('<polyline class="%s" points="%s"/>', class,
    table.concat(at, " "))
end

--- The frame of a panel: its title, what it shows, decades of both axes.
local function frame(panel, words, y, low, high)
  local out = {
    text(panel.x, TOP - 36, "title", words[1]),
    text(panel.x, TOP - 18, nil, words[2]),
    text(panel.x + panel.width / 2, BOTTOM + 38, "middle", words[3]),
  }
  for decade = low, high do
    local at = y(10.0 ^ decade)
    out[#out + 1] = string.format('<path class="grid" d="M%d %.1fh%d"/>',
      panel.x, at, panel.width)
    out[#out + 1] = text(panel.x - 8, at + 4, "end",
      (pauses.duration(10.0 ^ decade):gsub("%.0+ ", " ")))
  end
  for decade = panel.low, panel.high do
    out[#out + 1] = text(panel.scale(10.0 ^ decade), BOTTOM + 20, "middle",
      short(10.0 ^ decade))
  end
  return table.concat(out, "\n")
end

--- Where labels of these heights go, as near as may be, in the same order.
local function spread(heights)
  local order, out = {}, {}
  for i in ipairs(heights) do order[i] = i end
  table.sort(order, function(a, b)
    if heights[a] ~= heights[b] then return heights[a] < heights[b] end
    return a < b
  end)
  local least = -math.huge
  for _, i in ipairs(order) do
    out[i] = math.max(heights[i], least)
    least = out[i] + LABEL_GAP
  end
  local most = BOTTOM
  for k = #order, 1, -1 do
    local i = order[k]
    out[i] = math.min(out[i], most)
    most = out[i] - LABEL_GAP
  end
  return out
end

--- A dot for each series' point, its name and time at the panel's right.
local function labels(panel, series, points, y)
  local heights, out = {}, {}
  for k, point in ipairs(points) do heights[k] = y(point[2]) end
  local edge = panel.x + panel.width
  for k, at in ipairs(spread(heights)) do
    local one, point = series[k], points[k]
    out[#out + 1] = string.format('<circle class="t%d" cx="%.1f" cy="%.1f" '
      .. 'r="2.5"/><path class="lead c%d" d="M%d %.1fL%d %.1fh4"/>', one.i,
      panel.scale(point[1]), heights[k], one.i, edge + 3, heights[k], edge + 10,
      at)
    out[#out + 1] = text(edge + 17, at + 4, "t" .. one.i,
      one.name .. " " .. pauses.duration(point[2]))
  end
  return table.concat(out, "\n")
end

local function class_of(one)
  return "c" .. one.i .. (one.name:find "^hmap" and " first" or "")
end

local function against_n(series, y, low, high)
  local panel, last = { x = LEFT.x, width = LEFT.width }, {}
  panel.low, panel.high = decades(each(series, "worst"), 1)
  panel.scale = scale(panel.low, panel.high, panel.x, panel.x + panel.width)
  local out = { frame(panel, { "The worst single insert",
    "solid: of all; dashed: of all but one in 100,000", "entries" }, y, low,
    high) }
  for k, one in ipairs(series) do
    last[k] = one.worst[#one.worst]
    out[#out + 1] = line(one.rare, panel.scale, y, "dash c" .. one.i)
    out[#out + 1] = line(one.worst, panel.scale, y, class_of(one))
  end
  out[#out + 1] = labels(panel, series, last, y)
  return table.concat(out, "\n")
end

local function most_of(points)
  local most = points[1]
  for _, point in ipairs(points) do
    if point[2] > most[2] then most = point end
  end
  return most
end

local function against_index(series, y, low, high)
  local panel, drawn, peaks = { x = RIGHT.x, width = RIGHT.width }, {}, {}
  for _, one in ipairs(series) do
    if #one.columns > 0 then
      drawn[#drawn + 1] = one
      peaks[#peaks + 1] = most_of(one.columns)
    end
  end
  if #drawn == 0 then return "" end
  panel.low, panel.high = decades(each(drawn, "columns"), 1)
  panel.scale = scale(panel.low, panel.high, panel.x, panel.x + panel.width)
  local out = { frame(panel, { "Every insert of an empty map's growth",
    "the slowest of those that share a pixel", "which insert" }, y, low,
    high) }
  for k = #drawn, 1, -1 do -- hmap over the others
    out[#out + 1] = line(drawn[k].columns, panel.scale, y,
      "all " .. class_of(drawn[k]))
  end
  out[#out + 1] = labels(panel, drawn, peaks, y)
  return table.concat(out, "\n")
end

--- The picture of a result; nil if it has no inserts of random keys.
local function svg(result)
  local series = series_of(result)
  if #series == 0 then return nil end
  local low, high = decades(each(series, "worst", "rare", "columns"), 2)
  local y = scale(low, high, BOTTOM, TOP)
  return table.concat({
    string.format('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d"'
      .. ' width="%d" height="%d" role="img">', WIDTH, HEIGHT, WIDTH, HEIGHT),
    "<title>How long single inserts take, by size and by index</title>",
    style(),
    '<rect class="paper" width="100%" height="100%" rx="8"/>',
    against_n(series, y, low, high),
    against_index(series, y, low, high),
    "</svg>\n",
  }, "\n")
end

return { svg = svg }
