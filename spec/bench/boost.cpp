// boost::unordered_flat_map. It mixes what boost::hash gives by itself.
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/version.hpp>

#include "workload.hpp"

template <class Key>
using Map = bench::StandardMap<boost::unordered_flat_map<Key, int64_t>>;

int main(int argc, char **argv) {
  return bench::run<Map>(argc, argv,
                         "boost::unordered_flat_map 1." +
                             std::to_string(BOOST_VERSION / 100 % 1000));
}
