/*
 * A finished trace gets its place: from every state in which an earlier life can have left the folder, and
 * from every failure on the way, there is one whole file under its name, and its digest and figures are
 * right.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <uv.h>

#include "base/sha256.h"
#include "base/text.h"
#include "file_box.h"
#include "standin/etl_writer.h"
#include "watch/files.h"
#include "watch/keeper.h"

/* In the first header of a trace: how its buffers are packed. */
#define STATE_AT 0x2Cu
#define LZNT1 2u

#define FRESH "keeper_test_fresh.etl"
#define PLAIN "keeper_test_\xC3\xA4.etl"
#define PACKED PLAIN ".gz"
#define PARTIAL "keeper_test.partial"
#define FOLDER "keeper_test_folder"
#define INSIDE FOLDER "/kept.etl"
#define TARGET 4242u
#define OTHER 17u
#define START_FILETIME UINT64_C(133000000000000000)
#define ROUNDS 900u
#define LOST 5u

static memory_file original; /* a trace with what ROUNDS below puts in */
static unsigned lowered, restored;
static bool restored_with_partial; /* while the temporary file was still there: before the end */
static volatile int stop;

static memory_file written_trace(uint32_t rounds)
{
  memory_file file = {0};
  etl_writer writer;
  etl_writer_settings settings = {16384, 2, 20348, 0x02000001, START_FILETIME, "Test Session"};
  assert_true(etl_writer_open(&writer, &settings, memory_file_write, &file));
  for (uint32_t i = 0; i < rounds; i++) {
    uint64_t now = START_FILETIME + i * 10000u;
    etl_writer_memory block = {TARGET, 7, UINT64_C(0x200000000) + i * 65536u, 65536, 0x3000, NULL, 0};
    etl_writer_memory other = {OTHER, 8, UINT64_C(0x300000000) + i * 65536u, 65536, 0x3000, NULL, 0};
    etl_writer_heap heap = {TARGET, 7, 0x10000, 0x20000 + i * 64u, 48, 0, 0, NULL, 0};
    assert_true(etl_writer_add_allocation(&writer, now, &block));
    assert_true(etl_writer_add_allocation(&writer, now, &other));
    block.flags = 0x8000;
    assert_true(etl_writer_add_free(&writer, now, &block));
    assert_true(i % 2 != 0 || etl_writer_add_heap_allocation(&writer, now, &heap));
    heap.pid = OTHER;
    assert_true(i % 2 != 0 || etl_writer_add_heap_free(&writer, now, &heap));
  }
  assert_true(etl_writer_close(&writer, START_FILETIME + 60000000, LOST));
  return file;
}

static int make_original(void **state)
{
  (void)state;
  original = written_trace(ROUNDS);
  return 0;
}

static int drop_original(void **state)
{
  (void)state;
  memory_file_free(&original);
  return 0;
}

static int clean(void **state)
{
  static const char *const paths[] = {FRESH, PLAIN, PACKED, PARTIAL, INSIDE, INSIDE ".gz", FOLDER};
  (void)state;
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    file_box_remove(paths[i]);
  }
  lowered = 0;
  restored = 0;
  stop = 0;
  return 0;
}

static void background(bool on)
{
  lowered += on ? 1 : 0;
  restored += on ? 0 : 1;
  restored_with_partial = !on && file_box_has(PARTIAL);
  assert_true(lowered == restored + (on ? 1 : 0));
}

static seep_keeper_request request_to(const char *plain, bool compress)
{
  seep_keeper_request request = {
      .compress = compress, .pid = TARGET, .background = background, .stop = &stop};
  (void)seep_text_copy(request.fresh, sizeof request.fresh, FRESH);
  (void)seep_text_copy(request.plain, sizeof request.plain, plain);
  (void)seep_text_copy(request.partial, sizeof request.partial, PARTIAL);
  return request;
}

static void put(const char *path, const memory_file *file)
{
  file_box_write(path, file->bytes, file->size);
}

static void put_packed(const char *path, const memory_file *file)
{
  memory_file packed = file_box_packed(file->bytes, file->size);
  put(path, &packed);
  memory_file_free(&packed);
}

static void expect_digest(const seep_recorder_kept *kept, const memory_file *file)
{
  seep_sha256 sha;
  char text[SEEP_SHA256_TEXT_SIZE];
  seep_sha256_init(&sha);
  seep_sha256_add(&sha, file->bytes, file->size);
  assert_string_equal(kept->sha256, seep_sha256_text(&sha, text));
  assert_int_equal(kept->bytes, file->size);
}

