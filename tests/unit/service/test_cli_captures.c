/*
 * captures list, show and export, on a data folder as somebody copied it from a server: the store says
 * C:\..., the files lie beside it. What the server kept, what it removed, and what came damaged.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>
#include <zlib.h>

#include "base/sha256.h"
#include "unit/service/polls.h"
#include "unit/service/spawn.h"

#define FOLDER "service_cli_captures-" SPAWN_NAME
#define DATABASE FOLDER "/seepwatch.db"
#define EMPTY FOLDER "/empty.db"
#define CAPTURES FOLDER "/captures"
#define TARGET FOLDER "/out-" SPAWN_NAME ".etl"
#define PART TARGET ".part1"
#define PART_LIMIT 9

#define ON_SERVER "C:\\ProgramData\\Seepwatch\\captures\\"
#define PACKED "20260301T000100Z-app.exe-4242-virtualalloc.etl.gz"
#define PACKED_SIDECAR "20260301T000100Z-app.exe-4242-virtualalloc.json"
#define PACKED_PAGE "20260301T000100Z-app.exe-4242-virtualalloc.html"
#define PLAIN "20260301T000200Z-app.exe-4242-heap.etl"
#define DAMAGED "20260301T000300Z-bad.exe-8-heap.etl.gz"
#define CUT "20260301T000400Z-cut.exe-8-heap.etl.gz"
#define REMOVED "20260301T000500Z-old.exe-8-heap.etl.gz"
#define LOST "20260301T000600Z-lost.exe-8-heap.etl"

#define EARLIER_MS (POLLS_MIDNIGHT_MS - SEEP_MS_PER_HOUR)
#define WILD "say \"hi\", \x1B[2J\xC2\x9B\xE2\x80\xAE.exe"
#define TAME "say \"hi\", \xEF\xBF\xBD[2J\xEF\xBF\xBD\xEF\xBF\xBD.exe"

enum { ID_PACKED = 1, ID_PLAIN, ID_DAMAGED, ID_CUT, ID_REMOVED, ID_LOST, ID_FAILED, COUNT = ID_FAILED };

#define TRACE_BYTES 300000u /* more than the pieces in which files are read */

static unsigned char trace[TRACE_BYTES], packed[TRACE_BYTES + 1000];
static size_t packed_size;
static char packed_digest[SEEP_SHA256_TEXT_SIZE], plain_digest[SEEP_SHA256_TEXT_SIZE];

/* ---- the folder ---- */

static void digest(const void *bytes, size_t size, char out[SEEP_SHA256_TEXT_SIZE])
{
  seep_sha256 sha;
  seep_sha256_init(&sha);
  seep_sha256_add(&sha, bytes, size);
  seep_sha256_text(&sha, out);
}

static void make_trace(void)
{
  z_stream z;
  memset(&z, 0, sizeof z);
  for (size_t i = 0; i < TRACE_BYTES; i++) {
    trace[i] = (unsigned char)((i * i >> 7) ^ (i >> 3));
  }
  assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_in = trace;
  z.avail_in = TRACE_BYTES;
  z.next_out = packed;
  z.avail_out = sizeof packed;
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  packed_size = sizeof packed - z.avail_out;
  deflateEnd(&z);
  digest(trace, TRACE_BYTES, plain_digest);
  digest(packed, packed_size, packed_digest);
}

static void make_folder(const char *path)
{
  uv_fs_t request;
  (void)uv_fs_mkdir(NULL, &request, path, 0777, NULL);
  uv_fs_req_cleanup(&request);
}

static void remove_folder(const char *path)
{
  uv_fs_t request;
  (void)uv_fs_rmdir(NULL, &request, path, NULL);
  uv_fs_req_cleanup(&request);
}

static void make_files(void)
{
  unsigned char other[sizeof packed];
  make_folder(FOLDER);
  make_folder(CAPTURES);
  spawn_file_write(CAPTURES "/" PACKED, packed, packed_size);
  spawn_file_write(CAPTURES "/" PLAIN, trace, TRACE_BYTES);
  memcpy(other, packed, packed_size);
  other[packed_size / 2] ^= 1;
  spawn_file_write(CAPTURES "/" DAMAGED, other, packed_size);
  spawn_file_write(CAPTURES "/" CUT, packed, packed_size / 2);
}

