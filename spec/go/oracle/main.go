// The map of this Go's runtime, as an oracle: does random operations to it, or
// those that it is told, and writes what it saw as traces (see
// spec/golden/FORMAT.md), one after the other, to its standard output.
//
//	oracle -seed 1 -seconds 20    fresh universes for so long
//	oracle -seed 1 -universe 7    the one with this number
//	oracle -redo <trace           the operations of a trace, done anew
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// The inputs of a record.
type record struct {
	Op     string `json:"op"`
	K, V   json.RawMessage
	It     int
	Hint   int
	K0, N  int64
	Dk     int64
	V0, Dv int64
	Raw    int
	Fr     string
}

// A token of JSON, without the quotes.
func token(raw json.RawMessage) string {
	return strings.Trim(string(raw), `"`)
}

func (r *record) operation() *op {
	o := &op{name: r.Op, key: token(r.K), elem: token(r.V), it: r.It,
		hint: r.Hint, k0: r.K0, n: r.N, dk: r.Dk, v0: r.V0, dv: r.Dv,
		raw: r.Raw != 0}
	if r.Fr != "" {
		p := new(uint64)
		floats.parse(pointer(p), r.Fr)
		o.random = *p
	}
	return o
}

func redo(out *bufio.Writer) {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	var h header
	check(in.Decode(&h))
	t := newTrace(h, out)
	for in.More() {
		var r record
		check(in.Decode(&r))
		t.run(r.operation())
	}
}

// Nothing is collected while a map is at work: that would draw random numbers.
func collect() {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	if s.HeapAlloc > 1<<28 {
		runtime.GC()
	}
}

func main() {
	seed := flag.Uint64("seed", 1, "of the universes")
	universe := flag.Int64("universe", -1, "this one alone")
	seconds := flag.Float64("seconds", 1, "to go on for")
	again := flag.Bool("redo", false, "the operations of a trace")
	flag.Parse()
	debug.SetGCPercent(-1)
	runtime.MemProfileRate = 0
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	defer out.Flush()
	if *again {
		redo(out)
		return
	}
	if *universe >= 0 {
		playUniverse(*seed, uint64(*universe), out)
		return
	}
	end := time.Now().Add(time.Duration(*seconds * float64(time.Second)))
	for n := uint64(0); time.Now().Before(end); n++ {
		playUniverse(*seed, n, out)
		collect()
	}
}
