/*
 * The order is what keeps a recording: final name first, then read, then packed beside it, and only then the
 * plain file goes. Whichever of these a crash cuts off, the next call finds one of: fresh, plain, plain with
 * a partial file, plain with the packed one, packed alone - and ends with one finished file.
 */
#include "watch/keeper.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/sha256.h"
#include "base/text.h"
#include "trace/stream.h"
#include "trace/tally.h"
#include "watch/files.h"
#include "watch/gzip.h"

enum { TRIES = 100, TRIES_WHEN_STOPPED = 3, PAUSE_MS = 100 }; /* ten seconds in all */

/* Noise grows by a few bytes for each 16 KB when it is packed: by far less than this share of it. */
enum { GROWTH_DIVISOR = 1024, GROWTH_LEAST_BYTES = 4096 };

/* One call. */
typedef struct keeping {
  const seep_keeper_request *request;
  bool lowered; /* this thread's priority */
} keeping;

static void restore_priority(keeping *work)
{
  if (work->lowered) {
    work->lowered = false;
    work->request->background(false);
  }
}

/* Whoever stops us waits for what is left to do. */
static bool is_stopped(keeping *work)
{
  bool stopped = work->request->stop != NULL && *work->request->stop != 0;
  if (stopped) {
    restore_priority(work);
  }
  return stopped;
}

/* One reading of a trace, in whichever form. */
typedef struct reading {
  keeping *work;
  bool digests_packed; /* else the plain bytes */
  seep_sha256 digest;
  uint64_t plain_bytes, packed_bytes;
  seep_trace_stream *stream; /* NULL: nothing is counted (any longer) */
  seep_trace_tally tally;
} reading;

static bool look_at_plain(void *context, const void *data, size_t size)
{
  reading *pass = context;
  pass->plain_bytes += size;
  if (!pass->digests_packed) {
    seep_sha256_add(&pass->digest, data, size);
  }
  if (pass->stream != NULL && seep_trace_stream_add(pass->stream, data, size, NULL) != SEEP_OK) {
    seep_trace_stream_free(pass->stream);
    pass->stream = NULL;
  }
  return true;
}

static bool look_at_packed(void *context, const void *data, size_t size)
{
  reading *pass = context;
  pass->packed_bytes += size;
  seep_sha256_add(&pass->digest, data, size);
  return true;
}

static bool reading_is_stopped(void *context)
{
  const reading *pass = context;
  return is_stopped(pass->work);
}

/* All is read; what follows is getting it onto the disk, which a stop cannot interrupt. */
static void see_progress(void *context, uint64_t done_bytes, uint64_t total_bytes)
{
  const reading *pass = context;
  if (done_bytes >= total_bytes) {
    restore_priority(pass->work);
  }
}

static seep_gzip_options begin_reading(reading *pass, keeping *work, bool digests_packed)
{
  const seep_gzip_options options = {.plain = look_at_plain,
                                     .packed = digests_packed ? look_at_packed : NULL,
                                     .context = pass,
                                     .stopped = reading_is_stopped,
                                     .progress = see_progress,
                                     .replace_partial = true};
  memset(pass, 0, sizeof *pass);
  pass->work = work;
  pass->digests_packed = digests_packed;
  seep_sha256_init(&pass->digest);
  seep_trace_tally_init(&pass->tally, work->request->pid);
  pass->stream = seep_trace_stream_new(seep_trace_tally_visit, &pass->tally);
  return options;
}

/* whole: the file was read to its end; else nothing that needs all of it is known. */
static void end_reading(reading *pass, bool whole, seep_recorder_kept *kept)
{
  seep_trace_summary summary;
  if (whole) {
    kept->bytes = pass->digests_packed ? pass->packed_bytes : pass->plain_bytes;
    kept->etl_bytes = pass->plain_bytes;
    (void)seep_sha256_text(&pass->digest, kept->sha256);
  }
  /* What is in compressed buffers cannot be counted: a figure without them would pass for the truth. */
  if (whole && pass->stream != NULL && seep_trace_stream_finish(pass->stream, &summary, NULL) == SEEP_OK &&
      summary.unread_buffers == 0) {
    kept->readable = true;
    kept->events = summary.records;
    kept->target_events = pass->tally.memory_events;
    kept->target_heap_events = pass->tally.heap_events;
    kept->events_lost = summary.header.events_lost;
    kept->buffers_lost = summary.header.buffers_lost;
  }
  seep_trace_stream_free(pass->stream);
  pass->stream = NULL;
}

static void keep_as(seep_recorder_kept *kept, const char *path, bool is_plain)
{
  memset(kept, 0, sizeof *kept);
  (void)seep_text_copy(kept->path, sizeof kept->path, path);
  kept->bytes = seep_files_size(path);
  kept->etl_bytes = is_plain ? kept->bytes : 0;
}

static seep_status read_plain(keeping *work, seep_recorder_kept *kept, seep_error *error)
{
  reading pass;
  seep_gzip_options options = begin_reading(&pass, work, false);
  seep_status status = seep_gzip_copy(work->request->plain, NULL, NULL, &options, error);
  keep_as(kept, work->request->plain, true);
  end_reading(&pass, status == SEEP_OK, kept);
  return status;
}

static seep_status read_packed(keeping *work, const char *packed, seep_recorder_kept *kept, seep_error *error)
{
  reading pass;
  seep_gzip_options options = begin_reading(&pass, work, true);
  seep_status status = seep_gzip_read(packed, &options, error);
  keep_as(kept, packed, false);
  end_reading(&pass, status == SEEP_OK, kept);
  return status;
}

