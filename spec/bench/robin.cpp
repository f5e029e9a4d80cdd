// tsl::robin_map
#include <tsl/robin_map.h>

#include "workload.hpp"

template <class Key>
using Map =
    bench::StandardMap<tsl::robin_map<Key, int64_t, bench::MixedHash<Key>>>;

int main(int argc, char **argv) {
  return bench::run<Map>(argc, argv, "tsl::robin_map (integers mixed)");
}
