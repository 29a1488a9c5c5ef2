/*
 * One loop reads a file piece by piece and hands each piece to one of three: copy, deflate, inflate. What
 * comes out goes to a temporary file, or nowhere. Synchronous calls of libuv, for its UTF-8 paths: this runs
 * on a worker thread. Errors of the disk end the work and are told as they are; the half-written file goes.
 */
#include "watch/gzip.h"

#include <stdlib.h>

#include <uv.h>
#include <zlib.h>

#include "watch/uv_error.h"

enum {
  PIECE_BYTES = 64 * 1024,
  GZIP_WINDOW_BITS = 15 + 16, /* 32 KB, with gzip's header and not zlib's */
  LEVEL = 6,
  MEMORY_LEVEL = 8 /* zlib's default: 256 KB in all */
};

typedef struct job job;

/* Takes job->in_bytes bytes of job->in; none: the input has ended. */
typedef seep_status (*take_piece)(job *work);

struct job {
  const char *from, *partial, *to;
  const seep_gzip_options *options;
  seep_error *error;
  take_piece take;
  int input, output; /* negative: none */
  uint64_t in_total, in_done;
  uint64_t unpacked_bytes;
  size_t in_bytes;
  bool plain_wanted, packed_wanted;
  bool between_members; /* inflate: a whole number of gzip members has been read */
  z_stream z;
  uint8_t in[PIECE_BYTES], out[PIECE_BYTES];
};

static void show_plain(job *work, const uint8_t *data, size_t size)
{
  if (work->plain_wanted && size > 0) {
    work->plain_wanted = work->options->plain(work->options->context, data, size);
  }
}

static void show_packed(job *work, const uint8_t *data, size_t size)
{
  if (work->packed_wanted && size > 0) {
    work->packed_wanted = work->options->packed(work->options->context, data, size);
  }
}

static seep_status check_stop(job *work)
{
  const seep_gzip_options *options = work->options;
  if (options->stopped != NULL && options->stopped(options->context)) {
    return seep_error_set(work->error, SEEP_CANCELLED, SEEP_DOMAIN_NONE, 0, "read", work->from);
  }
  return SEEP_OK;
}

static seep_status write_all(job *work, const uint8_t *data, size_t size)
{
  while (work->output >= 0 && size > 0) {
    uv_fs_t request;
    uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)data, (unsigned)size);
    int count = uv_fs_write(NULL, &request, work->output, &buffer, 1, -1, NULL);
    uv_fs_req_cleanup(&request);
    if (count <= 0) {
      return seep_uv_error_set(work->error, count < 0 ? count : UV_ENOSPC, "write", work->partial);
    }
    data += count;
    size -= (size_t)count;
  }
  return SEEP_OK;
}

static seep_status take_copy(job *work)
{
  show_plain(work, work->in, work->in_bytes);
  return write_all(work, work->in, work->in_bytes);
}

static seep_status take_deflate(job *work)
{
  int code = Z_OK;
  show_plain(work, work->in, work->in_bytes);
  work->z.next_in = work->in;
  work->z.avail_in = (uInt)work->in_bytes;
  do {
    work->z.next_out = work->out;
    work->z.avail_out = PIECE_BYTES;
    code = deflate(&work->z, work->in_bytes > 0 ? Z_NO_FLUSH : Z_FINISH);
    size_t count = PIECE_BYTES - work->z.avail_out;
    show_packed(work, work->out, count);
    seep_status status = write_all(work, work->out, count);
    if (status != SEEP_OK) {
      return status;
    }
  } while (work->z.avail_out == 0 && code != Z_STREAM_END);
  return SEEP_OK;
}

static seep_status corrupt(job *work, const char *operation)
{
  uint64_t at = work->in_done - work->z.avail_in;
  return seep_error_set(work->error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)at, operation, work->from);
}

/* A small file can hold terabytes of zeros: what is too much is known before it is written. */
static bool is_too_much(job *work, size_t count)
{
  const uint64_t maximum = work->options->maximum_plain_bytes;
  work->unpacked_bytes += count;
  return maximum > 0 && work->unpacked_bytes > maximum;
}

