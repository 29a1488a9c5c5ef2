/* Event 2004 in each form Windows writes it, with every value checked; and each way its XML can be cut or
 * hostile. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "observe/exhaustion.h"

#define PROVIDER "<Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/>"
#define SYSTEM "<System>" PROVIDER "<EventID>2004</EventID></System>"
#define EVENT(detail)                                                                                        \
  "<Event>" SYSTEM "<UserData><MemoryExhaustionInfo>" detail "</MemoryExhaustionInfo></UserData></Event>"
#define PROCESS(body) EVENT("<ProcessInfo><Process_1>" body "</Process_1></ProcessInfo>")

static seep_exhaustion event;
static char file_text[16384];

static size_t read_fixture(const char *name)
{
  char path[1024];
  snprintf(path, sizeof path, "%s/event2004/%s", SEEP_FIXTURES, name);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t size = fread(file_text, 1, sizeof file_text, file);
  fclose(file);
  assert_in_range(size, 1000, sizeof file_text - 1);
  return size;
}

/* Parses an exactly-sized copy, so that a sanitizer sees the first byte read too far. */
static seep_status parse_bytes(const char *text, size_t size, seep_error *error)
{
  char *copy = malloc(size > 0 ? size : 1);
  assert_non_null(copy);
  memcpy(copy, text, size);
  seep_status status = seep_exhaustion_parse(copy, size, &event, error);
  free(copy);
  return status;
}

static void parse_ok(const char *text)
{
  memset(&event, 0xA5, sizeof event);
  assert_int_equal(parse_bytes(text, strlen(text), NULL), SEEP_OK);
}

static void parse_fixture(const char *name)
{
  memset(&event, 0xA5, sizeof event);
  assert_int_equal(parse_bytes(file_text, read_fixture(name), NULL), SEEP_OK);
}

static seep_filetime filetime(const char *text)
{
  seep_filetime value = 0;
  assert_true(seep_filetime_parse(text, strlen(text), &value));
  return value;
}

static void check_process(size_t i, const char *name, uint32_t pid, const char *created,
                          uint64_t commit_bytes, uint32_t handles, const char *version, uint32_t type_info)
{
  const seep_exhaustion_process *process = &event.processes[i];
  assert_string_equal(process->name, name);
  assert_int_equal(process->key.pid, pid);
  assert_true(process->key.created == filetime(created));
  assert_true(process->commit_bytes == commit_bytes);
  assert_int_equal(process->handles, handles);
  assert_string_equal(process->version, version);
  assert_int_equal(process->type_info, type_info);
}

static void check_tag(const seep_exhaustion_tag *tag, const char *name, uint64_t bytes)
{
  assert_string_equal(tag->name, name);
  assert_true(tag->bytes == bytes);
}

static void check_system(const uint64_t bytes[7], uint32_t processes)
{
  assert_true(event.has_system);
  assert_true(event.commit_limit_bytes == bytes[0]);
  assert_true(event.commit_charge_bytes == bytes[1]);
  assert_true(event.process_commit_bytes == bytes[2]);
  assert_true(event.paged_pool_bytes == bytes[3]);
  assert_true(event.physical_bytes == bytes[4]);
  assert_true(event.physical_used_bytes == bytes[5]);
  assert_true(event.nonpaged_pool_bytes == bytes[6]);
  assert_int_equal(event.process_total, processes);
}

/* Slots behind the filled ones hold nothing, not remains of what was packed. */
static void check_slots_are_clean(void)
{
  static const seep_exhaustion_process empty;
  for (size_t i = event.process_count; i < SEEP_EXHAUSTION_PROCESSES; i++) {
    assert_int_equal(event.processes[i].key.pid, 0);
    assert_string_equal(event.processes[i].name, empty.name);
    assert_string_equal(event.processes[i].version, empty.version);
    assert_true(event.processes[i].commit_bytes == 0);
  }
}

