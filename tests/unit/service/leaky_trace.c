#include "unit/service/leaky_trace.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "standin/etl_writer.h"

/* "\Device\HarddiskVolume3\x\" and the name, in UTF-16. */
static const uint16_t *device_path(const char *name)
{
  static uint16_t path[128];
  static const char folder[] = "\\Device\\HarddiskVolume3\\x\\";
  size_t length = 0;
  for (const char *at = folder; *at != '\0'; at++) {
    path[length++] = (uint16_t)*at;
  }
  for (; *name != '\0'; name++) {
    path[length++] = (uint16_t)*name;
  }
  path[length] = 0;
  return path;
}

#define NTDLL_BASE UINT64_C(0x7FFA10000000)
#define LEAKY_BASE UINT64_C(0x7FFA20000000)
#define PROGRAM_BASE UINT64_C(0x7FF600000000)

static void add_modules(etl_writer *writer)
{
  static const struct {
    const char *name;
    uint64_t base;
  } images[] = {{"ntdll.dll", NTDLL_BASE}, {"Leaky.dll", LEAKY_BASE}, {"leaker.exe", PROGRAM_BASE}};
  const etl_writer_process process = {LEAKY_PID, 1, 0, "leaker.exe"};
  assert_true(etl_writer_add_process(writer, LEAKY_START_FILETIME, ETL_WRITER_DCSTART, &process));
  for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
    const etl_writer_image image = {LEAKY_PID, images[i].base, 0x100000, device_path(images[i].name)};
    assert_true(etl_writer_add_image(writer, LEAKY_START_FILETIME, ETL_WRITER_DCSTART, &image));
  }
}

/* LEAKY_PID commits LEAKY_ALLOCATIONS blocks through Leaky.dll and gives back every fourth; a neighbour, who
 * gives back nothing but has no stacks, must not be counted with it. */
memory_file leaky_trace(void)
{
  static const uint64_t frames[] = {NTDLL_BASE + 0x1000, LEAKY_BASE + 0x2345, PROGRAM_BASE + 0x10};
  memory_file file = {0};
  etl_writer writer;
  const etl_writer_settings settings = {16384, 2, 20348, 0x02000001, LEAKY_START_FILETIME, "Test Session"};
  assert_true(etl_writer_open(&writer, &settings, memory_file_write, &file));
  add_modules(&writer);
  for (uint32_t i = 0; i < LEAKY_ALLOCATIONS; i++) {
    uint64_t now = LEAKY_START_FILETIME + (uint64_t)i * LEAKY_EACH_MS * LEAKY_TICKS_PER_MS;
    uint64_t address = UINT64_C(0x200000000) + (uint64_t)i * LEAKY_BLOCK_BYTES;
    etl_writer_memory block = {LEAKY_PID, 7, address, LEAKY_BLOCK_BYTES, 0x3000, frames, 3};
    etl_writer_memory other = {LEAKY_NEIGHBOUR, 8, address, 4096, 0x1000, NULL, 0};
    etl_writer_memory gone = {LEAKY_PID, 7, address, LEAKY_BLOCK_BYTES, 0x8000, NULL, 0};
    assert_true(etl_writer_add_allocation(&writer, now, &block));
    assert_true(etl_writer_add_allocation(&writer, now, &other));
    assert_true(i % 4 != 0 || etl_writer_add_free(&writer, now, &gone));
  }
  assert_true(etl_writer_close(
      &writer, LEAKY_START_FILETIME + (uint64_t)LEAKY_ALLOCATIONS * LEAKY_EACH_MS * LEAKY_TICKS_PER_MS, 0));
  return file;
}
