/*
 * How events and their stacks get into the trace. A stack is whole most of the time; else in two pieces,
 * late, on another processor, by key, only the kernel's half of it, or not there.
 */
#include "standin/etl_stage.h"

#include <string.h>

#define TICKS_PER_MS 10000u
#define THREADS 8u
#define SESSION_MEMORY 0u
#define KEY_BASE UINT64_C(0xFFFFC08000000000)
#define KEY_SESSION UINT64_C(0x100000000)
#define KEY_STRIDE 0x1000u
#define KERNEL_BASE UINT64_C(0xFFFFF80312000000)
#define KERNEL_BYTES 0x1046000u
#define COMMIT_OVERHEAD_BYTES 0x180000u /* stacks, images, what was there before */

static const uint64_t kernel_frames[ETL_STAGE_KERNEL_FRAMES] = {
    KERNEL_BASE + 0x5f1c2a, KERNEL_BASE + 0x5f0b31, KERNEL_BASE + 0x211a58};

typedef enum fate { FATE_WHOLE, FATE_PIECES, FATE_LATE, FATE_KERNEL_ONLY, FATE_LOST } fate;

uint32_t etl_stage_random(etl_stage *stage, uint32_t below)
{
  stage->random ^= stage->random << 13;
  stage->random ^= stage->random >> 7;
  stage->random ^= stage->random << 17;
  return (uint32_t)(((stage->random >> 32) * below) >> 32);
}

unsigned etl_stage_remote(unsigned process)
{
  return process == 0 ? 1 : 0;
}

static bool one_in(etl_stage *stage, uint32_t count)
{
  return etl_stage_random(stage, count) == 0;
}

/* ---- stacks ---- */

static unsigned session_of(const etl_stage *stage, unsigned view)
{
  return stage->options.kind == ETL_SCENARIO_BOTH ? view : SESSION_MEMORY;
}

static const uint64_t *frames_of(const etl_stage *stage, unsigned site, bool is_kernel, size_t *count)
{
  if (is_kernel) {
    *count = ETL_STAGE_KERNEL_FRAMES;
    return kernel_frames;
  }
  *count = stage->sites[site].frame_count;
  return stage->sites[site].frames;
}

static uint64_t key_value(unsigned session, unsigned slot)
{
  return KEY_BASE + session * KEY_SESSION + slot * KEY_STRIDE;
}

static bool define_key(etl_stage *stage, unsigned session, unsigned slot, unsigned hook, uint64_t when)
{
  size_t count = 0;
  const uint64_t *frames =
      frames_of(stage, stage->keys[session][slot].site - 1, stage->keys[session][slot].is_kernel, &count);
  return etl_records_add_definition(&stage->writer, etl_writer_ticks(&stage->writer, when), hook,
                                    key_value(session, slot), frames, count);
}

/* The key of a stack: its place in a small cache. Whoever had it before is defined first. */
static bool key_of(etl_stage *stage, unsigned session, unsigned site, bool is_kernel, uint64_t when,
                   uint64_t *key)
{
  unsigned slot = (is_kernel ? 7u : site * 2654435761u >> 8) % ETL_STAGE_KEYS;
  bool is_same = stage->keys[session][slot].site != 0 && stage->keys[session][slot].is_kernel == is_kernel &&
                 (is_kernel || stage->keys[session][slot].site == site + 1);
  bool done = is_same || stage->keys[session][slot].site == 0 ||
              define_key(stage, session, slot, ETL_RECORDS_STACK_DELETED, when);
  stage->keys[session][slot].site = site + 1;
  stage->keys[session][slot].is_kernel = is_kernel;
  *key = key_value(session, slot);
  return done;
}

