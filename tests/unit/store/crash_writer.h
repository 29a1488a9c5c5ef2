/* What test_crash.c knows of the program it kills. */
#ifndef SEEP_TESTS_CRASH_WRITER_H
#define SEEP_TESTS_CRASH_WRITER_H

/* Before each so many'th poll it closes the store and opens it again, as another life of the service. */
#define CRASH_WRITER_REOPENS 61u

#endif
