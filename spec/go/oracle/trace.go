// One map, the operations done to it, and the trace that is written of them.

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"reflect"
	"strconv"
	"unsafe"
)

// While an operation runs, none of this program's own maps may be made, grow or
// become empty: they would draw random numbers, too.
// What a trace says of the map before its first record.
type header struct {
	Fmt      string `json:"fmt"`
	Go       string `json:"go"`
	Name     string `json:"name"`
	Ktype    string `json:"ktype"`
	Etype    string `json:"etype"`
	Mode     string `json:"mode"`
	Variant  string `json:"variant"`
	Hash     string `json:"hash"`
	Mapclear string `json:"mapclear,omitempty"`
	Seed     uint64 `json:"seed"` // of random numbers and of Go's own hash
}

// One operation. Keys and elems are tokens.
type op struct {
	name      string
	key, elem string
	it        int
	hint      int
	k0, n, dk int64
	v0, dv    int64
	raw       bool
	random    uint64 // the state that random numbers begin from; or 0
}

type trace struct {
	header
	kind, elemKind *kind
	t              *maptype
	h              *hmap
	chance         chance
	key, elem      pointer // cells to pass
	walks          []*walk
	growths        int // begun so far

	out    *bufio.Writer
	record []byte
	i      int
	calls  int    // of the hasher in this operation
	hash0  uint32 // before it
	hashes []byte
	known  map[string]bool // whose hash under hash0 has been listed
	bytes  []byte
}

