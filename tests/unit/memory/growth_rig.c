#include "unit/memory/growth_rig.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

seep_growth_kind_taken growth_rig_add(growth_rig *rig)
{
  return seep_growth_kind_add(&rig->growth, &rig->now, MINIMUM, MAXIMUM);
}

void growth_rig_begin(growth_rig *rig)
{
  seep_growth_kind_init(&rig->growth);
  inventory_usual(&rig->now);
  assert_int_equal(growth_rig_add(rig), SEEP_GROWTH_KIND_BASELINE);
}

void growth_rig_step(growth_rig *rig, seep_tag tag)
{
  assert_int_equal(inventory_step(&rig->growth, &rig->now, tag, 20 * MB), SEEP_GROWTH_KIND_COMPARED);
}

void growth_rig_doubtful_step(growth_rig *rig, seep_tag tag)
{
  rig->now.commit_bytes += 100 * MB;
  growth_rig_step(rig, tag);
}

void growth_rig_shrink(growth_rig *rig, seep_tag tag, uint64_t bytes)
{
  inventory_commit(&rig->now, tag, -(int64_t)bytes);
  assert_int_equal(growth_rig_add(rig), SEEP_GROWTH_KIND_BASELINE);
}

void growth_rig_expect(const growth_rig *rig, seep_memory_kind kind, double confidence, unsigned comparisons)
{
  const seep_growth_kind_verdict *verdict = &rig->growth.verdict;
  assert_string_equal(seep_memory_kind_text(verdict->kind), seep_memory_kind_text(kind));
  assert_true(verdict->confidence > confidence - 1e-9 && verdict->confidence < confidence + 1e-9);
  assert_int_equal(verdict->comparisons, comparisons);
}

void growth_rig_expect_reason(const growth_rig *rig, const char *part)
{
  assert_non_null(strstr(rig->growth.verdict.reason, part));
}
