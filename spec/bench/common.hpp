// common.hpp: the keys that every peer gets, and what a process can say of
// itself. workload.hpp and pause.hpp share it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace bench {

// Whether two processes must do the same: then a peer that draws its own
// random numbers takes them from a fixed seed, if it can.
inline bool repeatable = false;

// The finalizer of splitmix64: a bijection with full avalanche. It draws the
// keys, and is the integer hash of peers whose own is the identity.
inline uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

[[noreturn]] inline void fail(const char *what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

inline void check(bool good, const char *what) {
  if (!good)
    fail(what);
}

// -- keys -------------------------------------------------------------------

inline int64_t number_at(size_t i) { return int64_t(mix(i + 1)); }

// 8 to 24 letters of 64. The first eight are a bijection of i's low 48 bits.
inline std::string text_at(size_t i) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                                "uvwxyz0123456789-_";
  uint64_t head = i * 0x9e3779b97f4a7c15 & 0xffffffffffff;
  head ^= head >> 24;
  std::string text(8 + mix(i) % 17, 0);
  for (size_t k = 0; k < text.size(); k++)
    text[k] = letters[(k < 8 ? head >> 6 * k : mix(i ^ k << 56)) & 63];
  return text;
}

// -- measures ---------------------------------------------------------------

inline void row(const char *name, double value) {
  std::printf("%s\t%.4f\n", name, value);
}

// Bytes from a line such as "Rss:  1234 kB" of a file of /proc/self; 0 where
// there is none.
inline double proc_bytes(const char *path, const std::string &field) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.compare(0, field.size(), field) == 0)
      return std::atof(line.c_str() + field.size()) * 1024;
  return 0;
}

// Exact: it walks the page tables. statm lags behind by some hundred KiB.
inline double resident() {
  return proc_bytes("/proc/self/smaps_rollup", "Rss:");
}

inline double peak() { return proc_bytes("/proc/self/status", "VmHWM:"); }

inline void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

} // namespace bench