/* One piece of a stack, plain or by key. */
static bool add_piece(etl_stage *stage, const etl_stage_late *piece, bool is_kernel)
{
  uint64_t key = 0;
  size_t count = 0;
  const uint64_t *frames = frames_of(stage, piece->site, is_kernel, &count);
  const etl_scenario_site *site = &stage->sites[piece->site];
  etl_records_stack stack = {piece->event_ticks, piece->pid, piece->tid, frames, count, false};
  stack.is_narrow = !is_kernel && stage->processes[site->process].shown.is_wow64 && !site->is_remote;
  etl_writer_on(&stage->writer, piece->session, piece->processor);
  uint64_t when = piece->due > 0 && piece->due < stage->now ? piece->due : piece->moment + 50;
  if (stage->options.is_keyed && !one_in(stage, 5)) {
    unsigned hook = is_kernel ? ETL_RECORDS_STACK_KEY_KERNEL : ETL_RECORDS_STACK_KEY_USER;
    return key_of(stage, piece->session, piece->site, is_kernel, when, &key) &&
           etl_records_add_key(&stage->writer, etl_writer_ticks(&stage->writer, when), hook, &stack, key);
  }
  return etl_records_add_stack(&stage->writer, etl_writer_ticks(&stage->writer, when), &stack);
}

/* A key that nothing ever defines, as when a trace was cut. */
static bool add_undefined(etl_stage *stage, const etl_stage_late *piece)
{
  etl_records_stack stack = {piece->event_ticks, piece->pid, piece->tid, NULL, 0, false};
  return etl_records_add_key(&stage->writer, etl_writer_ticks(&stage->writer, piece->moment + 50),
                             ETL_RECORDS_STACK_KEY_USER, &stack,
                             key_value(piece->session, ETL_STAGE_KEYS + 1));
}

/* Those that are due, or all. */
static bool add_late(etl_stage *stage, bool all)
{
  bool done = true;
  size_t left = 0;
  for (size_t i = 0; i < stage->late_count; i++) {
    if (all || stage->late[i].due <= stage->now) {
      done = done && add_piece(stage, &stage->late[i], false);
    } else {
      stage->late[left++] = stage->late[i];
    }
  }
  stage->late_count = left;
  return done;
}

bool etl_stage_move_on(etl_stage *stage, uint64_t now)
{
  stage->now = now;
  return add_late(stage, false);
}

static bool wait_for(etl_stage *stage, const etl_stage_late *piece)
{
  if (stage->late_count == ETL_STAGE_LATE && !add_late(stage, true)) {
    return false;
  }
  stage->late[stage->late_count] = *piece;
  stage->late[stage->late_count].due = piece->moment + 10 * etl_stage_random(stage, 40000); /* to 0.04 s */
  stage->late[stage->late_count].processor = etl_stage_random(stage, stage->options.processors);
  stage->late_count++;
  return true;
}

static fate choose_fate(etl_stage *stage)
{
  uint32_t draw = stage->options.is_tidy ? 99 : etl_stage_random(stage, 100);
  if (draw < 2) {
    return FATE_LOST;
  }
  if (draw < 3) {
    return FATE_KERNEL_ONLY;
  }
  return draw < 7 ? FATE_LATE : draw < 30 ? FATE_PIECES : FATE_WHOLE;
}

static bool add_stack(etl_stage *stage, fate what, const etl_stage_late *piece)
{
  switch (what) {
  case FATE_LOST:
    return !stage->options.is_keyed || one_in(stage, 2) || add_undefined(stage, piece);
  case FATE_KERNEL_ONLY:
    return add_piece(stage, piece, true);
  case FATE_LATE:
    return add_piece(stage, piece, true) && wait_for(stage, piece);
  case FATE_PIECES:
    return add_piece(stage, piece, true) && add_piece(stage, piece, false);
  default:
    return add_piece(stage, piece, false);
  }
}

/* ---- events ---- */

/* Where the next event goes, and its tick: now and then that of an event of another process on another
 * processor. */
static uint64_t begin_event(etl_stage *stage, const etl_stage_process *process, unsigned view,
                            etl_stage_late *piece)
{
  bool may_share = stage->last_process != NULL && stage->last_process != process && !stage->options.is_tidy;
  stage->events++;
  piece->session = session_of(stage, view);
  piece->processor = etl_stage_random(stage, stage->options.processors);
  piece->pid = process->shown.pid;
  piece->tid = process->first_tid + 4 * etl_stage_random(stage, THREADS);
  etl_writer_on(&stage->writer, piece->session, piece->processor);
  if (may_share && stage->writer.last_ticks == stage->last_event_ticks) {
    piece->event_ticks = stage->last_event_ticks;
    stage->last_process = NULL;
  } else {
    stage->last_event_time = stage->now;
    piece->event_ticks = etl_writer_ticks(&stage->writer, stage->now);
    stage->last_process = process;
  }
  stage->last_event_ticks = piece->event_ticks;
  piece->moment = stage->last_event_time;
  return piece->event_ticks;
}

