// What is in a file of times (pause.hpp): `pause FILE [COLUMNS]` prints lines
// of "name <tab> value".
//
//   count                       operations
//   median p99 p99.9 p99.999    what so many of them did not exceed
//   worst, at                   the most, and the index of that operation
//   total                       of all together
//   upto:I                      the most of the operations before I and not
//                               before the last such line; COLUMNS a decade
#include <cmath>

#include "pause.hpp"

using bench::Nanoseconds;

// The nearest rank: the least time that is not exceeded by this share of all.
static double quantile(Nanoseconds &times, double share) {
  size_t rank = size_t(std::ceil(share * double(times.size())));
  auto at = times.begin() + std::ptrdiff_t(std::max<size_t>(rank, 1) - 1);
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

static void columns(const Nanoseconds &times, double per_decade) {
  size_t from = 0;
  for (double column = 0; from < times.size(); column++) {
    size_t upto = size_t(std::ceil(std::pow(10, column / per_decade)));
    upto = std::min(upto, times.size());
    if (upto == from)
      continue;
    auto begin = times.begin();
    std::string name = "upto:" + std::to_string(upto);
    bench::row(name.c_str(), *std::max_element(begin + std::ptrdiff_t(from),
                                               begin + std::ptrdiff_t(upto)));
    from = upto;
  }
}

int main(int argc, char **argv) {
  bench::check(argc >= 2, "usage: pause FILE [COLUMNS]");
  Nanoseconds times = bench::read_times(argv[1]);
  if (times.empty())
    return 0;
  if (argc >= 3)
    columns(times, std::atof(argv[2]));
  auto worst = std::max_element(times.begin(), times.end());
  double total = 0;
  for (uint32_t time : times)
    total += time;
  bench::row("count", double(times.size()));
  bench::row("worst", *worst);
  bench::row("at", double(worst - times.begin()));
  bench::row("total", total);
  bench::row("median", quantile(times, 0.5));
  bench::row("p99", quantile(times, 0.99));
  bench::row("p99.9", quantile(times, 0.999));
  bench::row("p99.999", quantile(times, 0.99999));
}
