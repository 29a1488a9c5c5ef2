#include "standin/wpr/target.h"

#include <windows.h>
#include <tlhelp32.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/standin_files.h"
#include "standin/wpr/identity.h"

#define TARGET_LIMIT 32
#define MODULE_LIMIT 64
#define SITE_LIMIT 8
#define FRAME_LIMIT 16
#define SYSTEM_FRAMES 2
#define PAGE_BYTES UINT64_C(4096)
#define TRACING_HEAP_BIT 1u

#define FLAGS_COMMIT 0x3000u /* reserve and commit */
#define FLAGS_HEAP_COMMIT 0x1000u
#define FLAGS_RELEASE 0x8000u

typedef struct module {
  uint64_t base, size_bytes;
  wchar_t name[64];
  wchar_t file[STANDIN_PATH_UNITS];
  uint16_t path[STANDIN_PATH_UNITS]; /* the same, as the kernel writes it */
} module;

typedef struct site {
  uint64_t frames[FRAME_LIMIT];
  size_t count;
} site;

typedef struct target {
  uint32_t pid;
  wchar_t path[STANDIN_PATH_UNITS];
  uint64_t read_bytes; /* of its log */
  char line[512];      /* the start of a line not yet whole */
  size_t line_length;
  site sites[SITE_LIMIT];
  module *modules; /* MODULE_LIMIT of them, owned */
  size_t module_count;
  uint64_t heap_begin, heap_end; /* pages its heap blocks are known to lie on */
  uint64_t heap;                 /* address of its process heap */
  uint32_t tracing_flags;        /* as it read them when it started */
} target;

/* Through which functions of the system a change came. */
typedef enum system_path {
  PATH_ALLOCATION = 0,
  PATH_FREE,
  PATH_HEAP_GROWTH,
  PATH_HEAP_ALLOCATION,
  PATH_HEAP_REALLOCATION,
  PATH_HEAP_FREE,
  PATHS
} system_path;

typedef struct system_frame {
  const wchar_t *module_name; /* NULL: no further frame */
  uint64_t rva;
} system_frame;

struct wpr_targets {
  wchar_t folder[STANDIN_PATH_UNITS];
  const wpr_recording *recording;
  system_frame system_frames[PATHS][SYSTEM_FRAMES]; /* innermost first */
  etl_writer *writer, *heap_writer;                 /* of the poll that runs */
  target *items[TARGET_LIMIT];
  size_t count;
};

typedef enum change_kind { CHANGE_COMMIT = 0, CHANGE_RELEASE, CHANGE_RESIZE, CHANGES } change_kind;
static const char *const change_names[CHANGES] = {"commit ", "release ", "resize "};

/* One published line: "commit <time> <address> <size> <site> <kind> <thread>", release the same, and
 * "resize <time> <address> <size> <site> heap <old address> <old size> <thread>". */
typedef struct change {
  change_kind kind;
  bool is_heap;
  uint64_t filetime, address, size_bytes, old_address, old_size_bytes;
  unsigned site;
  uint32_t tid;
} change;

/* A return address a little after the start of a function, as an offset in its module: the same in every
 * process that loads the same file. */
static system_frame frame_in(const wchar_t *module_name, const char *function, uint64_t into)
{
  HMODULE handle = GetModuleHandleW(module_name);
  uint64_t address = handle != NULL ? (uint64_t)(uintptr_t)GetProcAddress(handle, function) : 0;
  system_frame frame = {module_name, address != 0 ? address - (uint64_t)(uintptr_t)handle + into : 0x1000};
  return frame;
}

wpr_targets *wpr_targets_new(const wchar_t *folder, const wpr_recording *recording)
{
  wpr_targets *targets = calloc(1, sizeof *targets);
  if (targets == NULL) {
    return NULL;
  }
  swprintf(targets->folder, STANDIN_PATH_UNITS, L"%ls", folder);
  targets->recording = recording;
  targets->system_frames[PATH_ALLOCATION][0] = frame_in(L"ntdll.dll", "NtAllocateVirtualMemory", 0x14);
  targets->system_frames[PATH_ALLOCATION][1] = frame_in(L"kernelbase.dll", "VirtualAlloc", 0x48);
  targets->system_frames[PATH_FREE][0] = frame_in(L"ntdll.dll", "NtFreeVirtualMemory", 0x14);
  targets->system_frames[PATH_FREE][1] = frame_in(L"kernelbase.dll", "VirtualFree", 0x3A);
  targets->system_frames[PATH_HEAP_GROWTH][0] = frame_in(L"ntdll.dll", "NtAllocateVirtualMemory", 0x14);
  targets->system_frames[PATH_HEAP_GROWTH][1] = frame_in(L"ntdll.dll", "RtlAllocateHeap", 0x5C);
  targets->system_frames[PATH_HEAP_ALLOCATION][0] = frame_in(L"ntdll.dll", "RtlAllocateHeap", 0x5C);
  targets->system_frames[PATH_HEAP_REALLOCATION][0] = frame_in(L"ntdll.dll", "RtlReAllocateHeap", 0x6A);
  targets->system_frames[PATH_HEAP_FREE][0] = frame_in(L"ntdll.dll", "RtlFreeHeap", 0x33);
  return targets;
}

