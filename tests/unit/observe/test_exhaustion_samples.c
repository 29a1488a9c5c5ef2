/*
 * Figures of real Events 2004 that were published in parts only, set into the forms that their Windows writes
 * (reference: event-log, 1.5); and real events of other kinds, which must be refused with a word on what they
 * are.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "observe/exhaustion.h"
#include "observe/memory_notice.h"

typedef struct seen_process {
  const char *name;
  uint32_t pid;
  const char *created;
  uint64_t commit_bytes;
  uint32_t handles;
  const char *version;
  uint32_t type_info;
} seen_process;

typedef struct seen_record {
  const char *time;
  uint64_t record_id;
  bool processes_first; /* Windows 7 and 8; later ones have the pools before them */
  uint64_t limit, charge, process_commit, paged, physical, physical_used, nonpaged;
  uint64_t left_bytes; /* of the published table of headrooms */
  uint32_t process_total;
  seen_process processes[SEEP_EXHAUSTION_PROCESSES];
  seep_exhaustion_tag paged_tags[SEEP_EXHAUSTION_TAGS];
} seen_record;

#define EMPTY_SLOT                                                                                           \
  {                                                                                                          \
    "", 0, "1601-01-01T00:00:00.000000000Z", 0, 0, "0.0.0.0", 0                                              \
  }

/* What was not published is 0, empty or NULL; of the third the moment of its day, and its record. */
static const seen_record records[] = {
    {"2012-01-17T15:58:09.012799500Z",
     14623,
     true,
     12839264256,
     12570841088,
     1179488256,
     327008256,
     3210289152,
     2641825792,
     114331648,
     268423168,
     66,
     {{"sqlservr.exe", 1440, "2012-01-17T07:29:10.701370200Z", 137105408, 339, "2007.100.2531.0", 1089},
      {"svchost.exe", 1008, "2012-01-17T07:28:11.320477000Z", 123707392, 637, "6.1.7600.16385", 33858},
      {"Steam.exe", 4068, "2012-01-17T07:30:31.021702000Z", 122667008, 498, "1.0.1065.11", 203},
      {"sidebar.exe", 4076, "2012-01-17T07:30:31.358721300Z", 40476672, 0, "", 0}},
     {{"", 0}}},
    {"2013-05-06T16:21:25.382211200Z",
     4289,
     true,
     34358874112,
     34090958848,
     32797368320,
     308903936,
     8589070336,
     2108317696,
     88141824,
     267915264,
     63,
     {{"mfpmp.exe", 4048, "2013-05-06T16:05:42.155872900Z", 31578124288, 0, "", 0}},
     {{"", 0}}},
    {"2014-03-30T00:00:00Z",
     1,
     true,
     17169805312,
     16922066944,
     3801432064,
     266264576,
     4292927488,
     3592155136,
     78700544,
     247738368,
     65,
     {{"firefox.exe", 1444, "2014-03-30T15:29:07.431665500Z", 1209528320, 1183, "28.0.0.5186", 201},
      {"FlashPlayerPlugin_12_0_0_77.exe", 4888, "2014-03-30T15:29:15.052676200Z", 1037045760, 6121,
       "12.0.0.77", 210},
      {"audiodg.exe", 5328, "2014-03-28T02:33:20.721738100Z", 147525632, 377, "0.0.0.0", 67},
      {"explorer.exe", 2820, "2014-03-26T23:52:58.258841800Z", 140787712, 1547, "6.1.7601.17514", 152},
      EMPTY_SLOT,
      EMPTY_SLOT},
     {{"CM31", 84725760}, {"MmSt", 47057504}, {"CM25", 16461824}}},
    {"2020-10-23T08:23:03.754560000Z",
     19275,
     false,
     17177280512,
     16922398720,
     14384128000,
     238059520,
     8587345920,
     7423127552,
     123154432,
     254881792,
     157,
     {{NULL, 0, NULL, 0, 0, NULL, 0}},
     {{"MmSt", 37297088}, {"CM25", 23486464}}},
    {"2024-04-10T16:30:19.9931039Z",
     14608,
     false,
     85720166400,
     85455675392,
     73796771840,
     2613121024,
     68540297216,
     44711223296,
     1227567104,
     264491008,
     0,
     {{NULL, 0, NULL, 0, 0, NULL, 0}},
     {{"", 0}}},
};

