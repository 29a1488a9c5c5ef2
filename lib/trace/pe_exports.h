/*
 * What a module says of its own functions: the names of those that it exports, and on x64, from its unwind
 * information, where each function begins and ends (reference: etl-format, 4 L1). The nearest export before a
 * place is often another function's; the unwind information tells when it is.
 */
#ifndef SEEP_TRACE_PE_EXPORTS_H
#define SEEP_TRACE_PE_EXPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/symbols.h"
#include "trace/symbols_internal.h"

/* data: the file as it lies on a disk, not as it is loaded. Adds to symbols, which are to be thrown away
 * unless it is SEEP_OK. Statuses: seep_symbols_from_pe's. Exports without a name are called by their ordinal,
 * "#12", and those that are another module's are left out. */
seep_status seep_pe_exports_read(const uint8_t *data, size_t size, uint32_t timestamp, uint64_t image_size,
                                 seep_symbols *symbols, seep_error *error);

/* The export that the place belongs to, or NULL; *is_guess: nothing says that it does. Sorted symbols. */
const seep_symbols_range *seep_pe_exports_find(const seep_symbols *symbols, uint32_t offset, bool *is_guess);

#endif
