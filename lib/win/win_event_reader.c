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

/* The largest possible event has about 256 KB before it becomes XML. */
#define MAXIMUM_RENDER_BYTES (4u * 1024u * 1024u)
/* A few bookmarks' worth; see reference event-log 3.4 for the form. */
#define BOOKMARK_SIZE 2048u
#define FULL_BATCH 8u
/* An event that never renders must not keep those behind it waiting for ever. Where the code blames the
 * service, it gets more tries, each with a subscription that worked: with the pauses between, some minutes.
 */
#define RENDER_ATTEMPTS 3u
#define SERVICE_RENDER_ATTEMPTS 20u
/* Without commit left every call may fail for some moments; a new subscription would only cost more. */
#define MEMORY_ATTEMPTS 20u
#define MEMORY_PAUSE_MS 100u

#define DETECTOR L"Microsoft-Windows-Resource-Exhaustion-Detector"
#define CONDITIONS(ids) L"Provider[@Name='" DETECTOR L"'] and " ids
/* 24 hours: a 2004 shortly before the crash that led to this start must still be told. */
#define OF_LAST_DAY L" and TimeCreated[timediff(@SystemTime) &lt;= 86400000]"
#define QUERY(channel, conditions)                                                                           \
  L"<QueryList><Query Id=\"0\"><Select "                                                                     \
  L"Path=\"" channel L"\">*[System[" conditions L"]]</Select></Query></QueryList>"

typedef struct feed_source {
  const char *log; /* for errors */
  const wchar_t *every_event;
  const wchar_t *last_day;
  uint32_t render_bytes; /* set aside beforehand, for the XML in UTF-16 */
} feed_source;

/* An Event 2004 has about 6 KB of UTF-16, the notices about 2. */
static const feed_source sources[] = {
    [SEEP_WIN_FEED_EXHAUSTION] = {"System log", QUERY(L"System", CONDITIONS(L"EventID=2004")),
                                  QUERY(L"System", CONDITIONS(L"EventID=2004" OF_LAST_DAY)), 65536u},
    [SEEP_WIN_FEED_NOTICES] = {"Resource-Exhaustion-Detector/Operational log",
                               QUERY(DETECTOR L"/Operational", CONDITIONS(L"(EventID=1003 or EventID=1008)")),
                               QUERY(DETECTOR L"/Operational",
                                     CONDITIONS(L"(EventID=1003 or EventID=1008)" OF_LAST_DAY)),
                               16384u},
};

struct seep_win_event_reader {
  const feed_source *source;
  seep_win_late_wevtapi api;
  bool api_loaded;
  bool api_proven;
  HANDLE signal;
  EVT_HANDLE subscription;
  EVT_HANDLE bookmark; /* behind the last event given out */
  bool has_position;   /* the bookmark stands somewhere */
  wchar_t *begin_text; /* the bookmark to begin with; NULL for none, or once it is used */
  DWORD batch;
  unsigned failed_renders;  /* in a row, of the event behind the bookmark */
  unsigned failed_services; /* likewise, where the code blames the service */
  wchar_t *wide;
  uint32_t wide_bytes;
  char *xml;
  size_t xml_size;
  char bookmark_text[BOOKMARK_SIZE];
};

/* ERROR_CANCELLED comes when the event log service stops; SEEP_CANCELLED means that we do. */
static seep_status failed(const seep_win_event_reader *reader, seep_error *error, DWORD code,
                          const char *operation)
{
  seep_status status = seep_win_error_set(error, code, operation, reader->source->log);
  if (status == SEEP_CANCELLED) {
    status = seep_error_set(error, SEEP_OS, SEEP_DOMAIN_WIN32, code, operation, reader->source->log);
  }
  return status;
}

static bool is_memory_code(DWORD code)
{
  return seep_win_error_status(code) == SEEP_NO_MEMORY;
}

/* The bookmarked record is gone: log cleared, rolled over or replaced; or the bookmark is of no use, although
 * it could be read. */
static bool is_bookmark_code(DWORD code)
{
  return code == ERROR_NOT_FOUND || code == ERROR_EVT_QUERY_RESULT_STALE ||
         code == ERROR_EVT_QUERY_RESULT_INVALID_POSITION || code == ERROR_INVALID_PARAMETER ||
         code == ERROR_EVT_MALFORMED_XML_TEXT;
}

/* The event log service went away or took the subscription back: this says little about the event at hand. */
static bool is_service_code(DWORD code)
{
  static const DWORD codes[] = {ERROR_INVALID_HANDLE,
                                ERROR_CANCELLED,
                                ERROR_TIMEOUT,
                                RPC_S_UNKNOWN_IF,
                                RPC_S_SERVER_UNAVAILABLE,
                                RPC_S_CALL_CANCELLED,
                                ERROR_EVT_QUERY_RESULT_STALE,
                                ERROR_EVT_QUERY_RESULT_INVALID_POSITION,
                                ERROR_EVT_PUBLISHER_DISABLED};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    if (codes[i] == code) {
      return true;
    }
  }
  return false;
}

