---@meta hmap.core

-- What editors know of hmap (LuaLS annotations). Never run: a spec holds the
-- names here against those that the module has.
--
-- Errors: Every function raises "bad argument #n to 'name' (...)" for a wrong
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

--- By default text is hashed by XXH3 under 192 random bytes, numbers by its
--- mixing step under the same bytes.
---@alias hmap.Hash
---| "xxh3" # the default
---| "identity" # integers: their 64 bits; for exploring
---| "constant" # always the same; for exploring
---| "fnv1a" # for exploring
---| "java31" # for exploring

---@alias hmap.GrowthKind "double" | "same_size" | "shrink" | "rekey"
---@alias hmap.Which "new" | "old"
---@alias hmap.Verdict
---| "good" # keys fall as chance would have them
---| "even" # more regular than chance: a pattern in the keys shows through
---| "uneven" # less regular than chance, at little cost
---| "bad" # lookups pay for it
---| "few" # too few chains to tell
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
---@field placement? "go" where entries lie: in Go's buckets, the only way
---@field max_bytes? integer a write that would pass it raises
---@field name? string a label for pictures and metrics

---@alias hmap.PolicyName
---| "go" # the default: exactly as Go
---| "adaptive" # and shrinks after deletes, and rekeys when a chain is too long
---| "smooth" # as adaptive, with 16 moves a write: less memory at the peak
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

-- Ready for JSON: a table is a list from 1 on or has names for its fields, and
-- no number is NaN or infinite, but for keys and values that are so themselves.
-- A tuple is a table by name if all its fields have names, else a list.

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
---@field longest_chain integer most buckets that a chain ever had
---@field bytes integer all that the map holds
---@field growths table<hmap.GrowthKind, integer> begun so far

---@class hmap.Distribution
---@field chains integer buckets that searches start from
---@field entries integer
---@field mean number entries per chain
---@field max_entries integer in the longest chain
---@field expected_max integer entries of the longest chain by chance
---@field max_overflow integer overflow buckets of the longest chain
---@field by_entries integer[] at k + 1 the chains with k entries; at 64: 63 or more
---@field expected number[] the same, if every key falls by chance
---@field by_overflow integer[] at k + 1 the chains with k overflow buckets
---@field by_state table<hmap.SlotState, integer> slots of both arrays
---@field classes integer that the verdict is on: the chains or, while the array
--- doubles or shrinks, the keys that share a bucket in both sizes
---@field chi_square number of the entries in these, against chance
---@field df integer its degrees of freedom
---@field p number? chance of a chi-square as large; nil without freedom
---@field verdict hmap.Verdict
---@field why string the verdict in a sentence
---@field cost number entries a hit passes, as a multiple of chance's
---@field hit_probes number slots that a hit passes, mean
---@field hit_buckets number buckets that a hit reads, mean
---@field miss_probes number slots that a miss passes, mean over chains
---@field miss_buckets number buckets that a miss reads, mean over chains
---@field tophash_match number chance that two entries have one tophash
---@field never_set integer[] bits of the hash, 0 to 63, that no key has
---@field always_set integer[] those that all have; below 40 keys nothing is said

--- The search for one key. A NaN is looked for in no bucket and has no hash; a
--- map without buckets has a hash for the key and nothing else.
---@class hmap.Explanation
---@field key any as it was asked for; a table if a tuple
---@field found boolean
---@field hash string? "0x..", under the hash key of the array that it reads
---@field tophash integer? 5..255
---@field which hmap.Which? the array that the search reads
---@field why string why that one; or why none
---@field bucket integer? the search begins there
---@field bucket_bits string? the low bits of the hash that say so: "0110"
---@field old_bucket integer? while the map grows: where it was before
---@field chain hmap.ChainBucket[] the buckets that were read
---@field depth integer? bucket of the chain where it is or the search ended
---@field slot integer? where it is, or the first of nothing but empty ones
---@field stopped "empty_rest" | "end_of_chain" | nil of an absent key
---@field buckets_read integer
---@field slots_scanned integer the slot where it ended included
---@field comparisons integer keys compared
---@field false_matches integer of these, other keys with the same tophash
---@field moves_to hmap.Goal? when its old bucket moves
---@field goes_to hmap.Goal? at the next doubling

---@class hmap.ChainBucket
---@field tophash integer[] of the 8 slots
---@field false_matches hmap.FalseMatch[] keys that were compared in vain

---@class hmap.FalseMatch
---@field slot integer
---@field key any

---@class hmap.Goal
---@field bucket integer of the new array
---@field half "x" | "y" | nil its first or second half, if the array doubles

---@class hmap.KeystatsOptions
---@field key? hmap.Type default: the narrowest of int64, float64, string, bool, any
---@field seed? integer default 0

---@class hmap.Keystats
---@field key string the type of the keys
---@field keys integer in the list
---@field repeats integer of these, equal to one before
---@field entries integer in a map of them; NaN left out
---@field buckets integer of that map
---@field best hmap.Hash the first of hashes
---@field hashes hmap.HashStats[] best first: what a hit reads

--- What the chains of a map with this hash would be; fields as in Distribution.
---@class hmap.HashStats
---@field hash hmap.Hash
---@field verdict hmap.Verdict
---@field why string
---@field entries integer
---@field buckets integer
---@field longest integer entries of the longest chain
---@field overflow integer overflow buckets
---@field chi_square number
---@field df integer
---@field p number?
---@field cost number
---@field hit_buckets number
---@field hit_probes number
---@field hit_compares number keys that a hit compares, its own included, mean
---@field miss_buckets number
---@field miss_probes number
---@field tophash_match number
---@field never_set integer[]
---@field always_set integer[]

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
---@field key any of a full slot; a table if a tuple
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
---@field header integer the map itself
---@field buckets integer the array
---@field preallocated integer overflow buckets that came with the array
---@field overflow integer overflow buckets made one by one
---@field old integer arrays not yet given back
---@field text integer texts of 16 bytes and more
---@field indirect integer keys and values over 128 bytes
---@field references integer anchors of Lua objects
---@field total integer the sum, as stats().bytes
---@field per_entry number

---@class hmap.LineOptions
---@field key? integer|integer[] which field of a line is the key, or a tuple's fields; default: the first ones
---@field value? integer|integer[] the same of the value; default: those behind the key
---@field delimiter? string one byte; default: a comma
---@field header? boolean|integer how many lines at the beginning are none; true: 1
---@field name? string what errors call the file
---@field progress? fun(bytes: integer) is told now and then how much was read

---@class hmap.LiveOptions
---@field collect? boolean collect all garbage first, and tell what that closed
---@field stuck_after? number seconds; default 1

---@class hmap.LiveMap one map; its field map is the map itself, nil once closed
---@field id integer maps of a Lua state are counted from 1
---@field name string?
---@field key string its type, as hmap.new takes it
---@field value string
---@field count integer entries
---@field bytes integer all that it holds
---@field held integer of these, in old arrays that are not yet given back
---@field memory table<string, integer> bytes by part
---@field buckets integer
---@field longest_chain integer most buckets that a chain ever had
---@field overflow integer overflow buckets in live chains
---@field age number seconds since it was made
---@field growing boolean
---@field kind hmap.GrowthKind? of the growth in progress
---@field evacuated integer? old buckets moved
---@field remaining integer? old buckets to move
---@field still number? seconds since the growth was first seen where it is
---@field stuck boolean still, for stuck_after seconds at least
---@field leaked boolean was no longer referenced, and is closed now: see collect
---@field site string? "file:line" of the call that made it, under the profile
---@field traceback string? of that call

