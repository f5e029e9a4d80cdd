--- hmap compare: the same keys under several policies.

local core = require "hmap.core"
local film = require "hmap.cli.film"
local json = require "hmap.cli.json"
local keys = require "hmap.cli.keys"
local map = require "hmap.cli.map"
local option = require "hmap.cli.option"
local progress = require "hmap.cli.progress"
local terminal = require "hmap.terminal"
local types = require "hmap.cli.types"
local format = require "hmap.format"

local SAMPLES = 48 -- of the bytes over time
local RARE = 10000 -- one operation in so many is dearer than "99.99 %"

local function options(c)
  option.add(c, "--policies", "P,..", "Which ones: names.", nil,
    "go,adaptive,smooth,redis,all_at_once")
  c:flag("--delete", "Then delete the keys again, in their order.")
  c:flag("--ascii", "No block characters.")
  option.add(c, "--page", "OUT.html", "Also write a page that shows the "
    .. "inserts under each of them, side by side.")
  c:flag("--force", "Overwrite what is there, whatever it is.")
  keys.options(c)
  map.hash_option(c)
  map.value_option(c)
  map.seed_option(c)
  json.option(c)
end

-- -- measuring --------------------------------------------------------------

-- What it gave back it held while it ran: an old array under all_at_once.
local function most_bytes(before, after, op)
  return math.max(before, after + op.released)
end

-- What is known of the run so far.
local function new_run(total)
  return { op = 0, total = total, costs = {}, samples = {}, bytes = 0,
    peak = { bytes = 0, at = 0 }, work = 0 }
end

local function look(run, m)
  local op, bytes = core.last_op(m), m:stats().bytes
  run.op = run.op + 1
  run.costs[op.cost] = (run.costs[op.cost] or 0) + 1
  run.work = run.work + op.cost
  local most = most_bytes(run.bytes, bytes, op)
  if most > run.peak.bytes then run.peak = { bytes = most, at = run.op } end
  local sample = (run.op - 1) * SAMPLES // run.total + 1
  run.samples[sample] = math.max(run.samples[sample] or 0, most)
  run.bytes = bytes
end

