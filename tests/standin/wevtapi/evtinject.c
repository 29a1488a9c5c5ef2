/*
 * evtinject: puts an event into the stand-in's logs, in the form Windows 10's EvtRender gives: an Event 2004
 * with its 63 values (Windows 7's form too) into System, or one of the detector's own 1003 and 1008 into its
 * Operational log, which is there from then on. Run it inside the same Wine prefix as the service:
 *   evtinject --process NAME --pid P (--created ISO | --created-of-pid) --commit BYTES
 *             [--record N] [--limit B] [--charge B] [--time ISO] [--style win10|win7]
 *   evtinject --event 1003 [--record N] [--limit B] [--charge B] [--time ISO]
 *   evtinject --event 1008 [--record N] [--error CODE] [--time ISO]
 * --channel system|operational puts it where it does not belong. Without --record it takes the log's next
 * free record id. Prints the record id.
 */
#include "standin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <shellapi.h>

#define TEXT_SIZE 16384
#define DIAGNOSIS 2004
#define NOTICE 1003
#define NO_DIAGNOSIS 1008
#define DEFAULT_LIMIT 17179869184ull
#define DEFAULT_HEADROOM 104857600ull
#define DEFAULT_ERROR 1450ull /* ERROR_NO_SYSTEM_RESOURCES */

typedef struct injected {
  unsigned long long event, error, record, pid, commit, limit, charge;
  char process[1024]; /* escaped for XML */
  char created[64];
  char time[64];
  bool created_of_pid;
  bool windows7;
  bool has_log;
  standin_log log;
} injected;

static int complain(const char *what)
{
  fprintf(stderr, "evtinject: %s (Windows error %lu)\n", what, (unsigned long)GetLastError());
  return 2;
}

static void print_time(FILETIME filetime, char *out, size_t out_size)
{
  SYSTEMTIME time;
  unsigned long long ticks = (unsigned long long)filetime.dwHighDateTime << 32 | filetime.dwLowDateTime;
  FileTimeToSystemTime(&filetime, &time);
  snprintf(out, out_size, "%04u-%02u-%02uT%02u:%02u:%02u.%07lluZ", time.wYear, time.wMonth, time.wDay,
           time.wHour, time.wMinute, time.wSecond, ticks % 10000000u);
}

static bool take_created_of_pid(injected *injection)
{
  FILETIME created, ended, kernel, user;
  HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, (DWORD)injection->pid);
  bool done = process != NULL && GetProcessTimes(process, &created, &ended, &kernel, &user);
  if (process != NULL) {
    CloseHandle(process);
  }
  if (done) {
    print_time(created, injection->created, sizeof injection->created);
  }
  return done;
}

static void escape(const char *text, char *out, size_t out_size)
{
  size_t used = 0;
  out[0] = '\0';
  for (; *text != '\0' && used + 8 < out_size; text++) {
    const char *entity = *text == '&'    ? "&amp;"
                         : *text == '<'  ? "&lt;"
                         : *text == '>'  ? "&gt;"
                         : *text == '\'' ? "&apos;"
                         : *text == '"'  ? "&quot;"
                                         : NULL;
    used += (size_t)snprintf(out + used, out_size - used, entity != NULL ? "%s" : "%.1s",
                             entity != NULL ? entity : text);
  }
}

static bool take_value(injected *injection, const char *name, const char *value)
{
  struct {
    const char *name;
    unsigned long long *number;
  } numbers[] = {{"--event", &injection->event},   {"--error", &injection->error},
                 {"--record", &injection->record}, {"--pid", &injection->pid},
                 {"--commit", &injection->commit}, {"--limit", &injection->limit},
                 {"--charge", &injection->charge}};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    if (strcmp(name, numbers[i].name) == 0) {
      char *end = NULL;
      *numbers[i].number = strtoull(value, &end, 10);
      return end != value && *end == '\0';
    }
  }
  if (strcmp(name, "--process") == 0) {
    escape(value, injection->process, sizeof injection->process);
  } else if (strcmp(name, "--created") == 0) {
    snprintf(injection->created, sizeof injection->created, "%s", value);
  } else if (strcmp(name, "--time") == 0) {
    snprintf(injection->time, sizeof injection->time, "%s", value);
  } else if (strcmp(name, "--style") == 0) {
    injection->windows7 = strcmp(value, "win7") == 0;
  } else if (strcmp(name, "--channel") == 0) {
    injection->has_log = true;
    injection->log = strcmp(value, "operational") == 0 ? STANDIN_OPERATIONAL : STANDIN_SYSTEM;
    return injection->log == STANDIN_OPERATIONAL || strcmp(value, "system") == 0;
  } else {
    return false;
  }
  return true;
}

