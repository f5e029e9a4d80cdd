// The runtime's map as it is: its functions, the fields of its structures,
// and the random numbers that it draws. Of Go 1.19; any other has not been
// looked at.

package main

import (
	"reflect"
	"unsafe"
)

type pointer = unsafe.Pointer

// runtime/map.go.
type hmap struct {
	count               int
	flags, B            uint8
	noverflow           uint16
	hash0               uint32
	buckets, oldbuckets pointer
	nevacuate           uintptr
	extra               pointer
}

const sameSizeGrow = 8

type hiter struct {
	key, elem             pointer
	t, h, buckets, bptr   pointer
	overflow, oldoverflow pointer
	startBucket           uintptr
	offset                uint8
	wrapped               bool
	B, i                  uint8
	bucket, checkBucket   uintptr
}

// runtime/type.go.
type maptype struct {
	typ               [48]byte
	key, elem, bucket pointer
	hasher            func(pointer, uintptr) uintptr
	keysize, elemsize uint8
	bucketsize        uint16
	flags             uint32
}

func (t *maptype) indirectKey() bool  { return t.flags&1 != 0 }
func (t *maptype) indirectElem() bool { return t.flags&2 != 0 }

// Where reflect keeps the runtime's description of a type.
func typePointer(t reflect.Type) pointer {
	return (*[2]pointer)(pointer(&t))[1]
}

// A copy, so that its hasher can be exchanged.
func mapType(key, elem reflect.Type) *maptype {
	t := *(*maptype)(typePointer(reflect.MapOf(key, elem)))
	return &t
}

//go:linkname makemap runtime.makemap
func makemap(t *maptype, hint int, h *hmap) *hmap

//go:linkname mapassign runtime.mapassign
func mapassign(t *maptype, h *hmap, key pointer) pointer

//go:linkname mapassign_fast32 runtime.mapassign_fast32
func mapassign_fast32(t *maptype, h *hmap, key uint32) pointer

//go:linkname mapassign_fast64 runtime.mapassign_fast64
func mapassign_fast64(t *maptype, h *hmap, key uint64) pointer

//go:linkname mapassign_fast64ptr runtime.mapassign_fast64ptr
func mapassign_fast64ptr(t *maptype, h *hmap, key pointer) pointer

//go:linkname mapassign_faststr runtime.mapassign_faststr
func mapassign_faststr(t *maptype, h *hmap, key string) pointer

//go:linkname mapaccess1 runtime.mapaccess1
func mapaccess1(t *maptype, h *hmap, key pointer) pointer

//go:linkname mapaccess1_fast32 runtime.mapaccess1_fast32
func mapaccess1_fast32(t *maptype, h *hmap, key uint32) pointer

//go:linkname mapaccess1_fast64 runtime.mapaccess1_fast64
func mapaccess1_fast64(t *maptype, h *hmap, key uint64) pointer

//go:linkname mapaccess1_faststr runtime.mapaccess1_faststr
func mapaccess1_faststr(t *maptype, h *hmap, key string) pointer

//go:linkname mapaccess2 runtime.mapaccess2
func mapaccess2(t *maptype, h *hmap, key pointer) (pointer, bool)

//go:linkname mapaccess2_fast32 runtime.mapaccess2_fast32
func mapaccess2_fast32(t *maptype, h *hmap, key uint32) (pointer, bool)

//go:linkname mapaccess2_fast64 runtime.mapaccess2_fast64
func mapaccess2_fast64(t *maptype, h *hmap, key uint64) (pointer, bool)

//go:linkname mapaccess2_faststr runtime.mapaccess2_faststr
func mapaccess2_faststr(t *maptype, h *hmap, key string) (pointer, bool)

//go:linkname mapdelete runtime.mapdelete
func mapdelete(t *maptype, h *hmap, key pointer)

//go:linkname mapdelete_fast32 runtime.mapdelete_fast32
func mapdelete_fast32(t *maptype, h *hmap, key uint32)

//go:linkname mapdelete_fast64 runtime.mapdelete_fast64
func mapdelete_fast64(t *maptype, h *hmap, key uint64)

