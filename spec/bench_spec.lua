-- The benchmark's figures are never a test; that there are any, that they come
-- from maps that answer right, and that they are shown as they are, is.
local results = dofile "spec/bench/table.lua"
local pauses = dofile "spec/bench/pause_table.lua"
local plot = dofile "spec/bench/pause_plot.lua"

local LUA = os.getenv "LUA" or "lua5.4"

-- Commands of the checkout, without what a sanitized run puts before them.
local function output(command)
  local pipe <close> = assert(io.popen("exec 2>&1; export LD_PRELOAD=; "
    .. "unset MAKEFLAGS BUILD; " .. command))
  return pipe:read "a", pipe:close() == true
end

local function temporary(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(text or ""))
  return path
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function row(level, keys, n, peer, operation, value)
  return { level = level, keys = keys, n = n, peer = peer,
    operation = operation, value = value }
end

local few = {
  about = { { "date", "today: at 12:00" } },
  rows = {
    row("C", "random", 1000, "hmap", "insert", 40.0),
    row("C", "random", 1000, "hmap", "hit", 4.5),
    row("C", "random", 1000, "go", "hit", 18.0),
    row("C", "random", 5000, "hmap", "hit", 5.0),
    row("C", "random", 10000000, "hmap", "hit", 52.25),
    row("C", "random", 10000000, "go", "hit", 104.5),
  },
}

describe("the benchmark's tables", function()
  it("read from a file what was written to it", function()
    assert.are.same(few, results.decode(results.encode(few)))
  end)

  it("put every ratio to hmap beside the time", function()
    assert.are.equal([[
C, random keys, n = 1,000
          hmap           go
  insert  40.0            -
  hit     4.50  18.0 (4.00)
]], results.terminal(results.workloads(few.rows)[1]))
  end)

  it("show the extreme sizes in markdown, and all when asked", function()
    assert.are.equal([[
**C, random keys, n = 1,000**

|  | hmap | go |
| --- | ---: | ---: |
| insert | 40.0 | - |
| hit | 4.50 | 18.0 (4.00) |

**C, random keys, n = 10,000,000**

|  | hmap | go |
| --- | ---: | ---: |
| hit | 52.2 | 104 (2.00) |

Nanoseconds an operation, bytes an entry; in brackets the ratio to hmap.

- date: today: at 12:00
]], results.markdown(few))
    assert.is_nil(results.markdown(few):find("n = 5,000**", 1, true))
    assert.is_truthy(results.markdown(few, true):find("n = 5,000**", 1, true))
  end)
end)

describe("the figures that are kept", function()
  it("stand in their README as tables", function()
    local kept = results.decode(read "spec/bench/bench.tsv")
    local page = read "spec/bench/README.md"
    assert.is_truthy(page:find(results.markdown(kept), 1, true))
  end)
end)

describe("the benchmark", function()
  local by = {} -- [level keys peer][operation] = value

  setup(function()
    local out = temporary()
    local said, good = output("make -s -f spec/bench/peers.mk PEERS='hmap std'"
      .. ' && eval "$(make -s --no-print-directory env)" && ' .. LUA .. ' '
      .. "spec/bench/run.lua --n 1000 --repeats 1 --peers hmap,std,get,table "
      .. "--out " .. out)
    assert(good, said)
    local file <close> = assert(io.open(out))
    for _, one in ipairs(results.decode(file:read "a").rows) do
      local id = one.level .. " " .. one.keys .. " " .. one.peer
      by[id] = by[id] or {}
      assert(not by[id][one.operation], "a figure given twice")
      by[id][one.operation] = one.value
    end
    os.remove(out)
  end)

  it("times each phase of each peer on each kind of keys", function()
    for _, keys in ipairs { "random", "sequential", "text", "paths" } do
      for _, peer in ipairs { "hmap", "std" } do
        local figures = assert(by["C " .. keys .. " " .. peer], keys)
        for _, operation in ipairs { "insert", "hit", "dependent", "miss",
          "iterate", "churn", "mixed" } do
          local ns = assert(figures[operation], operation)
          assert.is_true(ns > 0.1 and ns < 1e6, operation .. " " .. ns)
        end
      end
    end
    for _, peer in ipairs { "get", "table" } do
      for _, operation in ipairs { "insert", "hit", "miss", "iterate" } do
        assert.is_true(by["Lua random " .. peer][operation] > 0.1)
      end
    end
  end)

  it("finds at least an entry's own bytes in the memory of its map", function()
    for id, figures in pairs(by) do
      if id:find "^C" then
        assert.is_true(figures.bytes >= 16 and figures.bytes < 1000, id)
        assert.is_true(figures.peak >= figures.bytes, id)
      end
    end
  end)

  -- Each peer below is std::unordered_map with one thing wrong.
  local function program(wrong, arguments)
    local source, binary = temporary([[
      #include <unordered_map>
      #include "workload.hpp"
      template <class Key>
      struct Map : bench::StandardMap<std::unordered_map<Key, int64_t>> {
        using Base = bench::StandardMap<std::unordered_map<Key, int64_t>>;
        ]] .. wrong .. [[
      };
      int main(int argc, char **argv) {
        return bench::run<Map>(argc, argv, "wrong");
      }]]), temporary()
    local said, good = output("c++ -std=c++17 -Ispec/bench -x c++ -o " .. binary
      .. " " .. source)
    assert(good, said)
    said, good = output(binary .. " " .. (arguments or "random 1000"))
    os.remove(source)
    os.remove(binary)
    return said, good
  end

  it("fails a peer that loses an entry, or finds one that is not there",
    function()
      local said, good = program [[
        void put(const Key &key, int64_t value) {
          if (value != 500) Base::put(key, value);
        }]]
      assert.is_false(good)
      assert.is_truthy(said:find("hit: a wrong value", 1, true))
      said, good = program [[
        int64_t get(const Key &key) {
          int64_t value = Base::get(key);
          return value ? value : 1;
        }]]
      assert.is_false(good)
      assert.is_truthy(said:find("miss: an absent key was found", 1, true))
    end)

  it("fails a peer that loses an entry while each operation is timed",
    function()
      local times = temporary()
      local said, good = program([[
        void put(const Key &key, int64_t value) {
          if (value != 500) Base::put(key, value);
        }]], "pause random 1000 " .. times)
      assert.is_false(good)
      assert.is_truthy(said:find("other values than were put", 1, true))
      os.execute("rm -f " .. times .. "*")
    end)
end)

