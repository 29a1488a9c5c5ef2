/*
 * SHA-256 as FIPS 180-4 describes it, written for clarity: one block of 64 bytes at a time, a message
 * schedule of 64 words, 64 rounds. Nothing secret goes through here, so nothing is wiped and time may depend
 * on size.
 */
#include "base/sha256.h"

#include <string.h>

#define BLOCK_BYTES 64u
#define LENGTH_AT 56u /* in the last block: the message's length in bits, big-endian */
#define ROUNDS 64u

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2). */
static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t word, unsigned bits)
{
  return word >> bits | word << (32 - bits);
}

static uint32_t word_at(const uint8_t *bytes)
{
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* 6.2.2, step 1: sixteen words of the block, the others from those before them. */
static void expand(const uint8_t *block, uint32_t schedule[ROUNDS])
{
  for (unsigned i = 0; i < 16; i++) {
    schedule[i] = word_at(block + 4 * (size_t)i);
  }
  for (unsigned i = 16; i < ROUNDS; i++) {
    uint32_t recent = schedule[i - 2], older = schedule[i - 15];
    uint32_t recent_mix = rotate(recent, 17) ^ rotate(recent, 19) ^ recent >> 10;
    uint32_t older_mix = rotate(older, 7) ^ rotate(older, 18) ^ older >> 3;
    schedule[i] = recent_mix + schedule[i - 7] + older_mix + schedule[i - 16];
  }
}

/* Steps 2 to 4. `v` holds what the standard calls a to h. */
static void take_block(seep_sha256 *sha, const uint8_t *block)
{
  uint32_t schedule[ROUNDS];
  uint32_t v[8];
  expand(block, schedule);
  memcpy(v, sha->state, sizeof v);
  for (unsigned i = 0; i < ROUNDS; i++) {
    uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    uint32_t upper = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
    uint32_t lower = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
    uint32_t first = v[7] + lower + choice + constants[i] + schedule[i];
    v[7] = v[6];
    v[6] = v[5];
    v[5] = v[4];
    v[4] = v[3] + first;
    v[3] = v[2];
    v[2] = v[1];
    v[1] = v[0];
    v[0] = first + upper + majority;
  }
  for (unsigned i = 0; i < 8; i++) {
    sha->state[i] += v[i];
  }
}

void seep_sha256_init(seep_sha256 *sha)
{
  /* The same of the square roots of the first eight primes (5.3.3). */
  static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memset(sha, 0, sizeof *sha);
  memcpy(sha->state, start, sizeof start);
}

void seep_sha256_add(seep_sha256 *sha, const void *data, size_t size)
{
  const uint8_t *bytes = data;
  sha->total_bytes += size;
  while (size > 0) {
    if (sha->used == 0 && size >= BLOCK_BYTES) {
      take_block(sha, bytes);
      bytes += BLOCK_BYTES;
      size -= BLOCK_BYTES;
      continue;
    }
    size_t count = BLOCK_BYTES - sha->used < size ? BLOCK_BYTES - sha->used : size;
    memcpy(sha->block + sha->used, bytes, count);
    sha->used += count;
    bytes += count;
    size -= count;
    if (sha->used == BLOCK_BYTES) {
      take_block(sha, sha->block);
      sha->used = 0;
    }
  }
}

/* 5.1.1: one bit, zeros, the length. */
static void pad(seep_sha256 *sha)
{
  static const uint8_t padding[BLOCK_BYTES] = {0x80};
  uint64_t bits = sha->total_bytes * 8;
  uint8_t length[BLOCK_BYTES - LENGTH_AT];
  size_t count = (sha->used < LENGTH_AT ? LENGTH_AT : LENGTH_AT + BLOCK_BYTES) - sha->used;
  for (unsigned i = 0; i < sizeof length; i++) {
    length[i] = (uint8_t)(bits >> (56 - 8 * i));
  }
  seep_sha256_add(sha, padding, count);
  seep_sha256_add(sha, length, sizeof length);
}

const char *seep_sha256_text(seep_sha256 *sha, char out[SEEP_SHA256_TEXT_SIZE])
{
  static const char digits[] = "0123456789abcdef";
  pad(sha);
  for (size_t i = 0; i < SEEP_SHA256_TEXT_SIZE - 1; i++) {
    out[i] = digits[sha->state[i / 8] >> (28 - 4 * (i % 8)) & 0xFu];
  }
  out[SEEP_SHA256_TEXT_SIZE - 1] = '\0';
  return out;
}
