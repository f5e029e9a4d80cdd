// Operations at random: which map, which keys, and what is done to it. All of
// it follows from a seed and a number.

package main

import (
	"bufio"
	"fmt"
	"runtime"
	"strings"
)

type dice struct{ state uint64 }

func (d *dice) below(n int64) int64 { return int64(mix(&d.state) % uint64(n)) }

// True once in n times.
func (d *dice) once(n int64) bool { return d.below(n) == 0 }

func (d *dice) pick(words string) string {
	list := strings.Fields(words)
	return list[d.below(int64(len(list)))]
}

// From low to high, each number of digits as likely as another.
func (d *dice) spread(low, high int64) int64 {
	for high > 2*low && d.below(2) == 0 {
		high = low + (high-low)/2
	}
	return low + d.below(high-low+1)
}

type universe struct {
	*trace
	dice
	nkeys, base, stride int64
	prefix, suffix      string // of texts

	present []string       // tokens of keys
	at      map[string]int // their places in present
	fresh   int64          // number of the next elem

	step func(u *universe)
	left int64 // steps of the phase

	crowd, coming, leaving []string // keys of one bucket, see turn
	turned                 uint64
}

const numericKeys = "int64 int64 int64 int32 uint32 ptr bytes4 bytes8 bytes32 " +
	"bytes3 int8 uint8 int16 bytes128 bytes136"
const allElems = "int64 int64 int64 int8 uint8 string bytes32 bytes128 bytes136 " +
	"float64 iface none"

// The elems of keys that may be NaN tell these apart.
const distinctElems = "int64 int64 string bytes136"

const anyHash = "id const sm64 sm64s idtop shl10 top2 runtime"

func (d *dice) shape(h *header) {
	h.Ktype = d.pick("string string string float64 iface " + numericKeys)
	elems, hashes := allElems, anyHash
	switch h.Ktype {
	case "float64", "iface":
		elems, hashes = distinctElems, "runtime runtime runtime const"
	case "ptr": // Go's own takes the address, and that is another next time
		hashes = "id const sm64 sm64s idtop shl10 top2"
	}
	h.Etype, h.Hash = d.pick(elems), d.pick(hashes)
	h.Variant = kinds[h.Ktype].fast(kinds[h.Etype])
	if d.once(4) {
		h.Variant = "generic"
	}
	if d.once(2) {
		h.Mapclear = "1.21"
	}
}

func newUniverse(seed, number uint64, out *bufio.Writer) *universe {
	d := dice{seed*0x9e3779b97f4a7c15 + number}
	h := header{Fmt: "gomap-trace/1", Go: runtime.Version(), Mode: "direct",
		Name: fmt.Sprintf("universe %d of seed %d", number, seed),
		Seed: mix(&d.state) >> 2}
	d.shape(&h)
	u := &universe{at: map[string]int{}, nkeys: d.spread(2, 1000),
		stride: 1 << d.spread(0, 12), base: d.below(3) - 1}
	if d.once(2) {
		u.stride += 2 * d.below(1000)
	}
	u.prefix, u.suffix = d.texts()
	u.dice = d
	u.trace = newTrace(h, out)
	return u
}

// Short texts lie in their cells; of long ones Go looks at both ends first.
func (d *dice) texts() (prefix, suffix string) {
	long := func() string { return strings.Repeat("x", int(d.below(60))) }
	switch d.below(4) {
	case 0:
		return "", ""
	case 1:
		return "key", ""
	case 2:
		return long(), ""
	}
	return long(), long()
}

// -- tokens -------------------------------------------------------------------

func (u *universe) text(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(u.prefix, n, u.suffix)
}

// NaNs, both zeros, and others.
func float(n int64) string {
	switch {
	case n%8 == 3:
		return fmt.Sprintf("7ff8%012x", n)
	case n < 2:
		return fmt.Sprintf("%x000000000000000", 8*n)
	}
	return fmt.Sprintf("40%014x", n<<30)
}

func (u *universe) iface(n int64) string {
	switch n % 8 {
	case 0, 1:
		return fmt.Sprint("i64:", n)
	case 2:
		return fmt.Sprint("i32:", n)
	case 3, 4:
		return "f64:" + float(n)
	case 5:
		return "s:" + u.text(n)
	case 6:
		return fmt.Sprint("b:", n/8%2)
	}
	if n == 7 {
		return "nil"
	}
	return fmt.Sprint("s:", n)
}

