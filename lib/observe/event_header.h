/*
 * What every event of Windows says about itself in its System element, read along while a parser pulls a
 * document through the XML reader, and the refusal when the document is not the one event that is wanted.
 * Events may stand in an Events element, as exports write them. Allocates nothing.
 */
#ifndef SEEP_OBSERVE_EVENT_HEADER_H
#define SEEP_OBSERVE_EVENT_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"
#include "observe/xml.h"

typedef struct seep_event_header_values {
  char provider[96]; /* cut if longer; "" when absent */
  uint32_t event_id; /* this and the next two: 0 when absent or no number */
  uint64_t record_id;
  seep_filetime time_created;
} seep_event_header_values;

typedef enum seep_event_header_leaf {
  SEEP_EVENT_HEADER_NO_LEAF,
  SEEP_EVENT_HEADER_EVENT_ID,
  SEEP_EVENT_HEADER_RECORD_ID
} seep_event_header_leaf;

typedef struct seep_event_header {
  size_t event_depth;             /* of the Event that is open; 0 outside of any */
  seep_event_header_values first; /* whole once the first event is over */
  /* the rest is its own */
  seep_event_header_values current;
  uint32_t ids[2];         /* that are wanted */
  uint32_t events, wanted; /* met; of these ids and that provider among them */
  bool in_events, in_system;
  seep_event_header_leaf leaf; /* that is open, */
  size_t leaf_depth;           /* and where */
  seep_writer writer;          /* collects its text */
  char text[64];
} seep_event_header;

/* What no event is: SEEP_LIMIT when too large, SEEP_CORRUPT when there is a zero byte, which XML has not (a
 * name would silently end there). */
seep_status seep_event_header_admit(const char *xml, size_t size, seep_error *error);

/* Events of the resource exhaustion detector with one of two ids are wanted; say one twice to want one. */
void seep_event_header_init(seep_event_header *header, uint32_t id, uint32_t other_id);

/* Is to be called for each token. After the OPEN of an Event event_depth counts it, after its CLOSE no more.
 */
void seep_event_header_see(seep_event_header *header, const seep_xml *xml, seep_xml_token token);

/* At the end: SEEP_OK when there was one event and it is wanted; SEEP_UNSUPPORTED, saying what it is instead.
 * what: "Event 2004". */
seep_status seep_event_header_judge(const seep_event_header *header, const char *what, seep_error *error);

#endif
