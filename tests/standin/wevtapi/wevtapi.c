/*
 * The exports of the stand-in wevtapi.dll. Each checks its arguments as the real one is documented to,
 * applies the fault knobs, and sets the last error on failure. Exports that our programs never call exist and
 * fail politely, because other programs look them up.
 */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static CRITICAL_SECTION lock;

/* How many handles are open: lets a test prove that nothing leaks. Its presence marks the DLL as the
 * stand-in. */
DWORD WINAPI StandinHandles(void);

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
  (void)module;
  (void)reserved;
  if (reason == DLL_PROCESS_ATTACH) {
    InitializeCriticalSection(&lock);
  }
  return TRUE;
}

void standin_events_lock(void)
{
  EnterCriticalSection(&lock);
}

void standin_events_unlock(void)
{
  LeaveCriticalSection(&lock);
}

DWORD WINAPI StandinHandles(void)
{
  standin_events_lock();
  DWORD count = (DWORD)standin_handles_count();
  standin_events_unlock();
  return count;
}

static BOOL answer(DWORD code)
{
  SetLastError(code);
  return code == ERROR_SUCCESS;
}

static char *narrow(const wchar_t *text)
{
  int size = text != NULL ? WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL) : 0;
  char *out = size > 0 ? malloc((size_t)size) : NULL;
  if (out != NULL) {
    WideCharToMultiByte(CP_UTF8, 0, text, -1, out, size, NULL, NULL);
  }
  return out;
}

standin_event *standin_events_following(const standin_query *query, uint64_t *position)
{
  size_t count = 0;
  uint64_t *ids = standin_records_list(query->log, &count);
  standin_event *event = NULL;
  for (size_t i = 0; i < count && event == NULL; i++) {
    standin_facts facts;
    if (ids[i] <= *position) {
      continue;
    }
    *position = ids[i];
    char *text = standin_records_read(query->log, ids[i], &facts);
    if (text != NULL && standin_query_matches(query, &facts) && (event = calloc(1, sizeof *event)) != NULL) {
      event->log = query->log;
      event->text = text;
      event->id = ids[i];
    } else {
      free(text);
    }
  }
  free(ids);
  return event;
}

void standin_events_free(standin_event *event)
{
  if (event != NULL) {
    free(event->text);
    free(event);
  }
}

static DWORD check_subscription(HANDLE signal, EVT_HANDLE bookmark, EVT_SUBSCRIBE_CALLBACK callback,
                                DWORD flags)
{
  DWORD origin = flags & EvtSubscribeOriginMask;
  DWORD known = EvtSubscribeOriginMask | EvtSubscribeTolerateQueryErrors | EvtSubscribeStrict;
  if ((signal == NULL) == (callback == NULL) || origin == 0 || (flags & ~known) != 0) {
    return ERROR_INVALID_PARAMETER;
  }
  if (origin == EvtSubscribeStartAfterBookmark && standin_handles_get(bookmark, STANDIN_BOOKMARK) == NULL) {
    return bookmark == NULL ? ERROR_INVALID_PARAMETER : ERROR_INVALID_HANDLE;
  }
  return ERROR_SUCCESS;
}

EVT_HANDLE WINAPI EvtSubscribe(EVT_HANDLE session, HANDLE signal, LPCWSTR channel, LPCWSTR query,
                               EVT_HANDLE bookmark, PVOID context, EVT_SUBSCRIBE_CALLBACK callback,
                               DWORD flags)
{
  EVT_HANDLE result = NULL;
  standin_query parsed = {0};
  char *narrow_channel = narrow(channel);
  char *narrow_query = narrow(query);
  (void)session;
  standin_events_lock();
  DWORD code = check_subscription(signal, bookmark, callback, flags);
  if (code == ERROR_SUCCESS) {
    code = standin_query_parse(narrow_channel, narrow_query, &parsed);
  }
  DWORD fault = 0;
  if (standin_folder_fault(parsed.log, "subscribe_error", &fault)) {
    SetLastError(fault); /* a fault of 0: NULL without a reason */
  } else if (code != ERROR_SUCCESS) {
    SetLastError(code);
  } else {
    result = standin_subscription_new(&parsed, signal, callback, context,
                                      standin_handles_get(bookmark, STANDIN_BOOKMARK), flags);
  }
  standin_events_unlock();
  free(narrow_channel);
  free(narrow_query);
  return result;
}

