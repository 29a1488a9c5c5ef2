/*
 * Both directions walk through the same code, so that they cannot drift apart: `pass` codes a bit it is
 * given, or gives back the one it finds.
 *
 * A series is constant (one bit and a number), or each value is, in this order: the same as the one before;
 * one of the last few different ones (programs go to and fro between states); or a step from what the series'
 * predictor expects, whose size is coded under the size of the steps before it. The predictor is chosen by
 * the encoder for the whole series: the value before (walks), the level around which it swings (noise), the
 * line through the last two (ramps), or the middle between value and level (slow swings).
 */
#include "store/series_codec.h"

#include <string.h>

#define RECENT 6u
#define VALUE_MASK ((UINT64_C(1) << SEEP_SERIES_VALUE_BITS) - 1)

typedef struct coder {
  seep_bit_encoder *encoder; /* NULL: decoding */
  seep_bit_decoder *decoder;
  seep_series_models *models;
} coder;

static unsigned pass(coder *c, seep_bit_model *model, unsigned bit)
{
  if (c->encoder != NULL) {
    seep_bit_encode(c->encoder, model, bit);
    return bit;
  }
  return seep_bit_decode(c->decoder, model);
}

static uint64_t pass_plain(coder *c, uint64_t value, unsigned count)
{
  if (c->encoder != NULL) {
    seep_bit_encode_plain(c->encoder, value, count);
    return value;
  }
  return seep_bit_decode_plain(c->decoder, count);
}

static unsigned bit_length(uint64_t value)
{
  unsigned length = 0;
  for (; value >= 256; value >>= 8) {
    length += 8;
  }
  for (; value != 0; value >>= 1) {
    length++;
  }
  return length;
}

/* A number from 0 to 2^count - 1, most significant bit first; nodes has 2^count models. */
static unsigned pass_tree(coder *c, seep_bit_model *nodes, unsigned count, unsigned value)
{
  unsigned node = 1;
  for (unsigned i = count; i-- > 0;) {
    node = node << 1 | pass(c, &nodes[node], value >> i & 1);
  }
  return node - (1u << count);
}

#define SEEN_BELOW 3u

static uint64_t pass_number(coder *c, seep_bit_model *lengths, seep_bit_model (*below)[8], uint64_t value)
{
  unsigned length = pass_tree(c, lengths, 6, bit_length(value));
  if (length > SEEP_SERIES_VALUE_BITS + 1) {
    length = SEEP_SERIES_VALUE_BITS + 1;
  }
  if (length < 2) {
    return length;
  }
  unsigned rest = length - 1;
  unsigned seen = rest < SEEN_BELOW ? rest : SEEN_BELOW;
  unsigned top = pass_tree(c, below[length], seen, (unsigned)(value >> (rest - seen)) & ((1u << seen) - 1));
  uint64_t number = UINT64_C(1) << rest | (uint64_t)top << (rest - seen);
  if (rest > seen) {
    uint64_t mask = (UINT64_C(1) << (rest - seen)) - 1;
    number |= pass_plain(c, value & mask, rest - seen) & mask;
  }
  return number;
}

/* ---- prediction ---- */

typedef enum predictor { FROM_LAST = 0, FROM_LEVEL, FROM_LINE, FROM_MIDDLE, PREDICTORS } predictor;

typedef struct past {
  uint64_t last, before;
  int64_t level;           /* 256 times the slowly moving mean */
  uint64_t recent[RECENT]; /* different values before the last, newest first */
  unsigned recent_count;
  unsigned same;  /* a bit for each of the last polls: the value stayed */
  unsigned known; /* the same for "one of the recent" */
  unsigned signs; /* base 3: 0 none, 1 up, 2 down */
  unsigned scale; /* 16 times the mean length of the last steps */
} past;

static void past_init(past *p, uint64_t first)
{
  memset(p, 0, sizeof *p);
  p->last = first;
  p->before = first;
  p->level = (int64_t)(first * 256);
  p->scale = 6 * 16;
}

static uint64_t expect(const past *p, predictor how)
{
  int64_t guess = (int64_t)p->last;
  int64_t level = p->level / 256;
  if (how == FROM_LEVEL) {
    guess = level;
  } else if (how == FROM_LINE) {
    guess += (int64_t)p->last - (int64_t)p->before;
  } else if (how == FROM_MIDDLE) {
    guess = ((int64_t)p->last + level) / 2;
  }
  return guess < 0 ? 0 : (uint64_t)guess;
}

static void remember(past *p, uint64_t value)
{
  unsigned i = 0;
  while (i < p->recent_count && p->recent[i] != value) {
    i++;
  }
  if (i == p->recent_count && p->recent_count < RECENT) {
    p->recent_count++;
  } else if (i == RECENT) {
    i--;
  }
  for (; i > 0; i--) {
    p->recent[i] = p->recent[i - 1];
  }
  p->recent[0] = p->last;
}

static void advance(past *p, uint64_t value)
{
  p->same = (p->same << 1 | (value == p->last)) & 63;
  if (value != p->last) {
    remember(p, value);
  }
  p->level += ((int64_t)(value * 256) - p->level) / 8;
  p->before = p->last;
  p->last = value;
}

static void note_step(past *p, uint64_t size, unsigned negative)
{
  p->scale += bit_length(size) * 4;
  p->scale -= p->scale / 5 + (p->scale % 5 > 2);
  p->signs = (p->signs * 3 + (size == 0 ? 0 : 1 + negative)) % 9;
}