/* The one file there is holds the bytes given, and *kept says so. */
static void expect_kept(const seep_recorder_kept *kept, const char *path, const memory_file *bytes)
{
  size_t length = strlen(path);
  bool is_packed = length > 3 && strcmp(path + length - 3, ".gz") == 0;
  assert_string_equal(kept->path, path);
  memory_file file = file_box_read(path);
  memory_file plain = is_packed ? file_box_unpacked(&file) : memory_file_copy(file.bytes, file.size);
  assert_int_equal(plain.size, bytes->size);
  assert_memory_equal(plain.bytes, bytes->bytes, bytes->size);
  expect_digest(kept, &file);
  assert_int_equal(kept->etl_bytes, bytes->size);
  assert_false(file_box_has(FRESH));
  assert_int_equal(file_box_has(PLAIN), strcmp(path, PLAIN) == 0);
  assert_int_equal(file_box_has(PACKED), strcmp(path, PACKED) == 0);
  assert_int_equal(lowered, 1);
  assert_int_equal(restored, 1);
  memory_file_free(&file);
  memory_file_free(&plain);
}

static void expect_figures(const seep_recorder_kept *kept)
{
  assert_true(kept->readable);
  assert_int_equal(kept->target_events, 2 * ROUNDS);
  assert_int_equal(kept->target_heap_events, ROUNDS / 2);
  assert_true(kept->events >= 4 * ROUNDS);
  assert_int_equal(kept->events_lost, LOST);
  assert_int_equal(kept->buffers_lost, 0);
}

static void expect_no_figures(const seep_recorder_kept *kept)
{
  assert_false(kept->readable);
  assert_int_equal(kept->events + kept->target_events + kept->target_heap_events, 0);
}

/* What an earlier life can have left behind, in the order of the work. */
typedef enum left { LEFT_FRESH, LEFT_PLAIN, LEFT_PARTIAL, LEFT_BOTH, LEFT_PACKED, LEFT_STATES } left;

static void leave(left what)
{
  clean(NULL);
  if (what == LEFT_FRESH) {
    put(FRESH, &original);
  }
  if (what == LEFT_PLAIN || what == LEFT_PARTIAL || what == LEFT_BOTH) {
    put(PLAIN, &original);
  }
  if (what == LEFT_PARTIAL) {
    file_box_write(PARTIAL, "\x1f\x8b half", 7);
  }
  if (what == LEFT_BOTH || what == LEFT_PACKED) {
    put_packed(PACKED, &original);
  }
}

static void from_wherever_an_earlier_life_ended(void **state)
{
  (void)state;
  for (left what = LEFT_FRESH; what < LEFT_STATES; what++) {
    for (unsigned compress = 0; compress < 2; compress++) {
      seep_keeper_request request = request_to(PLAIN, compress != 0);
      seep_recorder_kept kept;
      leave(what);
      assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_OK);
      bool packed = compress != 0 || what == LEFT_BOTH || what == LEFT_PACKED;
      expect_kept(&kept, packed ? PACKED : PLAIN, &original);
      expect_figures(&kept);
      assert_true(!packed || kept.bytes < original.size);
      assert_false(compress != 0 && file_box_has(PARTIAL));
    }
  }
}

static void a_stop_keeps_what_there_is(void **state)
{
  (void)state;
  for (left what = LEFT_FRESH; what < LEFT_STATES; what++) {
    seep_keeper_request request = request_to(PLAIN, true);
    seep_recorder_kept kept;
    seep_error error;
    leave(what);
    stop = 1;
    assert_int_equal(seep_keeper_keep(&request, &kept, &error), SEEP_CANCELLED);
    assert_int_equal(error.status, SEEP_CANCELLED);
    assert_string_equal(kept.path, what == LEFT_PACKED ? PACKED : PLAIN);
    assert_string_equal(kept.sha256, "");
    assert_true(what == LEFT_PACKED || (kept.bytes == original.size && kept.etl_bytes == original.size));
    expect_no_figures(&kept);
    assert_int_equal(restored, 1);
    assert_false(file_box_has(FRESH));
    if (what != LEFT_PACKED) {
      file_box_expect(PLAIN, original.bytes, original.size);
    }
    /* The next life finishes it. */
    stop = 0;
    lowered = 0;
    restored = 0;
    assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_OK);
    expect_kept(&kept, PACKED, &original);
    expect_figures(&kept);
  }
}