// An iterator, and how many growths had begun when it did.
type walk struct {
	hiter
	growths int
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func newTrace(h header, out *bufio.Writer) *trace {
	t := &trace{header: h, out: out,
		kind: kinds[h.Ktype], elemKind: kinds[h.Etype]}
	t.key = pointer(reflect.New(t.kind.typ).Pointer())
	t.elem = pointer(reflect.New(t.elemKind.typ).Pointer())
	t.t = mapType(t.kind.typ, t.elemKind.typ)
	t.t.hasher = t.hasher()
	t.chance.seed(h.Seed)
	line, err := json.Marshal(h)
	check(err)
	out.Write(append(line, '\n'))
	return t
}

// -- hashes -------------------------------------------------------------------

func (t *trace) hasher() func(pointer, uintptr) uintptr {
	formula, ok := formulas[t.Hash]
	if ok {
		return func(p pointer, seed uintptr) uintptr {
			t.calls++
			return uintptr(formula(t.kind.hashed(p), uint32(seed)))
		}
	}
	own := t.t.hasher
	return func(p pointer, seed uintptr) uintptr {
		hash := own(p, seed)
		t.calls++
		t.list(p, uint64(hash), uint32(seed))
		return hash
	}
}

func (t *trace) list(p pointer, hash uint64, seed uint32) {
	token := t.kind.json(nil, p)
	name := fmt.Sprint(seed, string(token))
	if t.known[name] && !t.kind.isNaN(p) {
		return
	}
	t.known[name] = true
	t.hashes = append(append(t.hashes, ",["...), token...)
	t.hashes = appendHex(append(t.hashes, `,"`...), hash)
	t.hashes = append(t.hashes, '"')
	if seed != t.hash0 {
		t.hashes = strconv.AppendUint(append(t.hashes, ','), uint64(seed), 10)
	}
	t.hashes = append(t.hashes, ']')
}

// -- records ------------------------------------------------------------------

func (t *trace) member(name string) {
	t.record = append(append(append(t.record, `,"`...), name...), `":`...)
}

func (t *trace) number(name string, n int64) {
	t.member(name)
	t.record = strconv.AppendInt(t.record, n, 10)
}

func (t *trace) hex(name string, word uint64) {
	t.member(name)
	t.record = append(appendHex(append(t.record, '"'), word), '"')
}

func (t *trace) token(name string, k *kind, token string) {
	t.member(name)
	if k.numeric {
		t.record = append(t.record, token...)
	} else {
		t.record = append(append(append(t.record, '"'), token...), '"')
	}
}

func (t *trace) cell(name string, k *kind, p pointer) {
	t.member(name)
	t.record = k.json(t.record, p)
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (t *trace) state() {
	h := t.h
	t.member("s")
	t.record = append(t.record, '[')
	for _, n := range [...]int64{int64(h.count), int64(h.flags), int64(h.B),
		int64(h.noverflow), int64(h.hash0), bit(h.buckets != nil), bit(h.oldbuckets != nil),
		int64(h.nevacuate)} {
		t.record = append(strconv.AppendInt(t.record, n, 10), ',')
	}
	t.record[len(t.record)-1] = ']'
}

func (t *trace) digestBucket(b pointer) {
	t.bytes = append(t.bytes, unsafe.Slice((*byte)(b), 8)...)
	for i := uintptr(0); i < 8; i++ {
		if *(*byte)(unsafe.Add(b, i)) >= 5 {
			t.bytes = t.kind.digest(t.bytes, t.t.keyAt(b, i))
			t.bytes = t.elemKind.digest(t.bytes, t.t.elemAt(b, i))
		}
	}
}

func (t *trace) digestArray(letter byte, array pointer, B uint8) {
	if array == nil {
		return
	}
	t.bytes = append(t.bytes, letter)
	t.t.chains(array, B, func(b pointer) {
		for more := byte(1); more == 1; {
			t.digestBucket(b)
			if b = t.t.overflow(b); b == nil {
				more = 0
			}
			t.bytes = append(t.bytes, more)
		}
	})
}

func (t *trace) digest() {
	t.bytes = t.bytes[:0]
	t.digestArray('B', t.h.buckets, t.h.B)
	t.digestArray('O', t.h.oldbuckets, t.h.oldB())
	t.hex("dg", uint64(crc32.ChecksumIEEE(t.bytes)))
}

// Small states are looked at whole, large ones now and then.
func (t *trace) looksWhole(o *op) bool {
	return t.h.B <= 6 || o.n > 0 || t.i%(1<<(t.h.B-6)) == 0
}

// -- dumps --------------------------------------------------------------------

func (t *trace) dumpSlots(name string, k *kind, b pointer, raw bool,
	at func(pointer, uintptr) pointer) {
	t.member(name)
	t.record = append(t.record, '[')
	for i := uintptr(0); i < 8; i++ {
		live := *(*byte)(unsafe.Add(b, i)) >= 5
		if !live && !raw {
			continue
		}
		t.record = append(t.slot(k, at(b, i)), ',')
	}
	t.closeList()
}

// A text that was deleted may have left its length.
func (t *trace) slot(k *kind, p pointer) []byte {
	if k == texts && *(*pointer)(p) == nil && len(*(*string)(p)) > 0 {
		return append(strconv.AppendInt(append(t.record, `{"nilstr":`...),
			int64(len(*(*string)(p))), 10), '}')
	}
	return k.json(t.record, p)
}

func (t *trace) closeList() {
	if t.record[len(t.record)-1] == ',' {
		t.record[len(t.record)-1] = ']'
	} else {
		t.record = append(t.record, ']')
	}
}

func (t *trace) dumpArray(name string, array pointer, B uint8, raw bool) {
	t.member(name)
	t.record = append(t.record, '[')
	t.t.chains(array, B, func(b pointer) {
		t.record = append(t.record, '[')
		for ; b != nil; b = t.t.overflow(b) {
			t.record = append(t.record, `{"t":"`...)
			for _, top := range unsafe.Slice((*byte)(b), 8) {
				t.record = append(t.record, "0123456789abcdef"[top>>4],
					"0123456789abcdef"[top&15])
			}
			t.record = append(t.record, '"')
			t.dumpSlots("k", t.kind, b, raw, t.t.keyAt)
			t.dumpSlots("v", t.elemKind, b, raw, t.t.elemAt)
			t.record = append(t.record, "},"...)
		}
		t.closeList()
		t.record = append(t.record, ',')
	})
	t.closeList()
}

func (t *trace) dump(raw bool) {
	raw = raw && t.kind.inline && t.elemKind.inline
	t.number("raw", bit(raw))
	t.dumpArray("buckets", t.h.buckets, t.h.B, raw)
	t.dumpArray("old", t.h.oldbuckets, t.h.oldB(), raw)
}

// -- operations ---------------------------------------------------------------

func (t *trace) assign() {
	var p pointer
	switch t.Variant {
	case "fast32":
		p = mapassign_fast32(t.t, t.h, *(*uint32)(t.key))
	case "fast64":
		p = mapassign_fast64(t.t, t.h, *(*uint64)(t.key))
	case "fast64ptr":
		p = mapassign_fast64ptr(t.t, t.h, *(*pointer)(t.key))
	case "faststr":
		p = mapassign_faststr(t.t, t.h, *(*string)(t.key))
	default:
		p = mapassign(t.t, t.h, t.key)
	}
	typedmemmove(t.t.elem, p, t.elem)
}

func (t *trace) access1() pointer {
	switch t.Variant {
	case "fast32":
		return mapaccess1_fast32(t.t, t.h, *(*uint32)(t.key))
	case "fast64", "fast64ptr":
		return mapaccess1_fast64(t.t, t.h, *(*uint64)(t.key))
	case "faststr":
		return mapaccess1_faststr(t.t, t.h, *(*string)(t.key))
	}
	return mapaccess1(t.t, t.h, t.key)
}

func (t *trace) access2() (pointer, bool) {
	switch t.Variant {
	case "fast32":
		return mapaccess2_fast32(t.t, t.h, *(*uint32)(t.key))
	case "fast64", "fast64ptr":
		return mapaccess2_fast64(t.t, t.h, *(*uint64)(t.key))
	case "faststr":
		return mapaccess2_faststr(t.t, t.h, *(*string)(t.key))
	}
	return mapaccess2(t.t, t.h, t.key)
}

func (t *trace) delete() {
	switch t.Variant {
	case "fast32":
		mapdelete_fast32(t.t, t.h, *(*uint32)(t.key))
	case "fast64", "fast64ptr":
		mapdelete_fast64(t.t, t.h, *(*uint64)(t.key))
	case "faststr":
		mapdelete_faststr(t.t, t.h, *(*string)(t.key))
	default:
		mapdelete(t.t, t.h, t.key)
	}
}

func (t *trace) clear() {
	if t.Mapclear == "1.21" && t.h.count > 0 {
		t.t.markEmpty(t.h)
	}
	mapclear(t.t, t.h)
}

// Calls do for each of the n keys of an operation, with the cells set.
func (t *trace) each(o *op, do func()) {
	for j := int64(0); j < o.n; j++ {
		t.kind.parse(t.key, strconv.FormatInt(o.k0+j*o.dk, 10))
		t.elemKind.parse(t.elem, strconv.FormatInt(o.v0+j*o.dv, 10))
		do()
	}
}

func (t *trace) newWalk(i int) *walk {
	for len(t.walks) <= i {
		t.walks = append(t.walks, nil)
	}
	t.walks[i] = &walk{growths: t.growths}
	return t.walks[i]
}

// The flag that protects old buckets for an iterator lasts for one growth. In
// the next one this Go clears them under it, and if keys lie outside it goes on
// at address nil. The trace has an end instead, to which hmap must come.
func (t *trace) isLost(it *walk) bool {
	return t.t.indirectKey() && t.growths-it.growths > 1
}

func (t *trace) give(it *hiter, o *op) {
	if it.key == nil {
		t.number("end", 1)
		t.walks[o.it] = nil
		return
	}
	t.cell("k", t.kind, it.key)
	t.cell("v", t.elemKind, it.elem)
}

// Where an iterator started; of one over nothing, nowhere.
func (t *trace) position(it *hiter) {
	if it.h != nil && it.buckets != nil {
		t.member("pos")
		t.record = append(t.record, fmt.Sprintf("[%d,%d,%d]", it.startBucket,
			it.offset, it.B)...)
	}
}

func (t *trace) get(o *op) {
	var p pointer
	if t.token("k", t.kind, o.key); o.name == "get" {
		var ok bool
		p, ok = t.access2()
		t.number("ok", bit(ok))
	} else {
		p = t.access1()
	}
	t.cell("v", t.elemKind, p)
}

func (t *trace) do(o *op) {
	switch o.name {
	case "make":
		t.h, t.walks = makemap(t.t, o.hint, nil), nil
		t.number("hint", int64(o.hint))
	case "put":
		t.assign()
		t.token("k", t.kind, o.key)
		t.token("v", t.elemKind, o.elem)
	case "get", "get1":
		t.get(o)
	case "del":
		t.delete()
		t.token("k", t.kind, o.key)
	case "clear":
		t.clear()
	case "iterinit":
		it := t.newWalk(o.it)
		mapiterinit(t.t, t.h, &it.hiter)
		t.number("it", int64(o.it))
		t.position(&it.hiter)
		t.give(&it.hiter, o)
	case "next":
		it := t.walks[o.it]
		t.number("it", int64(o.it))
		if t.isLost(it) {
			it.key = nil
		} else {
			mapiternext(&it.hiter)
		}
		t.give(&it.hiter, o)
	case "putn", "deln":
		t.many(o)
	case "dump":
		t.dump(o.raw)
	}
}

func (t *trace) many(o *op) {
	do := t.assign
	if o.name == "deln" {
		do = t.delete
	}
	t.each(o, do)
	for _, m := range []struct {
		name string
		n    int64
	}{{"k0", o.k0}, {"n", o.n}, {"dk", o.dk}, {"v0", o.v0}, {"dv", o.dv}} {
		t.number(m.name, m.n)
	}
}

// Does one operation and writes its record.
func (t *trace) run(o *op) {
	if o.name == "next" && (o.it >= len(t.walks) || t.walks[o.it] == nil) {
		return
	}
	switch o.name {
	case "put":
		t.elemKind.parse(t.elem, o.elem)
		fallthrough
	case "get", "get1", "del":
		t.kind.parse(t.key, o.key)
	}
	if o.random != 0 {
		t.chance.random = o.random
	}
	t.begin(o)
	before, buckets := t.chance.random, t.buckets()
	t.chance.with(func() { t.do(o) })
	if t.buckets() != buckets {
		t.growths++
	}
	t.end(o, before)
}

func (t *trace) buckets() pointer {
	if t.h == nil {
		return nil
	}
	return t.h.buckets
}

func (t *trace) begin(o *op) {
	if t.h != nil {
		if t.hash0 != t.h.hash0 || t.known == nil {
			t.known = map[string]bool{}
		}
		t.hash0 = t.h.hash0
	}
	t.calls, t.hashes = 0, t.hashes[:0]
	t.record = append(t.record[:0], `{"i":`...)
	t.record = strconv.AppendInt(t.record, int64(t.i), 10)
	t.member("op")
	t.record = append(append(append(t.record, '"'), o.name...), '"')
}

func (t *trace) end(o *op, before uint64) {
	t.number("nh", int64(t.calls))
	if len(t.hashes) > 0 {
		t.member("H")
		t.hashes[0] = '['
		t.record = append(append(t.record, t.hashes...), ']')
	}
	if n := drawn(before, t.chance.random); n > 0 {
		t.hex("fr", before)
		t.number("nd", n)
	}
	t.state()
	if t.looksWhole(o) {
		t.digest()
	}
	t.record = append(t.record, "}\n"...)
	_, err := t.out.Write(t.record)
	check(err)
	t.i++
}

// How many random numbers lie between two states.
func drawn(before, after uint64) (n int64) {
	for ; before != after; before += randomStep {
		if n++; n > 1<<24 {
			panic("random numbers of another stream")
		}
	}
	return n
}

func (t *trace) close() {
	t.run(&op{name: "end"})
}
