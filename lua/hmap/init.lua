--- hmap: a map whose growth you can watch.
--
-- The face. hmap.core (C) has the maps; this room adds what is drawn and
-- reported, and the text of every view.

local core = require "hmap.core"
local film = require "hmap.explorer.film"
local format = require "hmap.format"
local help = require "hmap.help"
local intake = require "hmap.intake"
local keystats = require "hmap.observe.keystats"
local ledger = require "hmap.observe.ledger"
local live = require "hmap.observe.live"
local metrics = require "hmap.observe.metrics"
local options = require "hmap.options"
local page = require "hmap.explorer.page"
local picture = require "hmap.text.picture"
local plan = require "hmap.plan"
local plan_text = require "hmap.text.plan"
local profile = require "hmap.observe.profile"
local replay = require "hmap.observe.replay"
local report = require "hmap.text.distribution"
local terminal = require "hmap.terminal"
local views = require "hmap.text.state"

local DRAW_OPTIONS = {
  width = options.integer_from(picture.NARROWEST),
  ascii = options.boolean,
}

-- A view of m, or its error told as the fault of whoever called our caller.
local function view_of(m, read)
  local ok, view = pcall(read, m)
  if not ok then error(view, 3) end
  return view
end

-- Views are read one after the other, and between two of them a finalizer may
-- write the map: here none does.
local function at_one_moment(read)
  local ok, result = pcall(live.undisturbed, read)
  if not ok then error(format.without_place(result), 3) end
  return result
end

local function draw(m, opts)
  opts = options.check("draw", 1, opts, DRAW_OPTIONS, 1)
  local ascii = opts.ascii
  if ascii == nil then ascii = terminal.ascii_only() end
  view_of(m, m.header)
  local text = at_one_moment(function()
    local scene = {
      label = tostring(m):match("^hmap ('.*')"),
      header = m:header(),
      stats = m:stats(),
      bucket = function(i, which) return m:bucket(i, which) end,
    }
    return picture.draw(scene, {
      width = opts.width or terminal.width(),
      ascii = ascii,
    })
  end)
  return text
end

local function distribution(m)
  view_of(m, m.header)
  local d = at_one_moment(function()
    return report.distribution(core.distribution(m), m:stats(), m:header(),
      core.hashes(m))
  end)
  return core.view("distribution", d)
end

local function forecast(m, n)
  local view = at_one_moment(function() return plan.forecast(m, n) end)
  return view
end

-- The ledger is opened and closed by true and false; without them it tells what
-- all operations came to.
local function map_ledger(m, on)
  if on == nil then
    local totals = view_of(m, core.totals)
    return totals and core.view("totals", totals)
  end
  local ok, why = pcall(core.ledger, m, on)
  if not ok then error(why, 2) end
end

local function last_op(m)
  local op = view_of(m, core.last_op)
  return op and core.view("op", ledger.with_cause(op))
end

local function worst_ops(m, n)
  local ok, ops = pcall(core.worst_ops, m, n == nil and 10 or n)
  if not ok then error(ops, 2) end
  for _, op in ipairs(ops) do core.view("op", ledger.with_cause(op)) end
  return core.view("ops", ops)
end

-- The page as an HTML file; its size.
local function report_page(x, path, opts)
  local ok, size = pcall(page.write, x, path, opts)
  if ok then return size end
  error((tostring(format.without_place(size))
    :gsub("#2 to 'film'", "#3 to 'report'")
    :gsub("#1 to 'film'", "#1 to 'report'")), 3)
end

local function map_report(m, opts, film_opts)
  if type(opts) == "string" then return report_page(m, opts, film_opts) end
  if not film.is_map(m) then
    error(string.format("bad argument #1 to 'report' (hmap expected%s, got %s)",
      type(m) == "table" and m.keys and " without a path" or "",
      type(m)), 2)
  end
  opts = options.check("report", 2, opts, DRAW_OPTIONS, 1)
  local ascii = opts.ascii
  if ascii == nil then ascii = terminal.ascii_only() end
  view_of(m, m.header)
  local parts = at_one_moment(function()
    local sound, broken = m:check()
    return {
      title = tostring(m),
      version = "hmap " .. core._VERSION .. ", " .. _VERSION,
      header = m:header(),
      stats = m:stats(),
      memory = m:memory(),
      layout = m:layout(),
      distribution = distribution(m),
      policy = m:tune(),
      picture = draw(m, opts),
      broken = not sound and "broken: " .. broken or nil,
    }
  end)
  return report.whole(parts,
    { width = opts.width or terminal.width(), ascii = ascii })
end

local methods = {
  draw = draw,
  distribution = distribution,
  forecast = forecast,
  help = help.method,
  load_lines = intake.load_lines,
  last_op = last_op,
  ledger = map_ledger,
  worst_ops = worst_ops,
}

-- As a method in C it says what is wrong when it is called without a map.
local function checked(name, method)
  return function(m, ...)
    if not film.is_map(m) then
      error(string.format("'%s' wants a map before its arguments, got %s: "
        .. "m:%s(...)", name, type(m), name), 2)
    end
    return method(m, ...)
  end
end
for name, method in pairs(methods) do
  methods[name] = checked(name, method)
  core.extend(name, methods[name])
end
for name, text in pairs(views) do
  core.set_view_event(name, "__tostring", text)
end

-- A recording can be gone over as the list of its events: #r, r[i], ipairs(r).
core.set_view_event("events", "__len", function(r) return #r.events end)
core.set_view_event("events", "__index", function(r, i)
  return math.type(i) == "integer" and rawget(r, "events")[i] or nil
end)

core.set_view_event("live", "__tostring", live.text)
core.set_view_event("op", "__tostring", ledger.op_text)
core.set_view_event("ops", "__tostring", ledger.ops_text)
core.set_view_event("totals", "__tostring", ledger.totals_text)
core.set_view_event("plan", "__tostring", plan_text.plan)
core.set_view_event("forecast", "__tostring", plan_text.forecast)
core.set_view_event("profile", "__tostring", profile.text)

local hmap = {
  new = core.new,
  from = intake.from,
  load = core.load,
  loading = core.loading,
  layout = core.layout,
  plan = plan.plan,
  hash = core.hash,
  keystats = keystats.keystats,
  report = map_report,
  film = film.new,
  replay = replay.replay,
  live = live.live,
  profile = profile.profile,
  metrics = metrics.metrics,
  of = core.of,
  help = help.help,
  _VERSION = core._VERSION,
}
help.know(hmap, methods)

return setmetatable(hmap, { __name = "hmap module", __tostring = help.line })
