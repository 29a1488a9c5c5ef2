/* What pulse.c, pulse_json.c, pulse_text.c and metrics.c share: derived figures, and phrases that are the
 * same wherever a pulse is told. Phrases are as names from outside made them: whoever shows them cleans. */
#ifndef SEEP_REPORT_PULSE_PRIVATE_H
#define SEEP_REPORT_PULSE_PRIVATE_H

#include "report/pulse.h"

size_t seep_pulse__cases(const seep_pulse *pulse);         /* never more than there is room for */
size_t seep_pulse__open(const seep_pulse *pulse);          /* never fewer than are listed */
size_t seep_pulse__rapid(const seep_pulse *pulse);         /* of them; never fewer than are listed as rapid */
const char *seep_pulse__image(const seep_pulse_case *one); /* never "" */
uint64_t seep_pulse__unowned_bytes(const seep_pulse *pulse);
bool seep_pulse__is_recording(const seep_pulse *pulse);

void seep_pulse__write_recorder(const seep_pulse *pulse, seep_writer *writer); /* nothing when not known */
void seep_pulse__write_recordings(const seep_pulse *pulse, seep_writer *writer);
void seep_pulse__write_event2004(const seep_pulse *pulse, seep_writer *writer);
void seep_pulse__write_database(const seep_pulse *pulse, seep_writer *writer);
void seep_pulse__write_cpu(const seep_pulse *pulse, seep_writer *writer);

#endif
