-- Numbers a person trusts: statistics, and how they are written.
local hmap = require "hmap"
local report = require "hmap.text.distribution"
local story = require "hmap.text.growth_log"
local format = require "hmap.format"

local function close_to(expected, got, tolerance)
  assert.is_true(math.abs(expected - got) <= tolerance,
    string.format("%.15g expected, got %.15g", expected, got))
end

local function filled(n, opts, key_of)
  opts = opts or {}
  local m = hmap.new { key = "int64", value = "int64", seed = opts.seed or 1,
    hash = opts.hash }
  for i = 1, n do m:set(key_of and key_of(i) or i, i) end
  return m
end

describe("chi-square", function()
  it("has the tail chances that tables print", function()
    for _, row in ipairs {
      { 3.841, 1, 0.05 }, { 18.307, 10, 0.05 }, { 29.588, 10, 0.001 },
      { 124.342, 100, 0.05 }, { 70.065, 100, 0.99 }, { 0.0039321, 1, 0.95 },
    } do
      close_to(row[3], report.chi_square_p(row[1], row[2]), row[3] * 5e-4)
    end
    -- Two degrees of freedom have a closed form.
    close_to(math.exp(-3.5), report.chi_square_p(7, 2), 1e-11)
  end)

  it("stays a chance for huge and for no difference", function()
    assert.are.equal(0, report.chi_square_p(1e300, 10))
    assert.are.equal(1, report.chi_square_p(0, 10))
    assert.is_true(report.chi_square_p(5000, 3) >= 0)
  end)

  it("is fed with Poisson chances that sum to one", function()
    for _, mean in ipairs { 0.001, 3.25, 6.5, 40 } do
      local law, sum, expected = report.poisson(mean, 63), 0, 0
      for k = 0, 63 do
        sum, expected = sum + law[k], expected + k * law[k]
      end
      close_to(1, sum, 1e-9)
      close_to(mean, expected, mean * 1e-3)
    end
  end)
end)

describe("a distribution", function()
  it("accounts for every chain and every entry", function()
    for _, n in ipairs { 1, 8, 27, 420, 3400, 5000 } do
      local d = filled(n):distribution()
      local chains, entries, overflow = 0, 0, 0
      for i, n_chains in ipairs(d.by_entries) do
        chains = chains + n_chains
        entries = entries + (i - 1) * n_chains
      end
      for _, n_chains in ipairs(d.by_overflow) do
        overflow = overflow + n_chains
      end
      assert.are.same({ d.chains, n, d.chains }, { chains, entries, overflow })
      assert.are.equal(n, d.by_state.full)
      close_to(n / d.chains, d.mean, 1e-12)
    end
  end)

  it("expects as many chains as there are", function()
    for _, n in ipairs { 420, 3400, 3600, 5000 } do
      local d = filled(n):distribution()
      local expected = 0
      for _, chains in ipairs(d.expected) do expected = expected + chains end
      -- Longer chains than the table has room for: less than half a one.
      close_to(d.chains, expected, 0.5 + d.chains * 1e-3)
    end
  end)

  it("says what a lookup passes, and what chance would make of that",
    function()
      local d = filled(12, { hash = "identity" }, function(i)
        return i <= 8 and 2 * i or 2 * i + 1 -- 8 in one chain, 4 in the other
      end):distribution()
      close_to((36 + 10) / 12, d.hit_probes, 1e-12)
      -- A full bucket is passed whole, another up to its first emptyRest.
      close_to((8 + 5) / 2, d.miss_probes, 1e-12)
      assert.are.same({ 1, 1 }, { d.hit_buckets, d.miss_buckets })
      close_to((36 + 10) / 12 / (1 + 6 / 2), d.cost, 1e-9)
    end)

  it("has a degree of freedom less two for each cell of five chains",
    function()
      -- 256 chains, mean 3.91: 0 to 7 and the rest have cells, 8 alone is 6.9
      -- and all above it 4.8.
      assert.are.equal(9 - 2, filled(1000):distribution().df)
    end)

  it("of nothing is all zero", function()
    local d = hmap.new { key = "int64", value = "int64" }:distribution()
    assert.are.same({ 0, 0, "few" }, { d.chains, d.entries, d.verdict })
    assert.is_truthy(tostring(d):find("0 entries in 0 chains", 1, true))
  end)
end)