static void a_stop_ends_a_reading_too(void **state)
{
  (void)state;
  seep_keeper_request request = request_to(PLAIN, false);
  seep_recorder_kept kept;
  put(FRESH, &original);
  stop = 1;
  assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_CANCELLED);
  assert_string_equal(kept.path, PLAIN);
  assert_string_equal(kept.sha256, "");
  file_box_expect(PLAIN, original.bytes, original.size);
  request.stop = NULL; /* nobody can stop it */
  lowered = 0;
  restored = 0;
  assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_OK);
  expect_kept(&kept, PLAIN, &original);
}

static void nothing_to_keep(void **state)
{
  (void)state;
  seep_keeper_request request = request_to(PLAIN, true);
  seep_recorder_kept kept;
  seep_error error;
  memset(&kept, 0xAA, sizeof kept);
  assert_int_equal(seep_keeper_keep(&request, &kept, &error), SEEP_NOT_FOUND);
  assert_string_equal(error.subject, PLAIN);
  assert_string_equal(kept.path, "");
  assert_string_equal(kept.sha256, "");
  assert_int_equal(kept.bytes + kept.etl_bytes, 0);
  expect_no_figures(&kept);
  assert_int_equal(restored, 1);
}

static void a_taken_name_is_left_alone(void **state)
{
  static const char *const taken[] = {PLAIN, PACKED};
  (void)state;
  for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
    seep_keeper_request request = request_to(PLAIN, true);
    seep_recorder_kept kept;
    clean(NULL);
    put(FRESH, &original);
    file_box_write(taken[i], "precious", 8);
    assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_BUSY);
    assert_string_equal(kept.path, "");
    file_box_expect(FRESH, original.bytes, original.size);
    file_box_expect(taken[i], "precious", 8);
  }
}

static void no_folder_to_keep_it_in(void **state)
{
  (void)state;
  seep_keeper_request request = request_to(INSIDE, true);
  seep_recorder_kept kept;
  put(FRESH, &original);
  assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_NOT_FOUND);
  assert_string_equal(kept.path, "");
  file_box_expect(FRESH, original.bytes, original.size);
  file_box_make_folder(FOLDER);
  lowered = 0;
  restored = 0;
  assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_OK);
  expect_kept(&kept, INSIDE ".gz", &original);
}

/* The partial file cannot be made: the plain one is kept, and read all the same. */
static void what_cannot_be_packed_is_kept_plain(void **state)
{
  static const char *const partials[] = {FOLDER, "keeper_test_nowhere/x"};
  (void)state;
  for (size_t i = 0; i < sizeof partials / sizeof partials[0]; i++) {
    seep_keeper_request request = request_to(PLAIN, true);
    seep_recorder_kept kept;
    seep_error error;
    clean(NULL);
    file_box_make_folder(FOLDER);
    put(FRESH, &original);
    (void)seep_text_copy(request.partial, sizeof request.partial, partials[i]);
    seep_status status = seep_keeper_keep(&request, &kept, &error);
    assert_int_not_equal(status, SEEP_OK);
    assert_int_equal(error.status, status);
    assert_string_equal(error.subject, partials[i]);
    expect_kept(&kept, PLAIN, &original);
    expect_figures(&kept);
    assert_true(file_box_has(FOLDER));
  }
}

static void without_room_nothing_is_packed(void **state)
{
  (void)state;
  seep_keeper_request request = request_to(PLAIN, true);
  seep_recorder_kept kept;
  seep_error error;
  put(FRESH, &original);
  request.minimum_free_bytes = UINT64_MAX - 1;
  assert_int_equal(seep_keeper_keep(&request, &kept, &error), SEEP_LIMIT);
  assert_int_equal(error.status, SEEP_LIMIT);
  expect_kept(&kept, PLAIN, &original);
  expect_figures(&kept);
  /* Not below the floor, should it not become smaller. Others use the volume, too: once is enough. */
  seep_status status = SEEP_OK;
  for (unsigned i = 0; i < 5 && status != SEEP_LIMIT; i++) {
    clean(NULL);
    put(FRESH, &original);
    request.minimum_free_bytes = seep_files_free_bytes(".") - original.size / 2;
    status = seep_keeper_keep(&request, &kept, &error);
  }
  assert_int_equal(status, SEEP_LIMIT);
  expect_kept(&kept, PLAIN, &original);
  expect_figures(&kept);
  /* With room again, what was kept plain is packed. */
  request.minimum_free_bytes = 1;
  lowered = 0;
  restored = 0;
  assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_OK);
  expect_kept(&kept, PACKED, &original);
}

