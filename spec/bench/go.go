// Go's map: workload.hpp once more, phase by phase, in Go.
//
// A Go map shares the bytes of its text with whoever gave it, so they are not
// in its figure of memory. Probes have bytes of their own here as there: equal
// pointers would spare Go the comparison.
package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func check(good bool, what string) {
	if !good {
		fmt.Fprintln(os.Stderr, what)
		os.Exit(1)
	}
}

func clamp(x, low, high int) int {
	if x < low {
		return low
	}
	if x > high {
		return high
	}
	return x
}

// -- keys

func lookups(n int) int { return clamp(n, 100000, 2000000) / 20 * 20 }

type probe[K comparable] struct {
	key   K
	value int64
}

type keys[K comparable] struct {
	all    []K
	hits   []probe[K]
	misses []K
}

func draw[K comparable](n int, inOrder bool, at func(int) K) keys[K] {
	count := lookups(n)
	all := make([]K, 0, n)
	hits := make([]probe[K], 0, count)
	misses := make([]K, 0, count)
	for i := 0; i < n; i++ {
		all = append(all, at(i))
	}
	for j := 0; j < count; j++ {
		i := j % n
		if !inOrder {
			i = int(mix(^uint64(j)) % uint64(n))
		}
		hits = append(hits, probe[K]{at(i), int64(i) + 1})
		misses = append(misses, at(n+j))
	}
	return keys[K]{all, hits, misses}
}

func numberAt(i int) int64 { return int64(mix(uint64(i) + 1)) }

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" +
	"0123456789-_"

func textAt(n int) string {
	i := uint64(n)
	head := i * 0x9e3779b97f4a7c15 & 0xffffffffffff
	head ^= head >> 24
	text := make([]byte, 8+mix(i)%17)
	for k := range text {
		if k < 8 {
			text[k] = letters[head>>(6*k)&63]
		} else {
			text[k] = letters[mix(i^uint64(k)<<56)&63]
		}
	}
	return string(text)
}

func linesOf(path string, n int) []string {
	file, err := os.Open(path)
	check(err == nil, "cannot open the file")
	lines := make([]string, 0, n)
	for scanner := bufio.NewScanner(file); len(lines) < n && scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	check(len(lines) == n, "the file has fewer lines than keys are wanted")
	return lines
}

// -- measures

func row(name string, value float64) { fmt.Printf("%s\t%.4f\n", name, value) }

func nanoseconds(f func()) float64 {
	start := time.Now()
	f()
	return float64(time.Since(start).Nanoseconds())
}

func timeBest(name string, operations int, f func()) {
	cold, warm := nanoseconds(f), nanoseconds(f)
	row(name, math.Min(cold, warm)/float64(operations))
}

func procBytes(path, field string) float64 {
	text, _ := os.ReadFile(path)
	for _, line := range strings.Split(string(text), "\n") {
		if words := strings.Fields(line); len(words) > 1 && words[0] == field {
			kib, _ := strconv.ParseFloat(words[1], 64)
			return kib * 1024
		}
	}
	return 0
}

// What is garbage is given back first.
func resident() float64 {
	debug.FreeOSMemory()
	return procBytes("/proc/self/smaps_rollup", "Rss:")
}

func peak() float64 { return procBytes("/proc/self/status", "VmHWM:") }

func forgetPeak() {
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// -- phases

func sumOf[K comparable](m map[K]int64) int64 {
	sum := int64(0)
	for _, value := range m {
		sum += value
	}
	return sum
}

func insert[K comparable](k keys[K]) map[K]int64 {
	n := len(k.all)
	copies := clamp(200000/n, 1, 200000)
	again := clamp(1000000/n, 0, 100)
	best := math.Inf(1)
	build := func() map[K]int64 {
		m := map[K]int64{}
		best = math.Min(best, nanoseconds(func() {
			for i, key := range k.all {
				m[key] = int64(i) + 1
			}
		}))
		return m
	}
	maps := make([]map[K]int64, 0, copies)
	before := resident()
	forgetPeak()
	for len(maps) < copies {
		maps = append(maps, build())
	}
	most := peak() - before
	bytes := resident() - before
	m := maps[0]
	maps = nil
	for ; again > 0; again-- {
		build()
	}
	row("insert", best/float64(n))
	if before > 0 {
		row("bytes", bytes/float64(copies*n))
		row("peak", math.Max(bytes, most)/float64(copies*n))
	}
	return m
}

func bench[K comparable](k keys[K]) {
	m := insert(k)
	n := int64(len(k.all))
	allValues := n * (n + 1) / 2

	expected := int64(0)
	for _, hit := range k.hits {
		expected += hit.value
	}
	timeBest("hit", len(k.hits), func() {
		sum := int64(0)
		for j := range k.hits {
			sum += m[k.hits[j].key]
		}
		check(sum == expected, "hit: a wrong value")
	})

	timeBest("dependent", len(k.hits), func() {
		found := 0
		for j := 0; j < len(k.hits); {
			value := m[k.hits[j].key]
			if value != 0 {
				found++
			}
			j += 1 + int(uint64(value)>>63)
		}
		check(found == len(k.hits), "dependent: a key is missing")
	})

	timeBest("miss", len(k.misses), func() {
		sum := int64(0)
		for _, key := range k.misses {
			sum += m[key]
		}
		check(sum == 0, "miss: an absent key was found")
	})

	passes := clamp(100000/len(k.all), 1, 100000)
	timeBest("iterate", passes*len(k.all), func() {
		for pass := 0; pass < passes; pass++ {
			check(sumOf(m) == allValues, "iterate: other values than were put")
		}
	})

	timeBest("churn", len(k.hits), func() {
		for j := range k.hits {
			hit := &k.hits[j]
			delete(m, hit.key)
			m[hit.key] = hit.value
		}
	})
	check(sumOf(m) == allValues, "churn: other values than were put")

	timeBest("mixed", len(k.hits), func() {
		sum := int64(0)
		for j := 0; j < len(k.hits); j += 20 {
			for i := j; i < j+9; i++ {
				sum += m[k.hits[i].key]
			}
			delete(m, k.hits[j+9].key)
			for i := j + 10; i < j+19; i++ {
				sum += m[k.hits[i].key]
			}
			m[k.hits[j+9].key] = k.hits[j+9].value
		}
		check(sum > 0, "mixed: nothing was found")
	})
	check(sumOf(m) == allValues, "mixed: other values than were put")
}

func main() {
	check(len(os.Args) >= 3, "usage: peer random|sequential|text|paths N [FILE]")
	fmt.Printf("title\tGo map, %s (text shared)\n", runtime.Version())
	if os.Args[1] == "pause" {
		pause(os.Args[2:])
		return
	}
	n, err := strconv.Atoi(os.Args[2])
	check(err == nil && n > 0, "N must be positive")
	switch kind := os.Args[1]; kind {
	case "random":
		bench(draw(n, false, numberAt))
	case "sequential":
		bench(draw(n, true, func(i int) int64 { return int64(i) }))
	case "text":
		bench(draw(n, false, textAt))
	case "paths":
		check(len(os.Args) >= 4, "no file of paths")
		paths := linesOf(os.Args[3], n)
		bench(draw(n, false, func(i int) string {
			if i < n {
				return strings.Clone(paths[i])
			}
			return paths[mix(uint64(i))%uint64(n)] + "~"
		}))
	default:
		check(false, "no such keys")
	}
}
