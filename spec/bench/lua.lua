-- What a Lua program sees: `lua lua.lua PEER N [KEYS]`, in Lua 5.4 and in
-- LuaJIT.
--
--   get    m:get(k), m:set(k, v)     many   m:get_many, m:set_many
--   bound  get(k), set(k, v)         table  the same on a plain table
--   view   t[k], t[k] = v
--
--   random  integers in a map of integers
--   any     the same in a map of any keys and values
--   small   maps of N entries, each made, filled and closed
--   words   N words of the system's list, each counted once
--
-- Prints lines of "name <tab> value" as the programs of workload.hpp do; the
-- same phases as far as Lua has them, the same checks. A peer that this hmap
-- does not have prints nothing.
local peer, n, kind = arg[1], tonumber(arg[2]), arg[3] or "random"

local WORDS = "/usr/share/dict/words"

local floor = math.floor

-- Distinct 31-bit integers: the "minimal standard" generator, of full period,
-- whose products stay exact in a double. All that LuaJIT has.
local function generator()
  local x = 1
  return function()
    x = 48271 * x % 2147483647
    return x
  end
end

-- Keys, probes that hit with the sum of their values, probes that miss.
local function draw()
  local count = math.max(100000, math.min(n, 2000000))
  local keys, hits, misses, expected = {}, {}, {}, 0
  local key, pick = generator(), generator()
  for i = 1, n do keys[i] = key() end
  for j = 1, count do
    misses[j] = key()
    local i = pick() % n + 1
    hits[j], expected = keys[i], expected + i
  end
  return keys, hits, misses, expected
end

local function row(name, value)
  print(string.format("%s\t%.4f", name, value))
end

-- The lesser of two passes. A phase says whether all was as it must be.
local function time(name, operations, phase)
  local best = math.huge
  for _ = 1, 2 do
    local start = os.clock()
    assert(phase(), name .. ": not what the keys say")
    best = math.min(best, os.clock() - start)
  end
  row(name, best / operations * 1e9)
end

local function resident()
  local file = io.open("/proc/self/smaps_rollup")
  if not file then return nil end
  local kib = file:read("*a"):match("Rss:%s+(%d+)")
  file:close()
  return kib and kib * 1024
end

-- A peer: how to make one, and the phases with its own way to read and write.
local peers = {}

local TYPES = { any = { "any", "any" }, words = { "string", "int64" } }

local types = TYPES[kind] or { "int64", "int64" }
local key_type, value_type = types[1], types[2]
local hmap -- when the first peer of it is made

local function new_hmap()
  hmap = hmap or require "hmap"
  return hmap.new { key = key_type, value = value_type }
end

local function sum_pairs(map)
  local sum = 0
  for _, value in pairs(map) do sum = sum + value end
  return sum
end

peers.get = {
  new = new_hmap,
  insert = function(m, keys)
    for i = 1, #keys do m:set(keys[i], i) end
  end,
  hit = function(m, keys)
    local sum = 0
    for j = 1, #keys do sum = sum + m:get(keys[j]) end
    return sum
  end,
  miss = function(m, keys)
    local found = 0
    for j = 1, #keys do
      if m:get(keys[j]) then found = found + 1 end
    end
    return found
  end,
  sum = sum_pairs,
  churn = function(m, keys)
    for j = 1, #keys do
      local key = keys[j]
      local value = m:get(key)
      m:set(key, nil)
      m:set(key, value)
    end
  end,
}

peers.get.close = function(m) m:close() end
peers.get.count = function(m, words)
  for i = 1, #words do m:add(words[i]) end
end

-- The same by methods that have the map inside.
peers.bound = setmetatable({
  new = new_hmap,
  insert = function(m, keys)
    local set = m:bind "set"
    for i = 1, #keys do set(keys[i], i) end
  end,
  hit = function(m, keys)
    local get, sum = m:bind "get", 0
    for j = 1, #keys do sum = sum + get(keys[j]) end
    return sum
  end,
  miss = function(m, keys)
    local get, found = m:bind "get", 0
    for j = 1, #keys do
      if get(keys[j]) then found = found + 1 end
    end
    return found
  end,
  churn = function(m, keys)
    local get, set = m:bind("get", "set")
    for j = 1, #keys do
      local key = keys[j]
      local value = get(key)
      set(key, nil)
      set(key, value)
    end
  end,
  count = function(m, words)
    local add = m:bind "add"
    for i = 1, #words do add(words[i]) end
  end,
}, { __index = peers.get })

