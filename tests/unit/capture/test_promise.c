/*
 * Journal entries: what is written is read back the same, whatever the process is called; what is damaged in
 * any one place is refused and leaves the result untouched; entries of earlier versions are read.
 */
#include "capture/promise.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static seep_promise_recording recording(void)
{
  seep_promise_recording promise;
  memset(&promise, 0, sizeof promise);
  seep_text_copy(promise.instance, sizeof promise.instance, "Seepwatch");
  promise.case_id = 7;
  promise.key = (seep_process_key){4242, UINT64_C(133700000000000000)};
  seep_text_copy(promise.image, sizeof promise.image, "leaky app.exe");
  promise.kind = SEEP_PROFILE_HEAP_BY_FLAG;
  seep_text_copy(promise.file, sizeof promise.file, "20261122T104444Z-leaky_app.exe-4242-heap.etl");
  promise.requested.ms = INT64_C(1795344284123);
  return promise;
}

static seep_promise_flag flag(void)
{
  seep_promise_flag promise;
  memset(&promise, 0, sizeof promise);
  seep_text_copy(promise.image, sizeof promise.image, "leaky app.exe");
  promise.before = (seep_tracing_flag_state){
      .key_exists = true, .has_more = true, .form = SEEP_TRACING_FLAG_NUMBER, .number = 2};
  promise.set.ms = INT64_C(1795344284123);
  promise.expires.ms = INT64_C(1795430684123);
  promise.case_id = 7;
  promise.key = (seep_process_key){4242, UINT64_C(133700000000000000)};
  return promise;
}

static char line[SEEP_PROMISE_SIZE];

static void assert_same_key(const seep_process_key *a, const seep_process_key *b)
{
  assert_int_equal(a->pid, b->pid);
  assert_true(a->created == b->created);
}

static void assert_recording_survives(const seep_promise_recording *promise)
{
  seep_promise_recording back;
  memset(&back, 0xA5, sizeof back);
  assert_true(seep_promise_write_recording(promise, line, sizeof line));
  assert_null(strpbrk(line, "\r\n"));
  assert_true(seep_promise_read_recording(line, &back));
  assert_string_equal(back.instance, promise->instance);
  assert_true(back.case_id == promise->case_id);
  assert_same_key(&back.key, &promise->key);
  assert_string_equal(back.image, promise->image);
  assert_int_equal(back.kind, promise->kind);
  assert_string_equal(back.file, promise->file);
  assert_true(back.requested.ms == promise->requested.ms);
}

static void assert_flag_survives(const seep_promise_flag *promise)
{
  seep_promise_flag back;
  memset(&back, 0xA5, sizeof back);
  assert_true(seep_promise_write_flag(promise, line, sizeof line));
  assert_null(strpbrk(line, "\r\n"));
  assert_true(seep_promise_read_flag(line, &back));
  assert_string_equal(back.image, promise->image);
  assert_int_equal(back.before.key_exists, promise->before.key_exists);
  assert_int_equal(back.before.has_more, promise->before.has_more);
  assert_int_equal(back.before.form, promise->before.form);
  assert_int_equal(back.before.number, promise->before.number);
  assert_true(back.set.ms == promise->set.ms && back.expires.ms == promise->expires.ms);
  assert_true(back.case_id == promise->case_id);
  assert_same_key(&back.key, &promise->key);
}

/* The form in which entries lie in databases: it can only ever be added to under another version word. */
static void exact_lines(void **state)
{
  (void)state;
  seep_promise_recording a = recording();
  seep_promise_flag b = flag();
  assert_true(seep_promise_write_recording(&a, line, sizeof line));
  assert_string_equal(line, "1\tinstance=Seepwatch\tkind=heap-by-flag\trequested=1795344284123\tcase=7\t"
                            "pid=4242\tcreated=133700000000000000\t"
                            "file=20261122T104444Z-leaky_app.exe-4242-heap.etl\timage=leaky app.exe");
  assert_true(seep_promise_write_flag(&b, line, sizeof line));
  assert_string_equal(line, "1\tkey=1\tmore=1\tform=number\tnumber=2\tset=1795344284123\t"
                            "expires=1795430684123\tcase=7\tpid=4242\tcreated=133700000000000000\t"
                            "image=leaky app.exe");
}