// Number n of a kind, as far as it has so many.
func (u *universe) tokenOf(k *kind, n int64) string {
	switch k {
	case texts:
		return u.text(n)
	case floats:
		return float(n)
	case anys:
		return u.iface(n)
	case nothing:
		return "0"
	case pointers:
		return fmt.Sprint(uint16(n))
	}
	size := k.typ.Size()
	if size < 8 && strings.HasPrefix(k.name, "int") {
		shift := 64 - 8*size
		return fmt.Sprint(n << shift >> shift)
	} else if size < 8 {
		return fmt.Sprint(n & (1<<(8*size) - 1))
	}
	return fmt.Sprint(n)
}

func (u *universe) keyNumber(n int64) string {
	if u.kind.numeric {
		n = u.base + n*u.stride
	}
	return u.tokenOf(u.kind, n)
}

func (u *universe) anyKey() string { return u.keyNumber(u.below(u.nkeys)) }

func (u *universe) presentKey() string {
	if len(u.present) == 0 {
		return u.anyKey()
	}
	return u.present[u.below(int64(len(u.present)))]
}

// -- what is there ------------------------------------------------------------

func (u *universe) put(key string) {
	u.fresh++
	u.run(&op{name: "put", key: key, elem: u.tokenOf(u.elemKind, u.fresh)})
	u.kind.parse(u.key, key)
	if _, ok := u.at[key]; !ok && !u.kind.isNaN(u.key) {
		u.at[key] = len(u.present)
		u.present = append(u.present, key)
	}
}

func (u *universe) del(key string) {
	u.run(&op{name: "del", key: key})
	if i, ok := u.at[key]; ok {
		last := len(u.present) - 1
		u.present[i] = u.present[last]
		u.at[u.present[i]] = i
		u.present = u.present[:last]
		delete(u.at, key)
	}
}

// Under iterators, as a rule, which then go on.
func (u *universe) clear() {
	for n := u.below(4); n > 0; n-- {
		u.begin()
	}
	u.run(&op{name: "clear"})
	u.present, u.at = u.present[:0], map[string]int{}
	for n := u.below(12); n > 0; n-- {
		u.put(u.anyKey())
		u.next()
	}
}

func (u *universe) get(key string) {
	u.run(&op{name: u.pick("get get1"), key: key})
}

func (u *universe) begin() {
	u.run(&op{name: "iterinit", it: int(u.below(4))})
}

func (u *universe) next() {
	u.run(&op{name: "next", it: int(u.below(4))})
}

func (u *universe) dump() {
	if u.h.count < 300 && u.h.B < 6 {
		u.run(&op{name: "dump", raw: true})
	}
}

// -- phases -------------------------------------------------------------------

func (u *universe) grow() {
	if u.once(12) {
		u.del(u.presentKey())
	} else {
		u.put(u.anyKey())
	}
}

func (u *universe) shrink() {
	if u.once(12) {
		u.put(u.anyKey())
	} else {
		u.del(u.presentKey())
	}
}

func (u *universe) churn() {
	switch u.below(5) {
	case 0, 1:
		u.put(u.anyKey())
	case 2, 3:
		u.del(u.presentKey())
	default:
		u.put(u.presentKey())
	}
}

// Full as can be without doubling: chains get longer until there are too many
// overflow buckets.
func (u *universe) hover() {
	full := 8
	if u.h.B > 0 {
		full = 13 << (u.h.B - 1)
	}
	if u.h.count < full {
		u.put(u.anyKey())
	} else {
		u.del(u.presentKey())
	}
}

// Nine keys whose chain begins in one bucket, if they are soon found.
func (u *universe) crowdOf(bucket uint64) (keys []string) {
	formula := formulas[u.Hash]
	first := u.below(1 << 20)
	for n := first; formula != nil && n < first+40<<u.h.B; n++ {
		key := u.keyNumber(n)
		u.kind.parse(u.key, key)
		hash := formula(u.kind.hashed(u.key), u.h.hash0)
		if hash&(1<<u.h.B-1) == bucket {
			keys = append(keys, key)
		}
		if len(keys) == 9 {
			break
		}
	}
	return keys
}

