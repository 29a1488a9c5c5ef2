/*
 * One region of a process's address space, as VirtualQueryEx and a minidump's MemoryInfoList tell it. Values
 * only; they come from another process or a file and are hostile. The numbers are the documented ones of
 * MEMORY_BASIC_INFORMATION.
 */
#ifndef SEEP_MEMORY_REGION_H
#define SEEP_MEMORY_REGION_H

#include <stdint.h>

#define SEEP_REGION_COMMIT UINT32_C(0x1000)
#define SEEP_REGION_RESERVE UINT32_C(0x2000)
#define SEEP_REGION_FREE UINT32_C(0x10000)

#define SEEP_REGION_PRIVATE UINT32_C(0x20000)
#define SEEP_REGION_MAPPED UINT32_C(0x40000)
#define SEEP_REGION_IMAGE UINT32_C(0x1000000)

#define SEEP_REGION_PAGE_NOACCESS UINT32_C(0x01)
#define SEEP_REGION_PAGE_READONLY UINT32_C(0x02)
#define SEEP_REGION_PAGE_READWRITE UINT32_C(0x04)
#define SEEP_REGION_PAGE_EXECUTE_ANY UINT32_C(0xF0) /* any of the four executable protections */
#define SEEP_REGION_PAGE_GUARD UINT32_C(0x100)

#define SEEP_REGION_PAGE_BYTES UINT64_C(4096) /* on x86, x64 and ARM64 Windows */

#define SEEP_REGION_BYTES_UNKNOWN UINT64_MAX

typedef struct seep_region {
  uint64_t base, size_bytes;
  uint64_t allocation_base;    /* meaningless when free */
  uint32_t allocation_protect; /* PAGE_*, of the first VirtualAlloc; meaningless when free */
  uint32_t protect;            /* PAGE_*, now; meaningful when committed */
  uint32_t state;              /* one of the three above; anything else is neither committed nor free */
  uint32_t type;               /* one of the three above; 0 when free */
  /* Of an image's or a mapped view's whole allocation, told with its first region: pages that have become
   * this process's own (copy on write). UNKNOWN where nobody can tell, and for private memory. */
  uint64_t private_bytes;
} seep_region;

#endif