static void add(seep_store *store, int64_t id, const char *path, const char *sha256)
{
  seep_store_capture capture = {.key = polls_key(8, EARLIER_MS),
                                .image = "app.exe",
                                .kind = "heap",
                                .started = {POLLS_MIDNIGHT_MS + 60000 * id},
                                .ended = {POLLS_MIDNIGHT_MS + 60000 * id + 30500},
                                .bytes = packed_size,
                                .outcome = "saved",
                                .etl_bytes = TRACE_BYTES};
  snprintf(capture.path, sizeof capture.path, "%s%s", ON_SERVER, path);
  snprintf(capture.sha256, sizeof capture.sha256, "%s", sha256);
  if (id == ID_PACKED) {
    capture.leak_id = 1;
    capture.key.pid = 4242;
    capture.readable = true;
    capture.events = 1000;
    capture.target_events = 900;
    snprintf(capture.kind, sizeof capture.kind, "virtualalloc");
    snprintf(capture.ending, sizeof capture.ending, "it grew enough");
  }
  if (id == ID_PLAIN) {
    snprintf(capture.image, sizeof capture.image, "%s", WILD);
    capture.readable = true;
    capture.events = UINT64_C(9007199254740993); /* 2^53 + 1: no double holds it */
    capture.events_lost = 12;
    capture.buffers_lost = 1;
  }
  assert_int_equal(seep_store_capture_add(store, &capture, NULL), SEEP_OK);
  assert_true(capture.id == id);
}

static int set_up(void **state)
{
  (void)state;
  polls p;
  make_trace();
  make_files();
  polls_open(&p, EMPTY, POLLS_MIDNIGHT_MS, 30000);
  polls_close(&p);
  polls_open(&p, DATABASE, POLLS_MIDNIGHT_MS, 30000);
  add(p.store, ID_PACKED, PACKED, packed_digest);
  add(p.store, ID_PLAIN, PLAIN, "");
  add(p.store, ID_DAMAGED, DAMAGED, packed_digest);
  add(p.store, ID_CUT, CUT, "");
  add(p.store, ID_REMOVED, REMOVED, packed_digest);
  add(p.store, ID_LOST, LOST, plain_digest);
  seep_store_capture failed = {.key = {.pid = 77},
                               .image = "app.exe",
                               .kind = "virtualalloc",
                               .started = {POLLS_MIDNIGHT_MS + 1},
                               .outcome = "failed: the recorder said \"no\", twice"};
  assert_int_equal(seep_store_capture_add(p.store, &failed, NULL), SEEP_OK);
  const seep_wall removed = {POLLS_MIDNIGHT_MS + SEEP_MS_PER_DAY};
  assert_int_equal(seep_store_capture_removed(p.store, ON_SERVER REMOVED, removed, NULL), SEEP_OK);
  polls_close(&p);
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  polls_remove(DATABASE);
  polls_remove(EMPTY);
  spawn_file_remove(TARGET);
  spawn_file_remove(PART);
  spawn_file_remove(CAPTURES "/" PACKED);
  spawn_file_remove(CAPTURES "/" PLAIN);
  spawn_file_remove(CAPTURES "/" DAMAGED);
  spawn_file_remove(CAPTURES "/" CUT);
  remove_folder(CAPTURES);
  remove_folder(FOLDER);
  return 0;
}

static const char *part(int number)
{
  static char path[sizeof TARGET + 16];
  snprintf(path, sizeof path, TARGET ".part%d", number);
  return path;
}

static int forget_output(void **state)
{
  (void)state;
  spawn_file_remove(TARGET);
  spawn_file_remove(TARGET ".part");
  for (int i = 1; i <= PART_LIMIT; i++) {
    spawn_file_remove(part(i));
  }
  return 0;
}

/* ---- list ---- */