/* The site that the event is entered under, by what becomes of its stack. */
static unsigned owner_of(const etl_stage *stage, unsigned site, fate what)
{
  const etl_stage_process *process = &stage->processes[stage->sites[site].process];
  unsigned view = stage->sites[site].view;
  return what == FATE_LOST ? process->lost_site + view
                           : (what == FATE_KERNEL_ONLY ? process->kernel_site + view : site);
}

bool etl_stage_commit(etl_stage *stage, unsigned site, uint64_t address, uint64_t size_bytes, uint32_t flags)
{
  etl_stage_process *process = &stage->processes[stage->sites[site].process];
  etl_stage_late piece = {.site = site};
  /* Whose stack it is could not be told, were there two events at that moment. */
  stage->last_process = stage->sites[site].is_remote ? NULL : stage->last_process;
  uint64_t ticks = begin_event(stage, process, 0, &piece);
  fate what = stage->sites[site].is_remote ? FATE_WHOLE : choose_fate(stage);
  etl_writer_memory memory = {
      .pid = process->shown.pid, .address = address, .size_bytes = size_bytes, .flags = flags};
  if (stage->sites[site].is_remote) {
    piece.pid = stage->processes[etl_stage_remote(process->number)].shown.pid;
    piece.tid = stage->processes[etl_stage_remote(process->number)].first_tid;
    stage->last_process = NULL;
  }
  etl_ledger_commit(&process->ledger, owner_of(stage, site, what), address, size_bytes, flags);
  return etl_records_memory(&stage->writer, ticks, ETL_RECORDS_VIRTUAL_ALLOC, &memory,
                            process->shown.is_wow64) &&
         add_stack(stage, what, &piece);
}

bool etl_stage_give_back(etl_stage *stage, unsigned process_number, uint64_t address, uint64_t size_bytes,
                         uint32_t flags)
{
  etl_stage_process *process = &stage->processes[process_number];
  etl_stage_late piece = {.site = process->kernel_site};
  uint64_t ticks = begin_event(stage, process, 0, &piece);
  etl_writer_memory memory = {
      .pid = process->shown.pid, .address = address, .size_bytes = size_bytes, .flags = flags};
  etl_ledger_give_back(&process->ledger, address, size_bytes, flags);
  /* Some profiles ask for the stacks of frees, too: they belong to no allocation. */
  return etl_records_memory(&stage->writer, ticks, ETL_RECORDS_VIRTUAL_FREE, &memory,
                            process->shown.is_wow64) &&
         (!one_in(stage, 8) || add_piece(stage, &piece, true));
}

static bool add_heap(etl_stage *stage, etl_stage_process *process, unsigned hook, etl_writer_heap *block,
                     unsigned heap, etl_stage_late *piece)
{
  uint64_t ticks = begin_event(stage, process, 1, piece);
  block->pid = piece->pid;
  block->tid = piece->tid;
  block->heap = process->heap_handles[heap];
  return etl_records_heap(&stage->writer, ticks, hook, block, process->shown.is_wow64);
}

bool etl_stage_heap_life(etl_stage *stage, unsigned process_number, unsigned heap, unsigned hook)
{
  etl_stage_process *process = &stage->processes[process_number];
  etl_writer_heap block = {0};
  etl_stage_late piece = {0};
  if (hook == ETL_RECORDS_HEAP_DESTROY) {
    etl_ledger_destroy(&process->ledger, heap);
  }
  return add_heap(stage, process, hook, &block, heap, &piece);
}

bool etl_stage_put(etl_stage *stage, unsigned site, unsigned heap, uint64_t address, uint32_t size_bytes)
{
  etl_stage_process *process = &stage->processes[stage->sites[site].process];
  etl_stage_late piece = {.site = site};
  etl_writer_heap block = {.address = address, .size_bytes = size_bytes};
  fate what = choose_fate(stage);
  etl_ledger_put(&process->ledger, heap, owner_of(stage, site, what), address, size_bytes);
  return add_heap(stage, process, ETL_RECORDS_HEAP_ALLOC, &block, heap, &piece) &&
         add_stack(stage, what, &piece);
}