static void kinds_and_instances(void **state)
{
  (void)state;
  seep_promise_recording promise = recording();
  for (int kind = 0; kind < SEEP_PROFILE_KINDS; kind++) {
    promise.kind = (seep_profile_kind)kind;
    assert_recording_survives(&promise);
  }
  promise.kind = (seep_profile_kind)SEEP_PROFILE_KINDS;
  assert_false(seep_promise_write_recording(&promise, line, sizeof line));
  promise = recording();
  seep_text_copy(promise.instance, sizeof promise.instance, "WprApp"); /* Server 2016 has no other */
  assert_recording_survives(&promise);
  memset(promise.instance, 'x', sizeof promise.instance - 1);
  assert_recording_survives(&promise);
  seep_text_copy(promise.instance, sizeof promise.instance, "a b");
  assert_false(seep_promise_write_recording(&promise, line, sizeof line));
  assert_string_equal(line, "");
}

static void hostile_images(void **state)
{
  (void)state;
  static const char *const images[] = {"",
                                       "a\tb",
                                       "a\nimage=b\r",
                                       "%",
                                       "100%25.exe",
                                       "%00",
                                       "a=b\tcase=8",
                                       "\x01\x02\x1f\x7f",
                                       "\xc2\x85\xe2\x80\xae.exe.a", /* shown, it would pose as another */
                                       "\xed\xa0\x80.exe",           /* a lone surrogate each */
                                       "x\xed\xbf\xbf",
                                       "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80.exe",
                                       "a:b", /* a stream of a file can be run */
                                       " "};
  seep_promise_recording promise = recording();
  for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
    seep_text_copy(promise.image, sizeof promise.image, images[i]);
    assert_recording_survives(&promise);
  }
  memset(promise.image, '\x01', sizeof promise.image - 1); /* each becomes three; all else at its longest */
  memset(promise.instance, 'x', sizeof promise.instance - 1);
  memset(promise.file, 'f', sizeof promise.file - 1);
  promise.case_id = INT64_MAX;
  promise.key = (seep_process_key){UINT32_MAX, UINT64_MAX};
  promise.requested.ms = INT64_C(253402300799999);
  assert_recording_survives(&promise);
}

static void bad_images(void **state)
{
  (void)state;
  static const char *const images[] = {"a/b", "a\\b", ".", "..", "\xff", "a\xc3", "\xe2\x82"};
  seep_promise_recording promise = recording();
  for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
    memset(promise.image, 0, sizeof promise.image);
    memcpy(promise.image, images[i], strlen(images[i]));
    line[0] = 'x';
    assert_false(seep_promise_write_recording(&promise, line, sizeof line));
    assert_string_equal(line, "");
  }
  memset(promise.image, 'a', sizeof promise.image); /* without an end */
  assert_false(seep_promise_write_recording(&promise, line, sizeof line));
}

/* The name is joined with a folder later: nothing may lead out of that. */
static void bad_files(void **state)
{
  (void)state;
  static const char *const files[] = {"",          ".",       "..",      "../a.etl", "a/b.etl",
                                      "..\\a.etl", "C:a.etl", "a.etl:b", "a\tb.etl", "a\x01.etl"};
  seep_promise_recording promise = recording();
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    seep_text_copy(promise.file, sizeof promise.file, files[i]);
    assert_false(seep_promise_write_recording(&promise, line, sizeof line));
  }
  seep_text_copy(promise.file, sizeof promise.file, "..a%25..etl");
  assert_recording_survives(&promise);
}