static void test_list_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "list", "--json", "--db", DATABASE);
  SAYS(result->out, "\"events\":9007199254740993,");
  cJSON *document = spawn_json(&result->out);
  const cJSON *captures = spawn_member(document, "captures");
  assert_int_equal(cJSON_GetArraySize(captures), COUNT);
  const cJSON *capture = cJSON_GetArrayItem(captures, ID_PACKED - 1);
  assert_true(spawn_number(capture, "leak_id") == 1.0);
  assert_string_equal(spawn_string(capture, "process"), "app.exe");
  assert_true(spawn_number(capture, "pid") == 4242.0);
  assert_string_equal(spawn_string(capture, "kind"), "virtualalloc");
  assert_string_equal(spawn_string(capture, "started"), "2026-03-01T00:01:00.000Z");
  assert_string_equal(spawn_string(capture, "ended"), "2026-03-01T00:01:30.500Z");
  assert_true(spawn_number(capture, "bytes") == (double)packed_size);
  assert_string_equal(spawn_string(capture, "path"), ON_SERVER PACKED);
  assert_string_equal(spawn_string(capture, "outcome"), "saved");
  assert_string_equal(spawn_string(capture, "ending"), "it grew enough");
  assert_string_equal(spawn_string(capture, "sha256"), packed_digest);
  assert_true(spawn_number(capture, "etl_bytes") == TRACE_BYTES);
  assert_true(spawn_number(capture, "events") == 1000);
  assert_true(spawn_number(capture, "target_events") == 900);
  assert_true(spawn_number(capture, "events_lost") == 0);
  assert_true(cJSON_IsNull(spawn_member(capture, "removed")));
  assert_string_equal(spawn_string(capture, "state"), "kept");
  capture = cJSON_GetArrayItem(captures, ID_REMOVED - 1);
  assert_string_equal(spawn_string(capture, "state"), "removed");
  assert_string_equal(spawn_string(capture, "removed"), "2026-03-02T00:00:00.000Z");
  capture = cJSON_GetArrayItem(captures, ID_FAILED - 1);
  assert_string_equal(spawn_string(capture, "state"), "failed");
  static const char *const nulls[] = {"leak_id",       "created",     "ended",       "path",
                                      "ending",        "sha256",      "etl_bytes",   "events",
                                      "target_events", "events_lost", "buffers_lost"};
  for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++) {
    assert_true(cJSON_IsNull(spawn_member(capture, nulls[i])));
  }
  cJSON_Delete(document);
}

static void test_list_csv(void **state)
{
  (void)state;
  char line[512];
  const spawn_result *result = RUN(0, "captures", "--csv", "--db", DATABASE);
  static const char columns[] =
      "id,leak_id,process,pid,created,kind,started,ended,bytes,path,outcome,ending,sha256,etl_bytes,events,"
      "target_events,events_lost,buffers_lost,removed,state\n";
  assert_memory_equal(result->out.text, columns, sizeof columns - 1);
  snprintf(line, sizeof line,
           "\n1,1,app.exe,4242,2026-02-28T23:00:00.000Z,virtualalloc,2026-03-01T00:01:00.000Z,"
           "2026-03-01T00:01:30.500Z,%u,%s,saved,it grew enough,%s,300000,1000,900,0,0,,kept\n",
           (unsigned)packed_size, ON_SERVER PACKED, packed_digest);
  SAYS(result->out, line);
  SAYS(result->out, "\n7,,app.exe,77,,virtualalloc,2026-03-01T00:00:00.001Z,,0,,"
                    "\"failed: the recorder said \"\"no\"\", twice\",,,,,,,,,failed\n");
  SAYS(result->out, ",,,,,2026-03-02T00:00:00.000Z,removed\n");
}

static void test_list_text(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "--db", DATABASE);
  SAYS(result->out, "     1  2026-03-01T00:01:00.000Z  kept     virtualalloc  ");
  SAYS(result->out, "  4242  app.exe  saved  " ON_SERVER PACKED "\n");
  SAYS(result->out, "  " TAME "  saved, 12 events and 1 buffer lost  " ON_SERVER PLAIN "\n");
  SAYS(result->out, "     5  2026-03-01T00:05:00.000Z  removed  heap  ");
  SAYS(result->out, "  app.exe  failed: the recorder said \"no\", twice  -\n");
  result = RUN(0, "captures", "list", "--db", EMPTY, "--json");
  assert_string_equal(result->out.text, "{\"captures\":[]}\n");
}

/* ---- show ---- */

