/*
 * Collects what a trace says about images and, when all of it is there, replays it place by place: what was
 * loaded where, from when to when. Rundowns say little (what is there at the end, often without a word about
 * the beginning), so that a module that nobody saw coming has always been there. Identities are joined in
 * modules_join.c; this file answers who lies at an address.
 */
#include "trace/modules.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/sort.h"
#include "trace/modules_internal.h"

/* The longest text of a record: 32767 units of UTF-16, three bytes each, and a terminator. */
#define SCRATCH_BYTES ((size_t)32767 * 3 + 1)

#define KERNEL_HALF_64 UINT64_C(0xFFFF000000000000)
#define KERNEL_HALF_32 UINT64_C(0x80000000)

/* Ranges that are looked at for one address, from the nearest base down. Real ones hardly ever overlap; a
 * file that is made of nothing else must not make every question slow. */
#define MOST_CANDIDATES 64u

bool seep_trace_is_kernel_address(uint64_t address, unsigned pointer_bytes)
{
  return address >= (pointer_bytes == 4 ? KERNEL_HALF_32 : KERNEL_HALF_64);
}

/* ---- collecting ---- */

seep_trace_modules *seep_trace_modules_new(seep_trace_budget *budget)
{
  if (!seep_trace_budget_take(budget, sizeof(seep_trace_modules) + SCRATCH_BYTES)) {
    return NULL;
  }
  seep_trace_modules *modules = calloc(1, sizeof *modules);
  char *scratch = malloc(SCRATCH_BYTES);
  if (modules == NULL || scratch == NULL) {
    free(modules);
    free(scratch);
    seep_trace_budget_give(budget, sizeof *modules + SCRATCH_BYTES);
    return NULL;
  }
  modules->budget = budget;
  modules->scratch = scratch;
  modules->windows_path = "";
  seep_arena_init(&modules->arena, budget);
  seep_texts_init(&modules->texts, &modules->arena);
  return modules;
}

static void drop_facts(seep_trace_modules *modules)
{
  seep_trace__drop(modules, &modules->images, sizeof(seep_trace__image));
  seep_trace__drop(modules, &modules->identities, sizeof(seep_trace__identity));
  seep_trace__drop(modules, &modules->pdbs, sizeof(seep_trace__pdb));
  seep_trace__drop(modules, &modules->versions, sizeof(seep_trace__version));
  seep_trace__drop(modules, &modules->volumes, sizeof(seep_trace__volume));
  seep_texts_fini(&modules->texts);
}

void seep_trace_modules_free(seep_trace_modules *modules)
{
  if (modules == NULL) {
    return;
  }
  drop_facts(modules);
  seep_trace__drop(modules, &modules->mappings, sizeof(seep_trace__mapping));
  seep_trace__drop(modules, &modules->modules, sizeof(seep_trace_module));
  seep_arena_fini(&modules->arena);
  seep_trace_budget_give(modules->budget, sizeof *modules + SCRATCH_BYTES);
  free(modules->scratch);
  free(modules);
}

seep_status seep_trace__no_room(const seep_trace_modules *modules)
{
  return modules->budget != NULL && modules->budget->exceeded ? SEEP_LIMIT : SEEP_NO_MEMORY;
}

/* Numbers of items are 32 bits wide. */
void *seep_trace__append(seep_trace_modules *modules, seep_trace__list *list, size_t item_size)
{
  if (list->count >= UINT32_MAX - 1 ||
      !seep_trace_budget_reserve(modules->budget, &list->items, &list->capacity, list->count + 1,
                                 item_size)) {
    return NULL;
  }
  return (unsigned char *)list->items + item_size * list->count++;
}

void seep_trace__drop(seep_trace_modules *modules, seep_trace__list *list, size_t item_size)
{
  seep_trace_budget_release(modules->budget, &list->items, &list->capacity, item_size);
  list->count = 0;
}

const char *seep_trace__keep(seep_trace_modules *modules, const seep_trace_text *text)
{
  return seep_texts_keep(&modules->texts, seep_trace_text_copy(text, modules->scratch, SCRATCH_BYTES));
}

/* A driver is the kernel's by its place, whatever PID its event bears; on 32-bit Windows, where user memory
 * may reach as far, it is the PID that tells them apart. */
static bool is_kernel_image(const seep_trace_image *image)
{
  return image->base >= KERNEL_HALF_64 ||
         (image->pid == 0 && image->base >= KERNEL_HALF_32 && image->base <= UINT32_MAX);
}

