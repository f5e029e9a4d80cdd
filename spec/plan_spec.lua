-- A plan is arithmetic; each is held against the map that it speaks of.
local hmap = require "hmap"
local gocost = require "hmap.plan.go"
local law = require "hmap.plan.occupancy"

local function close_to(expected, got, share, what)
  local error_share = math.abs(got - expected) / math.max(1, expected)
  assert.is_true(error_share <= share, string.format(
    "%s: planned %s, there is %s", what, expected, got))
end

-- What chance makes of a count that is expected.
local function by_chance(expected, got, what)
  local most = 5 * math.sqrt(expected) + 3
  assert.is_true(math.abs(got - expected) <= most, string.format(
    "%s: planned %s, there are %s", what, expected, got))
end

local function itself(i) return i end
local function text(i) return string.format("%024d", i) end

local function add(m, from, to, key_of)
  local keys, values = {}, {}
  local numbers = m:layout().value_size > 1
  for i = from, to do
    keys[#keys + 1] = key_of(i)
    values[#values + 1] = numbers and i or true
  end
  m:set_many(keys, values)
end

-- How many inserts may pass before the next look: none is left out at which a
-- growth begins; its end is seen to 1/256.
local function stride(s)
  if s.growing then return math.max(1, s.old_buckets // 256) end
  return math.max(1, math.min(4096, s.next_growth_at - s.count))
end

-- Fills m, and tells of its growths and of the most bytes that were seen.
local function grow(m, n, key_of)
  local seen = { growths = {}, peak = 0 }
  local s, growth = m:stats(), nil
  while s.count < n do
    local before = s
    add(m, s.count + 1, math.min(n, s.count + stride(s)), key_of)
    s = m:stats()
    seen.peak = math.max(seen.peak, s.bytes)
    if s.growths.double > before.growths.double then
      growth = { at = s.count, to = s.buckets, writes = 1 }
      seen.growths[#seen.growths + 1] = growth
    elseif before.growing and growth then
      growth.writes = s.count - growth.at + 1
    end
  end
  return seen
end

local function new(types, more)
  local opts = { seed = 1 }
  for name, value in pairs(types) do opts[name] = value end
  for name, value in pairs(more or {}) do opts[name] = value end
  return hmap.new(opts)
end

local function texts_in(spec)
  return spec == "string" or type(spec) == "table"
end

local function plan(types, more)
  local opts = {}
  for name, value in pairs(types) do opts[name] = value end
  for name, value in pairs(more) do opts[name] = value end
  return hmap.plan(opts)
end

local INTS = { key = "int64", value = "int64" }
local SET = { key = "int64", value = "none" }

-- A growth begins past a limit, or when the one before, which passed it, ends.
local function same_growths(planned, seen)
  assert.are.equal(#planned, #seen)
  for i, growth in ipairs(planned) do
    local before = planned[i - 1]
    if before and growth.at == before.at + before.writes then
      by_chance(growth.at, seen[i].at, "growth")
    else
      assert.are.equal(growth.at, seen[i].at)
    end
    assert.are.equal(growth.to, seen[i].to)
  end
end

-- The last of them takes the longest; it is compared if it is over.
local function same_writes(planned, seen, n)
  local last = planned[#planned]
  if last.writes < 1000 or last.at + last.writes > n then return end
  close_to(last.writes, seen[#seen].writes, 0.02, "writes")
end

local function same_probes(planned, m, share)
  local d = m:distribution()
  for _, name in ipairs {
    "hit_probes", "hit_buckets", "miss_probes", "miss_buckets",
  } do
    close_to(planned[name], d[name], share, name)
  end
end

-- An old array goes back in slices: one more or less is chance.
local function slice(s)
  return s.growing and 65536 / s.bytes or 0
end

-- Plans n entries, makes them, and compares.
local function compare(types, n, key_of, made)
  local p = plan(types, { entries = n, key_bytes = made and made.key_bytes })
  local m <close> = new(types)
  local seen, s = grow(m, n, key_of or itself), m:stats()
  local now = p.growing or p
  same_growths(p.growths, seen.growths)
  same_writes(p.growths, seen.growths, n)
  assert.are.equal(s.buckets, p.buckets)
  assert.are.equal(s.next_growth_at, p.next_growth_at)
  assert.are.equal(s.growing, p.growing ~= nil)
  close_to(now.bytes, s.bytes, 0.02 + slice(s), "bytes")
  if types.policy ~= "all_at_once" then -- there nobody sees both arrays
    close_to(p.peak.bytes, seen.peak, 0.02, "peak")
  end
  by_chance(now.overflow, s.overflow_in_use, "overflow")
  if p.growing then by_chance(now.remaining, s.remaining, "remaining") end
  same_probes(now, m, 0.02)
end

-- Bytes that a growing map adds at most to a process of its own, as the system
-- counts them; nil where it does not tell.
local function pages_of_growth(n)
  local script = [[
    local hmap = require "hmap"
    local function pages()
      local file <close> = assert(io.open("/proc/self/statm"))
      return 4096 * tonumber(file:read("a"):match("%d+ (%d+)"))
    end
    local m = hmap.new { key = "int64", value = "int64", seed = 1 }
    local before, most, n = pages(), 0, ]] .. n .. [[

    for i = 1, n do
      m:set(i, i)
      if i % 4096 == 0 then most = math.max(most, pages() - before) end
    end
    print(most)]]
  local pipe <close> = assert(io.popen(string.format(
    "LUA_PATH='%s' LUA_CPATH='%s' %s -e '%s' 2>/dev/null", package.path,
    package.cpath, os.getenv("LUA") or "lua5.4", script)))
  return tonumber(pipe:read("a"))
end

describe("a plan", function()
  for _, n in ipairs { 1000, 10000, 100000, 1000000, 10000000 } do
    it("is within 2 % of the map that grows to " .. n .. " entries", function()
      compare(INTS, n)
    end)
  end

  for _, n in ipairs { 1000, 10000, 100000, 200000 } do
    it("counts text outside the buckets, of " .. n .. " keys", function()
      compare({ key = "string", value = "none" }, n, text,
        { key_bytes = 24 })
    end)
  end

  -- Consecutive keys under the identity leave nothing to chance.
  local function is_exact(value, length, n)
    local opts = { key = "int64", value = value, hash = "identity" }
    local p = plan(opts, { entries = n,
      value_bytes = texts_in(value) and length or nil })
    local fields = {}
    for i = 1, type(value) == "table" and #value or 1 do
      fields[i] = ("x"):rep(length)
    end
    local m <close> = hmap.new(opts)
    for i = 1, n do m:set(i, table.unpack(fields)) end
    local memory = m:memory()
    for _, part in ipairs { "header", "text", "indirect" } do
      assert.are.equal(memory[part], p.memory[part], string.format(
        "%s of %d x %s, %d bytes long", part, n, p.value, length))
    end
  end

  it("is exact about blocks: loose, in slabs, too large for one", function()
    local pair, many = { "string", "string" }, {}
    for i = 1, 16 do many[i] = "string" end
    for _, n in ipairs { 30, 1000, 1500, 12000 } do
      for _, length in ipairs { 16, 17, 32, 200, 2064, 2065 } do
        is_exact("string", length, n)
      end
      is_exact(pair, 64, n)
      is_exact(many, 16, n)
      is_exact("[129]byte", 129, n)
      is_exact("[2065]byte", 2065, n)
    end
  end)

  it("holds where chains are long and growths find many slabs", function()
    local load = { key = "int64", value = "none", policy = { load = 12 } }
    for _, n in ipairs { 196608, 202608, 208100, 216608 } do
      compare(load, n)
    end
  end)

  it("knows that short text lies in the bucket", function()
    local function with(length)
      return hmap.plan { key = "string", value = "int64", entries = 1000,
        key_bytes = length }.memory.text
    end
    assert.are.same({ 0, 0, 16000 }, { with(nil), with(15), with(16) })
    assert.are.equal(2 * 1000 * 20, hmap.plan { key = { "string", "string" },
      value = "int8", entries = 1000, key_bytes = 20 }.memory.text)
  end)

  it("holds in mid-growth", function()
    for _, n in ipairs { 54000, 57000, 900000 } do compare(SET, n) end
    compare({ key = "string", value = "int64" }, 7000, function(i)
      return "key " .. i
    end)
  end)

  it("holds for narrow, wide, indirect and composite types", function()
    compare({ key = "uint32", value = "bool" }, 20000)
    compare({ key = "float64", value = "none" }, 20000)
    compare({ key = "[24]byte", value = "none" }, 20000, text)
    compare({ key = "[200]byte", value = "none" }, 20000, function(i)
      return ("x"):rep(180) .. string.format("%020d", i)
    end)
    compare({ key = { "x:int32", "y:string" }, value = "none" }, 20000,
      function(i) return { x = i, y = "abc" } end)
    compare({ key = "any", value = "any" }, 20000)
  end)

  it("holds for every policy", function()
    for _, policy in ipairs {
      "redis", "adaptive", "smooth", "all_at_once", { load = 4, moves = 5 },
      { load = 16 }, { moves = 1 }, { load = 0.5 },
      { load = 1, moves = 1, empty_visits = 4 },
    } do
      compare({ key = "int64", value = "none", policy = policy }, 30000)
    end
  end)

  it("says how slow a growth by hand is if nobody steps", function()
    local m <close> = new(SET, { capacity = 26624,
      policy = { step_on = "manual" } })
    grow(m, 26624, itself)
    local f = m:forecast(26624 + 2 * 4096)
    grow(m, f.entries, itself)
    assert.is_true(f.growing.remaining > 500)
    close_to(f.growing.remaining, m:stats().remaining, 0.05, "remaining")
    assert.is_true(f.growths[1].writes > 8 * 4096)
  end)

  it("takes the integers of an identity to be consecutive", function()
    compare({ key = "int64", value = "none", hash = "identity" }, 40000)
    compare({ key = "int64", value = "none", hash = "identity" }, 54000)
  end)

  it("knows that a constant hash makes one chain", function()
    compare({ key = "int64", value = "none", hash = "constant" }, 2000)
  end)

  it("estimates the pages that the system gives", function()
    local p = plan(INTS, { entries = 1000000 })
    assert.is_true(p.resident <= p.bytes)
    assert.is_true(p.peak.resident <= p.peak.bytes)
    assert.is_true(p.peak.resident >= p.resident)
    local last = p.growths[#p.growths]
    local most = pages_of_growth(last.at + last.writes)
    if not most then return end -- no Linux
    -- The allocator, a sanitizer's more than others, keeps what is freed.
    close_to(p.peak.resident, most, 0.2, "resident")
  end)

  it("is of whole numbers that sum up, for 10^3 to 10^12 entries", function()
    local before = 0
    for power = 3, 12 do
      local n = math.tointeger(10 ^ power)
      local p = plan(INTS, { entries = n })
      local sum = 0
      for part, bytes in pairs(p.memory) do
        assert.are.equal("integer", math.type(bytes))
        sum = sum + (part == "total" and 0 or bytes)
      end
      assert.are.equal(p.bytes, sum)
      assert.are.equal(p.bytes, p.memory.total)
      assert.are.equal(1 << p.B, p.buckets)
      assert.are.equal(p.buckets // 16, p.preallocated)
      assert.are.equal(p.next_growth_at, 13 * p.buckets // 2)
      assert.is_true(p.next_growth_at >= n and p.next_growth_at < 2 * n + 2)
      assert.is_true(p.bytes > before and p.peak.bytes >= p.bytes)
      assert.are.equal(p.B, #p.growths)
      close_to(20.9, 100 * plan(INTS, { entries = p.next_growth_at }).overflow
        / p.buckets, 0.05, "%overflow of a full table")
      before = p.bytes
    end
  end)

  it("of no entry is a map without buckets", function()
    local p = plan(INTS, { entries = 0 })
    local m <close> = hmap.new(INTS)
    assert.are.equal(m:stats().bytes, p.bytes)
    assert.are.same({ 0, 0, 0 }, { p.buckets, #p.growths, p.hit_probes })
  end)

  it("is exact where nothing is left to chance", function()
    local m <close> = hmap.new { key = "int64", value = "int64",
      hash = "identity" }
    for n = 1, 300 do
      m:set(n, n)
      local p = plan(INTS, { entries = n, hash = "identity" })
      if not m:stats().growing and not p.growing then
        assert.are.equal(m:stats().bytes, p.bytes)
        assert.are.equal(m:distribution().hit_probes, p.hit_probes)
        assert.are.equal(m:distribution().miss_probes, p.miss_probes)
      end
    end
  end)

  it("says what it cannot plan", function()
    local function complaint(opts)
      local ok, message = pcall(hmap.plan, opts)
      assert.is_false(ok)
      return message
    end
    for wanted, opts in pairs {
      ["table expected, got nil"] = false,
      ["one of the options 'entries' and 'bytes' expected"] = {},
      ["options are bytes, entries, hash, key"] = { entrys = 5 },
      ["option 'entries': integer from 0 on expected, got %-1"]
        = { entries = -1 },
      ["option 'entries': integer from 0 on expected, got 1.5"]
        = { entries = 1.5 },
      ['integer from 0 on expected, got "5"'] = { entries = "5" },
      ['average length of a text expected, got "5"']
        = { entries = 5, key_bytes = "5" },
      ["option 'bytes': integer from 0 on expected, got inf"]
        = { bytes = math.huge },
      ["option 'live': from 1 to the 5 entries expected, got 6"]
        = { entries = 5, live = 6 },
      ["option 'live' goes with 'entries'"] = { bytes = 5, live = 6 },
      ["option 'key': unknown type 'int63'"] = { entries = 5, key = "int63" },
      ["unknown policy 'best'"] = { entries = 5, policy = "best" },
      ["hash 'identity' is of integer keys only"]
        = { entries = 5, hash = "identity" },
      ["option 'key_bytes': keys of this type have no text"]
        = { entries = 5, key = "int64", key_bytes = 3 },
      ["option 'value_bytes': average length of a text expected, got %-1"]
        = { entries = 5, value_bytes = -1 },
      ["no map has an array for 4611686018427387904 entries"]
        = { entries = 1 << 62 },
    } do
      local message = complaint(opts or nil)
      assert.is_truthy(message:find(wanted), message)
      assert.is_truthy(message:find("bad argument #1 to 'plan' (", 1, true))
    end
    assert.are.equal(1000, plan(INTS, { entries = 1e3 }).entries)
  end)
end)

describe("a plan of entries that come and go", function()
  -- Each further entry takes the place of one that chance picks.
  local function churn(m, live, entries)
    local keys = {}
    for i = 1, live do
      keys[i] = i
      m:set(i, i)
    end
    math.randomseed(7)
    for i = live + 1, entries do
      local gone = math.random(live)
      m:delete(keys[gone])
      keys[gone] = i
      m:set(i, i)
    end
  end

  for _, turns in ipairs { 0, 1, 6 } do
    it("knows what " .. turns .. " lifetimes do to chains", function()
      local live = 25000
      local p = plan(INTS, { live = live, entries = live * (turns + 1) })
      local m <close> = new(INTS)
      churn(m, live, live * (turns + 1))
      local s = m:stats()
      assert.are.equal(s.buckets, p.buckets)
      assert.are.equal(s.growths.same_size, p.same_size)
      close_to(p.overflow, s.overflow_in_use, 0.05, "overflow")
      close_to(p.bytes, s.bytes, 0.02, "bytes")
      same_probes(p, m, 0.03)
    end)
  end

  it("counts the growths to the same size that they cause", function()
    local live, entries = 6600, 6600 * 41
    local p = plan(INTS, { live = live, entries = entries })
    local m <close> = new(INTS)
    churn(m, live, entries)
    local seen = m:stats().growths.same_size
    assert.is_true(seen >= 3)
    assert.is_true(math.abs(p.same_size - seen) <= 1)
    assert.is_true(p.peak.bytes > plan(INTS, { entries = live }).peak.bytes)
  end)

  it("is that of the entries alive, else", function()
    local p = plan(INTS, { live = 1000, entries = 1000000 })
    assert.are.equal(plan(INTS, { entries = 1000 }).buckets, p.buckets)
    assert.are.same({ 1000000, 1000 }, { p.entries, p.live })
  end)
end)

describe("a plan from bytes", function()
  local function peak(n)
    return plan(INTS, { entries = n }).peak.bytes
  end

  it("gives the largest map that fits, and not one entry more", function()
    for _, bytes in ipairs { 1000, 50000, 1 << 20, 100000000, 1 << 32 } do
      local p = plan(INTS, { bytes = bytes })
      assert.are.equal(p.entries, p.at_rest.entries)
      assert.is_true(p.at_rest.bytes <= bytes)
      assert.is_true(plan(INTS, { entries = p.entries + 1 }).bytes > bytes)
      assert.are.equal(p.entries_growing, p.while_growing.entries)
      assert.is_true(peak(p.entries_growing) <= bytes)
      assert.is_true(peak(p.entries_growing + 1) > bytes)
      assert.is_true(p.entries_growing <= p.entries)
    end
  end)

  it("is where a map with max_bytes refuses", function()
    for _, limit in ipairs { 300000, 1000000, 1 << 22, 10000000 } do
      local p = plan(INTS, { bytes = limit })
      local m <close> = hmap.new { key = "int64", value = "int64",
        max_bytes = limit }
      local n = 0
      while pcall(m.set, m, n + 1, 0) do n = n + 1 end
      close_to(p.entries_growing, n, 0.02, "entries")
    end
  end)

  it("finds none where not even the header fits", function()
    local p = plan(INTS, { bytes = 10 })
    assert.are.same({ 0, 0 }, { p.entries, p.entries_growing })
  end)
end)

describe("the law of chains", function()
  -- Pascal's triangle, for small numbers.
  local function exactly(n, N, k)
    local ways = 1
    for i = 1, k do ways = ways * (n - k + i) / i end
    return ways * (1 / N) ^ k * (1 - 1 / N) ^ (n - k)
  end

  it("is binomial", function()
    for _, part in ipairs(law.of("random", 13, 4)) do
      assert.is_true(math.abs(exactly(13, 4, part[1]) - part[2]) < 1e-12)
    end
    assert.are.same({ { 7, 1 } }, law.of("random", 7, 1))
  end)

  it("sums to one and has the mean that is asked for", function()
    for _, case in ipairs {
      { 13, 2 }, { 1000, 256 }, { 10 ^ 12 // 1 | 0, 1 << 38 },
      { 5 * 10 ^ 11 // 1 | 0, 1 << 29 }, { 100, 1 << 40 },
    } do
      for _, name in ipairs { "random", "even", "constant" } do
        local sum, mean = 0, 0
        for _, part in ipairs(law.of(name, case[1], case[2])) do
          sum, mean = sum + part[2], mean + part[1] * part[2]
        end
        assert.is_true(math.abs(sum - 1) < 1e-6, name)
        assert.is_true(math.abs(mean / (case[1] / case[2]) - 1) < 1e-6, name)
      end
    end
  end)
end)

-- A line of spec/go/plan.tsv.
local function row_of(line)
  local how, key, value, text_bytes, n, B, overflow, bytes = line:match(
    "(%S+)\t(%S+)\t(%S+)\t(%d+)\t(%d+)\t(%d+)\t(%S+)\t(%d+)$")
  local function type_of(names)
    if not names:find(",") then return names end
    local fields = {}
    for field in names:gmatch("[^,]+") do fields[#fields + 1] = field end
    return fields
  end
  return {
    line = line, how = how, key = type_of(key), value = type_of(value),
    text = math.tointeger(text_bytes), n = math.tointeger(n),
    B = math.tointeger(B), overflow = tonumber(overflow),
    bytes = math.tointeger(bytes),
    pointers = (key .. value):find("string") or key == "[200]byte",
  }
end

local function rows_of(output)
  local rows = {}
  for line in output:gmatch("[^\n]+") do rows[#rows + 1] = row_of(line) end
  return rows
end

describe("what a map costs in Go", function()
  local function read(path)
    local file <close> = assert(io.open(path))
    return file:read("a")
  end

  -- The same program on the Go that is here, if one is.
  local function measured_now()
    local version = io.popen("go version 2>/dev/null")
    local is_119 = version:read("a"):find("go1.19", 1, true)
    version:close()
    if not is_119 then return nil end
    local pipe <close> = assert(io.popen("env -u LD_PRELOAD GOFLAGS= "
      .. "go run spec/go/plan.go 2>&1"))
    return pipe:read("a")
  end

  -- What chance decided is taken from the row: the rest is arithmetic.
  local function bytes_of(row)
    if row.how == "made" and row.B == 0 then return gocost.HEADER end
    local layout = hmap.layout(row.key, row.value)
    local bytes = gocost.bytes(row.B, layout.bucket_size,
      row.how == "made" and 0 or row.overflow, row.pointers)
    if row.how == "made" then return bytes end
    return bytes + math.tointeger(row.n * gocost.text_bytes(row.text)
      + (layout.indirect_key and row.n * gocost.rounded(layout.key_size) or 0))
  end

  -- A map with its chains known: to the byte, or to what else the runtime may
  -- have allocated at the same time.
  local function agrees_with_arithmetic(row, stray)
    if row.how == "growing" or row.overflow % 1 ~= 0 then return end
    local difference = math.abs(bytes_of(row) - row.bytes)
    assert.is_true(difference <= stray, row.line .. ": " .. bytes_of(row))
    assert.are.equal(row.B, gocost.least_B(row.n))
  end

  local function agrees_with_plan(row, stray)
    if row.how == "made" or row.n < 100 then return end
    local go = hmap.plan { key = row.key, value = row.value, entries = row.n,
      key_bytes = row.text > 0 and row.text or nil }.go
    assert.are.equal(row.B, go.B)
    close_to(row.how == "filled" and go.bytes or go.peak, row.bytes,
      0.02 + stray / row.bytes, row.line)
  end

  it("is what Go 1.19 measured, to the byte", function()
    local rows = rows_of(read("spec/go/plan.tsv"))
    assert.are.equal(161, #rows)
    for _, row in ipairs(rows) do agrees_with_arithmetic(row, 0) end
  end)

  it("is planned within 2 % of that, at rest and at the worst moment",
    function()
      for _, row in ipairs(rows_of(read("spec/go/plan.tsv"))) do
        agrees_with_plan(row, 0)
      end
    end)

  it("is what Go measures here", function()
    local rows = rows_of(measured_now() or read("spec/go/plan.tsv"))
    assert.are.equal(161, #rows)
    for _, row in ipairs(rows) do
      agrees_with_arithmetic(row, 8192)
      agrees_with_plan(row, 8192)
    end
  end)
end)

describe("a forecast", function()
  local function filled(n, opts)
    local m = new(INTS, opts)
    add(m, 1, n, itself)
    return m
  end

  it("of a fresh map is the plan", function()
    for _, n in ipairs { 0, 8, 9, 1000, 54000, 1000000 } do
      local m <close> = hmap.new(INTS)
      local f, p = m:forecast(n), plan(INTS, { entries = n })
      for _, name in ipairs {
        "B", "buckets", "load", "next_growth_at", "overflow", "growths",
        "bytes", "memory", "peak", "hit_probes", "growing",
      } do
        assert.are.same(p[name], f[name], name)
      end
    end
  end)

  it("comes true", function()
    for _, case in ipairs {
      { 1000, 30000 }, { 20000, 26000 }, { 50000, 55000 }, { 54000, 54000 },
      { 54000, 55000 }, { 54000, 57000 }, { 54000, 80000 },
      { 54000, 110000 },
    } do
      local m <close> = filled(case[1])
      local f = m:forecast(case[2])
      local seen = grow(m, case[2], itself)
      local s, now = m:stats(), f.growing or f
      same_growths(f.growths, seen.growths)
      assert.are.same({ s.buckets, s.next_growth_at, s.growing },
        { f.buckets, f.next_growth_at, f.growing ~= nil })
      close_to(now.bytes, s.bytes, 0.02 + slice(s), "bytes")
      if s.growing then by_chance(now.remaining, s.remaining, "remaining") end
      close_to(math.max(f.peak.bytes), math.max(seen.peak, f.bytes_now), 0.02,
        "peak")
    end
  end)

  it("of what is there already is what is there", function()
    for _, n in ipairs { 0, 5, 1000, 54000 } do
      local m <close> = filled(n)
      local f, s = m:forecast(n), m:stats()
      assert.are.equal(s.bytes, (f.growing or f).bytes)
      assert.are.equal(s.bytes, f.bytes_now)
      assert.are.equal(s.growing, f.under_way ~= nil)
    end
  end)

  it("says when the growth under way is over", function()
    local m <close> = filled(54000)
    local under_way = m:forecast(60000).under_way
    local n = 54000
    while m:stats().growing do
      n = n + 1
      m:set(n, n)
    end
    close_to(under_way.writes, n - 54000, 0.02, "writes")
  end)

  it("counts on more of the text that is there", function()
    local m <close> = hmap.new { key = "string", value = "int64", seed = 1 }
    for _, n in ipairs { 1000, 5000, 20000 } do
      add(m, m:count() + 1, n, text)
      local f = m:forecast(n)
      assert.are.equal(m:stats().bytes, (f.growing or f).bytes)
    end
    local f = m:forecast(100000)
    add(m, 20001, 100000, text)
    close_to(f.memory.text, m:memory().text, 0.02, "text")
    close_to(f.bytes, m:stats().bytes, 0.02, "bytes")
  end)

  it("takes texts of different lengths to go on as they are", function()
    local m <close> = hmap.new { key = "int64", value = "string", seed = 1 }
    local function fill(n)
      for i = m:count() + 1, n do m:set(i, ("x"):rep(i % 40)) end
    end
    fill(60000)
    local f = m:forecast(100000)
    fill(100000)
    close_to(f.memory.text, m:memory().text, 0.05, "text")
    close_to(f.bytes, m:stats().bytes, 0.02, "bytes")
  end)

  it("counts on more of the objects that are there", function()
    local m <close> = hmap.new { seed = 1 }
    for i = 1, 1000 do m:set(i, {}) end
    local f = m:forecast(20000)
    for i = 1001, 20000 do m:set(i, {}) end
    assert.are.equal(0, m:memory().text)
    close_to(f.memory.references, m:memory().references, 0.1, "references")
    close_to(f.bytes, m:stats().bytes, 0.02, "bytes")
    local same = m:forecast(20000)
    assert.are.equal(m:stats().bytes, (same.growing or same).bytes)
  end)

  it("takes the map's own policy, and what was tuned", function()
    local m <close> = filled(1000, { policy = { load = 2 } })
    assert.are.equal(1025, m:forecast(1025).growths[1].at)
    m:tune { load = 4 }
    assert.are.same({}, m:forecast(1025).growths)
  end)

  it("changes nothing", function()
    local m <close> = filled(54000)
    local before = m:stats()
    m:forecast(1000000)
    assert.are.same(before, m:stats())
  end)

  it("looks ahead only, and of open maps", function()
    local m = filled(100)
    local function complaint(...)
      local ok, message = pcall(m.forecast, m, ...)
      assert.is_false(ok)
      return message
    end
    assert.are.equal("bad argument #1 to 'forecast' (the map holds 100 "
      .. "entries, more than 99)", complaint(99))
    assert.are.equal("bad argument #1 to 'forecast' (number of entries "
      .. "expected, got nil)", complaint())
    assert.are.equal("bad argument #1 to 'forecast' (number of entries "
      .. 'expected, got "100")', complaint("100"))
    assert.is_truthy(complaint(1 << 62):find("no map has an array", 1, true))
    m:close()
    assert.is_truthy(complaint(100):find("map is closed", 1, true))
  end)
end)

describe("plans and forecasts", function()
  local views = {
    Plan = hmap.plan { key = "string", value = "int64", entries = 900000,
      key_bytes = 24 },
    PlanFromBytes = hmap.plan { key = "int64", value = "int64",
      bytes = 1 << 30 },
  }

  it("are plain data", function()
    local function walk(t)
      for name, value in pairs(t) do
        assert.is_truthy(type(name) == "string" or math.type(name))
        if type(value) == "table" then walk(value)
        else
          assert.is_truthy(type(value) == "number" or type(value) == "string"
            or type(value) == "boolean")
        end
      end
    end
    for _, view in pairs(views) do walk(view) end
  end)

  it("have the fields that are documented", function()
    local file <close> = assert(io.open("lua/hmap/core.meta.lua"))
    local meta = file:read("a")
    local m <close> = new(INTS)
    add(m, 1, 54000, itself)
    local churned = hmap.plan { entries = 9, live = 2 }
    for _, case in ipairs {
      { "Plan", views.Plan }, { "Plan", churned },
      { "PlanFromBytes", views.PlanFromBytes },
      { "Forecast", m:forecast(55000) }, { "Forecast", m:forecast(900000) },
      { "PlannedGrowth", views.Plan.growths[1] },
      { "PlannedMoment", views.Plan.growing },
      { "PlannedMoment", m:forecast(55000).growing },
      { "PlannedPeak", views.Plan.peak }, { "PlanInGo", views.Plan.go },
      { "MoveUnderWay", m:forecast(55000).under_way },
    } do
      local class, view = table.unpack(case)
      local body = meta:match("@class hmap%." .. class .. "%f[^%w].-\n\n")
      assert.is_string(body, class)
      local documented = {}
      for name, kind in body:gmatch("@field ([%w_]+) (%S+)") do
        documented[name] = true
        assert.is_true(kind:sub(-1) == "?" or view[name] ~= nil,
          class .. "." .. name .. " is documented but not there")
      end
      for name in pairs(view) do
        assert.is_true(documented[name], class .. "." .. name
          .. " is there but not documented")
      end
    end
  end)

  it("read well", function()
    local p = hmap.plan { key = "string", value = { "hp:int32", "mp:int32" },
      entries = 900000, key_bytes = 24 }
    assert.are.equal([[
900,000 entries of string -> {hp:int32, mp:int32}
 buckets   262,144 (B = 18), 3.43 entries each; doubles past 1,703,936 entries
 overflow  about 2,306 buckets
 at rest   82.8 MiB, 96.4 bytes an entry
 at worst  113 MiB at insert 851,969, both arrays there
 touched   80.0 MiB at rest, 104 MiB at worst
 growing   80,429 of 131,072 old buckets moved, about 42,820 writes to go
 growths   18 doublings, the last 3 of them:
   at insert     from  to buckets  in writes
     212,993   32,768      65,536     22,713
     425,985   65,536     131,072     45,426
     851,969  131,072     262,144     90,852
 a hit     passes 2.72 slots, reads 1.00 buckets
 a miss    passes 4.42 slots, reads 1.01 buckets
 in Go     75.8 MiB, 106 MiB at worst (Go 1.19)]], tostring(p))
  end)

  it("read well when entries come and go", function()
    local words = tostring(plan(INTS, { live = 6600, entries = 1000000 }))
    assert.is_truthy(words:find("6,600 entries of int64 -> int64\n churn     "
      .. "993,400 more, each in another's place: 16 growths to the same size",
      1, true))
    assert.is_truthy(words:find(" at worst  475 KiB as entries come and go",
      1, true))
  end)

  it("read well backwards", function()
    assert.are.equal([[
in 3.00 GiB, of int64 -> int64
 109,051,904 entries  in a map made for them (capacity): 2.72 GiB
  54,525,952 entries  by inserts alone: 1.36 GiB, 1.88 GiB at worst]],
      tostring(plan(INTS, { bytes = 3 << 30 })))
  end)

  it("read well ahead", function()
    local m <close> = new(INTS)
    add(m, 1, 54000, itself)
    assert.are.equal([[
from 54,000 to 55,000 entries
 under way  double, done in about 4,934 writes
 growths    none
 now        3.68 MiB
 at worst   3.68 MiB at 54,000 entries
 then       3.53 MiB, and 2.39 MiB, 45.6 bytes an entry at rest
 buckets    16,384 (B = 14), 3.36 entries each; doubles past 106,496 entries
 overflow   about 126 buckets]], tostring(m:forecast(55000)))
  end)
end)
