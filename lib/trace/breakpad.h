/*
 * The symbols of a breakpad .sym file, as dump_syms makes one of a PDB: text, a line for each function
 * (reference: etl-format, 4 L4). Source lines and unwind tables in it are passed over.
 */
#ifndef SEEP_TRACE_BREAKPAD_H
#define SEEP_TRACE_BREAKPAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/symbols.h"

/* Adds to symbols, which are to be thrown away unless it is SEEP_OK. Statuses: seep_symbols_from_breakpad's.
 * Lines that make no sense are passed over, and so is a last one without an end: it may have been cut. */
seep_status seep_breakpad_read(const uint8_t *data, size_t size, const uint8_t guid[16], uint32_t age,
                               seep_symbols *symbols, seep_error *error);

#endif
