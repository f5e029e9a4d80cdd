--- Which hash suits these keys? Each hash function over a person's own keys.
--
-- The keys go once into a set under a good hash, which drops repeats and says
-- how many buckets they need. Their hashes under every other function are then
-- sorted by bucket and tophash: that gives the chains which a map of that hash
-- would have, without building it, so that the worst hash takes no longer than
-- the best.

local core = require "hmap.core"
local options = require "hmap.options"
local distribution = require "hmap.text.distribution"
local types = require "hmap.types"

-- In the order in which equally good ones are told: the default first, the
-- worst that can be last, to compare with.
local HASHES = { "xxh3", "fnv1a", "java31", "identity", "constant" }

-- -- arguments --------------------------------------------------------------

local function blame(arg, ...)
  error(string.format("bad argument #%d to 'keystats' (%s)", arg,
    string.format(...)), 0)
end

local OPTIONS = {
  key = {}, -- hmap.new's
  seed = {
    function(value) return math.type(value) == "integer" end, "integer",
  },
}

--- The narrowest type for a list of keys.
local function type_of_keys(keys)
  local kind, stray = types.narrowest(keys, #keys)
  if not kind then
    blame(1, "%s at index %d: say with the option 'key' what keys these are",
      type(keys[stray]), stray)
  end
  return kind
end

-- -- the comparison ---------------------------------------------------------

-- A set of the keys. What set_many says of a key is said of ours.
local function set_of(keys, key_type, seed)
  local made, set = pcall(core.new, { key = key_type, value = "none",
    seed = seed })
  if not made then blame(2, "%s", (set:gsub("^.-%((.*)%)$", "%1"))) end
  local ok, message = pcall(set.set_many, set, keys)
  if not ok then
    set:close()
    error((message:gsub("'set_many'", "'keystats'")), 0)
  end
  return set
end

-- Overflow buckets: slots come in buckets, and each chain has one that is none.
local function overflow_of(raw)
  local slots = raw.by_state.full + raw.by_state.empty_rest
  return slots // 8 - raw.nchains
end

--- One row: the raw counts of rehash as a person wants them.
local function row_of(hash, raw, in_vain, masks)
  local d = distribution.distribution(raw,
    { growing = false, buckets = raw.nchains, old_buckets = 0 },
    { nevacuate = 0 }, masks)
  return {
    hash = hash,
    verdict = d.verdict,
    why = d.why,
    entries = d.entries,
    buckets = d.chains,
    longest = d.max_entries,
    overflow = overflow_of(raw),
    chi_square = d.chi_square,
    df = d.df,
    p = d.p,
    cost = d.cost,
    hit_buckets = d.hit_buckets,
    hit_probes = d.hit_probes,
    hit_compares = d.entries > 0 and (d.entries + in_vain) / d.entries or 0,
    miss_buckets = d.miss_buckets,
    miss_probes = d.miss_probes,
    tophash_match = d.tophash_match,
    never_set = d.never_set,
    always_set = d.always_set,
  }
end

-- What a hit reads: buckets, and keys to compare. Less than a tenth of one is
-- no reason to prefer a hash.
local function work(row)
  return math.floor((row.hit_buckets + row.hit_compares) * 10 + 0.5)
end

local function best_first(rows)
  local place = {}
  for i, row in ipairs(rows) do place[row] = i end
  table.sort(rows, function(a, b)
    local left, right = work(a), work(b)
    if left ~= right then return left < right end
    return place[a] < place[b]
  end)
  return rows
end

local function is_integer(key_type)
  return type(key_type) == "string" and key_type:find("^u?int") ~= nil
end

local function rows_of(set, key_type, seed)
  local rows = {}
  for _, hash in ipairs(HASHES) do
    if hash ~= "identity" or is_integer(key_type) then
      local other <close> = core.new { key = key_type, value = "none",
        hash = hash, seed = seed }
      rows[#rows + 1] = row_of(hash, core.rehash(set, other))
    end
  end
  return best_first(rows)
end

local function type_text(key_type)
  if type(key_type) == "string" then return key_type end
  return "{" .. table.concat(key_type, ", ") .. "}"
end

local function compare(keys, opts)
  if type(keys) ~= "table" then
    blame(1, "list of keys expected, got %s", type(keys))
  end
  opts = options.check("keystats", 2, opts, OPTIONS, 0)
  local key_type = opts.key or type_of_keys(keys)
  local seed = opts.seed or 0
  local set <close> = set_of(keys, key_type, seed)
  local rows = rows_of(set, key_type, seed)
  return {
    key = type_text(key_type),
    keys = #keys,
    repeats = #keys - set:count(),
    entries = rows[1].entries,
    buckets = rows[1].buckets,
    best = rows[1].hash,
    hashes = rows,
  }
end

--- Compares the hash functions on a list of keys. opts: key, the type of keys
-- (default: the narrowest that fits them all); seed.
local function keystats(keys, opts)
  local ok, result = pcall(compare, keys, opts)
  if not ok then error(result, 2) end
  return core.view("keystats", result)
end

return { keystats = keystats }