static void expect_unreadable(const memory_file *bytes)
{
  for (unsigned compress = 0; compress < 2; compress++) {
    seep_keeper_request request = request_to(PLAIN, compress != 0);
    seep_recorder_kept kept;
    clean(NULL);
    put(FRESH, bytes);
    assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_OK);
    expect_kept(&kept, compress != 0 ? PACKED : PLAIN, bytes);
    expect_no_figures(&kept);
  }
}

/* Getting onto the disk what is finished, and clearing up after a stop, is not done at a low priority. */
static void the_priority_is_restored_before_the_end(void **state)
{
  (void)state;
  for (int stopped = 0; stopped < 2; stopped++) {
    seep_keeper_request request = request_to(PLAIN, true);
    seep_recorder_kept kept;
    clean(NULL);
    put(FRESH, &original);
    stop = stopped;
    assert_int_equal(seep_keeper_keep(&request, &kept, NULL), stopped ? SEEP_CANCELLED : SEEP_OK);
    assert_int_equal(restored, 1);
    assert_true(restored_with_partial);
    assert_false(file_box_has(PARTIAL));
  }
}

static void files_that_are_no_traces_are_kept(void **state)
{
  (void)state;
  memory_file noise = file_box_bytes(200000, 11), none = file_box_bytes(0, 0);
  memory_file compressed = memory_file_fixture("perfview-SelfDescribingSingleEvent.etl");
  assert_non_null(compressed.bytes);
  compressed.bytes[STATE_AT] = LZNT1;
  expect_unreadable(&noise);
  expect_unreadable(&none);
  expect_unreadable(&compressed); /* its events are there, and nobody can count them */
  memory_file_free(&noise);
  memory_file_free(&none);
  memory_file_free(&compressed);
}

static void a_compressed_trace_is_counted(void **state)
{
  (void)state;
  seep_keeper_request request = request_to(PLAIN, true);
  seep_recorder_kept kept;
  memory_file compressed = memory_file_fixture("perfview-SelfDescribingSingleEvent.etl");
  assert_non_null(compressed.bytes);
  put(FRESH, &compressed);
  assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_OK);
  expect_kept(&kept, PACKED, &compressed);
  assert_true(kept.readable);
  assert_int_equal(kept.events, 23);
  memory_file_free(&compressed);
}

static void a_cut_trace_is_read_as_far_as_it_goes(void **state)
{
  (void)state;
  seep_keeper_request request = request_to(PLAIN, true);
  seep_recorder_kept kept;
  memory_file half = memory_file_copy(original.bytes, original.size / 2 + 100);
  put(FRESH, &half);
  assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_OK);
  expect_kept(&kept, PACKED, &half);
  assert_true(kept.readable);
  assert_in_range(kept.target_events, ROUNDS / 2, 2 * ROUNDS - 1);
  memory_file_free(&half);
}

static void another_recording_is_no_packed_form_of_this_one(void **state)
{
  (void)state;
  seep_keeper_request request = request_to(PLAIN, true);
  seep_recorder_kept kept;
  memory_file other = written_trace(ROUNDS / 2);
  put(PLAIN, &original);
  put_packed(PACKED, &other);
  assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_BUSY);
  assert_string_equal(kept.path, PLAIN);
  expect_digest(&kept, &original);
  expect_figures(&kept);
  file_box_expect(PLAIN, original.bytes, original.size);
  assert_true(file_box_has(PACKED));
  memory_file_free(&other);
}

static void a_damaged_packed_file_costs_nothing_while_the_plain_one_is_there(void **state)
{
  (void)state;
  seep_keeper_request request = request_to(PLAIN, true);
  seep_recorder_kept kept;
  memory_file packed = file_box_packed(original.bytes, original.size);
  packed.size /= 2;
  put(PLAIN, &original);
  put(PACKED, &packed);
  assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_CORRUPT);
  assert_string_equal(kept.path, PLAIN);
  expect_digest(&kept, &original);
  expect_figures(&kept);
  file_box_remove(PLAIN);
  assert_int_equal(seep_keeper_keep(&request, &kept, NULL), SEEP_CORRUPT); /* alone: it is all there is */
  assert_string_equal(kept.path, PACKED);
  assert_string_equal(kept.sha256, "");
  assert_int_equal(kept.bytes, packed.size);
  expect_no_figures(&kept);
  file_box_expect(PACKED, packed.bytes, packed.size);
  memory_file_free(&packed);
}

