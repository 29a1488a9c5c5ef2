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

static void the_urgent_comes_first_and_events_keep_their_order(void **state)
{
  seep_inbox *inbox = *state;
  seep_error error = {SEEP_OS, SEEP_DOMAIN_WIN32, 1722, "EvtNext", "x"};
  assert_null(seep_inbox_take(inbox));
  assert_true(seep_inbox_put_event(inbox, SEEP_FEED_EXHAUSTION, "<Event/>", 8, "mark", 4));
  assert_true(seep_inbox_put_event(inbox, SEEP_FEED_EXHAUSTION, "<Later/>", 8, "", 0));
  seep_inbox_put_feed(inbox, SEEP_FEED_EXHAUSTION, false, &error);
  seep_inbox_put(inbox, SEEP_INBOX_RELOAD);
  seep_inbox_put(inbox, SEEP_INBOX_STOP);
  assert_int_equal(seep_inbox_take(inbox)->kind, SEEP_INBOX_STOP);
  assert_int_equal(seep_inbox_take(inbox)->kind, SEEP_INBOX_RELOAD);
  const seep_inbox_item *item = seep_inbox_take(inbox);
  assert_int_equal(item->kind, SEEP_INBOX_FEED_DOWN);
  assert_int_equal(item->error.code, 1722);
  item = seep_inbox_take(inbox);
  assert_int_equal(item->kind, SEEP_INBOX_EVENT);
  assert_int_equal(item->text_bytes, 8);
  assert_memory_equal(item->text, "<Event/>", 8);
  assert_memory_equal(item->bookmark, "mark", 4);
  item = seep_inbox_take(inbox);
  assert_memory_equal(item->text, "<Later/>", 8);
  assert_int_equal(item->bookmark_bytes, 0);
  assert_null(seep_inbox_take(inbox));
}

static void a_full_inbox_says_so_and_still_takes_controls_and_states(void **state)
{
  seep_inbox *inbox = *state;
  for (unsigned i = 0; i < SEEP_INBOX_SLOTS; i++) {
    assert_true(seep_inbox_put_event(inbox, SEEP_FEED_EXHAUSTION, "<Event/>", 8, "", 0));
  }
  assert_false(seep_inbox_put_event(inbox, SEEP_FEED_EXHAUSTION, "<Event/>", 8, "", 0));
  seep_inbox_put(inbox, SEEP_INBOX_POLL_NOW);
  seep_inbox_put(inbox, SEEP_INBOX_POLL_NOW); /* twice is once */
  seep_inbox_put_feed(inbox, SEEP_FEED_EXHAUSTION, false, NULL);
  seep_inbox_put_feed(inbox, SEEP_FEED_EXHAUSTION, true, NULL); /* the latest counts */
  assert_int_equal(seep_inbox_take(inbox)->kind, SEEP_INBOX_POLL_NOW);
  assert_int_equal(seep_inbox_take(inbox)->kind, SEEP_INBOX_FEED_UP);
  assert_int_equal(seep_inbox_take(inbox)->kind, SEEP_INBOX_EVENT);
  assert_true(seep_inbox_put_event(inbox, SEEP_FEED_EXHAUSTION, "<Event/>", 8, "", 0));
}

static void of_an_event_too_large_for_any_slot_it_is_passed_on_that_it_came(void **state)
{
  static char large[SEEP_INBOX_TEXT_BYTES + 1];
  seep_inbox *inbox = *state;
  assert_true(seep_inbox_put_event(inbox, SEEP_FEED_NOTICES, large, sizeof large, "mark", 4));
  const seep_inbox_item *item = seep_inbox_take(inbox);
  assert_int_equal(item->kind, SEEP_INBOX_EVENT);
  assert_int_equal(item->feed, SEEP_FEED_NOTICES);
  assert_true(item->oversized);
  assert_int_equal(item->text_bytes, 0);
  assert_memory_equal(item->bookmark, "mark", 4);
  assert_true(seep_inbox_put_event(inbox, SEEP_FEED_EXHAUSTION, large, sizeof large - 1, "", 0));
  item = seep_inbox_take(inbox);
  assert_false(item->oversized);
  assert_int_equal(item->text_bytes, sizeof large - 1);
  /* A bookmark that does not fit is one that could not be made. */
  assert_true(
      seep_inbox_put_event(inbox, SEEP_FEED_EXHAUSTION, "<Event/>", 8, large, SEEP_INBOX_BOOKMARK_BYTES + 1));
  item = seep_inbox_take(inbox);
  assert_int_equal(item->text_bytes, 8);
  assert_int_equal(item->bookmark_bytes, 0);
}

static void each_feed_has_a_state_of_its_own(void **state)
{
  seep_inbox *inbox = *state;
  seep_error missing = {SEEP_OS, SEEP_DOMAIN_WIN32, 15007, "EvtSubscribe", "x"};
  seep_inbox_put_feed(inbox, SEEP_FEED_NOTICES, false, &missing);
  seep_inbox_put_feed(inbox, SEEP_FEED_EXHAUSTION, true, NULL);
  const seep_inbox_item *item = seep_inbox_take(inbox);
  assert_int_equal(item->kind, SEEP_INBOX_FEED_UP);
  assert_int_equal(item->feed, SEEP_FEED_EXHAUSTION);
  item = seep_inbox_take(inbox);
  assert_int_equal(item->kind, SEEP_INBOX_FEED_DOWN);
  assert_int_equal(item->feed, SEEP_FEED_NOTICES);
  assert_int_equal(item->error.code, 15007);
  assert_null(seep_inbox_take(inbox));
}

/* As the feed does it: what does not fit is offered again. */
static void send_many(void *context)
{
  for (int i = 0; i < 2000; i++) {
    while (!seep_inbox_put_event(context, SEEP_FEED_EXHAUSTION, "<Event/>", 8, "mark", 4)) {
      uv_sleep(1);
    }
  }
}

static void many_senders_lose_nothing(void **state)
{
  seep_inbox *inbox = *state;
  uv_thread_t senders[3];
  unsigned taken = 0;
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(uv_thread_create(&senders[i], send_many, inbox), 0);
  }
  while (taken < 6000) {
    const seep_inbox_item *item = seep_inbox_take(inbox);
    if (item != NULL) {
      assert_memory_equal(item->text, "<Event/>", 8);
      taken++;
    }
  }
  for (size_t i = 0; i < 3; i++) {
    uv_thread_join(&senders[i]);
  }
  assert_null(seep_inbox_take(inbox));
}

#define inbox_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      inbox_test(the_urgent_comes_first_and_events_keep_their_order),
      inbox_test(a_full_inbox_says_so_and_still_takes_controls_and_states),
      inbox_test(of_an_event_too_large_for_any_slot_it_is_passed_on_that_it_came),
      inbox_test(each_feed_has_a_state_of_its_own),
      inbox_test(many_senders_lose_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
