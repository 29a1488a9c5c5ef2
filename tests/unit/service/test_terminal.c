/* What the columns of a terminal come to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/terminal.h"

static void lines_are_neither_too_short_nor_too_long(void **state)
{
  (void)state;
  static const size_t told[][2] = {{0, 100}, {1, 80},    {79, 80},   {80, 80},
                                   {97, 97}, {120, 120}, {121, 120}, {65535, 120}};
  for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
    assert_int_equal(seep_terminal_fitting(told[i][0]), told[i][1]);
  }
  assert_in_range(seep_terminal_columns(), SEEP_TERMINAL_LEAST, SEEP_TERMINAL_MOST);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(lines_are_neither_too_short_nor_too_long)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
