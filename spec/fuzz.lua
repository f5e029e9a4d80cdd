-- Bytes of libFuzzer's choosing to the programs in spec/fuzz, each in turn:
--
--   lua spec/fuzz.lua BUILD [SECONDS [TARGET...]]   so many seconds each
--   lua spec/fuzz.lua BUILD keep [TARGET...]        the corpus, made anew
--
-- What it has found so far and what crashes is in BUILD/fuzz; spec/fuzz/corpus
-- has the inputs of it that reach most, from which each run begins.
local files = dofile "spec/files.lua"
local build, seconds = table.unpack(arg)
local keep = seconds == "keep"
seconds = tonumber(seconds) or 600

local folder = build .. "/fuzz"
local make = os.getenv "MAKE" or "make"
local clang = os.getenv "CLANG" or "clang"
-- Inputs are short: what an entry must have to be read in parts, too.
local sanitize = "-O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all "
  .. "-fsanitize=fuzzer-no-link,address,undefined -DLONG_ENTRY=100"

-- Lua's own memory is counted by the targets; who is still reachable is no
-- leak.
local ALWAYS = "-max_len=2048 -len_control=20 -timeout=20 -rss_limit_mb=2048 "
  .. "-print_final_stats=1 -detect_leaks=0"

local function output_of(command, ...)
  local pipe = assert(io.popen(command:format(...) .. " 2>&1"))
  local output = pipe:read "a"
  return output, (pipe:close())
end

local function list_of(text)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = word end
  return list
end

local function ready()
  local _, links = output_of("echo 'int LLVMFuzzerTestOneInput(void);"
    .. "int LLVMFuzzerTestOneInput(void) { return 0; }' | "
    .. "%s -fsanitize=fuzzer -x c - -o /dev/null", clang)
  if not links then
    print "needs clang with libFuzzer (libclang-rt-14-dev, by its version)"
    os.exit(77)
  end
  local said, made = output_of("%s -s -j2 HMAP_READY=yes BUILD=%s CC=%s "
    .. "CFLAGS='%s' fuzzers", make, folder, clang, sanitize)
  assert(made, said)
end

local function targets()
  if #arg > 2 then return { table.unpack(arg, 3) } end
  return list_of((output_of "cd spec/fuzz && ls *.c | sed 's/\\.c$//'"))
end

-- The program of a target, what it finds, what is kept of that, what crashes.
local function places(target)
  return folder .. "/spec/fuzz/" .. target, folder .. "/found/" .. target,
    "spec/fuzz/corpus/" .. target, folder .. "/crash-" .. target .. "-"
end

-- What libFuzzer writes down of each input: how large it is, what it reaches.
-- How often that was reached is the low three bits of a feature.
local function inputs_of(control)
  local text = files.read(control)
  local lines = text:gmatch "[^\n]+"
  local inputs, n = {}, math.tointeger(lines())
  lines() -- how many of them are of the first corpus
  for i = 1, n do inputs[i] = { path = lines(), reached = {} } end
  for i, size in text:gmatch "\nSTARTED (%d+) (%d+)" do
    inputs[i + 1].size = math.tointeger(size)
  end
  for i, features in text:gmatch "\nFT (%d+)([^\n]*)" do
    for feature in features:gmatch "%d+" do
      inputs[i + 1].reached[feature // 8] = true
    end
  end
  return inputs
end

local function count_new(input, known)
  local n = 0
  for place in pairs(input.reached) do n = n + (known[place] and 0 or 1) end
  return n
end

local MOST = 64 -- inputs that are kept

-- Few inputs that reach together most of what all do: always the one that
-- reaches most of the rest; of equals the shortest.
local function cover(inputs)
  local chosen, known = {}, {}
  table.sort(inputs, function(a, b)
    return a.size < b.size or a.size == b.size and a.path < b.path
  end)
  repeat
    local best, most = nil, 0
    for _, input in ipairs(inputs) do
      input.news = (input.news or math.huge) > most
        and count_new(input, known) or input.news
      if input.news > most then best, most = input, input.news end
    end
    for place in pairs(best and best.reached or {}) do known[place] = true end
    chosen[#chosen + 1] = best
  until not best or #chosen == MOST
  return chosen
end

local function keep_least(target)
  local program, found, kept = places(target)
  local control = found .. ".control"
  assert(os.execute(("rm -rf %s %s.new && mkdir -p %s.new %s"):format(control,
    found, found, kept)))
  local said, ok = output_of("%s %s -set_cover_merge=1 "
    .. "-merge_control_file=%s %s.new %s %s", program, ALWAYS, control, found,
    found, kept)
  assert(ok, said)
  local chosen = cover(inputs_of(control))
  for i, input in ipairs(chosen) do chosen[i] = files.read(input.path) end
  assert(os.execute(("rm -rf %s && mkdir -p %s"):format(kept, kept)))
  for i, bytes in ipairs(chosen) do
    local file <close> = assert(io.open(("%s/%03d"):format(kept, i), "wb"))
    file:write(bytes)
  end
  print(("%s: %d inputs"):format(target, #chosen))
end

-- How far it came is a line for each input that reaches more, and one for each
-- function that this reaches first.
local function tell_crash(said, program, crash)
  said = said:gsub("%f[^\n]#%d+\t[^\n]*\n", "")
  print((said:gsub("\tNEW_FUNC[^\n]*\n", "")))
  local input = said:match("written to (" .. crash:gsub("%p", "%%%0")
    .. "[^\n]+)")
  if input then print(("again: %s %s"):format(program, input)) end
end

-- Whether it comes through. A short run is one of every `make test`: it begins
-- with the same number, so that it fails for what was changed.
local function run(target)
  local program, found, kept, crash = places(target)
  assert(os.execute(("mkdir -p %s %s"):format(found, kept)))
  local said, ok = output_of("%s %s -seed=%d -max_total_time=%d "
    .. "-artifact_prefix=%s %s %s", program, ALWAYS, seconds < 60 and 1 or 0,
    seconds, crash, found, kept)
  local runs = said:match "number_of_executed_units: (%d+)"
  if not ok or not runs then
    tell_crash(said, program, crash)
    print(("FAIL %s"):format(target))
    return false
  end
  print(("ok   %s: %s inputs, %s places reached"):format(target, runs,
    said:match ".* cov: (%d+)"))
  return true
end

ready()
local counts = { [true] = 0, [false] = 0 }
for _, target in ipairs(targets()) do
  if keep then keep_least(target) end
  if not keep then
    local ok = run(target)
    counts[ok] = counts[ok] + 1
  end
end
if keep then return end
print(("%d passed, %d failed"):format(counts[true], counts[false]))
os.exit(counts[false] == 0)