--- Each map that was made is live, was closed, was collected, or is leaked.
---@class hmap.ProfileSums
---@field made integer maps
---@field live integer
---@field closed integer by close, or by a to-be-closed variable
---@field collected integer
---@field leaked integer no longer referenced, not yet collected
---@field stuck integer live ones whose growth has not moved on for a second
---@field entries integer
---@field bytes integer held now
---@field peak integer? held at most at once, as far as it was weighed
---@field oldest number? age in seconds of the oldest live one
---@field newest number?

---@class hmap.ProfileSite: hmap.ProfileSums without a site: while it was off
---@field site string? "file:line"
---@field traceback string?
---@field growths table<hmap.GrowthKind, integer>

---@class hmap.Profile: hmap.ProfileSums
---@field on boolean
---@field since number? seconds since it was first switched on
---@field kept integer bytes of cleared arrays that maps to come will have
---@field sites hmap.ProfileSite[] most bytes first
---@field lives hmap.Life[] of maps made while it was on; 256 that are over
---@field folded string input of flame graph programs: stacks and their bytes

---@class hmap.Life
---@field id integer
---@field name string?
---@field site string?
---@field traceback string
---@field ended? "closed" | "collected"
---@field bytes integer now, or when it ended
---@field count integer
---@field lost integer events that had no room; the first is kept
---@field events hmap.LifeEvent[]

---@class hmap.LifeEvent
---@field event hmap.GrowthKind | "created" | "cleared" | "closed" | "collected"
---@field at number seconds since the profile began, when it was noticed
---@field n integer? growths of this kind since the event before
---@field from integer? buckets
---@field to integer
---@field count integer entries then
---@field bytes integer then

-- -- plans: what is expected, where chance decides ------------------------------

---@class hmap.PlanOptions
---@field key? hmap.Type default "any"
---@field value? hmap.Type default "any"
---@field entries? integer how many are inserted in all; or `bytes`
---@field bytes? integer how many there are: to the largest map that fits
---@field live? integer alive at once: each further one takes another's place
---@field hash? hmap.Hash "identity": of consecutive integers
---@field policy? hmap.PolicyName | hmap.Policy
---@field key_bytes? number average length of a text in a key; default: short
---@field value_bytes? number of a text in a value

--- Bytes are those of stats().bytes: without a seed, and without the anchors of
--- Lua objects, which nobody can plan.
---@class hmap.Plan
---@field key hmap.Type
---@field value hmap.Type
---@field entries integer
---@field live integer?
---@field B integer log2 of buckets
---@field buckets integer
---@field load number entries per bucket
---@field next_growth_at integer at this count the next new key doubles the map
---@field preallocated integer overflow buckets that come with the array
---@field overflow integer overflow buckets in use
---@field overflow_made integer of these, made one by one
---@field memory hmap.Memory bytes by part, at rest
---@field bytes integer their sum
---@field bytes_per_entry number?
---@field resident integer bytes in pages that were touched, an estimate
---@field peak hmap.PlannedPeak
---@field growths hmap.PlannedGrowth[] from the first entry on
---@field growing hmap.PlannedMoment? with this many entries a growth is under way
---@field same_size integer? growths to the same size, of entries that come and go
---@field hit_probes number slots that a hit passes, mean
---@field hit_buckets number buckets that a hit reads, mean
---@field miss_probes number slots that a miss passes, mean over chains
---@field miss_buckets number buckets that a miss reads, mean over chains
---@field go hmap.PlanInGo

---@class hmap.PlannedPeak the most bytes at any moment
---@field bytes integer
---@field at integer? entries then; nil: as entries come and go
---@field resident integer the most in pages that were touched, an estimate

---@class hmap.PlannedGrowth
---@field kind "double"
---@field at integer the insert that makes so many entries begins it
---@field from integer buckets
---@field to integer
---@field writes integer that it takes to move them, that insert included

---@class hmap.PlannedMoment of a growth under way
---@field from integer buckets
---@field to integer
---@field evacuated integer old buckets moved
---@field remaining integer
---@field writes integer until it is over
---@field bytes integer all that the map holds then
---@field overflow integer? the rest in plans alone: in use then
---@field hit_probes number?
---@field hit_buckets number?
---@field miss_probes number?
---@field miss_buckets number?

---@class hmap.PlanInGo live bytes of the heap, by Go 1.19's allocator
---@field B integer?
---@field buckets integer?
---@field preallocated integer? overflow buckets that come with the array
---@field array_bytes integer?
---@field overflow integer? overflow buckets in use
---@field bytes integer
---@field bytes_per_entry number?
---@field peak integer with the old array and the new one

---@class hmap.PlanFromBytes
---@field key hmap.Type
---@field value hmap.Type
---@field limit integer the bytes
---@field entries integer at rest, in a map made for them with `capacity`
---@field entries_growing integer that inserts can bring, growths and all
---@field at_rest hmap.Plan of entries
---@field while_growing hmap.Plan of entries_growing

--- What follows are fields of a Plan for the count that is forecast.
---@class hmap.Forecast
---@field count integer entries now
---@field entries integer entries then
---@field bytes_now integer
---@field under_way hmap.MoveUnderWay? the move in progress now
---@field pending hmap.GrowthKind? of the one that waits for it: not foreseen
---@field growths hmap.PlannedGrowth[] to come
---@field growing hmap.PlannedMoment? the one that is under way then
---@field peak hmap.PlannedPeak from now on
---@field B integer
---@field buckets integer
---@field load number
---@field next_growth_at integer
---@field preallocated integer
---@field overflow integer
---@field overflow_made integer
---@field memory hmap.Memory
---@field bytes integer at rest
---@field bytes_per_entry number?
---@field resident integer
---@field hit_probes number
---@field hit_buckets number
---@field miss_probes number
---@field miss_buckets number

---@class hmap.MoveUnderWay
---@field kind hmap.GrowthKind
---@field from integer buckets
---@field to integer
---@field evacuated integer
---@field remaining integer
---@field writes integer until it is over

--- What happened, for map:trace and map:events. Numbers of buckets count from 0.
---@class hmap.Event
---@field kind "grow_begin" | "evacuate" | "grow_end" | "overflow" | "release" | "clear"
---@field op integer the operation that caused it, from 1 since record began, or since the map was first listened to
---@field count integer entries then
---@field growth hmap.GrowthKind? of grow_begin, evacuate, grow_end
---@field from integer? grow_begin, grow_end: buckets before
---@field to integer? and after
---@field bucket integer? evacuate: the old bucket; overflow: the bucket it hangs on
---@field to_x integer? evacuate: entries that went to the first half
---@field to_y integer? and to the second
---@field bytes integer? release: given back to the system
---@field lost integer? events before it that memory was refused for

