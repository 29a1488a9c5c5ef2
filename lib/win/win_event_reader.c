/*
 * The subscription itself, after reference event-log 3.1 to 3.5. Everything an event needs is made before it
 * comes, because an Event 2004 comes when the server has no memory left: rendering buffer, UTF-8 buffers,
 * bookmark.
 *
 * Wine's own wevtapi.dll answers EvtSubscribe with NULL and no error, and ends the process in
 * EvtCreateBookmark and EvtRender. So the first open proves the library with a subscription that needs no
 * bookmark, and nothing else of it is called before that has worked. On Windows this costs one short
 * subscription per service start.
 */
#include "win/win_event_reader.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "win/win_error.h"
#include "win/win_wide.h"

/* An Event 2004 has about 6 KB of UTF-16; the largest possible event about 256 KB before it becomes XML. */
#define FIRST_RENDER_BYTES 65536u
#define MAXIMUM_RENDER_BYTES (4u * 1024u * 1024u)
/* A few bookmarks' worth; see reference event-log 3.4 for the form. */
#define BOOKMARK_SIZE 2048u
#define FULL_BATCH 8u
/* An event that never renders must not keep those behind it waiting for ever. */
#define RENDER_ATTEMPTS 3u

#define PROVIDER_AND_ID L"Provider[@Name='Microsoft-Windows-Resource-Exhaustion-Detector'] and EventID=2004"
#define QUERY(conditions)                                                                                    \
  L"<QueryList><Query Id=\"0\"><Select "                                                                     \
  L"Path=\"System\">*[System[" conditions L"]]</Select></Query></QueryList>"

static const wchar_t every_event[] = QUERY(PROVIDER_AND_ID);
/* 24 hours: a 2004 shortly before the crash that led to this start must still be told. */
static const wchar_t last_day[] =
    QUERY(PROVIDER_AND_ID L" and TimeCreated[timediff(@SystemTime) &lt;= 86400000]");

struct seep_win_event_reader {
  seep_win_late_wevtapi api;
  bool api_loaded;
  bool api_proven;
  HANDLE signal;
  EVT_HANDLE subscription;
  EVT_HANDLE bookmark; /* behind the last event given out */
  bool has_position;   /* the bookmark stands somewhere */
  wchar_t *begin_text; /* the bookmark to begin with; NULL for none, or once it is used */
  DWORD batch;
  unsigned failed_renders; /* in a row, of the event behind the bookmark */
  wchar_t *wide;
  uint32_t wide_bytes;
  char *xml;
  size_t xml_size;
  char bookmark_text[BOOKMARK_SIZE];
};

static seep_status failed(seep_error *error, DWORD code, const char *operation)
{
  return seep_win_error_set(error, code, operation, "System log");
}

static bool is_memory_code(DWORD code)
{
  return seep_win_error_status(code) == SEEP_NO_MEMORY;
}

/* The bookmarked record is gone: log cleared, rolled over or replaced. */
static bool is_position_code(DWORD code)
{
  return code == ERROR_NOT_FOUND || code == ERROR_EVT_QUERY_RESULT_STALE ||
         code == ERROR_EVT_QUERY_RESULT_INVALID_POSITION;
}

/* Buffers for an event of that many UTF-16 bytes; three UTF-8 bytes per unit are the most there can be. */
static bool reserve(seep_win_event_reader *reader, uint32_t bytes)
{
  size_t xml_size = (size_t)bytes / sizeof(wchar_t) * 3 + 1;
  if (reader->wide_bytes >= bytes) {
    return true;
  }
  wchar_t *wide = malloc(bytes);
  char *xml = malloc(xml_size);
  if (wide == NULL || xml == NULL) {
    free(wide);
    free(xml);
    return false;
  }
  free(reader->wide);
  free(reader->xml);
  reader->wide = wide;
  reader->wide_bytes = bytes;
  reader->xml = xml;
  reader->xml_size = xml_size;
  return true;
}

seep_status seep_win_event_reader_new(HANDLE signal, const seep_win_late_wevtapi *api,
                                      seep_win_event_reader **out, seep_error *error)
{
  seep_win_event_reader *reader = calloc(1, sizeof *reader);
  if (reader == NULL || !reserve(reader, FIRST_RENDER_BYTES)) {
    free(reader);
    return failed(error, ERROR_NOT_ENOUGH_MEMORY, "event reader");
  }
  reader->signal = signal;
  reader->batch = FULL_BATCH;
  if (api != NULL) {
    reader->api = *api;
    reader->api_loaded = true;
  } else {
    reader->api_loaded = seep_win_late_load_wevtapi(&reader->api, NULL) == SEEP_OK;
  }
  *out = reader;
  return SEEP_OK;
}

static void drop_bookmark(seep_win_event_reader *reader)
{
  if (reader->bookmark != NULL) {
    reader->api.close(reader->bookmark);
  }
  reader->bookmark = NULL;
  reader->has_position = false;
}

