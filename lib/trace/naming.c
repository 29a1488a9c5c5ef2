/*
 * The frames of all shown stacks are gathered by module first, so that each module's files are asked for and
 * read once, and one module's symbols are in memory at a time. The first file that fits and has symbols names
 * all frames of its module: names from two files would not be of one kind.
 */
#include "trace/naming.h"

#include <stdlib.h>
#include <string.h>

#include "trace/symbols_internal.h"

typedef struct framed {
  const seep_answer_frame *frame;
  bool is_return_address;
} framed;

typedef struct work {
  seep_answer *answer;
  const seep_symbol_source *source;
  framed *places;     /* of all modules, one module's after the other's */
  size_t place_count; /* gathered so far, or in all */
  size_t *first;      /* of each module, where its places begin; one more than there are modules */
} work;

/* ---- which frames lie in which module ---- */

static bool is_in_module(const seep_answer *answer, const seep_answer_frame *frame)
{
  bool can_be = frame->placed.place == SEEP_FRAME_MODULE || frame->placed.place == SEEP_FRAME_KERNEL;
  return can_be && frame->placed.module < answer->module_count;
}

static void each_frame(work *n, void (*take)(work *n, const seep_answer_frame *frame, bool is_return_address))
{
  for (size_t v = 0; v < SEEP_TRACE_VIEWS; v++) {
    const seep_answer_view *view = &n->answer->views[v];
    for (size_t s = 0; s < view->stack_count; s++) {
      const seep_answer_stack *stack = &view->stacks[s];
      for (size_t i = 0; i < stack->frame_count; i++) {
        if (is_in_module(n->answer, &stack->frames[i])) {
          take(n, &stack->frames[i], i > 0);
        }
      }
    }
  }
}

static void count(work *n, const seep_answer_frame *frame, bool is_return_address)
{
  (void)is_return_address;
  n->first[frame->placed.module]++;
  n->place_count++;
}

static void keep(work *n, const seep_answer_frame *frame, bool is_return_address)
{
  n->places[--n->first[frame->placed.module]] =
      (framed){.frame = frame, .is_return_address = is_return_address};
}

static bool gather(work *n)
{
  size_t modules = n->answer->module_count;
  n->first = calloc(modules + 1, sizeof *n->first);
  if (n->first == NULL) {
    return false;
  }
  each_frame(n, count);
  for (size_t m = 1; m <= modules; m++) {
    n->first[m] += n->first[m - 1];
  }
  n->places = calloc(n->place_count + 1, sizeof *n->places);
  if (n->places == NULL) {
    return false;
  }
  each_frame(n, keep); /* filled from their ends: first[] comes to what its name says */
  return true;
}

/* Modules that have frames, most of them first. */
static bool list(const work *n, seep_naming *result)
{
  size_t modules = n->answer->module_count, used = 0;
  seep_symbols_range *order = calloc(modules + 1, sizeof *order);
  for (size_t m = 0; order != NULL && m < modules; m++) {
    size_t frames = n->first[m + 1] - n->first[m];
    if (frames > 0) {
      order[used++] = (seep_symbols_range){.start = frames < UINT32_MAX ? UINT32_MAX - (uint32_t)frames : 0,
                                           .value = (uint32_t)m};
    }
  }
  result->modules = order != NULL ? calloc(used + 1, sizeof *result->modules) : NULL;
  if (result->modules == NULL) {
    free(order);
    return false;
  }
  seep_symbols__sort(order, used);
  for (size_t i = 0; i < used; i++) {
    result->modules[i].module = order[i].value;
    result->modules[i].frames = n->first[order[i].value + 1] - n->first[order[i].value];
  }
  result->count = used;
  free(order);
  return true;
}

/* ---- one module ---- */

/* A frame above the innermost is the address after a call, which may be the next function's first. */
static bool name_frame(work *n, const framed *place, const seep_symbols *symbols)
{
  seep_symbol symbol;
  uint64_t offset = place->frame->placed.offset, before = place->is_return_address && offset > 0 ? 1 : 0;
  if (!seep_symbols_find(symbols, offset - before, &symbol)) {
    return true;
  }
  return seep_answer_name_frame(n->answer, place->frame, symbol.name, symbol.offset + before,
                                symbol.is_guess);
}

static bool name_frames(work *n, uint32_t module, const seep_symbols *symbols)
{
  bool has_room = true;
  for (size_t i = n->first[module]; i < n->first[module + 1] && has_room; i++) {
    has_room = name_frame(n, &n->places[i], symbols);
  }
  return has_room;
}

