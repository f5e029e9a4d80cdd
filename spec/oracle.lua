-- Fresh lists of operations to the map of Go's own runtime, and hmap follows
-- step by step (spec/go/oracle, spec/c/conformance.c):
--
--   lua spec/oracle.lua BUILD [SECONDS [SEED [MISTAKE]]]
--
-- At the first difference the list is made as short as it goes, printed, and
-- kept. MISTAKE: one that conformance makes on purpose.
local build, seconds, seed, mistake = table.unpack(arg)
seconds = tonumber(seconds) or 20
seed = math.tointeger(tonumber(seed)) or os.time() * 1000 % (1 << 40)

local folder = build .. "/oracle"
local oracle = build .. "/spec/oracle"
local conformance = ("%s/spec/conformance - %s"):format(build, mistake or "")

-- What a command of the shell prints, and whether all is well.
local function output_of(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read("a")
  return output, (pipe:close())
end

local function write(path, lines)
  local file <close> = assert(io.open(path, "w"))
  file:write(table.concat(lines, "\n"), "\n")
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

-- -- the shortest list --------------------------------------------------------

local header -- of the trace in hand, with the record that makes the map

-- What Go says now to these records, and what is wrong with that: nil if
-- nothing is.
local function difference(records)
  local path = folder .. "/list.jsonl"
  write(path, {header, table.concat(records, "\n"), '{"op":"end"}'})
  local trace = assert(output_of(oracle .. " -redo <" .. path))
  local again = lines_of(trace)
  write(folder .. "/trace.jsonl", again)
  local what, same = output_of(conformance .. " <" .. folder
    .. "/trace.jsonl")
  return not same and what:find ", step %d" and what or nil, again
end

local function without(list, first, last)
  local rest = table.move(list, 1, first - 1, 1, {})
  return table.move(list, last + 1, #list, first, rest)
end

-- Leaves out as many records at a time as it can, half of them at first.
local function shortest(records)
  local n = #records // 2
  while n > 0 do
    local i, before = 1, #records
    while i <= #records do
      local fewer = without(records, i, i + n - 1)
      if difference(fewer) then records = fewer else i = i + n end
    end
    if n > 1 or #records == before then n = n // 2 end
  end
  return records
end

local members = {"hint", "it", "k0", "n", "dk", "v0", "dv", "k", "v"}

-- A record as a line to read: the operation and what it was given.
local function plain(record)
  local op = record:match '"op":"(%w+)"'
  local given = {op}
  for _, name in ipairs(members) do
    local value = record:match('"' .. name .. '":("[^"]*")')
      or record:match('"' .. name .. '":([^",}]+)')
    local is_result = (name == "v" and op ~= "put")
      or (name == "k" and (op == "next" or op == "iterinit"))
    if value and not is_result then given[#given + 1] = value end
  end
  return table.concat(given, " ")
end

local function print_shortest(universe)
  local trace = lines_of(assert(output_of(("%s -seed %d -universe %d"):format(
    oracle, seed, universe))))
  header = table.remove(trace, 1) .. "\n" .. table.remove(trace, 1)
  local records = shortest(trace)
  local what, again = difference(records)
  write(folder .. "/difference.jsonl", again)
  print(("the shortest list of operations that shows it, %d of %d:"):format(
    #records, #trace))
  local type, make = header:match "(.*)\n(.*)"
  print("     " .. type)
  print("     " .. plain(make))
  for _, record in ipairs(records) do print("     " .. plain(record)) end
  print(what)
  print(("again: %s <%s/difference.jsonl"):format(conformance, folder))
end

-- -- the run ------------------------------------------------------------------

local function ready()
  local version = output_of("go version")
  if not version:find("go1.19", 1, true) then
    print("needs Go 1.19 (golang-go): the map of another is another")
    os.exit(77)
  end
  local make = os.getenv "MAKE" or "make"
  local said, made = output_of(("%s -s HMAP_READY=yes BUILD=%s %s "
    .. "%s/spec/conformance"):format(make, build, oracle, build))
  assert(made, said)
  assert(os.execute("mkdir -p " .. folder))
end

ready()
local said, same = output_of(("%s -seed %d -seconds %g | %s"):format(oracle,
  seed, seconds, conformance))
local states = said:match "^%d+ states.*"
if same and states then
  print(("identical: %s, seed %d"):format(states:match "%C+", seed))
  print("1 passed, 0 failed")
else
  print(said)
  local universe = said:match "universe (%d+) of seed"
  if universe then print_shortest(universe) end
  print("0 passed, 1 failed")
  os.exit(1)
end