BOOL WINAPI EvtNext(EVT_HANDLE results, DWORD size, EVT_HANDLE *events, DWORD timeout, DWORD flags,
                    PDWORD returned)
{
  DWORD code = ERROR_SUCCESS;
  (void)timeout; /* a local subscription never blocks here */
  if (size == 0 || events == NULL || returned == NULL || flags != 0) {
    return answer(ERROR_INVALID_PARAMETER);
  }
  *returned = 0;
  standin_events_lock();
  standin_subscription *subscription = standin_handles_get(results, STANDIN_SUBSCRIPTION);
  if (subscription != NULL) {
    code = standin_subscription_next(results, subscription, size, events, returned);
  } else {
    standin_folder_misuse("EvtNext on a handle that is no subscription");
    code = ERROR_INVALID_HANDLE;
  }
  standin_events_unlock();
  return answer(code);
}

static void close_event(EVT_HANDLE handle, standin_event *event)
{
  if (event->in_callback) {
    standin_folder_misuse("EvtClose on the event of a callback");
    return;
  }
  standin_handles_take(handle);
  standin_events_free(event);
}

BOOL WINAPI EvtClose(EVT_HANDLE object)
{
  standin_kind kind;
  standin_subscription *subscription = NULL;
  standin_events_lock();
  bool known = standin_handles_kind(object, &kind);
  if (!known) {
    standin_folder_misuse("EvtClose on a handle that is not open");
  } else if (kind == STANDIN_EVENT) {
    close_event(object, standin_handles_get(object, kind));
  } else {
    for (EVT_HANDLE event = standin_handles_owned(object); event != NULL;
         event = standin_handles_owned(object)) {
      standin_events_free(standin_handles_take(event));
    }
    void *taken = standin_handles_take(object);
    if (kind == STANDIN_SUBSCRIPTION) {
      subscription = taken;
    } else {
      free(taken);
    }
  }
  standin_events_unlock();
  if (subscription != NULL) {
    standin_subscription_free(subscription);
  }
  return answer(known ? ERROR_SUCCESS : ERROR_INVALID_HANDLE);
}

/* "grows": the event is larger at the second call than the first one said. */
static size_t extra_units(standin_event *event)
{
  long long grows = 0;
  if (event == NULL || !standin_folder_knob(event->log, "grows", &grows) || grows <= 0) {
    return 0;
  }
  return (size_t)grows * (event->refused_renders < 3 ? event->refused_renders : 3);
}

/* Text to the caller's buffer in the two-call way; sizes in bytes with the terminator. */
static DWORD give_text(const char *text, standin_event *event, DWORD size, void *buffer, DWORD *used,
                       DWORD *properties)
{
  int units = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
  size_t extra = extra_units(event);
  size_t bytes = ((size_t)units + extra) * sizeof(wchar_t);
  *used = (DWORD)bytes;
  *properties = 0;
  if (buffer == NULL || size < bytes) {
    if (event != NULL) {
      event->refused_renders++;
    }
    return ERROR_INSUFFICIENT_BUFFER;
  }
  wchar_t *out = buffer;
  MultiByteToWideChar(CP_UTF8, 0, text, -1, out, units);
  for (size_t i = 0; i < extra; i++) {
    out[(size_t)units - 1 + i] = L' ';
  }
  out[(size_t)units - 1 + extra] = L'\0';
  return ERROR_SUCCESS;
}

static DWORD render_event(EVT_HANDLE fragment, DWORD size, void *buffer, DWORD *used, DWORD *properties)
{
  DWORD code = 0;
  standin_event *event = standin_handles_get(fragment, STANDIN_EVENT);
  if (event == NULL) {
    standin_folder_misuse("EvtRender on an event that is not open");
    return ERROR_INVALID_HANDLE;
  }
  if (standin_folder_fault(event->log, "render_error", &code)) {
    return code;
  }
  return give_text(event->text, event, size, buffer, used, properties);
}

static standin_log log_of(const standin_bookmark *bookmark)
{
  standin_log log = STANDIN_SYSTEM;
  (void)standin_records_log(bookmark->channel, &log);
  return log;
}

static DWORD render_bookmark(EVT_HANDLE fragment, DWORD size, void *buffer, DWORD *used, DWORD *properties)
{
  char text[512];
  DWORD code = 0;
  standin_bookmark *bookmark = standin_handles_get(fragment, STANDIN_BOOKMARK);
  if (bookmark == NULL) {
    standin_folder_misuse("EvtRender on a bookmark that is not open");
    return ERROR_INVALID_HANDLE;
  }
  if (standin_folder_fault(log_of(bookmark), "render_bookmark_error", &code)) {
    return code;
  }
  if (bookmark->set) {
    snprintf(
        text, sizeof text,
        "<BookmarkList>\r\n  <Bookmark Channel='%s' RecordId='%llu' IsCurrent='true'/>\r\n</BookmarkList>",
        bookmark->channel, (unsigned long long)bookmark->id);
  } else {
    snprintf(text, sizeof text, "<BookmarkList>\r\n</BookmarkList>");
  }
  return give_text(text, NULL, size, buffer, used, properties);
}

