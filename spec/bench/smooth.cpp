// hmap as a program in production would have it: under the policy that the
// manual recommends, with arrays from a pool.
#define BENCH_POLICY HMAP_POLICY_SMOOTH
#define BENCH_TITLE  "hmap " HMAP_VERSION ", policy smooth, a pool"
#define BENCH_POOL   true
#include "hmap.cpp"
