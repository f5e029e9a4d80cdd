---@meta hmap.core

-- What editors know of hmap (LuaLS annotations). Never run: a spec holds the
-- names here against those that the module has.
--
-- Errors: every function raises "bad argument #n to 'name' (...)" for a wrong
-- argument, every method "map is closed" after close; a write that memory or
-- max_bytes refuses raises too. The map then reads as before the call.

---@alias hmap.Scalar
---| "int8" | "int16" | "int32" | "int64"
---| "uint8" | "uint16" | "uint32" | "uint64" # uint64: the bits of an integer
---| "float32" | "float64" # as keys: 0.0 == -0.0, a NaN is never found
---| "bool"
---| "string" # any bytes; the map keeps a copy
---| "any" # any Lua value; as key all but nil and NaN, equal as in Lua
---| "none" # as value only: the map is a set
---| string # "[N]byte": strings of exactly N bytes

--- A tuple is a list of scalars, each with a name if you like: "x:int32". Its
--- fields are as many arguments and results.
---@alias hmap.Type hmap.Scalar | string[]

---@alias hmap.Hash
---| "xxh3" # the default
---| "identity" # integers: their 64 bits; for exploring
---| "constant" # always the same; for exploring
---| "fnv1a" # for exploring
---| "java31" # for exploring

---@alias hmap.GrowthKind "double" | "same_size" | "shrink" | "rekey"
---@alias hmap.Which "new" | "old"
---@alias hmap.SlotState
---| "empty_rest" # empty, and so is all after it in the chain
---| "empty_one" # empty
---| "evacuated_x" # moved to the first half of the new array
---| "evacuated_y" # moved to the second half
---| "evacuated_empty" # was empty when its bucket moved
---| "full"

---@class hmap.Options
---@field key? hmap.Type default "any"
---@field value? hmap.Type default "any"
---@field capacity? integer entries to make room for
---@field seed? integer repeats layout, order and pictures; default: random
---@field hash? hmap.Hash
---@field policy? hmap.PolicyName | hmap.Policy when to grow, shrink, rekey
---@field placement? "go"
---@field max_bytes? integer a write that would pass it raises
---@field name? string a label for pictures and metrics

---@alias hmap.PolicyName
---| "go" # the default: exactly as Go
---| "adaptive" # and shrinks after deletes, and rekeys when a chain is too long
---| "redis" # grows at one entry a bucket, lookups move buckets too, shrinks
---| "all_at_once" # whoever begins a growth pays for all of it

--- What a table leaves out is as in Go, for tune as the map has it. Loads are
--- entries per bucket of 8 slots.
---@class hmap.Policy
---@field load? number 0.125 to 1024: an insert beyond it doubles; Go: 6.5
---@field moves? integer old buckets a write moves, its own included; Go: 2
---@field empty_visits? integer of those, empty ones that count as one; Go: 1
---@field step_on? "write" | "read_write" | "manual" who moves old buckets
---@field same_size? boolean grow to the same size for too many overflow buckets
---@field shrink? number | false a delete below shrink * load shrinks; <= 0.25
---@field all_at_once? boolean the whole move in the operation that begins it
---@field chain_alarm? integer | false a longer chain of buckets begins a rekey

---@class hmap.DrawOptions
---@field width? integer columns, at least 64; default: the terminal's, or 80
---@field ascii? boolean no block characters; default: what the locale says

-- -- views: plain tables, readable with tostring ------------------------------

---@class hmap.Header Go's header
---@field count integer entries
---@field flags hmap.Flags
---@field B integer log2 of the number of buckets
---@field noverflow integer overflow buckets, approximate from B = 16 on
---@field hash0 integer the map's hash seed, 32 bits
---@field buckets string? address; nil before the first insert
---@field oldbuckets string? address; nil unless the map grows
---@field nevacuate integer all old buckets below this have moved

---@class hmap.Flags
---@field iterator boolean an iterator may use buckets
---@field old_iterator boolean an iterator may use oldbuckets
---@field writing boolean
---@field same_size_grow boolean the growth in progress is to the same size

---@class hmap.Stats
---@field count integer entries
---@field buckets integer
---@field old_buckets integer 0 unless the map grows
---@field load number entries per bucket
---@field threshold integer entries that fit before doubling
---@field next_growth_at integer at this count the next new key doubles the map
---@field growing boolean
---@field kind hmap.GrowthKind? of the growth in progress
---@field pending hmap.GrowthKind? of the one that begins when that is done
---@field evacuated integer old buckets moved
---@field remaining integer old buckets to move
---@field overflow_in_use integer overflow buckets in live chains
---@field noverflow integer Go's counter of them
---@field bytes integer all that the map holds
---@field growths table<hmap.GrowthKind, integer> begun so far

