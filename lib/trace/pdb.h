/*
 * The symbols of a PDB: its public symbols, and of a private one the functions of its modules too, as offsets
 * in the module that it belongs to (reference: etl-format, 4 L2). No types, lines or locals.
 */
#ifndef SEEP_TRACE_PDB_H
#define SEEP_TRACE_PDB_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/symbols.h"

/* Adds to symbols, which are to be thrown away unless it is SEEP_OK. Statuses: seep_symbols_from_pdb's. The
 * file is the module's when its GUID is the module's and one of its two ages is. */
seep_status seep_pdb_read(const uint8_t *data, size_t size, const uint8_t guid[16], uint32_t age,
                          seep_symbols *symbols, seep_error *error);

#endif
