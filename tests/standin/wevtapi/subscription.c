/*
 * Pull and callback subscriptions. Each has a thread that looks into the folder every 100 ms, as the event
 * log service would push. The rules are those of reference event-log, 5.2: old records raise no signal,
 * EvtNext on an unsignalled subscription is 4317, a drained one 259, and handles die with their subscription.
 */
#include "events.h"

#include <stdlib.h>
#include <string.h>

#define POLL_MS 100
#define LARGEST_BATCH 1024

struct standin_subscription {
  standin_query query;
  HANDLE signal;
  EVT_SUBSCRIBE_CALLBACK callback;
  void *context;
  EVT_HANDLE handle;
  HANDLE stop;
  HANDLE thread;
  uint64_t position; /* records up to this one are done with */
  uint64_t scanned;  /* the thread has looked at records up to this one */
  bool queue_empty;  /* a new record makes the signal */
  bool may_read;     /* signalled since the last 259; the caller's event is created signalled */
  DWORD dead_code;   /* not 0: the subscription was lost, EvtNext says this */
  bool silent;
  long long kill_knob, silent_knob; /* as they were when this subscription was made */
};

static long long knob(standin_log log, const char *name, long long otherwise)
{
  long long value = otherwise;
  return standin_folder_knob(log, name, &value) ? value : otherwise;
}

/* "kill_subscription" and "silent_subscription" take those subscriptions that are older than the knob's
 * present value. */
static void apply_losses(standin_subscription *self)
{
  standin_log log = self->query.log;
  long long kill = knob(log, "kill_subscription", 0);
  if (self->dead_code == 0 && kill != 0 && kill != self->kill_knob) {
    self->dead_code = (DWORD)knob(log, "kill_code", ERROR_INVALID_HANDLE);
    self->may_read = true;
    if (self->signal != NULL) {
      SetEvent(self->signal);
    }
  }
  long long silent = knob(log, "silent_subscription", 0);
  if (silent != 0 && silent != self->silent_knob) {
    self->silent = true;
  }
}

static void look_for_signal(standin_subscription *self)
{
  if (self->silent || self->dead_code != 0 || !self->queue_empty) {
    return;
  }
  if (self->scanned < self->position) {
    self->scanned = self->position;
  }
  standin_event *found = standin_events_following(&self->query, &self->scanned);
  if (found != NULL) {
    standin_events_free(found);
    self->queue_empty = false;
    self->may_read = true;
    SetEvent(self->signal);
  }
}

/* Called and left with the lock held; the callback itself runs without it. */
static void call_back(standin_subscription *self)
{
  DWORD code = 0;
  if (standin_folder_fault(self->query.log, "callback_error", &code)) {
    standin_events_unlock();
    self->callback(EvtSubscribeActionError, self->context, (EVT_HANDLE)(uintptr_t)code);
    standin_events_lock();
  }
  standin_event *event = NULL;
  while (!self->silent && WaitForSingleObject(self->stop, 0) != WAIT_OBJECT_0 &&
         (event = standin_events_following(&self->query, &self->position)) != NULL) {
    event->in_callback = true;
    EVT_HANDLE handle = standin_handles_add(STANDIN_EVENT, event, NULL);
    standin_events_unlock();
    self->callback(EvtSubscribeActionDeliver, self->context, handle);
    standin_events_lock();
    standin_events_free(standin_handles_take(handle));
  }
}

static DWORD WINAPI watch(void *argument)
{
  standin_subscription *self = argument;
  while (WaitForSingleObject(self->stop, POLL_MS) == WAIT_TIMEOUT) {
    standin_events_lock();
    apply_losses(self);
    if (self->callback != NULL) {
      call_back(self);
    } else {
      look_for_signal(self);
    }
    standin_events_unlock();
  }
  return 0;
}

static bool names_log(const standin_bookmark *bookmark, standin_log log)
{
  return strcmp(bookmark->channel, standin_records_channel(log)) == 0;
}

