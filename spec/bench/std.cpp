// std::unordered_map
#include <unordered_map>

#include "workload.hpp"

template <class Key>
using Map =
    bench::StandardMap<std::unordered_map<Key, int64_t, bench::MixedHash<Key>>>;

int main(int argc, char **argv) {
  return bench::run<Map>(argc, argv,
                         "std::unordered_map, libstdc++ " +
                             std::to_string(_GLIBCXX_RELEASE) +
                             " (integers mixed)");
}
