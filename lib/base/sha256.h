/* SHA-256 (FIPS 180-4), bytes in pieces. For finding out that a file was changed; nothing here is secret. */
#ifndef SEEP_BASE_SHA256_H
#define SEEP_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SEEP_SHA256_BYTES 32
#define SEEP_SHA256_TEXT_SIZE 65

typedef struct seep_sha256 {
  uint32_t state[8];
  uint64_t total_bytes;
  uint8_t block[64];
  size_t used;
} seep_sha256;

void seep_sha256_init(seep_sha256 *sha);
void seep_sha256_add(seep_sha256 *sha, const void *data, size_t size);

/* Lower-case hex with a terminator. The state is used up. Returns out. */
const char *seep_sha256_text(seep_sha256 *sha, char out[SEEP_SHA256_TEXT_SIZE]);

#endif
