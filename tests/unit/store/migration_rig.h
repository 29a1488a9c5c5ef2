/* Files of earlier versions, written by these versions themselves (tests/fixtures/store), and what must be in
 * them after an upgrade. */
#ifndef SEEP_TESTS_MIGRATION_RIG_H
#define SEEP_TESTS_MIGRATION_RIG_H

#include <stddef.h>
#include <stdint.h>

#include "poll_script.h"
#include "store/store.h"

#define MIGRATION_NEWEST 5 /* of the versions before this one */
#define MIGRATION_CLOSED_POLLS 300u
#define MIGRATION_KILLED_POLLS 50u
#define MIGRATION_MORE 3u /* polls that a test may append */

typedef struct migration_fixture {
  int version;
  const char *name;
  size_t polls;
} migration_fixture;

/* By version, from 1 on: closed well, and killed with its log beside it. */
extern const migration_fixture migration_closed[MIGRATION_NEWEST + 1], migration_killed[MIGRATION_NEWEST + 1];

/* As the fixtures' README says. */
extern const poll_script migration_script;
seep_wall migration_moment(size_t number);
void migration_truth(uint8_t *polls, size_t count);

void migration_unpack(const migration_fixture *f, const char *path);

/* Everything that the fixture has; `more` polls were appended by this version. */
void migration_check(const migration_fixture *f, const char *path, seep_store *store, size_t more);

#endif