---@class hmap.Distribution
---@field chains integer buckets that searches start from
---@field entries integer
---@field mean number entries per chain
---@field max_entries integer in the longest chain
---@field expected_max integer entries of the longest chain by chance
---@field max_overflow integer overflow buckets of the longest chain
---@field by_entries table<integer, integer> chains by entries, from 0; 63: or more
---@field expected table<integer, number> the same, if every key falls by chance
---@field by_overflow table<integer, integer> chains by overflow buckets, from 0
---@field by_state table<hmap.SlotState, integer> slots of both arrays
---@field chi_square number of by_entries against expected
---@field df integer its degrees of freedom
---@field p number? chance of a chi-square as large; nil without freedom
---@field verdict "good" | "even" | "uneven" | "bad" | "few"
---@field why string the verdict in a sentence
---@field cost number entries a hit passes, as a multiple of chance's
---@field hit_probes number slots that a hit passes, mean
---@field hit_buckets number buckets that a hit reads, mean
---@field miss_probes number slots that a miss passes, mean over chains
---@field miss_buckets number buckets that a miss reads, mean over chains
---@field tophash_match number chance that two entries have one tophash

---@class hmap.Bucket one chain
---@field index integer from 0
---@field which hmap.Which
---@field state "live" | "evacuated" | "empty"
---@field chain integer buckets in it
---@field unknown boolean? true: its memory went back, slots are unknown
---@field slots hmap.Slot[]

---@class hmap.Slot
---@field tophash integer? 0..255
---@field state hmap.SlotState
---@field key any of a full slot; a table of its fields if a tuple
---@field value any
---@field depth integer bucket of the chain, from 0

---@class hmap.Layout bytes of a bucket
---@field slots integer 8
---@field key_size integer
---@field value_size integer
---@field key_slot integer key_size, or a pointer's if indirect
---@field value_slot integer
---@field indirect_key boolean over 128 bytes: kept outside the bucket
---@field indirect_value boolean
---@field offsets { tophash: integer, keys: integer, values: integer, overflow: integer }
---@field padding integer before the overflow pointer
---@field bucket_size integer
---@field cache_lines integer
---@field key_fields hmap.LayoutField[]? of a tuple
---@field value_fields hmap.LayoutField[]?

---@class hmap.LayoutField what lies between two fields is padding
---@field name string? if it has one
---@field type hmap.Scalar
---@field offset integer in the cell
---@field size integer

---@class hmap.Memory bytes by part
---@field header integer
---@field buckets integer
---@field preallocated integer overflow buckets that came with the array
---@field overflow integer overflow buckets made one by one
---@field old integer arrays not yet given back
---@field text integer texts of 16 bytes and more
---@field indirect integer keys and values over 128 bytes
---@field references integer anchors of Lua objects
---@field total integer the sum, as stats().bytes
---@field per_entry number

-- -- maps ---------------------------------------------------------------------

--- A map. Reads move nothing; writes move up to two old buckets while it grows.
---@class hmap.Map
---@operator len: integer
local map = {}

--- The value of a key, or nil.
---@param ... any key
---@return any ...
function map:get(...) end

--- Sets a key to a value; nil deletes. A set takes the key alone.
---@param ... any key, value
function map:set(...) end

---@param ... any key
---@return boolean there
function map:has(...) end

---@param ... any key
---@return boolean was_there
function map:delete(...) end

--- Deletes a key and returns the value it had, or nil.
---@param ... any key
---@return any ...
function map:pop(...) end

--- Sets a key and returns the value it had, or nil.
---@param ... any key, value
---@return any ...
function map:swap(...) end

--- Sets a key only if it is absent. One probe.
---@param ... any key, value
---@return any value there now
---@return boolean existed
function map:get_or_set(...) end

--- Adds n (default 1) to a numeric value, absent counting as 0. One probe.
--- Raises if the value type cannot hold the sum.
---@param ... any key, n
---@return number sum
function map:add(...) end

---@return integer entries
function map:count() end

--- Deletes every entry; keeps the array.
function map:clear() end

--- Makes room for n entries without a further growth.
---@param n integer
function map:reserve(n) end

--- Iterates: each entry present throughout once, whatever is written meanwhile.
--- Pass all four values to the generic for, which closes the iterator.
---@return function next
---@return any state
---@return nil
---@return any closing
function map:pairs() end

---@return function next
---@return any state
---@return nil
---@return any closing
function map:keys() end

---@return function next
---@return any state
---@return nil
---@return any closing
function map:values() end

-- Lists: from 1 to #list, read raw. The elements of a tuple type are tables of
-- its fields, by name or by number. All that is wrong with a list is found
-- before anything is written, and told with its index.

--- The values of many keys, with memory asked for at once.
---@param keys any[]
---@param out? table the list to fill; default: a new one
---@return table values nil where a key is absent; n is #keys
function map:get_many(keys, out) end