static void flag_states(void **state)
{
  (void)state;
  static const struct {
    seep_tracing_flag_state before;
    bool sound;
  } states[] = {
      {{false, false, SEEP_TRACING_FLAG_ABSENT, 0}, true},
      {{true, false, SEEP_TRACING_FLAG_ABSENT, 0}, true},
      {{true, true, SEEP_TRACING_FLAG_ABSENT, 0}, true},
      {{true, false, SEEP_TRACING_FLAG_NUMBER, 0}, true},
      {{true, true, SEEP_TRACING_FLAG_NUMBER, UINT32_MAX}, true},
      {{true, true, SEEP_TRACING_FLAG_OTHER, 0}, true},
      {{false, true, SEEP_TRACING_FLAG_ABSENT, 0}, false}, /* in what? */
      {{false, false, SEEP_TRACING_FLAG_NUMBER, 2}, false},
      {{false, false, SEEP_TRACING_FLAG_OTHER, 0}, false},
      {{true, false, SEEP_TRACING_FLAG_ABSENT, 2}, false}, /* of what? */
      {{true, false, SEEP_TRACING_FLAG_OTHER, 2}, false},
      {{true, false, (seep_tracing_flag_form)3, 0}, false},
  };
  seep_promise_flag promise = flag();
  for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
    promise.before = states[i].before;
    if (states[i].sound) {
      assert_flag_survives(&promise);
    } else {
      assert_false(seep_promise_write_flag(&promise, line, sizeof line));
      assert_string_equal(line, "");
    }
  }
}

static void flag_images(void **state)
{
  (void)state;
  static const char *const bad[] = {"", ".", "..", "a\\b", "a/b", "a:b", "a\tb", "\xff"};
  seep_promise_flag promise = flag();
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    memset(promise.image, 0, sizeof promise.image);
    memcpy(promise.image, bad[i], strlen(bad[i]));
    assert_false(seep_promise_write_flag(&promise, line, sizeof line));
  }
  seep_text_copy(promise.image, sizeof promise.image, "a b\xed\xa0\x80%.exe");
  assert_flag_survives(&promise);
  memset(promise.image, '%', sizeof promise.image - 1); /* the longest line there is */
  promise.before.number = UINT32_MAX;
  promise.set.ms = promise.expires.ms = INT64_C(253402300799999);
  promise.case_id = INT64_MAX;
  promise.key = (seep_process_key){UINT32_MAX, UINT64_MAX};
  assert_flag_survives(&promise);
}

static void numbers_out_of_bounds(void **state)
{
  (void)state;
  seep_promise_recording a = recording();
  seep_promise_flag b = flag();
  a.case_id = -1;
  assert_false(seep_promise_write_recording(&a, line, sizeof line));
  a = recording();
  a.requested.ms = -1;
  assert_false(seep_promise_write_recording(&a, line, sizeof line));
  a.requested.ms = INT64_C(253402300800000);
  assert_false(seep_promise_write_recording(&a, line, sizeof line));
  b.case_id = -1;
  assert_false(seep_promise_write_flag(&b, line, sizeof line));
  b = flag();
  b.expires.ms = b.set.ms - 1;
  assert_false(seep_promise_write_flag(&b, line, sizeof line));
  b.expires.ms = b.set.ms;
  assert_flag_survives(&b);
}

static void small_rooms(void **state)
{
  (void)state;
  seep_promise_recording a = recording();
  seep_promise_flag b = flag();
  assert_true(seep_promise_write_recording(&a, line, sizeof line));
  size_t needed = strlen(line) + 1;
  for (size_t size = 1; size < needed; size++) {
    assert_false(seep_promise_write_recording(&a, line, size));
    assert_string_equal(line, "");
  }
  assert_true(seep_promise_write_recording(&a, line, needed));
  assert_false(seep_promise_write_recording(&a, line, 0));
  assert_true(seep_promise_write_flag(&b, line, sizeof line));
  needed = strlen(line) + 1;
  assert_false(seep_promise_write_flag(&b, line, needed - 1));
  assert_string_equal(line, "");
  assert_true(seep_promise_write_flag(&b, line, needed));
}

