// bare.cpp: the least that a map can do whose marks lie with their slots, as
// Go's do: the memory that an insert, a hit and a miss touch, and nothing else.
//
//   bucket   8 marks | 8 keys | 8 values | link        144 bytes
//
// Which slot a key has was found out before the clock runs: nothing is
// searched, nothing grows, the array has its last size from the start. As many
// buckets as hmap has for so many entries. What a map takes beyond this is its
// work; what another map takes less than this, its layout.
#include <sys/mman.h>

#include "workload.hpp"

namespace {

constexpr size_t SLOTS = 8;

struct Bucket {
  uint8_t marks[SLOTS];
  int64_t keys[SLOTS], values[SLOTS];
  void *link;
};
static_assert(sizeof(Bucket) == 144, "as hmap's of integers");

// Where each key of a list goes; what finds its bucket full goes nowhere.
class Places {
  size_t mask = 0;
  std::vector<uint8_t> used;

public:
  explicit Places(size_t n) {
    while (n > (mask + 1) * 13 / 2)
      mask = 2 * mask + 1;
    used.resize(mask + 1);
  }
  size_t buckets() const { return mask + 1; }
  size_t bucket_of(int64_t key) const {
    return bench::mix(uint64_t(key)) & mask;
  }
  // Its slot, or SLOTS.
  size_t take(int64_t key) {
    uint8_t &n = used[bucket_of(key)];
    return n < SLOTS ? n++ : SLOTS;
  }
};

struct Entry {
  int64_t key;
  uint32_t slot;
};

Bucket *fresh(size_t n) {
  void *p = mmap(nullptr, n * sizeof(Bucket), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  bench::check(p != MAP_FAILED, "no memory");
  return static_cast<Bucket *>(p);
}

void fill(Bucket *array, const Places &places,
          const std::vector<Entry> &entries) {
  int64_t value = 0;
  for (const Entry &e : entries) {
    Bucket &b = array[places.bucket_of(e.key)];
    b.marks[e.slot] = 1;
    b.keys[e.slot] = e.key;
    b.values[e.slot] = ++value;
  }
}

void insert(const Places &places, const std::vector<Entry> &entries) {
  bench::time_best("insert", entries.size(), [&] {
    Bucket *array = fresh(places.buckets());
    fill(array, places, entries);
    munmap(array, places.buckets() * sizeof(Bucket));
  });
}

// A mark, the key that it stands for, and its value.
void hit(Bucket *array, const Places &places, const std::vector<Entry> &asked) {
  bench::time_best("hit", asked.size(), [&] {
    size_t found = 0;
    int64_t sum = 0;
    for (const Entry &e : asked) {
      const Bucket &b = array[places.bucket_of(e.key)];
      found += b.marks[e.slot] != 0 && b.keys[e.slot] == e.key;
      sum += b.values[e.slot];
    }
    bench::check(found == asked.size() && sum > 0, "hit: a key is missing");
  });
}

// The eight marks.
void miss(const Bucket *array, const Places &places,
          const std::vector<int64_t> &asked) {
  bench::time_best("miss", asked.size(), [&] {
    size_t found = 0;
    for (int64_t key : asked) {
      uint64_t marks;
      std::memcpy(&marks, array[places.bucket_of(key)].marks, sizeof marks);
      found += marks == ~uint64_t(0);
    }
    bench::check(found == 0, "miss: there is no such mark");
  });
}

} // namespace

int main(int argc, char **argv) {
  bench::check(argc >= 3, "usage: bare random N");
  if (std::string(argv[1]) != "random")
    return 0;
  std::printf("title\tmarks, keys and values touched, and nothing else\n");
  size_t n = std::strtoull(argv[2], nullptr, 10);
  auto keys = bench::draw<int64_t>(n, false, bench::number_at);
  Places places(n);
  std::vector<Entry> entries, asked;
  for (int64_t key : keys.all) {
    size_t slot = places.take(key);
    if (slot < SLOTS)
      entries.push_back({key, uint32_t(slot)});
  }
  for (size_t j = 0; j < keys.hits.size(); j++)
    asked.push_back(entries[bench::mix(~j) % entries.size()]);
  insert(places, entries);
  Bucket *array = fresh(places.buckets());
  fill(array, places, entries);
  hit(array, places, asked);
  miss(array, places, keys.misses);
  return 0;
}