seep_status seep_trace_modules_add(seep_trace_modules *modules, uint32_t instance, seep_trace_kind kind,
                                   uint64_t ticks, const seep_trace_image *image)
{
  bool is_image = kind == SEEP_TRACE_IMAGE_LOAD || kind == SEEP_TRACE_IMAGE_UNLOAD ||
                  kind == SEEP_TRACE_IMAGE_DCSTART || kind == SEEP_TRACE_IMAGE_DCEND;
  if (!is_image || image->size_bytes == 0) {
    return SEEP_OK;
  }
  const char *path = seep_trace__keep(modules, &image->path);
  seep_trace__image *fact = path != NULL ? seep_trace__append(modules, &modules->images, sizeof *fact) : NULL;
  if (fact == NULL) {
    return seep_trace__no_room(modules);
  }
  *fact = (seep_trace__image){.ticks = ticks,
                              .base = image->base,
                              .size_bytes = image->size_bytes,
                              .path = path,
                              .instance = is_kernel_image(image) ? SEEP_TRACE_KERNEL_INSTANCE : instance,
                              .timestamp = image->timestamp,
                              .order = (uint32_t)modules->images.count,
                              .kind = (uint8_t)kind};
  return SEEP_OK;
}

seep_status seep_trace_modules_add_image_id(seep_trace_modules *modules, uint64_t ticks,
                                            const seep_trace_image_id *id)
{
  const char *name = seep_trace__keep(modules, &id->original_name);
  seep_trace__identity *fact =
      name != NULL ? seep_trace__append(modules, &modules->identities, sizeof *fact) : NULL;
  if (fact == NULL) {
    return seep_trace__no_room(modules);
  }
  *fact = (seep_trace__identity){.ticks = ticks,
                                 .base = id->base,
                                 .size_bytes = id->size_bytes,
                                 .name = name,
                                 .pid = id->pid,
                                 .timestamp = id->timestamp,
                                 .order = (uint32_t)modules->identities.count};
  return SEEP_OK;
}

seep_status seep_trace_modules_add_pdb_id(seep_trace_modules *modules, uint64_t ticks,
                                          const seep_trace_pdb_id *id)
{
  const char *name = seep_trace__keep(modules, &id->name);
  seep_trace__pdb *fact = name != NULL ? seep_trace__append(modules, &modules->pdbs, sizeof *fact) : NULL;
  if (fact == NULL) {
    return seep_trace__no_room(modules);
  }
  *fact = (seep_trace__pdb){.ticks = ticks,
                            .base = id->base,
                            .name = seep_trace__last_component(name),
                            .pid = id->pid,
                            .age = id->age,
                            .order = (uint32_t)modules->pdbs.count};
  memcpy(fact->guid, id->guid, sizeof fact->guid);
  return SEEP_OK;
}

seep_status seep_trace_modules_add_version(seep_trace_modules *modules,
                                           const seep_trace_file_version *version)
{
  seep_trace__version *fact = seep_trace__append(modules, &modules->versions, sizeof *fact);
  if (fact == NULL) {
    return seep_trace__no_room(modules);
  }
  *fact = (seep_trace__version){.image_size_bytes = version->image_size_bytes,
                                .timestamp = version->timestamp,
                                .order = (uint32_t)modules->versions.count,
                                .original_name = seep_trace__keep(modules, &version->original_name),
                                .description = seep_trace__keep(modules, &version->description),
                                .file_version = seep_trace__keep(modules, &version->file_version),
                                .product = seep_trace__keep(modules, &version->product),
                                .company = seep_trace__keep(modules, &version->company)};
  bool whole = fact->original_name != NULL && fact->description != NULL && fact->file_version != NULL &&
               fact->product != NULL && fact->company != NULL;
  modules->versions.count -= whole ? 0 : 1;
  return whole ? SEEP_OK : seep_trace__no_room(modules);
}

/* ---- replaying ---- */

static bool earlier_image(const void *a, const void *b)
{
  const seep_trace__image *x = *(seep_trace__image *const *)a;
  const seep_trace__image *y = *(seep_trace__image *const *)b;
  if (x->instance != y->instance) {
    return x->instance < y->instance;
  }
  if (x->base != y->base) {
    return x->base < y->base;
  }
  return x->ticks != y->ticks ? x->ticks < y->ticks : x->order < y->order;
}

/* May both be events of one file? Rundowns do not know the timestamp. */
static bool same_file(const seep_trace__mapping *mapping, const seep_trace__image *image)
{
  uint64_t end = image->size_bytes > UINT64_MAX - image->base ? UINT64_MAX : image->base + image->size_bytes;
  bool same_build =
      mapping->timestamp == 0 || image->timestamp == 0 || mapping->timestamp == image->timestamp;
  return mapping->end == end && same_build && seep_trace__compare_names(mapping->path, image->path) == 0;
}