peers.table = {
  new = function() return {} end,
  close = function() end,
  count = function(t, words)
    for i = 1, #words do
      local word = words[i]
      t[word] = (t[word] or 0) + 1
    end
  end,
  insert = function(t, keys)
    for i = 1, #keys do t[keys[i]] = i end
  end,
  hit = function(t, keys)
    local sum = 0
    for j = 1, #keys do sum = sum + t[keys[j]] end
    return sum
  end,
  miss = function(t, keys)
    local found = 0
    for j = 1, #keys do
      if t[keys[j]] then found = found + 1 end
    end
    return found
  end,
  sum = sum_pairs,
  churn = function(t, keys)
    for j = 1, #keys do
      local key = keys[j]
      local value = t[key]
      t[key] = nil
      t[key] = value
    end
  end,
}

-- A view is asked like a table; that is what it is for.
peers.view = setmetatable({
  new = function() return new_hmap():view() end,
  close = false, count = false,
}, { __index = peers.table })

-- Lists of a thousand, as a program that reads requests would have them; cut
-- before the clock runs.
local function lists_of(keys)
  local lists = {}
  for j = 1, #keys do
    local at = floor((j - 1) / 1000) + 1
    lists[at] = lists[at] or {}
    lists[at][(j - 1) % 1000 + 1] = keys[j]
  end
  return lists
end

peers.many = {
  new = function()
    local m = new_hmap()
    return pcall(function() return m.get_many, m.set_many end) and m or nil
  end,
  prepare = lists_of,
  insert = function(m, lists)
    local values, i = {}, 0
    for at = 1, #lists do
      for k = 1, #lists[at] do
        i = i + 1
        values[k] = i
      end
      m:set_many(lists[at], values)
    end
  end,
  hit = function(m, lists)
    local sum, out = 0, {}
    for at = 1, #lists do
      m:get_many(lists[at], out)
      for k = 1, #lists[at] do sum = sum + out[k] end
    end
    return sum
  end,
  miss = function(m, lists)
    local found, out = 0, {}
    for at = 1, #lists do
      m:get_many(lists[at], out)
      for k = 1, #lists[at] do
        if out[k] then found = found + 1 end
      end
    end
    return found
  end,
}

-- Fills maps until enough has been timed; returns the first. Its bytes are
-- what the process grew by: what its growth dropped is collected first.
local function insert(of, keys)
  local list = of.prepare and of.prepare(keys) or keys
  local best, first = math.huge, nil
  collectgarbage()
  local before = resident()
  for _ = 0, math.min(100, floor(1000000 / n)) do
    local map = of.new()
    local start = os.clock()
    of.insert(map, list)
    best = math.min(best, os.clock() - start)
    if not first then
      first = map
      collectgarbage()
      if before and n >= 100000 then
        row("bytes", (resident() - before) / n)
      end
    end
  end
  row("insert", best / n * 1e9)
  return first
end

local function run(of)
  local keys, hits, misses, expected = draw()
  local count, total = #hits, n * (n + 1) / 2
  local map = insert(of, keys)
  local asked = of.prepare and of.prepare(hits) or hits
  local absent = of.prepare and of.prepare(misses) or misses
  time("hit", count, function() return of.hit(map, asked) == expected end)
  time("miss", count, function() return of.miss(map, absent) == 0 end)
  local passes, list = math.max(1, floor(100000 / n)), keys
  if of.prepare then list = of.prepare(keys) end
  time("overwrite", passes * n, function()
    for _ = 1, passes do of.insert(map, list) end
    return true
  end)
  if of.sum then
    time("iterate", passes * n, function()
      for _ = 1, passes do
        if of.sum(map) ~= total then return false end
      end
      return true
    end)
  end
  if of.churn then
    time("churn", count, function()
      of.churn(map, asked)
      return true
    end)
    assert(of.sum(map) == total, "churn: other values than were put")
  end
end

-- Many small maps, one after the other.
local function run_small(of)
  local keys = draw()
  local maps = math.max(1, floor(200000 / n))
  if not of.close then return end
  time("fill", maps * n, function()
    local map
    for _ = 1, maps do
      map = of.new()
      of.insert(map, keys)
      of.close(map)
    end
    return true
  end)
end

local function run_words(of)
  local words, file = {}, io.open(WORDS)
  if not of.count or not file then return end
  for word in file:lines() do
    if #words < n then words[#words + 1] = word end
  end
  file:close()
  local map
  time("count", #words, function()
    if map then of.close(map) end
    map = of.new()
    of.count(map, words)
    return true
  end)
  assert(of.sum(map) == #words, "count: not every word once")
end

local RUNS = { small = run_small, words = run_words }

local of = assert(peers[peer], "no such peer")
if of.new() then
  local jit = rawget(_G, "jit")
  local titles = {
    get = "hmap, m:get and m:set", view = "hmap, a view",
    bound = "hmap, get and set bound to the map",
    many = "hmap, m:get_many and m:set_many, 1000 keys a call",
    table = (jit and jit.version or _VERSION) .. " table",
  }
  print("title\t" .. titles[peer])
  local do_it = RUNS[kind] or run
  do_it(of)
end
