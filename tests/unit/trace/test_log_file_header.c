/* The first record of a trace: whose layout it has, what it tells, and that nobody believes its counts. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "trace/container.h"
#include "unit/trace/container_rig.h"

/* Its layout is that of the record and not that of the pointers it names. */
static void test_a_32_bit_first_record_on_a_64_bit_system(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("perfview-smallEtlFile.etl");
  container_tally seen;
  assert_non_null(file.bytes);
  for (uint32_t pointer_bytes = 0; pointer_bytes <= 8; pointer_bytes += 4) {
    memory_file_put(&file, LOG_FILE_HEADER_AT + 0x2C, pointer_bytes, 4);
    seep_trace_summary summary = container_rig_walk(&file, &seen);
    assert_int_equal(summary.header.record_type, 1);
    assert_int_equal(summary.header.pointer_bytes, pointer_bytes);
    assert_int_equal(summary.header.frequency_hz, 3117777);
    assert_string_equal(summary.header.logger_name, "PerfWatsonGCHeapETLSession688");
    assert_int_equal(seen.by_type[1], 1);
  }
  memory_file_free(&file);
}

static void test_the_rest_of_the_header(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-waasmedic.etl");
  container_tally seen;
  assert_non_null(file.bytes);
  seep_trace_header header = container_rig_walk(&file, &seen).header;
  assert_int_equal(header.record_type, 2);
  assert_int_equal(header.layout_major, 1);
  assert_int_equal(header.layout_minor, 5);
  assert_int_equal(header.buffers_written, 2);
  assert_int_equal(header.maximum_file_mb, 2048);
  assert_int_equal(header.timer_resolution, 156250);
  assert_int_equal(header.cpu_mhz, 4491);
  assert_int_equal(header.boot, 134038496275000000);
  assert_int_equal(header.first_ticks, 2877987555240);
  assert_string_equal(header.logger_name, "ECCB175F-1EB2-43DA-BFB5-A8D58A40A4D7");
  assert_string_equal(header.log_file_name,
                      "C:\\Windows\\logs\\waasmedic\\waasmedic.20251005_113019_195.etl");
  /* A name that does not end takes what is left of its record. */
  memory_file_put(&file, 0x48 + 4, 0x20 + 0x118 + 11, 2);
  header = container_rig_walk(&file, &seen).header;
  assert_string_equal(header.logger_name, "ECCB1");
  assert_string_equal(header.log_file_name, "");
  memory_file_put(&file, 0x48 + 4, 0x20 + 0x118, 2); /* no names at all */
  header = container_rig_walk(&file, &seen).header;
  assert_string_equal(header.logger_name, "");
  assert_int_equal(header.buffers_written, 2);
  memory_file_put(&file, 0x48 + 4, 0x20 + 0x117, 2); /* and no figures */
  seep_trace_summary summary;
  assert_int_equal(seep_trace_walk(file.bytes, file.size, NULL, NULL, &summary, NULL), SEEP_CORRUPT);
  memory_file_free(&file);
}

static void test_counts_in_the_header_are_not_believed(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-WindowsUpdate.etl");
  container_tally seen;
  assert_non_null(file.bytes);
  memory_file_put(&file, LOG_FILE_HEADER_AT + 0x00, UINT32_MAX, 4); /* buffer size */
  memory_file_put(&file, LOG_FILE_HEADER_AT + 0x0C, UINT32_MAX, 4); /* processors */
  memory_file_put(&file, LOG_FILE_HEADER_AT + 0x24, UINT32_MAX, 4); /* buffers written */
  seep_trace_summary summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.records, 82);
  assert_int_equal(summary.header.buffers_written, UINT32_MAX);
  memory_file_put(&file, LOG_FILE_HEADER_AT + 0x0C, 0, 4);
  memory_file_put(&file, LOG_FILE_HEADER_AT + 0x24, 0, 4);
  assert_int_equal(container_rig_walk(&file, &seen).records, 82);
  memory_file_free(&file);
}

static void test_lost_events_with_no_flag_in_any_buffer(void **state)
{
  (void)state;
  memory_file file = memory_file_fixture("s4-waasmedic.etl");
  container_tally seen;
  assert_non_null(file.bytes);
  memory_file_put(&file, LOG_FILE_HEADER_AT + 0x30, 41, 4);
  memory_file_put(&file, LOG_FILE_HEADER_AT + 0x114, 3, 4);
  seep_trace_summary summary = container_rig_walk(&file, &seen);
  assert_int_equal(summary.header.events_lost, 41);
  assert_int_equal(summary.header.buffers_lost, 3);
  assert_int_equal(summary.loss_flagged_buffers, 0);
  memory_file_free(&file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_32_bit_first_record_on_a_64_bit_system),
      cmocka_unit_test(test_the_rest_of_the_header),
      cmocka_unit_test(test_counts_in_the_header_are_not_believed),
      cmocka_unit_test(test_lost_events_with_no_flag_in_any_buffer),
  };
  return cmocka_run_group_tests_name("trace log file header", tests, NULL, NULL);
}
