/* The detector of lib/judge with the thresholds that the service ships with. */
#ifndef SEEP_SIM_SHIPPED_H
#define SEEP_SIM_SHIPPED_H

#include "candidate.h"

extern const judge_candidate shipped_detector;

#endif