static void test_show_text(void **state)
{
  (void)state;
  char line[512];
  const spawn_result *result = RUN(0, "captures", "show", "1", "--db", DATABASE, "--verify");
  SAYS(result->out, "Recording 1\n");
  SAYS(result->out, "  pid            4242, created 2026-02-28T23:00:00.000Z\n");
  SAYS(result->out, "  leak case      1\n");
  SAYS(result->out, "  lasted         30 s\n");
  SAYS(result->out, "  ended because  it grew enough\n");
  SAYS(result->out, "  events         1000, 900 of them of the process\n");
  SAYS(result->out, "  lost           nothing\n");
  SAYS(result->out, "  file           " ON_SERVER PACKED "\n");
  SAYS(result->out, "  is there       yes, as " FOLDER);
  SAYS(result->out, "  uncompressed   293 KB (300000 bytes)\n");
  SAYS(result->out, "  verified       yes");
  SAYS(result->out, "  about the case " PACKED_SIDECAR ", beside it\n");
  snprintf(line, sizeof line, "  SHA-256        %s\n", packed_digest);
  SAYS(result->out, line);
  SAYS(result->out, "seepwatch captures export 1 out.etl --db \"" DATABASE "\"\n");
  SAYS(result->out, "Windows Performance Analyzer");
  result = RUN(0, "captures", "show", "2", "--db", DATABASE);
  SAYS(result->out, "  process        " TAME "\n");
  SAYS(result->out, "  lost           12 events and 1 buffer lost\n");
  SAYS(result->out,
       "  next step      open the file in Windows Performance Analyzer; or, for all that it shows,\n");
  SAYS(result->out, "                 seepwatch report \"");
  SAYS(result->out, "  SHA-256        not known\n");
  result = RUN(0, "captures", "show", "5", "--db", DATABASE);
  SAYS(result->out, "  is there       no; removed 2026-03-02T00:00:00.000Z to make room for others\n");
  assert_null(strstr(result->out.text, "next step"));
  result = RUN(0, "captures", "show", "6", "--db", DATABASE);
  SAYS(result->out, "  is there       no\n");
  result =
      RUN(0, "captures", "show", "--db", DATABASE, "latest"); /* the newest, whether it has a file or not */
  SAYS(result->out, "Recording 7\n");
  SAYS(result->out, "  state          failed\n");
}

static void check_file(const char *id, int exit_code, bool there, int matches)
{
  const spawn_result *result =
      RUN(exit_code, "captures", "show", id, "--json", "--db", DATABASE, matches != -2 ? "--verify" : NULL);
  cJSON *document = spawn_json(&result->out);
  const cJSON *file = spawn_member(document, "file");
  assert_true(cJSON_IsBool(spawn_member(file, "exists")));
  assert_int_equal(cJSON_IsTrue(spawn_member(file, "exists")), there);
  assert_int_equal(cJSON_IsString(spawn_member(file, "path")), there);
  assert_int_equal(cJSON_IsNumber(spawn_member(file, "bytes")), there);
  const cJSON *verdict = spawn_member(file, "sha256_matches");
  assert_true(matches < 0 ? cJSON_IsNull(verdict) : matches ? cJSON_IsTrue(verdict) : cJSON_IsFalse(verdict));
  cJSON_Delete(document);
}

static void test_show_json(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "show", "--json", "1", "--db", DATABASE);
  cJSON *document = spawn_json(&result->out);
  assert_true(spawn_number(document, "id") == 1.0);
  assert_string_equal(spawn_string(document, "sidecar"), PACKED_SIDECAR);
  assert_string_equal(spawn_string(document, "state"), "kept");
  assert_true(spawn_number(spawn_member(document, "file"), "bytes") == (double)packed_size);
  cJSON_Delete(document);
  result = RUN(0, "captures", "show", "latest", "--json", "--db", DATABASE);
  document = spawn_json(&result->out);
  assert_true(spawn_number(document, "id") == ID_FAILED);
  assert_true(cJSON_IsNull(spawn_member(document, "sidecar")));
  cJSON_Delete(document);
  check_file("1", 0, true, -2); /* not asked for */
  check_file("1", 0, true, 1);
  check_file("2", 0, true, -1); /* nothing to compare it with */
  check_file("3", 4, true, 0);
  check_file("5", 3, false, -1);
  check_file("6", 3, false, -1);
  check_file("6", 0, false, -2);
}

