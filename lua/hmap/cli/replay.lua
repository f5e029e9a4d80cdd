--- hmap replay: a recorded map as it was after any operation.

local events = require "hmap.text.events"
local fail = require "hmap.cli.fail"
local hmap = require "hmap"
local json = require "hmap.cli.json"
local option = require "hmap.cli.option"
local out = require "hmap.cli.out"
local recording = require "hmap.observe.recording"
local tape = require "hmap.cli.tape"
local format = require "hmap.format"

local function options(c)
  c:argument("recording", "A file that hmap record has written; - is standard "
    .. "input."):argname("REC")
  option.add(c, "--at", "N", "The map after so many operations. Default: all.",
    option.integer(0))
  option.drawing(c)
  json.option(c)
end

-- The call of the n-th operation, and its key.
local function operation(r, n)
  local op, key = 0, 0
  for _, run in ipairs(r.calls) do
    local takes_key = recording.takes_key(run.call)
    if run.call ~= "failed" then
      if op + run.times >= n then
        return run.call, takes_key and r.keys[key + n - op] or nil
      end
      op = op + run.times
    end
    if takes_key then key = key + run.times end
  end
end

local function moment(r, n)
  local view = { operation = n, operations = r.operations, events = {} }
  if n > 0 then view.call, view.key = operation(r, n) end
  for _, event in ipairs(r.events) do
    if event.op == n then view.events[#view.events + 1] = event end
  end
  return view
end

local function text_of(view)
  local lines = { ("operation %s of %s"):format(format.count(view.operation),
    format.count(view.operations)) }
  if view.call then
    lines[1] = lines[1] .. ": " .. view.call
      .. (view.key ~= nil and " " .. format.value(view.key) or "")
  end
  for _, event in ipairs(view.events) do
    lines[#lines + 1] = " " .. events.event(event)
  end
  return table.concat(lines, "\n")
end

local function run(args)
  local r, line_of, name = tape.read(args.recording)
  local at = args.at or r.operations
  if at > r.operations then
    fail.usage("--at: %s has %s", name,
      format.plural(r.operations, "operation"))
  end
  local m <close> = tape.replayed(line_of, name, hmap.replay, r, at)
  local view = moment(r, at)
  if args.json then
    view.header, view.stats = m:header(), m:stats()
    view.header.buckets, view.header.oldbuckets = nil, nil -- addresses
    view.fingerprint = ("%016x"):format(m:fingerprint())
    return json.show(args, view)
  end
  out.line(text_of(view))
  out.line(m:draw { width = args.width, ascii = args.ascii })
end

return {
  summary = "Rebuild a recorded map as it was after any operation.",
  examples = {
    "hmap replay --at 27 words.rec",
    "hmap replay --json words.rec",
  },
  options = options,
  run = run,
}