/*
 * Somebody stands in the way of the rename and goes after a while: on Windows a program that has the file
 * open and shares it with nobody, elsewhere a file where the folder should be.
 */
static uv_sem_t in_the_way;

static void stand_in_the_way(void *context)
{
  (void)context;
#ifdef _WIN32
  uv_fs_t request;
  int file = uv_fs_open(NULL, &request, FRESH, UV_FS_O_RDWR | UV_FS_O_EXLOCK, 0, NULL);
  uv_fs_req_cleanup(&request);
  uv_sem_post(&in_the_way);
  uv_sleep(350);
  (void)uv_fs_close(NULL, &request, file, NULL);
  uv_fs_req_cleanup(&request);
#else
  uv_fs_t request;
  uv_sem_post(&in_the_way);
  uv_sleep(350);
  (void)uv_fs_unlink(NULL, &request, FOLDER, NULL);
  uv_fs_req_cleanup(&request);
  (void)uv_fs_mkdir(NULL, &request, FOLDER, 0700, NULL);
  uv_fs_req_cleanup(&request);
#endif
}

static void prepare_obstacle(void)
{
  put(FRESH, &original);
#ifdef _WIN32
  file_box_make_folder(FOLDER);
#else
  file_box_write(FOLDER, "x", 1);
#endif
}

static void a_rename_is_tried_again(void **state)
{
  (void)state;
  seep_keeper_request request = request_to(INSIDE, true);
  seep_recorder_kept kept;
  uv_thread_t thread;
  prepare_obstacle();
  assert_int_equal(uv_sem_init(&in_the_way, 0), 0);
  assert_int_equal(uv_thread_create(&thread, stand_in_the_way, NULL), 0);
  uv_sem_wait(&in_the_way);
  uint64_t begun = uv_hrtime();
  seep_status status = seep_keeper_keep(&request, &kept, NULL);
  uint64_t took_ms = (uv_hrtime() - begun) / 1000000u;
  uv_thread_join(&thread);
  uv_sem_destroy(&in_the_way);
  assert_int_equal(status, SEEP_OK);
  expect_kept(&kept, INSIDE ".gz", &original);
  assert_in_range(took_ms, 100, 9000);
}

/* The fastest of a few: a busy machine makes one slow, a pause makes all slow. */
static void a_stop_does_not_wait_for_the_rename(void **state)
{
  (void)state;
  seep_keeper_request request = request_to(INSIDE, true);
  uint64_t fastest_ms = UINT64_MAX;
  prepare_obstacle();
#ifdef _WIN32
  uv_fs_t held;
  int file = uv_fs_open(NULL, &held, FRESH, UV_FS_O_RDWR | UV_FS_O_EXLOCK, 0, NULL);
  uv_fs_req_cleanup(&held);
  assert_true(file >= 0);
#endif
  stop = 1;
  for (unsigned i = 0; i < 5; i++) {
    seep_recorder_kept kept;
    uint64_t begun = uv_hrtime();
    seep_status status = seep_keeper_keep(&request, &kept, NULL);
    uint64_t took_ms = (uv_hrtime() - begun) / 1000000u;
    assert_true(status != SEEP_OK && status != SEEP_CANCELLED);
    assert_string_equal(kept.path, "");
    fastest_ms = took_ms < fastest_ms ? took_ms : fastest_ms;
  }
#ifdef _WIN32
  (void)uv_fs_close(NULL, &held, file, NULL);
  uv_fs_req_cleanup(&held);
#endif
  assert_true(fastest_ms < 90);
  file_box_expect(FRESH, original.bytes, original.size);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clean, clean)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(from_wherever_an_earlier_life_ended),
      TEST(a_stop_keeps_what_there_is),
      TEST(a_stop_ends_a_reading_too),
      TEST(nothing_to_keep),
      TEST(a_taken_name_is_left_alone),
      TEST(no_folder_to_keep_it_in),
      TEST(what_cannot_be_packed_is_kept_plain),
      TEST(without_room_nothing_is_packed),
      TEST(the_priority_is_restored_before_the_end),
      TEST(files_that_are_no_traces_are_kept),
      TEST(a_compressed_trace_is_counted),
      TEST(a_cut_trace_is_read_as_far_as_it_goes),
      TEST(another_recording_is_no_packed_form_of_this_one),
      TEST(a_damaged_packed_file_costs_nothing_while_the_plain_one_is_there),
      TEST(a_rename_is_tried_again),
      TEST(a_stop_does_not_wait_for_the_rename),
  };
  return cmocka_run_group_tests(tests, make_original, drop_original);
}
