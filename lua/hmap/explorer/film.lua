--- The film of a map: everything that became of it, operation by operation.
--
-- Made by doing the operations again, to a new map of the same types, hash,
-- policy and seed, and looking (camera.lua): so a film shows what the map does,
-- not what somebody thinks that it would do. Plain data but for its methods;
-- the fields that end in bytes are packed.
--
--   film = {
--     version, stride,                  -- of a large map one bucket in stride
--     map = { key, value, policy, policy_name, hash, seed, name },
--     operations, nframes,
--     calls = { "begin", "set", .. }, causes = { "nothing but ..", .. },
--     frames = bytes,                   -- see camera.lua
--     texts = bytes, hashes = bytes, tophashes = bytes,   -- of nkeys keys
--     growths = { { kind, from, to, begin_op, end_op, count, cause }, .. },
--     costly = { { op, cost, call, cause, text }, .. },   -- the costliest 64
--   }

local core = require "hmap.core"
local camera = require "hmap.explorer.camera"
local format = require "hmap.format"
local keybook = require "hmap.explorer.keybook"
local options = require "hmap.options"
local pack = require "hmap.explorer.pack"
local player = require "hmap.explorer.player"
local replay = require "hmap.observe.replay"
local scene = require "hmap.explorer.scene"

-- What a film keeps in full; of more it follows one bucket in 2, 4, 8, ..
local LIMIT = 100000   -- operations
local CELLS = 1 << 14  -- buckets of a map that is filmed as it stands

local OPTIONS = {
  limit = options.integer_from(1),
  cells = options.integer_from(1),
  progress = {
    function(value) return type(value) == "function" end, "function",
  },
}

local function fail(...) error(string.format(...), 0) end

local film = {}
film.__index = film

-- -- reading ----------------------------------------------------------------

-- Where the texts begin: found when first asked for.
local function index_texts(self)
  local ranges, at = {}, 1
  for i = 0, self.nkeys - 1 do
    local length, first = pack.read(self.texts, at)
    at = first + length
    ranges[i] = { first, at - 1 }
  end
  return ranges
end

--- The key of a number, from 0 on, and its text. Of a film that was not made
-- here the key is its text.
function film:key(number)
  self.text_index = self.text_index or index_texts(self)
  local range = self.text_index[number]
  local text = self.texts:sub(range[1], range[2])
  if self.keys then return self.keys[number], text end
  return text, text
end

--- The number of a key, or nil.
function film:find(key) return self.book and self.book:find(key) end

function film:tophash(number) return self.tophashes:byte(number + 1) end

function film:hash(number)
  return (string.unpack("<i8", self.hashes, 8 * number + 1))
end

--- The player of the film, which its scenes share. The first time it goes
-- through the whole film, and tells progress(operation) of each.
function film:open(progress)
  self.player = self.player or player.new(self, progress)
  return self.player
end

--- The scene after an operation: 0 is the beginning. Scenes share one player:
-- a scene is over when the next is asked for.
function film:at(op)
  if math.type(op) ~= "integer" or op < 0 or op > self.operations then
    error(string.format("bad argument #1 to 'at' (operation from 0 to %d "
      .. "expected, got %s)", self.operations, tostring(op)), 2)
  end
  local play = self:open()
  play:seek(play:frame_of(op))
  return scene.new(play)
end

-- -- making -----------------------------------------------------------------

local function power_of_two(n)
  local p = 1
  while p < n do p = p * 2 end
  return p
end

local POLICIES = { "go", "adaptive", "smooth", "redis", "all_at_once" }

local function same_fields(a, b)
  for name, value in pairs(a) do
    if b[name] ~= value then return false end
  end
  return true
end

-- Of a policy given as a table: the one it is equal to, if any.
local function name_of_policy(policy)
  for _, name in ipairs(POLICIES) do
    local m <close> = core.new { policy = name }
    if same_fields(m:tune(), policy) then return name end
  end
end

-- A recording has its whole policy; to ask its map would be an operation.
local function describe(m, given)
  local whole = type(given.policy) == "table" and given.policy.load
  local policy = whole and given.policy or m:tune()
  return { key = given.key or "any", value = given.value or "any",
    policy = policy, policy_name = name_of_policy(policy),
    hash = given.hash or "xxh3", seed = given.seed, name = given.name }
end

