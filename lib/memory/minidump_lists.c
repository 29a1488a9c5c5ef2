/*
 * Lists of equal entries in a minidump, and the two that tell about the process: threads, for their TEBs, and
 * modules, for the language runtimes among them. A count is believed only as far as its stream and the file
 * reach.
 */
#include <stdlib.h>

#include "base/text.h"
#include "memory/minidump_private.h"
#include "memory/runtime.h"

enum { THREAD_BYTES = 48, THREAD_EX_BYTES = 64, THREAD_TEB_AT = 16, MODULE_BYTES = 108, MODULE_NAME_AT = 20 };

/* A process has hundreds; names are looked up one by one all over the file. */
#define MOST_NAMES 65536u
/* What a UNICODE_STRING can hold. */
#define LONGEST_NAME_BYTES 65534u

seep_status seep_minidump__fit(seep_minidump *dump, const seep_minidump_stream *stream, uint64_t from,
                               seep_minidump__list *list, seep_error *error)
{
  uint64_t present = seep_minidump__present(dump, stream);
  uint64_t room = present > from ? (present - from) / list->entry_bytes : 0;
  list->offset = stream->offset + from;
  list->count = list->announced < room ? list->announced : room;
  dump->cut_short = dump->cut_short || list->count < list->announced;
  if (list->count > SEEP_MINIDUMP_MAXIMUM_ENTRIES) {
    return seep_minidump__fail(error, SEEP_LIMIT, stream->offset,
                               "a list has more than four million entries");
  }
  return SEEP_OK;
}

seep_status seep_minidump__open_list(seep_minidump *dump, const seep_minidump_stream *stream,
                                     size_t entry_bytes, seep_minidump__list *list, seep_error *error)
{
  seep_cursor bytes;
  *list = (seep_minidump__list){.entry_bytes = entry_bytes, .wanted_bytes = entry_bytes};
  if (stream == NULL || seep_minidump__present(dump, stream) < 4) {
    dump->cut_short = dump->cut_short || stream != NULL;
    return SEEP_OK;
  }
  seep_status status = seep_minidump__look(dump, stream->offset, 4, &bytes, error);
  if (status != SEEP_OK) {
    return status;
  }
  list->announced = seep_cursor_u32(&bytes);
  bool is_padded = stream->size_bytes == 8 + list->announced * entry_bytes;
  return seep_minidump__fit(dump, stream, is_padded ? 8 : 4, list, error);
}

seep_status seep_minidump__walk(const seep_minidump *dump, const seep_minidump__list *list,
                                seep_minidump__visit visit, void *context, seep_error *error)
{
  uint64_t at_once = SEEP_MINIDUMP_WINDOW_BYTES / list->entry_bytes;
  at_once = at_once > 0 ? at_once : 1;
  for (uint64_t first = 0; first < list->count; first += at_once) {
    uint64_t many = list->count - first < at_once ? list->count - first : at_once;
    size_t stride = many > 1 ? (size_t)list->entry_bytes : 0;
    seep_cursor window;
    seep_status status =
        seep_minidump__look(dump, list->offset + first * list->entry_bytes,
                            (size_t)(many - 1) * stride + list->wanted_bytes, &window, error);
    for (uint64_t i = 0; status == SEEP_OK && i < many; i++) {
      seep_cursor entry;
      seep_cursor_init(&entry, window.data + (size_t)i * stride, list->wanted_bytes);
      status = visit(context, first + i, &entry);
    }
    if (status != SEEP_OK) {
      return status;
    }
  }
  return SEEP_OK;
}

static seep_status take_teb(void *context, uint64_t index, seep_cursor *entry)
{
  seep_minidump *dump = context;
  uint64_t teb = seep_minidump__address(dump, seep_cursor_u64_at(entry, THREAD_TEB_AT));
  (void)index;
  if (teb != 0) {
    dump->tebs[dump->teb_count++] = teb;
  }
  return SEEP_OK;
}

seep_status seep_minidump__take_threads(seep_minidump *dump, seep_error *error)
{
  size_t entry_bytes = THREAD_BYTES;
  seep_minidump__list list;
  const seep_minidump_stream *stream = seep_minidump__find(dump, SEEP_MINIDUMP__THREADS);
  if (stream == NULL) {
    stream = seep_minidump__find(dump, SEEP_MINIDUMP__THREADS_EX);
    entry_bytes = THREAD_EX_BYTES;
  }
  seep_status status = seep_minidump__open_list(dump, stream, entry_bytes, &list, error);
  if (status != SEEP_OK || list.count == 0) {
    return status;
  }
  dump->tebs = calloc((size_t)list.count, sizeof *dump->tebs);
  if (dump->tebs == NULL) {
    return seep_minidump__fail(error, SEEP_NO_MEMORY, list.offset, "the list of threads");
  }
  dump->threads = (uint32_t)list.count;
  return seep_minidump__walk(dump, &list, take_teb, dump, error);
}

typedef struct names {
  uint32_t *offsets;
  uint64_t most;
} names;

static seep_status take_name_offset(void *context, uint64_t index, seep_cursor *entry)
{
  names *found = context;
  if (index < found->most) {
    found->offsets[index] = seep_cursor_u32_at(entry, MODULE_NAME_AT);
  }
  return SEEP_OK;
}

/* Reads the end of the name, where the file's name is; SEEP_CORRUPT when there is none. */
static seep_status take_name(seep_minidump *dump, uint32_t offset, seep_error *error)
{
  char text[3 * SEEP_MINIDUMP_NAME_SIZE];
  seep_cursor bytes;
  seep_status status = seep_minidump__look(dump, offset, 4, &bytes, error);
  if (status != SEEP_OK) {
    return status;
  }
  uint32_t length = seep_cursor_u32(&bytes);
  uint32_t tail = length < 2 * SEEP_MINIDUMP_NAME_SIZE ? length : 2 * (SEEP_MINIDUMP_NAME_SIZE - 1);
  if (length == 0 || length > LONGEST_NAME_BYTES || length % 2 != 0) {
    return SEEP_CORRUPT;
  }
  status = seep_minidump__look(dump, (uint64_t)offset + 4 + (length - tail), tail, &bytes, error);
  if (status == SEEP_OK) {
    (void)seep_text_from_utf16le(bytes.data, bytes.size, text, sizeof text);
    dump->runtimes |= seep_runtime_of_module(text);
  }
  return status;
}

seep_status seep_minidump__take_modules(seep_minidump *dump, seep_error *error)
{
  seep_minidump__list list;
  names found = {NULL, 0};
  seep_status status = seep_minidump__open_list(dump, seep_minidump__find(dump, SEEP_MINIDUMP__MODULES),
                                                MODULE_BYTES, &list, error);
  if (status != SEEP_OK || list.count == 0) {
    return status;
  }
  dump->modules = (uint32_t)list.count;
  dump->modules_known = list.count == list.announced && list.count <= MOST_NAMES;
  found.most = list.count < MOST_NAMES ? list.count : MOST_NAMES;
  found.offsets = calloc((size_t)found.most, sizeof *found.offsets);
  if (found.offsets == NULL) {
    return seep_minidump__fail(error, SEEP_NO_MEMORY, list.offset, "the list of modules");
  }
  status = seep_minidump__walk(dump, &list, take_name_offset, &found, error);
  for (uint64_t i = 0; status == SEEP_OK && i < found.most; i++) {
    status = take_name(dump, found.offsets[i], error);
    if (status == SEEP_CORRUPT) {
      dump->modules_known = false;
      status = SEEP_OK;
    }
  }
  free(found.offsets);
  return status;
}
