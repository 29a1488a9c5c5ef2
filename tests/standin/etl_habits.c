/*
 * What those do who take their turn: the habits of programs, good and bad.
 */
#include <stdlib.h>

#include "standin/etl_play.h"

#define COMMIT 0x1000u
#define RESERVE 0x2000u
#define DECOMMIT 0x4000u
#define RELEASE 0x8000u

static uint32_t between(etl_play *self, unsigned least, unsigned most)
{
  return least + etl_stage_random(&self->stage, most - least + 1);
}

static bool one_in(etl_play *self, uint32_t count)
{
  return etl_stage_random(&self->stage, count) == 0;
}

static void check(etl_play *self, bool done)
{
  self->failed = self->failed || !done;
}

/* ---- places ---- */

static uint64_t take_place(etl_places *from)
{
  if (from->free_count > 0) {
    return from->base + from->free_places[--from->free_count] * from->stride;
  }
  return from->used < from->limit ? from->base + from->used++ * from->stride : 0;
}

static void give_place(etl_play *self, etl_places *to, uint64_t address)
{
  if (to->free_count == to->free_capacity) {
    size_t capacity = to->free_capacity * 2 + 64;
    uint32_t *moved = realloc(to->free_places, capacity * sizeof *moved);
    if (moved == NULL) {
      self->failed = true;
      return;
    }
    to->free_places = moved;
    to->free_capacity = capacity;
  }
  to->free_places[to->free_count++] = (uint32_t)((address - to->base) / to->stride);
}

/* ---- what an actor holds ---- */

static etl_held *held_at(const etl_actor *who, unsigned index)
{
  return &who->held[(who->held_first + index) % ETL_PLAY_HELD];
}

static void hold(etl_actor *who, uint64_t address, uint32_t size_bytes)
{
  *held_at(who, who->held_count) = (etl_held){address, size_bytes};
  who->held_count++;
}

static etl_held let_go(etl_actor *who)
{
  etl_held oldest = *held_at(who, 0);
  who->held_first = (who->held_first + 1) % ETL_PLAY_HELD;
  who->held_count--;
  return oldest;
}

/* ---- habits ---- */

bool etl_habits_obtain(etl_play *self, const etl_actor *who, etl_held *got)
{
  uint32_t size = between(self, who->plan->least, who->plan->most);
  bool is_block = who->plan->view == 1;
  etl_places *from = is_block ? &self->lives[who->process].blocks[0] : &self->lives[who->process].pages;
  uint64_t address = take_place(from);
  if (address == 0) {
    return false;
  }
  if (is_block) {
    check(self, etl_stage_put(&self->stage, who->site, 0, address, size));
  } else {
    /* Not always whole pages: the system rounds. */
    size = (uint32_t)(size * ETL_PLAY_PAGE < from->stride ? size * ETL_PLAY_PAGE : from->stride) -
           (one_in(self, 2) ? 0 : 100);
    check(self, etl_stage_commit(&self->stage, who->site, address, size, COMMIT | RESERVE));
  }
  *got = (etl_held){address, size};
  return true;
}

static void give_back(etl_play *self, const etl_actor *who, etl_held what)
{
  if (who->plan->view == 1) {
    check(self, etl_stage_take(&self->stage, who->process, 0, what.address));
    give_place(self, &self->lives[who->process].blocks[0], what.address);
    return;
  }
  /* A release over what was decommitted before finds nothing more to give back. */
  if (one_in(self, 3)) {
    check(self, etl_stage_give_back(&self->stage, who->process, what.address, what.size_bytes, DECOMMIT));
  }
  check(self, etl_stage_give_back(&self->stage, who->process, what.address, what.size_bytes, RELEASE));
  give_place(self, &self->lives[who->process].pages, what.address);
}

