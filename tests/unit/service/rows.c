#include "unit/service/rows.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <inttypes.h>

#define TEXT_SIZE (4u * 1024u * 1024u)

static char text[TEXT_SIZE];
seep_writer rows_writer;

void rows_begin(const char *head)
{
  seep_writer_init(&rows_writer, text, sizeof text);
  seep_writer_text(&rows_writer, head);
}

void rows_add(int64_t t_s, uint32_t pid, const char *process, uint64_t commit_bytes)
{
  seep_writer_format(&rows_writer, "%" PRId64 ",%" PRIu32 ",%s,%" PRIu64 "\n", t_s, pid, process,
                     commit_bytes);
}

void rows_write(const char *path)
{
  assert_false(rows_writer.cut);
  spawn_file_write(path, text, rows_writer.length);
}

uint64_t rows_leaking(unsigned poll)
{
  return (100 + poll) * POLLS_MB;
}

uint64_t rows_healthy(unsigned poll)
{
  return (100 + poll % 60) * POLLS_MB;
}

void rows_twins(unsigned from, unsigned to)
{
  for (unsigned n = from; n < to; n++) {
    rows_add((int64_t)n * ROWS_STEP_S, 4242, "leaky.exe", rows_leaking(n));
    rows_add((int64_t)n * ROWS_STEP_S, 77, "healthy.exe", rows_healthy(n));
  }
}

cJSON *rows_replayed(int exit_code, const char *path, const char *option, const char *value)
{
  const spawn_result *result = RUN(exit_code, "replay", path, "--json", option, value);
  return spawn_json(&result->out);
}

const cJSON *rows_leaks(const cJSON *document, int count)
{
  const cJSON *leaks = spawn_member(document, "leaks");
  assert_int_equal(cJSON_GetArraySize(leaks), count);
  return leaks;
}

const cJSON *rows_leak(const cJSON *document, int index)
{
  const cJSON *leak = cJSON_GetArrayItem(spawn_member(document, "leaks"), index);
  assert_non_null(leak);
  return leak;
}
