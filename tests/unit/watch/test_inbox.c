/* The door between threads: order, bounds, and a STOP that always fits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <uv.h>

#include "watch/inbox.h"

static int set_up(void **state)
{
  *state = seep_inbox_new();
  return *state != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
  seep_inbox_free(*state);
  return 0;
}

static void items_come_out_in_order_with_their_contents(void **state)
{
  seep_inbox *inbox = *state;
  seep_error error = {SEEP_OS, SEEP_DOMAIN_WIN32, 1722, "EvtNext", "x"};
  assert_null(seep_inbox_take(inbox));
  assert_true(seep_inbox_put_event(inbox, "<Event/>", 8, "mark", 4));
  assert_true(seep_inbox_put_feed(inbox, false, &error));
  assert_true(seep_inbox_put(inbox, SEEP_INBOX_RELOAD));
  const seep_inbox_item *item = seep_inbox_take(inbox);
  assert_int_equal(item->kind, SEEP_INBOX_EVENT);
  assert_int_equal(item->text_bytes, 8);
  assert_memory_equal(item->text, "<Event/>", 8);
  assert_memory_equal(item->bookmark, "mark", 4);
  item = seep_inbox_take(inbox);
  assert_int_equal(item->kind, SEEP_INBOX_FEED_DOWN);
  assert_int_equal(item->error.code, 1722);
  assert_int_equal(seep_inbox_take(inbox)->kind, SEEP_INBOX_RELOAD);
  assert_null(seep_inbox_take(inbox));
  assert_int_equal(seep_inbox_lost(inbox), 0);
}

static void a_full_inbox_counts_and_lets_a_stop_in(void **state)
{
  seep_inbox *inbox = *state;
  for (unsigned i = 0; i < SEEP_INBOX_SLOTS; i++) {
    assert_true(seep_inbox_put(inbox, SEEP_INBOX_POLL_NOW));
  }
  assert_false(seep_inbox_put(inbox, SEEP_INBOX_POLL_NOW));
  assert_false(seep_inbox_put_event(inbox, "<Event/>", 8, "", 0));
  assert_true(seep_inbox_put(inbox, SEEP_INBOX_STOP));
  assert_int_equal(seep_inbox_take(inbox)->kind, SEEP_INBOX_STOP);
  assert_int_equal(seep_inbox_lost(inbox), 2);
  assert_int_equal(seep_inbox_lost(inbox), 0);
}

static void an_oversized_event_is_lost_not_cut(void **state)
{
  static char large[SEEP_INBOX_TEXT_BYTES + 1];
  seep_inbox *inbox = *state;
  assert_false(seep_inbox_put_event(inbox, large, sizeof large, "", 0));
  assert_true(seep_inbox_put_event(inbox, large, sizeof large - 1, "", 0));
  assert_int_equal(seep_inbox_lost(inbox), 1);
}

static void send_many(void *context)
{
  for (int i = 0; i < 2000; i++) {
    (void)seep_inbox_put_event(context, "<Event/>", 8, "mark", 4);
  }
}

static void many_senders_lose_nothing_uncounted(void **state)
{
  seep_inbox *inbox = *state;
  uv_thread_t senders[3];
  uint64_t taken = 0, lost = 0;
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(uv_thread_create(&senders[i], send_many, inbox), 0);
  }
  while (taken + lost < 6000) {
    const seep_inbox_item *item = seep_inbox_take(inbox);
    if (item != NULL) {
      assert_memory_equal(item->text, "<Event/>", 8);
      taken++;
    }
    lost += seep_inbox_lost(inbox);
  }
  for (size_t i = 0; i < 3; i++) {
    uv_thread_join(&senders[i]);
  }
  assert_int_equal(taken + lost, 6000);
  assert_null(seep_inbox_take(inbox));
}

#define inbox_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      inbox_test(items_come_out_in_order_with_their_contents),
      inbox_test(a_full_inbox_counts_and_lets_a_stop_in),
      inbox_test(an_oversized_event_is_lost_not_cut),
      inbox_test(many_senders_lose_nothing_uncounted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
