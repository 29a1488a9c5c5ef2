/*
 * The profiles that wpr.exe is given: well-formed, in the schema's order, every reference to something, with
 * the buffers and file sizes that were asked for and no more, and the heap's for one process alone. Those in
 * config/profiles are held to what is generated; called with `write`, this program makes them anew.
 */
#include "capture/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* Walks the tags; every end tag must close the element that is open, and nothing may be left open. */
static void assert_well_formed(const char *xml)
{
  char open[16][64];
  size_t depth = 0, elements = 0;
  const char *at = strchr(xml, '<');
  for (; at != NULL; at = strchr(at, '<')) {
    const char *end = strchr(at, '>');
    assert_non_null(end);
    if (at[1] == '?' || at[1] == '!') {
      at = end;
      continue;
    }
    const char *name = at + (at[1] == '/' ? 2 : 1);
    size_t length = strcspn(name, " />");
    assert_true(length > 0 && length < sizeof open[0]);
    if (at[1] == '/') {
      assert_true(depth > 0);
      depth--;
      assert_int_equal(strlen(open[depth]), length);
      assert_memory_equal(open[depth], name, length);
    } else if (end[-1] != '/') {
      assert_true(depth < 16);
      memcpy(open[depth], name, length);
      open[depth++][length] = '\0';
    }
    elements++;
    at = end;
  }
  assert_int_equal(depth, 0);
  assert_true(elements > 40);
}

/* Every Value that refers to an Id of our own must have one; `kinds` of references in each of two variants.
 */
static void assert_references(const char *xml, size_t kinds)
{
  static const char *const references[] = {"SystemCollectorId",    "SystemProviderId",
                                           "EventCollectorId",     "EventProviderId",
                                           "HeapEventCollectorId", "HeapEventProviderId"};
  for (size_t i = 0; i < 6; i++) {
    char tag[64];
    size_t found = 0;
    snprintf(tag, sizeof tag, "<%s Value=\"", references[i]);
    for (const char *at = strstr(xml, tag); at != NULL; at = strstr(at + 1, tag)) {
      char id[96];
      const char *value = at + strlen(tag);
      snprintf(id, sizeof id, " Id=\"%.*s\"", (int)strcspn(value, "\""), value);
      assert_non_null(strstr(xml, id));
      assert_null(strstr(strstr(xml, id) + 1, id)); /* unique */
      found++;
    }
    assert_true(i < kinds ? found >= 2 : found == 0);
  }
}

static char xml[SEEP_PROFILE_SIZE];

/* false: it was cut. */
static bool write(const seep_profile *profile, size_t size)
{
  seep_writer writer;
  seep_writer_init(&writer, xml, size);
  seep_profile_write(&writer, profile);
  return !writer.cut;
}

/* The first of each comes after the last of the one before. */
static void assert_order(const char *const *order, size_t count)
{
  for (size_t i = 0; i + 1 < count; i++) {
    const char *next = strstr(xml, order[i + 1]);
    assert_non_null(next);
    assert_non_null(strstr(xml, order[i]));
    assert_null(strstr(next, order[i]));
  }
}

static void virtualalloc(void **state)
{
  (void)state;
  static const char *const order[] = {"<SystemCollector ",     "<EventCollector ", "<SystemProvider ",
                                      "<EventProvider ",       "<Profile ",        "</Profiles>",
                                      "<TraceMergeProperties>"};
  const seep_profile profile = {.pid = 4242, .buffers = 48, .buffer_kilobytes = 512};
  assert_true(write(&profile, sizeof xml));
  assert_well_formed(xml);
  assert_references(xml, 4);
  assert_order(order, sizeof order / sizeof order[0]);
  assert_non_null(strstr(xml, "Seepwatch"));
  assert_non_null(strstr(xml, "Id=\"SeepVirtualAlloc.Verbose.File\" Name=\"SeepVirtualAlloc\""));
  assert_non_null(strstr(xml, "Id=\"SeepVirtualAlloc.Verbose.Memory\" Name=\"SeepVirtualAlloc\""));
  assert_non_null(strstr(xml, "LoggingMode=\"File\""));
  assert_non_null(strstr(xml, "LoggingMode=\"Memory\""));
  assert_non_null(strstr(xml, "<Keyword Value=\"VirtualAllocation\"/>"));
  assert_non_null(strstr(xml, "<Stack Value=\"VirtualAllocation\"/>"));
  assert_non_null(strstr(xml, "<Stack Value=\"VirtualFree\"/>"));
  assert_non_null(strstr(xml, "<CustomEvent Value=\"ImageId\"/>"));
  assert_null(strstr(xml, "MaximumFileSize"));
  assert_null(strstr(xml, "FileCompression"));
  assert_null(strstr(xml, "HeapEvent")); /* a heap nobody asked for would be recorded at its cost */
  assert_null(strstr(xml, "HeapAllocation"));
  assert_null(strstr(xml, "4242"));
}

