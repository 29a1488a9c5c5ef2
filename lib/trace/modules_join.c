/*
 * Which file a mapping is of. Image events name it and its size; its timestamp comes from a load or from what
 * a merge has added, its PDB only from there, its version and vendor by size and timestamp (reference:
 * etl-format, 2.2 and 2.6). What one process's rundown does not say, another's may: mappings of one path and
 * one size share what is known, as long as nothing contradicts it. Mappings of one build share one module.
 */
#include <string.h>

#include "base/text.h"
#include "base/sort.h"
#include "trace/modules_internal.h"

/* Pointers to the facts, sorted: const void *. */
typedef struct sorted_facts {
  seep_trace__list identities, pdbs, versions;
} sorted_facts;

static bool sort_list(seep_trace_modules *modules, const seep_trace__list *facts, size_t item_size,
                      bool (*before)(const void *a, const void *b), seep_trace__list *sorted)
{
  const unsigned char *items = facts->items;
  if (!seep_trace_budget_reserve(modules->budget, &sorted->items, &sorted->capacity, facts->count,
                                 sizeof(void *))) {
    return false;
  }
  const void **pointers = sorted->items;
  for (size_t i = 0; i < facts->count; i++) {
    pointers[i] = items + i * item_size;
  }
  sorted->count = facts->count;
  seep_sort(pointers, sorted->count, sizeof *pointers, before);
  return true;
}

static bool identity_before(const void *a, const void *b)
{
  const seep_trace__identity *x = *(const void *const *)a;
  const seep_trace__identity *y = *(const void *const *)b;
  if (x->pid != y->pid) {
    return x->pid < y->pid;
  }
  if (x->base != y->base) {
    return x->base < y->base;
  }
  if (x->size_bytes != y->size_bytes) {
    return x->size_bytes < y->size_bytes;
  }
  return x->ticks != y->ticks ? x->ticks < y->ticks : x->order < y->order;
}

static bool pdb_before(const void *a, const void *b)
{
  const seep_trace__pdb *x = *(const void *const *)a;
  const seep_trace__pdb *y = *(const void *const *)b;
  if (x->pid != y->pid) {
    return x->pid < y->pid;
  }
  if (x->base != y->base) {
    return x->base < y->base;
  }
  return x->ticks != y->ticks ? x->ticks < y->ticks : x->order < y->order;
}

static bool version_before(const void *a, const void *b)
{
  const seep_trace__version *x = *(const void *const *)a;
  const seep_trace__version *y = *(const void *const *)b;
  if (x->image_size_bytes != y->image_size_bytes) {
    return x->image_size_bytes < y->image_size_bytes;
  }
  return x->timestamp != y->timestamp ? x->timestamp < y->timestamp : x->order < y->order;
}

/* How many of the sorted pointers come before the key, which is an item like them. */
static size_t lower_bound(const seep_trace__list *sorted, const void *key,
                          bool (*before)(const void *a, const void *b))
{
  const void **pointers = sorted->items;
  size_t low = 0;
  size_t high = sorted->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    bool is_before = before(&pointers[middle], &key);
    low = is_before ? middle + 1 : low;
    high = is_before ? high : middle;
  }
  return low;
}

uint64_t seep_trace__distance(const seep_trace__mapping *mapping, uint64_t ticks)
{
  if (ticks < mapping->from) {
    return mapping->from - ticks;
  }
  return ticks > mapping->to ? ticks - mapping->to : 0;
}

/* Of two neighbours in time the one that is nearer to the mapping; each may be NULL. */
static const void *nearer(const seep_trace__mapping *mapping, const void *a, uint64_t a_ticks, const void *b,
                          uint64_t b_ticks)
{
  if (a == NULL || b == NULL) {
    return a != NULL ? a : b;
  }
  return seep_trace__distance(mapping, b_ticks) <= seep_trace__distance(mapping, a_ticks) ? b : a;
}

static const seep_trace__identity *find_identity(const seep_trace__list *sorted, uint32_t pid,
                                                 const seep_trace__mapping *mapping)
{
  const void **items = sorted->items;
  const seep_trace__identity key = {
      .pid = pid, .base = mapping->base, .size_bytes = mapping->end - mapping->base, .ticks = mapping->from};
  size_t at = lower_bound(sorted, &key, identity_before);
  const seep_trace__identity *sides[2] = {at > 0 ? items[at - 1] : NULL,
                                          at < sorted->count ? items[at] : NULL};
  for (size_t i = 0; i < 2; i++) {
    bool fits = sides[i] != NULL && sides[i]->pid == pid && sides[i]->base == key.base &&
                sides[i]->size_bytes == key.size_bytes;
    sides[i] = fits ? sides[i] : NULL;
  }
  return nearer(mapping, sides[0], sides[0] != NULL ? sides[0]->ticks : 0, sides[1],
                sides[1] != NULL ? sides[1]->ticks : 0);
}

