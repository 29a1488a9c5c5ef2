/*
 * The feed's thread: subscribe, wait for (stop, signal), drain, and on any failure say so once, wait a little
 * longer each time, and go on behind the last event. Logs are cleared and the event log service restarted in
 * the ordinary course of things, so a subscription that worked gets one new one before anything is said.
 * Windows may also let a subscription die without a word (reference: event-log, 3.5), and silence is normal
 * for these events; so the subscription is made anew every 15 minutes.
 *
 * A call into the event log service can hang while that service does. stop() therefore waits a bounded time,
 * counted from begin_stop(), and then leaves the thread to itself, muted; the last of the two owners of the
 * feed releases it.
 */
#include "win/win_event_feed.h"

#include <stdint.h>
#include <stdlib.h>

#include <windows.h>

#include "win/win_error.h"
#include "win/win_event_reader.h"
#include "win/win_late.h"

#define FIRST_PAUSE_MS 500u
#define LONGEST_PAUSE_MS 30000u
#define RENEW_MS (15u * 60u * 1000u)
#define STOP_PATIENCE_MS 900u
#define NO_ROOM_PAUSE_MS 50u
#define NO_MEMORY_PAUSE_MS 60000u
/* Committed at the start: a stack cannot grow when there is no commit left, which is when events come. */
#define STACK_BYTES ((SIZE_T)128 * 1024)

typedef struct feed {
  volatile LONG owners; /* the port, and the thread while it runs */
  HANDLE stop;          /* manual reset */
  HANDLE signal;        /* auto-reset, as the subscription wants it */
  HANDLE thread;        /* NULL: not started */
  bool stopping;        /* since stop_began_ms */
  ULONGLONG stop_began_ms;
  seep_win_event_reader *reader;
  SRWLOCK sink_lock; /* guards muted, and is held during every call of the sink */
  bool muted;
  seep_event_feed_sink sink;
  bool state_told;
  bool up;
  bool forgiving; /* the next failure is not told */
  seep_win_feed_kind kind;
  unsigned renew_ms;
  unsigned pause_ms;
  uint32_t random;
} feed;

static void release(feed *self)
{
  if (InterlockedDecrement(&self->owners) > 0) {
    return;
  }
  seep_win_event_reader_free(self->reader);
  if (self->signal != NULL) {
    CloseHandle(self->signal);
  }
  if (self->stop != NULL) {
    CloseHandle(self->stop);
  }
  free(self);
}

static void tell_state(feed *self, bool up, const seep_error *error)
{
  self->forgiving = up;
  if (up) {
    self->pause_ms = FIRST_PAUSE_MS;
  }
  if (self->state_told && self->up == up) {
    return;
  }
  self->state_told = true;
  self->up = up;
  AcquireSRWLockExclusive(&self->sink_lock);
  if (!self->muted) {
    self->sink.state(self->sink.context, up, error);
  }
  ReleaseSRWLockExclusive(&self->sink_lock);
}

static void tell_up(feed *self)
{
  seep_error none = {0};
  tell_state(self, true, &none);
}

/* An event proves that the feed is up, and up is told before the event is. */
static void on_event(void *context, const char *xml, size_t xml_size, const char *bookmark,
                     size_t bookmark_size)
{
  feed *self = context;
  bool taken = false;
  tell_up(self);
  while (!taken) {
    AcquireSRWLockExclusive(&self->sink_lock);
    taken = self->muted || self->sink.event(self->sink.context, xml, xml_size, bookmark, bookmark_size);
    ReleaseSRWLockExclusive(&self->sink_lock);
    if (!taken && WaitForSingleObject(self->stop, NO_ROOM_PAUSE_MS) == WAIT_OBJECT_0) {
      return; /* its bookmark is not kept, so the next start reads it again */
    }
  }
}

static bool is_stopping(void *context, unsigned wait_ms)
{
  feed *self = context;
  return WaitForSingleObject(self->stop, wait_ms) == WAIT_OBJECT_0;
}

/* Doubles up to half a minute; +-20 % so that a fleet does not knock in step. */
static void pause_feed(feed *self)
{
  self->random ^= self->random << 13;
  self->random ^= self->random >> 17;
  self->random ^= self->random << 5;
  unsigned percent = 80u + self->random % 41u;
  WaitForSingleObject(self->stop, self->pause_ms * percent / 100u);
  self->pause_ms = self->pause_ms >= LONGEST_PAUSE_MS / 2 ? LONGEST_PAUSE_MS : self->pause_ms * 2;
}

/* Windows' 15007 for a log that this Windows need not have: nothing is gained by knocking often. */
static bool is_absent(const feed *self, const seep_error *error)
{
  return self->kind == SEEP_WIN_FEED_NOTICES && error->domain == SEEP_DOMAIN_WIN32 &&
         error->code == ERROR_EVT_CHANNEL_NOT_FOUND;
}

static void bear_failure(feed *self, const seep_error *error)
{
  if (self->forgiving) {
    self->forgiving = false;
    pause_feed(self);
    return;
  }
  tell_state(self, false, error);
  if (is_absent(self, error)) {
    WaitForSingleObject(self->stop, self->renew_ms);
  } else {
    pause_feed(self);
  }
}

/* SEEP_OK with *renew_at moved on; sooner when there was no memory for a new subscription. */
static seep_status renew(feed *self, ULONGLONG *renew_at, seep_error *error)
{
  seep_status status = seep_win_event_reader_renew(self->reader, error);
  unsigned wait_ms = self->renew_ms;
  if (status == SEEP_NO_MEMORY && wait_ms > NO_MEMORY_PAUSE_MS) {
    wait_ms = NO_MEMORY_PAUSE_MS;
  }
  *renew_at = GetTickCount64() + wait_ms;
  return status == SEEP_NO_MEMORY ? SEEP_OK : status;
}

