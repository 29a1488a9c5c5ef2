/* The files of config/fleet and a few others of the project, as the tests beside this read them. */
#ifndef SEEP_TESTS_FLEET_FILE_H
#define SEEP_TESTS_FLEET_FILE_H

#include <stddef.h>

/* The whole file, terminated, line ends as they are; fails the test when it can not be read. To be freed. */
char *fleet_file(const char *path, size_t *size);

/* The next line of *at, without its end, copied into out; NULL at the end of the text. Fails the test when
 * the line is longer than out. */
const char *fleet_line(const char **at, char *out, size_t out_size);

#endif