static const seep_trace__pdb *find_pdb(const seep_trace__list *sorted, uint32_t pid,
                                       const seep_trace__mapping *mapping)
{
  const void **items = sorted->items;
  const seep_trace__pdb key = {.pid = pid, .base = mapping->base, .ticks = mapping->from};
  size_t at = lower_bound(sorted, &key, pdb_before);
  const seep_trace__pdb *sides[2] = {at > 0 ? items[at - 1] : NULL, at < sorted->count ? items[at] : NULL};
  for (size_t i = 0; i < 2; i++) {
    bool fits = sides[i] != NULL && sides[i]->pid == pid && sides[i]->base == key.base;
    sides[i] = fits ? sides[i] : NULL;
  }
  return nearer(mapping, sides[0], sides[0] != NULL ? sides[0]->ticks : 0, sides[1],
                sides[1] != NULL ? sides[1]->ticks : 0);
}

/* Drivers are PID 0's, and sometimes the system process's. */
#define SYSTEM_PID 4u

static void identify(const sorted_facts *facts, seep_trace__mapping *mapping, uint32_t pid)
{
  const seep_trace__identity *identity = find_identity(&facts->identities, pid, mapping);
  const seep_trace__pdb *pdb = find_pdb(&facts->pdbs, pid, mapping);
  if (identity != NULL) {
    mapping->timestamp = mapping->timestamp != 0 ? mapping->timestamp : identity->timestamp;
    mapping->name = mapping->name[0] != '\0' ? mapping->name : identity->name;
  }
  mapping->pdb = mapping->pdb != NULL ? mapping->pdb : pdb;
}

static void identify_all(seep_trace_modules *modules, const sorted_facts *facts,
                         uint32_t (*pid_of)(void *context, uint32_t instance), void *context)
{
  seep_trace__mapping *mappings = modules->mappings.items;
  for (size_t i = 0; i < modules->mappings.count; i++) {
    bool is_kernel = mappings[i].instance == SEEP_TRACE_KERNEL_INSTANCE;
    identify(facts, &mappings[i], is_kernel ? 0 : pid_of(context, mappings[i].instance));
    if (is_kernel) {
      identify(facts, &mappings[i], SYSTEM_PID);
    }
  }
}

/* ---- one module for each build ---- */

static int compare_files(const seep_trace__mapping *x, const seep_trace__mapping *y)
{
  uint64_t x_size = x->end - x->base;
  uint64_t y_size = y->end - y->base;
  if (x_size != y_size) {
    return x_size < y_size ? -1 : 1;
  }
  int paths = seep_trace__compare_names(x->path, y->path);
  return paths != 0 || x->path[0] != '\0' ? paths : seep_trace__compare_names(x->name, y->name);
}

static int compare_pdbs(const seep_trace__pdb *x, const seep_trace__pdb *y)
{
  if (x == NULL || y == NULL) {
    return (x == NULL ? 1 : 0) - (y == NULL ? 1 : 0);
  }
  int guids = memcmp(x->guid, y->guid, sizeof x->guid);
  return guids != 0 ? guids : (x->age > y->age ? 1 : 0) - (x->age < y->age ? 1 : 0);
}

/* Files together, their builds together, what is known of a build before what is not. */
static bool build_before(const void *a, const void *b)
{
  const seep_trace__mapping *x = *(seep_trace__mapping *const *)a;
  const seep_trace__mapping *y = *(seep_trace__mapping *const *)b;
  int files = compare_files(x, y);
  if (files != 0) {
    return files < 0;
  }
  if (x->timestamp != y->timestamp) {
    return x->timestamp > y->timestamp;
  }
  int pdbs = compare_pdbs(x->pdb, y->pdb);
  return pdbs != 0 ? pdbs < 0 : x->order < y->order;
}

/* One past the last mapping of the same file as the first. */
static size_t end_of_file(seep_trace__mapping *const *sorted, size_t first, size_t count)
{
  size_t end = first + 1;
  while (end < count && compare_files(sorted[first], sorted[end]) == 0) {
    end++;
  }
  return end;
}

/* A mapping without a timestamp is of the only build of its file that there is, where there is only one. */
static void share_timestamps(seep_trace__mapping **sorted, size_t count)
{
  for (size_t first = 0, end = 0; first < count; first = end) {
    end = end_of_file(sorted, first, count);
    size_t unknown = first;
    bool one_build = sorted[first]->timestamp != 0;
    while (unknown < end && sorted[unknown]->timestamp != 0) {
      one_build = one_build && sorted[unknown]->timestamp == sorted[first]->timestamp;
      unknown++;
    }
    for (size_t i = unknown; one_build && i < end; i++) {
      sorted[i]->timestamp = sorted[first]->timestamp;
    }
  }
}