static void windows_10_form(void **state)
{
  static const uint64_t system_bytes[7] = {21474234368, 21353439232, 19873693696, 512643072,
                                           17179267072, 16231043072, 391643136};
  (void)state;
  parse_fixture("composed-win10-evtrender.xml");
  assert_true(event.time_created == filetime("2025-03-18T21:05:44.1876302Z"));
  assert_int_equal(event.record_id, 184467);
  check_system(system_bytes, 188);
  assert_int_equal(event.process_count, 4);
  check_process(0,
                "O'Neil & Gr\xC3\xB6\xC3\x9F"
                "e.exe",
                7364, "2025-03-17T05:12:08.3317845Z", 13905170432, 41877, "8.2.1.0", 201);
  check_process(1, "java.exe", 2196, "2025-03-02T22:40:55.0096412Z", 2870153216, 3120, "17.0.10.7", 210);
  check_process(2, "vmmem", 6104, "2025-03-02T22:41:30.7752208Z", 1073741824, 0, "0.0.0.0", 67);
  check_process(3, "Agent%1.exe", 9988, "2025-03-18T20:58:01.4400913Z", 201715712, 744, "1.0.0.0", 152);
  check_slots_are_clean();
  assert_int_equal(event.paged_tag_count, 3);
  check_tag(&event.paged_tags[0], "MmSt", 70385664);
  check_tag(&event.paged_tags[1], "Ntff", 44105728);
  check_tag(&event.paged_tags[2], "FMfn", 21049344);
  assert_int_equal(event.nonpaged_tag_count, 3);
  check_tag(&event.nonpaged_tags[0], "EtwB", 88604672);
  check_tag(&event.nonpaged_tags[1], "ConT", 31195136);
  check_tag(&event.nonpaged_tags[2], "File", 15990784);
}

static void windows_7_form(void **state)
{
  static const uint64_t system_bytes[7] = {8586842112, 8383418368, 6931030016, 301268992,
                                           4293971968, 3987865600, 96808960};
  (void)state;
  parse_fixture("composed-win7-eventviewer.xml");
  assert_true(event.time_created == filetime("2013-02-11T08:14:27.431250000Z"));
  assert_int_equal(event.record_id, 20417);
  check_system(system_bytes, 71);
  assert_int_equal(event.process_count, 4);
  check_process(0, "sqlservr.exe", 1524, "2013-02-08T06:01:19.562500000Z", 3912167424, 612, "2009.100.4000.0",
                1089);
  check_process(1, "Q&A \"Desk's\" Tool.exe", 3108, "2013-02-11T07:30:02.109375000Z", 1284505600, 20418,
                "3.4.0.17", 202);
  check_process(2, "w3wp.exe", 4420, "2013-02-11T06:02:44.796875000Z", 431751168, 1391, "7.5.7601.17514",
                211);
  check_process(3, "iexplore.exe", 5096, "2013-02-11T08:09:51.015625000Z", 92295168, 588, "9.0.8112.16421",
                152);
  check_slots_are_clean();
  assert_int_equal(event.paged_tag_count, 3);
  check_tag(&event.paged_tags[0], "CM31", 88248320);
  check_tag(&event.paged_tags[1], "MmSt", 51249152);
  check_tag(&event.paged_tags[2], "CM25", 14852096);
  assert_int_equal(event.nonpaged_tag_count, 3);
  check_tag(&event.nonpaged_tags[0], "Even", 9412608);
  check_tag(&event.nonpaged_tags[1], "File", 7340032);
  check_tag(&event.nonpaged_tags[2], "EtwB", 6291456);
}

static void a_real_record_with_blocks_cut_out(void **state)
{
  static const uint64_t system_bytes[7] = {136749981696, 136744210432, 124781793280, 1526272000,
                                           33670766592,  30886457344,  1709928448};
  (void)state;
  parse_fixture("seen-2026-evtrender-cut.xml");
  assert_true(event.time_created == filetime("2026-04-16T23:59:47.3308179Z"));
  assert_int_equal(event.record_id, 71517);
  check_system(system_bytes, 824);
  assert_int_equal(event.process_count, 3);
  check_process(0, "warp.exe", 41972, "2026-04-15T07:43:32.5901929Z", 30486663168, 2679, "1.0.0.0", 201);
  check_process(1, "python.exe", 8644, "2026-04-16T06:03:11.0046647Z", 8124440576, 638, "3.10.16150.1013",
                210);
  check_process(2, "vmmemWSL", 59872, "2026-04-16T07:04:23.7920316Z", 7621857280, 0, "0.0.0.0", 67);
  check_slots_are_clean();
  assert_int_equal(event.paged_tag_count, 0);
  assert_int_equal(event.nonpaged_tag_count, 0);
}

