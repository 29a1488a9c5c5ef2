/*
 * A server's place between 0 and a million is a hash of its name: nothing has to be remembered or agreed on,
 * and a larger share only adds servers. FNV-1a alone differs too little between "web01" and "web02" in its
 * upper bits, hence the mixing after it.
 */
#include "capture/sampling.h"

static uint64_t hash_of(const char *host)
{
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  for (const char *at = host; *at != '\0'; at++) {
    unsigned char c = (unsigned char)*at;
    hash ^= c >= 'A' && c <= 'Z' ? c + 32u : c;
    hash *= UINT64_C(0x100000001B3);
  }
  for (int round = 0; round < 2; round++) {
    hash ^= hash >> 32;
    hash *= UINT64_C(0xD6E8FEB86659FD93); /* odd, with bits all over: spreads the lower half over the upper */
  }
  return hash ^ (hash >> 32);
}

bool seep_sampling_takes_part(const char *host, uint32_t share_ppm)
{
  if (host[0] == '\0') {
    return true;
  }
  uint32_t place = (uint32_t)(((hash_of(host) & UINT32_MAX) * SEEP_SAMPLING_ALL) >> 32);
  return place < share_ppm;
}
