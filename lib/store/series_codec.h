/*
 * One process's commits over the polls of a block, as bits. The models are shared by the series of a group,
 * which are coded one after the other: what one has taught serves the next. Pure.
 */
#ifndef SEEP_STORE_SERIES_CODEC_H
#define SEEP_STORE_SERIES_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "store/bit_coder.h"

/* Values are below this: pages of 4096 bytes of a 64-bit space. */
#define SEEP_SERIES_VALUE_BITS 52u

#define SEEP_SERIES_SCALES 24u /* of recent changes, in powers of two */
#define SEEP_SERIES_NUMBER_NODES 64u

/* Models of a whole number: its length in bits, chosen in a tree, and the bits right below the leading one.
 */
typedef struct seep_series_number {
  seep_bit_model length[SEEP_SERIES_NUMBER_NODES];
  seep_bit_model below[SEEP_SERIES_VALUE_BITS + 2][8];
} seep_series_number;

typedef struct seep_series_models {
  seep_bit_model constant;
  seep_bit_model predictor[4];
  seep_bit_model same[64 * 3];
  seep_bit_model known[16 * 3];
  seep_bit_model which[8];
  seep_bit_model negative[9 * 4];
  seep_series_number first;
  seep_bit_model length[SEEP_SERIES_SCALES][SEEP_SERIES_NUMBER_NODES];
  seep_series_number step;
} seep_series_models;

void seep_series_models_init(seep_series_models *models);

void seep_series_number_init(seep_series_number *number);

/* A whole number below 2^SEEP_SERIES_VALUE_BITS on its own. */
void seep_series_encode_number(seep_bit_encoder *encoder, seep_series_number *number, uint64_t value);
uint64_t seep_series_decode_number(seep_bit_decoder *decoder, seep_series_number *number);

/* Values beyond SEEP_SERIES_VALUE_BITS are cut. count 0 codes nothing. */
void seep_series_encode(seep_bit_encoder *encoder, seep_series_models *models, const uint64_t *values,
                        size_t count);

/* Fills values whatever the bytes are; values decoded from bytes that no encoder made mean nothing. */
void seep_series_decode(seep_bit_decoder *decoder, seep_series_models *models, uint64_t *values,
                        size_t count);

#endif
