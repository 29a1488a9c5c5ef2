/*
 * config/events.md, the catalogue of all events as administrators read them, is held to the samples of
 * sample_alerts.c, rendered from service/messages.mc; called with `write`, this program makes it anew. No
 * event may be without a sample.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "unit/report/rendering.h"
#include "unit/report/sample_alerts.h"

#define MOST (256u * 1024u)

static char wanted[MOST], found[MOST];
static seep_alert alert;

/* A line here is a line there. */
/* clang-format off */
static const char introduction[] =
    "# Events\n"
    "\n"
    "Every event that Seepwatch writes to the Application log, source `seepwatch`, as a reader of the log shows it. The\n"
    "figures are samples; the sentences are those that are built into seepwatch.exe. This file is written by a test\n"
    "(`test_report_events write`), and the same test fails when it differs from what the program says.\n"
    "\n"
    "- Ids, levels and the order of the inserts are an interface. An id keeps its meaning for ever; new inserts come at the\n"
    "  end only. The sentences may become better: rules of a central log should read ids and inserts, never sentences. In\n"
    "  the XML of an event the inserts are the `Data` elements; `%1` is the first.\n"
    "- **Warning**: memory of this server leaks or runs short, or Seepwatch can do less than it should. Somebody has to\n"
    "  look; how soon is said by the time that is left. **Error**: something that Seepwatch is for does not work now.\n"
    "  **Information**: nothing has to be done.\n"
    "- A value that is not known is `-`. No insert is ever empty.\n"
    "- Names of programs, services and files, and texts of Windows, are literal. Whatever a name holds, it stays in its\n"
    "  place: control characters become spaces, a `%1` in a name stays as it is, and what is longer than 511 bytes is cut.\n"
    "- Times are UTC. KB, MB, GB and TB are powers of 1024.\n"
    "- Events about processes and recordings beyond `alerts.maximum_per_hour` (60) are held back, counted and told together\n"
    "  as event 112. Those about the whole server and about Seepwatch itself never are.\n";

/* clang-format on */

static const char *level_of(const seep_alert_definition *definition)
{
  return definition->level == SEEP_ALERT_INFORMATION ? "Information"
         : definition->level == SEEP_ALERT_WARNING   ? "Warning"
                                                     : "Error";
}

static const sample_alert *sample_of(const seep_alert_definition *definition, size_t *index)
{
  for (const sample_alert *sample; (sample = sample_alerts_at(*index)) != NULL; (*index)++) {
    if (sample->id == definition->id) {
      (*index)++;
      return sample;
    }
  }
  return NULL;
}

static const char *title_of(const seep_alert_definition *definition)
{
  size_t index = 0;
  const sample_alert *sample = sample_of(definition, &index);
  if (sample == NULL) {
    fail_msg("event %u has no sample", (unsigned)definition->id);
  }
  return sample->title;
}

static void write_list(seep_writer *writer)
{
  seep_writer_text(writer, "\n| id | level | event |\n| --- | --- | --- |\n");
  for (const seep_alert_definition *all = seep_alert_definitions(); all->id != 0; all++) {
    seep_writer_format(writer, "| %u | %s | %s |\n", (unsigned)all->id, level_of(all), title_of(all));
  }
}

static void write_event(seep_writer *writer, const seep_alert_definition *definition)
{
  const sample_alert *sample;
  seep_writer_format(writer, "\n## %u %s (%s)\n", (unsigned)definition->id, title_of(definition),
                     level_of(definition));
  for (size_t index = 0; (sample = sample_of(definition, &index)) != NULL;) {
    assert_string_equal(sample->title, title_of(definition));
    sample->make(&alert);
    assert_int_equal(alert.id, definition->id);
    assert_int_equal(alert.level, definition->level);
    if (sample->when != NULL) {
      seep_writer_format(writer, "\n%s:\n", sample->when);
    }
    seep_writer_format(writer, "\n```text\n%s```\n", rendering_of(&alert));
  }
  seep_writer_text(writer, "\n| insert | name |\n| --- | --- |\n");
  for (size_t i = 0; i < definition->insert_count; i++) {
    seep_writer_format(writer, "| `%%%zu` | %s |\n", i + 1, definition->insert_names[i]);
  }
}

static size_t write_all(void)
{
  seep_writer writer;
  seep_writer_init(&writer, wanted, sizeof wanted);
  seep_writer_text(&writer, introduction);
  write_list(&writer);
  for (const seep_alert_definition *all = seep_alert_definitions(); all->id != 0; all++) {
    write_event(&writer, all);
  }
  assert_false(writer.cut);
  return writer.length;
}

static void all_events_are_as_shown(void **state)
{
  (void)state;
  size_t length = write_all();
  FILE *stream = fopen(SEEP_EVENTS, "rb");
  assert_non_null(stream);
  size_t size = fread(found, 1, sizeof found - 1, stream);
  fclose(stream);
  found[size] = '\0';
  unsigned line = 1;
  const char *want = wanted, *have = found;
  for (;;) {
    size_t want_length = strcspn(want, "\n"), have_length = strcspn(have, "\n");
    if (want_length != have_length || memcmp(want, have, want_length) != 0 ||
        want[want_length] != have[have_length]) {
      fail_msg("config/events.md, line %u (test_report_events write makes the file anew)\nhas:    %.*s\n"
               "wanted: %.*s",
               line, (int)have_length, have, (int)want_length, want);
    }
    if (want[want_length] == '\0') {
      break;
    }
    want += want_length + 1;
    have += have_length + 1;
    line++;
  }
  assert_int_equal(size, length);
}

/* The list of samples and the table of events hold the same ids. */
static void every_sample_is_of_an_event(void **state)
{
  (void)state;
  size_t count = 0;
  for (const sample_alert *sample; (sample = sample_alerts_at(count)) != NULL; count++) {
    assert_non_null(seep_alert_definition_of(sample->id));
  }
  assert_true(count > 30);
}

static int open_catalogue(void **state)
{
  (void)state;
  return rendering_open(SEEP_MESSAGES) ? 0 : -1;
}

static int close_catalogue(void **state)
{
  (void)state;
  rendering_close();
  return 0;
}

static void write_file(void **state)
{
  (void)state;
  size_t length = write_all();
  FILE *stream = fopen(SEEP_EVENTS, "wb");
  assert_non_null(stream);
  assert_int_equal(fwrite(wanted, 1, length, stream), length);
  assert_int_equal(fclose(stream), 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_sample_is_of_an_event),
      cmocka_unit_test(all_events_are_as_shown),
  };
  const struct CMUnitTest writing[] = {cmocka_unit_test(write_file)};
  if (argc == 2 && strcmp(argv[1], "write") == 0) {
    return cmocka_run_group_tests(writing, open_catalogue, close_catalogue);
  }
  return cmocka_run_group_tests(tests, open_catalogue, close_catalogue);
}
