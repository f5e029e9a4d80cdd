--- hmap: a map whose growth you can watch.
--
-- The face. hmap.core (C) has the maps; this room adds what is drawn and
-- reported, and the text of every view.

local core = require "hmap.core"
local picture = require "hmap.picture"
local report = require "hmap.report"
local terminal = require "hmap.terminal"
local views = require "hmap.views"

local DRAW_OPTIONS = { width = "number", ascii = "boolean" }

local function check_draw_options(opts)
  if opts == nil then return {} end
  if type(opts) ~= "table" then
    error(string.format("bad argument #1 to 'draw' (table expected, got %s)",
      type(opts)), 3)
  end
  for name, value in pairs(opts) do
    local wanted = DRAW_OPTIONS[name]
    if type(value) ~= wanted then
      error(string.format("bad argument #1 to 'draw' (%s)", wanted
        and string.format("option '%s': %s expected, got %s", name, wanted,
          type(value))
        or string.format("unknown option '%s'; options are ascii, width",
          tostring(name))), 3)
    end
  end
  return opts
end

-- A view of m, or its error told as the fault of whoever called our caller.
local function view_of(m, read)
  local ok, view = pcall(read, m)
  if not ok then error(view, 3) end
  return view
end

local function draw(m, opts)
  opts = check_draw_options(opts)
  local ascii = opts.ascii
  if ascii == nil then ascii = terminal.ascii_only() end
  local scene = {
    label = tostring(m):match("^hmap ('.*')"),
    header = view_of(m, m.header),
    stats = m:stats(),
    bucket = function(i, which) return m:bucket(i, which) end,
  }
  return picture.draw(scene, {
    width = opts.width or terminal.width(),
    ascii = ascii,
  })
end

local function distribution(m)
  local raw = view_of(m, core.distribution)
  local d = report.distribution(raw, m:stats(), m:header())
  return core.view("distribution", d)
end

core.extend("draw", draw)
core.extend("distribution", distribution)
for name, text in pairs(views) do
  core.set_view_tostring(name, text)
end

return {
  new = core.new,
  layout = core.layout,
  hash = core.hash,
  of = core.of,
  _VERSION = core._VERSION,
}