static seep_exhaustion event;
static char text[32768];

static void write_processes(seep_writer *writer, const seen_record *record)
{
  seep_writer_text(writer, "<ProcessInfo>");
  for (size_t i = 0; i < SEEP_EXHAUSTION_PROCESSES && record->processes[i].name != NULL; i++) {
    const seen_process *process = &record->processes[i];
    seep_writer_format(writer,
                       "<Process_%u><Name>%s</Name><ID>%" PRIu32 "</ID><CreationTime>%s</CreationTime>"
                       "<CommitCharge>%" PRIu64 "</CommitCharge><HandleCount>%" PRIu32 "</HandleCount>"
                       "<Version>%s</Version><TypeInfo>%" PRIu32 "</TypeInfo></Process_%u>",
                       (unsigned)i + 1, process->name, process->pid, process->created, process->commit_bytes,
                       process->handles, process->version, process->type_info, (unsigned)i + 1);
  }
  seep_writer_text(writer, "</ProcessInfo>");
}

static void write_pools(seep_writer *writer, const seen_record *record)
{
  seep_writer_text(writer, "<PagedPoolInfo>");
  for (size_t i = 0; i < SEEP_EXHAUSTION_TAGS; i++) {
    const seep_exhaustion_tag *tag = &record->paged_tags[i];
    seep_writer_format(writer, "<Tag_%u><Name>%s</Name><PoolUsed>%" PRIu64 "</PoolUsed></Tag_%u>",
                       (unsigned)i + 1, tag->name, tag->bytes, (unsigned)i + 1);
  }
  seep_writer_text(writer, "</PagedPoolInfo><NonPagedPoolInfo></NonPagedPoolInfo>");
}

static void write_figure(seep_writer *writer, const char *name, uint64_t value)
{
  seep_writer_format(writer, "<%s>%" PRIu64 "</%s>", name, value, name);
}

static void write_record(seep_writer *writer, const seen_record *record)
{
  seep_writer_format(writer,
                     "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
                     "Name='Microsoft-Windows-Resource-Exhaustion-Detector'/><EventID>2004</EventID>"
                     "<TimeCreated SystemTime='%s'/><EventRecordID>%" PRIu64 "</EventRecordID></System>"
                     "<UserData><MemoryExhaustionInfo><SystemInfo>",
                     record->time, record->record_id);
  write_figure(writer, "SystemCommitLimit", record->limit);
  write_figure(writer, "SystemCommitCharge", record->charge);
  write_figure(writer, "ProcessCommitCharge", record->process_commit);
  write_figure(writer, "PagedPoolUsage", record->paged);
  write_figure(writer, "PhysicalMemorySize", record->physical);
  write_figure(writer, "PhysicalMemoryUsage", record->physical_used);
  write_figure(writer, "NonPagedPoolUsage", record->nonpaged);
  write_figure(writer, "Processes", record->process_total);
  seep_writer_text(writer, "</SystemInfo>");
  if (record->processes_first) {
    write_processes(writer, record);
    write_pools(writer, record);
  } else {
    write_pools(writer, record);
    write_processes(writer, record);
  }
  seep_writer_text(writer, "</MemoryExhaustionInfo></UserData></Event>");
}

static seep_filetime filetime(const char *time)
{
  seep_filetime value = 0;
  assert_true(seep_filetime_parse(time, strlen(time), &value));
  return value;
}