static bool read_arguments(injected *injection)
{
  int count = 0;
  bool good = true;
  wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
  for (int i = 1; good && wide != NULL && i < count; i++) {
    char name[64];
    char value[1024];
    good = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, name, sizeof name, NULL, NULL) > 0;
    if (good && strcmp(name, "--created-of-pid") == 0) {
      injection->created_of_pid = true;
      continue;
    }
    good = good && i + 1 < count &&
           WideCharToMultiByte(CP_UTF8, 0, wide[++i], -1, value, sizeof value, NULL, NULL) > 0 &&
           take_value(injection, name, value);
  }
  LocalFree(wide);
  if (!injection->has_log) {
    injection->log = injection->event == DIAGNOSIS ? STANDIN_SYSTEM : STANDIN_OPERATIONAL;
  }
  bool complete = injection->event == NOTICE || injection->event == NO_DIAGNOSIS ||
                  (injection->event == DIAGNOSIS && injection->process[0] != '\0' &&
                   (injection->created[0] != '\0' || injection->created_of_pid));
  return good && complete;
}

/* 1003 and 1008. Nobody has seen a real one: the values' names are the manifest's, the element around them is
 * ours and says so, lest somebody rely on it. */
static int print_notice(const injected *injection, char *out, size_t out_size)
{
  bool notice = injection->event == NOTICE;
  char values[256];
  if (notice) {
    snprintf(values, sizeof values,
             "<SystemCommitLimit>%llu</SystemCommitLimit><SystemCommitCharge>%llu</SystemCommitCharge>",
             injection->limit, injection->charge);
  } else {
    snprintf(values, sizeof values, "<ErrorCode>%llu</ErrorCode>", injection->error);
  }
  return snprintf(
      out, out_size,
      "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
      "Name='Microsoft-Windows-Resource-Exhaustion-Detector' "
      "Guid='{9988748e-c2e8-4054-85f6-0c3e1cad2470}'/><EventID>%llu</EventID><Version>0</Version>"
      "<Level>%u</Level><Task>%u</Task><Opcode>%u</Opcode><Keywords>0x4000000020000000</Keywords>"
      "<TimeCreated SystemTime='%s'/><EventRecordID>%llu</EventRecordID><Correlation/><Execution "
      "ProcessID='4832' ThreadID='9216'/><Channel>%s</Channel><Computer>STANDIN</Computer>"
      "<Security UserID='S-1-5-18'/></System><UserData><StandinNotice "
      "xmlns='http://www.microsoft.com/Windows/Resource/Exhaustion/Detector/Events'>%s</StandinNotice>"
      "</UserData></Event>",
      injection->event, notice ? 3u : 2u, notice ? 2u : 3u, notice ? 22u : 33u, injection->time,
      injection->record, standin_records_channel(injection->log), values);
}

static void print_slots(const injected *injection, const char *zeros, char *out, size_t out_size)
{
  int used =
      snprintf(out, out_size,
               "<ProcessInfo><Process_1><Name>%s</Name><ID>%llu</ID><CreationTime>%s</CreationTime>"
               "<CommitCharge>%llu</CommitCharge><HandleCount>321</HandleCount><Version>1.0.0.0</Version>"
               "<TypeInfo>201</TypeInfo></Process_1>",
               injection->process, injection->pid, injection->created, injection->commit);
  for (int slot = 2; slot <= 6; slot++) {
    used += snprintf(out + used, out_size - (size_t)used,
                     "<Process_%d><Name></Name><ID>0</ID><CreationTime>1601-01-01T00:00:00.%sZ</CreationTime>"
                     "<CommitCharge>0</CommitCharge><HandleCount>0</HandleCount><Version>0.0.0.0</Version>"
                     "<TypeInfo>0</TypeInfo></Process_%d>",
                     slot, zeros, slot);
  }
  snprintf(out + used, out_size - (size_t)used, "</ProcessInfo>");
}

