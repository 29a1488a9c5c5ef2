/* The only way to ask for the time; the loop takes "now" once per event and hands it on. */
#ifndef SEEP_PORT_CLOCK_H
#define SEEP_PORT_CLOCK_H

#include "base/clock.h"

typedef struct seep_clock {
  void *context;
  seep_mono (*mono)(void *context); /* does not count sleep: QueryUnbiasedInterruptTime on Windows */
  seep_wall (*wall)(void *context);
} seep_clock;

#endif
