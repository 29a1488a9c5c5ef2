/* Inside of the stand-in wevtapi.dll: its objects and the one lock around them. */
#ifndef STANDIN_WEVTAPI_EVENTS_H
#define STANDIN_WEVTAPI_EVENTS_H

#include "standin.h"

void standin_events_lock(void);
void standin_events_unlock(void);

/* What an event handle stands for. */
typedef struct standin_event {
  standin_log log;
  char *text;
  uint64_t id;
  unsigned refused_renders; /* for the knob "grows" */
  bool in_callback;         /* belongs to the library, not to the caller */
} standin_event;

typedef struct standin_bookmark {
  bool set;
  uint64_t id;
  char channel[128];
} standin_bookmark;

/* The next record behind *position that matches; NULL when there is none. Moves *position behind all it has
 * looked at. */
standin_event *standin_events_following(const standin_query *query, uint64_t *position);
void standin_events_free(standin_event *event);

/* --- subscription.c --- */

typedef struct standin_subscription standin_subscription;

/* NULL with the last error set. bookmark may be NULL. Lock held. */
EVT_HANDLE standin_subscription_new(const standin_query *query, HANDLE signal,
                                    EVT_SUBSCRIBE_CALLBACK callback, void *context,
                                    const standin_bookmark *bookmark, DWORD flags);

/* 0, or EvtNext's error. Lock held. */
DWORD standin_subscription_next(EVT_HANDLE handle, standin_subscription *subscription, DWORD size,
                                EVT_HANDLE *events, DWORD *count);

/* The handle has been taken from the table and its events are closed. Lock NOT held: waits for the thread. */
void standin_subscription_free(standin_subscription *subscription);

#endif
