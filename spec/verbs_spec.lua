-- The everyday methods, compiled for the commonest keys, beside the general
-- ones: of two maps made alike, one is written by these and one by those, and
-- nothing that can be seen tells them apart.
--
--   HMAP_SEED=n  repeats a run (a failure prints its seed)
local hmap = require "hmap"

local SEED = math.tointeger(os.getenv("HMAP_SEED")) or os.time()
local random = math.random
local pack, unpack = table.pack, table.unpack
local NaN = 0.0 / 0.0

local verbs = { "get", "set", "has", "delete", "pop", "swap", "get_or_set",
  "add" }

-- A map of bools has no method that is compiled for it.
local general = hmap.new { key = "bool", value = "bool" }

local objects = { {}, print, io.stdout, coroutine.create(print) }
local function text(n)
  return n % 3 == 0 and ("long"):rep(9) .. n or "k" .. n
end

-- From a number to the arguments that are a key, good or bad.
local keys = {
  int64 = function(n) return n * 0x9e3779b1 end,
  string = text,
  any = function(n)
    return n < 5 and objects[n] or n % 2 == 0 and n / 4 or text(n)
  end,
  word = function(n) return n, -n end,
}
local key_types = { int64 = "int64", string = "string", any = "any",
  word = { "x:int32", "int32" } }
local bad_keys = {
  int64 = { "1", 1.5, true }, string = { 1, false }, any = { NaN },
  word = { 1 << 40, "1" },
}

local values = {
  int64 = { 1, -1, 0, math.maxinteger, math.mininteger, 3.0 },
  float64 = { 0.5, 1, -1e300, math.huge, NaN },
  string = { "", "short", ("long "):rep(20) },
  any = { 1, 2.0, false, "s", ("s"):rep(40), unpack(objects) },
  none = { true },
  int8 = { 1, -128, 127 },
  uint64 = { 1, -1, 5 },
  float32 = { 0.25, 3 },
  bool = { true, false },
  ["[4]byte"] = { "abcd", "\0\0\0\0" },
  ["[20]byte"] = { ("x"):rep(20), ("y"):rep(20) },
}
local bad_values = { 1.5, "no", {}, true, 1 << 62, false }