/* Subscribes and gives out events until stop (SEEP_CANCELLED) or a failure. */
static seep_status serve(feed *self, seep_error *error)
{
  const seep_win_event_reader_sink sink = {self, on_event, is_stopping};
  seep_status status = seep_win_event_reader_open(self->reader, error);
  if (status != SEEP_OK) {
    return status;
  }
  HANDLE handles[2] = {self->stop, self->signal};
  ULONGLONG renew_at = GetTickCount64() + self->renew_ms;
  for (;;) {
    ULONGLONG now = GetTickCount64();
    DWORD wait = WaitForMultipleObjects(2, handles, FALSE, now < renew_at ? (DWORD)(renew_at - now) : 0);
    switch (wait) {
    case WAIT_OBJECT_0:
      return SEEP_CANCELLED;
    case WAIT_OBJECT_0 + 1:
      status = seep_win_event_reader_drain(self->reader, &sink, error);
      if (status != SEEP_OK) {
        return status;
      }
      tell_up(self);
      break;
    case WAIT_TIMEOUT:
      status = renew(self, &renew_at, error);
      if (status != SEEP_OK) {
        return status;
      }
      break;
    default:
      return seep_win_error_set(error, GetLastError(), "WaitForMultipleObjects", NULL);
    }
  }
}

static DWORD WINAPI run(void *argument)
{
  feed *self = argument;
  while (!is_stopping(self, 0)) {
    seep_error error = {0};
    seep_status status = serve(self, &error);
    seep_win_event_reader_close(self->reader);
    if (status != SEEP_CANCELLED && !is_stopping(self, 0)) {
      bear_failure(self, &error);
    }
  }
  release(self);
  return 0;
}

static seep_status start(void *context, const seep_event_feed_sink *sink, const char *bookmark,
                         seep_error *error)
{
  feed *self = context;
  /* Owned twice without a thread of ours: an earlier one still hangs in the event log service. */
  if (self->thread != NULL || self->owners > 1) {
    return seep_error_set(error, SEEP_BUSY, SEEP_DOMAIN_NONE, 0, "event feed", "an earlier start still runs");
  }
  seep_status status = seep_win_event_reader_begin(self->reader, bookmark, error);
  if (status != SEEP_OK) {
    return status;
  }
  self->sink = *sink;
  self->muted = false;
  self->stopping = false;
  self->state_told = false;
  self->forgiving = false;
  self->pause_ms = FIRST_PAUSE_MS;
  self->random = (uint32_t)GetTickCount64() ^ GetCurrentProcessId() << 16 ^ 0x9E3779B9u;
  if (self->random == 0) {
    self->random = 1; /* xorshift stays at zero for ever */
  }
  ResetEvent(self->stop);
  InterlockedIncrement(&self->owners);
  self->thread = CreateThread(NULL, STACK_BYTES, run, self, 0, NULL);
  if (self->thread == NULL) {
    DWORD code = GetLastError();
    InterlockedDecrement(&self->owners);
    return seep_win_error_set(error, code, "CreateThread", NULL);
  }
  return SEEP_OK;
}

static void begin_stop(void *context)
{
  feed *self = context;
  if (self->thread == NULL || self->stopping) {
    return;
  }
  self->stopping = true;
  self->stop_began_ms = GetTickCount64();
  SetEvent(self->stop);
}

static void stop(void *context)
{
  feed *self = context;
  if (self->thread == NULL) {
    return;
  }
  begin_stop(self);
  ULONGLONG passed_ms = GetTickCount64() - self->stop_began_ms;
  DWORD left_ms = passed_ms < STOP_PATIENCE_MS ? (DWORD)(STOP_PATIENCE_MS - passed_ms) : 0;
  if (WaitForSingleObject(self->thread, left_ms) != WAIT_OBJECT_0) {
    AcquireSRWLockExclusive(&self->sink_lock);
    self->muted = true;
    ReleaseSRWLockExclusive(&self->sink_lock);
  }
  CloseHandle(self->thread);
  self->thread = NULL;
}

seep_status seep_win_event_feed_new_on(seep_event_feed *port, seep_win_feed_kind kind,
                                       const struct seep_win_late_wevtapi *api, unsigned renew_ms,
                                       seep_error *error)
{
  feed *self = calloc(1, sizeof *self);
  if (self == NULL) {
    return seep_win_error_set(error, ERROR_NOT_ENOUGH_MEMORY, "event feed", NULL);
  }
  self->owners = 1;
  self->kind = kind;
  self->renew_ms = renew_ms;
  InitializeSRWLock(&self->sink_lock);
  self->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
  self->signal = self->stop != NULL ? CreateEventW(NULL, FALSE, TRUE, NULL) : NULL;
  if (self->signal == NULL) {
    seep_status status = seep_win_error_set(error, GetLastError(), "CreateEvent", NULL);
    release(self);
    return status;
  }
  seep_status status = seep_win_event_reader_new(self->signal, kind, api, &self->reader, error);
  if (status != SEEP_OK) {
    release(self);
    return status;
  }
  port->context = self;
  port->start = start;
  port->begin_stop = begin_stop;
  port->stop = stop;
  return SEEP_OK;
}

seep_status seep_win_event_feed_new(seep_event_feed *port, seep_win_feed_kind kind, seep_error *error)
{
  return seep_win_event_feed_new_on(port, kind, NULL, RENEW_MS, error);
}

void seep_win_event_feed_free(seep_event_feed *port)
{
  feed *self = port->context;
  if (self == NULL) {
    return;
  }
  stop(self);
  release(self);
  port->context = NULL;
  port->start = NULL;
  port->begin_stop = NULL;
  port->stop = NULL;
}
