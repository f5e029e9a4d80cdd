-- Writes the pages that page.js opens, and what it must find there, into a
-- folder: lua5.4 spec/page/pages.lua FOLDER [small: that one alone]
local hmap = require "hmap"
local dkjson = require "dkjson"
local keybook = require "hmap.explorer.keybook"
local replay = require "hmap.observe.replay"

local folder = assert(arg[1], "folder expected")

local function write(name, text)
  local file = assert(io.open(folder .. "/" .. name, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- Random numbers of our own: the same on every machine.
local function lots(seed)
  return function(n)
    seed = seed * 6364136223846793005 + 1442695040888963407
    return (seed >> 33) % n + 1
  end
end

local function key_text(key)
  return key ~= nil and keybook.text_of(key) or ""
end

local function bucket_of(map, i, which)
  local view = map:bucket(i, which)
  if not view or view.unknown then return nil end
  local slots = {}
  for n, slot in ipairs(view.slots) do
    slots[n] = { slot.tophash, slot.state == "full" and key_text(slot.key)
      or slot.state:gsub("_", " ") }
  end
  return { which = which, index = i, slots = slots }
end

-- What the map itself says at some operations: a few buckets, a hash.
local function facts_of(script, n)
  local lot, facts, op_count = lots(7), {}, 0
  replay.play(script, function() op_count = op_count + 1 end):close()
  replay.play(script, function(map, op, _, args)
    if op == 0 or lot(op_count) > n then return end
    local stats = map:stats()
    local fact = { op = op, count = stats.count, buckets = {} }
    for which, size in pairs { new = stats.buckets, old = stats.old_buckets } do
      for _ = 1, math.min(8, size) do
        fact.buckets[#fact.buckets + 1] = bucket_of(map, lot(size) - 1, which)
      end
    end
    if args then
      local e = map:explain(table.unpack(args, 1, args.n))
      fact.key, fact.hash = key_text(args[1]), e.hash
      fact.tophash = e.tophash
    end
    facts[#facts + 1] = fact
  end):close()
  return facts
end

local function words(n)
  local keys, lot = {}, lots(3)
  for i = 1, n do
    local letters = {}
    for k = 1, 3 + lot(9) do letters[k] = string.char(96 + lot(26)) end
    keys[i] = table.concat(letters) .. i
  end
  return keys
end

local COLOURS = { "red", "blue", "green", "grey", "black", "white", "brown",
  "pink", "gold", "teal", "tan", "lime", "rust", "jade", "ruby", "plum",
  "rose", "sand", "mint", "navy", "onyx", "pale", "wine", "ash", "coal" }
local ANIMALS = { "fox", "owl", "bee", "ant", "cat", "dog", "elk", "hen", "ape",
  "bat", "cod", "eel", "emu", "gnu", "hare", "ibis", "jay", "kite", "lynx",
  "mole", "newt", "pig", "ram", "seal" }

local function names()
  local keys = {}
  for i, animal in ipairs(ANIMALS) do
    for k, colour in ipairs(COLOURS) do
      keys[(i - 1) * #COLOURS + k] = colour .. " " .. animal
    end
  end
  return keys
end

local function churn(n, policy)
  local lot, keys, calls = lots(11), {}, {}
  for i = 1, n do
    local deletes = i // (n // 4) % 2 == 1
    keys[i] = lot(n // 3)
    calls[i] = { times = 1, call = lot(10) <= (deletes and 8 or 2)
      and "delete" or "set" }
  end
  calls[n + 1] = { call = "clear", times = 1 }
  calls[n + 2] = { call = "set", times = 300 }
  for i = 1, 300 do keys[#keys + 1] = i end
  return { key = "int64", value = "none", seed = 5, policy = policy,
    keys = keys, calls = calls }
end

local HOSTILE = {
  "</script><img src=x onerror=\"window.pwned=1\">", "<!--", "]]>", "\"'`${}",
  "&lt;b&gt;", "\0\1\2\255\254", "line\nbreak", "\u{202e}right to left",
  "__proto__", "constructor", ("long "):rep(2000), " ", "",
}

local function hostile()
  local keys, lot = table.move(HOSTILE, 1, #HOSTILE, 1, {}), lots(13)
  for i = 1, 100 do
    local bytes = {}
    for k = 1, lot(40) do bytes[k] = string.char(lot(256) - 1) end
    keys[#keys + 1] = table.concat(bytes) .. i
  end
  return { key = "string", value = "none", seed = 2, keys = keys,
    name = HOSTILE[1] }
end

local function page(name, script, samples)
  hmap.report(script, folder .. "/" .. name .. ".html")
  return facts_of(script, samples)
end

local function small()
  return page("small", { key = "string", value = "none", seed = 1,
    name = "animals", keys = names() }, 60)
end

local function all()
  local facts = { small = small() }
  facts.churn = page("churn", churn(3000, "adaptive"), 60)
  facts.redis = page("redis", churn(3000, "redis"), 60)
  facts.hostile = page("hostile", hostile(), 10)
  facts.large = page("large", { key = "string", value = "none", seed = 1,
    keys = words(100000) }, 40)
  local several = {}
  for i, policy in ipairs { "go", "redis", "all_at_once" } do
    several[i] = { key = "int64", value = "none", seed = 1, policy = policy,
      keys = {} }
    for k = 1, 3000 do several[i].keys[k] = k end
  end
  hmap.report(several, folder .. "/several.html")
  local m <close> = hmap.new { key = "int64", value = "none", seed = 1,
    name = "a map as it stands" }
  m:ledger(true)
  for i = 1, 430 do m:set(i) end
  hmap.report(m, folder .. "/moment.html")
  write("facts.json", dkjson.encode(facts))
end

if arg[2] == "small" then small() else all() end
