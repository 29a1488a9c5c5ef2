/* The first record of every ETL file: what recorded, on which machine, by which clock. Private to this room.
 */
#ifndef SEEP_TRACE_LOG_FILE_HEADER_H
#define SEEP_TRACE_LOG_FILE_HEADER_H

#include <stdbool.h>

#include "trace/container.h"

/* false when the record is too short for its figures; the names may be missing. */
bool seep_trace__take_log_file_header(const seep_trace_record *record, seep_trace_header *header);

#endif