local function costly_of(cam)
  local list = {}
  for i, op in ipairs(cam:costliest()) do
    list[i] = { op = op.op, cost = op.cost, call = op.call, cause = op.cause,
      text = op.key ~= nil and keybook.text_of(op.key) or nil }
  end
  return list
end

local function develop(cam, map)
  local columns = cam.book:columns(cam.first_hashes, cam.first_tophash)
  return setmetatable({
    version = 1,
    stride = cam.arrays.stride,
    map = map,
    operations = cam.op,
    nframes = cam.nframes,
    frames = table.concat(cam.frames),
    calls = cam.calls,
    causes = cam.causes,
    nkeys = cam.book.n,
    texts = columns.texts,
    hashes = columns.hashes,
    tophashes = columns.tophash,
    keys = cam.book.keys,
    book = cam.book,
    growths = cam.growths,
    costly = costly_of(cam),
  }, film)
end

-- Operations that a script or a recording asks for; whether it can, replay.lua
-- says.
local function length_of(script)
  if not script.calls then return #script.keys end
  local n = 0
  for _, run in ipairs(script.calls) do
    n = n + (type(run) == "table" and math.tointeger(run.times) or 0)
  end
  return n
end

-- A recording tells what map it was of, and its events what must come out.
local function is_recording(script) return script.operations ~= nil end

local function of_script(script, opts)
  local n = length_of(script)
  local cam = camera.new(script.key or "any",
    power_of_two(n / (opts.limit or LIMIT)))
  local map
  local function see(m, op, call, args)
    if op == 0 then
      map = describe(m, script)
      cam:begin(m)
      cam:listen(m)
    else
      cam:shoot(op, call, args)
      if opts.progress then opts.progress(op, n) end
    end
  end
  local m <close> = is_recording(script) and replay.rebuild(script, nil, see)
    or replay.play(script, see)
  m:trace(nil)
  return develop(cam, map)
end

local function options_of(m)
  for _, row in ipairs(core.open_maps(false)) do
    if core.open_map(row.id) == m then
      local key, value = core.types(m)
      return { key = key, value = value, name = row.name }
    end
  end
end

-- A map as it stands: a film of one moment. What its ledger knows comes along.
local function of_map(m, opts)
  local stats = m:stats()
  local of = options_of(m)
  local cam = camera.new(of.key, power_of_two(
    math.max(stats.buckets, stats.old_buckets) / (opts.cells or CELLS)))
  cam:begin(m)
  local policy = m:tune()
  local made = develop(cam, { key = of.key, value = of.value,
    name = of.name, policy = policy, policy_name = name_of_policy(policy) })
  for i, op in ipairs(m:worst_ops(64)) do
    made.costly[i] = { op = op.number, cost = op.cost, call = op.op,
      cause = op.cause }
  end
  made.moment = true
  return made
end

local function is_map(x)
  return type(x) == "userdata" and getmetatable(x) == "hmap"
end

-- The core knows best what can be a type.
local function check_types(x)
  local ok, made = pcall(core.new, { key = x.key, value = x.value })
  if not ok then
    fail("bad argument #1 to 'film' (%s)", format.reason(made))
  end
  made:close()
end

local function check(x)
  if type(x) ~= "table" then
    fail("bad argument #1 to 'film' (map, recording with its keys, or table "
      .. "of keys and options expected, got %s)", type(x))
  elseif type(x.keys) ~= "table" then
    fail("bad argument #1 to 'film' (field keys: list expected, got %s)",
      type(x.keys))
  end
  if x.calls ~= nil and type(x.calls) ~= "table" then
    fail("bad argument #1 to 'film' (field calls: list of runs expected, got "
      .. "%s)", type(x.calls))
  end
  check_types(x)
end

--- The film of a map as it stands, of a recording with its keys, or of what a
-- script does: keys =, and as you like calls = (as in a recording; else each
-- key is set), values =, and what hmap.new takes. opts: limit, cells, and
-- progress(operation, operations).
local function new(x, opts)
  local ok, made = pcall(function()
    opts = options.check("film", 2, opts, OPTIONS, 0)
    if is_map(x) then return of_map(x, opts) end
    check(x)
    return of_script(x, opts)
  end)
  if not ok then error(format.without_place(made), 2) end
  return made
end

local function is_film(x) return getmetatable(x) == film end

return { new = new, is_film = is_film, is_map = is_map }