static bool replace(etl_play *self, etl_actor *who)
{
  etl_held got;
  bool must_free = who->held_count == who->held_limit;
  bool may_free = who->plan->what == ETL_HABIT_TRANSIENT && who->held_count > 0 && one_in(self, 2);
  if (must_free || may_free) {
    give_back(self, who, let_go(who));
    if (may_free) {
      return true;
    }
  }
  if (etl_habits_obtain(self, who, &got)) {
    hold(who, got.address, got.size_bytes);
  }
  return true;
}

static bool climb(etl_play *self, etl_actor *who)
{
  etl_held got;
  unsigned step = (unsigned)(self->progress * 6);
  if (step <= who->stairs) {
    return false;
  }
  who->stairs = step;
  for (uint64_t i = 0; i < 8 + self->stage.options.events / 2000; i++) {
    etl_habits_obtain(self, who, &got);
  }
  return true;
}

static uint64_t region_base(const etl_play *self, unsigned process, unsigned region)
{
  return self->stage.processes[process].pages_base + (uint64_t)region * ETL_PLAY_REGION_PAGES * ETL_PLAY_PAGE;
}

static bool piece(etl_play *self, const etl_actor *who)
{
  unsigned region = etl_stage_random(&self->stage, ETL_PLAY_REGIONS);
  uint64_t base = region_base(self, who->process, region);
  bool *is_reserved = &self->lives[who->process].is_reserved[region];
  if (!*is_reserved) {
    *is_reserved = true;
    check(self,
          etl_stage_commit(&self->stage, who->site, base, ETL_PLAY_REGION_PAGES * ETL_PLAY_PAGE, RESERVE));
    return true;
  }
  uint32_t first = etl_stage_random(&self->stage, ETL_PLAY_REGION_PAGES - who->plan->most);
  uint64_t at = base + (uint64_t)first * ETL_PLAY_PAGE;
  uint32_t bytes = between(self, who->plan->least, who->plan->most) * ETL_PLAY_PAGE;
  if (one_in(self, 12)) {
    *is_reserved = false;
    check(self, etl_stage_give_back(&self->stage, who->process, base, ETL_PLAY_REGION_PAGES * ETL_PLAY_PAGE,
                                    RELEASE));
  } else if (one_in(self, 4)) {
    check(self, etl_stage_give_back(&self->stage, who->process, at, bytes, DECOMMIT));
  } else {
    check(self,
          etl_stage_commit(&self->stage, who->site, at + (one_in(self, 3) ? 1000 : 0), bytes - 1000, COMMIT));
  }
  return true;
}

static bool commit_again(etl_play *self, const etl_actor *who)
{
  unsigned region = etl_stage_random(&self->stage, ETL_PLAY_REGIONS);
  if (!self->lives[who->process].is_reserved[region]) {
    return false;
  }
  uint32_t first = etl_stage_random(&self->stage, ETL_PLAY_REGION_PAGES - who->plan->most);
  check(self,
        etl_stage_commit(&self->stage, who->site,
                         region_base(self, who->process, region) + (uint64_t)first * ETL_PLAY_PAGE,
                         between(self, who->plan->least, who->plan->most) * (uint64_t)ETL_PLAY_PAGE, COMMIT));
  return true;
}

static bool give_back_from_before(etl_play *self, const etl_actor *who)
{
  const etl_stage_process *process = &self->stage.processes[who->process];
  uint64_t place = self->lives[who->process].before++ % 200;
  if (who->plan->view == 1) {
    uint64_t address = process->heap_bases[0] - (place + 1) * ETL_LEDGER_BLOCK_STRIDE;
    check(self, etl_stage_take(&self->stage, who->process, 0, address));
  } else {
    uint64_t address = process->pages_base - (place + 1) * 0x10000;
    check(self, etl_stage_give_back(&self->stage, who->process, address, between(self, 1, 16) * ETL_PLAY_PAGE,
                                    one_in(self, 2) ? RELEASE : DECOMMIT));
  }
  return true;
}