static void check_processes(const seen_record *record)
{
  size_t count = 0;
  for (size_t i = 0; i < SEEP_EXHAUSTION_PROCESSES; i++) {
    const seen_process *seen = &record->processes[i];
    if (seen->name == NULL || seen->name[0] == '\0') {
      continue;
    }
    const seep_exhaustion_process *process = &event.processes[count++];
    assert_string_equal(process->name, seen->name);
    assert_int_equal(process->key.pid, seen->pid);
    assert_true(process->key.created == filetime(seen->created));
    assert_true(process->commit_bytes == seen->commit_bytes);
    assert_int_equal(process->handles, seen->handles);
    assert_string_equal(process->version, seen->version);
    assert_int_equal(process->type_info, seen->type_info);
  }
  assert_int_equal(event.process_count, count);
}

static void check_record(const seen_record *record)
{
  assert_true(event.time_created == filetime(record->time));
  assert_true(event.record_id == record->record_id);
  assert_true(event.has_system);
  assert_true(event.commit_limit_bytes == record->limit);
  assert_true(event.commit_charge_bytes == record->charge);
  assert_true(event.commit_limit_bytes - event.commit_charge_bytes == record->left_bytes);
  assert_true(event.process_commit_bytes == record->process_commit);
  assert_true(event.paged_pool_bytes == record->paged);
  assert_true(event.nonpaged_pool_bytes == record->nonpaged);
  assert_true(event.physical_bytes == record->physical);
  assert_true(event.physical_used_bytes == record->physical_used);
  assert_int_equal(event.process_total, record->process_total);
  check_processes(record);
  for (size_t i = 0; i < event.paged_tag_count; i++) {
    assert_string_equal(event.paged_tags[i].name, record->paged_tags[i].name);
    assert_true(event.paged_tags[i].bytes == record->paged_tags[i].bytes);
  }
  assert_true(event.paged_tag_count == SEEP_EXHAUSTION_TAGS ||
              record->paged_tags[event.paged_tag_count].bytes == 0);
}

static void published_figures(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
    seep_writer writer;
    seep_writer_init(&writer, text, sizeof text);
    write_record(&writer, &records[i]);
    assert_false(writer.cut);
    memset(&event, 0xA5, sizeof event);
    assert_int_equal(seep_exhaustion_parse(text, writer.length, &event, NULL), SEEP_OK);
    check_record(&records[i]);
  }
}

static void neighbours_are_refused_by_name(void **state)
{
#define NOT "not Event 2004 of Microsoft-Windows-Resource-Exhaustion-Detector, but event "
#define NONE(count)                                                                                          \
  "none of " count " events is Event 2004 of Microsoft-Windows-Resource-Exhaustion-Detector; "
  static const struct {
    const char *file, *says;
  } neighbours[] = {
      {"application-popup-26.xml", NOT "26 of Application Popup"},
      {"classic-esent-642.xml", NOT "642 of ESENT"},
      {"classic-securitycenter-16-qualifiers-49152.xml", NOT "16 of SecurityCenter"},
      {"detector-operational-1001-1002.xml",
       NONE("11") "the first is event 1001 of Microsoft-Windows-Resource-Exhaustion-Detector"},
      {"resolver-operational-1001-1002-1014-1015.xml",
       NONE("13") "the first is event 1001 of Microsoft-Windows-Resource-Exhaustion-Resolver"},
      {"wer1001-radar-pre-leak-32-win7.xml", NONE("7") "the first is event 1001 of Windows Error Reporting"},
      {"wer1001-radar-pre-leak-64-win10-19044.xml", NOT "1001 of Windows Error Reporting"},
      {"wer1001-radar-pre-leak-64-win10-19045.xml", NOT "1001 of Windows Error Reporting"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof neighbours / sizeof neighbours[0]; i++) {
    char path[1024];
    seep_error error = {0};
    seep_memory_notice notice;
    snprintf(path, sizeof path, "%s/event2004/neighbours/%s", SEEP_FIXTURES, neighbours[i].file);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    assert_in_range(size, 500, sizeof text - 1);
    assert_int_equal(seep_exhaustion_parse(text, size, &event, &error), SEEP_UNSUPPORTED);
    assert_string_equal(error.subject, neighbours[i].says);
    assert_int_equal(seep_memory_notice_parse(text, size, &notice, &error), SEEP_UNSUPPORTED);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_figures),
      cmocka_unit_test(neighbours_are_refused_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