--- As set(keys[i], values[i]) for each i: a nil among the values deletes.
--- With one table: as set(k, v) for each of its pairs; in a set, one list of
--- keys. If memory or max_bytes refuse an entry, those before it are set.
---@param keys any[] | table
---@param values? any[]
function map:set_many(keys, values) end

--- As delete(k) for each key of a list.
---@param keys any[]
---@return integer deleted how many were there
function map:delete_many(keys) end

--- A page of entries, at least n unless too few are left; pages end where a
--- class of hashes does. Over all pages each entry that is present throughout
--- comes exactly once, whatever is written meanwhile. The map keeps nothing of
--- a scan; a cursor can be stored. While a rekey is under way a page may be
--- empty: go on with its cursor.
---@param cursor string? nil: from the beginning
---@param n? integer default 100
---@return string? cursor of the next page; nil: this was the last
---@return any[] keys
---@return any[] values
function map:scan(cursor, n) end

--- A map of the same types and hash with the same entries.
---@return hmap.Map
function map:clone() end

--- A Lua table with the same entries.
---@return table
function map:totable() end

--- Sets every entry of another map with the same types, or of a table.
---@param other hmap.Map | table
function map:merge(other) end

--- An object on which t[k], t[k] = v, pairs(t) and #t work and nothing else, so
--- that no key collides with a method.
---@return table
function map:view() end

--- Frees the map; idempotent. Also by `local m <close>` and the collector.
function map:close() end

--- Moves up to n old buckets of the growth in progress.
---@param n integer
---@return integer moved
---@return integer remaining
function map:step(n) end

--- Moves old buckets until about so many seconds are over.
---@param seconds number
---@return integer moved
---@return integer remaining
function map:step_for(seconds) end

--- Completes the growth in progress; its work depends on what is left to move.
function map:finish() end

--- Begins a move to the fewest buckets that hold the entries. Raises while the
--- map holds NaN keys.
function map:shrink() end

--- Begins a move of all entries to new places, under a fresh hash key (xxh3 if
--- the hash has none). Raises while the map holds NaN keys.
function map:rekey() end

--- Changes the policy: what a table names, or all of it by a name. Returns the
--- policy that the map now has; with nothing to change, just that.
---@param policy? hmap.PolicyName | hmap.Policy
---@return hmap.Policy
function map:tune(policy) end

--- Go's header. O(1).
---@return hmap.Header
function map:header() end

--- O(1).
---@return hmap.Stats
function map:stats() end

--- How the keys fell, beside what chance would do. Walks the map.
---@return hmap.Distribution
function map:distribution() end

--- One chain of the new array or, while the map grows, of the old one.
---@param i integer from 0
---@param which? hmap.Which
---@return hmap.Bucket
function map:bucket(i, which) end

--- Iterates over the chains of an array.
---@param which? hmap.Which
---@return fun(): hmap.Bucket?
function map:buckets(which) end

---@return hmap.Layout
function map:layout() end

--- O(1).
---@return hmap.Memory
function map:memory() end

--- Verifies every invariant. Walks the map.
---@return true?
---@return string? broken
function map:check() end

--- Both arrays, the evacuation mark, chains and load as text. Its work depends
--- on the width, not on the map.
---@param opts? hmap.DrawOptions
---@return string
function map:draw(opts) end

-- -- the module ---------------------------------------------------------------

---@class hmap.core
---@field _VERSION string
local core = {}

--- A new map. Raises for unknown options and types, and lists the valid ones.
---@param opts? hmap.Options
---@return hmap.Map
function core.new(opts) end

--- How keys and values of these types lie in a bucket.
---@param key hmap.Type
---@param value hmap.Type
---@return hmap.Layout
function core.layout(key, value) end

--- The hash of a key as a map with this seed would have it.
---@param key_type hmap.Type
---@param key any
---@param seed? integer
---@param hash? hmap.Hash
---@return integer
function core.hash(key_type, key, seed, hash) end

--- The map behind a view.
---@param view table
---@return hmap.Map
function core.of(view) end

-- The rest is for hmap's own Lua side.

--- Adds a method to all maps.
---@param name string
---@param fn function
function core.extend(name, fn) end

--- The sorted names of all methods.
---@return string[]
function core.methods() end

--- Sets the tostring of a view.
---@param name string
---@param fn fun(view: table): string
function core.set_view_tostring(name, fn) end

--- Makes a table a view of that name, and returns it.
---@param name string
---@param t table
---@return table
function core.view(name, t) end

--- The raw counts behind map:distribution.
---@param m hmap.Map
---@return table
function core.distribution(m) end

--- Seconds on a clock that only goes forward.
---@return number
function core.now() end

return core
