/* Time until the commit limit is reached, and how severe that is. Pure. */
#ifndef SEEP_JUDGE_HEADROOM_H
#define SEEP_JUDGE_HEADROOM_H

#include <stdint.h>

/* Severity by time left (reference: detection, 7.2): 1 under 6 h or under 10 % of the limit free, 2 under 7
 * days, 3 under 90 days, 4 the rest. */
#define SEEP_TIME_LEFT_UNKNOWN INT64_C(-1)

/* Milliseconds until slope eats headroom; SEEP_TIME_LEFT_UNKNOWN when the slope is not positive or the time
 * is beyond ten years. */
int64_t seep_headroom_time_left_ms(uint64_t headroom_bytes, double slope_bytes_per_hour);

/* 1 (worst) to 4. time_left_ms may be SEEP_TIME_LEFT_UNKNOWN. */
int seep_headroom_severity(int64_t time_left_ms, uint64_t headroom_bytes, uint64_t commit_limit_bytes);

#endif