--- What became of a watched entry, for map:watch.
---@class hmap.Touch
---@field kind "insert" | "overwrite" | "delete" | "move" | "clear"
---@field op integer as of an event
---@field key any a table if a tuple; nil of an object that clear or close let go
---@field watched integer? the bucket, if one is watched
---@field bucket integer? where the entry is, was, or moves to; not of clear
---@field which hmap.Which? array of that bucket
---@field from integer? move: the old bucket
---@field lost integer? what was to be told before it and memory was refused for

--- A recording: what happened, and what hmap.replay needs beside the keys.
--- #r, r[i] and ipairs(r) are those of its events.
---@class hmap.Recording
---@field events hmap.Event[]
---@field [integer] hmap.Event
---@field key hmap.Type
---@field value hmap.Type
---@field seed integer | string | nil over 14 digits as text: "0x..", for JSON
---@field hash hmap.Hash
---@field capacity integer
---@field policy hmap.Policy when the recording began
---@field buckets integer then
---@field name string?
---@field fresh boolean it began on a map that nothing had been done to
---@field after integer operations that earlier calls of map:events gave
---@field operations integer in this one
---@field calls hmap.Call[] what they were
---@field lost integer events that were not kept
---@field lost_calls integer calls that were not
---@field keys any[]? for replay, by you: a key for each call that takes one
---@field values any[]? for replay, by you: the values beside the keys

--- Operations of one sort in a row. Those up to "pop" take a key each. "read",
--- "next" (of an iterator) and "scan" are there if they moved something.
---@class hmap.Call
---@field call "set" | "swap" | "get_or_set" | "add" | "delete" | "pop" | "clear" | "reserve" | "step" | "shrink" | "rekey" | "tune" | "read" | "pairs" | "next" | "scan" | "failed"
---@field times integer
---@field n integer? reserve, step: the argument
---@field policy hmap.Policy? tune

-- -- the ledger ---------------------------------------------------------------

--- What one operation, or all of them, did: in units that are the same for one
--- seed on every machine.
---@class hmap.Work
---@field hashes integer keys hashed
---@field slots integer tophash bytes looked at, 8 for each bucket read
---@field comparisons integer keys compared
---@field moved integer entries moved to a new array
---@field evacuated integer old buckets moved
---@field passed integer old buckets that the evacuation mark went over
---@field overflow integer overflow buckets put behind a chain
---@field blocks integer blocks taken from and given back to the allocator
---@field cleared integer bytes set to zero, of arrays up to 32 KiB
---@field mapped integer bytes of new arrays mapped, untouched as yet
---@field released integer bytes given back

---@alias hmap.OpName
---| "get" | "set" | "delete" | "get_or_set" | "clear"
---| "step" # step, step_for and finish
---| "read_step" # what a lookup moves under step_on = "read_write"
---| "reserve" | "shrink" | "rekey"
---| "iterate" # an iteration that had to bring a rekey to its end

---@class hmap.Op: hmap.Work
---@field op hmap.OpName
---@field number integer from 1, since the ledger was opened
---@field cost integer its work in one number: about the cache lines touched
---@field count integer entries afterwards
---@field cause string what made it cost that
---@field growth hmap.GrowthKind? of the growth that it began or ended
---@field began boolean?
---@field ended boolean?
---@field from integer? buckets before that growth
---@field to integer? and after

---@class hmap.Totals
---@field ops table<hmap.OpName, integer>
---@field sum hmap.Work of all operations
---@field worst hmap.Work the most of each that one operation did

-- -- films --------------------------------------------------------------------

--- What is done to a new map: each key is set, or what calls say.
---@class hmap.Script: hmap.Options
---@field keys any[] of the operations that take one, in their order
---@field values? any[] beside them; default zeros
---@field calls? { call: string, times: integer, n: integer? }[] as in a recording

---@class hmap.FilmOptions
---@field limit? integer operations that are kept in full; default 100,000. Of n
--- times as many the film follows one bucket in n, rounded up to a power of two
---@field cells? integer the same for the buckets of a map as it stands
---@field progress? fun(operation: integer, operations: integer)

--- Plain data but for its methods; lua/hmap/explorer/film.lua tells its fields.
---@class hmap.Film
---@field operations integer
---@field stride integer one bucket in so many is followed
---@field growths { kind: hmap.GrowthKind, from: integer, to: integer, begin_op: integer, end_op: integer?, count: integer, cause: string? }[]
---@field costly { op: integer, cost: integer, call: string, cause: string, text: string? }[] the costliest first
local film = {}

--- The map as it was after an operation; 0: before the first. A scene is over
--- when the next is asked for.
---@param op integer
---@return hmap.Scene
function film:at(op) end

--- The number of a key, from 0 on in order of first use.
---@param key any
---@return integer?
function film:find(key) end

--- The key of a number, and its text.
---@param number integer
---@return any key
---@return string text
function film:key(number) end

--- What all that draws shows: hmap.text.picture draws it as it draws a map.
---@class hmap.Scene
---@field op integer
---@field call string what was done: "set", ..
---@field key any
---@field key_text string?
---@field cost integer
---@field cause string
---@field header hmap.Header
---@field stats hmap.Stats
---@field memory table<string, integer> old, new, overflow, text, other
---@field events table[] as in hmap.Event
---@field moves { key: any, text: string, from: table, to: table }[]
---@field bucket fun(i: integer, which?: hmap.Which): hmap.Bucket?
---@field fill fun(i: integer, which: hmap.Which): integer?, integer?, boolean? entries, buckets of the chain, has moved
---@field written table[] places that the operation wrote: which, bucket, slot, key
---@field find fun(number: integer): table? where the key of a number lies
---@field hash fun(number: integer): integer

-- -- maps ---------------------------------------------------------------------

--- A map. Reads move nothing; writes move up to two old buckets while it grows.
---@class hmap.Map
---@operator len: integer
local map = {}

--- The value of a key, or nil.
---
--- Cost: O(1), moves nothing and allocates nothing but the string it may
--- return.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- m:set("pear", 3)
--- print(m:get("pear"), m:get("plum")) --> 3 nil
--- ```
---@param ... any key
---@return any ...
function map:get(...) end

--- Sets a key to a value; nil deletes. A set takes the key alone.
---
--- Errors: A value or key that the types do not hold; "not enough memory"; past
--- max_bytes.
---
--- Cost: O(1); while the map grows it also moves up to two old buckets.
---
--- ```lua
--- local m = hmap.new { key = { "x:int32", "y:int32" }, value = "string" }
--- m:set(3, 4, "orc")
--- print(m:get(3, 4)) --> orc
--- ```
---@param ... any key, value
function map:set(...) end

--- Whether a key is there.
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- local seen = hmap.new { key = "string", value = "none" }
--- seen:set("pear")
--- print(seen:has("pear"), seen:has("plum")) --> true false
--- ```
---@param ... any key
---@return boolean there
function map:has(...) end

