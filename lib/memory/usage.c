/*
 * The sums over one process's regions. It must not know where a region comes from: a live process, a minidump
 * and a test look the same. The numbers are the documented values of MEMORY_BASIC_INFORMATION's State and
 * Type.
 */
#include "memory/usage.h"

#include <stdbool.h>
#include <string.h>

#define STATE_COMMIT UINT32_C(0x1000)
#define STATE_RESERVE UINT32_C(0x2000)
#define STATE_FREE UINT32_C(0x10000)
#define TYPE_PRIVATE UINT32_C(0x20000)
#define TYPE_MAPPED UINT32_C(0x40000)
#define TYPE_IMAGE UINT32_C(0x1000000)

static void add_saturating(uint64_t *sum, uint64_t bytes)
{
  *sum = bytes > UINT64_MAX - *sum ? UINT64_MAX : *sum + bytes;
}

static seep_usage_type type_of(uint32_t type)
{
  switch (type) {
  case TYPE_IMAGE:
    return SEEP_USAGE_IMAGE;
  case TYPE_MAPPED:
    return SEEP_USAGE_MAPPED;
  case TYPE_PRIVATE:
    return SEEP_USAGE_PRIVATE;
  default:
    return SEEP_USAGE_OTHER;
  }
}

void seep_usage_init(seep_usage *usage)
{
  memset(usage, 0, sizeof *usage);
}

void seep_usage_add(seep_usage *usage, const seep_region *region)
{
  if (region->state == STATE_FREE) {
    add_saturating(&usage->free_bytes, region->size_bytes);
    return;
  }
  /* A state we do not know is neither committed nor reserved: it is counted as a region of an unknown type,
   * and its bytes nowhere. */
  bool known = region->state == STATE_COMMIT || region->state == STATE_RESERVE;
  seep_usage_type type = known ? type_of(region->type) : SEEP_USAGE_OTHER;
  add_saturating(&usage->types[type].regions, 1);
  if (region->state == STATE_COMMIT) {
    add_saturating(&usage->types[type].committed_bytes, region->size_bytes);
  } else if (region->state == STATE_RESERVE) {
    add_saturating(&usage->types[type].reserved_bytes, region->size_bytes);
  }
}

const char *seep_usage_type_text(seep_usage_type type)
{
  switch (type) {
  case SEEP_USAGE_IMAGE:
    return "Image";
  case SEEP_USAGE_MAPPED:
    return "Mapped File";
  case SEEP_USAGE_PRIVATE:
    return "Private";
  case SEEP_USAGE_OTHER:
  case SEEP_USAGE_TYPES:
  default:
    return "Other";
  }
}
