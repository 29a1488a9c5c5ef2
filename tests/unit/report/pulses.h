/* Moments of a watchdog for the tests of what is told about them. */
#ifndef TEST_REPORT_PULSES_H
#define TEST_REPORT_PULSES_H

#include "report/pulse.h"

/* Each fills *pulse and returns it. */
const seep_pulse *pulses_nothing(seep_pulse *pulse); /* the first moment: nothing is known yet */
const seep_pulse *pulses_quiet(seep_pulse *pulse);   /* all is well, nobody leaks */
const seep_pulse *pulses_busy(seep_pulse *pulse);    /* leaks, warnings, a recording */
const seep_pulse *
pulses_hostile(seep_pulse *pulse); /* full to the brim with the worst of names and numbers */
const seep_pulse *pulses_stopped(seep_pulse *pulse); /* the last word of the busy one */

/* Another case of it; returns it. Room is the caller's care. */
seep_pulse_case *pulses_case(seep_pulse *pulse, const char *image, uint32_t pid, double slope);

#endif
