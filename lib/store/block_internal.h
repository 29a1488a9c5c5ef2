/* Shared by block.c (reading) and block_builder.c (making) alone: what both must agree upon. */
#ifndef SEEP_STORE_BLOCK_INTERNAL_H
#define SEEP_STORE_BLOCK_INTERNAL_H

#include "store/block.h"
#include "store/series_codec.h"

#define SEEP_BLOCK_FORMAT 4u
#define SEEP_BLOCK_CHECK_BYTES 4u
#define SEEP_BLOCK_MAXIMUM_GROUPS 32768u /* eight polls of the most processes, all different */

/* What is learned while a group is coded. */
typedef struct seep_block_models {
  seep_series_models series;
  seep_series_number step, first, count;
  seep_bit_model whole;
} seep_block_models;

void seep_block__models_init(seep_block_models *models);

/* CRC-32. */
uint32_t seep_block__check(const uint8_t *bytes, size_t size);

#endif
