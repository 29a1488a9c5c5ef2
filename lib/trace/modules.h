/*
 * Which module of which process an address lies in. Filled from image events while a trace is read, in any
 * mixture of loads, unloads and rundowns, and from what a merge has added about files; asked when it has been
 * read whole (reference: etl-format, 2.2, 2.6, 3.2). Images are matched to processes by an instance number of
 * the caller's, never by PID alone.
 */
#ifndef SEEP_TRACE_MODULES_H
#define SEEP_TRACE_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/budget.h"
#include "trace/payload.h"

#define SEEP_TRACE_NO_MODULE UINT32_MAX
#define SEEP_TRACE_KERNEL_INSTANCE UINT32_MAX /* drivers and the kernel: the same for all processes */

typedef struct seep_trace_modules seep_trace_modules;

/* One file, however many processes have it loaded. Texts are UTF-8, owned by the map; "" = not known. */
typedef struct seep_trace_module {
  const char *name;     /* last component of the path, as it is written there */
  const char *path;     /* as the kernel names it: "\\Device\\HarddiskVolume3\\..." */
  const char *dos_path; /* "C:\\..." where the trace says how; else "" */
  uint64_t size_bytes;
  uint32_t timestamp; /* 0 = not known */
  bool has_pdb;
  uint8_t pdb_guid[16];
  uint32_t pdb_age;
  const char *pdb_name; /* last component */
  const char *company, *product, *description, *file_version;
} seep_trace_module;

seep_trace_modules *seep_trace_modules_new(seep_trace_budget *budget); /* NULL: no room */
void seep_trace_modules_free(seep_trace_modules *modules);

/* IMAGE_* of the process whose instance is given; images in the kernel's half go to all. Statuses: SEEP_OK,
 * SEEP_LIMIT, SEEP_NO_MEMORY. */
seep_status seep_trace_modules_add(seep_trace_modules *modules, uint32_t instance, seep_trace_kind kind,
                                   uint64_t ticks, const seep_trace_image *image);

/* What a merge has added; it may stand anywhere in the file. The PID in it is matched when the map is
 * finished, to the instances that bear it. */
seep_status seep_trace_modules_add_image_id(seep_trace_modules *modules, uint64_t ticks,
                                            const seep_trace_image_id *id);
seep_status seep_trace_modules_add_pdb_id(seep_trace_modules *modules, uint64_t ticks,
                                          const seep_trace_pdb_id *id);
seep_status seep_trace_modules_add_version(seep_trace_modules *modules,
                                           const seep_trace_file_version *version);
seep_status seep_trace_modules_add_volume(seep_trace_modules *modules, const seep_trace_volume *volume);
seep_status seep_trace_modules_add_paths(seep_trace_modules *modules, const seep_trace_paths *paths);

/* Sorts and joins; after this only the questions below. pid_of: the PID of an instance. */
seep_status seep_trace_modules_finish(seep_trace_modules *modules,
                                      uint32_t (*pid_of)(void *context, uint32_t instance), void *context);

/* Index of the module that had this address then, else that ever had it, else SEEP_TRACE_NO_MODULE. *base:
 * where it was loaded. Kernel addresses are looked up among the drivers. */
uint32_t seep_trace_modules_find(const seep_trace_modules *modules, uint32_t instance, uint64_t address,
                                 uint64_t ticks, uint64_t *base);

const seep_trace_module *seep_trace_modules_at(const seep_trace_modules *modules, uint32_t index);
size_t seep_trace_modules_count(const seep_trace_modules *modules);

/* Does the process have a module of this name (ASCII case ignored)? */
bool seep_trace_modules_has(const seep_trace_modules *modules, uint32_t instance, const char *name);

/* x64: from 0xFFFF000000000000 on; with 4-byte pointers from 0x80000000 (reference: etl-format, 2.3). */
bool seep_trace_is_kernel_address(uint64_t address, unsigned pointer_bytes);

#endif
