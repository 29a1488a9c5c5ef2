/*
 * The Prometheus text format for windows_exporter's textfile collector: gauges and counters of one pulse.
 * Labels are image and service, never a PID (reference: users-and-peers, 1.10 and 4): cases of one image are
 * added up. Each metric has HELP and TYPE; values are culture-invariant; the text ends with a line feed.
 */
#ifndef SEEP_REPORT_METRICS_H
#define SEEP_REPORT_METRICS_H

#include "base/text.h"
#include "report/pulse.h"

/* Look at writer->cut: SEEP_PULSE_SIZE always suffices. Names from outside are escaped as label values, made
 * well-formed and cut at 255 bytes; image names are in lower case, so that one image is one series. What is
 * not known is left out. Of a stopped pulse there is seepwatch_up 0 and nothing that was true only while it
 * ran. */
void seep_metrics_write(const seep_pulse *pulse, seep_writer *writer);

#endif
