// hmap, by its C functions, in a library like any program would link it.
#include "hmap.h"

#include "workload.hpp"

#ifndef BENCH_POLICY
#  define BENCH_POLICY HMAP_POLICY_GO
#  define BENCH_TITLE  "hmap " HMAP_VERSION
#  define BENCH_POOL   false
#endif

// The calls that differ by the type of the key.
template <class Key> struct Traits;

template <> struct Traits<int64_t> {
  static constexpr hmap_kind kind = HMAP_INT64;
  static hmap_status put(hmap *m, int64_t key, const int64_t *value) {
    return hmap_put_i64(m, key, value);
  }
  static const void *get(const hmap *m, int64_t key) {
    return hmap_get_i64(m, key);
  }
  static bool erase(hmap *m, int64_t key) { return hmap_delete_i64(m, key); }
};

template <> struct Traits<std::string> {
  static constexpr hmap_kind kind = HMAP_STRING;
  static hmap_status put(hmap *m, const std::string &key,
                         const int64_t *value) {
    return hmap_put_str(m, key.data(), key.size(), value);
  }
  static const void *get(const hmap *m, const std::string &key) {
    return hmap_get_str(m, key.data(), key.size());
  }
  static bool erase(hmap *m, const std::string &key) {
    return hmap_delete_str(m, key.data(), key.size());
  }
};

static hmap_pool pool;

template <class Key> struct Map {
  using Of = Traits<Key>;
  hmap *m = nullptr;

  Map() {
    hmap_options options = {};
    options.key.kind = Of::kind;
    options.elem.kind = HMAP_INT64;
    options.seeded = bench::repeatable;
    hmap_policy policy = hmap_policy_of(BENCH_POLICY);
    options.policy = &policy;
    static hmap_pages pages;
    if (BENCH_POOL && (pages.map || hmap_pool_init(&pool, &pages)))
      options.pages = &pages;
    good(hmap_new(&options, &m));
  }
  Map(const Map &) = delete;
  ~Map() { hmap_free(m); }

  static void good(hmap_status status) {
    if (status != HMAP_OK)
      bench::fail(hmap_status_text(status));
  }

  void put(const Key &key, int64_t value) { good(Of::put(m, key, &value)); }

  int64_t get(const Key &key) {
    auto elem = static_cast<const int64_t *>(Of::get(m, key));
    return elem ? *elem : 0;
  }

  bool erase(const Key &key) { return Of::erase(m, key); }

  int64_t sum() {
    hmap_iter it;
    int64_t sum = 0;
    hmap_iter_init(&it, m);
    for (good(hmap_iter_next(&it)); it.key; good(hmap_iter_next(&it)))
      sum += *static_cast<const int64_t *>(it.elem);
    hmap_iter_close(&it);
    return sum;
  }

  void clear() { good(hmap_clear(m)); }

  bool close(size_t) {
    if (hmap_free_step(m, 1))
      m = nullptr;
    return m != nullptr;
  }
};

int main(int argc, char **argv) {
  return bench::run<Map>(argc, argv, BENCH_TITLE);
}