static seep_status read_file(const seep_answer_module *module, seep_naming_result kind,
                             const seep_symbol_file *file, seep_symbols **symbols)
{
  if (kind == SEEP_NAMED_PDB) {
    return seep_symbols_from_pdb(file->data, file->size, module->pdb_guid, module->pdb_age, symbols, NULL);
  }
  if (kind == SEEP_NAMED_BREAKPAD) {
    return seep_symbols_from_breakpad(file->data, file->size, module->pdb_guid, module->pdb_age, symbols,
                                      NULL);
  }
  return seep_symbols_from_pe(file->data, file->size, module->timestamp, module->size_bytes, symbols, NULL);
}

/* Reads a file that is lent, names with it, and gives it back. One that there is no memory for is as good as
 * broken; only the answer's own lack of memory ends everything. */
static seep_status use(work *n, seep_naming_module *row, seep_naming_result kind, seep_symbol_file *file)
{
  seep_symbols *symbols = NULL;
  seep_status status = read_file(&n->answer->modules[row->module], kind, file, &symbols);
  n->source->close(n->source->context, file);
  if (status == SEEP_OK && seep_symbols_count(symbols) > 0) {
    row->result = kind;
    status = name_frames(n, row->module, symbols) ? SEEP_OK : SEEP_NO_MEMORY;
  } else if (status != SEEP_OK && row->result != SEEP_NAMED_BROKEN) {
    bool is_other = status == SEEP_NOT_FOUND || status == SEEP_INVALID;
    row->result = is_other ? SEEP_NAMED_MISMATCH : SEEP_NAMED_BROKEN;
    status = SEEP_OK;
  } else {
    status = SEEP_OK;
  }
  seep_symbols_free(symbols);
  return status;
}

static bool is_named(const seep_naming_module *row)
{
  return row->result == SEEP_NAMED_PDB || row->result == SEEP_NAMED_BREAKPAD ||
         row->result == SEEP_NAMED_EXPORTS;
}

static seep_status try_key(work *n, seep_naming_module *row, seep_naming_result kind, const char *key)
{
  seep_symbol_file file = {NULL, 0, NULL};
  if (row->key[0] == '\0') {
    memcpy(row->key, key, strlen(key) + 1); /* the PDB's comes first */
  }
  return n->source->open_key(n->source->context, key, &file) ? use(n, row, kind, &file) : SEEP_OK;
}

static seep_status name_module(work *n, seep_naming_module *row)
{
  const seep_answer_module *module = &n->answer->modules[row->module];
  const seep_symbol_source *source = n->source;
  seep_symbol_file file = {NULL, 0, NULL};
  char key[SEEP_SYMBOL_KEY_SIZE];
  seep_status status = SEEP_OK;
  if (module->has_pdb &&
      seep_symbols_pdb_key(module->pdb_name, module->pdb_guid, module->pdb_age, key, sizeof key)) {
    status = try_key(n, row, SEEP_NAMED_PDB, key);
  }
  if (status == SEEP_OK && !is_named(row) && module->has_pdb &&
      seep_symbols_breakpad_key(module->pdb_name, module->pdb_guid, module->pdb_age, key, sizeof key)) {
    status = try_key(n, row, SEEP_NAMED_BREAKPAD, key);
  }
  if (status == SEEP_OK && !is_named(row) &&
      seep_symbols_pe_key(module->name, module->timestamp, module->size_bytes, key, sizeof key)) {
    status = try_key(n, row, SEEP_NAMED_EXPORTS, key);
  }
  if (status == SEEP_OK && !is_named(row) && source->open_module != NULL &&
      (module->timestamp != 0 || module->size_bytes != 0) &&
      source->open_module(source->context, module, &file)) {
    status = use(n, row, SEEP_NAMED_EXPORTS, &file);
  }
  return status;
}

/* ---- all of them ---- */

static seep_status name_all(work *n, seep_naming *result)
{
  const seep_symbol_source *source = n->source;
  seep_status status = SEEP_OK;
  if (!gather(n) || !list(n, result)) {
    return SEEP_NO_MEMORY;
  }
  for (size_t i = 0; i < result->count && status == SEEP_OK; i++) {
    bool is_stopped = source->stopped != NULL && source->stopped(source->context);
    status = is_stopped ? SEEP_CANCELLED : name_module(n, &result->modules[i]);
  }
  return status;
}

seep_status seep_naming_run(seep_answer *answer, const seep_symbol_source *source, seep_naming *naming)
{
  work n = {.answer = answer, .source = source};
  *naming = (seep_naming){.modules = NULL, .count = 0};
  seep_status status = name_all(&n, naming);
  free(n.places);
  free(n.first);
  return status;
}

void seep_naming_free(seep_naming *naming)
{
  free(naming->modules);
  *naming = (seep_naming){.modules = NULL, .count = 0};
}
