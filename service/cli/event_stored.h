/* `seepwatch event latest` and `event list`: the Events 2004 that the store has kept. */
#ifndef SEEP_SERVICE_EVENT_STORED_H
#define SEEP_SERVICE_EVENT_STORED_H

/* Arguments from `first` on; an exit code. */
int seep_event_stored_latest(int first, int argc, char **argv);
int seep_event_stored_list(int first, int argc, char **argv);

#endif
