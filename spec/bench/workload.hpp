// workload.hpp: what every peer is asked to do, and how it is timed.
//
//   keys -> insert -> hit -> dependent -> miss -> iterate -> churn -> mixed
//             |
//             bytes, peak
//
// A peer's program includes this, defines
//
//   template <class Key> struct Map {
//     void put(const Key &key, int64_t value); // inserts or overwrites
//     int64_t get(const Key &key);             // 0: absent
//     bool erase(const Key &key);              // was it there
//     int64_t sum();                           // of all values, by iterating
//   };
//
// with int64_t and std::string for Key, and calls bench::run<Map> from main.
// It is run as `peer KEYS N [FILE]` and prints lines of "name <tab> value":
// nanoseconds an operation, bytes an entry. go.go does the same in Go. As
// `peer pause ...` it does what pause.hpp says instead.
//
// Invariant: each phase leaves the entries as it found them, and its result is
// compared with what the keys say it must be; a peer that loses a key is not
// timed but fails.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <vector>

#include <malloc.h>

#include "common.hpp"
#include "pause.hpp"

namespace bench {

// -- keys -------------------------------------------------------------------

// Lookups of one timed pass. Never few: a branch predictor learns a short
// series of keys by heart. Never so many that a pass over a large map takes
// minutes. A multiple of 20: see mixed().
inline size_t lookups(size_t n) {
  return std::clamp<size_t>(n, 100000, 2000000) / 20 * 20;
}

template <class Key> struct Probe {
  Key key;
  int64_t value;
};

// Key i of a map has the value i + 1, never equal to it: GLib keeps a pair of
// equals in one word. Probes lie in the order in which they are asked, so that
// reading them costs every peer next to nothing.
template <class Key> struct Keys {
  std::vector<Key> all;
  std::vector<Probe<Key>> hits;
  std::vector<Key> misses;
};

// at(i): key i, different for every i; those from n on are the misses.
template <class Key, class At> Keys<Key> draw(size_t n, bool in_order, At at) {
  Keys<Key> keys;
  keys.all.reserve(n);
  for (size_t i = 0; i < n; i++)
    keys.all.push_back(at(i));
  size_t count = lookups(n);
  keys.hits.reserve(count);
  keys.misses.reserve(count);
  for (size_t j = 0; j < count; j++) {
    size_t i = in_order ? j % n : mix(~j) % n;
    keys.hits.push_back({keys.all[i], int64_t(i) + 1});
    keys.misses.push_back(at(n + j));
  }
  return keys;
}

inline std::vector<std::string> lines_of(const char *path, size_t n) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  lines.reserve(n);
  for (std::string line; lines.size() < n && std::getline(file, line);)
    lines.push_back(line);
  check(lines.size() == n, "the file has fewer lines than keys are wanted");
  return lines;
}

// -- measures ---------------------------------------------------------------

template <class F> double nanoseconds(F f) {
  auto start = std::chrono::steady_clock::now();
  f();
  std::chrono::duration<double, std::nano> time =
      std::chrono::steady_clock::now() - start;
  return time.count();
}

template <class F> void time_best(const char *name, size_t operations, F f) {
  double cold = nanoseconds(f), warm = nanoseconds(f);
  row(name, std::min(cold, warm) / double(operations));
}

// -- phases -----------------------------------------------------------------

