/*
 * The walk over an ETL file (container.h) for one that comes in pieces: as it is read, or as it is unpacked.
 * Holds one buffer at a time, at most SEEP_TRACE_STREAM_BUFFER bytes; a file that names a larger one is
 * counted as bad from there on and not walked further. Gives the same records and the same summary as the
 * walk over the whole file.
 */
#ifndef SEEP_TRACE_STREAM_H
#define SEEP_TRACE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/container.h"

#define SEEP_TRACE_STREAM_BUFFER SEEP_TRACE_BUFFER_LIMIT

typedef struct seep_trace_stream seep_trace_stream;

/* visit may be NULL. NULL when out of memory. */
seep_trace_stream *seep_trace_stream_new(seep_trace_visit visit, void *context);
void seep_trace_stream_free(seep_trace_stream *stream);

/* The next piece, of any size; it is not needed any longer afterwards. SEEP_OK also when there is nothing
 * more to learn from the file; SEEP_CORRUPT as seep_trace_walk; SEEP_NO_MEMORY. After a failure all further
 * pieces give the same. */
seep_status seep_trace_stream_add(seep_trace_stream *stream, const void *data, size_t size,
                                  seep_error *error);

/* The file's end. SEEP_CORRUPT when it was none. */
seep_status seep_trace_stream_finish(seep_trace_stream *stream, seep_trace_summary *summary,
                                     seep_error *error);

#endif
