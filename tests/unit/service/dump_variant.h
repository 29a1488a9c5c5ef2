/* Dumps made of tests/fixtures/dumps/synth-x64-nt-large.dmp: the same process later or earlier, another one,
 * or one with so much more memory that its dump is larger than the machine's memory. */
#ifndef TEST_SERVICE_DUMP_VARIANT_H
#define TEST_SERVICE_DUMP_VARIANT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct dump_variant {
  uint64_t more_private_bytes; /* committed, in one allocation of its own */
  bool more_is_in_file;        /* its contents (all zero) lie in the file, before all others: a sparse file */
  bool without_large_blocks;   /* the heap's large blocks are not there: the regions are free */
  bool without_regions;        /* there is no list of regions */
  bool without_threads;        /* so that no PEB is found */
  uint32_t pid, created_s;     /* MiscInfo; 0, 0: the dump has none */
  uint32_t written_s;
} dump_variant;

/* What the fixture's six large blocks have committed. */
#define DUMP_VARIANT_LARGE_BLOCK_BYTES (UINT64_C(6) * 0x401000)

/* false, with a word printed, when the file system could not do it; nothing is left then. */
bool dump_variant_write(const char *path, const dump_variant *variant);

#endif