template <template <class> class Map, class Key> class Bench {
  using Maps = std::vector<std::unique_ptr<Map<Key>>>;

  const Keys<Key> keys;
  const size_t n = keys.all.size();
  const int64_t all_values = int64_t(n) * int64_t(n + 1) / 2;
  Maps maps; // from insert() on the one map that is asked
  double best_insert = 1e300;

  void build() {
    maps.push_back(std::make_unique<Map<Key>>());
    Map<Key> &map = *maps.back();
    best_insert = std::min(best_insert, nanoseconds([&] {
                             int64_t value = 0;
                             for (const Key &key : keys.all)
                               map.put(key, ++value);
                           }));
  }

  // Memory is told by the first maps of the process, before the allocator has
  // anything to use again: one, or so many small ones that pages do not count.
  // Small maps are then built again, for the time.
  void insert() {
    size_t copies = std::max<size_t>(1, 200000 / n);
    size_t again = std::min<size_t>(100, 1000000 / n);
    maps.reserve(copies + 1);
    malloc_trim(0);
    forget_peak();
    double before = resident();
    while (maps.size() < copies)
      build();
    double bytes = resident() - before;
    double most = std::max(bytes, peak() - before);
    maps.resize(1);
    for (; again > 0; again--) {
      build();
      maps.pop_back();
    }
    row("insert", best_insert / double(n));
    if (before > 0) {
      row("bytes", bytes / double(copies * n));
      row("peak", most / double(copies * n));
    }
  }

  void hit(Map<Key> &map) {
    int64_t expected = 0;
    for (const auto &hit : keys.hits)
      expected += hit.value;
    time_best("hit", keys.hits.size(), [&] {
      int64_t sum = 0;
      for (const auto &hit : keys.hits)
        sum += map.get(hit.key);
      check(sum == expected, "hit: a wrong value");
    });
  }

  // The sign of what was found, 0, is part of where the next key lies: no
  // lookup can begin before the one in front of it has ended.
  void dependent(Map<Key> &map) {
    time_best("dependent", keys.hits.size(), [&] {
      size_t found = 0;
      for (size_t j = 0; j < keys.hits.size();) {
        int64_t value = map.get(keys.hits[j].key);
        found += value != 0;
        j += 1 + (uint64_t(value) >> 63);
      }
      check(found == keys.hits.size(), "dependent: a key is missing");
    });
  }

  void miss(Map<Key> &map) {
    time_best("miss", keys.misses.size(), [&] {
      int64_t sum = 0;
      for (const Key &key : keys.misses)
        sum += map.get(key);
      check(sum == 0, "miss: an absent key was found");
    });
  }

  void iterate(Map<Key> &map) {
    size_t passes = std::max<size_t>(1, 100000 / n);
    time_best("iterate", passes * n, [&] {
      for (size_t pass = 0; pass < passes; pass++)
        check(map.sum() == all_values, "iterate: other values than were put");
    });
  }

  // One operation is a delete and the put that undoes it.
  void churn(Map<Key> &map) {
    time_best("churn", keys.hits.size(), [&] {
      size_t erased = 0;
      for (const auto &hit : keys.hits) {
        erased += map.erase(hit.key);
        map.put(hit.key, hit.value);
      }
      check(erased == keys.hits.size(), "churn: a key was not there");
    });
    check(map.sum() == all_values, "churn: other values than were put");
  }

  // Of twenty: eighteen gets, a delete, and ten later the put that undoes it.
  void mixed(Map<Key> &map) {
    time_best("mixed", keys.hits.size(), [&] {
      int64_t sum = 0;
      for (size_t j = 0; j < keys.hits.size(); j += 20) {
        for (size_t k = j; k < j + 9; k++)
          sum += map.get(keys.hits[k].key);
        map.erase(keys.hits[j + 9].key);
        for (size_t k = j + 10; k < j + 19; k++)
          sum += map.get(keys.hits[k].key);
        map.put(keys.hits[j + 9].key, keys.hits[j + 9].value);
      }
      check(sum > 0, "mixed: nothing was found");
    });
    check(map.sum() == all_values, "mixed: other values than were put");
  }

public:
  explicit Bench(Keys<Key> drawn) : keys(std::move(drawn)) {}

  int run() {
    insert();
    Map<Key> &map = *maps[0];
    hit(map);
    dependent(map);
    miss(map);
    iterate(map);
    churn(map);
    mixed(map);
    return 0;
  }
};

template <template <class> class Map, class At>
int ask(size_t n, bool in_order, At at) {
  using Key = decltype(at(n));
  return Bench<Map, Key>(draw<Key>(n, in_order, at)).run();
}

// What main returns. title: the peer in full, and whose hash it uses.
template <template <class> class Map>
int run(int argc, char **argv, const std::string &title) {
  check(argc >= 3, "usage: peer random|sequential|text|paths N [FILE]");
  std::printf("title\t%s\n", title.c_str());
  std::string kind = argv[1];
  if (kind == "pause")
    return pause<Map>(argc - 1, argv + 1);
  size_t n = std::strtoull(argv[2], nullptr, 10);
  check(n > 0, "N must be positive");

  if (kind == "random")
    return ask<Map>(n, false, number_at);
  if (kind == "sequential")
    return ask<Map>(n, true, [](size_t i) { return int64_t(i); });
  if (kind == "text")
    return ask<Map>(n, false, text_at);
  check(kind == "paths" && argc >= 4, "no such keys, or no file of paths");
  // A miss is a file's name with a tilde behind it.
  auto paths = lines_of(argv[3], n);
  return ask<Map>(n, false, [&](size_t i) {
    return i < n ? paths[i] : paths[mix(i) % n] + "~";
  });
}

// -- peers with the interface of std::unordered_map -------------------------

template <class Standard> struct StandardMap {
  using Key = typename Standard::key_type;
  Standard map;

  void put(const Key &key, int64_t value) { map[key] = value; }

  int64_t get(const Key &key) {
    auto at = map.find(key);
    return at == map.end() ? 0 : at->second;
  }

  bool erase(const Key &key) { return map.erase(key) != 0; }

  int64_t sum() {
    int64_t sum = 0;
    for (const auto &entry : map)
      sum += entry.second;
    return sum;
  }

  void clear() { map.clear(); }
};

// std::hash, but for integers, of which it is the identity: those are mixed.
template <class Key> struct MixedHash : std::hash<Key> {};
template <> struct MixedHash<int64_t> {
  size_t operator()(int64_t key) const { return mix(uint64_t(key)); }
};

} // namespace bench
