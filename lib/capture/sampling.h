/* On a fleet of servers with the same leak a few recordings do: which servers take part, for good. */
#ifndef SEEP_CAPTURE_SAMPLING_H
#define SEEP_CAPTURE_SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

#define SEEP_SAMPLING_ALL UINT32_C(1000000)

/* Does the server of this name (UTF-8; ASCII case ignored; "" takes part always) belong to the share of so
 * many millionths? The same server gives the same answer each time, and one that takes part in a share takes
 * part in every larger one. */
bool seep_sampling_takes_part(const char *host, uint32_t share_ppm);

#endif