static void heap_of_one_process(void **state)
{
  (void)state;
  static const char *const order[] = {"<SystemCollector ", "<EventCollector ",      "<HeapEventCollector ",
                                      "<SystemProvider ",  "<EventProvider ",       "<HeapEventProvider ",
                                      "<Profile ",         "<TraceMergeProperties>"};
  static const char *const in_profile[] = {"<SystemCollectorId ", "<HeapEventCollectorId ",
                                           "<TraceMergeProperties>"};
  const seep_profile profile = {.kind = SEEP_PROFILE_HEAP, .pid = 4242};
  assert_true(write(&profile, sizeof xml));
  assert_well_formed(xml);
  assert_references(xml, 6);
  assert_order(order, sizeof order / sizeof order[0]);
  const char *last = strstr(strstr(xml, ".Verbose.Memory\""), "<SystemCollectorId ");
  assert_true(last < strstr(last, "<EventCollectorId ") &&
              strstr(last, "<EventCollectorId ") < strstr(last, in_profile[1]));
  assert_non_null(strstr(xml, "Id=\"SeepHeap.Verbose.File\" Name=\"SeepHeap\""));
  assert_non_null(strstr(xml, "Id=\"SeepHeap.Verbose.Memory\" Name=\"SeepHeap\""));
  assert_non_null(strstr(xml, "<HeapProcessId Value=\"4242\"/>"));
  assert_null(strstr(strstr(xml, "<HeapProcessId ") + 1, "<HeapProcessId ")); /* two at most are allowed */
  assert_non_null(strstr(xml, "<Stack Value=\"HeapAllocation\"/>"));
  assert_non_null(strstr(xml, "<Stack Value=\"HeapReallocation\"/>"));
  assert_non_null(strstr(xml, "<Stack Value=\"VirtualAllocation\"/>"));
}

static unsigned number_after(const char *at, const char *label)
{
  unsigned value = 0;
  const char *found = strstr(at, label);
  assert_non_null(found);
  assert_int_equal(sscanf(found + strlen(label), "%u", &value), 1);
  return value;
}

static void heap_by_flag(void **state)
{
  (void)state;
  const seep_profile profile = {.kind = SEEP_PROFILE_HEAP_BY_FLAG, .pid = 4242};
  assert_true(write(&profile, sizeof xml));
  assert_well_formed(xml);
  assert_references(xml, 5); /* no heap provider: the flag says whose heap */
  assert_null(strstr(xml, "HeapEventProvider"));
  assert_null(strstr(xml, "HeapProcessId"));
  assert_null(strstr(xml, "4242"));
  assert_non_null(strstr(xml, "Id=\"SeepHeapByFlag.Verbose.File\" Name=\"SeepHeapByFlag\""));
  assert_non_null(strstr(xml, "Id=\"SeepHeapByFlag.Verbose.Memory\" Name=\"SeepHeapByFlag\""));
  assert_non_null(strstr(xml, "<HeapEventCollectorId Value=\"Heap_File\"/>"));
  assert_non_null(strstr(xml, "<HeapEventCollectorId Value=\"Heap_Memory\"/>"));
  assert_non_null(strstr(xml, "<Stack Value=\"HeapAllocation\"/>"));
}

static void snapshot(void **state)
{
  (void)state;
  static const char *const order[] = {"<SystemCollector ", "<EventCollector ", "<SystemProvider ",
                                      "<EventProvider ",   "<Profile ",        "<TraceMergeProperties>"};
  const seep_profile profile = {.kind = SEEP_PROFILE_SNAPSHOT, .pid = 4242};
  assert_true(write(&profile, sizeof xml));
  assert_well_formed(xml);
  assert_references(xml, 4);
  assert_order(order, sizeof order / sizeof order[0]);
  assert_non_null(strstr(xml, "Id=\"SeepHeapSnapshot.Verbose.File\" Name=\"SeepHeapSnapshot\""));
  assert_non_null(strstr(xml, "Id=\"SeepHeapSnapshot.Verbose.Memory\" Name=\"SeepHeapSnapshot\""));
  assert_non_null(strstr(xml, "Name=\"901d2afa-4ff6-46d7-8d0e-53645e1a47f5\""));
  assert_non_null(strstr(xml, "<EventProviderId Value=\"Snapshots\"/>"));
  assert_non_null(strstr(xml, "<Keyword Value=\"ProcessThread\"/>"));
  assert_non_null(strstr(xml, "<Keyword Value=\"Loader\"/>"));
  assert_null(strstr(xml, "VirtualAllocation")); /* its cost is for others */
  assert_null(strstr(xml, "HeapEvent"));
  assert_null(strstr(xml, "<Stacks>"));
  assert_null(strstr(xml, "4242"));
}