/* Fills work->out once. */
static seep_status inflate_once(job *work)
{
  if (work->between_members && work->z.avail_in > 0) {
    (void)inflateReset(&work->z);
    work->between_members = false;
  }
  work->z.next_out = work->out;
  work->z.avail_out = PIECE_BYTES;
  int code = inflate(&work->z, Z_NO_FLUSH);
  if (code == Z_MEM_ERROR) {
    return seep_error_set(work->error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "unpack", work->from);
  }
  if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
    return corrupt(work, "unpack");
  }
  work->between_members = code == Z_STREAM_END;
  size_t count = PIECE_BYTES - work->z.avail_out;
  if (is_too_much(work, count)) {
    return corrupt(work, "unpack within its known size");
  }
  show_plain(work, work->out, count);
  return write_all(work, work->out, count);
}

static seep_status take_inflate(job *work)
{
  seep_status status = SEEP_OK;
  show_packed(work, work->in, work->in_bytes);
  work->z.next_in = work->in;
  work->z.avail_in = (uInt)work->in_bytes;
  if (work->in_bytes == 0) {
    return work->between_members ? SEEP_OK : corrupt(work, "unpack");
  }
  /* A piece can grow a thousandfold: hence the question in here, too. */
  do {
    status = inflate_once(work);
    status = status == SEEP_OK ? check_stop(work) : status;
  } while (status == SEEP_OK && (work->z.avail_in > 0 || work->z.avail_out == 0));
  return status;
}

static seep_status read_piece(job *work)
{
  uv_fs_t request;
  uv_buf_t buffer = uv_buf_init((char *)work->in, PIECE_BYTES);
  int count = uv_fs_read(NULL, &request, work->input, &buffer, 1, -1, NULL);
  uv_fs_req_cleanup(&request);
  if (count < 0) {
    return seep_uv_error_set(work->error, count, "read", work->from);
  }
  work->in_bytes = (size_t)count;
  work->in_done += work->in_bytes;
  return SEEP_OK;
}

static seep_status pump(job *work)
{
  seep_status status = SEEP_OK;
  do {
    status = check_stop(work);
    status = status == SEEP_OK ? read_piece(work) : status;
    status = status == SEEP_OK ? work->take(work) : status;
    if (status == SEEP_OK && work->options->progress != NULL) {
      work->options->progress(work->options->context, work->in_done, work->in_total);
    }
  } while (status == SEEP_OK && work->in_bytes > 0);
  return status;
}

static void close_file(int *file)
{
  uv_fs_t request;
  if (*file >= 0) {
    (void)uv_fs_close(NULL, &request, *file, NULL);
    uv_fs_req_cleanup(&request);
  }
  *file = -1;
}

static void remove_file(const char *path)
{
  uv_fs_t request;
  (void)uv_fs_unlink(NULL, &request, path, NULL);
  uv_fs_req_cleanup(&request);
}

static seep_status open_input(job *work)
{
  uv_fs_t request;
  work->input = uv_fs_open(NULL, &request, work->from, UV_FS_O_RDONLY | UV_FS_O_SEQUENTIAL, 0, NULL);
  uv_fs_req_cleanup(&request);
  if (work->input < 0) {
    return seep_uv_error_set(work->error, work->input, "open", work->from);
  }
  if (uv_fs_fstat(NULL, &request, work->input, NULL) == 0) {
    work->in_total = request.statbuf.st_size;
  }
  uv_fs_req_cleanup(&request);
  return SEEP_OK;
}

/* A rename replaces what is there on every system, so it has to be asked before. */
static seep_status check_free_name(job *work)
{
  uv_fs_t request;
  int code = work->to != NULL ? uv_fs_lstat(NULL, &request, work->to, NULL) : UV_ENOENT;
  if (work->to != NULL) {
    uv_fs_req_cleanup(&request);
  }
  return code == 0 ? seep_error_set(work->error, SEEP_BUSY, SEEP_DOMAIN_UV, UV_EEXIST, "create", work->to)
                   : SEEP_OK;
}

