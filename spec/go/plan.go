// What maps cost in this Go: one line a map, tab-separated,
//
//	how, key type, value type, bytes of text, entries (or hint), B,
//	overflow buckets, bytes
//
// how: "made" with a hint, still empty; "filled" from empty, at rest; "growing"
// with the insert that begins a growth, both arrays alive. Bytes are those of
// the heap that are alive because of the map, text of its keys included.
// Overflow buckets are counted in the map's own memory.
//
// `go run spec/go/plan.go > spec/go/plan.tsv` keeps them for the spec.
package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"unsafe"
)

// The head of a map, as in runtime/map.go.
type hmap struct {
	count               int
	flags, B            uint8
	noverflow           uint16
	hash0               uint32
	buckets, oldbuckets unsafe.Pointer
	nevacuate           uintptr
	extra               unsafe.Pointer
}

func head[K comparable, V any](m map[K]V) *hmap {
	return *(**hmap)(unsafe.Pointer(&m))
}

// Bytes of a bucket: 8 tophash bytes, 8 keys, 8 elems, the overflow pointer.
func bucketSize[K comparable, V any]() uintptr {
	var k K
	var v V
	return 16 + 8*(slot(unsafe.Sizeof(k))+slot(unsafe.Sizeof(v)))
}

func slot(size uintptr) uintptr {
	if size > 128 {
		return 8
	}
	return size
}

func overflow(buckets unsafe.Pointer, n, size uintptr) (count int) {
	for i := uintptr(0); i < n; i++ {
		b := unsafe.Add(buckets, i*size)
		for {
			b = *(*unsafe.Pointer)(unsafe.Add(b, size-8))
			if b == nil {
				break
			}
			count++
		}
	}
	return
}

func live() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// The same map so often that what else the runtime allocates is lost in it;
// a large one with entries once, since no two have the same chains.
func copies(how string, entries int) int {
	if how != "made" && entries >= 1000 {
		return 1
	}
	return 1 + 20000/(entries+1)
}

func report[K comparable, V any](how, types string, n int,
	build func() map[K]V) {
	maps := make([]map[K]V, copies(how, n))
	before := live()
	for i := range maps {
		maps[i] = build()
	}
	bytes := (live() - before + int64(len(maps))/2) / int64(len(maps))
	over, size := 0, bucketSize[K, V]()
	for _, m := range maps {
		h := head(m)
		if h.oldbuckets != nil {
			over += overflow(h.oldbuckets, 1<<(h.B-1), size)
		} else if h.buckets != nil {
			over += overflow(h.buckets, 1<<h.B, size)
		}
		if (h.oldbuckets != nil) != (how == "growing") {
			panic(fmt.Sprint(how, " ", n, ": growing or not"))
		}
	}
	fmt.Printf("%s\t%s\t%d\t%d\t%.2f\t%d\n", how, types, n, head(maps[0]).B,
		float64(over)/float64(len(maps)), bytes)
	runtime.KeepAlive(maps)
	runtime.KeepAlive(build)
}

func all[K comparable, V any](types string, key func(i int) K) {
	var v V
	for _, hint := range []int{0, 9, 50, 100, 200, 400, 800, 1600, 3000, 6000,
		12000, 50000, 300000, 1000000} {
		report("made", types, hint, func() map[K]V {
			return make(map[K]V, hint)
		})
	}
	fill := func(n int) func() map[K]V {
		return func() map[K]V {
			m := map[K]V{}
			for i := 0; i < n; i++ {
				m[key(i)] = v
			}
			return m
		}
	}
	for _, n := range []int{5, 13, 100, 1000, 10000, 100000} {
		report("filled", types, n, fill(n))
	}
	for _, n := range []int{209, 6657, 106497} {
		report("growing", types, n, fill(n))
	}
}

// A text of n bytes in memory of its own. Nothing else is allocated: small
// texts share blocks with their neighbours.
func text(n int) func(i int) string {
	buffer := make([]byte, n)
	return func(i int) string {
		for at := n - 1; at >= 0; at-- {
			buffer[at] = byte('0' + i%10)
			i /= 10
		}
		return string(buffer)
	}
}

type point struct{ x, y int32 }

type record struct {
	hp   int32
	name string
}

func main() {
	debug.SetGCPercent(-1)
	all[int64, int64]("int64\tint64\t0", func(i int) int64 { return int64(i) })
	all[uint32, bool]("uint32\tbool\t0", func(i int) uint32 { return uint32(i) })
	all[string, int64]("string\tint64\t8", text(8))
	all[string, struct{}]("string\tnone\t24", text(24))
	all[point, record]("int32,int32\tint32,string\t0", func(i int) point {
		return point{int32(i), -int32(i)}
	})
	all[[3]byte, uint16]("[3]byte\tuint16\t0", func(i int) [3]byte {
		return [3]byte{byte(i), byte(i >> 8), byte(i >> 16)}
	})
	all[[200]byte, int64]("[200]byte\tint64\t0", func(i int) (k [200]byte) {
		k[0], k[1], k[2] = byte(i), byte(i>>8), byte(i>>16)
		return
	})
}
