#include "unit/memory/growth_pair.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

void growth_pair_begin(growth_pair *pair)
{
  inventory_usual(&pair->before);
  pair->after = pair->before;
}

void growth_pair_grow(growth_pair *pair, seep_tag tag, unsigned mebibytes)
{
  inventory_grow(&pair->after, tag, mebibytes, MB);
}

void growth_pair_expect(growth_pair *pair, seep_memory_kind kind, double confidence, const char *reason)
{
  const seep_growth_kind_verdict *verdict = &pair->verdict;
  seep_growth_kind_between(&pair->before, &pair->after, MINIMUM, &pair->verdict);
  assert_string_equal(seep_memory_kind_text(verdict->kind), seep_memory_kind_text(kind));
  assert_true(verdict->confidence > confidence - 1e-9 && verdict->confidence < confidence + 1e-9);
  if (strstr(verdict->reason, reason) == NULL) {
    fail_msg("\"%s\" is not in \"%s\"", reason, verdict->reason);
  }
}

void growth_pair_expect_undetermined(growth_pair *pair, const char *reason)
{
  growth_pair_expect(pair, SEEP_MEMORY_UNDETERMINED, 0.0, reason);
  assert_true(pair->verdict.size_from == 0 && pair->verdict.size_to == 0 && !pair->verdict.large_blocks);
}
