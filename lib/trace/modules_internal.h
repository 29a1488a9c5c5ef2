/*
 * What the files of the module map share: the facts as they came, and what becomes of them. Private to this
 * room.
 */
#ifndef SEEP_TRACE_MODULES_INTERNAL_H
#define SEEP_TRACE_MODULES_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/arena.h"
#include "trace/modules.h"
#include "trace/texts.h"

/* An image event as it came. */
typedef struct seep_trace__image {
  uint64_t ticks, base, size_bytes;
  const char *path;
  uint32_t instance, timestamp;
  uint32_t order; /* in which it came: decides between events of one time */
  uint8_t kind;   /* seep_trace_kind */
} seep_trace__image;

typedef struct seep_trace__identity {
  uint64_t ticks, base, size_bytes;
  const char *name;
  uint32_t pid, timestamp, order;
} seep_trace__identity;

typedef struct seep_trace__pdb {
  uint64_t ticks, base;
  const char *name;
  uint32_t pid, age, order;
  uint8_t guid[16];
} seep_trace__pdb;

typedef struct seep_trace__version {
  const char *original_name, *description, *file_version, *product, *company;
  uint32_t image_size_bytes, timestamp, order;
} seep_trace__version;

typedef struct seep_trace__volume {
  const char *device, *dos;
} seep_trace__volume;

/* A file in a process: there in from .. to, both included. */
typedef struct seep_trace__mapping {
  uint64_t base, end; /* end is not in it; never before base */
  uint64_t from, to;
  uint64_t farthest; /* end of this and all before it of the instance, the largest */
  const char *path, *name;
  const seep_trace__pdb *pdb; /* or NULL */
  uint32_t instance, timestamp, module, order;
} seep_trace__mapping;

/* Growing arrays of the budget. */
typedef struct seep_trace__list {
  void *items;
  size_t count, capacity;
} seep_trace__list;

struct seep_trace_modules {
  seep_trace_budget *budget;
  seep_arena arena;
  seep_texts texts;
  char *scratch;                                                /* SCRATCH_BYTES: a text on its way */
  seep_trace__list images, identities, pdbs, versions, volumes; /* of seep_trace__image ... */
  const char *windows_path;
  seep_trace__list mappings; /* of seep_trace__mapping; once finished by instance, base and from */
  seep_trace__list modules;  /* of seep_trace_module */
  bool is_finished;
};

seep_status seep_trace__no_room(const seep_trace_modules *modules);

/* The next item of a list, not set; NULL: no room. */
void *seep_trace__append(seep_trace_modules *modules, seep_trace__list *list, size_t item_size);
void seep_trace__drop(seep_trace_modules *modules, seep_trace__list *list, size_t item_size);

/* The text, kept; NULL: no room. */
const char *seep_trace__keep(seep_trace_modules *modules, const seep_trace_text *text);

/* ASCII case ignored: negative, 0, positive. */
int seep_trace__compare_names(const char *a, const char *b);

/* What follows the last separator. */
const char *seep_trace__last_component(const char *path);

/* ---- modules_join.c: mappings become modules ---- */

/* Finds each mapping's timestamp, PDB and module; their order may change. */
seep_status seep_trace__join(seep_trace_modules *modules,
                             uint32_t (*pid_of)(void *context, uint32_t instance), void *context);

/* How far this moment is from the time that the mapping was there; 0 = within it. */
uint64_t seep_trace__distance(const seep_trace__mapping *mapping, uint64_t ticks);

/* ---- modules_path.c: and where volumes and Windows are is taken down there ---- */

/* "C:\..." for a kernel's path, kept in the map; "" when the trace does not say how. NULL: no room. */
const char *seep_trace__dos_path(seep_trace_modules *modules, const char *path);

#endif
