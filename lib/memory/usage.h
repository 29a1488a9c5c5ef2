/*
 * Adds up a process's regions, as VirtualQueryEx tells them, by the types that need no look inside: Image,
 * Mapped File, Private (heap, stack and private data together, not told apart here) and Free. Committed and
 * reserved bytes and the number of regions per type. Pure; values come from another process and are hostile,
 * so sums saturate.
 */
#ifndef SEEP_MEMORY_USAGE_H
#define SEEP_MEMORY_USAGE_H

#include <stddef.h>
#include <stdint.h>

typedef enum seep_usage_type {
  SEEP_USAGE_IMAGE = 0,
  SEEP_USAGE_MAPPED,
  SEEP_USAGE_PRIVATE,
  SEEP_USAGE_OTHER, /* a type or state word we do not know: counted apart, never guessed */
  SEEP_USAGE_TYPES
} seep_usage_type;

/* One region as MEMORY_BASIC_INFORMATION has it; the constants are the documented MEM_* values. */
typedef struct seep_region {
  uint64_t base;
  uint64_t size_bytes;
  uint32_t state; /* 0x1000 commit, 0x2000 reserve, 0x10000 free */
  uint32_t type;  /* 0x1000000 image, 0x40000 mapped, 0x20000 private; 0 when free */
} seep_region;

typedef struct seep_usage {
  struct {
    uint64_t committed_bytes;
    uint64_t reserved_bytes;
    uint64_t regions;
  } types[SEEP_USAGE_TYPES];
  uint64_t free_bytes;
} seep_usage;

void seep_usage_init(seep_usage *usage);
void seep_usage_add(seep_usage *usage, const seep_region *region);

/* "Image", "Mapped File", "Private", "Other". */
const char *seep_usage_type_text(seep_usage_type type);

#endif
