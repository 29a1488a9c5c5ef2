/* See page_model.h. */
#include "page_model.h"

#include <string.h>

bool page_model_init(page_model *model, seep_trace_budget *budget, size_t cells, bool spread)
{
  memset(model, 0, sizeof *model);
  model->cells = cells;
  for (size_t i = 1; i < cells; i++) {
    size_t third = cells / 3;
    uint64_t pages = 1;
    if (spread && i % third >= third - 8) {
      pages = UINT64_C(1) << (48 - i % third % 8);
    }
    model->bounds[i] = model->bounds[i - 1] + pages;
  }
  for (size_t i = 1; spread && i <= cells / 3; i++) {
    model->bounds[cells - i] = SEEP_PAGE_MAP_END - i;
  }
  model->bounds[cells] = SEEP_PAGE_MAP_END;
  model->map = seep_page_map_new(budget);
  return model->map != NULL;
}

void page_model_fini(page_model *model)
{
  seep_page_map_free(model->map);
  model->map = NULL;
}

static uint64_t pages_of(const page_model *model, size_t cell)
{
  return model->bounds[cell + 1] - model->bounds[cell];
}

bool page_model_add(page_model *model, size_t from, size_t to, uint32_t owner, uint32_t when,
                    seep_status *status)
{
  const seep_page_run range = {.first_page = model->bounds[from],
                               .pages = model->bounds[to] - model->bounds[from],
                               .owner = owner,
                               .when = when};
  uint64_t added = UINT64_MAX;
  uint64_t expected = 0;
  *status = seep_page_map_add(model->map, &range, &added);
  /* What failed half-way has come as far as it says, gap by gap. */
  for (size_t i = from; i < to && (*status == SEEP_OK || expected < added); i++) {
    if (model->owner[i] == 0) {
      model->owner[i] = owner;
      model->when[i] = when;
      expected += pages_of(model, i);
    }
  }
  return added == expected && (*status == SEEP_OK || *status == SEEP_LIMIT || *status == SEEP_NO_MEMORY);
}

typedef struct taking {
  page_model *model;
  size_t cell, end;
  uint64_t pages;
  bool fails;
} taking;

/* The piece must be exactly what the next owned cells have; they become free. */
static void take_piece(void *context, const seep_page_run *piece)
{
  taking *state = context;
  page_model *model = state->model;
  uint64_t left_pages = piece->pages;
  while (state->cell < state->end && model->owner[state->cell] == 0) {
    state->cell++;
  }
  state->fails = state->fails || state->cell == state->end || left_pages == 0 ||
                 piece->first_page != model->bounds[state->cell];
  for (; !state->fails && left_pages > 0; state->cell++) {
    size_t cell = state->cell;
    state->fails = cell == state->end || model->owner[cell] != piece->owner ||
                   model->when[cell] != piece->when || pages_of(model, cell) > left_pages;
    if (!state->fails) {
      left_pages -= pages_of(model, cell);
      model->owner[cell] = 0;
    }
  }
  state->pages += piece->pages;
}

bool page_model_remove(page_model *model, size_t from, size_t to, seep_status *status)
{
  taking state = {.model = model, .cell = from, .end = to};
  uint64_t removed = UINT64_MAX;
  *status = seep_page_map_remove(model->map, model->bounds[from], model->bounds[to] - model->bounds[from],
                                 take_piece, &state, &removed);
  bool complete = true;
  for (size_t i = from; i < to; i++) {
    complete = complete && model->owner[i] == 0;
  }
  return !state.fails && removed == state.pages && complete == (*status == SEEP_OK);
}

bool page_model_find(const page_model *model, size_t cell)
{
  seep_page_run run;
  uint64_t last_page = model->bounds[cell + 1] - 1;
  if (!seep_page_map_find(model->map, last_page, &run)) {
    return model->owner[cell] == 0 && !seep_page_map_find(model->map, model->bounds[cell], &run);
  }
  return model->owner[cell] == run.owner && model->when[cell] == run.when &&
         run.first_page <= model->bounds[cell] && last_page - run.first_page < run.pages;
}

typedef struct walk {
  const page_model *model;
  size_t cell, runs;
  uint64_t pages;
  bool fails;
} walk;

static bool walk_run(void *context, const seep_page_run *run)
{
  walk *state = context;
  const page_model *model = state->model;
  while (state->cell < model->cells && model->owner[state->cell] == 0) {
    state->cell++;
  }
  uint64_t end = run->first_page + run->pages;
  state->fails =
      run->pages == 0 || state->cell == model->cells || model->bounds[state->cell] != run->first_page;
  while (!state->fails && state->cell < model->cells && model->bounds[state->cell] < end) {
    size_t cell = state->cell++;
    state->fails =
        model->owner[cell] != run->owner || model->when[cell] != run->when || model->bounds[cell + 1] > end;
  }
  state->runs++;
  state->pages += run->pages;
  return !state->fails;
}

bool page_model_matches(const page_model *model)
{
  walk state = {.model = model};
  uint64_t pages = 0;
  for (size_t i = 0; i < model->cells; i++) {
    pages += model->owner[i] != 0 ? pages_of(model, i) : 0;
  }
  seep_page_map_each(model->map, walk_run, &state);
  return !state.fails && state.pages == pages && pages == seep_page_map_pages(model->map) &&
         state.runs == seep_page_map_runs(model->map);
}