-- uint32 numbers, as they are in a file of times.
local function packed(times)
  local out = {}
  for i, time in ipairs(times) do out[i] = string.pack("=I4", time) end
  return table.concat(out)
end

local function unpacked(text)
  local times = {}
  for at = 1, #text, 4 do times[#times + 1] = string.unpack("=I4", text, at) end
  return times
end

describe("the figures of single operations", function()
  setup(function()
    local said, good = output "make -s build/libhmap.a && make -s -j2 -f \z
      spec/bench/peers.mk PEERS='hmap pause_lua lua pause'"
    assert(good, said)
  end)

  local function figures_in(times, columns)
    local path = temporary(packed(times))
    local said, good = output("build/bench/pause " .. path .. " "
      .. (columns or ""))
    os.remove(path)
    assert(good, said)
    local figures = {}
    for name, value in said:gmatch "(%S+)\t(%S+)\n" do
      figures[name] = tonumber(value)
    end
    return figures
  end

  it("are exact ranks, and name the operation that was the worst", function()
    local times = {} -- each of 1 to 100,000 once, in no order
    local worst
    for i = 1, 100000 do
      times[i] = i * 70001 % 100000 + 1
      if times[i] == 100000 then worst = i - 1 end
    end
    assert.are.same({ count = 100000, median = 50000, p99 = 99000,
      ["p99.9"] = 99900, ["p99.999"] = 99999, worst = 100000, at = worst,
      total = 100000 * 100001 // 2 }, figures_in(times))
  end)

  it("are those of the only operation if there is one", function()
    assert.are.same({ count = 1, median = 7, p99 = 7, ["p99.9"] = 7,
      ["p99.999"] = 7, worst = 7, at = 0, total = 7 }, figures_in { 7 })
  end)

  it("say of each stretch of operations the most", function()
    local times = {}
    for i = 1, 1000 do times[i] = i * 7919 % 1009 end
    local ends, seen = {}, 0
    for name, value in pairs(figures_in(times, 10)) do
      local upto = tonumber(name:match "^upto:(%d+)$")
      if upto then ends[#ends + 1] = { upto, value } end
    end
    table.sort(ends, function(a, b) return a[1] < b[1] end)
    for _, stretch in ipairs(ends) do
      local upto, most = stretch[1], stretch[2]
      assert.are.equal(math.max(table.unpack(times, seen + 1, upto)), most)
      seen = upto
    end
    assert.are.equal(1000, seen)
    assert.are.equal(math.ceil(10 ^ 0.1), ends[2][1])
  end)

  it("come from the least that each operation ever took", function()
    local prefix = temporary()
    local function times_after(before)
      local file <close> = assert(io.open(prefix .. "insert", "wb"))
      assert(file:write(packed(before)))
      file:close()
      local said, good = output("build/bench/hmap pause random 500 " .. prefix)
      assert(good, said)
      return unpacked(read(prefix .. "insert"))
    end
    local never, sometimes = {}, {}
    for i = 1, 500 do
      never[i] = 0
      sometimes[i] = i % 2 * 0xffffffff
    end
    assert.are.same(never, times_after(never))
    for i, time in ipairs(times_after(sometimes)) do
      assert.is_true((time == 0) == (i % 2 == 0) and time < 0xffffffff, i)
    end
    os.execute("rm -f " .. prefix .. "*")
  end)

  it("are there for every phase of every peer, and in order", function()
    local out = temporary()
    local said, good = output('eval "$(make -s --no-print-directory env)" && '
      .. LUA .. " spec/bench/pause.lua --n 1000 --repeats 2 --peers "
      .. "hmap,pause_lua,lua --out " .. out)
    assert(good, said)
    local run = pauses.runs(results.decode(read(out)).rows)[1]
    for _, peer in ipairs { "hmap", "pause_lua", "lua" } do
      for phase, count in pairs { insert = 1000, churn = 1000, delete = 1000,
        refill = 1000, clear = 1, close = 1,
        garbage = peer ~= "hmap" and 500 or nil } do
        local f = assert(run.phase[phase][peer], phase)
        assert.are.equal(count, f.count)
        assert.is_true(f.at >= 0 and f.at < count)
        assert.is_true(f.median <= f.p99 and f.p99 <= f["p99.9"]
          and f["p99.9"] <= f["p99.999"] and f["p99.999"] <= f.worst, phase)
        assert.is_true(f.worst <= f.total and f.total <= count * f.worst)
      end
      assert.is_true(run.phase.map[peer].peak >= run.phase.map[peer].bytes)
    end
    assert.is_nil(run.phase.garbage.hmap)
    assert.is_truthy(read(out .. ".svg"):find("hmap, Lua", 1, true))
    os.execute("rm -f " .. out .. "*")
  end)
end)

describe("the tables of pauses", function()
  local function figures(phase, peer, n, worst)
    local rows = {}
    for name, value in pairs { count = n, median = 50, p99 = 400,
      ["p99.9"] = 2e3, ["p99.999"] = 1.25e4, worst = worst, at = n - 1,
      total = 5.5e8 } do
      rows[#rows + 1] = row(phase, "random", 10000, peer, name, value)
    end
    return table.unpack(rows)
  end
  local some = {
    about = { { "date", "today" } },
    rows = { figures("clear", "hmap", 1, 9870) },
  }
  for _, one in ipairs { { "hmap", 19900 }, { "lua", 1.588e9 } } do
    for _, each in ipairs { figures("insert", one[1], 10000, one[2]) } do
      table.insert(some.rows, each)
    end
  end
  table.insert(some.rows, row("map", "random", 10000, "lua", "bytes", 40))
  table.insert(some.rows, row("map", "random", 10000, "lua", "peak", 60))

  it("give to each phase a line of figures for each peer", function()
    assert.are.equal([[
int64 keys, n = 10,000

  insert        count  median     p99    p99.9  p99.999    worst     at   total
    hmap, C    10,000   50 ns  400 ns  2.00 µs  12.5 µs  19.9 µs  9,999  550 ms
    Lua table  10,000   50 ns  400 ns  2.00 µs  12.5 µs   1.59 s  9,999  550 ms

  clear, the call  count  median     p99    p99.9  p99.999    worst  at   total
    hmap, C            1   50 ns  400 ns  2.00 µs  12.5 µs  9.87 µs   0  550 ms

  memory       bytes an entry  peak / final
    Lua table            40.0          1.50
]], pauses.terminal(pauses.runs(some.rows)[1]))
  end)

  it("show the worst in markdown, and how bad it rarely is", function()
    assert.are.equal([[
**The worst single operation, int64 keys, n = 10,000**

|  | hmap, C | Lua table |
| --- | ---: | ---: |
| insert | 19.9 µs (12.5 µs) | 1.59 s (12.5 µs) |
| clear, the call | 9.87 µs | - |
| peak / final memory | - | 1.50 |

In brackets what all but one in 100,000 stay below.

- date: today
]], pauses.markdown(some))
  end)
end)

describe("the picture of pauses", function()
  local data = results.decode(read "spec/bench/pause.tsv")
  local svg = plot.svg(data)

  it("is the one that its data give", function()
    assert.are.equal(read "spec/bench/pause.svg", svg)
  end)

  it("names every peer of its data in both panels", function()
    for _, run in ipairs(pauses.largest(pauses.runs(data.rows))) do
      for peer in pairs(run.keys == "random" and run.phase.insert or {}) do
        for _, known in ipairs(pauses.PEERS) do
          if known[1] == peer then
            local _, times = svg:gsub(">" .. known[2] .. " [%d.]+ [^<]*s<", "")
            assert.are.equal(2, times, peer)
          end
        end
      end
    end
  end)

  it("is small, and needs nothing but itself", function()
    assert.is_true(#svg < 60000)
    local _, addresses = svg:gsub("://", "")
    assert.are.equal(1, addresses) -- the name of the format
  end)

  it("is nothing where no insert was timed", function()
    assert.is_nil(plot.svg { about = {}, rows = {} })
  end)

  it("stands in the README beside the tables of the same data", function()
    local readme = read "spec/bench/README.md"
    assert.is_truthy(readme:find("(pause.svg)", 1, true))
    assert.is_truthy(readme:find(pauses.markdown(data), 1, true))
  end)
end)