bool etl_stage_take(etl_stage *stage, unsigned process_number, unsigned heap, uint64_t address)
{
  etl_stage_process *process = &stage->processes[process_number];
  etl_stage_late piece = {0};
  etl_writer_heap block = {.address = address};
  etl_ledger_take(&process->ledger, heap, address);
  return add_heap(stage, process, ETL_RECORDS_HEAP_FREE, &block, heap, &piece);
}

bool etl_stage_move(etl_stage *stage, unsigned site, unsigned heap, uint64_t from, uint32_t old_bytes,
                    uint64_t to, uint32_t size_bytes)
{
  etl_stage_process *process = &stage->processes[stage->sites[site].process];
  etl_stage_late piece = {.site = site};
  etl_writer_heap block = {
      .address = to, .size_bytes = size_bytes, .old_address = from, .old_size_bytes = old_bytes};
  fate what = choose_fate(stage);
  etl_ledger_move(&process->ledger, heap, owner_of(stage, site, what), from, to, size_bytes);
  return add_heap(stage, process, ETL_RECORDS_HEAP_REALLOC, &block, heap, &piece) &&
         add_stack(stage, what, &piece);
}

bool etl_stage_background(etl_stage *stage, unsigned count)
{
  bool done = true;
  for (unsigned i = 0; i < count && done; i++) {
    etl_writer_on(&stage->writer, SESSION_MEMORY, etl_stage_random(stage, stage->options.processors));
    done = etl_writer_add_background(&stage->writer, stage->now);
  }
  return done;
}

bool etl_stage_gap(etl_stage *stage)
{
  bool done = true;
  etl_writer_on(&stage->writer, SESSION_MEMORY, 0);
  etl_writer_flush_processor(&stage->writer);
  for (unsigned i = 0; i < 40 && done; i++) {
    done = etl_writer_add_background(&stage->writer, stage->now);
  }
  etl_writer_lose_buffer(&stage->writer);
  return done;
}

/* ---- processes ---- */

/* ASCII to UTF-16; false: too long. */
static bool widen(const char *text, uint16_t *out, size_t count)
{
  size_t length = strlen(text);
  for (size_t i = 0; i <= length && length < count; i++) {
    out[i] = (unsigned char)text[i];
  }
  return length < count;
}

static bool add_image(etl_stage *stage, etl_writer_moment moment, uint32_t pid, const char *folder,
                      const etl_records_module *module)
{
  uint16_t path[300];
  size_t length = strlen(folder);
  etl_writer_image image = {pid, module->base, module->size_bytes, path};
  return widen(folder, path, 200) && widen(module->name, path + length, 100) &&
         etl_writer_add_image(&stage->writer, stage->now, moment, &image);
}

static bool add_images(etl_stage *stage, const etl_stage_process *process, etl_writer_moment moment)
{
  const char *system = process->shown.is_wow64 ? "\\Device\\HarddiskVolume3\\Windows\\SysWOW64\\"
                                               : "\\Device\\HarddiskVolume3\\Windows\\System32\\";
  bool done = true;
  for (unsigned i = 0; i < ETL_STAGE_MODULES && done; i++) {
    const char *folder =
        i < ETL_STAGE_RUNTIMES ? system : "\\Device\\HarddiskVolume3\\Program Files\\Contoso\\Orders\\";
    done = add_image(stage, moment, process->shown.pid, folder, &process->modules[i]);
  }
  return done;
}

static bool add_process(etl_stage *stage, const etl_stage_process *process, etl_writer_moment moment)
{
  etl_writer_process shown = {process->shown.pid, process->shown.parent_pid, 0, process->shown.name};
  return etl_writer_add_flagged_process(&stage->writer, stage->now, moment, &shown,
                                        process->shown.is_wow64 ? 2 : 0);
}

/* Half of the processes that are there from the beginning to the end have their modules told of at the end
 * alone, as most recorders do. */
static bool is_told_late(const etl_stage_process *process)
{
  return process->shown.began_here == process->shown.ended_here && process->number % 2 == 0;
}

