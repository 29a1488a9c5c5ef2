#include "standin/wpr/output.h"

#include <windows.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "standin/standin_files.h"

#define BAR_WIDTH 60

static wpr_knobs knobs;

typedef struct sentence {
  uint32_t code; /* 0: no error text */
  const char *english;
  const char *german; /* in code page 1252, as a German Windows writes to a pipe: not UTF-8 on purpose */
} sentence;

static const sentence sentences[] = {
    {WPR_NOT_RUNNING, "There are no trace profiles running.", "Es werden keine Profile ausgef\xFChrt."},
    {WPR_ALREADY_RUNNING, "The profiles are already running.", "Die Profile werden bereits ausgef\xFChrt."},
    {UINT32_C(0xC5583014), "The event collector was already running.", "Der Sammler l\xE4uft bereits."},
    {WPR_BAD_PROFILE, "A runtime state provider is not running.", "Ein Anbieter wird nicht ausgef\xFChrt."},
    {WPR_DUPLICATE_INSTANCE, "Duplicate instance of Windows Performance Recorder Control library",
     "Doppelte Instanz der Aufzeichnungsbibliothek"},
    {UINT32_C(0xC5580612), "An Event session cannot be started without any providers.",
     "Ohne Anbieter kann keine Sitzung gestartet werden."},
    {WPR_NO_PRIVILEGE, "Failed to enable the policy to profile system performance.",
     "Die Richtlinie konnte nicht aktiviert werden."},
    {WPR_NO_SLOTS, "Insufficient system resources exist to complete the requested service.",
     "Nicht gen\xFCgend Systemressourcen."},
    {UINT32_C(0x80070008), "Not enough memory resources are available to process this command.",
     "Nicht gen\xFCgend Arbeitsspeicher."},
    {WPR_FILE_MISSING, "The system cannot find the file specified.", "Die Datei wurde nicht gefunden."},
    {WPR_PATH_MISSING, "The system cannot find the path specified.", "Der Pfad wurde nicht gefunden."},
    {WPR_DISK_FULL, "There is not enough space on the disk.", "Nicht gen\xFCgend Speicherplatz."},
    {WPR_FILE_NAMED_TWICE, "Cannot create a file when that file already exists.",
     "Die Datei ist bereits vorhanden."},
    {WPR_SESSION_DIED, "The instance name passed was not recognized as valid by a WMI data provider.",
     "Der Instanzname wurde nicht erkannt."},
    {UINT32_C(0x80010106), "Cannot change thread mode after it is set.",
     "Der Threadmodus kann nicht ge\xE4ndert werden."},
    {UINT32_C(0x800705B4), "This operation returned because the timeout period expired.",
     "Zeit\xFC"
     "berschreitung."},
    {WPR_FILE_EXISTS, "The file exists.", "Die Datei ist vorhanden."},
    {WPR_NOT_FOUND, "Element not found.", "Element nicht gefunden."},
    {WPR_BAD_ARGUMENT, "The parameter is incorrect.", "Falscher Parameter."},
    {0, "WPR is not recording", "WPR zeichnet nicht auf"},
    {0, "WPR recording is in progress...", "Die Aufzeichnung l\xE4uft..."},
    {0, "The trace was successfully saved.", "Die Ablaufverfolgung wurde gespeichert."},
    {0, "Press Ctrl+C to cancel the stop operation.",
     "Dr\xFC"
     "cken Sie STRG+C, um abzubrechen."},
    {0, "Invalid command syntax.", "Ung\xFCltige Befehlssyntax."},
};

static void put(DWORD stream, const char *text)
{
  DWORD written = 0;
  HANDLE handle = GetStdHandle(stream);
  if (handle != NULL && handle != INVALID_HANDLE_VALUE) {
    WriteFile(handle, text, (DWORD)strlen(text), &written, NULL);
  }
}