static void earlier_versions(void **state)
{
  (void)state;
  seep_promise_recording back, untouched;
  memset(&back, 0xA5, sizeof back);
  assert_true(seep_promise_read_recording("Seepwatch", &back));
  assert_string_equal(back.instance, "Seepwatch");
  assert_true(back.case_id == 0 && back.key.pid == 0 && back.key.created == 0 && back.requested.ms == 0);
  assert_int_equal(back.kind, SEEP_PROFILE_VIRTUALALLOC);
  assert_string_equal(back.image, "");
  assert_string_equal(back.file, "");
  /* Never written by any version; a cancel without a name of our own would end a stranger's recording. */
  static const char *const bad[] = {"WprApp", "", "a b", "-cancel", "Seepwatch\n", "a/b"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    memset(&back, 0xA5, sizeof back);
    memset(&untouched, 0xA5, sizeof untouched);
    assert_false(seep_promise_read_recording(bad[i], &back));
    assert_memory_equal(&back, &untouched, sizeof back);
  }
}

/* `from` replaced by `to` in text, which holds it once. */
static const char *changed(const char *text, const char *from, const char *to)
{
  static char out[2 * SEEP_PROMISE_SIZE];
  const char *at = strstr(text, from);
  assert_non_null(at);
  snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  return out;
}

typedef struct change {
  const char *from, *to;
} change;

static void damaged_recordings(void **state)
{
  (void)state;
  static const change changes[] = {
      {"1\t", "2\t"},
      {"1\t", "\t"},
      {"1\t", "01\t"},
      {"1\t", " 1\t"},
      {"1\t", "1\t\t"},
      {"\tcase=7", ""},
      {"\tcase=7", "\tcase=7\tcase=7"},
      {"\tcase=7\tpid=4242", "\tpid=4242\tcase=7"},
      {"case=7", "Case=7"},
      {"case=7", "case="},
      {"case=7", "case=07"},
      {"case=7", "case=+7"},
      {"case=7", "case=-7"},
      {"case=7", "case= 7"},
      {"case=7", "case=7 "},
      {"case=7", "case=0x7"},
      {"case=7", "case=9223372036854775808"},
      {"case=7", "case=18446744073709551616"},
      {"case=7", "case=99999999999999999999999"},
      {"pid=4242", "pid=4294967296"},
      {"created=133700000000000000", "created=18446744073709551616"},
      {"requested=1795344284123", "requested=253402300800000"},
      {"kind=heap-by-flag", "kind=hea"},
      {"kind=heap-by-flag", "kind="},
      {"kind=heap-by-flag", "kind=2"},
      {"instance=Seepwatch", "instance="},
      {"instance=Seepwatch", "instance=wprapp"},
      {"instance=Seepwatch", "instance=Seep watch"},
      {"instance=Seepwatch", "instance=%53eepwatch"},
      {"instance=Seepwatch", "instance=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
      {"file=2026", "file=..\\2026"},
      {"file=2026", "file=../2026"},
      {"file=2026", "file=C:2026"},
      {"file=20261122T104444Z-leaky_app.exe-4242-heap.etl", "file="},
      {"file=20261122T104444Z-leaky_app.exe-4242-heap.etl", "file=.."},
      {"file=2026", "file=%002026"},
      {"image=leaky", "image=leaky/"},
      {"image=leaky", "image=leaky\\"},
      {"image=leaky", "image=%"},
      {"image=leaky", "image=%4"},
      {"image=leaky", "image=%2g"},
      {"image=leaky", "image=%61"}, /* needs no escape: a second spelling */
      {"image=leaky", "image=%00"},
      {"image=leaky", "image=%5C"},
      {"image=leaky", "image=\x01"},
      {"image=leaky", "image=\xff"},
      {"image=leaky", "image=%FF"},
      {"app.exe", "app.exe%2"},
      {"app.exe", "app.exe%"},
      {"image=leaky app.exe", "image=leaky app.exe\n"},
      {"image=leaky app.exe", "image=leaky app.exe\t"},
      {"image=leaky app.exe", "image=leaky app.exe\tmore=1"},
  };
  char good[SEEP_PROMISE_SIZE];
  seep_promise_recording promise = recording(), back, untouched;
  seep_text_copy(promise.file, sizeof promise.file, "20261122T104444Z-leaky_app.exe-4242-heap.etl");
  assert_true(seep_promise_write_recording(&promise, good, sizeof good));
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
    memset(&back, 0xA5, sizeof back);
    memset(&untouched, 0xA5, sizeof untouched);
    if (seep_promise_read_recording(changed(good, changes[i].from, changes[i].to), &back)) {
      fail_msg("%s -> %s was taken", changes[i].from, changes[i].to);
    }
    assert_memory_equal(&back, &untouched, sizeof back);
  }
  assert_true(seep_promise_read_recording(good, &back)); /* it was the changes */
}

