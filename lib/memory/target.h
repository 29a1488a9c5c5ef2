/*
 * A process to be looked at: a live one, a minidump or a test's synthetic image. Regions and bytes through
 * two functions, and what the OS or the file says about it. Nothing here changes, suspends or injects into
 * the process. What is read is hostile: it may be wrong, change between two reads, or lead in circles.
 */
#ifndef SEEP_MEMORY_TARGET_H
#define SEEP_MEMORY_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "memory/region.h"

/* Language runtimes that keep memory of their own, known by the name of a loaded module. */
enum {
  SEEP_RUNTIME_DOTNET = 1, /* coreclr.dll, clr.dll, mscorwks.dll */
  SEEP_RUNTIME_JAVA = 2,   /* jvm.dll */
  SEEP_RUNTIME_V8 = 4      /* node.exe, node.dll, libnode.dll, electron.exe, chrome_elf.dll, v8.dll */
};

typedef struct seep_target {
  void *context;

  /* The region that holds address, or else the first one above it; free ones too where the source lists them.
   * SEEP_NOT_FOUND: none any more, the regular end. SEEP_UNSUPPORTED: there is no list (a minidump without
   * MemoryInfoList). SEEP_DENIED, SEEP_GONE, SEEP_TIMED_OUT, SEEP_OS. */
  seep_status (*region)(void *context, uint64_t address, seep_region *out, seep_error *error);

  /* Exactly `bytes` bytes from address, or nothing. SEEP_NOT_FOUND: they are not there. SEEP_DENIED: nothing
   * may be read at all. SEEP_GONE. SEEP_TIMED_OUT: the deadline has passed, for this and every later call. */
  seep_status (*read)(void *context, uint64_t address, void *out, size_t bytes);

  unsigned pointer_bytes; /* 8 or 4: of `peb` and `tebs` */
  uint64_t peb;           /* 0: not known; it is then taken from the first TEB that proves itself */
  uint64_t peb32;         /* the second PEB of a 32-bit process on 64-bit Windows; 0: none, or not known */
  bool peb32_settled;     /* the OS has said where the second PEB is, or that there is none */
  /* Addresses, unproven; borrowed. NULL with teb_count 0: the threads are not known; it never means that
   * there are none. */
  const uint64_t *tebs;
  size_t teb_count;
  unsigned runtimes;     /* SEEP_RUNTIME_* */
  bool modules_known;    /* false: no bit in runtimes means nothing */
  uint64_t commit_bytes; /* private commit by the OS's own counter (PrivateUsage); 0: not known */
  uint64_t created;      /* FILETIME of a live process's begin; 0: not known */
  const char *image;     /* its file name without folder, UTF-8, borrowed until close; NULL: not known */
} seep_target;

#endif
