// many.cpp: hmap's calls that take many keys at once, which fetch the memory of
// all side by side. Integers in random order; inserts, hits and misses.
#include "hmap.h"

#include "workload.hpp"

namespace {

constexpr size_t BATCH = 64;

hmap *make() {
  hmap *m = nullptr;
  hmap_options options = {};
  options.key.kind = options.elem.kind = HMAP_INT64;
  bench::check(hmap_new(&options, &m) == HMAP_OK, "no memory");
  return m;
}

void put_all(hmap *m, const std::vector<int64_t> &keys,
             const std::vector<int64_t> &values) {
  for (size_t at = 0, done; at < keys.size(); at += done) {
    size_t n = std::min(BATCH, keys.size() - at);
    hmap_status status = hmap_put_many(m, &keys[at], &values[at], n, &done);
    bench::check(status == HMAP_OK, hmap_status_text(status));
  }
}

int64_t sum_of(const hmap *m, const std::vector<int64_t> &keys) {
  const void *found[BATCH];
  int64_t sum = 0;
  for (size_t at = 0; at < keys.size(); at += BATCH) {
    size_t n = std::min(BATCH, keys.size() - at);
    hmap_get_many(m, &keys[at], n, found);
    for (size_t i = 0; i < n; i++)
      sum += found[i] ? *static_cast<const int64_t *>(found[i]) : 0;
  }
  return sum;
}

} // namespace

int main(int argc, char **argv) {
  bench::check(argc >= 3, "usage: many random N");
  if (std::string(argv[1]) != "random")
    return 0;
  std::printf("title\thmap " HMAP_VERSION ", %zu keys a call\n", BATCH);
  size_t n = std::strtoull(argv[2], nullptr, 10);
  auto keys = bench::draw<int64_t>(n, false, bench::number_at);
  std::vector<int64_t> values, hits;
  int64_t expected = 0;
  for (size_t i = 0; i < n; i++)
    values.push_back(int64_t(i) + 1);
  for (const auto &hit : keys.hits) {
    hits.push_back(hit.key);
    expected += hit.value;
  }
  hmap *m = nullptr;
  bench::time_best("insert", n, [&] {
    hmap_free(m);
    m = make();
    put_all(m, keys.all, values);
  });
  bench::time_best("hit", hits.size(), [&] {
    bench::check(sum_of(m, hits) == expected, "hit: a wrong value");
  });
  bench::time_best("miss", keys.misses.size(), [&] {
    bench::check(sum_of(m, keys.misses) == 0, "miss: an absent key was found");
  });
  hmap_free(m);
  return 0;
}