static void test_no_such_recording(void **state)
{
  (void)state;
  const spawn_result *result = RUN(3, "captures", "show", "8", "--db", DATABASE);
  SAYS(result->err, "recording 8: not found");
  result = RUN(3, "captures", "show", "9223372036854775799", "--db", DATABASE);
  SAYS(result->err, "not found");
  result = RUN(3, "captures", "show", "latest", "--db", EMPTY);
  SAYS(result->err, "no recording was made");
  result = RUN(3, "captures", "export", "latest", TARGET, "--db", EMPTY);
  SAYS(result->err, "no recording is kept");
  RUN(3, "captures", "show", "1", "--db", FOLDER "/absent.db");
  assert_false(spawn_file_exists(TARGET));
}

/* ---- export ---- */

static void assert_is_trace(const char *path)
{
  size_t size = 0;
  char *bytes = spawn_file_read(path, &size);
  assert_int_equal(size, TRACE_BYTES);
  assert_memory_equal(bytes, trace, TRACE_BYTES);
  free(bytes);
  assert_false(spawn_file_exists(PART));
}

static void test_export(void **state)
{
  (void)state;
  const spawn_result *result = RUN(0, "captures", "export", "1", TARGET, "--db", DATABASE);
  assert_string_equal(result->out.text, TARGET ": 293 KB (300000 bytes)\n");
  assert_is_trace(TARGET);
  assert_true(spawn_file_exists(CAPTURES "/" PACKED));
  spawn_file_remove(TARGET);
  /* What earlier versions kept is given, with a word. */
  result = RUN(0, "captures", "export", "2", TARGET, "--db", DATABASE);
  SAYS(result->out, "(300000 bytes), not checked: its SHA-256 is not known\n");
  assert_is_trace(TARGET);
  spawn_file_remove(TARGET);
  spawn_file_write(CAPTURES "/" PACKED_PAGE, "<", 1);
  result = RUN(0, "captures", "export", "1", TARGET, "--db", DATABASE);
  SAYS(result->out, "\nwhat it shows: ");
  SAYS(result->out, PACKED_PAGE "\n");
  spawn_file_remove(TARGET);
  spawn_file_remove(CAPTURES "/" PACKED_PAGE);
  result = RUN(0, "captures", "export", "--json", "1", TARGET, "--db", DATABASE);
  cJSON *document = spawn_json(&result->out);
  assert_string_equal(spawn_string(document, "path"), TARGET);
  assert_true(spawn_number(document, "bytes") == TRACE_BYTES && spawn_number(document, "id") == 1.0);
  assert_true(cJSON_IsTrue(spawn_member(document, "sha256_checked")));
  cJSON_Delete(document);
  assert_is_trace(TARGET);
}

static void assert_holds(const char *path, const char *text)
{
  size_t size = 0;
  char *bytes = spawn_file_read(path, &size);
  assert_int_equal(size, strlen(text));
  assert_memory_equal(bytes, text, size);
  free(bytes);
}

/* Left by an earlier attempt, being written by another one, or simply somebody's: it stays as it is. */
static void test_export_leaves_partial_files(void **state)
{
  (void)state;
  spawn_file_write(TARGET ".part", "mine", 4);
  for (int i = 1; i < PART_LIMIT; i++) {
    spawn_file_write(part(i), "left", 4);
  }
  RUN(0, "captures", "export", "1", TARGET, "--db", DATABASE);
  assert_true(spawn_file_exists(TARGET));
  assert_false(spawn_file_exists(part(PART_LIMIT)));
  spawn_file_remove(TARGET);
  spawn_file_write(part(PART_LIMIT), "left", 4);
  static const char *const ids[] = {"1", "2"}; /* packed, plain */
  for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
    const spawn_result *result = RUN(7, "captures", "export", ids[i], TARGET, "--db", DATABASE);
    SAYS(result->err, ".part9");
    assert_false(spawn_file_exists(TARGET));
  }
  for (int i = 1; i <= PART_LIMIT; i++) {
    assert_holds(part(i), "left");
  }
  assert_holds(TARGET ".part", "mine");
}