BOOL WINAPI EvtRender(EVT_HANDLE context, EVT_HANDLE fragment, DWORD flags, DWORD size, PVOID buffer,
                      PDWORD used, PDWORD properties)
{
  DWORD code = ERROR_CALL_NOT_IMPLEMENTED; /* EvtRenderEventValues */
  long long leave_122 = 0;
  if (used == NULL || properties == NULL || (flags != EvtRenderEventValues && context != NULL)) {
    return answer(ERROR_INVALID_PARAMETER);
  }
  standin_events_lock();
  if (flags == EvtRenderEventXml) {
    code = render_event(fragment, size, buffer, used, properties);
  } else if (flags == EvtRenderBookmark) {
    code = render_bookmark(fragment, size, buffer, used, properties);
  }
  if (code == ERROR_SUCCESS) {
    (void)standin_folder_knob(STANDIN_SYSTEM, "leave_122", &leave_122);
  }
  standin_events_unlock();
  answer(leave_122 != 0 ? ERROR_INSUFFICIENT_BUFFER : code);
  return code == ERROR_SUCCESS;
}

static DWORD parse_bookmark(const char *text, standin_bookmark *bookmark)
{
  char id[32];
  char *end = NULL;
  if (strncmp(text, "<BookmarkList", 13) != 0 ||
      (strstr(text, "</BookmarkList>") == NULL && strstr(text, "<BookmarkList/>") == NULL)) {
    return ERROR_EVT_MALFORMED_XML_TEXT;
  }
  const char *entry = strstr(text, "<Bookmark ");
  if (entry == NULL) {
    return ERROR_SUCCESS; /* an empty list is an empty bookmark */
  }
  if (!standin_records_attribute(entry, "Channel", bookmark->channel, sizeof bookmark->channel) ||
      !standin_records_attribute(entry, "RecordId", id, sizeof id)) {
    return ERROR_EVT_MALFORMED_XML_TEXT;
  }
  bookmark->id = strtoull(id, &end, 10);
  bookmark->set = true;
  return end != id && *end == '\0' ? ERROR_SUCCESS : ERROR_EVT_MALFORMED_XML_TEXT;
}

EVT_HANDLE WINAPI EvtCreateBookmark(LPCWSTR xml)
{
  EVT_HANDLE handle = NULL;
  DWORD code = ERROR_NOT_ENOUGH_MEMORY;
  standin_bookmark *bookmark = calloc(1, sizeof *bookmark);
  char *text = narrow(xml);
  standin_events_lock();
  if (bookmark != NULL && !standin_folder_fault(STANDIN_SYSTEM, "bookmark_error", &code)) {
    code = xml == NULL    ? ERROR_SUCCESS
           : text != NULL ? parse_bookmark(text, bookmark)
                          : ERROR_INVALID_PARAMETER;
  }
  if (bookmark != NULL && code == ERROR_SUCCESS) {
    handle = standin_handles_add(STANDIN_BOOKMARK, bookmark, NULL);
  }
  standin_events_unlock();
  if (handle == NULL) {
    free(bookmark);
  }
  free(text);
  answer(code);
  return handle;
}

BOOL WINAPI EvtUpdateBookmark(EVT_HANDLE bookmark, EVT_HANDLE event)
{
  DWORD code = ERROR_INVALID_HANDLE;
  standin_events_lock();
  standin_bookmark *target = standin_handles_get(bookmark, STANDIN_BOOKMARK);
  standin_event *source = standin_handles_get(event, STANDIN_EVENT);
  if (target == NULL || source == NULL) {
    standin_folder_misuse("EvtUpdateBookmark on a handle that is not open");
  } else if (!standin_folder_fault(source->log, "update_error", &code)) {
    target->set = true;
    target->id = source->id;
    snprintf(target->channel, sizeof target->channel, "%s", standin_records_channel(source->log));
    code = ERROR_SUCCESS;
  }
  standin_events_unlock();
  return answer(code);
}

BOOL WINAPI EvtCancel(EVT_HANDLE object)
{
  standin_kind kind;
  standin_events_lock();
  bool known = standin_handles_kind(object, &kind);
  standin_events_unlock();
  return answer(known ? ERROR_SUCCESS : ERROR_INVALID_HANDLE);
}
