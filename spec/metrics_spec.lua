-- Prometheus text: read back by the rules of exposition format 0.0.4, and
-- held against the maps that it tells of.
local hmap = require "hmap"
local metrics = require "hmap.observe.metrics"

-- -- a strict reader ----------------------------------------------------------

local NAME = "^[%a_:][%w_:]*"
local LABEL = "^[%a_][%w_]*"
local UNESCAPED = { ["\\\\"] = "\\", ['\\"'] = '"', ["\\n"] = "\n" }

-- {a="x",b="y"} from `at` on: labels, and where they end.
local function read_labels(line, at)
  local labels, names = {}, {}
  if line:sub(at, at) ~= "{" then return labels, names, at end
  at = at + 1
  while line:sub(at, at) ~= "}" do
    local name = assert(line:match(LABEL, at), "no label name: " .. line)
    at = at + #name
    assert(line:sub(at, at + 1) == '="', "no =\": " .. line)
    at = at + 2
    local value = {}
    while line:sub(at, at) ~= '"' do
      local c = line:sub(at, at)
      assert(c ~= "", "label does not end: " .. line)
      if c == "\\" then
        c = line:sub(at, at + 1)
        at = at + 1
        value[#value + 1] = assert(UNESCAPED[c], "unknown escape: " .. line)
      else
        value[#value + 1] = c
      end
      at = at + 1
    end
    assert(labels[name] == nil, "label twice: " .. line)
    labels[name] = table.concat(value)
    names[#names + 1] = name
    at = at + 1
    local c = line:sub(at, at)
    assert(c == "," or c == "}", "no comma: " .. line)
    if c == "," then at = at + 1 end
  end
  return labels, names, at + 1
end

local function read_sample(line)
  local name = assert(line:match(NAME), "no name: " .. line)
  local labels, names, at = read_labels(line, #name + 1)
  local value = assert(line:match("^ (%S+)$", at), "no value: " .. line)
  table.sort(names)
  local key = { name }
  for _, label in ipairs(names) do
    key[#key + 1] = label .. "=" .. labels[label]
  end
  return { name = name, labels = labels, value = assert(tonumber(value)),
    key = table.concat(key, "\0") }
end

-- Families by name; raises where the text breaks a rule.
local function parse(text)
  assert(text == "" or text:sub(-1) == "\n", "no line feed at the end")
  assert(utf8.len(text), "not UTF-8")
  local families, current, seen = {}, nil, {}
  local helped
  for line in text:gmatch("([^\n]*)\n") do
    local keyword, name, rest = line:match("^# (%u+) (%S+) (.*)$")
    if keyword == "HELP" then
      assert(not families[name] and helped ~= name, "help twice: " .. name)
      helped, current = name, nil
    elseif keyword == "TYPE" then
      assert(not families[name], "a family in two places: " .. name)
      assert(helped == name, "type without help: " .. name)
      assert(rest == "gauge" or rest == "counter", "type: " .. rest)
      current = { type = rest, samples = {} }
      families[name] = current
    else
      local sample = read_sample(line)
      assert(families[sample.name] == current and current,
        "a sample outside its family: " .. line)
      assert(not seen[sample.key], "a series twice: " .. line)
      assert(current.type == "gauge" or sample.value >= 0, "below 0: " .. line)
      seen[sample.key] = true
      table.insert(current.samples, sample)
    end
  end
  for name, family in pairs(families) do
    assert(#family.samples > 0, "no samples: " .. name)
    assert((family.type == "counter") == (name:find("_total$") ~= nil), name)
  end
  return families
end

-- The one sample of a family with these labels, or nil.
local function value(families, name, labels)
  for _, sample in ipairs(families[name] and families[name].samples or {}) do
    local same = true
    for label, wanted in pairs(labels) do
      same = same and sample.labels[label] == wanted
    end
    if same then return sample.value end
  end
  return nil
end

local function scrape() return parse(hmap.metrics()) end

local function filled(n, name, opts)
  opts = opts or {}
  opts.key, opts.value = opts.key or "int64", opts.value or "int64"
  opts.name, opts.seed = name, 1
  local m = hmap.new(opts)
  for i = 1, n do m:set(i, i) end
  return m
end

-- -- the reader itself --------------------------------------------------------

describe("the reader of this spec", function()
  local good = "# HELP a_total b\n# TYPE a_total counter\na_total{x=\"1\"} 2\n"

  it("takes what is right", function()
    assert.are.equal(2, value(parse(good), "a_total", { x = "1" }))
    assert.are.same({}, parse "")
  end)

  it("refuses what breaks a rule", function()
    for _, bad in ipairs {
      good:sub(1, -2), -- no line feed at the end
      good .. good, -- a family in two places
      good .. 'a_total{x="1"} 3\n', -- a series twice
      good .. 'b{x="1"} 3\n', -- a sample outside its family
      good:gsub("counter", "gauge"), -- _total is a counter's
      good:gsub("a_total", "a"), -- a counter without it
      good:gsub('"1"', '"\\t"'), -- an escape that is none
      good:gsub('"1"', '"1'), -- a label that does not end
      good:gsub('"1"', '"1"y="2"'), -- no comma
      good:gsub(" 2", " two"), -- no number
      good:gsub(" 2", " -2"), -- a counter below 0
      "# HELP a b\n# TYPE a gauge\n", -- no samples
      "a 1\n", -- no type
    } do
      assert.is_false(pcall(parse, bad), bad)
    end
  end)
end)

-- -- hmap.metrics -------------------------------------------------------------

describe("hmap.metrics", function()
  before_each(function()
    collectgarbage()
    collectgarbage()
  end)

  it("is valid with maps of every state and type", function()
    local keep = {
      filled(0, "empty"), filled(9, "small"), filled(417, "growing"),
      filled(100, nil), filled(100, nil),
      hmap.new { name = "any" },
      hmap.new { key = "string", value = { "x:int8", "y:string" } },
      hmap.new { key = "[3]byte", value = "none", name = "set" },
    }
    keep[6]:set({}, print)
    keep[7]:set("key", 1, ("long text"):rep(10))
    keep[8]:set("abc")
    local families = scrape()
    assert.are.equal(1, value(families, "hmap_info",
      { version = hmap._VERSION }))
    assert.is_true(value(families, "hmap_maps", { map = "" }) >= 3)
    assert.are.equal("growing", keep[3]:stats().growing and "growing")
  end)

  it("says of each map what its views say", function()
    local m = filled(417, "views agree")
    local families, stats = scrape(), m:stats()
    local labels = { map = "views agree" }
    assert.are.same(
      { 1, stats.count, stats.buckets, stats.overflow_in_use, 1,
        stats.remaining, stats.evacuated / stats.old_buckets },
      { value(families, "hmap_maps", labels),
        value(families, "hmap_entries", labels),
        value(families, "hmap_buckets", labels),
        value(families, "hmap_overflow_buckets", labels),
        value(families, "hmap_growing", labels),
        value(families, "hmap_evacuation_remaining_buckets", labels),
        value(families, "hmap_evacuation_progress_ratio", labels) })
    local sum = 0
    for part, bytes in pairs(m:memory()) do
      if part ~= "total" and part ~= "per_entry" then
        labels.part = part
        assert.are.equal(bytes, value(families, "hmap_bytes", labels))
        sum = sum + bytes
      end
    end
    assert.are.equal(stats.bytes, sum)
    labels.part = nil
    for kind, n in pairs(stats.growths) do
      labels.kind = kind
      assert.are.equal(n, value(families, "hmap_growths_total", labels))
    end
  end)

  it("says that a map at rest has moved all there was to move", function()
    local m = filled(417, "to rest")
    m:finish()
    local families = scrape()
    assert.are.same({ 0, 0, 1 }, {
      value(families, "hmap_growing", { map = "to rest" }),
      value(families, "hmap_evacuation_remaining_buckets",
        { map = "to rest" }),
      value(families, "hmap_evacuation_progress_ratio", { map = "to rest" }),
    })
  end)

  it("writes names so that they are read as they were", function()
    local names = { 'say "no"', "two\nlines", "back\\slash", "\\n", "a\\",
      "comma,} 1", "{x=\"y\"}", "größe", " ", "# TYPE" }
    local keep = {}
    for i, name in ipairs(names) do keep[i] = filled(i, name) end
    local families = scrape()
    for i, name in ipairs(names) do
      assert.are.equal(i, value(families, "hmap_entries", { map = name }))
    end
    assert.are.equal(#names, #keep)
  end)

  it("makes one series of names that are written alike", function()
    local keep = { filled(3, "bad \xff"), filled(4, "bad \\255"),
      filled(5, "\xff\0\t"), filled(6, "") , filled(7, nil) }
    local families = scrape()
    assert.are.equal(7, value(families, "hmap_entries",
      { map = "bad \\255" }))
    assert.are.equal(5, value(families, "hmap_entries",
      { map = "\\255\\000\\009" }))
    assert.is_true(value(families, "hmap_entries", { map = "" }) >= 13)
    assert.are.equal(5, #keep)
  end)

  it("sums maps of one name", function()
    local a, b = filled(300, "twin"), filled(700, "twin")
    local families = scrape()
    assert.are.equal(2, value(families, "hmap_maps", { map = "twin" }))
    assert.are.equal(1000, value(families, "hmap_entries", { map = "twin" }))
    assert.are.equal(a:stats().growths.double + b:stats().growths.double,
      value(families, "hmap_growths_total", { map = "twin", kind = "double" }))
  end)

  it("has counters that do not fall when maps are closed or collected",
    function()
      local stays = filled(100, "falling")
      local grown = stays:stats().growths.double
      for round = 1, 20 do
        local m = filled(100, "falling")
        if round % 2 == 0 then m:close() end
        m = nil -- luacheck: ignore 311
        if round % 5 == 0 then collectgarbage() end
        local families = scrape()
        assert.are.equal((round + 1) * grown,
          value(families, "hmap_growths_total",
            { map = "falling", kind = "double" }))
        assert.are.equal(round + 1,
          value(families, "hmap_maps_created_total", { map = "falling" }))
      end
      collectgarbage()
      local families = scrape()
      assert.are.equal(1, value(families, "hmap_maps", { map = "falling" }))
      assert.are.equal(100, value(families, "hmap_entries",
        { map = "falling" }))
      assert.are.equal(21 * grown, value(families, "hmap_growths_total",
        { map = "falling", kind = "double" }))
    end)

  it("has counters of unnamed maps that do not fall either", function()
    local labels = { map = "", kind = "double" }
    local last = value(scrape(), "hmap_growths_total", labels) or 0
    for _ = 1, 10 do
      filled(100, nil)
      local now = value(scrape(), "hmap_growths_total", labels)
      assert.is_true(now >= last + 4)
      last = now
    end
    collectgarbage()
    assert.are.equal(last, value(scrape(), "hmap_growths_total", labels))
  end)

  it("adds up a thousand short maps of one name, whatever came between",
    function()
      local labels, grown = { map = "short" }, 0
      for round = 1, 4 do
        for i = 1, 250 do
          local m = filled(i % 20, "short")
          grown = grown + m:stats().growths.double
          if i % 2 == 0 then m:close() end
        end
        collectgarbage()
        collectgarbage()
        local families = scrape()
        assert.are.equal(250 * round,
          value(families, "hmap_maps_created_total", labels))
        assert.are.equal(0, value(families, "hmap_maps", labels))
        assert.are.equal(0, value(families, "hmap_entries", labels))
        assert.are.equal(0, value(families, "hmap_bytes",
          { map = "short", part = "buckets" }))
      end
      assert.is_true(grown > 500)
      assert.are.equal(grown, value(scrape(), "hmap_growths_total",
        { map = "short", kind = "double" }))
    end)

  it("forgets nothing of a name for another thousand names", function()
    filled(100, "for a while"):close()
    for i = 1, 900 do hmap.new { name = "another " .. i }:close() end
    collectgarbage()
    assert.are.equal(1, value(scrape(), "hmap_maps_created_total",
      { map = "for a while" }))
  end)

  it("does not pile up names, and counts under none what it had under them",
    function()
      local stays = filled(100, "stays")
      local function made()
        local sum = 0
        for _, s in ipairs(scrape().hmap_maps_created_total.samples) do
          sum = sum + s.value
        end
        return sum
      end
      local before = made()
      collectgarbage()
      local heap = collectgarbage "count"
      for i = 1, 20000 do hmap.new { name = "session " .. i }:close() end
      collectgarbage()
      collectgarbage()
      assert.are.equal(before + 20000, made())
      assert.are.equal(1, value(scrape(), "hmap_maps_created_total",
        { map = "stays" }))
      local _, n = hmap.metrics():gsub("hmap_maps_created_total{", "")
      assert.is_true(n < 2500, n)
      collectgarbage()
      assert.is_true(collectgarbage "count" - heap < 2000)
      assert.are.equal(100, #stays)
    end)

  it("keeps the name of a clone", function()
    local m = filled(10, "original")
    local clone = m:clone()
    assert.are.equal(20, value(scrape(), "hmap_entries",
      { map = "original" }))
    clone:close()
    assert.are.equal(10, value(scrape(), "hmap_entries",
      { map = "original" }))
  end)

  it("has no series of operations without a ledger", function()
    local m = filled(10, "no ledger")
    local families = scrape()
    assert.is_nil(value(families, "hmap_operations_total",
      { map = "no ledger" }))
    assert.are.equal(10, #m)
  end)

  it("does not change with what a map holds, in number of series", function()
    local m = filled(1, "number of series")
    local _, before = hmap.metrics():gsub("number of series", "")
    for i = 1, 10000 do m:set(i, i) end
    local _, after = hmap.metrics():gsub("number of series", "")
    assert.are.equal(before, after)
  end)
end)

describe("the text of metrics", function()
  local function tally(made, growths, operations)
    return { made = made, closed = 0, collected = 0, bytes = 0, peak = 0,
      growths = growths, operations = operations }
  end

  local function row(name, count)
    return { id = 1, name = name, count = count, buckets = 8, overflow = 1,
      growing = false, memory = { header = 100, buckets = 2000 } }
  end

  it("has operations where a ledger counted them", function()
    local families = parse(metrics.text({ row("a", 5) }, {
      names = { a = tally(1, {}, { get = 7, set = 5 }), b = tally(1, {}) },
      unnamed = tally(0, {}),
    }))
    assert.are.same({ 7, 5 }, {
      value(families, "hmap_operations_total", { map = "a", op = "get" }),
      value(families, "hmap_operations_total", { map = "a", op = "set" }),
    })
    assert.is_nil(value(families, "hmap_operations_total", { map = "b" }))
  end)

  it("has the longest chain where it is known", function()
    local long, short = row("a", 5), row("a", 5)
    long.longest_chain, short.longest_chain = 4, 2
    local families = parse(metrics.text({ long, short, row("b", 1) },
      { names = {}, unnamed = tally(0, {}) }))
    assert.are.equal(4, value(families, "hmap_longest_chain", { map = "a" }))
    assert.is_nil(value(families, "hmap_longest_chain", { map = "b" }))
  end)

  it("names the version when there is no map at all", function()
    local families = parse(metrics.text({},
      { names = {}, unnamed = tally(0, {}) }))
    assert.are.same({ "hmap_info" }, { next(families) and "hmap_info" })
    families.hmap_info = nil
    assert.is_nil(next(families))
  end)

  it("is the same, whatever order the maps come in", function()
    local rows = { row("b", 1), row("a", 2), row(nil, 3) }
    local tallies = { names = { a = tally(1, {}), b = tally(1, {}) },
      unnamed = tally(1, {}) }
    local text = metrics.text(rows, tallies)
    rows[1], rows[3] = rows[3], rows[1]
    assert.are.equal(text, metrics.text(rows, tallies))
  end)
end)