void wpr_targets_free(wpr_targets *targets)
{
  for (size_t i = 0; targets != NULL && i < targets->count; i++) {
    free(targets->items[i]->modules);
    free(targets->items[i]);
  }
  free(targets);
}

void wpr_targets_rundown(etl_writer *writer, etl_writer_moment moment)
{
  PROCESSENTRY32W entry;
  char name[512];
  HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
  if (snapshot == INVALID_HANDLE_VALUE) {
    return;
  }
  entry.dwSize = sizeof entry;
  for (BOOL more = Process32FirstW(snapshot, &entry); more; more = Process32NextW(snapshot, &entry)) {
    standin_files_narrow(entry.szExeFile, name, sizeof name);
    etl_writer_process process = {entry.th32ProcessID, entry.th32ParentProcessID, 0, name};
    etl_writer_add_process(writer, standin_files_now(), moment, &process);
  }
  CloseHandle(snapshot);
}

/* "C:\x" as the kernel writes it; other paths as they are. */
static void device_path(uint16_t *out, size_t out_units, const wchar_t *path)
{
  wchar_t volume[WPR_DEVICE_UNITS];
  size_t used = 0;
  bool has_drive = wpr_identity_device(volume, path);
  for (size_t i = 0; has_drive && volume[i] != L'\0'; i++) {
    out[used++] = (uint16_t)volume[i];
  }
  for (size_t i = has_drive ? 2 : 0; path[i] != L'\0' && used + 1 < out_units; i++) {
    out[used++] = (uint16_t)path[i];
  }
  out[used] = 0;
}

/* Takes the module list anew; keeps the old one when the process cannot be asked any more. */
static void read_modules(target *item)
{
  MODULEENTRY32W entry;
  HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPMODULE, item->pid);
  if (snapshot == INVALID_HANDLE_VALUE) {
    return;
  }
  size_t count = 0;
  entry.dwSize = sizeof entry;
  for (BOOL more = Module32FirstW(snapshot, &entry); more && count < MODULE_LIMIT;
       more = Module32NextW(snapshot, &entry)) {
    module *loaded = &item->modules[count++];
    loaded->base = (uint64_t)(uintptr_t)entry.modBaseAddr;
    loaded->size_bytes = entry.modBaseSize;
    swprintf(loaded->name, 64, L"%.63ls", entry.szModule);
    swprintf(loaded->file, STANDIN_PATH_UNITS, L"%.1000ls", entry.szExePath);
    device_path(loaded->path, sizeof loaded->path / sizeof loaded->path[0], entry.szExePath);
  }
  CloseHandle(snapshot);
  item->module_count = count > 0 ? count : item->module_count;
}

static uint64_t module_base(const target *item, const wchar_t *name)
{
  for (size_t i = 0; i < item->module_count; i++) {
    if (_wcsicmp(item->modules[i].name, name) == 0) {
      return item->modules[i].base;
    }
  }
  return 0;
}

/* The whole stack of a change; frames has room for SYSTEM_FRAMES + FRAME_LIMIT. */
static size_t stack_of(const wpr_targets *targets, const target *item, const change *seen, system_path way,
                       uint64_t *frames)
{
  size_t count = 0;
  for (size_t i = 0; i < SYSTEM_FRAMES; i++) {
    const system_frame *frame = &targets->system_frames[way][i];
    uint64_t base = frame->module_name != NULL ? module_base(item, frame->module_name) : 0;
    if (base != 0) {
      frames[count++] = base + frame->rva;
    }
  }
  const site *from = &item->sites[seen->site];
  memcpy(frames + count, from->frames, from->count * sizeof frames[0]);
  return count + from->count;
}

static void write_memory(const wpr_targets *targets, const target *item, const change *seen)
{
  uint64_t frames[SYSTEM_FRAMES + FRAME_LIMIT];
  bool is_free = seen->kind == CHANGE_RELEASE;
  system_path way = seen->is_heap ? PATH_HEAP_GROWTH : is_free ? PATH_FREE : PATH_ALLOCATION;
  uint32_t flags = is_free ? FLAGS_RELEASE : seen->is_heap ? FLAGS_HEAP_COMMIT : FLAGS_COMMIT;
  size_t count = stack_of(targets, item, seen, way, frames);
  etl_writer_memory memory = {item->pid, seen->tid, seen->address, seen->size_bytes, flags, frames, count};
  if (is_free) {
    etl_writer_add_free(targets->writer, seen->filetime, &memory);
  } else {
    etl_writer_add_allocation(targets->writer, seen->filetime, &memory);
  }
}