--- Deletes a key, and says whether it was there.
---
--- Cost: O(1); while the map grows it also moves up to two old buckets.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- m:set("pear", 3)
--- print(m:delete("pear"), m:delete("pear")) --> true false
--- ```
---@param ... any key
---@return boolean was_there
function map:delete(...) end

--- Deletes a key and returns the value it had, or nil.
---
--- Cost: O(1); while the map grows it also moves up to two old buckets.
---
--- ```lua
--- local jobs = hmap.new { key = "int64", value = "string" }
--- jobs:set(7, "paint")
--- print(jobs:pop(7), jobs:pop(7)) --> paint nil
--- ```
---@param ... any key
---@return any ...
function map:pop(...) end

--- Sets a key and returns the value it had, or nil.
---
--- Errors: As set.
---
--- Cost: O(1); while the map grows it also moves up to two old buckets.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- print(m:swap("door", 1)) --> nil
--- print(m:swap("door", 2)) --> 1
--- ```
---@param ... any key, value
---@return any ...
function map:swap(...) end

--- Sets a key only if it is absent.
---
--- Errors: As set.
---
--- Cost: O(1); while the map grows it also moves up to two old buckets. One
--- probe.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- print(m:get_or_set("door", 1)) --> 1 false
--- print(m:get_or_set("door", 2)) --> 1 true
--- ```
---@param ... any key, value
---@return any value there now
---@return boolean existed
function map:get_or_set(...) end

--- Adds n (default 1) to a numeric value, absent counting as 0.
---
--- Errors: The value type cannot hold the sum; the values are no numbers; else
--- as set.
---
--- Cost: O(1); while the map grows it also moves up to two old buckets. One
--- probe.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- for word in ("to be or not to be"):gmatch "%a+" do m:add(word) end
--- print(m:get("to"), m:add("be", 10)) --> 2 12
--- ```
---@param ... any key, n
---@return number sum
function map:add(...) end

--- Methods that have the map inside, one for each name: for hot loops, where
--- the search for the method and the check of its map are a third of the call.
---
--- Errors: No such method; all names are told. What a bound method raises is
--- what the method raises.
---
--- Cost: A closure for each name. A call then costs two thirds of the method's.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- local get, add = m:bind("get", "add")
--- for word in ("to be or not to be"):gmatch "%a+" do add(word) end
--- print(get("to"), get("nil")) --> 2 nil
--- ```
---@param name string
---@param ... string more names
---@return function ... one for each name
function map:bind(name, ...) end

--- The number of entries, as #m.
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- local m = hmap.new()
--- m:set("a", 1)
--- print(m:count(), #m) --> 1 1
--- ```
---@return integer entries
function map:count() end

--- Deletes every entry; the number of buckets stays. What the entries held goes
--- back bit by bit with later writes and steps; finish() gives back the rest.
---
--- Cost: The marks of the buckets are cleared, a part of the rest; no pause.
---
--- ```lua
--- local m = hmap.new()
--- m:set("a", 1)
--- m:clear()
--- print(#m) --> 0
--- ```
function map:clear() end

--- Makes room for n entries without a further growth.
---
--- Errors: No map can hold so many; "not enough memory"; past max_bytes.
---
--- Cost: Begins one growth; its moves go with later writes.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- m:reserve(1000)
--- print(m:stats().buckets) --> 256
--- ```
---@param n integer
function map:reserve(n) end

--- Iterates: each entry present throughout once, whatever is written meanwhile.
--- Pass all four values to the generic for, which closes the iterator.
---
--- Cost: O(1) a step, O(n) in all. An iterator keeps no array alive.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- m:set("pear", 3)
--- for k, v in pairs(m) do print(k, v) end --> pear 3
--- ```
---@return function next
---@return any state
---@return nil
---@return any closing
function map:pairs() end

--- Iterates over the keys.
---
--- Cost: As pairs.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- m:set("pear", 3)
--- for k in m:keys() do print(k) end --> pear
--- ```
---@return function next
---@return any state
---@return nil
---@return any closing
function map:keys() end

--- Iterates over the values.
---
--- Cost: As pairs.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- m:set("pear", 3)
--- for v in m:values() do print(v) end --> 3
--- ```
---@return function next
---@return any state
---@return nil
---@return any closing
function map:values() end

-- Lists: from 1 to #list; metamethods (__index, __len, __pairs, __newindex) are
-- honoured, and called before anything else is done. The elements of a tuple type are tables of
-- its fields, by name or by number. All that is wrong with a list is found
-- before anything is written, and told with its index.

--- The values of many keys, with memory asked for at once.
---
--- Errors: An element that is no key; its index is told.
---
--- Cost: One call for all; the memory of many keys is asked for at once.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- m:set_many({ "a", "b" }, { 1, 2 })
--- local found = m:get_many { "b", "x", "a" }
--- print(found[1], found[2], found[3], found.n) --> 2 nil 1 3
--- ```
---@param keys any[]
---@param out? table the list to fill; default: a new one
---@return table values nil where a key is absent; n is #keys
function map:get_many(keys, out) end

--- As set(keys[i], values[i]) for each i: a nil among the values deletes; if it
--- is the last, values.n says how many there are. Other lengths raise.
--- With one table: as set(k, v) for each of its pairs; in a set, one list of
--- keys. If memory or max_bytes refuse an entry, those before it are set.
---
--- Errors: An element of the wrong type, lists of different length; else as
--- set.
---
--- Cost: As n sets, in one call.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- m:set_many { pear = 3, plum = 5 }
--- print(#m, m:get("plum")) --> 2 5
--- ```
---@param keys any[] | table
---@param values? any[]
function map:set_many(keys, values) end

