/* Image events and what merges add, in short, for tests that need a map of modules. */
#ifndef SEEP_TEST_MODULE_MAKER_H
#define SEEP_TEST_MODULE_MAKER_H

#include <stdint.h>

#include "trace/modules.h"

seep_trace_text module_text(const char *text); /* 8-bit, borrowed */

/* An image event of a process; PID 0 for what is not told. */
void module_event(seep_trace_modules *modules, uint32_t instance, seep_trace_kind kind, uint64_t ticks,
                  uint64_t base, uint64_t size_bytes, const char *path, uint32_t timestamp);

/* There at the end, as most rundowns say. */
void module_there(seep_trace_modules *modules, uint32_t instance, uint64_t base, uint64_t size_bytes,
                  const char *path);

void module_id(seep_trace_modules *modules, uint32_t pid, uint64_t base, uint64_t size_bytes,
               uint32_t timestamp);
void module_pdb(seep_trace_modules *modules, uint64_t ticks, uint32_t pid, uint64_t base, uint8_t guid_byte,
                const char *name);
void module_version(seep_trace_modules *modules, uint32_t size_bytes, uint32_t timestamp, const char *company,
                    const char *file_version);

/* Instance i has PID 100 + i. */
void module_finish(seep_trace_modules *modules);

#endif