static void damaged_flags(void **state)
{
  (void)state;
  static const change changes[] = {
      {"1\t", "3\t"},
      {"key=1", "key=2"},
      {"key=1", "key="},
      {"key=1", "key=0"}, /* a number in no key */
      {"more=1", "more=01"},
      {"more=1\t", ""},
      {"form=number", "form=absent"}, /* with a number */
      {"form=number", "form=dword"},
      {"number=2", "number=4294967296"},
      {"number=2", "number="},
      {"set=1795344284123", "set=1795430684124"}, /* later than it expires */
      {"expires=1795430684123", "expires=999999999999999"},
      {"pid=4242", "pid=x"},
      {"image=leaky app.exe", "image="},
      {"image=leaky app.exe", "image=.."},
      {"image=leaky", "image=a\\leaky"},
      {"image=leaky", "image=%09leaky"}, /* no key has such a name */
      {"image=leaky app.exe", "image=leaky app.exe\tx=1"},
  };
  char good[SEEP_PROMISE_SIZE];
  seep_promise_flag promise = flag(), back, untouched;
  assert_true(seep_promise_write_flag(&promise, good, sizeof good));
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
    memset(&back, 0xA5, sizeof back);
    memset(&untouched, 0xA5, sizeof untouched);
    if (seep_promise_read_flag(changed(good, changes[i].from, changes[i].to), &back)) {
      fail_msg("%s -> %s was taken", changes[i].from, changes[i].to);
    }
    assert_memory_equal(&back, &untouched, sizeof back);
  }
  assert_true(seep_promise_read_flag(good, &back));
}

/* Cut off anywhere, an entry is damaged; one kind is never taken for the other. */
static void cut_and_mixed_up(void **state)
{
  (void)state;
  seep_promise_recording a = recording(), a_back;
  seep_promise_flag b = flag(), b_back;
  char cut[SEEP_PROMISE_SIZE];
  seep_text_copy(a.image, sizeof a.image, "%");
  assert_true(seep_promise_write_recording(&a, line, sizeof line));
  assert_false(seep_promise_read_flag(line, &b_back));
  size_t image = (size_t)(strstr(line, "image=") - line) + strlen("image=");
  for (size_t length = 2; length < strlen(line); length++) {
    seep_text_copy_bytes(cut, sizeof cut, line, length);
    assert_int_equal(seep_promise_read_recording(cut, &a_back), length == image); /* an empty name is one */
  }
  assert_true(seep_promise_write_flag(&b, line, sizeof line));
  assert_false(seep_promise_read_recording(line, &a_back));
  assert_false(seep_promise_read_flag("Seepwatch", &b_back));
  assert_false(seep_promise_read_flag("", &b_back));
  image = (size_t)(strstr(line, "image=") - line) + strlen("image=");
  for (size_t length = 0; length <= image; length++) {
    seep_text_copy_bytes(cut, sizeof cut, line, length);
    assert_false(seep_promise_read_flag(cut, &b_back));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exact_lines),        cmocka_unit_test(kinds_and_instances),
      cmocka_unit_test(hostile_images),     cmocka_unit_test(bad_images),
      cmocka_unit_test(bad_files),          cmocka_unit_test(flag_states),
      cmocka_unit_test(flag_images),        cmocka_unit_test(numbers_out_of_bounds),
      cmocka_unit_test(small_rooms),        cmocka_unit_test(earlier_versions),
      cmocka_unit_test(damaged_recordings), cmocka_unit_test(damaged_flags),
      cmocka_unit_test(cut_and_mixed_up),
  };
  return cmocka_run_group_tests_name("capture_promise", tests, NULL, NULL);
}