static bool is_there(const char *path)
{
  uv_fs_t request;
  int code = uv_fs_lstat(NULL, &request, path, NULL);
  uv_fs_req_cleanup(&request);
  return code == 0;
}

/* Until it works, or trying again makes no sense, or for ten seconds: somebody may hold the file open. */
static bool again(keeping *work, unsigned tried)
{
  bool stopped = is_stopped(work);
  if (tried >= (stopped ? TRIES_WHEN_STOPPED : TRIES)) {
    return false;
  }
  if (!stopped) {
    uv_sleep(PAUSE_MS);
  }
  return true;
}

static seep_status rename_fresh(keeping *work, seep_error *error)
{
  const seep_keeper_request *request = work->request;
  unsigned tried = 0;
  seep_status status = SEEP_OK;
  do {
    status = seep_files_rename(request->fresh, request->plain, error);
    tried++;
  } while (status != SEEP_OK && status != SEEP_NOT_FOUND && again(work, tried));
  return status;
}

static seep_status remove_plain(keeping *work, seep_error *error)
{
  const seep_keeper_request *request = work->request;
  unsigned tried = 0;
  bool gone = false;
  do {
    gone = seep_files_remove(request->plain) || !is_there(request->plain);
    tried++;
  } while (!gone && again(work, tried));
  return gone ? SEEP_OK
              : seep_error_set(error, SEEP_BUSY, SEEP_DOMAIN_NONE, 0, "remove uncompressed file",
                               request->plain);
}

/* An earlier life packed it and did not come to removing the plain file. The packed one was whole when it got
 * its name; it is read before the only other copy goes, all the same. */
static seep_status finish_earlier(keeping *work, const char *packed, seep_recorder_kept *kept,
                                  seep_error *error)
{
  const seep_keeper_request *request = work->request;
  seep_status status = read_packed(work, packed, kept, error);
  if (status == SEEP_OK && kept->etl_bytes != seep_files_size(request->plain)) {
    status = seep_error_set(error, SEEP_BUSY, SEEP_DOMAIN_NONE, 0, "another recording's file", packed);
  }
  if (status == SEEP_OK) {
    return remove_plain(work, error);
  }
  if (status == SEEP_CANCELLED) {
    keep_as(kept, request->plain, true);
  } else {
    (void)read_plain(work, kept, NULL);
  }
  return status;
}

/* Packed or not, what is written may be as large as what is read, and both are there for a while. */
static bool has_room(const seep_keeper_request *request)
{
  char folder[SEEP_RECORDER_PATH_SIZE];
  size_t length = strlen(request->partial);
  while (length > 0 && request->partial[length - 1] != '/' && request->partial[length - 1] != '\\') {
    length--;
  }
  (void)seep_text_copy_bytes(folder, sizeof folder, request->partial, length);
  const uint64_t plain_bytes = seep_files_size(request->plain);
  const uint64_t growth_bytes = plain_bytes / GROWTH_DIVISOR + GROWTH_LEAST_BYTES;
  const uint64_t free_bytes = seep_files_free_bytes(length > 0 ? folder : ".");
  return free_bytes >= request->minimum_free_bytes &&
         free_bytes - request->minimum_free_bytes >= plain_bytes + growth_bytes;
}

static seep_status pack(keeping *work, const char *packed, seep_recorder_kept *kept, seep_error *error)
{
  const seep_keeper_request *request = work->request;
  reading pass;
  seep_gzip_options options = begin_reading(&pass, work, true);
  seep_status status = seep_gzip_pack(request->plain, request->partial, packed, &options, error);
  keep_as(kept, status == SEEP_OK ? packed : request->plain, status != SEEP_OK);
  end_reading(&pass, status == SEEP_OK, kept);
  if (status == SEEP_OK) {
    return remove_plain(work, error);
  }
  if (status != SEEP_CANCELLED) {
    (void)read_plain(work, kept, NULL);
  }
  return status;
}

static seep_status keep(keeping *work, const char *packed, seep_recorder_kept *kept, seep_error *error)
{
  const seep_keeper_request *request = work->request;
  bool has_plain = is_there(request->plain), has_packed = is_there(packed);
  if (is_there(request->fresh)) {
    if (has_plain || has_packed) {
      return seep_error_set(error, SEEP_BUSY, SEEP_DOMAIN_UV, UV_EEXIST, "rename", request->fresh);
    }
    seep_status status = rename_fresh(work, error);
    if (status != SEEP_OK) {
      return status;
    }
  } else if (has_packed) {
    return has_plain ? finish_earlier(work, packed, kept, error) : read_packed(work, packed, kept, error);
  } else if (!has_plain) {
    return seep_error_set(error, SEEP_NOT_FOUND, SEEP_DOMAIN_UV, UV_ENOENT, "open", request->plain);
  }
  if (!request->compress) {
    return read_plain(work, kept, error);
  }
  if (!has_room(request)) {
    seep_status status = read_plain(work, kept, error);
    return status != SEEP_OK ? status
                             : seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0,
                                              "free space to compress in", request->partial);
  }
  return pack(work, packed, kept, error);
}

seep_status seep_keeper_keep(const seep_keeper_request *request, seep_recorder_kept *kept, seep_error *error)
{
  char packed[SEEP_RECORDER_PATH_SIZE + sizeof ".gz"];
  seep_writer writer;
  memset(kept, 0, sizeof *kept);
  seep_writer_init(&writer, packed, sizeof packed);
  seep_writer_text(&writer, request->plain);
  seep_writer_text(&writer, ".gz");
  keeping work = {.request = request, .lowered = request->background != NULL};
  if (work.lowered) {
    request->background(true);
  }
  seep_status status = keep(&work, packed, kept, error);
  restore_priority(&work);
  return status;
}