bool etl_stage_begin_process(etl_stage *stage, etl_stage_process *process, bool was_there)
{
  etl_writer_moment moment = was_there ? ETL_WRITER_DCSTART : ETL_WRITER_START;
  bool done = add_late(stage, true);
  stage->last_process = NULL;
  process->is_running = true;
  process->shown.began_here = !was_there;
  etl_writer_on(&stage->writer, SESSION_MEMORY, etl_stage_random(stage, stage->options.processors));
  return done && add_process(stage, process, moment) &&
         ((was_there && is_told_late(process)) || add_images(stage, process, moment));
}

bool etl_stage_end_process(etl_stage *stage, etl_stage_process *process, bool is_still_there)
{
  bool done = add_late(stage, true);
  stage->last_process = NULL;
  process->is_running = false;
  process->shown.ended_here = !is_still_there;
  etl_writer_on(&stage->writer, SESSION_MEMORY, etl_stage_random(stage, stage->options.processors));
  if (is_still_there) {
    return done && add_process(stage, process, ETL_WRITER_DCEND) &&
           add_images(stage, process, ETL_WRITER_DCEND);
  }
  return done && add_images(stage, process, ETL_WRITER_END) && add_process(stage, process, ETL_WRITER_END);
}

/* ---- the end ---- */

static uint64_t commit_now(const etl_stage_process *process)
{
  return process->ledger.totals[0].live_bytes + process->ledger.totals[1].live_bytes + COMMIT_OVERHEAD_BYTES;
}

bool etl_stage_working_sets(etl_stage *stage)
{
  etl_records_commit commits[64];
  size_t count = 0;
  for (size_t i = 0; i < stage->process_count && count < 64; i++) {
    if (stage->processes[i].is_running) {
      commits[count].pid = stage->processes[i].shown.pid;
      commits[count].commit_pages = commit_now(&stage->processes[i]) / ETL_LEDGER_PAGE_BYTES;
      count++;
    }
  }
  etl_writer_on(&stage->writer, SESSION_MEMORY, 0);
  return etl_records_add_working_sets(&stage->writer, etl_writer_ticks(&stage->writer, stage->now), commits,
                                      count);
}

static bool finish_keys(etl_stage *stage)
{
  bool done = true;
  for (unsigned session = 0; session < 2; session++) {
    etl_writer_on(&stage->writer, session, 0);
    for (unsigned slot = 0; slot < ETL_STAGE_KEYS && done; slot++) {
      if (stage->keys[session][slot].site != 0) {
        done = define_key(stage, session, slot, ETL_RECORDS_STACK_RUNDOWN, stage->now);
      }
    }
  }
  return done;
}

static bool add_identities(etl_stage *stage, const etl_stage_process *process)
{
  bool done = true;
  for (unsigned i = 0; i < ETL_STAGE_MODULES && done; i++) {
    const etl_records_module *module = &process->modules[i];
    done = etl_records_add_identity(&stage->writer, etl_writer_ticks(&stage->writer, stage->now),
                                    process->shown.pid, module) &&
           (process->number > 0 ||
            etl_records_add_version(&stage->writer, etl_writer_ticks(&stage->writer, stage->now), module));
  }
  return done;
}

bool etl_stage_finish(etl_stage *stage)
{
  etl_records_module kernel = {.name = "ntoskrnl.exe", .base = KERNEL_BASE, .size_bytes = KERNEL_BYTES};
  bool done = add_late(stage, true) && finish_keys(stage);
  etl_writer_on(&stage->writer, SESSION_MEMORY, 0);
  done = done && add_image(stage, ETL_WRITER_DCEND, 0, "\\SystemRoot\\system32\\", &kernel);
  for (size_t i = 0; i < stage->process_count && done; i++) {
    etl_stage_process *process = &stage->processes[i];
    if (!process->shown.ended_here) {
      process->shown.commit_bytes = commit_now(process);
      done = etl_records_add_counters(&stage->writer, etl_writer_ticks(&stage->writer, stage->now),
                                      process->shown.pid, process->shown.commit_bytes);
    }
    done = done && (stage->options.is_raw || add_identities(stage, process));
  }
  return done && (stage->options.is_raw ||
                  etl_records_add_volume(&stage->writer, etl_writer_ticks(&stage->writer, stage->now),
                                         "\\Device\\HarddiskVolume3\\", "C:\\"));
}
