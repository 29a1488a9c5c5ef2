/* A process that says where its memory lies: this one, or a child that is this program once more. */
#ifndef TESTS_WIN_MEMORY_CHILD_H
#define TESTS_WIN_MEMORY_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <windows.h>

#define PAGE ((size_t)4096)
#define AREA_PAGES ((size_t)64)
#define CHILD_THREADS 3u

/* What a process tells of its own memory. The area: 4 pages committed (the second read-only, the third
 * inaccessible), the rest reserved. */
typedef struct memory_truth {
  uint64_t area;
  uint64_t created;
  uint64_t peb;
  uint64_t tebs[CHILD_THREADS + 1];
  uint32_t teb_count;
  uint32_t pid;
} memory_truth;

typedef struct memory_child {
  PROCESS_INFORMATION process;
  HANDLE to_child;
  memory_truth truth;
} memory_child;

/* The first word of a page of the area. */
uint64_t memory_child_pattern(size_t page);

/* Makes an area in this process, which the caller releases. */
memory_truth memory_child_own_truth(void);

/* What main does when its only argument is "child": tells the truth on stdout and lives until stdin ends. */
int memory_child_be(void);

/* security: who may do what with the child, as text; NULL: as usual. */
void memory_child_start(memory_child *out, const wchar_t *security);

/* From a copy of this program. false: Windows starts none from there, for the reason in the last error. */
bool memory_child_start_copy(memory_child *out, const wchar_t *path);
void memory_child_end(memory_child *child);

#endif
