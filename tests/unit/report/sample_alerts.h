/*
 * A sample of every alert, made by the functions that make them in the product, with figures as a server may
 * have them. config/events.md shows them; the tests of texts and of the message table use the same.
 */
#ifndef TEST_REPORT_SAMPLE_ALERTS_H
#define TEST_REPORT_SAMPLE_ALERTS_H

#include "judge/detector.h"
#include "report/alert.h"
#include "store/store.h"

typedef struct sample_alert {
  uint32_t id;
  const char *title; /* the same for all samples of an id */
  const char *when;  /* NULL where one sample is all there is to say */
  void (*make)(seep_alert *alert);
} sample_alert;

/* Those of one id follow each other; NULL at the end. */
const sample_alert *sample_alerts_at(size_t index);

/* The parts of it, each ended by an id of 0. */
extern const sample_alert sample_alerts_of_service[];
extern const sample_alert sample_alerts_of_growth[];
extern const sample_alert sample_alerts_of_server[];
extern const sample_alert sample_alerts_of_recordings[];

/* A web server's process that has grown for 17 hours; verdict: "leak" or "rapid". */
seep_store_leak sample_leak(const char *verdict);

/* A rise in eight even steps, `part` each, over 17 hours. */
seep_finding sample_finding(double first, double part);

#endif