static void test_export_overwrites_nothing(void **state)
{
  (void)state;
  spawn_file_write(TARGET, "mine", 4);
  const spawn_result *result = RUN(7, "captures", "export", "1", TARGET, "--db", DATABASE);
  SAYS(result->err, TARGET ": it exists already");
  assert_holds(TARGET, "mine");
  assert_false(spawn_file_exists(PART));
  RUN(7, "captures", "export", "2", CAPTURES "/" PLAIN, "--db", DATABASE); /* onto itself */
  RUN(7, "captures", "export", "1", CAPTURES, "--db", DATABASE);
}

/* Whatever is wrong, nothing is left that could be taken for the recording. */
static void refuse(int exit_code, const char *id, const char *why)
{
  const spawn_result *result = RUN(exit_code, "captures", "export", id, TARGET, "--db", DATABASE);
  SAYS(result->err, why);
  assert_int_equal(result->out.size, 0);
  assert_false(spawn_file_exists(TARGET));
  assert_false(spawn_file_exists(PART));
}

static void test_export_refuses(void **state)
{
  (void)state;
  refuse(4, "3", DAMAGED ": damaged or changed: its SHA-256 is not that of the file that was kept");
  refuse(4, "4", "corrupt"); /* cut off; nobody noted its digest */
  refuse(3, "5", "the file was removed 2026-03-02T00:00:00.000Z to make room for others");
  refuse(3, "6", "the file is not there: " ON_SERVER LOST);
  refuse(3, "7", "there is no file: failed: the recorder said \"no\", twice");
  refuse(3, "8", "not found");
  const spawn_result *result = RUN(3, "captures", "export", "1", FOLDER "/absent/out.etl", "--db", DATABASE);
  SAYS(result->err, "not found");
}

/* latest: the newest that is said to be kept, which has been lost; the failed one behind it is passed over.
 */
static void test_export_latest(void **state)
{
  (void)state;
  refuse(3, "latest", ON_SERVER LOST);
  spawn_file_write(CAPTURES "/" LOST, trace, TRACE_BYTES);
  RUN(0, "captures", "export", "latest", TARGET, "--db", DATABASE);
  spawn_file_remove(CAPTURES "/" LOST);
  assert_is_trace(TARGET);
}

#define OTHER_DATABASE FOLDER "/here.db"
#define AWAY FOLDER "/away"

static void make_database(const char *const paths[], size_t count, uint64_t etl_bytes)
{
  polls p;
  polls_open(&p, OTHER_DATABASE, POLLS_MIDNIGHT_MS, 30000);
  for (size_t i = 0; i < count; i++) {
    seep_store_capture capture = {.image = "app.exe", .outcome = "saved", .etl_bytes = etl_bytes};
    snprintf(capture.path, sizeof capture.path, "%s", paths[i]);
    assert_int_equal(seep_store_capture_add(p.store, &capture, NULL), SEEP_OK);
  }
  polls_close(&p);
}

/* In the folder beside the database, in the database's own, and only then where the store says. */
static void test_where_it_is_looked_for(void **state)
{
  (void)state;
  static const char *const paths[] = {(AWAY "/" PLAIN), ("/srv/gone/" PLAIN), "C:\\gone\\.."};
  make_database(paths, sizeof paths / sizeof paths[0], 0);
  make_folder(AWAY);
  spawn_file_write(AWAY "/" PLAIN, "away", 4);
  spawn_file_write(FOLDER "/" PLAIN, "beside", 6);
  RUN(0, "captures", "export", "1", TARGET, "--db", OTHER_DATABASE);
  assert_is_trace(TARGET);
  spawn_file_remove(TARGET);
  spawn_file_remove(CAPTURES "/" PLAIN);
  RUN(0, "captures", "export", "2", TARGET, "--db", OTHER_DATABASE);
  assert_holds(TARGET, "beside");
  spawn_file_remove(TARGET);
  spawn_file_remove(FOLDER "/" PLAIN);
  const spawn_result *result = RUN(0, "captures", "show", "1", "--db", OTHER_DATABASE);
  SAYS(result->out, "  is there       yes\n");
  RUN(0, "captures", "export", "1", TARGET, "--db", OTHER_DATABASE);
  assert_holds(TARGET, "away");
  spawn_file_remove(TARGET);
  RUN(3, "captures", "export", "2", TARGET, "--db", OTHER_DATABASE);
  RUN(3, "captures", "export", "3", TARGET, "--db", OTHER_DATABASE);
  spawn_file_write(CAPTURES "/" PLAIN, trace, TRACE_BYTES);
}