/* One place of one instance while its events are gone through. */
typedef struct place {
  seep_trace_modules *modules;
  seep_trace__mapping *last; /* the one before it in time, of this place; NULL: none */
  bool is_open;              /* still loaded */
} place;

/* The same file at the same place again is the same mapping: what lies between is nobody else's. */
static bool start_mapping(place *at, const seep_trace__image *image, uint64_t from)
{
  if (at->last != NULL && same_file(at->last, image)) {
    at->last->to = UINT64_MAX;
    at->last->timestamp = at->last->timestamp != 0 ? at->last->timestamp : image->timestamp;
    at->is_open = true;
    return true;
  }
  seep_trace__mapping *made = seep_trace__append(at->modules, &at->modules->mappings, sizeof *made);
  if (made == NULL) {
    return false;
  }
  bool wraps = image->size_bytes > UINT64_MAX - image->base;
  *made = (seep_trace__mapping){.base = image->base,
                                .end = wraps ? UINT64_MAX : image->base + image->size_bytes,
                                .from = from,
                                .to = UINT64_MAX,
                                .path = image->path,
                                .name = seep_trace__last_component(image->path),
                                .instance = image->instance,
                                .timestamp = image->timestamp,
                                .module = SEEP_TRACE_NO_MODULE,
                                .order = (uint32_t)at->modules->mappings.count};
  at->last = made;
  at->is_open = true;
  return true;
}

/* Since when a file is there that nobody saw being loaded. */
static uint64_t since(const place *at)
{
  return at->last != NULL ? at->last->to : 0;
}

static bool replay(place *at, const seep_trace__image *image)
{
  bool is_known = at->is_open && same_file(at->last, image);
  if (at->is_open && !is_known && image->kind != SEEP_TRACE_IMAGE_UNLOAD) {
    at->last->to = image->ticks; /* its end was not seen */
    at->is_open = false;
  }
  switch (image->kind) {
  case SEEP_TRACE_IMAGE_LOAD:
    return is_known || start_mapping(at, image, image->ticks);
  case SEEP_TRACE_IMAGE_UNLOAD: /* whatever is there goes, even if it is called something else here */
    if (!at->is_open && !start_mapping(at, image, since(at))) {
      return false;
    }
    at->last->to = image->ticks;
    at->is_open = false;
    return true;
  default:
    return is_known || start_mapping(at, image, since(at));
  }
}

static seep_status replay_all(seep_trace_modules *modules)
{
  seep_trace__image *images = modules->images.items;
  size_t count = modules->images.count;
  seep_trace__list order = {.items = NULL};
  if (!seep_trace_budget_reserve(modules->budget, &order.items, &order.capacity, count, sizeof images)) {
    return seep_trace__no_room(modules);
  }
  seep_trace__image **sorted = order.items;
  for (size_t i = 0; i < count; i++) {
    sorted[i] = &images[i];
  }
  seep_sort(sorted, count, sizeof *sorted, earlier_image);
  place at = {.modules = modules};
  bool done = true;
  for (size_t i = 0; i < count && done; i++) {
    bool new_place =
        i == 0 || sorted[i]->instance != sorted[i - 1]->instance || sorted[i]->base != sorted[i - 1]->base;
    if (new_place) {
      at = (place){.modules = modules};
    } else if (at.last != NULL) {
      at.last = (seep_trace__mapping *)modules->mappings.items + modules->mappings.count - 1;
    }
    done = replay(&at, sorted[i]);
  }
  seep_trace__drop(modules, &order, sizeof images);
  return done ? SEEP_OK : seep_trace__no_room(modules);
}

static bool earlier_mapping(const void *a, const void *b)
{
  const seep_trace__mapping *x = *(seep_trace__mapping *const *)a;
  const seep_trace__mapping *y = *(seep_trace__mapping *const *)b;
  if (x->instance != y->instance) {
    return x->instance < y->instance;
  }
  if (x->base != y->base) {
    return x->base < y->base;
  }
  return x->from != y->from ? x->from < y->from : x->order < y->order;
}

