/* The reference detector (reference: detection, 3), in three settings: to be measured against, not shipped.
 */
#ifndef SEEP_SIM_RATCHET_H
#define SEEP_SIM_RATCHET_H

#include "candidate.h"

extern const judge_candidate ratchet_default;
extern const judge_candidate ratchet_strict; /* twice the persistence, twice the stake of a settled process */
extern const judge_candidate ratchet_confirmed; /* long windows and lineage only */

#endif
