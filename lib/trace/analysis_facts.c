/*
 * Records that say what there is rather than what happened to memory: processes, images, what a merge knows
 * about their files, the size of a page, what Windows itself counts as committed.
 */
#include <string.h>

#include "base/text.h"
#include "trace/analysis_private.h"

#define PAGE_SHIFT_LARGEST 16u

void seep_trace__exclude_by_name(seep_trace_analysis *analysis, seep_instance *instance)
{
  if (analysis->process_name != NULL &&
      !seep_text_equal_ignoring_case(instance->shown.name, analysis->process_name)) {
    instance->is_excluded = true;
    seep_instances_drop_maps(instance);
  }
}

bool seep_trace__on_process(seep_trace_analysis *analysis, const seep_trace_record *record,
                            seep_trace_kind kind)
{
  seep_trace_process process;
  if (!seep_trace_take_process(record, 0, &process)) {
    return seep_trace__malformed(analysis);
  }
  uint32_t index = seep_instances_event(&analysis->instances, kind, analysis->now_ticks, &process);
  if (index == SEEP_NO_INSTANCE) {
    return seep_trace__stop(analysis);
  }
  seep_trace__exclude_by_name(analysis, &analysis->instances.items[index]);
  return true;
}

bool seep_trace__on_image(seep_trace_analysis *analysis, const seep_trace_record *record,
                          seep_trace_kind kind)
{
  seep_trace_image image;
  if (!seep_trace_take_image(record, 0, &image)) {
    return seep_trace__malformed(analysis);
  }
  uint32_t instance = SEEP_TRACE_KERNEL_INSTANCE;
  if (!seep_trace_is_kernel_address(image.base, record->pointer_bytes)) {
    /* What was there does not become a new process by being unloaded late. */
    bool is_old = kind == SEEP_TRACE_IMAGE_UNLOAD || kind == SEEP_TRACE_IMAGE_DCEND;
    instance = is_old ? seep_instances_newest(&analysis->instances, image.pid) : SEEP_NO_INSTANCE;
    if (instance == SEEP_NO_INSTANCE) {
      instance = seep_instances_obtain(&analysis->instances, image.pid, analysis->now_ticks);
    }
    if (instance == SEEP_NO_INSTANCE) {
      return seep_trace__stop(analysis);
    }
  }
  return seep_trace_modules_add(analysis->modules, instance, kind, record->ticks, &image) == SEEP_OK ||
         seep_trace__stop(analysis);
}

bool seep_trace__on_counters(seep_trace_analysis *analysis, const seep_trace_record *record)
{
  uint64_t bytes;
  if (record->payload_bytes < 4) {
    return seep_trace__malformed(analysis);
  }
  const uint8_t *at = record->payload;
  uint32_t pid = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
  uint32_t index = seep_instances_newest(&analysis->instances, pid);
  if (!seep_trace_take_commit(record, SEEP_TRACE_PROCESS_COUNTERS, pid, 1u << analysis->page_shift, &bytes)) {
    return seep_trace__malformed(analysis);
  }
  if (index != SEEP_NO_INSTANCE) {
    analysis->instances.items[index].shown.commit_at_end_bytes = bytes;
  }
  return true;
}

/* Only the newest says what was there at the end: it is kept until then. */
bool seep_trace__on_working_sets(seep_trace_analysis *analysis, const seep_trace_record *record)
{
  if (!seep_trace_budget_reserve(analysis->budget, (void **)&analysis->working_sets,
                                 &analysis->working_sets_capacity, record->payload_bytes, 1)) {
    return seep_trace__stop(analysis);
  }
  if (record->payload_bytes > 0) {
    memcpy(analysis->working_sets, record->payload, record->payload_bytes);
  }
  analysis->working_sets_record = *record;
  analysis->working_sets_record.payload = analysis->working_sets;
  analysis->has_working_sets = record->payload_bytes > 0;
  return true;
}

bool seep_trace__on_page_size(seep_trace_analysis *analysis, const seep_trace_record *record)
{
  uint32_t bytes;
  if (!seep_trace_take_page_bytes(record, &bytes)) {
    return seep_trace__malformed(analysis);
  }
  for (unsigned shift = SEEP_TRACE_PAGE_SHIFT; !analysis->has_replayed && shift <= PAGE_SHIFT_LARGEST;
       shift++) {
    analysis->page_shift = bytes == 1u << shift ? shift : analysis->page_shift;
  }
  return true;
}

/* What a merge adds about modules, and about where they are. */
bool seep_trace__on_module_fact(seep_trace_analysis *analysis, const seep_trace_record *record,
                                seep_trace_kind kind)
{
  seep_status status = SEEP_OK;
  bool is_whole;
  seep_trace_image_id id;
  seep_trace_pdb_id pdb;
  seep_trace_file_version version;
  seep_trace_volume volume;
  seep_trace_paths paths;
  switch (kind) {
  case SEEP_TRACE_IMAGE_ID:
    is_whole = seep_trace_take_image_id(record, &id);
    status = is_whole ? seep_trace_modules_add_image_id(analysis->modules, record->ticks, &id) : SEEP_OK;
    break;
  case SEEP_TRACE_PDB_ID:
    is_whole = seep_trace_take_pdb_id(record, &pdb);
    status = is_whole ? seep_trace_modules_add_pdb_id(analysis->modules, record->ticks, &pdb) : SEEP_OK;
    break;
  case SEEP_TRACE_FILE_VERSION:
    is_whole = seep_trace_take_file_version(record, &version);
    status = is_whole ? seep_trace_modules_add_version(analysis->modules, &version) : SEEP_OK;
    break;
  case SEEP_TRACE_VOLUME:
    is_whole = seep_trace_take_volume(record, &volume);
    status = is_whole ? seep_trace_modules_add_volume(analysis->modules, &volume) : SEEP_OK;
    break;
  default:
    is_whole = seep_trace_take_paths(record, &paths);
    status = is_whole ? seep_trace_modules_add_paths(analysis->modules, &paths) : SEEP_OK;
    break;
  }
  analysis->losses.malformed += is_whole ? 0 : 1;
  return status == SEEP_OK || seep_trace__stop(analysis);
}
