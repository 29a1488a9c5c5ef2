#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/trace/module_maker.h"

#include <string.h>

seep_trace_text module_text(const char *text)
{
  return (seep_trace_text){.bytes = (const uint8_t *)text, .size = strlen(text), .wide = false};
}

void module_event(seep_trace_modules *modules, uint32_t instance, seep_trace_kind kind, uint64_t ticks,
                  uint64_t base, uint64_t size_bytes, const char *path, uint32_t timestamp)
{
  const seep_trace_image image = {.base = base,
                                  .size_bytes = size_bytes,
                                  .pid = 100 + instance,
                                  .timestamp = timestamp,
                                  .path = module_text(path)};
  assert_int_equal(seep_trace_modules_add(modules, instance, kind, ticks, &image), SEEP_OK);
}

void module_there(seep_trace_modules *modules, uint32_t instance, uint64_t base, uint64_t size_bytes,
                  const char *path)
{
  module_event(modules, instance, SEEP_TRACE_IMAGE_DCEND, 1000, base, size_bytes, path, 0);
}

void module_id(seep_trace_modules *modules, uint32_t pid, uint64_t base, uint64_t size_bytes,
               uint32_t timestamp)
{
  const seep_trace_image_id id = {.base = base,
                                  .size_bytes = size_bytes,
                                  .pid = pid,
                                  .timestamp = timestamp,
                                  .original_name = module_text("Original.dll")};
  assert_int_equal(seep_trace_modules_add_image_id(modules, 0, &id), SEEP_OK);
}

void module_pdb(seep_trace_modules *modules, uint64_t ticks, uint32_t pid, uint64_t base, uint8_t guid_byte,
                const char *name)
{
  uint8_t guid[16];
  memset(guid, guid_byte, sizeof guid);
  const seep_trace_pdb_id id = {.base = base, .pid = pid, .age = 3, .guid = guid, .name = module_text(name)};
  assert_int_equal(seep_trace_modules_add_pdb_id(modules, ticks, &id), SEEP_OK);
}

void module_version(seep_trace_modules *modules, uint32_t size_bytes, uint32_t timestamp, const char *company,
                    const char *file_version)
{
  const seep_trace_file_version version = {.image_size_bytes = size_bytes,
                                           .timestamp = timestamp,
                                           .original_name = module_text("Original.dll"),
                                           .description = module_text("What it is"),
                                           .file_version = module_text(file_version),
                                           .product = module_text("Product"),
                                           .company = module_text(company)};
  assert_int_equal(seep_trace_modules_add_version(modules, &version), SEEP_OK);
}

static uint32_t pid_of(void *context, uint32_t instance)
{
  (void)context;
  return 100 + instance;
}

void module_finish(seep_trace_modules *modules)
{
  assert_int_equal(seep_trace_modules_finish(modules, pid_of, NULL), SEEP_OK);
}
