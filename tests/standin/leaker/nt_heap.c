#include "standin/leaker/nt_heap.h"

#include <windows.h>

#include <stdint.h>
#include <string.h>

#define PAGE_BYTES ((size_t)4096)
#define GRANULE_BYTES 16u
#define HEAP_COUNT 2u

#define PROCESS_HEAP_RESERVE_BYTES ((size_t)0x100000)
#define OTHER_HEAP_RESERVE_BYTES ((size_t)0x10000)
#define MAXIMUM_RESERVE_BYTES ((size_t)0x1000000)
#define FIRST_COMMIT_BYTES ((size_t)0x5000)
#define COMMIT_STEP_BYTES ((size_t)0x10000)
#define FRONT_END_RESERVE_BYTES ((size_t)0xD000)
#define FRONT_END_COMMIT_BYTES ((size_t)0x2000)
/* In granules; larger blocks have an allocation of their own. */
#define LARGE_THRESHOLD 0xFF00u

#define SEGMENT_SIGNATURE 0xFFEEFFEEu
#define HEAP_SIGNATURE 0xEEFFEEFFu
#define HEAP_FLAGS 2u /* growable */
#define FRONT_END_LOW_FRAGMENTATION 2u

enum peb_offset {
  PEB_PROCESS_HEAP = 0x30,
  PEB_NUMBER_OF_HEAPS = 0xE8,
  PEB_MAXIMUM_NUMBER_OF_HEAPS = 0xEC,
  PEB_PROCESS_HEAPS = 0xF0
};

enum segment_offset {
  SEGMENT_MARK = 0x10,
  SEGMENT_LIST_ENTRY = 0x18,
  SEGMENT_HEAP = 0x28,
  SEGMENT_BASE = 0x30,
  SEGMENT_PAGES = 0x38,
  SEGMENT_FIRST_ENTRY = 0x40,
  SEGMENT_LAST_VALID_ENTRY = 0x48,
  SEGMENT_UNCOMMITTED_PAGES = 0x50,
  SEGMENT_BYTES = 0x70
};

enum heap_offset {
  HEAP_FLAGS_WORD = 0x70,
  HEAP_VIRTUAL_MEMORY_THRESHOLD = 0x94,
  HEAP_MARK = 0x98,
  HEAP_LARGE_BLOCKS = 0x110,
  HEAP_SEGMENTS = 0x120,
  HEAP_FRONT_END = 0x198,
  HEAP_FRONT_END_TYPE = 0x1A2,
  HEAP_RESERVED = 0x238,
  HEAP_COMMITTED = 0x240,
  HEAP_LARGE_UNCOMMITTED = 0x248,
  HEAP_IN_LARGE_BLOCKS = 0x250,
  HEAP_SEGMENT_COUNT = 0x258,
  HEAP_BYTES = 0x2C0
};

enum large_offset { LARGE_COMMIT_SIZE = 0x20, LARGE_RESERVE_SIZE = 0x28, LARGE_BYTES = 0x40 };

_Static_assert(sizeof(void *) == 8, "the offsets are those of 64-bit processes");

typedef struct heap {
  uint8_t *base;
  uint8_t *segment;                                 /* the newest, the only one that blocks are cut from */
  size_t used_bytes, committed_bytes, usable_bytes; /* of that segment */
  size_t next_reserve_bytes;
} heap;

typedef LONG(WINAPI *query_process)(HANDLE process, ULONG information_class, void *out, ULONG size,
                                    ULONG *returned);
typedef void (*any_function)(void);

static heap heaps[HEAP_COUNT];
static uint8_t *peb, *hidden_heap;
static unsigned random_state = 12345;

static void put32(uint8_t *at, uint32_t value)
{
  memcpy(at, &value, sizeof value);
}

/* One store, so that who reads meanwhile sees the old word or the new one. */
static void put64(uint8_t *at, uint64_t value)
{
  *(volatile uint64_t *)(void *)at = value;
}

static uint64_t get64(const uint8_t *at)
{
  return *(const volatile uint64_t *)(const void *)at;
}

static uint64_t address_of(const uint8_t *at)
{
  return (uint64_t)(uintptr_t)at;
}

static void add(uint8_t *at, uint64_t value)
{
  put64(at, get64(at) + value);
}

static size_t round_up(size_t bytes, size_t step)
{
  return (bytes + step - 1) / step * step;
}

