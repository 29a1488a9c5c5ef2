/* A registry of tracing flags by image, with processes' roles, for tests: each call counted, the n-th can
 * fail. */
#ifndef SEEP_TESTS_WATCH_FAKE_REGISTRY_H
#define SEEP_TESTS_WATCH_FAKE_REGISTRY_H

#include <stddef.h>

#include "fakes.h"
#include "port/tracing_flags.h"

#define FAKE_REGISTRY_KEYS 16

typedef struct fake_registry_key {
  char image[SEEP_TRACING_FLAG_IMAGE_SIZE];
  seep_tracing_flag_state state;
} fake_registry_key;

typedef struct fake_registry {
  size_t count;
  fake_registry_key keys[FAKE_REGISTRY_KEYS]; /* those that exist */
  seep_port_process_role role;                /* of every process */
  seep_status role_answer;
  unsigned edits;   /* that were carried out */
  fake_fault fault; /* of reads and edits alike */
} fake_registry;

void fake_registry_init(fake_registry *registry);
seep_tracing_flags fake_registry_port(fake_registry *registry);

/* As an administrator would: the key with this value in it. more: and other values. */
void fake_registry_put(fake_registry *registry, const char *image, seep_tracing_flag_form form,
                       uint32_t number, bool more);

/* What is there; zeros when there is no such key. */
seep_tracing_flag_state fake_registry_get(const fake_registry *registry, const char *image);

#endif
