/*
 * The range coder that Martin (1979) described, in the carry-propagating form with a 32-bit range. The models
 * learn fast at first and slowly later: a model seen n times moves by about 1/(n + 1.5) of its error, down to
 * 1/64.
 */
#include "store/bit_coder.h"

#define TOP (UINT32_C(1) << 24)
#define EVEN 32768u
#define LEARNED 62u
#define CEILING 65440u /* a model never becomes certain */
#define FLOOR_PROBABILITY 96u

/* 65536 / (n + 1.6) */
static uint32_t step_of(unsigned seen)
{
  return 655360u / (seen * 10u + 16u);
}

void seep_bit_model_init(seep_bit_model *models, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    models[i].one = EVEN;
    models[i].seen = 0;
  }
}

static void learn(seep_bit_model *model, unsigned bit)
{
  uint32_t step = step_of(model->seen);
  uint32_t one = model->one;
  if (bit != 0) {
    one += ((CEILING - one) * step) >> 16;
  } else {
    one -= ((one - FLOOR_PROBABILITY) * step) >> 16;
  }
  model->one = (uint16_t)one;
  if (model->seen < LEARNED) {
    model->seen++;
  }
}

/* ---- encoder ---- */

void seep_bit_encoder_init(seep_bit_encoder *encoder, uint8_t *out, size_t size)
{
  *encoder = (seep_bit_encoder){.out = out, .size = size, .range = UINT32_MAX};
}

static void put(seep_bit_encoder *encoder, uint8_t byte)
{
  if (encoder->length < encoder->size) {
    encoder->out[encoder->length] = byte;
  }
  encoder->length++;
}

/* Moves the top byte of low out. A byte of 0xFF may still become 0x00 by a carry, with one more before it. */
static void shift_low(seep_bit_encoder *encoder)
{
  if (encoder->low < UINT64_C(0xFF000000) || encoder->low > UINT32_MAX) {
    uint8_t carry = (uint8_t)(encoder->low >> 32);
    if (encoder->started) {
      put(encoder, (uint8_t)(encoder->held + carry));
    }
    encoder->started = true;
    for (; encoder->pending > 0; encoder->pending--) {
      put(encoder, (uint8_t)(0xFF + carry));
    }
    encoder->held = (uint8_t)(encoder->low >> 24);
  } else {
    encoder->pending++;
  }
  encoder->low = (encoder->low & 0x00FFFFFF) << 8;
}

static void normalize_encoder(seep_bit_encoder *encoder)
{
  while (encoder->range < TOP) {
    encoder->range <<= 8;
    shift_low(encoder);
  }
}

void seep_bit_encode(seep_bit_encoder *encoder, seep_bit_model *model, unsigned bit)
{
  uint32_t bound = (encoder->range >> 16) * model->one;
  if (bit != 0) {
    encoder->range = bound;
  } else {
    encoder->low += bound;
    encoder->range -= bound;
  }
  learn(model, bit);
  normalize_encoder(encoder);
}

void seep_bit_encode_plain(seep_bit_encoder *encoder, uint64_t value, unsigned count)
{
  while (count > 0) {
    unsigned part = count < 16 ? count : 16;
    count -= part;
    encoder->range >>= part;
    encoder->low += (uint64_t)encoder->range * ((value >> count) & ((UINT32_C(1) << part) - 1));
    normalize_encoder(encoder);
  }
}

size_t seep_bit_encoder_finish(seep_bit_encoder *encoder)
{
  /* Any number in [low, low + range) will do: the one that ends in the most zero bytes, which the decoder
   * reads past the end anyway. */
  uint64_t high = encoder->low + encoder->range - 1;
  uint64_t value = high;
  for (unsigned bits = 32; bits > 0; bits -= 8) {
    uint64_t rounded = high >> bits << bits;
    if (rounded >= encoder->low) {
      value = rounded;
      break;
    }
  }
  encoder->low = value;
  for (unsigned i = 0; i < 5; i++) {
    shift_low(encoder);
  }
  size_t length = encoder->length;
  if (length <= encoder->size) {
    while (length > 0 && encoder->out[length - 1] == 0) {
      length--;
    }
  }
  return length;
}

/* ---- decoder ---- */

static uint8_t next_byte(seep_bit_decoder *decoder)
{
  return decoder->at < decoder->size ? decoder->in[decoder->at++] : 0;
}

void seep_bit_decoder_init(seep_bit_decoder *decoder, const uint8_t *in, size_t size)
{
  *decoder = (seep_bit_decoder){.in = in, .size = size, .range = UINT32_MAX};
  for (unsigned i = 0; i < 4; i++) {
    decoder->code = decoder->code << 8 | next_byte(decoder);
  }
}

static void normalize_decoder(seep_bit_decoder *decoder)
{
  while (decoder->range < TOP) {
    decoder->range <<= 8;
    decoder->code = decoder->code << 8 | next_byte(decoder);
  }
}

unsigned seep_bit_decode(seep_bit_decoder *decoder, seep_bit_model *model)
{
  uint32_t bound = (decoder->range >> 16) * model->one;
  unsigned bit = decoder->code < bound;
  if (bit != 0) {
    decoder->range = bound;
  } else {
    decoder->code -= bound;
    decoder->range -= bound;
  }
  learn(model, bit);
  normalize_decoder(decoder);
  return bit;
}

uint64_t seep_bit_decode_plain(seep_bit_decoder *decoder, unsigned count)
{
  uint64_t value = 0;
  while (count > 0) {
    unsigned part = count < 16 ? count : 16;
    count -= part;
    decoder->range >>= part;
    uint32_t chunk = decoder->code / decoder->range;
    uint32_t highest = (UINT32_C(1) << part) - 1;
    chunk = chunk < highest ? chunk : highest; /* only bytes that no encoder made go beyond */
    decoder->code -= chunk * decoder->range;
    value = value << part | chunk;
    normalize_decoder(decoder);
  }
  return value;
}
