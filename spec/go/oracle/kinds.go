// Keys and elems of every kind, and their tokens: see spec/golden/FORMAT.md.

package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"unsafe"
)

type kind struct {
	name    string
	typ     reflect.Type
	numeric bool // its tokens are numbers
	parse   func(p pointer, token string)
	number  func(p pointer) int64             // numeric
	text    func(to []byte, p pointer) []byte // not numeric
	inline  bool                              // raw dumps say all of it
	fast    func(elem *kind) string           // Go's functions for it
}

func generic(*kind) string { return "generic" }

// Go's compiler takes the fast functions for elems that lie in their bucket.
func fast(name string) func(*kind) string {
	return func(elem *kind) string {
		if elem.typ.Size() > 128 {
			return "generic"
		}
		return name
	}
}

func atoi(token string) int64 {
	n, err := strconv.ParseInt(token, 10, 64)
	check(err)
	return n
}

func numbers[T int8 | uint8 | int16 | int32 | uint32 | int64](
	fast func(*kind) string) *kind {
	var zero T
	return &kind{typ: reflect.TypeOf(zero), numeric: true, inline: true,
		fast:   fast,
		parse:  func(p pointer, token string) { *(*T)(p) = T(atoi(token)) },
		number: func(p pointer) int64 { return int64(*(*T)(p)) },
	}
}

// The number's bytes, the lowest first, over and over.
func bytes(n int, fast func(*kind) string) *kind {
	return &kind{
		typ:     reflect.ArrayOf(n, reflect.TypeOf(byte(0))),
		numeric: true, inline: n <= 128, fast: fast,
		parse: func(p pointer, token string) {
			number := atoi(token)
			for i, at := 0, unsafe.Slice((*byte)(p), n); i < n; i++ {
				at[i] = byte(number >> (8 * (i % 8)))
			}
		},
		number: func(p pointer) int64 {
			var word [8]byte
			copy(word[:], unsafe.Slice((*byte)(p), n))
			return int64(binary.LittleEndian.Uint64(word[:]))
		},
	}
}

// Pointers are numbers: of the cell that they point to.
var cells [1 << 16]int64

var pointers = &kind{typ: reflect.TypeOf(&cells[0]), numeric: true,
	fast:  fast("fast64ptr"),
	parse: func(p pointer, token string) { *(**int64)(p) = &cells[atoi(token)] },
	number: func(p pointer) int64 {
		return int64(*(*uintptr)(p)-uintptr(pointer(&cells[0]))) / 8
	},
}

var texts = &kind{typ: reflect.TypeOf(""), inline: true, fast: fast("faststr"),
	parse: func(p pointer, token string) { *(*string)(p) = token },
	text: func(to []byte, p pointer) []byte {
		return append(to, *(*string)(p)...)
	},
}

func floatOf(hex string) float64 {
	bits, err := strconv.ParseUint(hex, 16, 64)
	check(err)
	return math.Float64frombits(bits)
}

func appendHex(to []byte, word uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		to = append(to, "0123456789abcdef"[word>>shift&15])
	}
	return to
}

var floats = &kind{typ: reflect.TypeOf(0.0), fast: generic,
	parse: func(p pointer, token string) { *(*float64)(p) = floatOf(token) },
	text: func(to []byte, p pointer) []byte {
		return appendHex(to, *(*uint64)(p))
	},
}

var any_ interface{}

func parseAny(token string) interface{} {
	switch {
	case token == "nil":
		return nil
	case token[:2] == "s:":
		return token[2:]
	case token[:2] == "b:":
		return token == "b:1"
	}
	switch token[:4] {
	case "i64:":
		return atoi(token[4:])
	case "i32:":
		return int32(atoi(token[4:]))
	case "f64:":
		return floatOf(token[4:])
	}
	panic("token " + token)
}