/* Where to begin. 0, or EvtSubscribe's error. */
static DWORD find_position(const standin_query *query, const standin_bookmark *bookmark, DWORD flags,
                           uint64_t *position)
{
  size_t count = 0;
  uint64_t *ids = standin_records_list(query->log, &count);
  uint64_t last = count > 0 ? ids[count - 1] : 0;
  DWORD code = ERROR_SUCCESS;
  DWORD origin = flags & EvtSubscribeOriginMask;
  *position = 0;
  DWORD fault = 0;
  if (origin == EvtSubscribeStartAfterBookmark && standin_folder_fault(query->log, "resume_error", &fault)) {
    free(ids);
    return fault;
  }
  switch (origin) {
  case EvtSubscribeToFutureEvents:
    *position = last;
    break;
  case EvtSubscribeStartAtOldestRecord:
    break;
  default:
    if (!bookmark->set) {
      /* An empty bookmark counts as standing on the first record of the result. */
      standin_events_free(standin_events_following(query, position));
    } else if (names_log(bookmark, query->log) && standin_records_exists(query->log, bookmark->id)) {
      *position = bookmark->id;
    } else if ((flags & EvtSubscribeStrict) != 0) {
      code = (DWORD)knob(query->log, "strict_code", ERROR_NOT_FOUND);
    } else if (names_log(bookmark, query->log)) {
      *position = bookmark->id < last ? bookmark->id : last;
    }
    break;
  }
  free(ids);
  return code;
}

static void destroy(standin_subscription *self)
{
  if (self->stop != NULL) {
    CloseHandle(self->stop);
  }
  if (self->thread != NULL) {
    CloseHandle(self->thread);
  }
  free(self);
}

EVT_HANDLE standin_subscription_new(const standin_query *query, HANDLE signal,
                                    EVT_SUBSCRIBE_CALLBACK callback, void *context,
                                    const standin_bookmark *bookmark, DWORD flags)
{
  uint64_t position = 0;
  DWORD code = find_position(query, bookmark, flags, &position);
  standin_subscription *self = code == ERROR_SUCCESS ? calloc(1, sizeof *self) : NULL;
  if (self == NULL) {
    SetLastError(code != ERROR_SUCCESS ? code : ERROR_NOT_ENOUGH_MEMORY);
    return NULL;
  }
  self->query = *query;
  self->signal = signal;
  self->callback = callback;
  self->context = context;
  self->position = position;
  self->scanned = position;
  self->may_read = true;
  self->kill_knob = knob(query->log, "kill_subscription", 0);
  self->silent_knob = knob(query->log, "silent_subscription", 0);
  uint64_t look = position;
  standin_event *waiting = standin_events_following(query, &look);
  self->queue_empty = waiting == NULL;
  standin_events_free(waiting);
  self->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
  self->handle = self->stop != NULL ? standin_handles_add(STANDIN_SUBSCRIPTION, self, NULL) : NULL;
  self->thread = self->handle != NULL ? CreateThread(NULL, 0, watch, self, 0, NULL) : NULL;
  if (self->thread == NULL) {
    standin_handles_take(self->handle);
    destroy(self);
    SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return NULL;
  }
  return self->handle;
}

static DWORD refuse_next(standin_subscription *self, DWORD size)
{
  DWORD code = 0;
  apply_losses(self);
  if (self->dead_code != 0) {
    return self->dead_code;
  }
  if (standin_folder_fault(self->query.log, "next_error", &code)) {
    return code;
  }
  if (size > LARGEST_BATCH || size > (DWORD)knob(self->query.log, "next_bound", LARGEST_BATCH)) {
    return RPC_S_INVALID_BOUND;
  }
  if (!self->may_read || self->callback != NULL) {
    return ERROR_INVALID_OPERATION;
  }
  return ERROR_SUCCESS;
}

DWORD standin_subscription_next(EVT_HANDLE handle, standin_subscription *self, DWORD size, EVT_HANDLE *events,
                                DWORD *count)
{
  DWORD code = refuse_next(self, size);
  if (code != ERROR_SUCCESS) {
    return code;
  }
  while (!self->silent && *count < size) {
    standin_event *event = standin_events_following(&self->query, &self->position);
    EVT_HANDLE added = event != NULL ? standin_handles_add(STANDIN_EVENT, event, handle) : NULL;
    if (added == NULL) {
      standin_events_free(event);
      break;
    }
    events[(*count)++] = added;
  }
  if (*count == 0) {
    self->queue_empty = true;
    self->may_read = false;
    return ERROR_NO_MORE_ITEMS;
  }
  return ERROR_SUCCESS;
}

void standin_subscription_free(standin_subscription *self)
{
  SetEvent(self->stop);
  if (GetThreadId(self->thread) == GetCurrentThreadId()) {
    standin_events_lock();
    standin_folder_misuse("EvtClose on a subscription from inside its own callback");
    standin_events_unlock();
    return; /* left as it is: the thread still runs on it */
  }
  long long wait = 1;
  standin_events_lock();
  (void)standin_folder_knob(STANDIN_SYSTEM, "close_waits", &wait);
  standin_events_unlock();
  if (self->callback != NULL && wait == 0) {
    return;
  }
  WaitForSingleObject(self->thread, INFINITE);
  destroy(self);
}
