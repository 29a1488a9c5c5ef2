/* The verb `memory` as one JSON document. Addresses and flags are hexadecimal texts, bytes are whole numbers;
 * what is not known is null. Names follow tests/fixtures/dumps/expected.json. */
#ifndef SEEP_SERVICE_MEMORY_JSON_H
#define SEEP_SERVICE_MEMORY_JSON_H

#include <stdbool.h>

#include "memory_look.h"

/* since NULL: one look alone. false when out of memory. */
bool seep_memory_json(const seep_memory_look *look, const seep_memory_since *since);

#endif