static void make_list(uint8_t *head)
{
  put64(head, address_of(head));
  put64(head + 8, address_of(head));
}

static void link_at_tail(uint8_t *head, uint8_t *node)
{
  uint8_t *tail = (uint8_t *)(uintptr_t)get64(head + 8);
  put64(node, address_of(head));
  put64(node + 8, address_of(tail));
  put64(tail, address_of(node));
  put64(head + 8, address_of(node));
}

/* The last page of what is reserved is not the segment's, as since Windows 8. */
static uint8_t *reserve_segment(heap *of, size_t reserve_bytes, size_t commit_bytes)
{
  uint8_t *segment = VirtualAlloc(NULL, reserve_bytes, MEM_RESERVE, PAGE_READWRITE);
  if (segment == NULL || VirtualAlloc(segment, commit_bytes, MEM_COMMIT, PAGE_READWRITE) == NULL) {
    return NULL;
  }
  of->segment = segment;
  of->usable_bytes = reserve_bytes - PAGE_BYTES;
  of->committed_bytes = commit_bytes;
  return segment;
}

static void add_segment(heap *of, size_t header_bytes)
{
  uint8_t *segment = of->segment;
  of->used_bytes = round_up(header_bytes, GRANULE_BYTES);
  put32(segment + SEGMENT_MARK, SEGMENT_SIGNATURE);
  put64(segment + SEGMENT_HEAP, address_of(of->base));
  put64(segment + SEGMENT_BASE, address_of(segment));
  put32(segment + SEGMENT_PAGES, (uint32_t)(of->usable_bytes / PAGE_BYTES));
  put64(segment + SEGMENT_FIRST_ENTRY, address_of(segment + of->used_bytes));
  put64(segment + SEGMENT_LAST_VALID_ENTRY, address_of(segment + of->usable_bytes));
  put32(segment + SEGMENT_UNCOMMITTED_PAGES,
        (uint32_t)((of->usable_bytes - of->committed_bytes) / PAGE_BYTES));
  add(of->base + HEAP_RESERVED, of->usable_bytes);
  add(of->base + HEAP_COMMITTED, of->committed_bytes);
  link_at_tail(of->base + HEAP_SEGMENTS, segment + SEGMENT_LIST_ENTRY);
  add(of->base + HEAP_SEGMENT_COUNT, 1);
}

static bool make_heap(heap *of, size_t reserve_bytes)
{
  of->base = reserve_segment(of, reserve_bytes, FIRST_COMMIT_BYTES);
  if (of->base == NULL) {
    return false;
  }
  of->next_reserve_bytes = PROCESS_HEAP_RESERVE_BYTES;
  put32(of->base + HEAP_FLAGS_WORD, HEAP_FLAGS);
  put32(of->base + HEAP_VIRTUAL_MEMORY_THRESHOLD, LARGE_THRESHOLD);
  put32(of->base + HEAP_MARK, HEAP_SIGNATURE);
  make_list(of->base + HEAP_LARGE_BLOCKS);
  make_list(of->base + HEAP_SEGMENTS);
  add_segment(of, HEAP_BYTES);
  return true;
}

static bool add_front_end(heap *of)
{
  uint8_t *front_end = VirtualAlloc(NULL, FRONT_END_RESERVE_BYTES, MEM_RESERVE, PAGE_READWRITE);
  if (front_end == NULL ||
      VirtualAlloc(front_end, FRONT_END_COMMIT_BYTES, MEM_COMMIT, PAGE_READWRITE) == NULL) {
    return false;
  }
  put64(of->base + HEAP_FRONT_END, address_of(front_end));
  of->base[HEAP_FRONT_END_TYPE] = FRONT_END_LOW_FRAGMENTATION;
  return true;
}

/* Makes room for so many bytes behind what is used, in a further segment when this one is full. */
static bool make_room(heap *of, size_t bytes)
{
  if (of->used_bytes + bytes > of->usable_bytes) {
    size_t wanted = round_up(SEGMENT_BYTES + bytes + PAGE_BYTES, COMMIT_STEP_BYTES);
    size_t reserve = wanted > of->next_reserve_bytes ? wanted : of->next_reserve_bytes;
    if (reserve_segment(of, reserve, PAGE_BYTES) == NULL) {
      return false;
    }
    add_segment(of, SEGMENT_BYTES);
    if (of->next_reserve_bytes < MAXIMUM_RESERVE_BYTES) {
      of->next_reserve_bytes *= 2;
    }
  }
  if (of->used_bytes + bytes > of->committed_bytes) {
    size_t end = round_up(of->used_bytes + bytes, COMMIT_STEP_BYTES);
    end = end < of->usable_bytes ? end : of->usable_bytes;
    size_t more = end - of->committed_bytes;
    if (VirtualAlloc(of->segment + of->committed_bytes, more, MEM_COMMIT, PAGE_READWRITE) == NULL) {
      return false;
    }
    of->committed_bytes = end;
    put32(of->segment + SEGMENT_UNCOMMITTED_PAGES, (uint32_t)((of->usable_bytes - end) / PAGE_BYTES));
    add(of->base + HEAP_COMMITTED, more);
  }
  return true;
}