describe("the verdict", function()
  it("is good for a good hash at any size", function()
    for _, n in ipairs { 1000, 10000, 100000, 1000000 } do
      for seed = 1, n < 1000000 and 10 or 1 do
        local m <close> = filled(n, { seed = seed })
        local d = m:distribution()
        assert.are.equal("good", d.verdict, "n " .. n .. " seed " .. seed)
      end
    end
  end)

  it("is good for a good hash in mid-growth, where chains have two loads",
    function()
      local low, high = 0, 0
      for seed = 1, 40 do
        local m <close> = filled(13312 + 1000, { seed = seed })
        assert.is_true(m:stats().growing)
        local d = m:distribution()
        assert.are.equal("good", d.verdict)
        if d.p < 0.1 then low = low + 1 end
        if d.p > 0.5 then high = high + 1 end
      end
      -- p is spread evenly if the expectation is right: a tenth, a half.
      assert.is_true(low <= 10, low .. " of 40 below 0.1")
      assert.is_true(high >= 10 and high <= 30, high .. " of 40 above 0.5")
    end)

  it("stays what it is whatever moves the buckets of a growth", function()
    local writes = {
      update = function(m, i) m:set(i, i) end,
      delete = function(m, i) m:delete(i) end,
      insert = function(m, i) m:set(-i, i) end,
      miss = function(m, i) m:delete(-i) end,
    }
    for _, policy in ipairs { "go", "redis", { load = 16 }, { moves = 1 } } do
      for _, write in pairs(writes) do
        local m <close> = hmap.new { key = "int64", value = "int64", seed = 2,
          policy = policy }
        repeat m:set(#m + 1, 1) until #m > 6000 and m:stats().growing
        local i = 0
        while m:stats().growing and i < 3000 do
          local d = m:distribution()
          assert.are.equal("good", d.verdict)
          assert.is_true(math.abs(d.cost - 1) < 0.03, d.cost)
          for _ = 1, 300 do
            i = i + 1
            write(m, i)
          end
        end
      end
    end
  end)

  it("is on classes of hashes while the size changes", function()
    local m = filled(3329)
    local d = m:distribution()
    assert.are.same({ 512, m:stats().old_buckets }, { d.classes, d.classes })
    assert.is_truthy(tostring(d):find("over 512 classes of hashes", 1, true))
    local chi_square, cost = d.chi_square, d.cost
    for i = 1, 200 do m:set(i, 0) end
    assert.is_true(m:stats().growing)
    d = m:distribution()
    assert.are.same({ chi_square, cost }, { d.chi_square, d.cost })
    m:finish()
    d = m:distribution()
    assert.are.equal(d.chains, d.classes)
  end)

  -- Throws 12,000 entries at 2,048 old buckets of which the first 800 have
  -- moved to 512 new ones: to i mod 512, or anywhere. Returns the views.
  local function caught(kind)
    local random, old, new = math.random, {}, {}
    for i = 0, 2047 do old[i] = 0 end
    for i = 0, 511 do new[i] = 0 end
    for _ = 1, 12000 do
      local i = random(0, 2047)
      local to = kind == "shrink" and i % 512 or random(0, 511)
      if i < 800 then new[to] = new[to] + 1 else old[i] = old[i] + 1 end
    end
    local by_entries, zeros, longest = {}, {}, 0
    for k = 0, 63 do by_entries[k] = 0 end
    for i = 0, 255 do zeros[i] = 0 end
    local function add(n)
      by_entries[n] = by_entries[n] + 1
      longest = math.max(longest, n)
    end
    for i = 800, 2047 do add(old[i]) end
    for i = 0, 511 do add(new[i]) end
    return {
      nchains = 1248 + 512, entries = 12000, by_entries = by_entries,
      by_overflow = zeros, by_state = {}, tophash = zeros, hit_probes = 0,
      hit_buckets = 0, miss_probes = 0, miss_buckets = 0, max_overflow = 0,
      max_entries = longest,
    }, { growing = true, kind = kind, buckets = 512, old_buckets = 2048 },
      { nevacuate = 800 }
  end

  it("is good for a good hash while buckets merge or change hash", function()
    math.randomseed(7)
    for _, kind in ipairs { "shrink", "rekey" } do
      local low = 0
      for _ = 1, 20 do
        local d = report.distribution(caught(kind))
        assert.are.equal("good", d.verdict)
        if d.p < 0.1 then low = low + 1 end
      end
      assert.is_true(low <= 6, kind .. ": " .. low .. " of 20 below 0.1")
    end
  end)

  it("is bad for keys that one bit pattern sends to one chain", function()
    for _, n in ipairs { 100, 1000, 3000 } do
      local d = filled(n, { hash = "identity" },
        function(i) return i * 1024 end):distribution()
      assert.are.equal("bad", d.verdict)
      d = filled(n, { hash = "constant" }):distribution()
      assert.are.same({ "bad", n }, { d.verdict, d.max_entries })
    end
  end)

  it("is even for numbers in sequence under identity: no chance at work",
    function()
      local d = filled(5000, { hash = "identity" }):distribution()
      assert.are.equal("even", d.verdict)
      assert.is_true(d.cost < 1)
      close_to(1, d.tophash_match, 0) -- all have tophash 5
    end)

  it("is few where there is too little to judge", function()
    assert.are.equal("few", filled(5):distribution().verdict)
    assert.is_truthy(tostring(filled(5):distribution()):find(
      "few: too few chains to tell", 1, true))
  end)

  -- 1,500 looks; a false alarm wants a p below one in a million. At 417 and 833
  -- a growth has just begun, at 450 and 900 it is half way.
  it("raises no false alarm in hundreds of maps", function()
    local made = {
      int64 = function(i) return i end,
      string = function(i) return "a key " .. i end,
      any = function(i) return i % 2 == 0 and i or "s" .. i end,
    }
    local worst = 1
    for kind, key_of in pairs(made) do
      for seed = 1, 100 do
        local m <close> = hmap.new { key = kind, value = "none", seed = seed }
        for i = 1, 900 do
          m:set(key_of(i))
          if i == 300 or i == 417 or i == 450 or i == 833 or i == 900 then
            local d = m:distribution()
            assert.are.equal("good", d.verdict, kind .. seed .. " " .. i)
            worst = math.min(worst, d.p)
          end
        end
      end
    end
    assert.is_true(worst < 0.01) -- or it is no chance at all
  end)

  it("is right of hashes known to be good or bad", function()
    math.randomseed(11)
    local random = {}
    for i = 1, 4000 do random[i] = math.random(0) end
    for _, case in ipairs {
      { "bad", function(i) return i * 1024 end },
      { "bad", function(i) return i * 16 + 3 end },
      { "bad", function(i) return i * 4 end },
      { "bad", function(i) return i << 32 end },
      { "even", function(i) return i end },
      { "even", function(i) return i * 3 end },
      { "good", function(i) return random[i] end },
      { "good", function(i) return i end, "xxh3" },
      { "good", function(i) return i * 1024 end, "xxh3" },
      { "bad", function(i) return i end, "constant" },
    } do
      for _, n in ipairs { 400, 1000, 4000 } do
        local m <close> = filled(n, { hash = case[3] or "identity" }, case[2])
        assert.are.equal(case[1], m:distribution().verdict)
      end
    end
  end)

  it("is bad for java31 on texts that collide, good for xxh3 on them",
    function()
      local texts = { "" }
      for _ = 1, 9 do
        for i = 1, #texts do
          texts[i], texts[#texts + 1] = texts[i] .. "Aa", texts[i] .. "BB"
        end
      end
      for hash, verdict in pairs { java31 = "bad", xxh3 = "good" } do
        local m <close> = hmap.new { key = "string", value = "none", seed = 1,
          hash = hash }
        m:set_many(texts)
        assert.are.equal(512, #m)
        assert.are.equal(verdict, m:distribution().verdict)
      end
    end)

  it("names each length it prints once, and rare lengths together", function()
    local text = tostring(filled(100000):distribution())
    local rows = {}
    for label in text:gmatch("\n%s*(%d+%+?)%s+[%d,]+%s+[%d.,]+") do
      assert.is_nil(rows[label])
      rows[label] = true
    end
    assert.is_true(rows["0"] and rows["6"] and not rows["40"])
    assert.is_truthy(text:find("verdict        good", 1, true))
  end)
end)

describe("stuck bits", function()
  local function bits(first, last, more)
    local list = more or {}
    for bit = first, last do list[#list + 1] = bit end
    return list
  end

  it("are those that all keys have in common", function()
    local m = filled(500, { hash = "identity" },
      function(i) return i * 1024 + 5 end)
    local d = m:distribution()
    assert.are.same({ 0, 2 }, d.always_set)
    assert.are.same(bits(19, 63, bits(3, 9, { 1 })), d.never_set)
    assert.is_truthy(tostring(d):find("stuck bits     1, 3-9, 19-63 never set, "
      .. "0, 2 always set: uses 1 bucket in 1,024, one tophash for all", 1,
      true))
  end)

  it("are all 64 of a constant, and none of xxh3", function()
    local constant = filled(100, { hash = "constant" }):distribution()
    assert.are.equal(64, #constant.never_set + #constant.always_set)
    assert.is_truthy(tostring(constant):find(
      "stuck bits     all 64: every key has the same hash", 1, true))
    for seed = 1, 50 do
      local d = filled(40, { seed = seed }):distribution()
      assert.are.same({ {}, {} }, { d.never_set, d.always_set })
      assert.is_nil(tostring(d):find("stuck", 1, true))
    end
  end)

  it("are the upper half of java31, so that all have one tophash", function()
    local m = hmap.new { key = "string", value = "none", hash = "java31" }
    for i = 1, 3000 do m:set(("%x"):format(i * 7919)) end
    local d = m:distribution()
    assert.are.equal(1, d.tophash_match)
    assert.are.equal(63, d.never_set[#d.never_set])
    assert.are.equal(32, d.never_set[#d.never_set - 31])
  end)

  it("are not told of fewer than 40 keys", function()
    local d = filled(39, { hash = "constant" }):distribution()
    assert.are.same({ {}, {} }, { d.never_set, d.always_set })
  end)

  it("are told of all entries while the map grows, of text, of objects",
    function()
      local m = filled(420, { hash = "identity" })
      assert.is_true(m:stats().growing)
      assert.are.same(bits(9, 63), m:distribution().never_set)
      local objects, kept = hmap.new {}, {}
      for i = 1, 200 do
        kept[i] = {}
        objects:set(kept[i], i)
      end
      assert.are.same({}, objects:distribution().never_set)
    end)

  it("leave NaN out, and draw no number for it", function()
    local function made()
      local m = hmap.new { key = "float64", seed = 3 }
      for i = 1, 50 do m:set(i, i) end
      m:set(0 / 0, 1)
      return m
    end
    local looked_at, other = made(), made()
    looked_at:distribution()
    looked_at:clear()
    other:clear()
    assert.are.equal(other:header().hash0, looked_at:header().hash0)
  end)
end)

describe("a report", function()
  it("has every part, and no address", function()
    local m = filled(420)
    local text = hmap.report(m, { width = 100, ascii = true })
    local titles = {}
    for title in text:gmatch("\n\n(%u[%u ]+)\n") do
      titles[#titles + 1] = title
    end
    assert.are.same({ "STATE", "MEMORY", "A BUCKET", "HOW THE KEYS FELL",
      "PICTURE" }, titles)
    assert.is_nil(text:find("0x%x%x%x"))
    for _, part in ipairs {
      tostring(m), tostring(m:stats()), tostring(m:memory()),
      tostring(m:layout()), m:draw { width = 100, ascii = true },
      "check     every invariant holds", "hmap " .. hmap._VERSION,
      "step on write",
    } do
      assert.is_truthy(text:find(part, 1, true), part)
    end
  end)

  it("repeats for a seed", function()
    local opts = { width = 100, ascii = false }
    assert.are.equal(hmap.report(filled(300), opts),
      hmap.report(filled(300), opts))
  end)

  it("is no wider than asked for", function()
    for _, n in ipairs { 0, 5, 27, 420, 5000 } do
      for _, width in ipairs { 72, 120 } do
        local text = hmap.report(filled(n), { width = width, ascii = true })
        for line in text:gmatch("[^\n]+") do
          assert.is_true(#line <= width, line)
        end
      end
    end
  end)

  it("of a map without entries says so", function()
    assert.is_truthy(hmap.report(hmap.new {}):find("0 entries in 0 chains", 1,
      true))
  end)

  it("changes nothing", function()
    local m = hmap.new { key = "int64", value = "int64", seed = 1,
      policy = "redis" }
    for i = 1, 300 do m:set(i, i) end
    assert.is_true(m:stats().growing)
    local before = m:stats()
    hmap.report(m)
    assert.are.same(before, m:stats())
  end)

  it("says what is wrong with its arguments", function()
    for _, case in ipairs {
      { "bad argument #1 to 'report' (hmap expected, got nil)" },
      { "bad argument #1 to 'report' (hmap expected, got table)", {} },
      { "bad argument #2 to 'report' (table expected, got number)",
        filled(1), 7 },
      { "bad argument #2 to 'report' (unknown option 'high'; options are "
        .. "ascii, width)", filled(1), { high = 1 } },
      { "bad argument #2 to 'report' (option 'width': integer from 64 on "
        .. 'expected, got "80")', filled(1), { width = "80" } },
    } do
      local ok, message = pcall(hmap.report, case[2], case[3])
      assert.are.same({ false, case[1] }, { ok, message })
    end
    local closed = filled(1)
    closed:close()
    assert.has_error(function() hmap.report(closed) end, "map is closed")
  end)
end)

describe("a story", function()
  local function tell(n, every)
    local m = hmap.new { key = "int64", value = "int64", seed = 1 }
    local teller = story.new(m:stats())
    for i = 1, n do
      m:set(i, i)
      if i % (every or 1) == 0 then teller:look(m:stats(), i) end
    end
    return teller.growths
  end

  it("tells each growth by its insert, sizes, reason and length", function()
    local growths = tell(500)
    assert.are.equal(7, #growths)
    assert.are.equal("growth 1 began with insert 9: 1 -> 2 buckets, "
      .. "because 9 > 8 slots; 1 old bucket moved in 1 write",
      story.sentence(growths[1]))
    assert.is_truthy(story.sentence(growths[7]):match(
      "^growth 7 began with insert 417: 64 %-> 128 buckets, because "
      .. "417 > 416 = 6.5 x 64; 64 old buckets moved in %d+ writes$"))
    assert.is_true(growths[7].writes >= 32 and growths[7].writes <= 64)
  end)

  it("says so when the last growth is under way", function()
    local growths = tell(418)
    assert.is_truthy(story.sentence(growths[7]):find("it is under way"))
    assert.is_truthy(story.growths_table(growths):find("under way"))
  end)

  it("puts a line for each growth under one head", function()
    local lines = {}
    for line in story.growths_table(tell(500)):gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.are.equal(8, #lines)
    assert.is_truthy(lines[8]:match("^%s+7%s+417%s+64%s+%->%s+128%s+"))
  end)

  it("gives overflow as the reason of a growth to the same size", function()
    local m = hmap.new { key = "int64", value = "int64", seed = 1,
      hash = "identity", capacity = 52 }
    local teller, write = story.new(m:stats()), 0
    for bucket = 0, 8 do -- each overflows once, then empties
      for n = 0, 8 do
        m:set(n * 8 + bucket % 8 + bucket // 8 * 1024, n)
        write = write + 1
        teller:look(m:stats(), write)
      end
      for n = 0, 7 do m:delete(n * 8 + bucket) end
    end
    local growth = teller.growths[1]
    assert.are.same({ 1, "same_size", 8, 8 },
      { #teller.growths, growth.kind, growth.from, growth.to })
    assert.is_truthy(story.sentence(growth):find(
      "because overflow buckets", 1, true))
  end)
end)

describe("the text of a view", function()
  local m = filled(420, { hash = "identity" })

  it("of the header has Go's fields in Go's order", function()
    local fields = {}
    for name in (tostring(m:header()) .. "\n"):gmatch("(%w+)[^\n]*\n") do
      fields[#fields + 1] = name
    end
    assert.are.same({ "count", "flags", "B", "noverflow", "hash0", "buckets",
      "oldbuckets", "nevacuate" }, fields)
  end)

  it("of the stats says how far a growth has come", function()
    local text = tostring(m:stats())
    assert.is_truthy(text:find("entries   420\n", 1, true))
    assert.is_truthy(text:find("growth    double, %d+ of 64 old buckets"))
    assert.is_truthy(text:find("growths   double 7\n", 1, true))
  end)

  it("of the stats says at rest when the next growth comes", function()
    local text = tostring(filled(10):stats())
    assert.is_truthy(text:find("none; doubles past 13 entries", 1, true))
    local labels = {}
    for label in ("\n" .. text):gmatch("\n(%w+)") do
      labels[#labels + 1] = label
    end
    assert.are.same({ "entries", "buckets", "load", "growth", "growths",
      "overflow", "memory" }, labels)
  end)

  it("of the memory adds up", function()
    local sum, total = 0, nil
    for name, bytes in tostring(m:memory()):gmatch("(%w+)%s+([%d,]+)") do
      local n = math.tointeger((bytes:gsub(",", "")))
      if name == "total" then total = n else sum = sum + (n or 0) end
    end
    assert.are.equal(m:stats().bytes, total)
    assert.are.equal(total, sum)
  end)

  it("of the layout shows where Go puts what", function()
    assert.are.equal(" at  bytes\n"
      .. "  0      8  8 tophash bytes\n"
      .. "  8     64  8 keys of 8 bytes\n"
      .. " 72     64  8 values of 8 bytes\n"
      .. "136      8  overflow: the next bucket of the chain\n"
      .. "       144  a bucket: 3 cache lines", tostring(m:layout()))
  end)

  it("of a bucket shows each slot, its key and value", function()
    local text = tostring(filled(2, { hash = "identity" }):bucket(0))
    assert.are.equal("new bucket 0, live, 1 bucket in its chain\n"
      .. " 0.0  05  full        1  = 1\n"
      .. " 0.1  05  full        2  = 2\n"
      .. " 0.2  00  empty rest\n"
      .. " 0.3  00  empty rest\n"
      .. " 0.4  00  empty rest\n"
      .. " 0.5  00  empty rest\n"
      .. " 0.6  00  empty rest\n"
      .. " 0.7  00  empty rest", text)
  end)
end)

describe("a key or value", function()
  it("stands on one line, quoted if it is text", function()
    assert.are.same({ "7", "1.5", "true", '"a\\010\\"b\\"\\\\"' },
      { format.value(7), format.value(1.5), format.value(true),
        format.value('a\n"b"\\') })
    assert.are.equal('"' .. ("x"):rep(31) .. '"…',
      format.value(("x"):rep(100)))
  end)

  it("shows the fields of a tuple", function()
    assert.are.equal('{1, "b"}', format.value { 1, "b" })
    assert.are.equal('{x=1, y={...}}', format.value { x = 1, y = {} })
  end)
end)

describe("a number", function()
  it("is grouped by thousands", function()
    assert.are.same({ "0", "999", "1,000", "104,334", "-1,234", "1,000,000" },
      { format.count(0), format.count(999), format.count(1000),
        format.count(104334), format.count(-1234), format.count(1000000) })
  end)

  it("of bytes or seconds has three digits and a unit", function()
    assert.are.same(
      { "0 B", "10,239 B", "10.0 KiB", "1.50 MiB", "1.00 GiB" },
      { format.bytes(0), format.bytes(10239), format.bytes(10240),
        format.bytes(1.5 * 2 ^ 20), format.bytes(2 ^ 30) })
    assert.are.same(
      { "75 ns", "1.00 us", "12.5 us", "1.57 ms", "100 ms", "1.00 s" },
      { format.seconds(75e-9), format.seconds(999.9e-9),
        format.seconds(12.5e-6), format.seconds(1.57e-3),
        format.seconds(0.1), format.seconds(0.9996) })
  end)

  it("takes its noun with it", function()
    assert.are.same({ "1 write", "2 writes", "0 entries", "1 entry" },
      { format.plural(1, "write"), format.plural(2, "write"),
        format.plural(0, "entry", "entries"),
        format.plural(1, "entry", "entries") })
  end)
end)

describe("a bar", function()
  it("marks where it was expected to end", function()
    assert.are.equal("###|##", format.bar(6, 4, 1, 10, true))
    assert.are.equal("##  |", format.bar(2, 5, 1, 10, true))
    assert.are.equal("##|", format.bar(3, 3, 1, 10, true))
  end)

  it("shows a sliver of what is too small to fill a cell", function()
    assert.are.equal(".", format.bar(1, nil, 100, 10, true))
    assert.are.equal("", format.bar(0, nil, 100, 10, true))
  end)

  it("ends at its length", function()
    assert.are.equal("##########", format.bar(1e9, 1e9, 1, 10, true))
  end)
end)
