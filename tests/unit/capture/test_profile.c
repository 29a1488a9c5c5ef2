/*
 * The profiles that wpr.exe is given: well-formed, in the schema's order, every reference to something, with
 * the buffers that were asked for and no more, and the heap's for one process alone.
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

/* Every Value that refers to an Id of our own must have one. */
static void assert_references(const char *xml, size_t kinds)
{
  static const char *const references[] = {"SystemCollectorId",    "SystemProviderId",
                                           "EventCollectorId",     "EventProviderId",
                                           "HeapEventCollectorId", "HeapEventProviderId"};
  for (size_t i = 0; i < kinds; i++) {
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
    assert_true(found >= 2);
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

/* Of one variant: what the kernel pins. */
static unsigned pinned(void)
{
  static const char label[] = "<Buffers Value=\"";
  const char *heap = strstr(xml, "<HeapEventCollector ");
  return number_after(strstr(xml, "<SystemCollector "), label) +
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
  assert_int_equal(pinned(), 48); /* not more because there is one more collector */
  assert_non_null(strstr(xml, "<BufferSize Value=\"512\"/>\n      <Buffers Value=\"36\"/>"));
  profile.buffers = 1;
  assert_true(write(&profile, sizeof xml));
  assert_int_equal(pinned(), 8); /* the least that both can work with */
  profile.buffers = profile.buffer_kilobytes = 0;
  assert_true(write(&profile, sizeof xml));
  assert_int_equal(pinned(), 64);
  profile.kind = SEEP_PROFILE_VIRTUALALLOC;
  assert_true(write(&profile, sizeof xml));
  assert_non_null(strstr(xml, "<BufferSize Value=\"1024\"/>\n      <Buffers Value=\"64\"/>"));
}

/* The largest numbers fit the size we publish; a smaller buffer says that it was too small. */
static void sizes(void **state)
{
  (void)state;
  seep_profile profile = {.pid = UINT32_MAX, .buffers = UINT32_MAX, .buffer_kilobytes = UINT32_MAX};
  for (int kind = 0; kind < 2; kind++) {
    profile.kind = (seep_profile_kind)kind;
    assert_true(write(&profile, sizeof xml));
    assert_false(write(&profile, 1000));
  }
}

static void names(void **state)
{
  (void)state;
  assert_string_equal(seep_profile_name(SEEP_PROFILE_VIRTUALALLOC), "SeepVirtualAlloc");
  assert_string_equal(seep_profile_name(SEEP_PROFILE_HEAP), "SeepHeap");
  assert_string_equal(seep_profile_kind_text(SEEP_PROFILE_VIRTUALALLOC), "virtualalloc");
  assert_string_equal(seep_profile_kind_text(SEEP_PROFILE_HEAP), "heap");
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(virtualalloc), cmocka_unit_test(heap_of_one_process),
                                     cmocka_unit_test(buffers), cmocka_unit_test(sizes),
                                     cmocka_unit_test(names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