void seep_win_event_reader_free(seep_win_event_reader *reader)
{
  if (reader == NULL) {
    return;
  }
  seep_win_event_reader_close(reader);
  drop_bookmark(reader);
  free(reader->begin_text);
  free(reader->wide);
  free(reader->xml);
  free(reader);
}

seep_status seep_win_event_reader_begin(seep_win_event_reader *reader, const char *bookmark,
                                        seep_error *error)
{
  wchar_t *text = NULL;
  if (bookmark != NULL && bookmark[0] != '\0') {
    text = seep_win_wide_from_utf8(bookmark);
    if (text == NULL) {
      return failed(error, ERROR_NOT_ENOUGH_MEMORY, "event bookmark");
    }
  }
  drop_bookmark(reader);
  free(reader->begin_text);
  reader->begin_text = text;
  return SEEP_OK;
}

/* NULL with *code on failure; the code is 0 when the library fails without one. */
static EVT_HANDLE subscribe(seep_win_event_reader *reader, const wchar_t *query, EVT_HANDLE bookmark,
                            DWORD flags, DWORD *code)
{
  SetLastError(ERROR_SUCCESS);
  EVT_HANDLE subscription =
      reader->api.subscribe(NULL, reader->signal, NULL, query, bookmark, NULL, NULL, flags);
  *code = subscription != NULL ? ERROR_SUCCESS : GetLastError();
  return subscription;
}

static seep_status prove_library(seep_win_event_reader *reader, seep_error *error)
{
  if (!reader->api_loaded) {
    seep_status status = seep_win_late_load_wevtapi(&reader->api, error);
    if (status != SEEP_OK) {
      return status;
    }
    reader->api_loaded = true;
  }
  if (!reader->api_proven) {
    DWORD code = 0;
    EVT_HANDLE probe = subscribe(reader, every_event, NULL, EvtSubscribeToFutureEvents, &code);
    if (probe == NULL) {
      return failed(error, code, "EvtSubscribe");
    }
    reader->api.close(probe);
    reader->api_proven = true;
  }
  return SEEP_OK;
}

/* A text that the library refuses is a torn or foreign bookmark: begin with the last 24 hours instead. A lack
 * of memory says nothing about the text. */
static seep_status make_bookmark(seep_win_event_reader *reader, seep_error *error)
{
  if (reader->bookmark != NULL) {
    return SEEP_OK;
  }
  if (reader->begin_text != NULL) {
    SetLastError(ERROR_SUCCESS);
    reader->bookmark = reader->api.create_bookmark(reader->begin_text);
    DWORD code = reader->bookmark == NULL ? GetLastError() : ERROR_SUCCESS;
    if (is_memory_code(code)) {
      return failed(error, code, "EvtCreateBookmark");
    }
    reader->has_position = reader->bookmark != NULL;
    free(reader->begin_text);
    reader->begin_text = NULL;
  }
  if (reader->bookmark == NULL) {
    SetLastError(ERROR_SUCCESS);
    reader->bookmark = reader->api.create_bookmark(NULL);
    if (reader->bookmark == NULL) {
      return failed(error, GetLastError(), "EvtCreateBookmark");
    }
  }
  return SEEP_OK;
}

seep_status seep_win_event_reader_open(seep_win_event_reader *reader, seep_error *error)
{
  DWORD code = 0;
  seep_status status = prove_library(reader, error);
  if (status == SEEP_OK) {
    status = make_bookmark(reader, error);
  }
  if (status != SEEP_OK) {
    return status;
  }
  if (reader->has_position) {
    reader->subscription = subscribe(reader, every_event, reader->bookmark,
                                     EvtSubscribeStartAfterBookmark | EvtSubscribeStrict, &code);
    /* Without Strict it goes on behind the record that is closest to the lost one. */
    if (reader->subscription == NULL && is_position_code(code)) {
      reader->subscription =
          subscribe(reader, every_event, reader->bookmark, EvtSubscribeStartAfterBookmark, &code);
    }
    if (reader->subscription == NULL && !is_position_code(code)) {
      return failed(error, code, "EvtSubscribe");
    }
  }
  if (reader->subscription == NULL) {
    /* Also with an old position that nothing is left of: records told twice are known by their id. */
    reader->subscription = subscribe(reader, last_day, NULL, EvtSubscribeStartAtOldestRecord, &code);
  }
  if (reader->subscription == NULL) {
    return failed(error, code, "EvtSubscribe");
  }
  /* The library does not signal records that were there before; this makes the owner drain them. */
  SetEvent(reader->signal);
  return SEEP_OK;
}

void seep_win_event_reader_close(seep_win_event_reader *reader)
{
  if (reader->subscription != NULL) {
    reader->api.close(reader->subscription);
  }
  reader->subscription = NULL;
}

/* Renders into reader->wide; *units without terminators. Returns a Win32 code. The return value decides,
 * never the last error, which may keep an old 122. The fragment may grow between two calls, hence the loop;
 * its bound is the size. */
