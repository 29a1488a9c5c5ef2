/*
 * The sentences that seepwatch.exe itself shows: its message table as the message compiler has made it, read
 * by service/message_text.c, gives for every sample of config/events.md the text that stands there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "message_text.h"
#include "unit/report/rendering.h"
#include "unit/report/sample_alerts.h"

static seep_alert alert;

/* On one line, as the console shows it: each line end, and blanks around it, become one blank. */
static const char *on_one_line(const char *text)
{
  static char line[16384];
  size_t length = 0;
  for (; *text != '\0'; text++) {
    bool blank = *text == '\n' || *text == ' ';
    if (!blank || (length > 0 && line[length - 1] != ' ')) {
      assert_true(length + 1 < sizeof line);
      line[length++] = blank ? ' ' : *text;
    }
  }
  while (length > 0 && line[length - 1] == ' ') {
    length--;
  }
  line[length] = '\0';
  return line;
}

static char *shown(const seep_alert *from)
{
  const char *inserts[SEEP_ALERT_INSERTS];
  for (size_t i = 0; i < from->insert_count; i++) {
    inserts[i] = from->inserts[i];
  }
  char *text = seep_message_text(from->id, (int)from->level, inserts, from->insert_count);
  if (text == NULL) {
    fail_msg("event %u has no text in the message table", (unsigned)from->id);
  }
  return text;
}

static void every_sample_reads_as_in_the_catalogue(void **state)
{
  (void)state;
  const sample_alert *sample;
  for (size_t i = 0; (sample = sample_alerts_at(i)) != NULL; i++) {
    sample->make(&alert);
    char *text = shown(&alert);
    assert_string_equal(text, on_one_line(rendering_of(&alert)));
    free(text);
  }
}

/* Names are not looked into again, by whatever a reader might expand in them. */
static void inserts_are_literal(void **state)
{
  (void)state;
  for (const seep_alert_definition *all = seep_alert_definitions(); all->id != 0; all++) {
    seep_alert_init(&alert, all->id);
    for (size_t n = 0; n < all->insert_count; n++) {
      seep_alert_add_text(&alert, "%1%2!S!%n%%%{S-1-5-18}%0.");
    }
    char *text = shown(&alert);
    assert_string_equal(text, on_one_line(rendering_of(&alert)));
    free(text);
  }
}

static void others_have_no_text(void **state)
{
  (void)state;
  const char *insert = "x";
  assert_null(seep_message_text(99, SEEP_ALERT_INFORMATION, &insert, 1));
  assert_null(seep_message_text(SEEP_ALERT_LEAK_FOUND, SEEP_ALERT_ERROR, &insert, 1));
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

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_sample_reads_as_in_the_catalogue),
      cmocka_unit_test(inserts_are_literal),
      cmocka_unit_test(others_have_no_text),
  };
  return cmocka_run_group_tests(tests, open_catalogue, close_catalogue);
}