/* true: Windows lacked memory just now, a moment has passed, ask again. */
static bool try_again(const seep_win_event_reader_sink *sink, DWORD code, unsigned *attempts)
{
  return is_memory_code(code) && ++*attempts < MEMORY_ATTEMPTS &&
         !sink->cancelled(sink->context, MEMORY_PAUSE_MS);
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

seep_status seep_win_event_reader_new(HANDLE signal, seep_win_feed_kind kind,
                                      const seep_win_late_wevtapi *api, seep_win_event_reader **out,
                                      seep_error *error)
{
  seep_win_event_reader *reader = calloc(1, sizeof *reader);
  if (reader == NULL || !reserve(reader, sources[kind].render_bytes)) {
    free(reader);
    return seep_win_error_set(error, ERROR_NOT_ENOUGH_MEMORY, "event reader", sources[kind].log);
  }
  reader->source = &sources[kind];
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
      return failed(reader, error, ERROR_NOT_ENOUGH_MEMORY, "event bookmark");
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
    EVT_HANDLE probe =
        subscribe(reader, reader->source->every_event, NULL, EvtSubscribeToFutureEvents, &code);
    if (probe == NULL) {
      return failed(reader, error, code, "EvtSubscribe");
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
      return failed(reader, error, code, "EvtCreateBookmark");
    }
    reader->has_position = reader->bookmark != NULL;
    free(reader->begin_text);
    reader->begin_text = NULL;
  }
  if (reader->bookmark == NULL) {
    SetLastError(ERROR_SUCCESS);
    reader->bookmark = reader->api.create_bookmark(NULL);
    if (reader->bookmark == NULL) {
      return failed(reader, error, GetLastError(), "EvtCreateBookmark");
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
    const wchar_t *query = reader->source->every_event;
    reader->subscription = subscribe(reader, query, reader->bookmark,
                                     EvtSubscribeStartAfterBookmark | EvtSubscribeStrict, &code);
    /* Without Strict it goes on behind the record that is closest to the lost one. */
    if (reader->subscription == NULL && is_bookmark_code(code)) {
      reader->subscription =
          subscribe(reader, query, reader->bookmark, EvtSubscribeStartAfterBookmark, &code);
    }
    if (reader->subscription == NULL && !is_bookmark_code(code)) {
      return failed(reader, error, code, "EvtSubscribe");
    }
  }
  if (reader->subscription == NULL) {
    /* Also with an old position that nothing is left of: records told twice are known by their id. */
    reader->subscription =
        subscribe(reader, reader->source->last_day, NULL, EvtSubscribeStartAtOldestRecord, &code);
  }
  if (reader->subscription == NULL) {
    return failed(reader, error, code, "EvtSubscribe");
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

/* The new one is made beside the old one: a server that has no memory for it would otherwise be left without
 * any, just when the event is near. */
seep_status seep_win_event_reader_renew(seep_win_event_reader *reader, seep_error *error)
{
  EVT_HANDLE old = reader->subscription;
  reader->subscription = NULL;
  seep_status status = seep_win_event_reader_open(reader, error);
  if (status == SEEP_NO_MEMORY) {
    reader->subscription = old;
  } else if (old != NULL) {
    reader->api.close(old);
  }
  return status;
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

/* The event behind the bookmark failed to render once more. Without memory there is no bound: there will be
 * some again. */
static bool is_given_up(seep_win_event_reader *reader, DWORD code)
{
  if (is_memory_code(code)) {
    return false;
  }
  if (is_service_code(code)) {
    return ++reader->failed_services >= SERVICE_RENDER_ATTEMPTS;
  }
  return ++reader->failed_renders >= RENDER_ATTEMPTS;
}

static seep_status give_out(seep_win_event_reader *reader, EVT_HANDLE event,
                            const seep_win_event_reader_sink *sink, seep_error *error)
{
  size_t units = 0;
  unsigned attempts = 0;
  DWORD code = 0;
  do {
    code = render(reader, event, EvtRenderEventXml, &units);
  } while (try_again(sink, code, &attempts));
  bool is_readable = code == ERROR_SUCCESS;
  if (!is_readable && !is_given_up(reader, code)) {
    return failed(reader, error, code, "EvtRender");
  }
  reader->failed_renders = 0;
  reader->failed_services = 0;
  size_t xml_size =
      is_readable ? seep_win_wide_fill_to_utf8(reader->wide, units, reader->xml, reader->xml_size) : 0;
  size_t bookmark_size = move_bookmark(reader, event);
  sink->event(sink->context, is_readable ? reader->xml : NULL, xml_size,
              bookmark_size > 0 ? reader->bookmark_text : NULL, bookmark_size);
  return SEEP_OK;
}

/* All handles are closed, also those behind a failure: they come again with the next subscription. */
static seep_status give_out_batch(seep_win_event_reader *reader, EVT_HANDLE *events, DWORD count,
                                  const seep_win_event_reader_sink *sink, seep_error *error)
{
  seep_status status = SEEP_OK;
  for (DWORD i = 0; i < count; i++) {
    if (status == SEEP_OK && sink->cancelled(sink->context, 0)) {
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
  unsigned attempts = 0;
  while (status == SEEP_OK && !sink->cancelled(sink->context, 0)) {
    EVT_HANDLE events[FULL_BATCH] = {0};
    DWORD count = 0;
    SetLastError(ERROR_SUCCESS);
    if (reader->api.next(reader->subscription, reader->batch, events, 0, 0, &count)) {
      if (count == 0 || count > FULL_BATCH) {
        return failed(reader, error, ERROR_INVALID_DATA, "EvtNext");
      }
      attempts = 0;
      status = give_out_batch(reader, events, count, sink, error);
      continue;
    }
    DWORD code = GetLastError();
    if (code == ERROR_NO_MORE_ITEMS || code == ERROR_INVALID_OPERATION) {
      reader->batch = FULL_BATCH;
      return SEEP_OK;
    }
    if (code == RPC_S_INVALID_BOUND && reader->batch > 1) {
      status = halve_batch(reader, error);
    } else if (!try_again(sink, code, &attempts)) {
      status = failed(reader, error, code, "EvtNext");
    }
  }
  return status != SEEP_OK ? status : SEEP_CANCELLED;
}