static DWORD render(seep_win_event_reader *reader, EVT_HANDLE fragment, DWORD flags, size_t *units)
{
  for (;;) {
    DWORD used = 0;
    DWORD properties = 0;
    SetLastError(ERROR_SUCCESS);
    if (reader->api.render(NULL, fragment, flags, reader->wide_bytes, reader->wide, &used, &properties)) {
      if (used > reader->wide_bytes) {
        return ERROR_INVALID_DATA;
      }
      *units = wcsnlen(reader->wide, used / sizeof(wchar_t));
      return ERROR_SUCCESS;
    }
    DWORD code = GetLastError();
    if (code != ERROR_INSUFFICIENT_BUFFER) {
      return code != ERROR_SUCCESS ? code : ERROR_INVALID_FUNCTION;
    }
    if (used <= reader->wide_bytes || used > MAXIMUM_RENDER_BYTES) {
      return ERROR_INSUFFICIENT_BUFFER;
    }
    if (!reserve(reader, (used + 4095u) / 4096u * 4096u)) {
      return ERROR_NOT_ENOUGH_MEMORY;
    }
  }
}

/* Moves the bookmark behind the event and renders it; the size is 0 when either fails. */
static size_t move_bookmark(seep_win_event_reader *reader, EVT_HANDLE event)
{
  if (!reader->api.update_bookmark(reader->bookmark, event)) {
    return 0;
  }
  reader->has_position = true;
  size_t units = 0;
  if (render(reader, reader->bookmark, EvtRenderBookmark, &units) != ERROR_SUCCESS) {
    return 0;
  }
  size_t size =
      seep_win_wide_fill_to_utf8(reader->wide, units, reader->bookmark_text, sizeof reader->bookmark_text);
  return size < sizeof reader->bookmark_text ? size : 0;
}

static seep_status give_out(seep_win_event_reader *reader, EVT_HANDLE event,
                            const seep_win_event_reader_sink *sink, seep_error *error)
{
  size_t units = 0;
  DWORD code = render(reader, event, EvtRenderEventXml, &units);
  if (code != ERROR_SUCCESS) {
    reader->failed_renders += is_memory_code(code) ? 0 : 1;
    if (reader->failed_renders < RENDER_ATTEMPTS) {
      return failed(error, code, "EvtRender");
    }
    reader->failed_renders = 0;
    move_bookmark(reader, event);
    return SEEP_OK;
  }
  reader->failed_renders = 0;
  size_t xml_size = seep_win_wide_fill_to_utf8(reader->wide, units, reader->xml, reader->xml_size);
  size_t bookmark_size = move_bookmark(reader, event);
  sink->event(sink->context, reader->xml, xml_size, bookmark_size > 0 ? reader->bookmark_text : NULL,
              bookmark_size);
  return SEEP_OK;
}

/* All handles are closed, also those behind a failure: they come again with the next subscription. */
static seep_status give_out_batch(seep_win_event_reader *reader, EVT_HANDLE *events, DWORD count,
                                  const seep_win_event_reader_sink *sink, seep_error *error)
{
  seep_status status = SEEP_OK;
  for (DWORD i = 0; i < count; i++) {
    if (status == SEEP_OK && sink->cancelled(sink->context)) {
      status = SEEP_CANCELLED;
    }
    if (status == SEEP_OK) {
      status = give_out(reader, events[i], sink, error);
    }
    reader->api.close(events[i]);
  }
  return status;
}

/* Too much for one answer: go back to the bookmark and ask for half of it. */
static seep_status halve_batch(seep_win_event_reader *reader, seep_error *error)
{
  reader->batch /= 2;
  seep_win_event_reader_close(reader);
  return seep_win_event_reader_open(reader, error);
}

seep_status seep_win_event_reader_drain(seep_win_event_reader *reader, const seep_win_event_reader_sink *sink,
                                        seep_error *error)
{
  seep_status status = SEEP_OK;
  while (status == SEEP_OK && !sink->cancelled(sink->context)) {
    EVT_HANDLE events[FULL_BATCH] = {0};
    DWORD count = 0;
    SetLastError(ERROR_SUCCESS);
    if (reader->api.next(reader->subscription, reader->batch, events, 0, 0, &count)) {
      if (count == 0 || count > FULL_BATCH) {
        return failed(error, ERROR_INVALID_DATA, "EvtNext");
      }
      status = give_out_batch(reader, events, count, sink, error);
      continue;
    }
    DWORD code = GetLastError();
    if (code == ERROR_NO_MORE_ITEMS || code == ERROR_INVALID_OPERATION) {
      reader->batch = FULL_BATCH;
      return SEEP_OK;
    }
    status = code == RPC_S_INVALID_BOUND && reader->batch > 1 ? halve_batch(reader, error)
                                                              : failed(error, code, "EvtNext");
  }
  return status != SEEP_OK ? status : SEEP_CANCELLED;
}