static void a_real_record_with_system_figures_only(void **state)
{
  static const uint64_t system_bytes[7] = {11810689024, 11708403712, 10322837504, 315576320,
                                           8589463552,  8277946368,  110288896};
  (void)state;
  parse_fixture("seen-2015-server-systeminfo-only.xml");
  assert_true(event.time_created == filetime("2015-04-26T22:30:59.914186600Z"));
  assert_int_equal(event.record_id, 3529);
  check_system(system_bytes, 77);
  assert_int_equal(event.process_count, 0);
  check_slots_are_clean();
}

static void missing_parts_are_zero(void **state)
{
  (void)state;
  parse_ok(EVENT(""));
  assert_false(event.has_system);
  assert_true(event.time_created == 0 && event.record_id == 0 && event.commit_limit_bytes == 0);
  assert_int_equal(event.process_count, 0);
  parse_ok("<Event>" SYSTEM "</Event>");
  assert_false(event.has_system);
  parse_ok(EVENT("<SystemInfo><SystemCommitLimit>5</SystemCommitLimit></SystemInfo>"));
  assert_false(event.has_system);
  assert_true(event.commit_limit_bytes == 5);
}

static void other_events_are_unsupported(void **state)
{
  static const char *const cases[] = {
      "<Event/>",
      "<x/>",
      "<Events/>",
      "<Event><System>" PROVIDER "<EventID>1003</EventID></System></Event>",
      "<Event><System>" PROVIDER "<EventID>20040</EventID></System></Event>",
      "<Event><System>" PROVIDER "<EventID></EventID></System></Event>",
      "<Event><System>" PROVIDER "</System></Event>",
      "<Event><System><EventID>2004</EventID></System></Event>",
      "<Event><System><Provider/><EventID>2004</EventID></System></Event>",
      "<Event><System><Provider "
      "Name='Microsoft-Windows-Resource-Exhaustion-Detector2'/><EventID>2004</EventID></System></Event>",
      "<Event><System><Provider xmlns:Name='Microsoft-Windows-Resource-Exhaustion-Detector'/>"
      "<EventID>2004</EventID></System></Event>",
      "<Event><UserData><MemoryExhaustionInfo/></UserData></Event>",
      "<Event><EventData>" SYSTEM "</EventData></Event>",
      "<x><Event>" SYSTEM "</Event></x>",
      "<Events><Event>" SYSTEM "</Event><Event>" SYSTEM "</Event></Events>",
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    seep_error error;
    seep_exhaustion before;
    memset(&event, 0xA5, sizeof event);
    before = event;
    assert_int_equal(parse_bytes(cases[i], strlen(cases[i]), &error), SEEP_UNSUPPORTED);
    assert_int_equal(error.status, SEEP_UNSUPPORTED);
    assert_memory_equal(&before, &event, sizeof event);
  }
}

static void a_wrapper_and_qualifiers_are_accepted(void **state)
{
  (void)state;
  parse_ok("<?xml version=\"1.0\"?><Events><Event>" SYSTEM "</Event></Events>");
  parse_ok("<Event><System><Provider Guid='{0}' "
           "Name=\"Microsoft-Windows-Resource-Exhaustion-Detector\"></Provider>"
           "<EventID Qualifiers='0'>\r\n 2004\t</EventID></System></Event>");
}

static void prefixes_comments_cdata_and_strangers_are_tolerated(void **state)
{
  (void)state;
  parse_ok(
      "<e:Event xmlns:e='u'><e:System><e:Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector'/>"
      "<e:EventID>20<!-- x -->04</e:EventID><e:Odd><Name>x</Name></e:Odd></e:System><e:UserData>"
      "<m:MemoryExhaustionInfo xmlns:m='v'><m:Odd><SystemInfo><Processes>1</Processes></SystemInfo></m:Odd>"
      "<m:ProcessInfo><Process_7><Name>no</Name></Process_7><Process_0/><Process_12/><Process_>x</Process_>"
      "<m:Process_2><m:Name>a<![CDATA[<&amp;>]]>b<Name>inner</Name>c</m:Name><m:ID><!-- --> 7 </m:ID>"
      "</m:Process_2></m:ProcessInfo></m:MemoryExhaustionInfo></e:UserData></e:Event>");
  assert_int_equal(event.process_total, 0);
  assert_int_equal(event.process_count, 1);
  assert_string_equal(event.processes[0].name, "a<&amp;>bc");
  assert_int_equal(event.processes[0].key.pid, 7);
  check_slots_are_clean();
}

