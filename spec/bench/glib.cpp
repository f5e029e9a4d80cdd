// GLib's GHashTable. Integers are kept in the pointers themselves; text is
// copied in and freed, as its users do.
#include <glib.h>

#include "workload.hpp"

// gpointer <-> int64_t
static_assert(sizeof(gpointer) == 8, "a value must fit into a pointer");

static gpointer in_pointer(int64_t value) {
  return reinterpret_cast<gpointer>(value);
}

static int64_t from_pointer(gconstpointer pointer) {
  return reinterpret_cast<int64_t>(pointer);
}

static guint mixed(gconstpointer key) {
  return guint(bench::mix(uint64_t(from_pointer(key))));
}

// How keys of one type are asked for, kept, hashed, compared and freed.
template <class Key> struct Traits;

template <> struct Traits<int64_t> {
  static gconstpointer asked(int64_t key) { return in_pointer(key); }
  static gpointer kept(int64_t key) { return in_pointer(key); }
  static GHashTable *table() { return g_hash_table_new(mixed, nullptr); }
};

template <> struct Traits<std::string> {
  static gconstpointer asked(const std::string &key) { return key.c_str(); }
  static gpointer kept(const std::string &key) {
    return g_strndup(key.data(), key.size());
  }
  static GHashTable *table() {
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, nullptr);
  }
};

template <class Key> struct Map {
  using Of = Traits<Key>;
  GHashTable *table = Of::table();

  Map() = default;
  Map(const Map &) = delete;
  ~Map() { g_hash_table_unref(table); }

  void put(const Key &key, int64_t value) {
    g_hash_table_insert(table, Of::kept(key), in_pointer(value));
  }

  int64_t get(const Key &key) {
    return from_pointer(g_hash_table_lookup(table, Of::asked(key)));
  }

  bool erase(const Key &key) {
    return g_hash_table_remove(table, Of::asked(key));
  }

  int64_t sum() {
    GHashTableIter iter;
    gpointer value;
    int64_t sum = 0;
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, nullptr, &value))
      sum += from_pointer(value);
    return sum;
  }
};

int main(int argc, char **argv) {
  return bench::run<Map>(
      argc, argv,
      "GLib GHashTable " + std::to_string(glib_major_version) + "." +
          std::to_string(glib_minor_version) + " (integers mixed)");
}