/* Windows logs the heap calls of a process that the session names, or that had the flag when it started. */
static bool is_heap_traced(const wpr_targets *targets, const target *item)
{
  const wpr_recording *recording = targets->recording;
  for (size_t i = 0; i < WPR_HEAP_PROCESS_LIMIT; i++) {
    if (recording->heap_pids[i] == item->pid) {
      return true;
    }
  }
  return recording->heap_by_flag && (item->tracing_flags & TRACING_HEAP_BIT) != 0;
}

static void write_heap(const wpr_targets *targets, const target *item, const change *seen)
{
  static const struct {
    system_path way;
    bool (*write)(etl_writer *writer, uint64_t filetime, const etl_writer_heap *block);
  } records[CHANGES] = {{PATH_HEAP_ALLOCATION, etl_writer_add_heap_allocation},
                        {PATH_HEAP_FREE, etl_writer_add_heap_free},
                        {PATH_HEAP_REALLOCATION, etl_writer_add_heap_reallocation}};
  const wpr_recording *recording = targets->recording;
  const bool with_stack[CHANGES] = {recording->stack_of_heap_allocation, recording->stack_of_heap_free,
                                    recording->stack_of_heap_reallocation};
  uint64_t frames[SYSTEM_FRAMES + FRAME_LIMIT];
  etl_writer_heap block = {item->pid,
                           seen->tid,
                           item->heap,
                           seen->address,
                           seen->size_bytes,
                           seen->old_address,
                           seen->old_size_bytes,
                           frames,
                           0};
  if (with_stack[seen->kind]) {
    block.frame_count = stack_of(targets, item, seen, records[seen->kind].way, frames);
  }
  records[seen->kind].write(targets->heap_writer, seen->filetime, &block);
}

/* A heap block shows in a VirtualAlloc trace only where the heap had to commit pages for it; a freed block
 * does not show at all. Turns the block into the pages that nobody has named yet; false when there are none.
 */
static bool take_heap_block(target *item, change *seen)
{
  uint64_t begin = seen->address & ~(PAGE_BYTES - 1);
  uint64_t end = (seen->address + seen->size_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
  if (begin >= item->heap_begin && end <= item->heap_end) {
    return false;
  }
  if (begin >= item->heap_begin && begin <= item->heap_end) {
    begin = item->heap_end;
  } else {
    item->heap_begin = begin;
  }
  item->heap_end = end;
  seen->address = begin;
  seen->size_bytes = end - begin;
  return true;
}

static void take_site(target *item, const char *line)
{
  char *rest = NULL;
  unsigned long index = strtoul(line, &rest, 10);
  site *found = index < SITE_LIMIT ? &item->sites[index] : NULL;
  for (size_t i = 0; found != NULL && i < FRAME_LIMIT; i++) {
    char *next = NULL;
    uint64_t frame = strtoull(rest, &next, 16);
    if (next == rest) {
      break;
    }
    found->frames[i] = frame;
    found->count = i + 1;
    rest = next;
  }
}

/* false: the line is about something else. */
static bool read_change(const char *line, change *seen)
{
  char *rest = NULL;
  size_t kind = 0;
  while (kind < CHANGES && strncmp(line, change_names[kind], strlen(change_names[kind])) != 0) {
    kind++;
  }
  if (kind == CHANGES) {
    return false;
  }
  seen->kind = (change_kind)kind;
  seen->filetime = strtoull(line + strlen(change_names[kind]), &rest, 10);
  seen->address = strtoull(rest, &rest, 16);
  seen->size_bytes = strtoull(rest, &rest, 10);
  seen->site = (unsigned)strtoul(rest, &rest, 10) % SITE_LIMIT;
  seen->is_heap = strncmp(rest, " heap ", 6) == 0;
  if (kind == CHANGE_RESIZE && seen->is_heap) {
    seen->old_address = strtoull(rest + 6, &rest, 16);
    seen->old_size_bytes = strtoull(rest, &rest, 10);
  }
  rest = strrchr(rest, ' ');
  seen->tid = rest != NULL ? (uint32_t)strtoul(rest, NULL, 10) : 0;
  return true;
}

static void take_line(wpr_targets *targets, target *item, const char *line)
{
  change seen = {.kind = CHANGE_COMMIT};
  if (strncmp(line, "site ", 5) == 0) {
    take_site(item, line + 5);
  } else if (strncmp(line, "tracing ", 8) == 0) {
    item->tracing_flags = (uint32_t)strtoul(line + 8, NULL, 16);
  } else if (strncmp(line, "heap ", 5) == 0) {
    item->heap = strtoull(line + 5, NULL, 16);
  }
  if (!read_change(line, &seen)) {
    return;
  }
  bool is_recorded = seen.filetime >= targets->recording->started;
  if (seen.is_heap && is_recorded && targets->heap_writer != NULL && is_heap_traced(targets, item)) {
    write_heap(targets, item, &seen);
  }
  if (seen.is_heap && (seen.kind == CHANGE_RELEASE || !take_heap_block(item, &seen))) {
    return;
  }
  if (is_recorded) {
    write_memory(targets, item, &seen);
  }
}

static void take_bytes(wpr_targets *targets, target *item, const char *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    if (bytes[i] == '\n') {
      item->line[item->line_length] = '\0';
      take_line(targets, item, item->line);
      item->line_length = 0;
    } else if (item->line_length + 1 < sizeof item->line) {
      item->line[item->line_length++] = bytes[i];
    }
  }
}

