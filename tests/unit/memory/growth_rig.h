/* For tests of verdicts over time: a process that grows and shrinks as it is told, and what is said of it. */
#ifndef TEST_MEMORY_GROWTH_RIG_H
#define TEST_MEMORY_GROWTH_RIG_H

#include "unit/memory/growth_inventories.h"

typedef struct growth_rig {
  seep_growth_kind growth;
  seep_inventory now; /* changed by the tests, and then added */
} growth_rig;

/* The usual inventory is what is compared with. */
void growth_rig_begin(growth_rig *rig);

seep_growth_kind_taken growth_rig_add(growth_rig *rig);

/* 20 MB more, which must be compared. */
void growth_rig_step(growth_rig *rig, seep_tag tag);

/* A comparison that tells nothing: the OS's own counter says otherwise. */
void growth_rig_doubtful_step(growth_rig *rig, seep_tag tag);

/* Must become what is compared with. */
void growth_rig_shrink(growth_rig *rig, seep_tag tag, uint64_t bytes);

void growth_rig_expect(const growth_rig *rig, seep_memory_kind kind, double confidence, unsigned comparisons);
void growth_rig_expect_reason(const growth_rig *rig, const char *part);

#endif