/* ---- one series ---- */

static unsigned ones(unsigned bits)
{
  unsigned count = 0;
  for (; bits != 0; bits &= bits - 1) {
    count++;
  }
  return count;
}

/* The place of value among the recent ones, RECENT when it is not there. */
static unsigned find_recent(const past *p, uint64_t value)
{
  for (unsigned i = 0; i < p->recent_count; i++) {
    if (p->recent[i] == value) {
      return i;
    }
  }
  return RECENT;
}

static uint64_t pass_step(coder *c, past *p, predictor how, uint64_t value)
{
  seep_series_models *m = c->models;
  uint64_t expected = expect(p, how);
  uint64_t size = value > expected ? value - expected : expected - value;
  unsigned negative = value < expected;
  unsigned scale = p->scale / 16;
  scale = scale < SEEP_SERIES_SCALES ? scale : SEEP_SERIES_SCALES - 1;
  size = pass_number(c, m->length[scale], m->step.below, size);
  if (size != 0) {
    negative = pass(c, &m->negative[p->signs * 4 + (unsigned)how], negative);
  }
  note_step(p, size, negative);
  return (negative ? expected - size : expected + size) & VALUE_MASK;
}

static uint64_t pass_value(coder *c, past *p, predictor how, uint64_t value)
{
  seep_series_models *m = c->models;
  unsigned kind = p->recent_count == 0 ? 0 : p->recent_count < RECENT ? 1 : 2;
  unsigned context = (p->same & 7) * 8 + ones(p->same);
  if (pass(c, &m->same[context * 3 + kind], value == p->last)) {
    return p->last;
  }
  if (p->recent_count > 0) {
    unsigned place = find_recent(p, value);
    unsigned known = pass(c, &m->known[(p->known & 15) * 3 + kind], place < RECENT);
    p->known = p->known << 1 | known;
    if (known) {
      place = pass_tree(c, m->which, 3, place);
      return p->recent[place < RECENT ? place : RECENT - 1];
    }
  }
  return pass_step(c, p, how, value);
}

static void pass_series(coder *c, predictor how, const uint64_t *given, uint64_t *found, size_t count)
{
  seep_series_models *m = c->models;
  size_t same = 1;
  while (given != NULL && same < count && given[same] == given[0]) {
    same++;
  }
  uint64_t value = given != NULL ? given[0] & VALUE_MASK : 0;
  value = pass_number(c, m->first.length, m->first.below, value) & VALUE_MASK;
  bool constant = count > 1 ? pass(c, &m->constant, same == count) != 0 : true;
  how = constant ? how : (predictor)pass_tree(c, m->predictor, 2, how);
  past p;
  past_init(&p, value);
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && !constant) {
      value = pass_value(c, &p, how, given != NULL ? given[i] & VALUE_MASK : 0);
      advance(&p, value);
    }
    if (found != NULL) {
      found[i] = value;
    }
  }
}

/* The predictor whose steps have the fewest bits, over the values that will be coded as steps. */
static predictor choose(const uint64_t *values, size_t count)
{
  uint64_t bits[PREDICTORS] = {0};
  past p;
  past_init(&p, values[0] & VALUE_MASK);
  for (size_t i = 1; i < count; i++) {
    uint64_t value = values[i] & VALUE_MASK;
    if (value != p.last && find_recent(&p, value) == RECENT) {
      for (unsigned how = 0; how < PREDICTORS; how++) {
        uint64_t expected = expect(&p, (predictor)how);
        /* Twice the length, and one more for the upper half: half bits are enough to choose by. */
        uint64_t size = value > expected ? value - expected : expected - value;
        unsigned length = bit_length(size);
        bits[how] += 2 * length + (length > 1 && (size >> (length - 2) & 1));
      }
    }
    advance(&p, value);
  }
  predictor best = FROM_LAST;
  for (unsigned how = 1; how < PREDICTORS; how++) {
    best = bits[how] < bits[best] ? (predictor)how : best;
  }
  return best;
}

/* Both structs are nothing but models. */
void seep_series_models_init(seep_series_models *models)
{
  seep_bit_model_init((seep_bit_model *)models, sizeof *models / sizeof(seep_bit_model));
}

void seep_series_number_init(seep_series_number *number)
{
  seep_bit_model_init((seep_bit_model *)number, sizeof *number / sizeof(seep_bit_model));
}

void seep_series_encode_number(seep_bit_encoder *encoder, seep_series_number *number, uint64_t value)
{
  coder c = {encoder, NULL, NULL};
  pass_number(&c, number->length, number->below, value & VALUE_MASK);
}

uint64_t seep_series_decode_number(seep_bit_decoder *decoder, seep_series_number *number)
{
  coder c = {NULL, decoder, NULL};
  return pass_number(&c, number->length, number->below, 0) & VALUE_MASK;
}

void seep_series_encode(seep_bit_encoder *encoder, seep_series_models *models, const uint64_t *values,
                        size_t count)
{
  coder c = {encoder, NULL, models};
  if (count > 0) {
    pass_series(&c, choose(values, count), values, NULL, count);
  }
}

void seep_series_decode(seep_bit_decoder *decoder, seep_series_models *models, uint64_t *values, size_t count)
{
  coder c = {NULL, decoder, models};
  if (count > 0) {
    pass_series(&c, FROM_LAST, NULL, values, count);
  }
}