static void read_log(wpr_targets *targets, target *item)
{
  char chunk[16384];
  DWORD read = 0;
  LARGE_INTEGER at;
  HANDLE file = CreateFileW(item->path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                            NULL, OPEN_EXISTING, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) {
    return;
  }
  at.QuadPart = (LONGLONG)item->read_bytes;
  if (SetFilePointerEx(file, at, NULL, FILE_BEGIN)) {
    while (ReadFile(file, chunk, sizeof chunk, &read, NULL) && read > 0) {
      item->read_bytes += read;
      take_bytes(targets, item, chunk, read);
    }
  }
  CloseHandle(file);
}

static target *find_or_add(wpr_targets *targets, const wchar_t *name)
{
  uint32_t pid = (uint32_t)wcstoul(name + wcslen(L"leaker-"), NULL, 10);
  for (size_t i = 0; i < targets->count; i++) {
    if (targets->items[i]->pid == pid) {
      return targets->items[i];
    }
  }
  target *item = targets->count < TARGET_LIMIT ? calloc(1, sizeof *item) : NULL;
  if (item == NULL) {
    return NULL;
  }
  item->pid = pid;
  item->modules = calloc(MODULE_LIMIT, sizeof *item->modules);
  if (item->modules == NULL || !standin_files_join(item->path, targets->folder, name)) {
    free(item->modules);
    free(item);
    return NULL;
  }
  read_modules(item);
  targets->items[targets->count++] = item;
  return item;
}

void wpr_targets_poll(wpr_targets *targets, etl_writer *writer, etl_writer *heap)
{
  targets->writer = writer;
  targets->heap_writer = heap;
  WIN32_FIND_DATAW entry;
  wchar_t pattern[STANDIN_PATH_UNITS];
  if (!standin_files_join(pattern, targets->folder, L"leaker-*.log")) {
    return;
  }
  HANDLE search = FindFirstFileW(pattern, &entry);
  if (search == INVALID_HANDLE_VALUE) {
    return;
  }
  do {
    /* A log that ended before this recording began belongs to a process of an earlier test. */
    uint64_t changed =
        (uint64_t)entry.ftLastWriteTime.dwHighDateTime << 32 | entry.ftLastWriteTime.dwLowDateTime;
    target *item =
        changed + 50000000u >= targets->recording->started ? find_or_add(targets, entry.cFileName) : NULL;
    uint64_t size = (uint64_t)entry.nFileSizeHigh << 32 | entry.nFileSizeLow;
    if (item != NULL && size < item->read_bytes) {
      item->read_bytes = 0; /* a new process got the id */
      item->line_length = 0;
      read_modules(item);
    }
    if (item != NULL) {
      read_log(targets, item);
    }
  } while (FindNextFileW(search, &entry));
  FindClose(search);
}

void wpr_targets_images(wpr_targets *targets, etl_writer *writer, const wchar_t *notes)
{
  for (size_t i = 0; i < targets->count; i++) {
    target *item = targets->items[i];
    read_modules(item);
    for (size_t k = 0; k < item->module_count; k++) {
      const module *loaded = &item->modules[k];
      etl_writer_image image = {item->pid, loaded->base, loaded->size_bytes, loaded->path};
      etl_writer_add_image(writer, standin_files_now(), ETL_WRITER_DCEND, &image);
      wpr_identity_note(notes, item->pid, loaded->base, loaded->size_bytes, loaded->file);
    }
  }
}