--- As delete(k) for each key of a list.
---
--- Errors: An element that is no key; its index is told.
---
--- Cost: As n deletes, in one call.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "none" }
--- for i = 1, 10 do m:set(i) end
--- print(m:delete_many { 1, 2, 99 }, #m) --> 2 8
--- ```
---@param keys any[]
---@return integer deleted how many were there
function map:delete_many(keys) end

--- A page of entries, at least n unless too few are left; pages end where a
--- class of hashes does. Over all pages each entry that is present throughout
--- comes exactly once, whatever is written meanwhile. The map keeps nothing of
--- a scan; a cursor can be stored. While a rekey is under way a page may be
--- empty: go on with its cursor.
---
--- Errors: Not a cursor of this map, or one from before too many rekeys.
---
--- Cost: O(n of the page). Nothing is kept between pages.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- for i = 1, 1000 do m:set(i, i) end
--- local cursor, keys, values, sum = nil, nil, nil, 0
--- repeat
---   cursor, keys, values = m:scan(cursor, 100)
---   for i = 1, #keys do sum = sum + values[i] end
--- until not cursor
--- print(sum) --> 500500
--- ```
---@param cursor string? nil: from the beginning
---@param n? integer default 100
---@return string? cursor of the next page; nil: this was the last
---@return any[] keys
---@return any[] values
function map:scan(cursor, n) end

--- A map of the same types and hash with the same entries.
---
--- Errors: "not enough memory".
---
--- Cost: O(n): walks the map.
---
--- ```lua
--- local m = hmap.new()
--- m:set("a", 1)
--- local other = m:clone()
--- other:set("a", 2)
--- print(m:get("a"), other:get("a")) --> 1 2
--- ```
---@return hmap.Map
function map:clone() end

--- A Lua table with the same entries.
---
--- Errors: "not enough memory".
---
--- Cost: O(n): walks the map.
---
--- ```lua
--- local m = hmap.new()
--- m:set("a", 1)
--- print(m:totable().a) --> 1
--- ```
---@return table
function map:totable() end

--- Sets every entry of another map with the same types, or of a table.
---
--- Errors: Other types; else as set.
---
--- Cost: O(n) of the other.
---
--- ```lua
--- local m = hmap.new()
--- m:merge { a = 1, b = 2 }
--- print(#m) --> 2
--- ```
---@param other hmap.Map | table
function map:merge(other) end

--- Sets an entry for each line of a text file that is not empty. What stands
--- between delimiters is a field; in double quotes it may have delimiters, and
--- a quote that is doubled, but no line end. A byte order mark is left out; CR
--- LF and CR end lines as LF does. Of a set without more said a line is a key.
---
--- Errors: The first line that is no entry, by its number; the lines before it
--- are set. A file that is no text, or has a line over 1 MiB.
---
--- Cost: O(1) a line; at most a line and 64 KiB of the file are held.
---
--- ```lua
--- local path = os.tmpname()
--- io.open(path, "w"):write("id,name\n7,pear\n8,\"plum, dried\"\n"):close()
--- local m = hmap.new { key = "int64", value = "string" }
--- print(m:load_lines(path, { header = true }), m:get(8)) --> 2 plum, dried
--- os.remove(path)
--- ```
---@param file string|file* a path, or a file open for reading
---@param opts? hmap.LineOptions
---@return integer lines
function map:load_lines(file, opts) end

--- Writes the map into a file, for hmap.load: types, policy, hash, seed and all
--- entries. The file is written beside the path, synced and renamed: whatever
--- happens, there is the old one or the new one, whole. An `any` map may hold
--- booleans, numbers and strings.
---
--- Errors: What the system says of the path or the disk; a key or value that is
--- an object, before anything is written. No paths in a sandbox.
---
--- Cost: O(n), and 300 KB; no Lua value is made for an entry.
---
--- ```lua
--- local path = os.tmpname()
--- local m = hmap.from { pear = 3, plum = 8 }
--- print(m:save(path), hmap.load(path):get("plum")) --> 2 8
--- os.remove(path)
--- ```
---@param path string
---@return integer entries how many were saved
function map:save(path) end

--- The same in steps, between which the map may be read and written. An entry
--- that is there throughout is in the file once; of others it is open. The file
--- is in place when the loop has ended by itself; a loop that is left, or
--- raises, leaves what was there before.
---
--- Errors: As save, at once or at the step that meets it; a map that is closed,
--- or rekeyed more than eight times, meanwhile.
---
--- Cost: O(n) a step, and what the disk takes for 256 KiB; the last one syncs.
---
--- ```lua
--- local path = os.tmpname()
--- local m = hmap.new { key = "int64", value = "none" }
--- for i = 1, 2500 do m:set(i) end
--- for done, total in m:saving(path, 1000) do print(done, total) end
--- --> 1000 2500
--- --> 2000 2500
--- --> 2500 2500
--- os.remove(path)
--- ```
---@param path string
---@param n? integer entries of a step at most; default 1000
---@return fun(): integer?, integer? next entries so far, and in the map now
---@return userdata state
---@return nil none
---@return userdata closing
function map:saving(path, n) end

--- An object on which t[k], t[k] = v, pairs(t) and #t work and nothing else, so
--- that no key collides with a method.
---
--- Errors: Keys or values that are tuples.
---
--- Cost: O(1); reads and writes are as fast as methods.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- local t = m:view()
--- t.get = 7
--- print(t.get, m:get("get"), #t) --> 7 7 1
--- ```
---@return table
function map:view() end

--- Closes the map; idempotent. Also by `local m <close>` and the collector. What
--- it holds goes back bit by bit: while other maps are written, made or stepped,
--- and in each cycle of the collector; finish() of any map gives back the rest.
---
--- Cost: O(1) at once; the memory goes back bit by bit.
---
--- ```lua
--- local m = hmap.new()
--- m:close()
--- print(m) --> hmap any -> any, closed
--- ```
function map:close() end

--- Moves up to n old buckets of the growth in progress, and gives back a part
--- of what waits to be given back.
---
--- Cost: O(n buckets moved).
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64", seed = 1 }
--- for i = 1, 105 do m:set(i, i) end
--- print(m:step(4)) --> 4 10
--- ```
---@param n integer
---@return integer moved
---@return integer remaining
function map:step(n) end

--- Moves old buckets until about so many seconds are over.
---
--- Cost: About so many seconds, or until nothing is left to do.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- for i = 1, 105 do m:set(i, i) end
--- local moved, remaining = m:step_for(0.1)
--- print(moved > 0, remaining) --> true 0
--- ```
---@param seconds number
---@return integer moved
---@return integer remaining
function map:step_for(seconds) end

--- Completes the growth in progress and gives back all that waits; its work
--- depends on how much that is.
---
--- Cost: All that is left of the growth: not bounded.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- for i = 1, 105 do m:set(i, i) end
--- m:finish()
--- print(m:stats().growing) --> false
--- ```
function map:finish() end

--- Begins a move to the fewest buckets that hold the entries.
---
--- Errors: The map holds NaN keys; "not enough memory".
---
--- Cost: Begins a move; its steps go with later writes.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- for i = 1, 1000 do m:set(i, i) end
--- for i = 11, 1000 do m:delete(i) end
--- m:shrink()
--- m:finish()
--- print(m:stats().buckets) --> 2
--- ```
function map:shrink() end

--- Begins a move of all entries to new places, under a fresh hash key (xxh3 if
--- the hash has none).
---
--- Errors: The map holds NaN keys; "not enough memory".
---
--- Cost: Begins a move; its steps go with later writes.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64", hash = "constant" }
--- for i = 1, 100 do m:set(i, i) end
--- print(m:distribution().max_entries) --> 100
--- m:rekey()
--- m:finish()
--- print(m:distribution().max_entries < 20) --> true
--- ```
function map:rekey() end

--- Changes the policy: what a table names, or all of it by a name. Returns the
--- policy that the map now has; with nothing to change, just that.
---
--- Errors: A name or number that no policy has; it is named.
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- local m = hmap.new { policy = "go" }
--- print(m:tune { moves = 4 }.moves) --> 4
--- ```
---@param policy? hmap.PolicyName | hmap.Policy
---@return hmap.Policy
function map:tune(policy) end

--- Go's header. O(1).
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- for i = 1, 20 do m:set(i, i) end
--- print(m:header().count, m:header().B) --> 20 2
--- ```
---@return hmap.Header
function map:header() end

--- O(1).
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- for i = 1, 20 do m:set(i, i) end
--- print(m:stats().load, m:stats().next_growth_at) --> 5.0 26
--- ```
---@return hmap.Stats
function map:stats() end

--- How the keys fell, beside what chance would do. Walks the map.
---
--- Cost: O(n): walks the map.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64", seed = 1 }
--- for i = 1, 1000 do m:set(i, i) end
--- print(m:distribution().verdict) --> good
--- ```
---@return hmap.Distribution
function map:distribution() end

--- The search for a key: where it goes and why, what it meets. Moves nothing.
---
--- Errors: What is no key of this map.
---
--- Cost: O(1), whatever the size of the map. Moves nothing.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64", seed = 1 }
--- m:set("pear", 3)
--- print(m:explain("pear").found, m:explain("pear").bucket) --> true 0
--- ```
---@param ... any key
---@return hmap.Explanation
function map:explain(...) end

--- One chain of the new array or, while the map grows, of the old one.
---
--- Errors: There is no such bucket.
---
--- Cost: O(1): one chain.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64", seed = 1 }
--- m:set(1, 10)
--- local slot = m:bucket(0).slots[1]
--- print(slot.state, slot.key, slot.value) --> full 1 10
--- ```
---@param i integer from 0
---@param which? hmap.Which
---@return hmap.Bucket
function map:bucket(i, which) end

--- Iterates over the chains of an array.
---
--- Cost: One chain a step.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- for i = 1, 20 do m:set(i, i) end
--- local n = 0
--- for bucket in m:buckets() do n = n + #bucket.slots end
--- print(n >= 32) --> true
--- ```
---@param which? hmap.Which
---@return fun(): hmap.Bucket?
function map:buckets(which) end

--- How keys and values lie in a bucket of this map.
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- print(m:layout().bucket_size) --> 144
--- ```
---@return hmap.Layout
function map:layout() end

--- O(1).
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- m:set(("long "):rep(20), 1)
--- print(m:memory().total == m:stats().bytes) --> true
--- ```
---@return hmap.Memory
function map:memory() end

--- Opens (true) the map's ledger, anew if it is open, or closes it (false):
--- from then on each operation's work is counted, each key of a many-key method
--- as an operation. Without an argument: what all operations came to, nil if it
--- is closed. A closed ledger costs nothing.
---
--- Errors: "not enough memory".
---
--- Cost: O(1); a closed one costs nothing, an open one about half an operation.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- m:ledger(true)
--- for i = 1, 10 do m:set(i, i) end
--- print(m:ledger().ops.set) --> 10
--- ```
---@param on? boolean
---@return hmap.Totals?
function map:ledger(on) end

--- The last operation; nil if the ledger is closed or has none yet.
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- m:ledger(true)
--- m:set(1, 1)
--- print(m:last_op().op, m:last_op().hashes) --> set 1
--- ```
---@return hmap.Op?
function map:last_op() end

--- The n costliest operations, the costliest first, of equals the earlier. The
--- ledger keeps 64.
---
--- Cost: O(n), of 64 at most.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- m:ledger(true)
--- for i = 1, 1000 do m:set(i, i) end
--- print(m:worst_ops(1)[1].growth) --> double
--- ```
---@param n? integer default 10
---@return hmap.Op[]
function map:worst_ops(n) end

--- Verifies every invariant. Walks the map.
---
--- Cost: O(n): walks the map.
---
--- ```lua
--- local m = hmap.new()
--- m:set("a", 1)
--- print(m:check()) --> true
--- ```
---@return true?
---@return string? broken
function map:check() end

--- What inserts of new keys will do until the map holds n entries: growths,
--- writes that they take, bytes then and at the worst moment. Keys are taken to
--- fall by chance, and to come with as much text as those that are there.
---
--- Errors: Fewer entries than there are.
---
--- Cost: Arithmetic: O(growths).
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64" }
--- m:set(1, 1)
--- print(m:forecast(1000000).buckets) --> 262144
--- ```
---@param n integer
---@return hmap.Forecast
function map:forecast(n) end

--- One integer for the whole state: count, B, growth, and every tophash byte,
--- key and value in its chain and order. Equal for equal states, on every
--- machine (see `seed`); objects in `any` count by their kind alone. Not for
--- addresses, iterators and policy. Walks the map.
---
--- Cost: O(n): walks the map.
---
--- ```lua
--- local a = hmap.new { key = "int64", value = "int64", seed = 1 }
--- local b = hmap.new { key = "int64", value = "int64", seed = 1 }
--- a:set(1, 1)
--- b:set(1, 1)
--- print(a:fingerprint() == b:fingerprint()) --> true
--- ```
---@return integer
function map:fingerprint() end

--- Calls fn(event) for what happens, each time when the operation that caused
--- it has been done and before it returns. What fn raises goes to the caller of
--- that operation, and the rest is told with the next. fn may use, write and
--- close this very map: what that causes is told behind what waits. nil ends it.
---
--- Errors: What is no function.
---
--- Cost: Nothing while nobody listens.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64", seed = 1 }
--- m:trace(function(event)
---   if event.kind == "grow_begin" then print(event.from, event.to) end
--- end)
--- for i = 1, 20 do m:set(i, i) end --> 1 2
--- --> 2 4
--- ```
---@param fn fun(event: hmap.Event)?
function map:trace(fn) end

--- Keeps the last n events, and as many runs of calls, without calling Lua;
--- begins anew each time. 0 or nothing ends it and frees them.
---
--- Errors: "not enough memory".
---
--- Cost: O(n) memory; no call of Lua while it records.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64", seed = 1 }
--- m:record(100)
--- for i = 1, 20 do m:set(i, i) end
--- print(m:events()[1].kind) --> grow_begin
--- ```
---@param n? integer
function map:record(n) end

--- What was recorded, which is then no longer kept. Raises without a recording.
---
--- Errors: There is no recording.
---
--- Cost: O(events).
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64", seed = 1 }
--- m:record(100)
--- for i = 1, 20 do m:set(i, i) end
--- print(m:events().operations) --> 20
--- ```
---@return hmap.Recording
function map:events() end

--- watch(key, fn) or watch({bucket = i}, fn): calls fn(touch) when the key's
--- entry, or one of the bucket i of the new array (and, while the map grows, of
--- the old bucket i), is inserted, overwritten, moved or deleted; when as in
--- trace. An entry that leaves for bucket i + n when the array doubles is told as
--- a move from i. One function for a key or bucket; nil ends it. In a map of
--- `any` keys watch({key = t}, fn) watches the key t whatever table it is. While
--- anything is watched, each touch of any entry costs a comparison with each
--- watch.
---
--- Errors: What is no key, a bucket that is not there, what is no function.
---
--- Cost: Each touch of any entry costs a comparison with each watch.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64" }
--- m:watch("pear", function(touch) print(touch.kind) end)
--- m:set("pear", 3) --> insert
--- m:delete("pear") --> delete
--- ```
---@param ... any key or form, fn or nil
function map:watch(...) end

--- Both arrays, the evacuation mark, chains and load as text. Its work depends
--- on the width, not on the map.
---
--- Errors: An option that there is not.
---
--- Cost: Depends on the width, not on the map.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64", seed = 1 }
--- for i = 1, 20 do m:set(i, i) end
--- print(m:draw { width = 64, ascii = true }:match "20 entries") --> 20 entries
--- ```
---@param opts? hmap.DrawOptions
---@return string
function map:draw(opts) end

--- Prints what can be asked of a map, by question; of a name, or of a function
--- itself, what it does, raises and costs, and an example with its output.
---
--- Errors: A name that there is not.
---
--- Cost: Reads the annotations once.
---
--- ```lua
--- local m = hmap.new()
--- m:help("count") --> m:count() -> integer entries ...
--- ```
---@param what? string | function
function map:help(what) end

-- -- the module ---------------------------------------------------------------

---@class hmap.core
---@field _VERSION string
local core = {}

--- A new map. Raises for unknown options and types, and lists the valid ones.
---
--- Errors: An option or type that there is not: the valid ones are listed; "not
--- enough memory".
---
--- Cost: O(1): room for `capacity` costs nothing until it is touched.
---
--- ```lua
--- local m = hmap.new { key = "string", value = "int64", name = "prices" }
--- print(m) --> hmap 'prices' string -> int64: 0 entries, B=0, load 0.00
--- ```
---@param opts? hmap.Options
---@return hmap.Map
function core.new(opts) end

--- How keys and values of these types lie in a bucket.
---
--- Errors: A type that there is not.
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- print(hmap.layout("string", "int64").bucket_size) --> 208
--- ```
---@param key hmap.Type
---@param value hmap.Type
---@return hmap.Layout
function core.layout(key, value) end

--- What a map will cost, by arithmetic: buckets, bytes, growths, probes; and the
--- same map in Go. No map is filled.
---
--- Errors: An option that there is not, numbers that cannot be.
---
--- Cost: Arithmetic: O(growths). No map is filled.
---
--- ```lua
--- local p = hmap.plan { key = "int64", value = "int64", entries = 1000000 }
--- print(p.buckets, p.growths[#p.growths].at) --> 262144 851969
--- ```
---@param opts hmap.PlanOptions
---@return hmap.Plan | hmap.PlanFromBytes
function core.plan(opts) end

--- The hash of a key as a map with this seed would have it.
---
--- Errors: What is no key of that type.
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- print(hmap.hash("int64", 7, 0, "identity")) --> 7
--- ```
---@param key_type hmap.Type
---@param key any
---@param seed? integer
---@param hash? hmap.Hash
---@return integer
function core.hash(key_type, key, seed, hash) end

--- A new map of what there is: the entries of a table; with value = "none" the
--- keys of a list; with a tuple as key a list of {key =, value =}, as totable
--- gives it; or what a function returns, called until it returns nil. Options
--- are those of hmap.new; types and capacity that they leave out follow from the
--- entries of a table.
---
--- Errors: An entry that does not fit the types.
---
--- Cost: O(n).
---
--- ```lua
--- print(hmap.from { pear = 3, plum = 8 }:get("plum")) --> 8
--- local words = hmap.from(("a b a"):gmatch "%a", { key = "string",
---   value = "none" })
--- print(#words) --> 2
--- ```
---@param source table|fun(): ...
---@param opts? hmap.Options
---@return hmap.Map
function core.from(source, opts) end

--- The map that a file has, of m:save. Options as of hmap.new come before what
--- the file says; key and value must be its types. A seed that nobody chose is
--- not in the file: the map draws its own.
---
--- Errors: What the system says of the path; a file that is cut off, damaged or
--- none of a map: what is wrong, and at which byte. No map is made then.
---
--- Cost: O(n): a put for each entry; no Lua value is made for it.
---
--- ```lua
--- local path = os.tmpname()
--- hmap.from({ 10, 20 }, { name = "old" }):save(path)
--- local m = hmap.load(path, { name = "new", policy = "adaptive" })
--- print(m:get(2), m) --> 20 hmap 'new' int64 -> int64: 2 entries, B=0, load 2.00
--- os.remove(path)
--- ```
---@param path string
---@param opts? hmap.Options
---@return hmap.Map
function core.load(path, opts) end

--- The same in steps. The last turn brings the map; a loop that is left, or
--- raises, leaves none.
---
--- Errors: As load, at once or at the step that meets it.
---
--- Cost: O(n) a step, and reading 256 KiB.
---
--- ```lua
--- local path = os.tmpname()
--- hmap.from({ 10, 20, 30 }):save(path)
--- for done, total, m in hmap.loading(path, 2) do
---   print(done, total, m and #m)
--- end
--- --> 2 3 nil
--- --> 3 3 3
--- os.remove(path)
--- ```
---@param path string
---@param n? integer entries of a step at most; default 1000
---@param opts? hmap.Options
---@return fun(): integer?, integer?, hmap.Map? next entries so far and in all
---@return userdata state
---@return nil none
---@return userdata closing
function core.loading(path, n, opts) end

--- What a file of m:save says of its map: key, value, entries, bytes, hash, seed,
--- policy. Reads the header alone.
---@param path string
---@return table
function core.file(path) end

--- Compares the hash functions on a list of keys, without building the maps:
--- a bad hash takes no longer than a good one.
---
--- Errors: A list with keys of two types.
---
--- Cost: O(n) for each hash function.
---
--- ```lua
--- local s = hmap.keystats { 16, 32, 48, 64, 80 }
--- print(s.keys, s.key) --> 5 int64
--- ```
---@param keys any[]
---@param opts? hmap.KeystatsOptions
---@return hmap.Keystats
function core.keystats(keys, opts) end

--- Everything about a map on one page: state, policy, check, memory, bucket,
--- distribution, picture. Walks the map. No address is in it. With a path, a
--- film, or a list of what films are made of, as one HTML file that needs
--- nothing else; returns its bytes.
---
--- Errors: What is no map; an option that there is not; a file that cannot be
--- written.
---
--- Cost: O(n): walks the map.
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64", seed = 1 }
--- print(hmap.report(m):match "^hmap int64 %-> int64") --> hmap int64 -> int64
--- ```
---@param m hmap.Map
---@param opts? hmap.DrawOptions
---@return string
---@overload fun(x: hmap.Map | hmap.Film | hmap.Script | hmap.Recording | table[], path: string, opts?: hmap.FilmOptions): integer
function core.report(m, opts) end

--- The film of a map: what became of it, operation by operation. Of a map as it
--- stands a film of that moment; of a script or a recording with its keys, the
--- operations are done again, to a new map, and looked at.
---
--- Errors: A recording that is not whole.
---
--- Cost: O(operations).
---
--- ```lua
--- local film = hmap.film { key = "int64", value = "int64", seed = 1,
---   keys = { 1, 2, 3 } }
--- print(film.operations, film:at(2).header.count) --> 3 2
--- ```
---@param x hmap.Map | hmap.Script | hmap.Recording
---@param opts? hmap.FilmOptions
---@return hmap.Film
function core.film(x, opts) end

--- A map as the recorded one was after `step` operations, by default all. The
--- recording must be whole, from the beginning of a map with a seed; its field
--- keys has the operations' keys in order, values their values (else zeros).
--- Raises if the new map does not cause the same events at the same operations.
---
--- Errors: The recording is not whole, or does not fit the map.
---
--- Cost: O(operations).
---
--- ```lua
--- local m = hmap.new { key = "int64", value = "int64", seed = 1 }
--- m:record(100)
--- for i = 1, 20 do m:set(i, 0) end
--- local recording = m:events()
--- recording.keys = {}
--- for i = 1, 20 do recording.keys[i] = i end
--- print(#hmap.replay(recording, 12)) --> 12
--- ```
---@param recording hmap.Recording
---@param step? integer
---@return hmap.Map
function core.replay(recording, step) end

--- The map behind a view.
---
--- Errors: What is no view.
---
--- Cost: O(1), whatever the size of the map.
---
--- ```lua
--- local m = hmap.new()
--- print(hmap.of(m:view()) == m) --> true
--- ```
---@param view table
---@return hmap.Map
function core.of(view) end

--- All open maps of this Lua state, oldest first. A map is stuck if its growth
--- has not moved on since an earlier look, by this, profile or metrics, at least
--- stuck_after seconds ago. With `collect` maps that were no longer referenced
--- are in the list for the last time, as leaked.
---
--- Errors: An option that there is not.
---
--- Cost: O(maps), not their entries.
---
--- ```lua
--- local m <close> = hmap.new { name = "prices" }
--- for _, row in ipairs(hmap.live()) do
---   if row.map == m then print(row.name, row.count) end
--- end --> prices 0
--- ```
---@param opts? hmap.LiveOptions
---@return hmap.LiveMap[]
function core.live(opts) end

--- With true, maps made from now on remember the traceback of their creation,
--- and their lives are noted, at every few hundred writes; false ends that.
--- Without an argument: what was noted.
---
--- Cost: O(maps). While it is on, a traceback for each map made.
---
--- ```lua
--- hmap.profile(true)
--- local m <close> = hmap.new()
--- m:set("a", 1)
--- hmap.profile(false)
--- print(hmap.profile().on) --> false
--- ```
---@param on? boolean
---@return hmap.Profile?
function core.profile(on) end

--- All maps as Prometheus text, exposition format 0.0.4. Maps of one name are
--- summed, those without a name are one with map="".
---
--- Cost: O(maps).
---
--- ```lua
--- local m <close> = hmap.new { name = "prices" }
--- m:set("a", 1)
--- print(hmap.metrics():match 'hmap_entries{map="prices"} %d+')
--- --> hmap_entries{map="prices"} 1
--- ```
---@return string
function core.metrics() end

--- Prints what can be asked of a map, by question; of a name, or of a function
--- itself, what it does, raises and costs, and an example with its output.
---
--- Errors: A name that there is not.
---
--- Cost: Reads the annotations once.
---
--- ```lua
--- hmap.help("of") --> hmap.of(view) -> hmap.Map ...
--- ```
---@param what? string | function
function core.help(what) end

-- The rest is for hmap's own Lua side.

--- What is known of each open map, in no order. With look, maps remember how
--- far their growths were seen.
---@param look? boolean
---@return table[]
function core.open_maps(look) end

--- The open map of this number, if it is referenced.
---@param id integer
---@return hmap.Map?
function core.open_map(id) end

--- Sums of maps: all, by name, by traceback.
---@return { maps: table, unnamed: table, names: table<string, table>, sites: table<string, table> }
function core.counters() end

--- The lives noted by the profile, in no order.
---@return table[]
function core.lives() end

--- Switches the profile, if told.
---@param on? boolean
---@return boolean on
---@return number? seconds since it was first
function core.profiling(on) end

--- The constants by which maps grow and take memory; see hmap_limits in
--- hmap_inspect.h. Bytes unless said otherwise.
---@class hmap.Limits
---@field load number Go's load factor, 6.5
---@field slots integer in a bucket
---@field most_B integer log2 of the most buckets
---@field inline_bytes integer the largest key or value in its bucket
---@field text_bytes integer the longest text that lies in its bucket
---@field page integer of the system
---@field cleared integer arrays up to this come from the allocator
---@field sliced integer arrays from this on go back in slices
---@field slice integer
---@field unslabbed integer blocks of a kind, until they come from slabs
---@field slab integer
---@field region_slabs integer slabs in a region
---@field block_unit integer sizes of blocks in slabs are multiples of it
---@field block integer the largest block in a slab
---@field regions integer room in the list of regions at first

---@return hmap.Limits
function core.limits() end

--- The entries for which 2^B buckets do not double.
---@param load number
---@param B integer
---@return integer
function core.threshold(load, B) end

--- Overflow buckets a bucket that begin a growth to the same size.
---@param load number
---@return number
function core.overflow_share(load) end

---@return hmap.GrowthKind[]
function core.growth_kinds() end

--- What a unit of each kind of work costs.
---@return table<string, number>
function core.work_costs() end

--- Adds a method to all maps.
---@param name string
---@param fn function
function core.extend(name, fn) end

--- The sorted names of all methods.
---@return string[]
function core.methods() end

--- The types of a map's keys and values, as hmap.new takes them.
---@param m hmap.Map
---@return hmap.Type key
---@return hmap.Type value
function core.types(m) end

--- m itself, which from now on tells no address and touches no file; so do the
--- clones made of it then.
---@param m hmap.Map
---@return hmap.Map
function core.sandbox(m) end

--- Whether m is such a map.
---@param m hmap.Map
---@return boolean
function core.is_sandboxed(m) end

--- Sets what all views of a name do when they are printed, measured or indexed.
---@param name string
---@param event "__tostring"|"__len"|"__index"
---@param fn function
function core.set_view_event(name, event, fn) end

--- Makes a table a view of that name, and returns it.
---@param name string
---@param t table
---@return table
function core.view(name, t) end

--- The raw counts behind map:distribution.
---@param m hmap.Map
---@return table
function core.distribution(m) end

--- The bits that some hash and that every hash of a map's keys has, and how
--- many keys but NaN there are; while its size changes, classes of hashes too.
---@param m hmap.Map
---@return { any: integer, all: integer, keys: integer, classes: integer?, by_class: table<integer, integer>? }
function core.hashes(m) end

--- The raw counts that m would have at rest under the hash of another map with
--- keys of this type, comparisons in vain over finding each key, hash masks.
---@param m hmap.Map
---@param other hmap.Map
---@return table raw
---@return integer in_vain
---@return table masks
function core.rehash(m, other) end

--- Text of users as people may see it: what is no printable character is
--- escaped. "exact" (default): a backslash is doubled; "quoted": and double
--- quotes around it; "safe": a backslash stays. Over `most` characters are cut.
---@param s string
---@param form? "exact" | "quoted" | "safe"
---@param most? integer
---@return string
function core.text(s, form, most) end

--- Seconds on a clock that only goes forward.
---@return number
function core.now() end

--- Bytes of closed maps that have not gone back yet, and of cleared arrays that
--- are kept for maps to come.
---@return integer dropped
---@return integer kept
function core.dropped() end

--- Opens or closes a map's ledger.
---@param m hmap.Map
---@param on boolean
function core.ledger(m, on) end

--- The counts that ledger, last_op and worst_ops of a map put into words.
---@param m hmap.Map
---@return table?
function core.totals(m) end

---@param m hmap.Map
---@return table?
function core.last_op(m) end

---@param m hmap.Map
---@param n integer
---@return table[]
function core.worst_ops(m, n) end

return core