/* The order in which the blocks and their children come is free, and so are both quote kinds and the case of
 * the Guid. Each form of the same event must give the same structure. */
static void any_order_quotes_and_guid_case_give_the_same(void **state)
{
  static const char *const forms[] = {
      "<Event><System><Provider Name='Microsoft-Windows-Resource-Exhaustion-Detector' "
      "Guid='{9988748e-c2e8-4054-85f6-0c3e1cad2470}'/><EventID>2004</EventID><TimeCreated "
      "SystemTime='2025-03-18T21:05:44.1876302Z'/><EventRecordID>9</EventRecordID></System><UserData>"
      "<MemoryExhaustionInfo xmlns='u'><SystemInfo><SystemCommitLimit>20</SystemCommitLimit>"
      "<SystemCommitCharge>19</SystemCommitCharge></SystemInfo><PagedPoolInfo><Tag_1><Name>A b</Name>"
      "<PoolUsed>1</PoolUsed></Tag_1></PagedPoolInfo><ProcessInfo><Process_1><Name>'a' &amp; \"b\"</Name>"
      "<ID>5</ID></Process_1><Process_2><Name></Name><ID>0</ID></Process_2></ProcessInfo>"
      "</MemoryExhaustionInfo></UserData></Event>",
      "<Event><UserData><MemoryExhaustionInfo>\n<ProcessInfo>\n<Process_2>\n<ID>\n0\n</ID>\n<Name />\n"
      "</Process_2>\n<Process_1>\n<ID>\n5\n</ID>\n<Name>&apos;a&#39; &#38; &quot;b&#x22;</Name>\n"
      "</Process_1></ProcessInfo><PagedPoolInfo><Tag_1><PoolUsed>1</PoolUsed><Name>A b</Name></Tag_1>"
      "</PagedPoolInfo><SystemInfo><SystemCommitCharge>19</SystemCommitCharge><SystemCommitLimit>20"
      "</SystemCommitLimit></SystemInfo></MemoryExhaustionInfo></UserData><System><EventRecordID>9"
      "</EventRecordID><TimeCreated  SystemTime = \"2025-03-18T21:05:44.187630299Z\" /><EventID "
      "Qualifiers=\"\">2004</EventID><Provider Guid=\"{9988748E-C2E8-4054-85F6-0C3E1CAD2470}\" "
      "EventSourceName=\"x\" Name=\"Microsoft-Windows-Resource-Exhaustion-Detector\"></Provider>"
      "</System></Event>"};
  seep_exhaustion first;
  (void)state;
  parse_ok(forms[0]);
  first = event;
  assert_string_equal(first.processes[0].name, "'a' & \"b\"");
  assert_int_equal(first.record_id, 9);
  assert_true(first.has_system);
  parse_ok(forms[1]);
  assert_memory_equal(&first, &event, sizeof event);
}

static seep_filetime created_of(const char *text)
{
  char xml[1024];
  snprintf(xml, sizeof xml, PROCESS("<ID>1</ID><CreationTime>%s</CreationTime>"), text);
  parse_ok(xml);
  return event.processes[0].key.created;
}

static void times_with_any_fraction(void **state)
{
  const seep_filetime whole = filetime("2025-03-18T21:05:44Z");
  (void)state;
  assert_true(created_of("2025-03-18T21:05:44Z") == whole);
  assert_true(created_of("2025-03-18T21:05:44.5Z") == whole + 5000000);
  assert_true(created_of("2025-03-18T21:05:44.1876302Z") == whole + 1876302);
  assert_true(created_of("2025-03-18T21:05:44.187630200Z") == whole + 1876302);
  assert_true(created_of("1601-01-01T00:00:00.000000000Z") == 0);
  assert_true(created_of("2025-03-18T21:05:44") == 0); /* no Z: of which zone? */
  assert_true(created_of("2025-03-18T21:05:44.1876302001Z") == 0);
  assert_true(created_of("") == 0);
  parse_ok("<Event><System>" PROVIDER "<EventID>2004</EventID><TimeCreated/></System></Event>");
  assert_true(event.time_created == 0);
  parse_ok("<Event><System>" PROVIDER
           "<EventID>2004</EventID><TimeCreated SystemTime='soon'/></System></Event>");
  assert_true(event.time_created == 0);
}

