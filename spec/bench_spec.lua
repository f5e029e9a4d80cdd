-- The benchmark's figures are never a test; that there are any, that they come
-- from maps that answer right, and that they are shown as they are, is.
local results = dofile "spec/bench/table.lua"

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

  it("show the largest size in markdown, and all when asked", function()
    assert.are.equal([[
**C, random keys, n = 10,000,000**

|  | hmap | go |
| --- | ---: | ---: |
| hit | 52.2 | 104 (2.00) |

Nanoseconds an operation, bytes an entry; in brackets the ratio to hmap.

- date: today: at 12:00
]], results.markdown(few))
    assert.is_truthy(results.markdown(few, true):find("n = 1,000**", 1, true))
  end)
end)

describe("the benchmark", function()
  local by = {} -- [level keys peer][operation] = value

  setup(function()
    local out = temporary()
    local said, good = output("make -s -f spec/bench/peers.mk PEERS='hmap std'"
      .. ' && eval "$(make -s --no-print-directory env)" && lua5.4 '
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
  local function program(wrong)
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
    said, good = output(binary .. " random 1000")
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
end)