/* Puts the mappings into the order that questions need. */
static seep_status arrange(seep_trace_modules *modules)
{
  seep_trace__mapping *mappings = modules->mappings.items;
  size_t count = modules->mappings.count;
  seep_trace__list order = {.items = NULL};
  seep_trace__list arranged = {.items = NULL};
  if (!seep_trace_budget_reserve(modules->budget, &order.items, &order.capacity, count, sizeof mappings) ||
      !seep_trace_budget_reserve(modules->budget, &arranged.items, &arranged.capacity, count,
                                 sizeof *mappings)) {
    seep_trace__drop(modules, &order, sizeof mappings);
    return seep_trace__no_room(modules);
  }
  seep_trace__mapping **sorted = order.items;
  for (size_t i = 0; i < count; i++) {
    sorted[i] = &mappings[i];
  }
  seep_sort(sorted, count, sizeof *sorted, earlier_mapping);
  seep_trace__mapping *out = arranged.items;
  for (size_t i = 0; i < count; i++) {
    out[i] = *sorted[i];
    bool goes_on = i > 0 && out[i - 1].instance == out[i].instance && out[i - 1].farthest > out[i].end;
    out[i].farthest = goes_on ? out[i - 1].farthest : out[i].end;
  }
  seep_trace__drop(modules, &order, sizeof mappings);
  seep_trace__drop(modules, &modules->mappings, sizeof *mappings);
  arranged.count = count;
  modules->mappings = arranged;
  return SEEP_OK;
}

seep_status seep_trace_modules_finish(seep_trace_modules *modules,
                                      uint32_t (*pid_of)(void *context, uint32_t instance), void *context)
{
  if (modules->is_finished) {
    return SEEP_OK;
  }
  seep_status status = replay_all(modules);
  seep_trace__drop(modules, &modules->images, sizeof(seep_trace__image));
  if (status == SEEP_OK) {
    status = seep_trace__join(modules, pid_of, context);
  }
  if (status == SEEP_OK) {
    status = arrange(modules);
  }
  drop_facts(modules);
  if (status != SEEP_OK) { /* half a map would answer wrongly */
    seep_trace__drop(modules, &modules->mappings, sizeof(seep_trace__mapping));
    seep_trace__drop(modules, &modules->modules, sizeof(seep_trace_module));
  }
  modules->is_finished = true;
  return status;
}

/* ---- asking ---- */

/* How many mappings come before this instance's first one above the address. */
static size_t upper_bound(const seep_trace_modules *modules, uint32_t instance, uint64_t address)
{
  const seep_trace__mapping *mappings = modules->mappings.items;
  size_t low = 0;
  size_t high = modules->mappings.count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const seep_trace__mapping *at = &mappings[middle];
    bool is_before = at->instance != instance ? at->instance < instance : at->base <= address;
    low = is_before ? middle + 1 : low;
    high = is_before ? high : middle;
  }
  return low;
}

static const seep_trace__mapping *find_mapping(const seep_trace_modules *modules, uint32_t instance,
                                               uint64_t address, uint64_t ticks)
{
  const seep_trace__mapping *mappings = modules->mappings.items;
  const seep_trace__mapping *best = NULL;
  size_t after = upper_bound(modules, instance, address);
  for (size_t i = after; i > 0 && after - i < MOST_CANDIDATES; i--) {
    const seep_trace__mapping *at = &mappings[i - 1];
    if (at->instance != instance || at->farthest <= address) {
      break;
    }
    if (at->end <= address) {
      continue;
    }
    uint64_t away = seep_trace__distance(at, ticks);
    uint64_t best_away = best != NULL ? seep_trace__distance(best, ticks) : UINT64_MAX;
    if (best == NULL || away < best_away || (away == best_away && at->from > best->from)) {
      best = at;
    }
  }
  return best;
}

uint32_t seep_trace_modules_find(const seep_trace_modules *modules, uint32_t instance, uint64_t address,
                                 uint64_t ticks, uint64_t *base)
{
  const seep_trace__mapping *found = NULL;
  if (address < KERNEL_HALF_64) {
    found = find_mapping(modules, instance, address, ticks);
  }
  if (found == NULL && address >= KERNEL_HALF_32) {
    found = find_mapping(modules, SEEP_TRACE_KERNEL_INSTANCE, address, ticks);
  }
  if (found != NULL && base != NULL) {
    *base = found->base;
  }
  return found != NULL ? found->module : SEEP_TRACE_NO_MODULE;
}

const seep_trace_module *seep_trace_modules_at(const seep_trace_modules *modules, uint32_t index)
{
  return index < modules->modules.count ? (const seep_trace_module *)modules->modules.items + index : NULL;
}

size_t seep_trace_modules_count(const seep_trace_modules *modules)
{
  return modules->modules.count;
}

bool seep_trace_modules_has(const seep_trace_modules *modules, uint32_t instance, const char *name)
{
  const seep_trace__mapping *mappings = modules->mappings.items;
  size_t first = instance > 0 ? upper_bound(modules, instance - 1, UINT64_MAX) : 0;
  for (size_t i = first; i < modules->mappings.count && mappings[i].instance == instance; i++) {
    if (seep_text_equal_ignoring_case(mappings[i].name, name)) {
      return true;
    }
  }
  return false;
}