static void strangers_at_every_level_change_nothing(void **state)
{
  static const char plain[] = EVENT("<SystemInfo><SystemCommitLimit>20</SystemCommitLimit></SystemInfo>"
                                    "<ProcessInfo><Process_1><ID>5</ID></Process_1></ProcessInfo>");
#define STRANGER "<Odd a='1'><Name>x</Name><ID>6</ID><Event/>text<Odd/></Odd>"
  static const char odd[] =
      "<Event>" STRANGER "<System>" STRANGER PROVIDER STRANGER "<EventID>2004</EventID>" STRANGER
      "</System>" STRANGER "<UserData>" STRANGER "<MemoryExhaustionInfo>" STRANGER "<SystemInfo>" STRANGER
      "<SystemCommitLimit>2" STRANGER "0</SystemCommitLimit>" STRANGER "</SystemInfo>" STRANGER
      "<ProcessInfo>" STRANGER "<Process_1>" STRANGER "<ID>" STRANGER "5</ID>" STRANGER
      "</Process_1>" STRANGER "</ProcessInfo>" STRANGER "</MemoryExhaustionInfo>" STRANGER
      "</UserData>" STRANGER "<RenderingInfo Culture='en-US'><Message>x</Message></RenderingInfo></Event>";
  seep_exhaustion expected;
  (void)state;
  parse_ok(plain);
  expected = event;
  assert_int_equal(expected.processes[0].key.pid, 5);
  parse_ok(odd);
  assert_memory_equal(&expected, &event, sizeof event);
}

static void equal_names_under_other_parents_are_not_taken(void **state)
{
  (void)state;
  parse_ok(EVENT(
      "<Name>x</Name><Processes>9</Processes><SystemCommitLimit>9</SystemCommitLimit>"
      "<ProcessInfo><Name>x</Name><Tag_1><Name>x</Name></Tag_1></ProcessInfo>"
      "<PagedPoolInfo><Process_1><Name>x</Name></Process_1></PagedPoolInfo>"
      "<SystemInfo Processes='9'><ProcessInfo><Process_1><ID>1</ID></Process_1></ProcessInfo></SystemInfo>"));
  assert_int_equal(event.process_count, 0);
  assert_int_equal(event.process_total, 0);
  assert_int_equal(event.paged_tag_count, 0);
  assert_true(event.commit_limit_bytes == 0);
}

static void empty_slots_are_left_out_wherever_they_are(void **state)
{
  (void)state;
  parse_ok(
      EVENT("<ProcessInfo><Process_6><Name>six</Name><ID>6</ID></Process_6><Process_1><Name/><ID>0</ID>"
            "<CreationTime>1601-01-01T00:00:00.0000000Z</CreationTime><Version>0.0.0.0</Version></Process_1>"
            "<Process_3><Name></Name><ID>33</ID></Process_3></ProcessInfo>"
            "<PagedPoolInfo><Tag_1><Name></Name><PoolUsed>0</PoolUsed></Tag_1><Tag_3><Name>Thre</Name>"
            "<PoolUsed>3</PoolUsed></Tag_3></PagedPoolInfo>"));
  assert_int_equal(event.process_count, 2);
  assert_int_equal(event.processes[0].key.pid, 33);
  assert_string_equal(event.processes[1].name, "six");
  check_slots_are_clean();
  assert_int_equal(event.paged_tag_count, 1);
  check_tag(&event.paged_tags[0], "Thre", 3);
  check_tag(&event.paged_tags[1], "", 0);
  check_tag(&event.paged_tags[2], "", 0);
}

/* As a reformatting editor leaves it: what is white space only is empty, and a line break is no part of a
 * name.
 */
static void layout_is_no_part_of_a_name(void **state)
{
  (void)state;
  parse_ok(EVENT("<ProcessInfo><Process_1><Name>\r\n  </Name><ID>0</ID></Process_1><Process_2><Name>  </Name>"
                 "</Process_2><Process_3><Name>\n   java.exe \n  </Name><ID>7</ID></Process_3><Process_4>"
                 "<Name>a\nb </Name></Process_4></ProcessInfo>"
                 "<NonPagedPoolInfo><Tag_1><Name>\n</Name></Tag_1></NonPagedPoolInfo>"));
  assert_int_equal(event.process_count, 2);
  assert_string_equal(event.processes[0].name, "java.exe");
  assert_string_equal(event.processes[1].name, "a\nb ");
  check_slots_are_clean();
  assert_int_equal(event.nonpaged_tag_count, 0);
}