/* A reallocation that moves; the heap may log its allocation and free, too. */
static void move_block(etl_play *self, etl_actor *who, etl_held *block, uint32_t size)
{
  etl_places *from = &self->lives[who->process].blocks[0];
  uint64_t to = take_place(from);
  if (to == 0) {
    return;
  }
  if (one_in(self, 2)) {
    check(self, etl_stage_put(&self->stage, who->site, 0, to, size));
    check(self, etl_stage_take(&self->stage, who->process, 0, block->address));
  }
  check(self, etl_stage_move(&self->stage, who->site, 0, block->address, block->size_bytes, to, size));
  give_place(self, from, block->address);
  *block = (etl_held){to, size};
}

static bool resize(etl_play *self, etl_actor *who)
{
  etl_held got;
  if (who->held_count < who->held_limit && (who->held_count == 0 || one_in(self, 3))) {
    if (etl_habits_obtain(self, who, &got)) {
      hold(who, got.address, got.size_bytes);
    }
    return true;
  }
  etl_held *block = held_at(who, etl_stage_random(&self->stage, who->held_count));
  uint32_t size = between(self, who->plan->least, who->plan->most * 2);
  if (one_in(self, 3)) {
    move_block(self, who, block, size);
  } else if (one_in(self, 4)) {
    give_back(self, who, let_go(who));
  } else {
    check(self, etl_stage_move(&self->stage, who->site, 0, block->address, block->size_bytes, block->address,
                               size));
    block->size_bytes = size;
  }
  return true;
}

static bool use_own_heap(etl_play *self, const etl_actor *who)
{
  etl_places *from = &self->lives[who->process].blocks[1];
  bool *has_heap = &self->lives[who->process].has_heap;
  uint64_t address = *has_heap && !one_in(self, 30) ? take_place(from) : 0;
  if (address != 0) {
    uint32_t size = between(self, who->plan->least, who->plan->most);
    check(self, etl_stage_put(&self->stage, who->site, 1, address, size));
    return true;
  }
  check(self, etl_stage_heap_life(&self->stage, who->process, 1,
                                  *has_heap ? ETL_RECORDS_HEAP_DESTROY : ETL_RECORDS_HEAP_CREATE));
  *has_heap = !*has_heap;
  from->used = 0;
  from->free_count = 0;
  return true;
}

static bool put_twice(etl_play *self, etl_actor *who)
{
  etl_held got;
  if (who->held_count == who->held_limit) {
    etl_held *block = held_at(who, etl_stage_random(&self->stage, who->held_count));
    block->size_bytes = between(self, who->plan->least, who->plan->most);
    check(self, etl_stage_put(&self->stage, who->site, 0, block->address, block->size_bytes));
  } else if (etl_habits_obtain(self, who, &got)) {
    hold(who, got.address, got.size_bytes);
  }
  return true;
}

bool etl_habits_act(etl_play *self, etl_actor *who)
{
  etl_held got;
  switch (who->plan->what) {
  case ETL_HABIT_KEEP:
    return etl_habits_obtain(self, who, &got);
  case ETL_HABIT_EARLY:
    return self->progress < 0.1 && etl_habits_obtain(self, who, &got);
  case ETL_HABIT_LATE:
    return self->progress > 0.97 && etl_habits_obtain(self, who, &got);
  case ETL_HABIT_STAIRS:
    return climb(self, who);
  case ETL_HABIT_PIECES:
    return piece(self, who);
  case ETL_HABIT_AGAIN:
    return commit_again(self, who);
  case ETL_HABIT_BEFORE:
    return give_back_from_before(self, who);
  case ETL_HABIT_RESIZE:
    return resize(self, who);
  case ETL_HABIT_DESTROY:
    return use_own_heap(self, who);
  case ETL_HABIT_TWICE:
    return put_twice(self, who);
  default:
    return replace(self, who);
  }
}