/* The first is there, and on Linux two separators in front change nothing; it is not opened all the same. One
 * that lies beside the database is taken. */
static void test_other_machines_are_not_asked(void **state)
{
  (void)state;
  static const char words[] = "the path in the database is on another machine and was not opened";
  char folder[1024], here[1200], id[8];
  size_t size = sizeof folder;
  assert_int_equal(uv_cwd(folder, &size), 0);
  snprintf(here, sizeof here, "%s%s/" AWAY "/file.etl", folder[0] == '/' ? "/" : "\\\\?\\", folder);
  const char *const paths[] = {here,
                               "//host/share/file.etl",
                               "\\\\host\\share\\file.etl",
                               "\\/host\\share\\file.etl",
                               "\\\\?\\C:\\file.etl",
                               "\\\\?\\UNC\\host\\share\\file.etl",
                               "\\\\.\\PhysicalDrive0",
                               "\\??\\C:\\file.etl",
                               "\\\\host\\share\\" PLAIN};
  const int count = (int)(sizeof paths / sizeof paths[0]);
  make_database(paths, (size_t)count, 0);
  make_folder(AWAY);
  spawn_file_write(AWAY "/file.etl", "away", 4);
  for (int i = 1; i < count; i++) {
    snprintf(id, sizeof id, "%d", i);
    const spawn_result *result = RUN(3, "captures", "export", id, TARGET, "--db", OTHER_DATABASE);
    SAYS(result->err, words);
    assert_false(spawn_file_exists(TARGET));
    result = RUN(3, "captures", "show", id, "--verify", "--db", OTHER_DATABASE);
    SAYS(result->err, words);
  }
  snprintf(id, sizeof id, "%d", count);
  RUN(0, "captures", "export", id, TARGET, "--db", OTHER_DATABASE);
  assert_is_trace(TARGET);
}

/* The store knows how large it was; a small file can hold any amount of zeros. */
static void test_export_is_bounded(void **state)
{
  (void)state;
  static const char *const paths[] = {ON_SERVER PACKED};
  make_database(paths, 1, TRACE_BYTES - 1);
  const spawn_result *result = RUN(4, "captures", "export", "1", TARGET, "--db", OTHER_DATABASE);
  SAYS(result->err, "unpack within its known size");
  assert_false(spawn_file_exists(TARGET));
  assert_false(spawn_file_exists(PART));
}

static int forget_other_database(void **state)
{
  polls_remove(OTHER_DATABASE);
  spawn_file_remove(AWAY "/" PLAIN);
  spawn_file_remove(AWAY "/file.etl");
  remove_folder(AWAY);
  spawn_file_remove(FOLDER "/" PLAIN);
  return forget_output(state);
}

int main(int argc, char **argv)
{
  if (!spawn_program(argc, argv)) {
    return 2;
  }
#define EXPORTING(f) cmocka_unit_test_setup_teardown(f, forget_output, forget_output)
#define ELSEWHERE(f) cmocka_unit_test_setup_teardown(f, forget_other_database, forget_other_database)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_list_json),
      cmocka_unit_test(test_list_csv),
      cmocka_unit_test(test_list_text),
      cmocka_unit_test(test_show_text),
      cmocka_unit_test(test_show_json),
      cmocka_unit_test(test_no_such_recording),
      EXPORTING(test_export),
      EXPORTING(test_export_leaves_partial_files),
      EXPORTING(test_export_overwrites_nothing),
      EXPORTING(test_export_refuses),
      EXPORTING(test_export_latest),
      ELSEWHERE(test_where_it_is_looked_for),
      ELSEWHERE(test_other_machines_are_not_asked),
      ELSEWHERE(test_export_is_bounded),
  };
  return cmocka_run_group_tests_name("service cli captures", tests, set_up, tear_down);
}
