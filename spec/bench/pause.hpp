// pause.hpp: how long each single operation takes, not many in the mean.
//
//   insert -> collect, garbage -> churn -> clear -> refill -> delete
//     |                                      (fill) -> close -> closed
//     bytes, peak
//
// A peer's program, run as `peer pause KEYS N PREFIX`, does this once in a
// fresh process. For each phase there is a file, PREFIX and the phase's name:
// an array of uint32, at place i nanoseconds of operation i. A process lowers
// those numbers to its own. pause.cpp tells what is in a file; pause.go is the
// same in Go.
//
//   insert   n keys into an empty map         clear   the one call
//   collect  all garbage, with the map alive  refill  n puts after it
//   garbage  n / 2 small allocations          delete  all n, in another order
//   churn    n times a delete, or a put of    close   the one call
//            a new key                        closed  what pays the rest of
//                                                     it, step by step
//
// with n up to MANY where n is in what a phase does to a full map.
//
// A Map may have, beyond what workload.hpp wants of it,
//
//   void remove(const Key &key); // erase that need not say if it was there
//   void clear();
//   void collect();              // a full collection of garbage
//   void garbage();              // an allocation that may run the collector
//   bool close(size_t step);     // from 0 on; whether there is more to do
//
// and is else closed by its destructor.
//
// Invariant: every process does the same operations on the same keys in the
// same order, so the number at i is the least that operation i has ever taken:
// what the machine does beside it goes, what the operation itself does stays.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <type_traits>
#include <vector>

#if defined(__x86_64__)
#  include <x86intrin.h>
#endif

#include "common.hpp"

namespace bench {

// -- the clock --------------------------------------------------------------

// What is before a stamp has been executed, what is behind it has not begun.
#if defined(__x86_64__)
inline uint64_t stamp() {
  unsigned processor;
  uint64_t ticks = __rdtscp(&processor);
  _mm_lfence();
  return ticks;
}
#else
inline uint64_t stamp() {
  return uint64_t(std::chrono::steady_clock::now().time_since_epoch().count());
}
#endif

// By the system's clock, over some milliseconds.
inline double stamp_nanoseconds() {
  using clock = std::chrono::steady_clock;
  auto begun = clock::now();
  uint64_t from = stamp();
  while (clock::now() - begun < std::chrono::milliseconds(20)) {
  }
  uint64_t to = stamp();
  std::chrono::duration<double, std::nano> time = clock::now() - begun;
  return time.count() / double(to - from);
}

// -- times ------------------------------------------------------------------

using Nanoseconds = std::vector<uint32_t>;

inline Nanoseconds read_times(const std::string &path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file)
    return {};
  Nanoseconds times(size_t(file.tellg()) / sizeof(uint32_t));
  file.seekg(0);
  file.read(reinterpret_cast<char *>(times.data()),
            std::streamsize(times.size() * sizeof(uint32_t)));
  check(bool(file), "cannot read the times");
  return times;
}

inline void write_times(const std::string &path, const Nanoseconds &times) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char *>(times.data()),
             std::streamsize(times.size() * sizeof(uint32_t)));
  check(bool(file.flush()), "cannot write the times");
}

// The times of one phase. Their memory is touched beforehand, so that it is
// not taken for the map's.
class Stopwatch {
  const std::string prefix;
  const double nanoseconds = stamp_nanoseconds();
  Nanoseconds times;

public:
  Stopwatch(std::string files, size_t room)
      : prefix(std::move(files)), times(room) {
    times.clear();
  }

  template <class F> void time(F f) {
    uint64_t from = stamp();
    f();
    double took = double(stamp() - from) * nanoseconds;
    times.push_back(uint32_t(std::min(took, double(UINT32_MAX))));
  }

  // The phase is over: lowers the numbers in its file.
  void keep(const char *phase) {
    Nanoseconds least = read_times(prefix + phase);
    least.resize(std::max(least.size(), times.size()), UINT32_MAX);
    for (size_t i = 0; i < times.size(); i++)
      least[i] = std::min(least[i], times[i]);
    write_times(prefix + phase, least);
    times.clear();
  }

  // What a time is of an operation that does nothing.
  double own() {
    for (int i = 0; i < 1000; i++)
      time([] {});
    uint32_t least = *std::min_element(times.begin(), times.end());
    times.clear();
    return least;
  }
};

// -- phases -----------------------------------------------------------------

