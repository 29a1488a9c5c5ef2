/*
 * The tracing flag against a small registry of one key: whatever stood there before and whatever others do in
 * between, only bit 0 changes, and taking it back leaves what was there, or what the others made of it.
 */
#include "capture/tracing_flag.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#define ABSENT SEEP_TRACING_FLAG_ABSENT
#define NUMBER SEEP_TRACING_FLAG_NUMBER
#define OTHER SEEP_TRACING_FLAG_OTHER
#define NONE UINT32_C(0xDEADBEEF) /* the edit has no number: the caller's must stay as it was */

static const seep_tracing_flag_state no_key = {false, false, ABSENT, 0};
static const seep_tracing_flag_state empty_key = {true, false, ABSENT, 0};
static const seep_tracing_flag_state debugger = {true, true, ABSENT, 0}; /* a key with something else in it */

static seep_tracing_flag_state number(uint32_t value)
{
  return (seep_tracing_flag_state){true, false, NUMBER, value};
}

static void setting(void **state)
{
  (void)state;
  static const struct {
    seep_tracing_flag_state now;
    seep_tracing_flag_edit edit;
    uint32_t number;
  } cases[] = {
      {{false, false, ABSENT, 0}, SEEP_TRACING_FLAG_WRITE, 1},
      {{true, false, ABSENT, 0}, SEEP_TRACING_FLAG_WRITE, 1},
      {{true, true, ABSENT, 0}, SEEP_TRACING_FLAG_WRITE, 1},
      {{true, true, ABSENT, 0xFF},
       SEEP_TRACING_FLAG_WRITE,
       1}, /* the number of no value counts for nothing */
      {{true, false, NUMBER, 0}, SEEP_TRACING_FLAG_WRITE, 1},
      {{true, false, NUMBER, 2}, SEEP_TRACING_FLAG_WRITE, 3},
      {{true, false, NUMBER, 0xFFFFFFFEu}, SEEP_TRACING_FLAG_WRITE, 0xFFFFFFFFu},
      {{true, false, NUMBER, 1}, SEEP_TRACING_FLAG_KEEP, NONE},
      {{true, true, NUMBER, 7}, SEEP_TRACING_FLAG_KEEP, NONE},
      {{true, false, OTHER, 0}, SEEP_TRACING_FLAG_REFUSE, NONE},
      {{true, false, OTHER, 1}, SEEP_TRACING_FLAG_REFUSE, NONE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint32_t written = NONE;
    assert_int_equal(seep_tracing_flag_set(&cases[i].now, &written), cases[i].edit);
    assert_int_equal(written, cases[i].number);
  }
}

static void undoing(void **state)
{
  (void)state;
  static const struct {
    seep_tracing_flag_state before, now;
    seep_tracing_flag_edit edit;
    uint32_t number;
  } cases[] = {
      /* Nobody else was there. */
      {{false, false, ABSENT, 0}, {true, false, NUMBER, 1}, SEEP_TRACING_FLAG_DELETE_KEY, NONE},
      {{true, false, ABSENT, 0}, {true, false, NUMBER, 1}, SEEP_TRACING_FLAG_DELETE, NONE},
      {{true, true, ABSENT, 0}, {true, true, NUMBER, 1}, SEEP_TRACING_FLAG_DELETE, NONE},
      {{true, false, NUMBER, 0}, {true, false, NUMBER, 1}, SEEP_TRACING_FLAG_WRITE, 0},
      {{true, false, NUMBER, 6}, {true, false, NUMBER, 7}, SEEP_TRACING_FLAG_WRITE, 6},
      /* Something else came into the key that we made: the key stays. */
      {{false, false, ABSENT, 0}, {true, true, NUMBER, 1}, SEEP_TRACING_FLAG_DELETE, NONE},
      {{false, false, ABSENT, 0}, {true, true, ABSENT, 0}, SEEP_TRACING_FLAG_KEEP, NONE},
      /* Other bits came: they stay, and so does the value that holds them. */
      {{false, false, ABSENT, 0}, {true, false, NUMBER, 3}, SEEP_TRACING_FLAG_WRITE, 2},
      {{true, false, ABSENT, 0}, {true, false, NUMBER, 5}, SEEP_TRACING_FLAG_WRITE, 4},
      {{true, false, NUMBER, 2}, {true, false, NUMBER, 5}, SEEP_TRACING_FLAG_WRITE, 4},
      {{true, false, NUMBER, 2}, {true, false, NUMBER, 1}, SEEP_TRACING_FLAG_WRITE, 0},
      {{false, false, ABSENT, 0}, {true, false, NUMBER, 2}, SEEP_TRACING_FLAG_KEEP, NONE},
      /* The bit was cleared: what is left of ours goes, another's value stays. */
      {{false, false, ABSENT, 0}, {true, false, NUMBER, 0}, SEEP_TRACING_FLAG_DELETE_KEY, NONE},
      {{true, true, ABSENT, 0}, {true, true, NUMBER, 0}, SEEP_TRACING_FLAG_DELETE, NONE},
      {{true, false, NUMBER, 2}, {true, false, NUMBER, 2}, SEEP_TRACING_FLAG_KEEP, NONE},
      {{true, false, NUMBER, 2}, {true, false, NUMBER, 0}, SEEP_TRACING_FLAG_KEEP, NONE},
      /* The value or the key was removed. */
      {{false, false, ABSENT, 0}, {true, false, ABSENT, 0}, SEEP_TRACING_FLAG_DELETE_KEY, NONE},
      {{true, false, ABSENT, 0}, {true, false, ABSENT, 0}, SEEP_TRACING_FLAG_KEEP, NONE},
      {{true, false, NUMBER, 2}, {true, false, ABSENT, 0}, SEEP_TRACING_FLAG_KEEP, NONE},
      {{false, false, ABSENT, 0}, {false, false, ABSENT, 0}, SEEP_TRACING_FLAG_KEEP, NONE},
      {{true, false, NUMBER, 2}, {false, false, ABSENT, 0}, SEEP_TRACING_FLAG_KEEP, NONE},
      /* Another type stands there now. */
      {{false, false, ABSENT, 0}, {true, false, OTHER, 1}, SEEP_TRACING_FLAG_KEEP, NONE},
      {{true, false, NUMBER, 2}, {true, false, OTHER, 3}, SEEP_TRACING_FLAG_KEEP, NONE},
      /* We had nothing to set, so there is nothing to take back. */
      {{true, false, NUMBER, 1}, {true, false, NUMBER, 1}, SEEP_TRACING_FLAG_KEEP, NONE},
      {{true, false, OTHER, 0}, {true, false, NUMBER, 1}, SEEP_TRACING_FLAG_KEEP, NONE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint32_t written = NONE;
    seep_tracing_flag_edit edit = seep_tracing_flag_undo(&cases[i].before, &cases[i].now, &written);
    if (edit != cases[i].edit || written != cases[i].number) {
      fail_msg("case %u: edit %d, number %u", (unsigned)i, (int)edit, (unsigned)written);
    }
  }
}

/* What the Windows side does with an edit. */
static void apply(seep_tracing_flag_state *key, seep_tracing_flag_edit edit, uint32_t written)
{
  if (edit == SEEP_TRACING_FLAG_WRITE) {
    key->key_exists = true;
    key->form = NUMBER;
    key->number = written;
  } else if (edit == SEEP_TRACING_FLAG_DELETE || edit == SEEP_TRACING_FLAG_DELETE_KEY) {
    key->form = ABSENT;
    key->number = 0;
    key->key_exists = edit == SEEP_TRACING_FLAG_DELETE || key->has_more;
  }
}

static void assert_same(const seep_tracing_flag_state *a, const seep_tracing_flag_state *b)
{
  assert_int_equal(a->key_exists, b->key_exists);
  assert_int_equal(a->has_more, b->has_more);
  assert_int_equal(a->form, b->form);
  assert_int_equal(a->number, b->number);
}

/* Set and taken back with nobody in between: the registry is as it was, and a second undo changes nothing. */
static void there_and_back(void **state)
{
  (void)state;
  const seep_tracing_flag_state befores[] = {no_key,    empty_key, debugger,
                                             number(0), number(2), number(0xFFFFFFFEu)};
  for (size_t i = 0; i < sizeof befores / sizeof befores[0]; i++) {
    seep_tracing_flag_state key = befores[i];
    uint32_t written = NONE;
    seep_tracing_flag_edit edit = seep_tracing_flag_set(&key, &written);
    apply(&key, edit, written);
    assert_true(seep_tracing_flag_is_set(&key));
    for (int time = 0; time < 2; time++) {
      written = NONE;
      edit = seep_tracing_flag_undo(&befores[i], &key, &written);
      apply(&key, edit, written);
      assert_same(&key, &befores[i]);
    }
  }
}

/* Every state that others may leave, after every state there was: no bit but 0 differs from what they left.
 */
static void only_bit_0(void **state)
{
  (void)state;
  for (unsigned a = 0; a < 64; a++) {
    for (unsigned b = 0; b < 64; b++) {
      seep_tracing_flag_state before = {(a & 1) != 0, (a & 2) != 0, (seep_tracing_flag_form)(a / 4 % 3),
                                        a / 16};
      seep_tracing_flag_state now = {(b & 1) != 0, (b & 2) != 0, (seep_tracing_flag_form)(b / 4 % 3), b / 16};
      uint32_t written = NONE;
      switch (seep_tracing_flag_undo(&before, &now, &written)) {
      case SEEP_TRACING_FLAG_WRITE:
        assert_true(now.form == NUMBER && (now.number ^ written) == 1 && (written & 1) == 0);
        break;
      case SEEP_TRACING_FLAG_DELETE:
        assert_true(before.form == ABSENT && now.form == NUMBER && now.number <= 1);
        break;
      case SEEP_TRACING_FLAG_DELETE_KEY:
        assert_true(before.form == ABSENT && !before.key_exists && !now.has_more);
        assert_true(now.form == ABSENT || (now.form == NUMBER && now.number <= 1));
        break;
      case SEEP_TRACING_FLAG_KEEP:
        break;
      case SEEP_TRACING_FLAG_REFUSE:
      default:
        fail();
      }
    }
  }
}

static void set_or_not(void **state)
{
  (void)state;
  seep_tracing_flag_state key = number(1);
  assert_true(seep_tracing_flag_is_set(&key));
  key.number = 3;
  assert_true(seep_tracing_flag_is_set(&key));
  key.number = 2;
  assert_false(seep_tracing_flag_is_set(&key));
  key = (seep_tracing_flag_state){true, false, OTHER, 1};
  assert_false(seep_tracing_flag_is_set(&key));
  assert_false(seep_tracing_flag_is_set(&no_key));
}

static void plain_names(void **state)
{
  (void)state;
  static const char *const good[] = {"a",   "app.exe",      "My App.exe", "..a", "a..",
                                     "...", "\xc3\xa4.exe", "%.exe",      "a!b", "\xed\xa0\x80.exe"};
  static const char *const bad[] = {"",
                                    ".",
                                    "..",
                                    "a/b",
                                    "a\\b",
                                    "C:a.exe",
                                    "a\tb",
                                    "a\nb",
                                    "\x7f",
                                    "\xff",
                                    "a\xc3",
                                    "\x01",
                                    "\\a.exe",
                                    "../a.exe",
                                    "a.exe\\",
                                    "\xc2\x85",
                                    "a\xe2\x80\xae.exe.b"};
  char name[SEEP_TRACING_FLAG_IMAGE_SIZE + 1];
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_true(seep_tracing_flag_name_is_plain(good[i]));
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_false(seep_tracing_flag_name_is_plain(bad[i]));
  }
  memset(name, 'a', sizeof name);
  name[255] = '\0';
  assert_true(seep_tracing_flag_name_is_plain(name));
  name[255] = 'a';
  name[256] = '\0';
  assert_false(seep_tracing_flag_name_is_plain(name));
}

static void never(void **state)
{
  (void)state;
  static const char *const yes[] = {"smss.exe",        "csrss.exe",
                                    "wininit.exe",     "winlogon.exe",
                                    "services.exe",    "lsass.exe",
                                    "lsaiso.exe",      "system",
                                    "registry",        "memory compression",
                                    "secure system",   "vmmem",
                                    "msmpeng.exe",     "mssense.exe",
                                    "nissrv.exe",      "wpr.exe",
                                    "seepwatch.exe",   "dwm.exe",
                                    "fontdrvhost.exe", "LSASS.EXE",
                                    "LsaIso.exe",      "Memory Compression",
                                    "SeepWatch.exe"};
  static const char *const no[] = {"",           "app.exe",     "lsass.ex",    "lsass.exe2",
                                   "xlsass.exe", "svchost.exe", "system.exe2", "services.msc",
                                   "w3wp.exe",   "lsass"};
  for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
    assert_true(seep_tracing_flag_is_never(yes[i]));
  }
  for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
    assert_false(seep_tracing_flag_is_never(no[i]));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(setting),    cmocka_unit_test(undoing),    cmocka_unit_test(there_and_back),
      cmocka_unit_test(only_bit_0), cmocka_unit_test(set_or_not), cmocka_unit_test(plain_names),
      cmocka_unit_test(never),
  };
  return cmocka_run_group_tests_name("capture_tracing_flag", tests, NULL, NULL);
}
