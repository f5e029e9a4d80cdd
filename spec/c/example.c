/* example.c: a map caught in the middle of its growth.
**
**   cc -std=c11 example.c -lhmap && ./a.out
*/
#include <hmap.h>
#include <hmap_inspect.h>
#include <stdio.h>

static void show_bucket(const hmap_bucket_view *b) {
  for (int i = 0; i < HMAP_BUCKET_COUNT; i++)
    if (b->key[i] != NULL)
      printf("%4d", (int)*(const int64_t *)b->key[i]);
    else
      printf("   .");
}

static void show(const hmap *m, hmap_which which, const char *name) {
  hmap_bucket_view b;
  for (uint64_t i = 0; hmap_view_bucket(m, which, i, 0, &b); i++) {
    printf("%s %d", name, (int)i);
    if (b.evacuated)
      printf("   moved");
    else
      show_bucket(&b);
    for (size_t depth = 1; b.more && !b.evacuated; depth++) {
      printf(" ->");
      if (hmap_view_bucket(m, which, i, depth, &b))
        show_bucket(&b);
    }
    printf("\n");
  }
}

int main(void) {
  hmap *squares;
  hmap_options options = {.key = {.kind = HMAP_INT64},
                          .elem = {.kind = HMAP_INT64},
                          .seeded = true, /* the same picture every time */
                          .seed = 1};
  if (hmap_new(&options, &squares) != HMAP_OK)
    return 1;
  for (int64_t k = 1; k <= 27; k++) {
    int64_t square = k * k;
    hmap_status status = hmap_put(squares, &k, &square);
    if (status != HMAP_OK) {
      fprintf(stderr, "%s\n", hmap_status_text(status));
      return 1;
    }
  }

  int64_t nine = 9, absent = 99;
  const int64_t *found = hmap_get(squares, &nine);
  printf("9 * 9 is %d, and 99 is %s\n", found != NULL ? (int)*found : 0,
         hmap_get(squares, &absent) != NULL ? "there" : "not there");

  hmap_stats s;
  hmap_get_stats(squares, &s);
  printf("%d entries, %d of %d old buckets have moved\n", (int)s.count,
         (int)s.evacuated, (int)s.noldbuckets);
  show(squares, HMAP_OLD, "old");
  show(squares, HMAP_NEW, "new");
  hmap_free(squares);
}
