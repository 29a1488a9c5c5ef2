#include "standin/etl_records.h"

#include "standin/etl_payload.h"

#define HOOK_STACK 0x1820u
#define HOOK_COUNTERS_RUNDOWN 0x0321u
#define HOOK_WORKING_SETS 0x027Du
#define HOOK_CONFIG_CPU 0x0B0Au
#define OPCODE_IMAGE_ID 0u
#define OPCODE_PDB_ID 36u
#define OPCODE_FILE_VERSION 64u
#define OPCODE_VOLUME 35u
#define HEAP_SOURCE_MAIN_PATH 3u
#define MAXIMUM_FRAMES 192u
#define MAXIMUM_WORKING_SETS 64u

/* b3e675d7-2554-4f18-830b-2762732560de and 9b79ee91-b5fd-41c0-a243-4248e266e9d0, as they lie in memory */
static const uint8_t image_class[16] = {0xd7, 0x75, 0xe6, 0xb3, 0x54, 0x25, 0x18, 0x4f,
                                        0x83, 0x0b, 0x27, 0x62, 0x73, 0x25, 0x60, 0xde};
static const uint8_t system_class[16] = {0x91, 0xee, 0x79, 0x9b, 0xfd, 0xb5, 0xc0, 0x41,
                                         0xa2, 0x43, 0x42, 0x48, 0xe2, 0x66, 0xe9, 0xd0};

static bool put_perfinfo(etl_writer *writer, uint64_t ticks, unsigned hook, bool is_narrow,
                         const etl_payload *data)
{
  etl_writer_record record = {.form = ETL_WRITER_PERFINFO,
                              .is_narrow = is_narrow,
                              .hook = (uint16_t)hook,
                              .version = 2,
                              .payload = data->bytes,
                              .payload_bytes = data->size};
  return etl_writer_put(writer, ticks, &record);
}

bool etl_records_memory(etl_writer *writer, uint64_t ticks, unsigned hook, const etl_writer_memory *memory,
                        bool is_narrow)
{
  size_t pointer = is_narrow ? 4 : 8;
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, memory->address, pointer);
  etl_payload_add(&data, memory->size_bytes, pointer);
  etl_payload_add(&data, memory->pid, 4);
  etl_payload_add(&data, memory->flags, 4);
  return put_perfinfo(writer, ticks, hook, is_narrow, &data);
}

static void heap_payload(etl_payload *data, unsigned hook, const etl_writer_heap *block, size_t pointer)
{
  data->size = 0;
  etl_payload_add(data, block->heap, pointer);
  switch (hook) {
  case ETL_RECORDS_HEAP_ALLOC:
    etl_payload_add(data, block->size_bytes, pointer);
    etl_payload_add(data, block->address, pointer);
    etl_payload_add(data, HEAP_SOURCE_MAIN_PATH, 4);
    break;
  case ETL_RECORDS_HEAP_REALLOC:
    etl_payload_add(data, block->address, pointer);
    etl_payload_add(data, block->old_address, pointer);
    etl_payload_add(data, block->size_bytes, pointer);
    etl_payload_add(data, block->old_size_bytes, pointer);
    etl_payload_add(data, HEAP_SOURCE_MAIN_PATH, 4);
    break;
  case ETL_RECORDS_HEAP_FREE:
    etl_payload_add(data, block->address, pointer);
    etl_payload_add(data, HEAP_SOURCE_MAIN_PATH, 4);
    break;
  case ETL_RECORDS_HEAP_CREATE:
    etl_payload_add(data, 2, 4); /* growable */
    etl_payload_add(data, 0x10000, pointer);
    etl_payload_add(data, 0x1000, pointer);
    etl_payload_add(data, 0x1000, pointer);
    break;
  default: /* HEAP_DESTROY: the heap alone */
    break;
  }
}

bool etl_records_heap(etl_writer *writer, uint64_t ticks, unsigned hook, const etl_writer_heap *block,
                      bool is_narrow)
{
  etl_payload data;
  heap_payload(&data, hook, block, is_narrow ? 4 : 8);
  etl_writer_record record = {.form = ETL_WRITER_SYSTEM,
                              .is_narrow = is_narrow,
                              .hook = (uint16_t)hook,
                              .version = 2,
                              .pid = block->pid,
                              .tid = block->tid,
                              .payload = data.bytes,
                              .payload_bytes = data.size};
  return etl_writer_put(writer, ticks, &record);
}

/* ---- stacks ---- */

static void stack_payload(etl_payload *data, const etl_records_stack *stack)
{
  data->size = 0;
  etl_payload_add(data, stack->event_ticks, 8);
  etl_payload_add(data, stack->pid, 4);
  etl_payload_add(data, stack->tid, 4);
}

bool etl_records_add_stack(etl_writer *writer, uint64_t ticks, const etl_records_stack *stack)
{
  etl_payload data;
  stack_payload(&data, stack);
  for (size_t i = 0; i < stack->frame_count && i < MAXIMUM_FRAMES; i++) {
    etl_payload_add(&data, stack->frames[i], stack->is_narrow ? 4 : 8);
  }
  return put_perfinfo(writer, ticks, HOOK_STACK, stack->is_narrow, &data);
}

bool etl_records_add_key(etl_writer *writer, uint64_t ticks, unsigned hook, const etl_records_stack *stack,
                         uint64_t key)
{
  etl_payload data;
  stack_payload(&data, stack);
  etl_payload_add(&data, key, 8);
  return put_perfinfo(writer, ticks, hook, false, &data);
}