var anys = &kind{typ: reflect.TypeOf(&any_).Elem(), fast: generic,
	parse: func(p pointer, token string) {
		*(*interface{})(p) = parseAny(token)
	},
	text: func(to []byte, p pointer) []byte {
		switch v := (*(*interface{})(p)).(type) {
		case nil:
			return append(to, "nil"...)
		case string:
			return append(append(to, "s:"...), v...)
		case bool:
			if v {
				return append(to, "b:1"...)
			}
			return append(to, "b:0"...)
		case int64:
			return strconv.AppendInt(append(to, "i64:"...), v, 10)
		case int32:
			return strconv.AppendInt(append(to, "i32:"...), int64(v), 10)
		case float64:
			return appendHex(append(to, "f64:"...), math.Float64bits(v))
		default:
			panic(fmt.Sprint("a key of no known type: ", v))
		}
	},
}

var nothing = &kind{typ: reflect.TypeOf(struct{}{}), numeric: true,
	inline: true, parse: func(pointer, string) {},
	number: func(pointer) int64 { return 0 }}

var kinds = map[string]*kind{
	"int8": numbers[int8](generic), "uint8": numbers[uint8](generic),
	"int16": numbers[int16](generic), "int32": numbers[int32](fast("fast32")),
	"uint32": numbers[uint32](fast("fast32")),
	"int64":  numbers[int64](fast("fast64")),
	"bytes3": bytes(3, generic), "bytes4": bytes(4, fast("fast32")),
	"bytes8": bytes(8, fast("fast64")), "bytes32": bytes(32, generic),
	"bytes128": bytes(128, generic), "bytes136": bytes(136, generic),
	"ptr": pointers, "string": texts, "float64": floats, "iface": anys,
	"none": nothing,
}

func init() {
	for name, k := range kinds {
		k.name = name
	}
}

// The token as JSON has it.
func (k *kind) json(to []byte, p pointer) []byte {
	if k.numeric {
		return strconv.AppendInt(to, k.number(p), 10)
	}
	return append(k.text(append(to, '"'), p), '"')
}

// The token as a digest has it.
func (k *kind) digest(to []byte, p pointer) []byte {
	if k.numeric {
		return binary.LittleEndian.AppendUint64(to, uint64(k.number(p)))
	}
	at := len(to)
	to = k.text(append(to, 0, 0, 0, 0), p)
	binary.LittleEndian.PutUint32(to[at:], uint32(len(to)-at-4))
	return to
}

// Whether a key differs from itself.
func (k *kind) isNaN(p pointer) bool {
	switch k {
	case floats:
		return *(*float64)(p) != *(*float64)(p)
	case anys:
		f, ok := (*(*interface{})(p)).(float64)
		return ok && f != f
	}
	return false
}

// -- hashes -------------------------------------------------------------------

func sm(x uint64) uint64 { return mix(&x) }

var formulas = map[string]func(num uint64, hash0 uint32) uint64{
	"id":    func(num uint64, _ uint32) uint64 { return num },
	"const": func(uint64, uint32) uint64 { return 0xc3a5c85c97cb3127 },
	"sm64":  func(num uint64, _ uint32) uint64 { return sm(num) },
	"sm64s": func(num uint64, hash0 uint32) uint64 {
		return sm(num ^ uint64(hash0)*0x9e3779b97f4a7c15)
	},
	"idtop": func(num uint64, _ uint32) uint64 { return num ^ num<<56 },
	"shl10": func(num uint64, _ uint32) uint64 { return sm(num) << 10 },
	"top2":  func(num uint64, _ uint32) uint64 { return sm(num) & (1<<57 - 1) },
}

var scratch []byte

// The number that a formula starts from.
func (k *kind) hashed(p pointer) uint64 {
	if k.numeric {
		return uint64(k.number(p))
	}
	scratch = k.text(scratch[:0], p)
	h := uint64(0xcbf29ce484222325)
	for _, c := range scratch {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return h
}