local function lot(list) return list[random(#list)] end

-- The arguments of a method, self apart.
local function arguments(verb, key, value)
  local args = pack(keys[key](random(0, 300)))
  if random(40) == 1 then args = pack(lot(bad_keys[key])) end
  if random(200) == 1 then args = pack() end
  if verb == "get" or verb == "has" or verb == "delete" or verb == "pop" then
    return args
  end
  local kind = random(20)
  if kind == 1 then
    args.n = args.n + 1 -- nil
  elseif kind == 2 then
    args.n = args.n + 1
    args[args.n] = lot(bad_values)
  elseif kind > 3 then
    args.n = args.n + 1
    args[args.n] = lot(values[value])
  end
  if random(50) == 1 then
    args.n = args.n + 1
    args[args.n] = "one too many"
  end
  return args
end

local function same(a, b)
  return rawequal(a, b) or a ~= a and b ~= b
end

local function expect_same(a, b, ...)
  local what = table.concat({ ... }, " ") .. ", HMAP_SEED=" .. SEED
  assert.are.equal(a.n, b.n, what)
  for i = 1, a.n do
    if not same(a[i], b[i]) or math.type(a[i]) ~= math.type(b[i]) then
      error(("%s: %s beside %s"):format(what, a[i], b[i]))
    end
  end
end

-- Plays one list of calls on both maps; after(i) looks at them now and then.
local function play(key, value, a, b, calls, after)
  local name = key .. " -> " .. value
  for i = 1, calls do
    local verb = lot(verbs)
    local args = arguments(verb, key, value)
    local got = pack(pcall(a[verb], a, unpack(args, 1, args.n)))
    local wanted = pack(pcall(general[verb], b, unpack(args, 1, args.n)))
    expect_same(got, wanted, name, verb, i)
    if i % 50 == 0 then after(i) end
  end
end

local function each_pair(fn)
  math.randomseed(SEED)
  for _, key in ipairs { "int64", "string", "any", "word" } do
    for value in pairs(values) do fn(key, value) end
  end
end

local function twins(key, value, options)
  local function make()
    local o = { key = key_types[key], value = value, seed = 7 }
    for name, option in pairs(options or {}) do o[name] = option end
    return hmap.new(o)
  end
  return make(), make()
end

local function expect_twins(a, b, ...)
  local what = table.concat({ ... }, " ") .. ", HMAP_SEED=" .. SEED
  assert.are.equal(b:fingerprint(), a:fingerprint(), what)
  assert.are.equal(#a, #b)
end

local function contents(m)
  local list = {}
  for k, v, w in m:pairs() do
    list[#list + 1] = tostring(k) .. " " .. tostring(v) .. " " .. tostring(w)
  end
  table.sort(list)
  return list
end

describe("a method compiled for its keys", function()
  it("is another function than the general one", function()
    for key in pairs(keys) do
      local m = hmap.new { key = key_types[key], value = "int16" }
      local other = hmap.new { key = "float32", value = "int16" }
      for _, verb in ipairs(verbs) do
        local text_of = ("%s of %s keys"):format(verb, key)
        -- Of its shape only, and says so; the general one takes any map.
        assert.has_error(function() m[verb](other, 1, 1) end,
          ("this '%s' is a method of a map of other types"):format(verb),
          text_of)
        assert.is_true((pcall(general[verb], other, 1.0, 1)))
      end
    end
  end)

  it("answers, complains and leaves the map as the general one does",
    function()
      each_pair(function(key, value)
        local a, b = twins(key, value)
        play(key, value, a, b, 1500, function() expect_twins(a, b) end)
        assert.is_true(a:check())
      end)
    end)

  it("does so under each policy, and with hashes that collide", function()
    each_pair(function(key, value)
      local policies = { "adaptive", "smooth", "redis", "all_at_once",
        { load = 1, step_on = "manual" }, { shrink = 1 / 4, chain_alarm = 2 } }
      local which = random(#policies)
      local policy = policies[which]
      local hash = lot { "xxh3", "constant", "fnv1a" }
      local a, b = twins(key, value, { policy = policy, hash = hash })
      play(key, value, a, b, 800, function(i)
        expect_twins(a, b, key, value, "policy", which, hash, i)
        if i % 400 == 0 then
          a:rekey()
          b:rekey()
        elseif i % 300 == 0 then
          a:clear()
          b:clear()
        end
      end)
      assert.is_true(a:check())
    end)
  end)

  it("causes the same events, recordings, watches and counts of work",
    function()
      each_pair(function(key, value)
        local a, b = twins(key, value)
        local told = { [a] = {}, [b] = {} }
        for m, list in pairs(told) do
          local function note(event)
            list[#list + 1] = ("%s %s %s"):format(event.kind, event.bucket,
              event.op)
          end
          m:trace(note)
          m:record(5000)
          m:ledger(true)
          for n = 1, 40 do
            if key == "word" then break end
            m:watch(keys[key](n), note)
          end
          m:watch({ bucket = 0 }, note)
        end
        play(key, value, a, b, 600, function()
          expect_twins(a, b)
          assert.are.same(told[b], told[a])
          local one, other = a:last_op(), b:last_op()
          one.seconds, other.seconds = nil, nil
          assert.are.same(other, one)
        end)
        local one, other = a:events(), b:events()
        assert.are.same(other, one)
        assert.is_true(#told[a] > 0)
      end)
    end)

  -- Also not twice what is refused once: that would be counted.
  it("refuses to grow past max_bytes, and has then changed nothing", function()
    each_pair(function(key, value)
      local counted = random(2) == 1
      local a, b = twins(key, value, {
        max_bytes = counted and 20000 or value == "none" and 2500 or 4000,
      })
      a:ledger(counted)
      b:ledger(counted)
      local refused = 0
      for i = 1, 1200 do
        local verb = lot { "set", "swap", "get_or_set", "add", "pop" }
        local args = arguments(verb, key, value)
        local before = #a
        local got = pack(pcall(a[verb], a, unpack(args, 1, args.n)))
        expect_same(got,
          pack(pcall(general[verb], b, unpack(args, 1, args.n))),
          key, value, verb, i)
        if not got[1] and got[2]:find "max_bytes" then
          refused = refused + 1
          assert.are.equal(before, #a)
          if counted then
            assert.are.same(b:ledger().ops, a:ledger().ops, verb)
          end
        end
      end
      assert.is_true(refused > 0 or counted, key .. " -> " .. value)
      assert.are.same(contents(b), contents(a))
      assert.is_true(a:check())
    end)
  end)

  it("raises on a closed map", function()
    each_pair(function(key, value)
      local a, b = twins(key, value)
      local k = pack(keys[key](7))
      a:close()
      b:close()
      for _, verb in ipairs(verbs) do
        local ok, message = pcall(a[verb], a, unpack(k))
        assert.is_false(ok)
        assert.are.equal("map is closed", message)
        assert.are.equal(message,
          select(2, pcall(general[verb], b, unpack(k))))
      end
    end)
  end)

  it("lets objects go that it overwrites or takes out", function()
    for key in pairs(keys) do
      local m = hmap.new { key = key_types[key], value = "any" }
      local weak = setmetatable({}, { __mode = "v" })
      local k = pack(keys[key](9))
      local function with(value)
        local args = pack(unpack(k))
        args[args.n + 1] = value
        return unpack(args)
      end
      for i, out in ipairs { "pop", "swap", "delete", "set" } do
        weak[i] = {}
        m:get_or_set(with(weak[i]))
        collectgarbage()
        assert.is_table(m:get(unpack(k)))
        m[out](m, with(out == "pop" and {} or out == "delete" and {} or 1))
        m:delete(unpack(k))
      end
      collectgarbage()
      collectgarbage()
      assert.is_nil(next(weak))
    end
  end)

  -- The string that the method makes is what the collector waits for.
  it("raises when a finalizer closes the map while its answer is made",
    function()
      for _, verb in ipairs { "pop", "swap" } do
        for _, value in ipairs { "string", "any" } do
          local closed = 0
          for _ = 1, 20 do
            local m = hmap.new { key = "int64", value = value }
            m:set(1, ("a long text "):rep(4000))
            local method = m[verb]
            collectgarbage()
            collectgarbage "stop"
            setmetatable({}, { __gc = function() m:close() end })
            collectgarbage("incremental", 0, 1000, 30)
            collectgarbage "restart"
            local ok, message = pcall(method, m, 1, "new")
            collectgarbage "stop"
            if not ok then
              closed = closed + 1
              assert.are.equal("map is closed", message)
            end
          end
          collectgarbage("incremental", 200, 100, 13)
          collectgarbage "restart"
          assert.is_true(closed > 0, verb .. " " .. value)
        end
      end
    end)
end)

describe("m:add", function()
  it("refuses to leave the range, and the count stays", function()
    for key in pairs(keys) do
      local m = hmap.new { key = key_types[key], value = "int64" }
      local k = pack(keys[key](9))
      local function add(n)
        local args = pack(unpack(k))
        args[args.n + 1] = n
        return m:add(unpack(args))
      end
      assert.are.equal(math.maxinteger, add(math.maxinteger))
      assert.has_error(function() add(1) end,
        ("bad argument #%d to 'add' (adding 1 leaves the range of int64)")
        :format(k.n + 1))
      assert.are.equal(math.maxinteger, m:get(unpack(k)))
      assert.are.equal(-1, add(math.mininteger))
      assert.are.equal(math.mininteger, add(math.mininteger + 1))
      assert.has_error(function() add(-1) end)
      assert.are.equal(1, #m)
    end
  end)

  it("counts words", function()
    local m = hmap.new { key = "string", value = "int64" }
    local t = {}
    for i = 1, 20000 do
      local word = "w" .. (i * i) % 4999
      t[word] = (t[word] or 0) + 1
      assert.are.equal(t[word], m:add(word))
    end
    for word, n in pairs(t) do assert.are.equal(n, m:get(word)) end
  end)
end)
