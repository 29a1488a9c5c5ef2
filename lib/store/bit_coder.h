/*
 * An adaptive binary arithmetic coder: each bit is coded at the cost that its own model has learned, so what
 * is predictable costs next to nothing. Pure; memory is the caller's. The decoder never reads beyond its
 * bytes: what is missing reads as zeros. Bytes that no encoder made decode to some bits or others; whoever
 * stores them guards them with a checksum.
 */
#ifndef SEEP_STORE_BIT_CODER_H
#define SEEP_STORE_BIT_CODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How likely a one is, in 1/65536, and how often it has been asked (up to a limit). All zero is not a valid
 * model: use init. */
typedef struct seep_bit_model {
  uint16_t one;
  uint16_t seen;
} seep_bit_model;

void seep_bit_model_init(seep_bit_model *models, size_t count);

typedef struct seep_bit_encoder {
  uint8_t *out;
  size_t size, length; /* length goes on counting when out is full */
  uint64_t low;
  uint32_t range;
  uint64_t pending; /* bytes held back until a carry can no longer change them */
  uint8_t held;
  bool started;
} seep_bit_encoder;

void seep_bit_encoder_init(seep_bit_encoder *encoder, uint8_t *out, size_t size);
void seep_bit_encode(seep_bit_encoder *encoder, seep_bit_model *model, unsigned bit);

/* The low `count` bits of value, most significant first, at one bit each; count <= 64. */
void seep_bit_encode_plain(seep_bit_encoder *encoder, uint64_t value, unsigned count);

/* Bytes written in all; more than size: they did not fit and are worthless. */
size_t seep_bit_encoder_finish(seep_bit_encoder *encoder);

typedef struct seep_bit_decoder {
  const uint8_t *in;
  size_t size, at;
  uint32_t range, code;
} seep_bit_decoder;

void seep_bit_decoder_init(seep_bit_decoder *decoder, const uint8_t *in, size_t size);
unsigned seep_bit_decode(seep_bit_decoder *decoder, seep_bit_model *model);
uint64_t seep_bit_decode_plain(seep_bit_decoder *decoder, unsigned count);

#endif
