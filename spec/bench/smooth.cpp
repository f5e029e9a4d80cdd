// hmap under the policy that the manual recommends for production.
#define BENCH_POLICY HMAP_POLICY_SMOOTH
#define BENCH_TITLE  "hmap " HMAP_VERSION ", policy smooth"
#include "hmap.cpp"
