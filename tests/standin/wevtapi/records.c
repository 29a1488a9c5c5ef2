/*
 * The logs: <folder>\<record id>.xml, one event each, in the form that EvtRender gives. Only what queries ask
 * about is looked for in the text; it comes from our own tests, so a search for tags is enough here.
 */
#include "standin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *channel;
  const wchar_t *folder;
} logs[] = {
    [STANDIN_SYSTEM] = {"System", L"events"},
    [STANDIN_OPERATIONAL] = {"Microsoft-Windows-Resource-Exhaustion-Detector/Operational", L"operational"}};

const char *standin_records_channel(standin_log log)
{
  return logs[log].channel;
}

const wchar_t *standin_records_folder(standin_log log)
{
  return logs[log].folder;
}

static bool log_is_there(standin_log log)
{
  wchar_t path[STANDIN_PATH_UNITS];
  return log == STANDIN_SYSTEM ||
         (standin_folder_path(logs[log].folder, path) && GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES);
}

bool standin_records_log(const char *channel, standin_log *log)
{
  for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++) {
    if (strcmp(channel, logs[i].channel) == 0) {
      *log = (standin_log)i;
      return log_is_there(*log);
    }
  }
  return false;
}

static bool id_of_name(const wchar_t *name, uint64_t *id)
{
  wchar_t *end = NULL;
  if (name[0] < L'0' || name[0] > L'9') {
    return false;
  }
  *id = _wcstoui64(name, &end, 10);
  return _wcsicmp(end, L".xml") == 0;
}

static int compare_ids(const void *a, const void *b)
{
  uint64_t left = *(const uint64_t *)a;
  uint64_t right = *(const uint64_t *)b;
  return left < right ? -1 : left > right;
}

uint64_t *standin_records_list(standin_log log, size_t *count)
{
  wchar_t name[64];
  wchar_t pattern[STANDIN_PATH_UNITS];
  WIN32_FIND_DATAW entry;
  uint64_t *ids = NULL;
  size_t room = 0;
  *count = 0;
  swprintf(name, 64, L"%ls\\*.xml", logs[log].folder);
  if (!standin_folder_path(name, pattern)) {
    return NULL;
  }
  HANDLE search = FindFirstFileW(pattern, &entry);
  if (search == INVALID_HANDLE_VALUE) {
    return NULL;
  }
  do {
    uint64_t id = 0;
    if (!id_of_name(entry.cFileName, &id)) {
      continue;
    }
    if (*count == room) {
      room = room * 2 + 16;
      uint64_t *more = realloc(ids, room * sizeof *ids);
      if (more == NULL) {
        break;
      }
      ids = more;
    }
    ids[(*count)++] = id;
  } while (FindNextFileW(search, &entry));
  FindClose(search);
  if (ids != NULL) {
    qsort(ids, *count, sizeof *ids, compare_ids);
  }
  return ids;
}

static bool record_path(standin_log log, uint64_t id, wchar_t *path)
{
  wchar_t name[64];
  swprintf(name, 64, L"%ls\\%llu.xml", logs[log].folder, (unsigned long long)id);
  return standin_folder_path(name, path);
}

bool standin_records_exists(standin_log log, uint64_t id)
{
  wchar_t path[STANDIN_PATH_UNITS];
  return record_path(log, id, path) && GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

bool standin_records_attribute(const char *tag, const char *name, char *out, size_t out_size)
{
  const char *end = strchr(tag, '>');
  size_t length = strlen(name);
  for (const char *at = tag; end != NULL && at < end; at++) {
    bool starts = (at[0] == ' ' || at[0] == '\t' || at[0] == '\r' || at[0] == '\n') &&
                  strncmp(at + 1, name, length) == 0 && at[1 + length] == '=';
    if (!starts) {
      continue;
    }
    char quote = at[2 + length];
    const char *value = at + 3 + length;
    const char *stop = quote == '\'' || quote == '"' ? strchr(value, quote) : NULL;
    if (stop == NULL || stop > end || (size_t)(stop - value) >= out_size) {
      return false;
    }
    memcpy(out, value, (size_t)(stop - value));
    out[stop - value] = '\0';
    return true;
  }
  return false;
}

/* 2025-03-18T21:05:44.1876302Z, any number of fraction digits. */
static bool parse_time(const char *text, uint64_t *filetime)
{
  SYSTEMTIME time = {0};
  FILETIME whole;
  int used = 0;
  if (sscanf(text, "%4hu-%2hu-%2huT%2hu:%2hu:%2hu%n", &time.wYear, &time.wMonth, &time.wDay, &time.wHour,
             &time.wMinute, &time.wSecond, &used) != 6 ||
      !SystemTimeToFileTime(&time, &whole)) {
    return false;
  }
  *filetime = (uint64_t)whole.dwHighDateTime << 32 | whole.dwLowDateTime;
  uint64_t unit = 1000000;
  const char *at = text + used;
  if (*at == '.') {
    for (at++; *at >= '0' && *at <= '9'; at++) {
      *filetime += (uint64_t)(*at - '0') * unit;
      unit /= 10;
    }
  }
  return *at == 'Z';
}

static bool find_facts(const char *text, standin_facts *facts)
{
  char time[64];
  const char *provider = strstr(text, "<Provider");
  const char *event_id = strstr(text, "<EventID");
  const char *created = strstr(text, "<TimeCreated");
  const char *value = event_id != NULL ? strchr(event_id, '>') : NULL;
  if (provider == NULL || value == NULL || created == NULL) {
    return false;
  }
  facts->event_id = (uint32_t)strtoul(value + 1, NULL, 10);
  return standin_records_attribute(provider, "Name", facts->provider, sizeof facts->provider) &&
         standin_records_attribute(created, "SystemTime", time, sizeof time) &&
         parse_time(time, &facts->created);
}

char *standin_records_read(standin_log log, uint64_t id, standin_facts *facts)
{
  wchar_t path[STANDIN_PATH_UNITS];
  size_t size = 0;
  char *text = record_path(log, id, path) ? standin_folder_read(path, &size) : NULL;
  if (text != NULL && !find_facts(text, facts)) {
    free(text);
    text = NULL;
  }
  return text;
}
