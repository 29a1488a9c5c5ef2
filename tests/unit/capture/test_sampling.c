/* Which servers take part: about as many as asked for, always the same ones, and more with a larger share. */
#include "capture/sampling.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

static unsigned taking_part(const char *format_of_name, uint32_t share_ppm)
{
  unsigned count = 0;
  for (unsigned i = 0; i < 10000; i++) {
    char host[64];
    snprintf(host, sizeof host, "%s%05u", format_of_name, i);
    count += seep_sampling_takes_part(host, share_ppm) ? 1 : 0;
  }
  return count;
}

/* Names of real fleets differ in their last digits alone. */
static void share_of_a_fleet(void **state)
{
  (void)state;
  static const char *const fleets[] = {"web", "srv-db-", "WIN-", "\xc3\xa4-",
                                       "a-very-long-name-of-a-host-in-a-rack-"};
  for (size_t i = 0; i < sizeof fleets / sizeof fleets[0]; i++) {
    assert_in_range(taking_part(fleets[i], 100000), 900, 1100);
    assert_in_range(taking_part(fleets[i], 500000), 4850, 5150);
    assert_in_range(taking_part(fleets[i], 10000), 60, 140);
    assert_int_equal(taking_part(fleets[i], SEEP_SAMPLING_ALL), 10000);
    assert_int_equal(taking_part(fleets[i], 0), 0);
  }
}

/* Who takes part in a share takes part in each larger one, and the same way each time. */
static void larger_shares_only_add(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 200; i++) {
    char host[32];
    bool before = false;
    snprintf(host, sizeof host, "srv%u", i);
    for (uint32_t share = 0; share <= SEEP_SAMPLING_ALL; share += 5000) {
      bool now = seep_sampling_takes_part(host, share);
      assert_true(now || !before);
      assert_int_equal(now, seep_sampling_takes_part(host, share));
      before = now;
    }
    assert_true(before);
    assert_true(seep_sampling_takes_part(host, UINT32_MAX));
  }
}

static void names(void **state)
{
  (void)state;
  unsigned differing = 0;
  assert_true(seep_sampling_takes_part("", 0)); /* no name, no choice */
  assert_true(seep_sampling_takes_part("", 1));
  for (uint32_t share = 0; share < SEEP_SAMPLING_ALL; share += 1000) {
    bool lower = seep_sampling_takes_part("web-az01", share);
    assert_int_equal(lower, seep_sampling_takes_part("WEB-AZ01", share));
    assert_int_equal(lower, seep_sampling_takes_part("Web-aZ01", share));
    differing += lower != seep_sampling_takes_part("web-az02", share) ? 1 : 0;
  }
  assert_true(differing > 0);
}

/* A new version must not choose other servers than the one before. */
static void for_good(void **state)
{
  (void)state;
  static const char *const chosen[] = {"server-11", "server-24", "server-31", "server-38"};
  size_t next = 0;
  for (unsigned i = 0; i < 40; i++) {
    char host[32];
    snprintf(host, sizeof host, "server-%02u", i);
    if (seep_sampling_takes_part(host, 100000)) {
      assert_true(next < sizeof chosen / sizeof chosen[0]);
      assert_string_equal(host, chosen[next++]);
    }
  }
  assert_int_equal(next, sizeof chosen / sizeof chosen[0]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(share_of_a_fleet),
      cmocka_unit_test(larger_shares_only_add),
      cmocka_unit_test(names),
      cmocka_unit_test(for_good),
  };
  return cmocka_run_group_tests_name("capture_sampling", tests, NULL, NULL);
}