bool etl_records_add_definition(etl_writer *writer, uint64_t ticks, unsigned hook, uint64_t key,
                                const uint64_t *frames, size_t frame_count)
{
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, key, 8);
  for (size_t i = 0; i < frame_count && i < MAXIMUM_FRAMES; i++) {
    etl_payload_add(&data, frames[i], 8);
  }
  return put_perfinfo(writer, ticks, hook, false, &data);
}

/* ---- what a merge adds ---- */

static bool put_classic(etl_writer *writer, uint64_t ticks, const uint8_t *guid, unsigned opcode,
                        unsigned version, const etl_payload *data)
{
  etl_writer_record record = {.form = ETL_WRITER_CLASSIC,
                              .hook = (uint16_t)opcode,
                              .version = (uint16_t)version,
                              .guid = guid,
                              .payload = data->bytes,
                              .payload_bytes = data->size};
  return etl_writer_put(writer, ticks, &record);
}

bool etl_records_add_identity(etl_writer *writer, uint64_t ticks, uint32_t pid,
                              const etl_records_module *module)
{
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, module->base, 8);
  etl_payload_add(&data, module->size_bytes, 8);
  etl_payload_add(&data, pid, 4);
  etl_payload_add(&data, module->timestamp, 4);
  etl_payload_text(&data, module->name, 2);
  if (!put_classic(writer, ticks, image_class, OPCODE_IMAGE_ID, 2, &data)) {
    return false;
  }
  if (module->pdb_name == NULL) {
    return true;
  }
  data.size = 0;
  etl_payload_add(&data, module->base, 8);
  etl_payload_add(&data, pid, 4);
  etl_payload_bytes(&data, module->pdb_guid, sizeof module->pdb_guid);
  etl_payload_add(&data, module->pdb_age, 4);
  etl_payload_text(&data, module->pdb_name, 1);
  return put_classic(writer, ticks, image_class, OPCODE_PDB_ID, 2, &data);
}

bool etl_records_add_version(etl_writer *writer, uint64_t ticks, const etl_records_module *module)
{
  const char *texts[10] = {module->name,
                           module->description,
                           module->version,
                           module->version,
                           "English",
                           module->product,
                           module->company,
                           module->version,
                           "",
                           ""};
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, module->size_bytes, 4);
  etl_payload_add(&data, module->timestamp, 4);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    etl_payload_text(&data, texts[i], 2);
  }
  return put_classic(writer, ticks, image_class, OPCODE_FILE_VERSION, 0, &data);
}

bool etl_records_add_volume(etl_writer *writer, uint64_t ticks, const char *device, const char *drive)
{
  etl_payload data;
  data.size = 0;
  etl_payload_text(&data, device, 2);
  etl_payload_text(&data, drive, 2);
  return put_classic(writer, ticks, system_class, OPCODE_VOLUME, 2, &data);
}

/* ---- what Windows says of itself ---- */

static bool put_system(etl_writer *writer, uint64_t ticks, unsigned hook, const etl_payload *data)
{
  etl_writer_record record = {.form = ETL_WRITER_SYSTEM,
                              .hook = (uint16_t)hook,
                              .version = 2,
                              .payload = data->bytes,
                              .payload_bytes = data->size};
  return etl_writer_put(writer, ticks, &record);
}

bool etl_records_add_counters(etl_writer *writer, uint64_t ticks, uint32_t pid, uint64_t commit_bytes)
{
  /* Peaks and sizes that nobody asks for are plausible at least: as large as the commit. */
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, pid, 4);
  etl_payload_add(&data, 1000, 4); /* page faults */
  etl_payload_add(&data, 200, 4);  /* handles */
  etl_payload_add(&data, 0, 4);
  for (size_t i = 0; i < 11; i++) {
    etl_payload_add(&data, commit_bytes, 8); /* PagefileUsage is the eighth */
  }
  return put_system(writer, ticks, HOOK_COUNTERS_RUNDOWN, &data);
}

bool etl_records_add_working_sets(etl_writer *writer, uint64_t ticks, const etl_records_commit *commits,
                                  size_t count)
{
  etl_payload data;
  size_t listed = count < MAXIMUM_WORKING_SETS ? count : MAXIMUM_WORKING_SETS;
  data.size = 0;
  etl_payload_add(&data, listed, 4);
  for (size_t i = 0; i < listed; i++) {
    etl_payload_add(&data, commits[i].pid, 4);
    etl_payload_add(&data, commits[i].commit_pages / 2, 8); /* working set */
    etl_payload_add(&data, commits[i].commit_pages, 8);
    etl_payload_add(&data, commits[i].commit_pages * 4, 8); /* address space */
    etl_payload_add(&data, commits[i].commit_pages / 2, 8);
    for (size_t j = 0; j < 4; j++) { /* version 2: store, stored, commit debt, shared commit */
      etl_payload_add(&data, 0, 8);
    }
  }
  return put_perfinfo(writer, ticks, HOOK_WORKING_SETS, false, &data);
}

bool etl_records_add_cpu(etl_writer *writer, uint64_t ticks, uint32_t processors, uint32_t page_bytes)
{
  etl_payload data;
  data.size = 0;
  etl_payload_add(&data, 2400, 4);
  etl_payload_add(&data, processors, 4);
  etl_payload_add(&data, 16384, 4); /* MB of memory */
  etl_payload_add(&data, page_bytes, 4);
  etl_payload_add(&data, 65536, 4);
  for (size_t i = 0; i < 256 + 134; i++) { /* computer and domain */
    etl_payload_add(&data, i == 0 ? 'S' : 0, 2);
  }
  etl_payload_add(&data, 0, 8);
  return put_system(writer, ticks, HOOK_CONFIG_CPU, &data);
}