static void add_version_texts(const sorted_facts *facts, seep_trace_module *module)
{
  const void **items = facts->versions.items;
  if (module->timestamp == 0 || module->size_bytes > UINT32_MAX) {
    return;
  }
  const seep_trace__version key = {.image_size_bytes = (uint32_t)module->size_bytes,
                                   .timestamp = module->timestamp};
  size_t at = lower_bound(&facts->versions, &key, version_before);
  const seep_trace__version *version = at < facts->versions.count ? items[at] : &key;
  if (version == &key || version->image_size_bytes != key.image_size_bytes ||
      version->timestamp != key.timestamp) {
    return;
  }
  module->company = version->company;
  module->product = version->product;
  module->description = version->description;
  module->file_version = version->file_version;
  module->name = module->name[0] != '\0' ? module->name : version->original_name;
}

static bool add_module(seep_trace_modules *modules, const sorted_facts *facts,
                       const seep_trace__mapping *mapping)
{
  const char *dos_path = seep_trace__dos_path(modules, mapping->path);
  seep_trace_module *made =
      dos_path != NULL ? seep_trace__append(modules, &modules->modules, sizeof *made) : NULL;
  if (made == NULL) {
    return false;
  }
  *made = (seep_trace_module){.name = mapping->name,
                              .path = mapping->path,
                              .dos_path = dos_path,
                              .size_bytes = mapping->end - mapping->base,
                              .timestamp = mapping->timestamp,
                              .has_pdb = mapping->pdb != NULL,
                              .pdb_name = "",
                              .company = "",
                              .product = "",
                              .description = "",
                              .file_version = ""};
  if (mapping->pdb != NULL) {
    memcpy(made->pdb_guid, mapping->pdb->guid, sizeof made->pdb_guid);
    made->pdb_age = mapping->pdb->age;
    made->pdb_name = mapping->pdb->name;
  }
  add_version_texts(facts, made);
  return true;
}

/* Goes through the mappings of one build, those with a PDB first: each PDB is a module, and those without one
 * belong to the only one, where there is only one. */
static bool add_build(seep_trace_modules *modules, const sorted_facts *facts, seep_trace__mapping **sorted,
                      size_t count)
{
  size_t pdbs = 0;
  for (size_t i = 0; i < count; i++) {
    bool other = i == 0 || compare_pdbs(sorted[i - 1]->pdb, sorted[i]->pdb) != 0;
    bool joins = other && sorted[i]->pdb == NULL && pdbs == 1;
    if (other && !joins && !add_module(modules, facts, sorted[i])) {
      return false;
    }
    pdbs += other && sorted[i]->pdb != NULL ? 1 : 0;
    sorted[i]->module = (uint32_t)(modules->modules.count - 1);
  }
  return true;
}

static bool add_builds(seep_trace_modules *modules, const sorted_facts *facts, seep_trace__mapping **sorted,
                       size_t count)
{
  for (size_t first = 0, end = 0; first < count; first = end) {
    size_t file_end = end_of_file(sorted, first, count);
    for (size_t at = first; at < file_end; at = end) {
      end = at + 1;
      while (end < file_end && sorted[end]->timestamp == sorted[at]->timestamp) {
        end++;
      }
      if (!add_build(modules, facts, sorted + at, end - at)) {
        return false;
      }
    }
  }
  return true;
}

static bool make_modules(seep_trace_modules *modules, const sorted_facts *facts)
{
  seep_trace__mapping *mappings = modules->mappings.items;
  size_t count = modules->mappings.count;
  seep_trace__list order = {.items = NULL};
  if (!seep_trace_budget_reserve(modules->budget, &order.items, &order.capacity, count, sizeof mappings)) {
    return false;
  }
  seep_trace__mapping **sorted = order.items;
  for (size_t i = 0; i < count; i++) {
    sorted[i] = &mappings[i];
  }
  seep_sort(sorted, count, sizeof mappings, build_before);
  share_timestamps(sorted, count);
  seep_sort(sorted, count, sizeof mappings, build_before);
  bool done = add_builds(modules, facts, sorted, count);
  seep_trace__drop(modules, &order, sizeof mappings);
  return done;
}

seep_status seep_trace__join(seep_trace_modules *modules,
                             uint32_t (*pid_of)(void *context, uint32_t instance), void *context)
{
  sorted_facts facts = {.identities = {.items = NULL}};
  bool done =
      sort_list(modules, &modules->identities, sizeof(seep_trace__identity), identity_before,
                &facts.identities) &&
      sort_list(modules, &modules->pdbs, sizeof(seep_trace__pdb), pdb_before, &facts.pdbs) &&
      sort_list(modules, &modules->versions, sizeof(seep_trace__version), version_before, &facts.versions);
  if (done) {
    identify_all(modules, &facts, pid_of, context);
    done = make_modules(modules, &facts);
  }
  seep_trace__drop(modules, &facts.identities, sizeof(void *));
  seep_trace__drop(modules, &facts.pdbs, sizeof(void *));
  seep_trace__drop(modules, &facts.versions, sizeof(void *));
  return done ? SEEP_OK : seep_trace__no_room(modules);
}