/* The provider is in this profile alone: elsewhere it would write what nobody asked for. */
static void snapshots_nowhere_else(void **state)
{
  (void)state;
  for (int kind = 0; kind < SEEP_PROFILE_KINDS; kind++) {
    const seep_profile profile = {.kind = (seep_profile_kind)kind, .pid = 1};
    assert_true(write(&profile, sizeof xml));
    assert_int_equal(strstr(xml, "901d2afa") != NULL, kind == SEEP_PROFILE_SNAPSHOT);
    assert_int_equal(strstr(xml, "HeapProcessId") != NULL, kind == SEEP_PROFILE_HEAP);
  }
}

/* Of the file variant of a collector: its maximum in megabytes and whether that is a ring; 0: none. The
 * memory variant must never have one. */
static unsigned maximum_of(const char *collector, const char *mode)
{
  char file[64], memory[64], tag[64];
  snprintf(file, sizeof file, "<%s Id=\"%s_File\"", collector,
           collector[0] == 'S'   ? "System"
           : collector[0] == 'E' ? "Events"
                                 : "Heap");
  snprintf(memory, sizeof memory, "%.*s_Memory\"", (int)(strlen(file) - 6), file);
  snprintf(tag, sizeof tag, "</%s>", collector);
  const char *of_file = strstr(xml, file), *of_memory = strstr(xml, memory);
  assert_non_null(of_file);
  assert_non_null(of_memory);
  const char *maximum = strstr(of_memory, "<MaximumFileSize");
  assert_true(maximum == NULL || maximum > strstr(of_memory, tag));
  maximum = strstr(of_file, "<MaximumFileSize");
  if (maximum == NULL || maximum > strstr(of_file, tag)) {
    return 0;
  }
  assert_true(maximum > strstr(of_file, "<Buffers "));
  unsigned megabytes = number_after(maximum, "Value=\"");
  char wanted[96];
  snprintf(wanted, sizeof wanted, "<MaximumFileSize Value=\"%u\" FileMode=\"%s\"/>", megabytes, mode);
  assert_memory_equal(maximum, wanted, strlen(wanted));
  return megabytes;
}

#define MEGABYTE UINT64_C(1048576)

static const struct {
  seep_profile_kind kind;
  uint64_t ring_bytes;
  unsigned system, events, heap;
} rings[] = {
    {SEEP_PROFILE_VIRTUALALLOC, 0, 0, 0, 0},
    {SEEP_PROFILE_VIRTUALALLOC, 512 * MEGABYTE, 448, 64, 0},
    {SEEP_PROFILE_VIRTUALALLOC, 513 * MEGABYTE - 1, 448, 64, 0}, /* below, not above */
    {SEEP_PROFILE_VIRTUALALLOC, 15 * MEGABYTE, 14, 1, 0},
    {SEEP_PROFILE_VIRTUALALLOC, 2 * MEGABYTE, 1, 1, 0},
    {SEEP_PROFILE_VIRTUALALLOC, 1, 1, 1, 0}, /* the least there is */
    {SEEP_PROFILE_HEAP, 0, 0, 0, 0},
    {SEEP_PROFILE_HEAP, 512 * MEGABYTE, 128, 64, 320},
    {SEEP_PROFILE_HEAP, 1023 * MEGABYTE, 255, 127, 641},
    {SEEP_PROFILE_HEAP, 3 * MEGABYTE, 1, 1, 1},
    {SEEP_PROFILE_HEAP, 1, 1, 1, 1},
    {SEEP_PROFILE_HEAP_BY_FLAG, 0, 0, 0, 0},
    {SEEP_PROFILE_HEAP_BY_FLAG, 512 * MEGABYTE, 128, 64, 320},
    {SEEP_PROFILE_SNAPSHOT, 0, 0, 0, 0},
    {SEEP_PROFILE_SNAPSHOT, 512 * MEGABYTE, 64, 448, 0}, /* here the events are the bulk */
    {SEEP_PROFILE_SNAPSHOT, 1, 1, 1, 0},
};

