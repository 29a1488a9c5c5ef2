/* Recordings that are too large for the repository, from the folder that SEEPWATCH_SAMPLES names. */
#ifndef TEST_TRACE_SAMPLE_FILE_H
#define TEST_TRACE_SAMPLE_FILE_H

#include "unit/trace/memory_file.h"

/* etl/NAME or etl/NAME.gz of that folder, unpacked; bytes is NULL, and the reason printed, when it is not
 * there. */
memory_file sample_file(const char *name);

#endif