static int print_diagnosis(const injected *injection, char *out, size_t out_size)
{
  static const char pools[] =
      "<PagedPoolInfo><Tag_1><Name>MmSt</Name><PoolUsed>70385664</PoolUsed></Tag_1><Tag_2><Name>Ntff</Name>"
      "<PoolUsed>44105728</PoolUsed></Tag_2><Tag_3><Name>FMfn</Name><PoolUsed>21049344</PoolUsed></Tag_3></"
      "PagedPoolInfo>"
      "<NonPagedPoolInfo><Tag_1><Name>EtwB</Name><PoolUsed>88604672</PoolUsed></Tag_1><Tag_2><Name>ConT</"
      "Name>"
      "<PoolUsed>31195136</PoolUsed></Tag_2><Tag_3><Name>File</Name><PoolUsed>15990784</PoolUsed></Tag_3>"
      "</NonPagedPoolInfo>";
  static char slots[TEXT_SIZE / 2];
  print_slots(injection, injection->windows7 ? "000000000" : "0000000", slots, sizeof slots);
  return snprintf(
      out, out_size,
      "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
      "Name='Microsoft-Windows-Resource-Exhaustion-Detector' "
      "Guid='%s'/><EventID>2004</EventID><Version>0</Version>"
      "<Level>3</Level><Task>3</Task><Opcode>33</Opcode><Keywords>0x8000000020000000</Keywords><TimeCreated "
      "SystemTime='%s'/><EventRecordID>%llu</EventRecordID><Correlation "
      "ActivityID='{b1f0c6de-52a7-4c39-8e04-%012llx}'/><Execution ProcessID='4832' ThreadID='9216'/>"
      "<Channel>%s</Channel><Computer>STANDIN</Computer><Security UserID='S-1-5-18'/></System><UserData>"
      "<MemoryExhaustionInfo "
      "xmlns='http://www.microsoft.com/Windows/Resource/Exhaustion/Detector/Events'><SystemInfo>"
      "<SystemCommitLimit>%llu</SystemCommitLimit><SystemCommitCharge>%llu</SystemCommitCharge>"
      "<ProcessCommitCharge>%llu</ProcessCommitCharge><PagedPoolUsage>512643072</PagedPoolUsage>"
      "<PhysicalMemorySize>8589410304</PhysicalMemorySize><PhysicalMemoryUsage>8115521536</"
      "PhysicalMemoryUsage>"
      "<NonPagedPoolUsage>391643136</NonPagedPoolUsage><Processes>88</Processes></SystemInfo>%s%s%s"
      "<ExhaustionEventInfo><Time>%s</Time></ExhaustionEventInfo></MemoryExhaustionInfo></UserData></Event>",
      injection->windows7 ? "{9988748E-C2E8-4054-85F6-0C3E1CAD2470}"
                          : "{9988748e-c2e8-4054-85f6-0c3e1cad2470}",
      injection->time, injection->record, injection->record, standin_records_channel(injection->log),
      injection->limit, injection->charge, injection->commit, injection->windows7 ? slots : "", pools,
      injection->windows7 ? "" : slots, injection->time);
}

/* Written beside its place and then renamed, so that the log never shows half an event. */
static bool write_event(const injected *injection, const char *text, size_t size)
{
  wchar_t path[STANDIN_PATH_UNITS], temporary[STANDIN_PATH_UNITS], name[64];
  DWORD written = 0;
  if (standin_folder_path(L"", path)) {
    CreateDirectoryW(path, NULL);
  }
  if (standin_folder_path(standin_records_folder(injection->log), path)) {
    CreateDirectoryW(path, NULL);
  }
  swprintf(name, 64, L"%ls\\%llu.xml", standin_records_folder(injection->log), injection->record);
  if (!standin_folder_path(name, path)) {
    return false;
  }
  swprintf(name, 64, L"%ls\\%llu.tmp", standin_records_folder(injection->log), injection->record);
  if (!standin_folder_path(name, temporary)) {
    return false;
  }
  HANDLE file = CreateFileW(temporary, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) {
    return false;
  }
  BOOL done = WriteFile(file, text, (DWORD)size, &written, NULL) && written == size;
  CloseHandle(file);
  return done && MoveFileExW(temporary, path, MOVEFILE_REPLACE_EXISTING);
}

static void fill_in_defaults(injected *injection)
{
  FILETIME now;
  GetSystemTimeAsFileTime(&now);
  if (injection->time[0] == '\0') {
    print_time(now, injection->time, sizeof injection->time);
  }
  if (injection->record == 0) {
    size_t count = 0;
    uint64_t *ids = standin_records_list(injection->log, &count);
    injection->record = count > 0 ? ids[count - 1] + 1 : 1;
    free(ids);
  }
  injection->limit = injection->limit != 0 ? injection->limit : DEFAULT_LIMIT;
  injection->charge = injection->charge != 0 ? injection->charge : injection->limit - DEFAULT_HEADROOM;
}

int main(void)
{
  static char text[TEXT_SIZE];
  injected injection = {.event = DIAGNOSIS, .error = DEFAULT_ERROR};
  if (!read_arguments(&injection)) {
    fputs("evtinject --process NAME --pid P (--created ISO | --created-of-pid) --commit BYTES [--record N] "
          "[--limit B] [--charge B] [--time ISO] [--style win10|win7] [--channel system|operational]\n"
          "evtinject --event 1003 [--record N] [--limit B] [--charge B] [--time ISO] [--channel ..]\n"
          "evtinject --event 1008 [--record N] [--error CODE] [--time ISO] [--channel ..]\n",
          stderr);
    return 2;
  }
  if (injection.created_of_pid && !take_created_of_pid(&injection)) {
    return complain("no such process, or its times cannot be read");
  }
  fill_in_defaults(&injection);
  int size = injection.event == DIAGNOSIS ? print_diagnosis(&injection, text, sizeof text)
                                          : print_notice(&injection, text, sizeof text);
  if (size < 0 || (size_t)size >= sizeof text) {
    return complain("event too long");
  }
  if (!write_event(&injection, text, (size_t)size)) {
    return complain("cannot write the event");
  }
  printf("%llu\n", injection.record);
  return 0;
}