/* Up to 15 pages of chance in front, one page behind, and between them all that is committed. */
static void *allocate_large(heap *of, size_t bytes)
{
  random_state = random_state * 1103515245u + 12345u;
  size_t front = (random_state >> 16 & 15u) * PAGE_BYTES;
  size_t commit = round_up(bytes + LARGE_BYTES, PAGE_BYTES);
  uint8_t *base = VirtualAlloc(NULL, front + commit + PAGE_BYTES, MEM_RESERVE, PAGE_READWRITE);
  if (base == NULL || VirtualAlloc(base + front, commit, MEM_COMMIT, PAGE_READWRITE) == NULL) {
    return NULL;
  }
  uint8_t *entry = base + front;
  put64(entry + LARGE_COMMIT_SIZE, commit);
  put64(entry + LARGE_RESERVE_SIZE, commit);
  link_at_tail(of->base + HEAP_LARGE_BLOCKS, entry);
  add(of->base + HEAP_IN_LARGE_BLOCKS, commit);
  return entry + LARGE_BYTES;
}

void *nt_heap_allocate(size_t bytes)
{
  heap *of = &heaps[0];
  size_t whole = round_up(bytes, GRANULE_BYTES) + GRANULE_BYTES;
  if (whole / GRANULE_BYTES > LARGE_THRESHOLD) {
    return allocate_large(of, bytes);
  }
  if (!make_room(of, whole)) {
    return NULL;
  }
  uint8_t *block = of->segment + of->used_bytes + GRANULE_BYTES;
  of->used_bytes += whole;
  return block;
}

static uint8_t *find_peb(void)
{
  uint64_t basic[6] = {0};
  HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
  query_process query = (query_process)(any_function)GetProcAddress(ntdll, "NtQueryInformationProcess");
  if (query == NULL || query(GetCurrentProcess(), 0, basic, sizeof basic, NULL) < 0) {
    return NULL;
  }
  return (uint8_t *)(uintptr_t)basic[1];
}

const char *nt_heap_open(void)
{
  if (GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") == NULL) {
    return "NT-shaped heaps are for Wine; Windows has real ones";
  }
  uint8_t *found = find_peb();
  uint8_t *list = VirtualAlloc(NULL, PAGE_BYTES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (found == NULL || list == NULL || !make_heap(&heaps[0], PROCESS_HEAP_RESERVE_BYTES) ||
      !make_heap(&heaps[1], OTHER_HEAP_RESERVE_BYTES) || !add_front_end(&heaps[0])) {
    return "no memory for the NT-shaped heaps";
  }
  for (size_t i = 0; i < HEAP_COUNT; i++) {
    put64(list + i * sizeof(uint64_t), address_of(heaps[i].base));
  }
  peb = found;
  hidden_heap = (uint8_t *)(uintptr_t)get64(peb + PEB_PROCESS_HEAP);
  put64(peb + PEB_PROCESS_HEAPS, address_of(list));
  put64(peb + PEB_PROCESS_HEAP, address_of(heaps[0].base));
  put32(peb + PEB_MAXIMUM_NUMBER_OF_HEAPS, (uint32_t)(PAGE_BYTES / sizeof(uint64_t)));
  put32(peb + PEB_NUMBER_OF_HEAPS, HEAP_COUNT);
  return NULL;
}

void nt_heap_close(void)
{
  if (peb != NULL) {
    put64(peb + PEB_PROCESS_HEAP, address_of(hidden_heap));
    put32(peb + PEB_NUMBER_OF_HEAPS, 0);
    put32(peb + PEB_MAXIMUM_NUMBER_OF_HEAPS, 0);
    put64(peb + PEB_PROCESS_HEAPS, 0);
    peb = NULL;
  }
}