// can<M>([](auto &m) -> decltype(m.f()) {...}): whether an M has an f().
template <class M, class F> constexpr bool can(F) {
  return std::is_invocable_v<F, M &>;
}
#define BENCH_CAN(M, call) can<M>([](auto &m) -> decltype(void(m.call)) {})

// Enough to meet what a map of any size has put off.
constexpr size_t MANY = 1000000;

template <template <class> class Map, class Key> class Pauses {
  using M = Map<Key>;

  const size_t n, many = std::min(n, MANY);
  std::vector<Key> keys; // n, and those that churn puts
  Stopwatch watch;
  std::unique_ptr<M> map = std::make_unique<M>();

  // Each i < n once, in another order: not so far away that it is the reading
  // of the keys that takes long. The factor is a prime beyond any block.
  size_t elsewhere(size_t i) const {
    size_t block = i / 4096 * 4096;
    return block + (i - block) * 7919 % std::min<size_t>(4096, n - block);
  }

  void put(const Key &key, int64_t value) {
    watch.time([&] { map->put(key, value); });
  }

  void drop(const Key &key) {
    if constexpr (BENCH_CAN(M, remove(Key())))
      watch.time([&] { map->remove(key); });
    else
      watch.time([&] { map->erase(key); });
  }

  void check_sum(int64_t sum) {
    check(map->sum() == sum, "other values than were put");
  }

  // The first so many of them by the clock.
  void put_all(size_t timed) {
    for (size_t i = 0; i < timed; i++)
      put(keys[i], int64_t(i) + 1);
    for (size_t i = timed; i < n; i++)
      map->put(keys[i], int64_t(i) + 1);
  }

  void insert() {
    forget_peak();
    double before = resident();
    put_all(n);
    double bytes = resident() - before;
    if (before > 0) {
      row("bytes", bytes / double(n));
      row("peak", std::max(bytes, peak() - before) / double(n));
    }
    watch.keep("insert");
  }

  // The first collection also sees off what is no longer needed.
  void collect() {
    if constexpr (BENCH_CAN(M, collect())) {
      map->collect();
      watch.time([&] { map->collect(); });
      watch.keep("collect");
    }
    if constexpr (BENCH_CAN(M, garbage())) {
      for (size_t i = 0; i < n / 2; i++)
        watch.time([&] { map->garbage(); });
      watch.keep("garbage");
    }
  }

  void churn() {
    for (size_t i = 0; i < many / 2; i++) {
      drop(keys[elsewhere(i)]);
      put(keys[n + i], 1);
    }
    watch.keep("churn");
  }

  void clear() {
    if constexpr (BENCH_CAN(M, clear())) {
      watch.time([&] { map->clear(); });
      watch.keep("clear");
      put_all(many);
      watch.keep("refill");
    } else {
      map = std::make_unique<M>();
      put_all(0);
    }
    check_sum(int64_t(n) * int64_t(n + 1) / 2);
  }

  void drop_all() {
    for (size_t i = 0; i < n; i++)
      drop(keys[elsewhere(i)]);
    watch.keep("delete");
    check_sum(0);
  }

  void close() {
    put_all(0);
    if constexpr (BENCH_CAN(M, close(0))) {
      bool more = true;
      size_t step = 0;
      while (more) {
        watch.time([&] { more = map->close(step); });
        if (step++ == 0)
          watch.keep("close");
      }
      watch.keep("closed");
    } else {
      watch.time([&] { map.reset(); });
      watch.keep("close");
    }
  }

public:
  template <class At>
  Pauses(size_t count, const std::string &prefix, At at)
      : n(count), watch(prefix, count) {
    keys.reserve(n + many / 2);
    for (size_t i = 0; i < n + many / 2; i++)
      keys.push_back(at(i));
  }

  int run() {
    row("clock", watch.own());
    insert();
    collect();
    churn();
    clear();
    drop_all();
    close();
    return 0;
  }
};

template <template <class> class Map> int pause(int argc, char **argv) {
  check(argc >= 4, "usage: peer pause random|text N PREFIX");
  std::string kind = argv[1];
  size_t n = std::strtoull(argv[2], nullptr, 10);
  check(n > 1, "N must be more than one");
  repeatable = true;
  if (kind == "random")
    return Pauses<Map, int64_t>(n, argv[3], number_at).run();
  check(kind == "text", "no such keys");
  return Pauses<Map, std::string>(n, argv[3], text_at).run();
}

} // namespace bench