static void ring(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof rings / sizeof rings[0]; i++) {
    const seep_profile profile = {.kind = rings[i].kind, .pid = 4242, .ring_bytes = rings[i].ring_bytes};
    bool heap = profile.kind == SEEP_PROFILE_HEAP || profile.kind == SEEP_PROFILE_HEAP_BY_FLAG;
    assert_true(write(&profile, sizeof xml));
    assert_well_formed(xml);
    assert_int_equal(maximum_of("SystemCollector", "Circular"), rings[i].system);
    assert_int_equal(maximum_of("EventCollector", "Circular"), rings[i].events);
    assert_int_equal(heap ? maximum_of("HeapEventCollector", "Sequential") : 0, rings[i].heap);
    assert_int_equal(strstr(xml, "MaximumFileSize") != NULL, rings[i].ring_bytes > 0);
  }
}

/* What can be committed, what may be pinned of it. */
static void buffers_of_a_server(void **state)
{
  (void)state;
  const uint64_t floor = 512 * MEGABYTE;
  assert_int_equal(seep_profile_buffers(64, UINT64_MAX, floor), 64);
  assert_int_equal(seep_profile_buffers(5, UINT64_MAX, floor), 5);
  assert_int_equal(seep_profile_buffers(64, UINT64_MAX - 1, floor), 64);
  assert_int_equal(seep_profile_buffers(64, 64 * 64 * MEGABYTE, floor), 64);
  assert_int_equal(seep_profile_buffers(64, 64 * 64 * MEGABYTE - 1, floor), 63);
  assert_int_equal(seep_profile_buffers(64, 1024 * MEGABYTE, floor), 16);
  assert_int_equal(seep_profile_buffers(12, 1024 * MEGABYTE, floor), 12);
  assert_int_equal(seep_profile_buffers(64, floor, floor), 8);
  assert_int_equal(seep_profile_buffers(64, floor - 1, floor), 0);
  assert_int_equal(seep_profile_buffers(64, floor - 1, floor - 1), 0); /* 7 are too few */
  assert_int_equal(seep_profile_buffers(64, floor, 0), 8);
  assert_int_equal(seep_profile_buffers(64, 64 * 64 * MEGABYTE, 64 * 64 * MEGABYTE + 1), 0);
  assert_int_equal(seep_profile_buffers(64, 0, 0), 0);
  assert_int_equal(seep_profile_buffers(8, 64 * 64 * MEGABYTE, floor), 8);
  assert_int_equal(seep_profile_buffers(7, 64 * 64 * MEGABYTE, floor), 0);
  assert_int_equal(seep_profile_buffers(UINT32_MAX, UINT64_MAX - 1, floor), UINT32_MAX);
}

/* ---- config/profiles ---- */

#define PROFILES SEEP_FIXTURES "/../../config/profiles/"

static const struct {
  const char *path;
  seep_profile profile;
} shipped[] = {
    {PROFILES "virtualalloc.wprp", {.kind = SEEP_PROFILE_VIRTUALALLOC, .ring_bytes = 512 * MEGABYTE}},
    {PROFILES "heap-by-pid.wprp", {.kind = SEEP_PROFILE_HEAP, .pid = 4242, .ring_bytes = 512 * MEGABYTE}},
    {PROFILES "heap-by-flag.wprp", {.kind = SEEP_PROFILE_HEAP_BY_FLAG, .ring_bytes = 512 * MEGABYTE}},
    {PROFILES "heap-snapshot.wprp", {.kind = SEEP_PROFILE_SNAPSHOT, .ring_bytes = 512 * MEGABYTE}},
};
#define SHIPPED (sizeof shipped / sizeof shipped[0])

/* Read as text: a checkout on Windows may have ended its lines differently. */
static void shipped_profiles(void **state)
{
  (void)state;
  static char there[SEEP_PROFILE_SIZE + 1];
  for (size_t i = 0; i < SHIPPED; i++) {
    assert_true(write(&shipped[i].profile, sizeof xml));
    FILE *file = fopen(shipped[i].path, "r");
    size_t size = file != NULL ? fread(there, 1, sizeof there, file) : 0;
    if (file != NULL) {
      fclose(file);
    }
    if (size != strlen(xml) || memcmp(there, xml, size) != 0) {
      fail_msg("%s is not what profile.c makes: run this program with the argument `write`", shipped[i].path);
    }
  }
}

