// A loop over a map that crashes in Go 1.19: keys of more than 128 bytes lie
// outside their bucket, and the flag that keeps old buckets whole for an
// iterator lasts for one growth to the same size. In the second one the bucket
// in its hands is cleared, and it follows a pointer that is nil. (The oracle
// found it; Go's own iterators are not asked any further there.)
//
//	go run spec/go/lost_iterator.go
package main

import "math/rand"

func key(n int) (k [136]byte) {
	k[0], k[1] = byte(n), byte(n>>8)
	return
}

// As full as can be without doubling, so that overflow buckets gather.
func churn(m map[[136]byte]bool, next int) int {
	for j := 0; j < 40; j++ {
		if len(m) < 52 {
			m[key(next)] = true
			next++
		}
		delete(m, key(next-1-rand.Intn(60)))
	}
	return next
}

func main() {
	for {
		m, next := map[[136]byte]bool{}, 0
		for len(m) < 50 {
			next = churn(m, next)
		}
		turns := 0
		for range m {
			next = churn(m, next)
			if turns++; turns > 400 {
				break
			}
		}
	}
}
