// absl::flat_hash_map
#include <absl/base/config.h>
#include <absl/container/flat_hash_map.h>

#include "workload.hpp"

template <class Key>
using Map = bench::StandardMap<absl::flat_hash_map<Key, int64_t>>;

int main(int argc, char **argv) {
  return bench::run<Map>(argc, argv,
                         "absl::flat_hash_map " +
                             std::to_string(ABSL_LTS_RELEASE_VERSION));
}
