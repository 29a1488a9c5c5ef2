/* Any bytes as operations on a page map: each is done on an array of cells as well, and both must come to the
 * same, also while the budget is short. Four bytes an operation: kind and owner, first cell, cells, room. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../unit/trace/page_model.h"

#define CELLS 240u
#define PLENTY ((size_t)16 << 20)
#define OPERATION_BYTES 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
  if (!holds) {
    abort();
  }
}

static void operate(page_model *model, const uint8_t *bytes)
{
  seep_status status = SEEP_OK;
  size_t from = bytes[1] % CELLS;
  size_t to = from + bytes[2] < CELLS ? from + bytes[2] : CELLS;
  uint32_t owner = 1 + (bytes[0] >> 1) % 4;
  if (bytes[0] % 2 == 0) {
    require(page_model_add(model, from, to, owner, bytes[0] >> 7, &status));
  } else {
    require(page_model_remove(model, from, to, &status));
  }
  require(status == SEEP_OK || status == SEEP_LIMIT);
  require(page_model_find(model, from));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static page_model model;
  seep_trace_budget budget = {.limit_bytes = PLENTY};
  if (size == 0) {
    return 0;
  }
  require(page_model_init(&model, &budget, CELLS, data[0] % 2 == 0));
  for (size_t at = 1; at + OPERATION_BYTES <= size; at += OPERATION_BYTES) {
    /* Room: plenty, or none but what there is and up to 3 KB. */
    budget.limit_bytes = data[at + 3] >= 4 ? PLENTY : budget.used_bytes + (size_t)data[at + 3] * 1024;
    operate(&model, data + at);
    require(page_model_matches(&model));
  }
  page_model_fini(&model);
  require(budget.used_bytes == 0);
  return 0;
}