/* Anew and never through something that stands there: a link would lead elsewhere. */
static seep_status open_output(job *work)
{
  uv_fs_t request;
  if (work->to == NULL) {
    return SEEP_OK;
  }
  if (work->options->replace_partial) {
    remove_file(work->partial);
  }
  work->output = uv_fs_open(NULL, &request, work->partial,
                            UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_EXCL | UV_FS_O_SEQUENTIAL, 0600, NULL);
  uv_fs_req_cleanup(&request);
  if (work->output == UV_EEXIST && !work->options->replace_partial) {
    return seep_error_set(work->error, SEEP_BUSY, SEEP_DOMAIN_UV, UV_EEXIST, "create", work->partial);
  }
  return work->output >= 0 ? SEEP_OK : seep_uv_error_set(work->error, work->output, "create", work->partial);
}

/* On disk first, then by name. */
static seep_status finish_output(job *work)
{
  uv_fs_t request;
  if (work->output < 0) {
    return SEEP_OK;
  }
  int code = uv_fs_fsync(NULL, &request, work->output, NULL);
  uv_fs_req_cleanup(&request);
  int closed = uv_fs_close(NULL, &request, work->output, NULL);
  uv_fs_req_cleanup(&request);
  work->output = -1;
  if (code < 0 || closed < 0) {
    return seep_uv_error_set(work->error, code < 0 ? code : closed, "write", work->partial);
  }
  seep_status status = check_free_name(work);
  if (status == SEEP_OK) {
    code = uv_fs_rename(NULL, &request, work->partial, work->to, NULL);
    uv_fs_req_cleanup(&request);
    status = code < 0 ? seep_uv_error_set(work->error, code, "rename", work->partial) : SEEP_OK;
  }
  return status;
}

/* zlib's state is ready, or not needed. */
static seep_status run(job *work)
{
  seep_status status = check_free_name(work);
  status = status == SEEP_OK ? open_input(work) : status;
  status = status == SEEP_OK ? open_output(work) : status;
  bool made = work->output >= 0;
  status = status == SEEP_OK ? pump(work) : status;
  status = status == SEEP_OK ? finish_output(work) : status;
  close_file(&work->input);
  close_file(&work->output);
  if (status != SEEP_OK && made) {
    remove_file(work->partial);
  }
  return status;
}

static seep_status no_memory(seep_error *error, const char *from)
{
  return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "open", from);
}

static job *new_job(const char *from, const char *partial, const char *to, const seep_gzip_options *options,
                    seep_error *error)
{
  static const seep_gzip_options none;
  job *work = calloc(1, sizeof *work);
  if (work != NULL) {
    work->from = from;
    work->partial = partial;
    work->to = to;
    work->options = options != NULL ? options : &none;
    work->error = error;
    work->take = take_copy;
    work->input = -1;
    work->output = -1;
    work->plain_wanted = work->options->plain != NULL;
    work->packed_wanted = work->options->packed != NULL;
  }
  return work;
}

seep_status seep_gzip_pack(const char *from, const char *partial, const char *to,
                           const seep_gzip_options *options, seep_error *error)
{
  seep_status status = SEEP_NO_MEMORY;
  job *work = new_job(from, partial, to, options, error);
  if (work != NULL &&
      deflateInit2(&work->z, LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK) {
    work->take = take_deflate;
    status = run(work);
    (void)deflateEnd(&work->z);
  } else {
    status = no_memory(error, from);
  }
  free(work);
  return status;
}

seep_status seep_gzip_unpack(const char *from, const char *partial, const char *to,
                             const seep_gzip_options *options, seep_error *error)
{
  seep_status status = SEEP_NO_MEMORY;
  job *work = new_job(from, partial, to, options, error);
  if (work != NULL && inflateInit2(&work->z, GZIP_WINDOW_BITS) == Z_OK) {
    work->take = take_inflate;
    status = run(work);
    (void)inflateEnd(&work->z);
  } else {
    status = no_memory(error, from);
  }
  free(work);
  return status;
}

seep_status seep_gzip_copy(const char *from, const char *partial, const char *to,
                           const seep_gzip_options *options, seep_error *error)
{
  job *work = new_job(from, partial, to, options, error);
  seep_status status = work != NULL ? run(work) : no_memory(error, from);
  free(work);
  return status;
}

seep_status seep_gzip_read(const char *from, const seep_gzip_options *options, seep_error *error)
{
  return seep_gzip_unpack(from, NULL, NULL, options, error);
}
