/* limits.c: the constants of all floors, for those who calculate ahead. */
#include "core/map/map.h"
#include "core/mem/pages.h"
#include "core/mem/slab.h"

void hmap_limits(struct hmap_limits *out) {
  *out = (struct hmap_limits){
      .slots = HMAP_BUCKET_COUNT,
      .most_B = MAX_B,
      .inline_bytes = HMAP_MAX_INLINE,
      .text_bytes = sizeof(hmap_cell) - 1,
      .page = hmapi_page_size(),
      .cleared = CLEARED_MAX,
      .sliced = DEFAULT_MAP_MIN,
      .slice = SLICE_BYTES,
      .unslabbed = UNSLABBED_BYTES,
      .slab = SLAB_BYTES,
      .region_slabs = REGION_SLABS,
      .block_unit = BLOCK_UNIT,
      .block = MAX_BLOCK,
      .regions = FIRST_REGIONS,
  };
}
