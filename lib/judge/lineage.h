/*
 * What one image has shown over several lives: a worker that is recycled every night leaks again in each
 * life, and none of them lasts long enough to prove it. Values only; who is whose successor is the caller's
 * to know (the same image name, say).
 *
 * A life counts when it has grown, its start apart, and not mostly in its beginning: what warms up or fills
 * grows first and fast, a leak throughout, or whenever there is work. Three such lives in a row are a leak.
 * Lives that hardly grew (a weekend's) neither count nor break the row, unless there are many of them.
 */
#ifndef SEEP_JUDGE_LINEAGE_H
#define SEEP_JUDGE_LINEAGE_H

#include <stdint.h>

#include "base/clock.h"
#include "judge/detector.h"

#define SEEP_LINEAGE_LIVES 4

typedef struct seep_lineage {
  double high_water;               /* how high a closed case of any life stood; 0 = none */
  float rates[SEEP_LINEAGE_LIVES]; /* at which the newest lives that count grew, per hour; newest first */
  uint8_t lives;                   /* that count, in a row; at most SEEP_LINEAGE_LIVES */
  uint8_t quiet_lives;             /* since the last of them, that hardly grew at all */
} seep_lineage;                    /* all zeros: nothing known */

/* A life is over. SEEP_VERDICT_LEAK: so many lives in a row grew alike that the image leaks; *finding is then
 * filled in, of the life that has ended. Otherwise SEEP_VERDICT_NONE, and *finding is untouched. Lives
 * shorter than a quarter of the observation time say nothing. */
seep_verdict seep_lineage_ended(seep_lineage *lineage, const seep_detector *ended,
                                const seep_detector_settings *settings, seep_mono now, seep_finding *finding);

#endif