//go:linkname mapdelete_faststr runtime.mapdelete_faststr
func mapdelete_faststr(t *maptype, h *hmap, key string)

//go:linkname mapclear runtime.mapclear
func mapclear(t *maptype, h *hmap)

//go:linkname mapiterinit runtime.mapiterinit
func mapiterinit(t *maptype, h *hmap, it *hiter)

//go:linkname mapiternext runtime.mapiternext
func mapiternext(it *hiter)

//go:linkname typedmemmove runtime.typedmemmove
func typedmemmove(t, dst, src pointer)

//go:linkname fastrand runtime.fastrand
func fastrand() uint32

//go:linkname acquirem runtime.acquirem
func acquirem() pointer

//go:linkname releasem runtime.releasem
func releasem(m pointer)

// The secret of the runtime's own hash, new in each process.
//
//go:linkname aeskeysched runtime.aeskeysched
var aeskeysched [128]byte

//go:linkname hashkey runtime.hashkey
var hashkey [4]uintptr

// -- control of chance --------------------------------------------------------

const randomStep = 0xa0761d6478bd642f

// Where a thread of the runtime keeps the state of its random numbers: the
// word that a draw moves on by one step.
var randomAt = func() uintptr {
	m := acquirem()
	defer releasem(m)
	words := (*[128]uint64)(m)
	before := *words
	fastrand()
	for i := range words {
		if words[i]-before[i] == randomStep {
			return uintptr(i) * 8
		}
	}
	panic("the runtime draws its random numbers in another way")
}()

// What chance decides in a map: its random numbers and the secret of its hash.
type chance struct {
	random uint64
	aes    [128]byte
	key    [4]uintptr
}

func (c *chance) swapSecret() {
	c.aes, aeskeysched = aeskeysched, c.aes
	c.key, hashkey = hashkey, c.key
}

// Does something with chance as it is in c; nothing else runs meanwhile.
func (c *chance) with(do func()) {
	m := acquirem()
	random := (*uint64)(unsafe.Add(m, randomAt))
	c.swapSecret()
	*random, c.random = c.random, *random
	do()
	*random, c.random = c.random, *random
	c.swapSecret()
	releasem(m)
}

func (c *chance) seed(n uint64) {
	c.random = mix(&n)
	for i := range c.aes {
		c.aes[i] = byte(mix(&n))
	}
	for i := range c.key {
		c.key[i] = uintptr(mix(&n)) | 1
	}
}

// splitmix64.
func mix(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// -- buckets ------------------------------------------------------------------

func (t *maptype) overflow(b pointer) pointer {
	return *(*pointer)(unsafe.Add(b, uintptr(t.bucketsize)-8))
}

func (t *maptype) keyAt(b pointer, i uintptr) pointer {
	p := unsafe.Add(b, 8+i*uintptr(t.keysize))
	if t.indirectKey() {
		return *(*pointer)(p)
	}
	return p
}

func (t *maptype) elemAt(b pointer, i uintptr) pointer {
	p := unsafe.Add(b, 8+8*uintptr(t.keysize)+i*uintptr(t.elemsize))
	if t.indirectElem() {
		return *(*pointer)(p)
	}
	return p
}

func (h *hmap) oldB() uint8 {
	if h.flags&sameSizeGrow != 0 {
		return h.B
	}
	return h.B - 1
}

// The heads of the chains of an array, in order.
func (t *maptype) chains(array pointer, B uint8, each func(b pointer)) {
	for i := uintptr(0); array != nil && i < 1<<B; i++ {
		each(unsafe.Add(array, i*uintptr(t.bucketsize)))
	}
}

// What the clear of Go 1.21 does before that of 1.19: no iterator finds
// anything in the buckets that there are.
func (t *maptype) markEmpty(h *hmap) {
	empty := func(b pointer) {
		for ; b != nil; b = t.overflow(b) {
			*(*uint64)(b) = 0
		}
	}
	t.chains(h.buckets, h.B, empty)
	t.chains(h.oldbuckets, h.oldB(), empty)
}
