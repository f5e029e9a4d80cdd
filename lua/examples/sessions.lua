-- A session store that never holds more than it may: `max_bytes` refuses the
-- write that would pass it, the oldest sessions make room, and the "adaptive"
-- policy gives the memory of a busy hour back when it is quiet again.
local hmap = require "hmap"

local LIMIT = 2 * 1024 * 1024

local store = hmap.new {
  key = "string", value = {"user:int64", "seen:int64"},
  policy = "adaptive", max_bytes = LIMIT, name = "sessions", seed = 1,
}
local queue, first, last = {}, 1, 0 -- tokens, the oldest first

local function evict(n)
  for _ = 1, math.min(n, last - first + 1) do
    store:delete(queue[first])
    queue[first] = nil
    first = first + 1
  end
end

local evicted = 0
local function login(user, now)
  local token = string.format("%016x-%08x", user * 0x9e3779b97f4a7c15, now)
  local ok, why = pcall(store.set, store, token, user, now)
  if not ok and tostring(why):find "max_bytes" then -- and nothing was lost
    evict(1000)
    evicted = evicted + 1000
    store:set(token, user, now)
  end
  last = last + 1
  queue[last] = token
  return token
end

local function report(moment)
  local stats = store:stats()
  print(string.format("%-13s %6d sessions, %5d buckets, within the limit: %s",
    moment, stats.count, stats.buckets, stats.bytes <= LIMIT))
end

local token
for second = 1, 60000 do token = login(second % 977, second) end
report "busy hour"
print("evicted", evicted, "the newest is there", store:get(token))

evict(last - first + 1 - 500) -- the night
store:finish()
report "quiet night"
print("memory given back: ", store:stats().bytes < LIMIT / 8)