// One chain after the other gets an overflow bucket, and is emptied again:
// too many of them, with few entries.
func (u *universe) turn() {
	switch {
	case len(u.leaving) > 0:
		u.del(u.leaving[0])
		u.leaving = u.leaving[1:]
	case len(u.coming) > 0:
		u.put(u.coming[0])
		if u.coming = u.coming[1:]; len(u.coming) == 0 {
			u.leaving = u.crowd
		}
	case u.h.count > 3<<u.h.B:
		u.del(u.presentKey())
	default:
		u.turned++
		u.crowd = u.crowdOf(u.turned & (1<<u.h.B - 1))
		if u.coming = u.crowd; len(u.crowd) < 9 {
			u.left = 0
		}
	}
}

func (u *universe) empty() {
	if u.h.count > 0 && len(u.present) > 0 && !u.once(100) {
		u.del(u.presentKey())
	} else if u.once(10) {
		u.left = 0
	} else {
		u.del(u.anyKey())
	}
}

func (u *universe) read() {
	switch u.below(4) {
	case 0:
		u.get(u.anyKey())
	case 1:
		u.get(u.presentKey())
	default:
		u.next()
	}
}

func (u *universe) phase() {
	phases := []func(*universe){(*universe).grow, (*universe).grow,
		(*universe).shrink, (*universe).churn, (*universe).hover,
		(*universe).hover, (*universe).empty, (*universe).read}
	u.step = phases[u.below(int64(len(phases)))]
	u.left = u.spread(1, 2*u.nkeys+20)
	if 0 < u.h.B && u.h.B < 6 && u.once(3) {
		u.step, u.left = (*universe).turn, 36<<u.h.B
	}
}

// While the map grows: what must not disturb it, and what moves nothing.
func (u *universe) meanwhile() {
	switch u.below(40) {
	case 0:
		u.clear()
	case 1, 2:
		u.step, u.left = (*universe).empty, 1<<20
	case 3:
		u.dump()
	case 4, 5, 6, 7, 8, 9:
		u.begin()
	default:
		u.read()
	}
}

func (u *universe) seldom() {
	switch u.below(20) {
	case 0:
		u.clear()
	case 1:
		u.make()
	case 2, 3, 4, 5:
		u.dump()
	case 6, 7, 8, 9:
		u.begin()
	default:
		u.read()
	}
}

func (u *universe) make() {
	hint := -1
	if u.once(2) {
		hint = int(u.spread(0, 2*u.nkeys))
	}
	u.run(&op{name: "make", hint: hint})
	u.present, u.at = u.present[:0], map[string]int{}
	u.phase()
}

func (u *universe) play(steps int64) {
	for u.make(); steps > 0; steps-- {
		switch growing := u.h.oldbuckets != nil; {
		case growing && !u.once(4):
			u.meanwhile()
		case u.once(20):
			u.seldom()
		default:
			for ; u.left <= 0; u.phase() {
			}
			u.left--
			u.step(u)
		}
	}
	u.close()
}

// Many entries at once: from 2^16 buckets on overflow is counted by chance.
func (u *universe) playLarge() {
	u.run(&op{name: "make", hint: int(u.spread(0, 500000))})
	for i := 0; i < 20; i++ {
		o := op{name: u.pick("putn putn putn deln"), n: u.spread(1, 60000),
			k0: u.below(200000), dk: u.spread(1, 3), v0: u.below(100), dv: 1}
		u.run(&o)
		u.begin()
		for j := 0; j < 5; j++ {
			u.next()
			u.put(fmt.Sprint(u.below(300000)))
			u.del(fmt.Sprint(u.below(300000)))
		}
	}
	u.close()
}

func newLarge(seed, number uint64, out *bufio.Writer) *universe {
	u := newUniverse(seed, number, bufio.NewWriter(nil))
	h := u.header
	h.Ktype, h.Etype, h.Variant = "int64", "int64", u.pick("generic fast64")
	h.Hash = u.pick("id sm64 sm64s idtop top2")
	u.trace = newTrace(h, out)
	return u
}

const largeEvery = 1000

func playUniverse(seed, number uint64, out *bufio.Writer) {
	if number%largeEvery == largeEvery-1 {
		newLarge(seed, number, out).playLarge()
		return
	}
	u := newUniverse(seed, number, out)
	u.play(u.spread(50, 2000))
}