-- The least cost that all but one in RARE operations stay within.
local function rare_cost(run)
  local sorted, passed = {}, 0
  for cost in pairs(run.costs) do sorted[#sorted + 1] = cost end
  table.sort(sorted)
  for _, cost in ipairs(sorted) do
    passed = passed + run.costs[cost]
    if passed * RARE >= run.op * (RARE - 1) then return cost end
  end
end

local function growths_of(m)
  local growths, open = {}, nil
  for _, e in ipairs(m:events().events) do
    if e.kind == "grow_begin" then
      open = { kind = e.growth, op = e.op, from = e.from, to = e.to }
      growths[#growths + 1] = open
    elseif e.kind == "grow_end" and open then
      open.ended = e.op
    end
  end
  return growths
end

local function measured(run, m)
  local worst = m:worst_ops(1)[1]
  local stats = m:stats()
  return {
    operations = run.op, growths = growths_of(m),
    worst = { cost = worst.cost, op = worst.number, cause = worst.cause },
    rare = rare_cost(run), mean = run.work / run.op,
    peak = run.peak, bytes = stats.bytes, samples = run.samples,
    buckets = stats.buckets, growing = stats.growing,
  }
end

local function run_under(policy, args, source, show)
  local m <close> = map.new({ value = args.value, hash = args.hash,
    seed = args.seed, policy = policy }, source.type)
  m:record(math.maxinteger)
  m:ledger(true)
  local n = #source.keys
  local run = new_run(args.delete and 2 * n or n)
  run.bytes = m:stats().bytes
  local set, delete = map.setter(m, source, args), map.deleter(m, source)
  local function all(change)
    for i = 1, n do
      map.guarded(change, i)
      look(run, m)
      if i % 4096 == 0 then show(run.op) end
    end
  end
  all(set)
  if args.delete then all(delete) end
  local result = measured(run, m)
  result.policy = policy
  return result
end

-- -- telling ----------------------------------------------------------------

local LEVELS = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local ASCII = { "_", ".", ":", "-", "=", "+", "*", "#" }

local function line_of(samples, top, ascii)
  local cells, levels = {}, ascii and ASCII or LEVELS
  for i, bytes in ipairs(samples) do
    cells[i] = levels[math.max(1, math.ceil(#levels * bytes / top))]
  end
  return table.concat(cells)
end

local function top_of(results)
  local top = 0
  for _, r in ipairs(results) do top = math.max(top, r.peak.bytes) end
  return top
end

local function row_of(r)
  return { r.policy, format.count(#r.growths), ("%.2f"):format(r.mean),
    format.count(r.rare), format.count(r.worst.cost), format.count(r.worst.op),
    format.bytes(r.peak.bytes), format.count(r.peak.at), format.bytes(r.bytes) }
end

local function table_text(results)
  local rows = { { "policy", "growths", "mean", "99.99 %", "worst", "at",
    "peak", "at", "end" } }
  for i, r in ipairs(results) do rows[i + 1] = row_of(r) end
  return format.columns(rows, "lrrrrrrrr", " ")
end

local function growth_text(r)
  local parts = {}
  for i, g in ipairs(r.growths) do
    parts[i] = format.count(g.op)
      .. (g.kind == "double" and "" or " (" .. g.kind:gsub("_", " ") .. ")")
  end
  return #parts > 0 and table.concat(parts, ", ") or "none"
end

-- Paragraphs below each other, their names before them.
local function named(results, tell)
  local width, lines = 0, {}
  for _, r in ipairs(results) do width = math.max(width, #r.policy) end
  local indent = (" "):rep(width + 3)
  for i, r in ipairs(results) do
    lines[i] = " " .. format.pad(r.policy, width) .. "  "
      .. format.wrap(tell(r), 80, indent):sub(#indent + 1)
  end
  return table.concat(lines, "\n")
end

local function text_of(view, ascii)
  local results, top = view.policies, top_of(view.policies)
  return table.concat({
    ("%s of %s from %s; seed %d"):format(format.plural(view.keys, "key"),
      view.key, view.source, view.seed),
    "\nWork of an operation, in about cache lines, and bytes",
    table_text(results),
    "\nThe dearest operation",
    named(results, function(r) return r.worst.cause end),
    "\nOperations that begin a growth",
    named(results, growth_text),
    ("\nBytes over time, up to %s"):format(format.bytes(top)),
    named(results, function(r) return line_of(r.samples, top, ascii) end),
  }, "\n")
end

-- -- the command ------------------------------------------------------------

-- All of them are tried before any of them takes its time.
local function policies_of(args, key_type)
  local list = {}
  for name in (args.policies .. ","):gmatch("([^,]*),") do
    list[#list + 1] = name
    map.new({ value = args.value, hash = args.hash, policy = name }, key_type)
      :close()
  end
  return list
end

local function write_page(args, source, policies)
  local films = {}
  for i, policy in ipairs(policies) do
    films[i] = film.of_keys({ value = args.value, hash = args.hash,
      seed = args.seed, policy = policy }, source)
  end
  film.write_page({ out = args.page, force = args.force }, films)
end

local function run(args)
  local source = keys.read(args)
  local policies = policies_of(args, source.type)
  local all = #policies * #source.keys * (args.delete and 2 or 1)
  local show = progress.of(all)
  local view = { keys = #source.keys, source = source.source,
    key = types.text(source.type), seed = args.seed, policies = {} }
  for i, policy in ipairs(policies) do
    view.policies[i] = run_under(policy, args, source, function(done)
      show((i - 1) * all // #policies + done)
    end)
  end
  show(all)
  if args.page then write_page(args, source, policies) end
  local ascii = args.ascii or terminal.ascii_only()
  json.show(args, view, text_of(view, ascii))
end

return {
  summary = "Compare policies: growths, work of an operation, bytes.",
  examples = {
    "hmap compare words.txt",
    "hmap compare --page words.html words.txt",
    "hmap compare --policies go,adaptive --delete --json words.txt",
  },
  options = options,
  run = run,
}