static int write_shipped(void)
{
  int failed = 0;
  for (size_t i = 0; i < SHIPPED; i++) {
    FILE *file = write(&shipped[i].profile, sizeof xml) ? fopen(shipped[i].path, "wb") : NULL;
    bool written = file != NULL && fwrite(xml, 1, strlen(xml), file) == strlen(xml);
    written = file != NULL && fclose(file) == 0 && written;
    printf("%s: %s\n", shipped[i].path, written ? "written" : "could not be written");
    failed += written ? 0 : 1;
  }
  return failed;
}

/* ---- sizes ---- */

/* Of one variant: what the kernel pins, but for the small event collector. */
static unsigned pinned(bool events)
{
  static const char label[] = "<Buffers Value=\"";
  const char *heap = strstr(xml, "<HeapEventCollector ");
  return number_after(strstr(xml, "<SystemCollector "), label) +
         (events ? number_after(strstr(xml, "<EventCollector "), label) : 0) +
         (heap != NULL ? number_after(heap, label) : 0);
}

static void buffers(void **state)
{
  (void)state;
  seep_profile profile = {.buffers = 48, .buffer_kilobytes = 512};
  assert_true(write(&profile, sizeof xml));
  assert_non_null(strstr(xml, "<BufferSize Value=\"512\"/>\n      <Buffers Value=\"48\"/>"));
  profile.kind = SEEP_PROFILE_HEAP;
  assert_true(write(&profile, sizeof xml));
  assert_int_equal(pinned(false), 48); /* not more because there is one more collector */
  assert_non_null(strstr(xml, "<BufferSize Value=\"512\"/>\n      <Buffers Value=\"36\"/>"));
  profile.buffers = 1;
  assert_true(write(&profile, sizeof xml));
  assert_int_equal(pinned(false), 8); /* the least that both can work with */
  profile.kind = SEEP_PROFILE_SNAPSHOT;
  assert_true(write(&profile, sizeof xml));
  assert_int_equal(pinned(true), 8);
  profile.buffers = 48;
  assert_true(write(&profile, sizeof xml));
  assert_int_equal(pinned(true), 48);
  assert_non_null(strstr(xml, "<BufferSize Value=\"512\"/>\n      <Buffers Value=\"36\"/>"));
  profile.kind = SEEP_PROFILE_HEAP_BY_FLAG;
  assert_true(write(&profile, sizeof xml));
  assert_int_equal(pinned(false), 48);
  profile.buffers = profile.buffer_kilobytes = 0;
  assert_true(write(&profile, sizeof xml));
  assert_int_equal(pinned(false), 64);
  profile.kind = SEEP_PROFILE_VIRTUALALLOC;
  assert_true(write(&profile, sizeof xml));
  assert_non_null(strstr(xml, "<BufferSize Value=\"1024\"/>\n      <Buffers Value=\"64\"/>"));
}

/* The largest numbers fit the size we publish; a smaller buffer says that it was too small. */
static void sizes(void **state)
{
  (void)state;
  seep_profile profile = {
      .pid = UINT32_MAX, .buffers = UINT32_MAX, .buffer_kilobytes = UINT32_MAX, .ring_bytes = UINT64_MAX};
  for (int kind = 0; kind < SEEP_PROFILE_KINDS; kind++) {
    profile.kind = (seep_profile_kind)kind;
    assert_true(write(&profile, sizeof xml));
    assert_false(write(&profile, 1000));
  }
}

static void names(void **state)
{
  (void)state;
  static const char *const wanted[SEEP_PROFILE_KINDS][2] = {{"SeepVirtualAlloc", "virtualalloc"},
                                                            {"SeepHeap", "heap"},
                                                            {"SeepHeapByFlag", "heap"},
                                                            {"SeepHeapSnapshot", "snapshot"}};
  for (int kind = 0; kind < SEEP_PROFILE_KINDS; kind++) {
    assert_string_equal(seep_profile_name((seep_profile_kind)kind), wanted[kind][0]);
    assert_string_equal(seep_profile_kind_text((seep_profile_kind)kind), wanted[kind][1]);
  }
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(virtualalloc),
      cmocka_unit_test(heap_of_one_process),
      cmocka_unit_test(heap_by_flag),
      cmocka_unit_test(snapshot),
      cmocka_unit_test(snapshots_nowhere_else),
      cmocka_unit_test(ring),
      cmocka_unit_test(buffers_of_a_server),
      cmocka_unit_test(shipped_profiles),
      cmocka_unit_test(buffers),
      cmocka_unit_test(sizes),
      cmocka_unit_test(names),
  };
  if (argc == 2 && strcmp(argv[1], "write") == 0) {
    return write_shipped();
  }
  return cmocka_run_group_tests_name("capture_profile", tests, NULL, NULL);
}
