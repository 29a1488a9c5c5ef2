/*
 * Inside of the stand-in wevtapi.dll: two logs that are folders of XML files, and knobs that make them fail
 * like the real ones. See tests/standin/README-wevtapi.md. Text is UTF-8 inside, UTF-16 at the exports.
 * Everything but standin_folder_misuse is called with the one lock held (wevtapi.c).
 */
#ifndef STANDIN_WEVTAPI_STANDIN_H
#define STANDIN_WEVTAPI_STANDIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <windows.h>
#include <winevt.h>

/* The detector's Operational log is there only while its folder is. */
typedef enum standin_log { STANDIN_SYSTEM = 0, STANDIN_OPERATIONAL } standin_log;

/* --- folder.c: files and knobs --- */

#define STANDIN_PATH_UNITS 1024

/* SEEPWATCH_STANDIN, else C:\ProgramData\SeepwatchStandin, followed by \relative. false when too long. */
bool standin_folder_path(const wchar_t *relative, wchar_t *out);

/* A whole file, terminated, to be released with free(); NULL when it is not there. */
char *standin_folder_read(const wchar_t *path, size_t *size);

/* A line "name=value" of wevtapi-knobs.txt, "operational_name=value" for that log; the file is read again at
 * each call. */
bool standin_folder_knob(standin_log log, const char *name, long long *value);

/* A fault knob NAME=code with an optional NAME_times=n: true for the first n calls after the file was
 * written, for ever without _times. */
bool standin_folder_fault(standin_log log, const char *name, DWORD *code);

/* One line in wevtapi-misuse.txt: the caller did what the real DLL punishes. Tests expect no such file. */
void standin_folder_misuse(const char *what);

/* --- records.c: the logs --- */

/* false: no such channel, or it is not there. */
bool standin_records_log(const char *channel, standin_log *log);
const char *standin_records_channel(standin_log log);
const wchar_t *standin_records_folder(standin_log log);

typedef struct standin_facts {
  char provider[128];
  uint32_t event_id;
  uint64_t created; /* FILETIME */
} standin_facts;

/* Record ids in ascending order, to be released with free(); NULL with *count 0 for an empty log. */
uint64_t *standin_records_list(standin_log log, size_t *count);
bool standin_records_exists(standin_log log, uint64_t id);

/* The event's XML, to be released with free(); NULL when it is not there or cannot be read as an event. */
char *standin_records_read(standin_log log, uint64_t id, standin_facts *facts);

/* The value of an attribute in the tag that starts at `tag`, in either quote style; false when absent or too
 * long. */
bool standin_records_attribute(const char *tag, const char *name, char *out, size_t out_size);

/* --- query.c --- */

#define STANDIN_QUERY_IDS 8

typedef struct standin_query {
  standin_log log;
  char provider[128];
  uint32_t event_ids[STANDIN_QUERY_IDS]; /* any one of them */
  size_t event_id_count;                 /* 0: any event */
  bool has_age;
  long long age_ms;
} standin_query;

/* 0, or the error code that the real EvtSubscribe or EvtQuery gives. channel may be NULL. Both UTF-8. */
DWORD standin_query_parse(const char *channel, const char *text, standin_query *query);
bool standin_query_matches(const standin_query *query, const standin_facts *facts);

/* --- handles.c --- */

typedef enum standin_kind { STANDIN_SUBSCRIPTION = 1, STANDIN_EVENT, STANDIN_BOOKMARK } standin_kind;

/* NULL when there are too many. owner: the subscription that an event dies with, else NULL. */
EVT_HANDLE standin_handles_add(standin_kind kind, void *object, EVT_HANDLE owner);
void *standin_handles_get(EVT_HANDLE handle, standin_kind kind);
bool standin_handles_kind(EVT_HANDLE handle, standin_kind *kind);
void *standin_handles_take(EVT_HANDLE handle);
/* Any handle of that owner, or NULL. */
EVT_HANDLE standin_handles_owned(EVT_HANDLE owner);
size_t standin_handles_count(void);

#endif