static uint64_t commit_of(const char *digits)
{
  char text[2048];
  snprintf(text, sizeof text, PROCESS("<ID>1</ID><CommitCharge>%s</CommitCharge>"), digits);
  parse_ok(text);
  return event.processes[0].commit_bytes;
}

static void numbers_at_and_over_the_edge(void **state)
{
  static const char *const absent[] = {"18446744073709551616",
                                       "18446744073709551620",
                                       "99999999999999999999999999999",
                                       "-1",
                                       "+1",
                                       "0x10",
                                       "1 2",
                                       "1.5",
                                       "1e3",
                                       "",
                                       "twelve",
                                       "\xD9\xA1"};
  (void)state;
  assert_true(commit_of("18446744073709551615") == UINT64_MAX);
  assert_true(commit_of("00000000000000000000000000042") == 42);
  assert_true(commit_of(" \r\n\t42 ") == 42);
  for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
    assert_true(commit_of(absent[i]) == 0);
  }
  char long_number[SEEP_EXHAUSTION_NAME_SIZE + 2]; /* does not fit: its beginning is another number */
  memset(long_number, '0', sizeof long_number);
  long_number[sizeof long_number - 4] = '1';
  long_number[sizeof long_number - 1] = '\0';
  assert_true(commit_of(long_number) == 0);
  parse_ok(PROCESS(
      "<ID>4294967295</ID><HandleCount>4294967296</HandleCount><TypeInfo>18446744073709551617</TypeInfo>"
      "<CreationTime>2025-02-30T00:00:00Z</CreationTime>"));
  assert_int_equal(event.processes[0].key.pid, UINT32_MAX);
  assert_int_equal(event.processes[0].handles, 0);
  assert_int_equal(event.processes[0].type_info, 0);
  assert_true(event.processes[0].key.created == 0);
}

static void hostile_names_are_kept_as_text(void **state)
{
  (void)state;
  parse_ok(PROCESS("<Name>%1%n%%2&lt;x&gt;&quot;&apos;&#x202E;&#xD83D;&#1;</Name><ID>1</ID>"));
  assert_string_equal(event.processes[0].name, "%1%n%%2<x>\"'\xE2\x80\xAE\xED\xA0\xBD\x01");
  /* the same and more, not as references but as EvtRender's UTF-16 comes through our codec */
  parse_ok(PROCESS("<Name>\xED\xA0\xBD%n\xE2\x80\xAE\"'\xF0\x9F\x98\x80</Name><ID>1</ID>"));
  assert_string_equal(event.processes[0].name, "\xED\xA0\xBD%n\xE2\x80\xAE\"'\xF0\x9F\x98\x80");
  parse_ok(PROCESS("<Name>a&#0;b</Name><Version>&#xDFFF;</Version><ID>1</ID>"));
  assert_string_equal(event.processes[0].name, "a\xEF\xBF\xBD"
                                               "b");
  assert_string_equal(event.processes[0].version, "\xED\xBF\xBF");
  parse_ok(PROCESS("<Name> a b </Name><ID>1</ID>")); /* spaces belong to a name */
  assert_string_equal(event.processes[0].name, " a b ");
  parse_ok(PROCESS("<Name>Gr\x94\xE1"
                   "e.exe</Name><ID>1</ID>")); /* an OEM code page */
  assert_string_equal(event.processes[0].name, "Gr\xEF\xBF\xBD\xEF\xBF\xBD"
                                               "e.exe");
}

static void long_names_are_cut_between_characters(void **state)
{
  static char text[8192];
  seep_writer writer;
  (void)state;
  seep_writer_init(&writer, text, sizeof text);
  seep_writer_text(&writer,
                   "<Event>" SYSTEM "<UserData><MemoryExhaustionInfo><ProcessInfo><Process_1><Name>x");
  for (size_t i = 0; i < 1000; i++) {
    seep_writer_text(&writer, i % 2 == 0 ? "\xE2\x82\xAC" : "&#x20AC;");
  }
  seep_writer_text(&writer,
                   "</Name><ID>5</ID></Process_1></ProcessInfo></MemoryExhaustionInfo></UserData></Event>");
  assert_false(writer.cut);
  parse_ok(text);
  size_t length = strlen(event.processes[0].name);
  assert_int_equal(length, 799); /* 1 + 266 * 3 */
  assert_int_equal(seep_text_valid_prefix(event.processes[0].name, length), length);
  assert_int_equal(event.processes[0].key.pid, 5);
}

