/* What is shipped and what is documented in config/ against the table of keys. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "settings/settings.h"

static char file[SEEP_SETTINGS_TEXT_SIZE];
static char expected[SEEP_SETTINGS_TEXT_SIZE];

/* Line ends as the checkout has them do not matter. */
static size_t load(const char *path)
{
  FILE *stream = fopen(path, "rb");
  assert_non_null(stream);
  size_t size = fread(file, 1, sizeof file - 1, stream);
  fclose(stream);
  assert_true(size > 0 && size < sizeof file - 1);
  size_t kept = 0;
  for (size_t i = 0; i < size; i++) {
    if (file[i] != '\r') {
      file[kept++] = file[i];
    }
  }
  file[kept] = '\0';
  return kept;
}

static void the_shipped_file_is_the_defaults(void **state)
{
  (void)state;
  static seep_settings defaults, shipped;
  seep_settings_problem problem;
  seep_writer writer;
  size_t size = load(SEEP_CONFIG "/seepwatch.json");
  seep_settings_defaults(&defaults);
  assert_int_equal(seep_settings_parse(file, size, &shipped, &problem), SEEP_OK);
  assert_memory_equal(&shipped, &defaults, sizeof shipped);
  seep_writer_init(&writer, expected, sizeof expected);
  seep_settings_write(&defaults, &writer);
  assert_false(writer.cut);
  assert_string_equal(file, expected);
}

static void the_reference_is_the_table(void **state)
{
  (void)state;
  seep_writer writer;
  load(SEEP_CONFIG "/README.md");
  seep_writer_init(&writer, expected, sizeof expected);
  seep_settings_write_reference(&writer);
  assert_false(writer.cut);
  const char *table = strstr(file, "| key |");
  assert_non_null(table);
  const char *end = strstr(table, "\n\n");
  size_t length = end != NULL ? (size_t)(end - table) + 1 : strlen(table);
  assert_int_equal(length, writer.length);
  assert_memory_equal(table, expected, length);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_shipped_file_is_the_defaults),
      cmocka_unit_test(the_reference_is_the_table),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