static const char *in_language(const char *english)
{
  for (size_t i = 0; knobs.localised && i < sizeof sentences / sizeof sentences[0]; i++) {
    if (strcmp(sentences[i].english, english) == 0) {
      return sentences[i].german;
    }
  }
  return english;
}

void wpr_output_init(const wpr_knobs *chosen)
{
  knobs = *chosen;
}

static void put_stdout(const char *text)
{
  if (!knobs.stdout_empty) {
    put(STD_OUTPUT_HANDLE, text);
  }
}

void wpr_output_say(const char *english)
{
  put_stdout(in_language(english));
  put_stdout("\r\n");
}

void wpr_output_say_done(const char *english)
{
  if (knobs.success_text) {
    wpr_output_say(english);
  }
}

void wpr_output_banner(void)
{
  char text[160];
  snprintf(text, sizeof text,
           "\r\nMicrosoft Windows Performance Recorder Version 10.0.%" PRIu32 " (CoreSystem)\r\n"
           "(stand-in of the Seepwatch tests)\r\n\r\n",
           knobs.version);
  put_stdout(text);
}

void wpr_output_usage(void)
{
  put_stdout("\tUsage: wpr options ...\r\n\r\n"
             "\t-help\t\t\t - Provide command line help information\r\n"
             "\t-start\t\t\t - Start one or more profiles\r\n"
             "\t-status\t\t\t - Show what is recorded\r\n"
             "\t-cancel\t\t\t - Cancel the recording\r\n"
             "\t-stop\t\t\t - Stop the recording and save it\r\n"
             "\t-heaptracingconfig\t - Heap tracing of a process name\r\n");
  if (knobs.version >= 17763) {
    put_stdout("\t-snapshotconfig\t\t - Heap snapshots of a process\r\n"
               "\t-singlesnapshot\t\t - Take a heap snapshot\r\n"
               "\t-enableperiodicsnapshot - Take heap snapshots from time to time\r\n"
               "\t-disableperiodicsnapshot - End that\r\n"
               "\t-instancename\t\t - Name of the recording; must be last\r\n");
  }
}

void wpr_output_progress(unsigned percent)
{
  char bar[BAR_WIDTH + 1];
  char text[BAR_WIDTH + 32];
  unsigned filled = percent * BAR_WIDTH / 100;
  memset(bar, ' ', BAR_WIDTH);
  memset(bar, '>', filled < BAR_WIDTH ? filled : BAR_WIDTH);
  bar[BAR_WIDTH] = '\0';
  snprintf(text, sizeof text, "\r%3u%%  [%s]", percent, bar);
  put_stdout(text);
}

static const char *error_text(uint32_t code)
{
  for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
    if (sentences[i].code == code) {
      return knobs.localised ? sentences[i].german : sentences[i].english;
    }
  }
  return "Unspecified error";
}

void wpr_output_error(uint32_t code, const wchar_t *profile_id)
{
  char text[512];
  char profile[256];
  const char *message = error_text(code);
  if (profile_id != NULL) {
    standin_files_narrow(profile_id, profile, sizeof profile);
    snprintf(text, sizeof text, "\t%s\r\n\tProfile Id: %s\r\n\tError code: 0x%08" PRIx32 "\r\n\t%s\r\n",
             message, profile, code, message);
  } else {
    snprintf(text, sizeof text, "\t%s\r\n\tError code: 0x%08" PRIx32 "\r\n", message, code);
  }
  put(STD_ERROR_HANDLE, text);
}

void wpr_output_syntax_error(const wchar_t *option)
{
  char text[512];
  char narrow[256];
  standin_files_narrow(option, narrow, sizeof narrow);
  snprintf(text, sizeof text, "\r\n\t%s\r\n\r\n\tError code: 0x%08" PRIx32 "\r\n\tInvalid option: %s\r\n",
           in_language("Invalid command syntax."), WPR_SYNTAX, narrow);
  put(STD_ERROR_HANDLE, text);
}