static void every_prefix_of_every_fixture_is_refused(void **state)
{
  static const char *const names[] = {"composed-win10-evtrender.xml", "composed-win7-eventviewer.xml",
                                      "seen-2026-evtrender-cut.xml", "seen-2015-server-systeminfo-only.xml"};
  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    size_t size = read_fixture(names[i]);
    while (file_text[size - 1] != '>') {
      size--;
    }
    seep_exhaustion before;
    memset(&event, 0xA5, sizeof event);
    before = event;
    for (size_t cut = 0; cut < size; cut++) {
      seep_error error = {0};
      assert_int_equal(parse_bytes(file_text, cut, &error), SEEP_CORRUPT);
      assert_int_equal(error.domain, SEEP_DOMAIN_FORMAT);
      assert_true(error.code >= 0 && (size_t)error.code <= cut);
    }
    assert_memory_equal(&before, &event, sizeof event);
    assert_int_equal(parse_bytes(file_text, size, NULL), SEEP_OK);
  }
}

static void every_changed_byte_is_survived(void **state)
{
  static const char changes[] = {'\0', '<', '>', '&', '\'', '9', '\x80'};
  size_t size = read_fixture("seen-2026-evtrender-cut.xml");
  (void)state;
  for (size_t at = 0; at < size; at++) {
    char original = file_text[at];
    for (size_t i = 0; i < sizeof changes; i++) {
      file_text[at] = changes[i];
      seep_status status = parse_bytes(file_text, size, NULL);
      assert_true(status == SEEP_OK || status == SEEP_CORRUPT || status == SEEP_UNSUPPORTED);
      assert_true(changes[i] != '\0' || status == SEEP_CORRUPT);
    }
    file_text[at] = original;
  }
}

static void utf16_and_zero_bytes_are_corrupt(void **state)
{
  static const char utf16[] = "\xFF\xFE<\0E\0v\0";
  seep_error error;
  (void)state;
  assert_int_equal(parse_bytes(utf16, sizeof utf16, &error), SEEP_CORRUPT);
  assert_int_equal(error.code, 3);
  assert_int_equal(seep_exhaustion_parse(NULL, 0, &event, &error), SEEP_CORRUPT);
}

static void size_is_limited(void **state)
{
  size_t size = SEEP_EXHAUSTION_MAXIMUM_BYTES + 1;
  char *large = malloc(size);
  static const char text[] = "<Event>" SYSTEM "</Event>";
  (void)state;
  assert_non_null(large);
  memset(large, ' ', size);
  memcpy(large, text, sizeof text - 1);
  assert_int_equal(seep_exhaustion_parse(large, size, &event, NULL), SEEP_LIMIT);
  assert_int_equal(seep_exhaustion_parse(large, size - 1, &event, NULL), SEEP_OK);
  free(large);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_10_form),
      cmocka_unit_test(windows_7_form),
      cmocka_unit_test(a_real_record_with_blocks_cut_out),
      cmocka_unit_test(a_real_record_with_system_figures_only),
      cmocka_unit_test(missing_parts_are_zero),
      cmocka_unit_test(other_events_are_unsupported),
      cmocka_unit_test(a_wrapper_and_qualifiers_are_accepted),
      cmocka_unit_test(prefixes_comments_cdata_and_strangers_are_tolerated),
      cmocka_unit_test(any_order_quotes_and_guid_case_give_the_same),
      cmocka_unit_test(times_with_any_fraction),
      cmocka_unit_test(strangers_at_every_level_change_nothing),
      cmocka_unit_test(equal_names_under_other_parents_are_not_taken),
      cmocka_unit_test(empty_slots_are_left_out_wherever_they_are),
      cmocka_unit_test(layout_is_no_part_of_a_name),
      cmocka_unit_test(numbers_at_and_over_the_edge),
      cmocka_unit_test(hostile_names_are_kept_as_text),
      cmocka_unit_test(long_names_are_cut_between_characters),
      cmocka_unit_test(every_prefix_of_every_fixture_is_refused),
      cmocka_unit_test(every_changed_byte_is_survived),
      cmocka_unit_test(utf16_and_zero_bytes_are_corrupt),
      cmocka_unit_test(size_is_limited),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
