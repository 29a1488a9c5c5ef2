/* Gathers polls into columns and packs them. A block is packed at once, when all of its polls are there. */
#include "store/block_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "store/varint.h"

#define VALUE_MAXIMUM ((INT64_C(1) << SEEP_SERIES_VALUE_BITS) - 1)

typedef struct column {
  int64_t row;
  unsigned first, count;
  size_t at; /* its values begin at pages[at * polls] */
} column;

struct seep_block_builder {
  unsigned polls, filled;
  seep_block_time times[SEEP_BLOCK_MAXIMUM_POLLS];
  column *columns;
  uint64_t *pages;
  size_t count, capacity;
  size_t *present, *next; /* columns of the poll before and of this one, by row */
  size_t present_count, present_capacity;
};

seep_block_builder *seep_block_builder_new(unsigned polls)
{
  if (polls == 0 || polls > SEEP_BLOCK_MAXIMUM_POLLS) {
    return NULL;
  }
  seep_block_builder *builder = calloc(1, sizeof *builder);
  if (builder != NULL) {
    builder->polls = polls;
  }
  return builder;
}

void seep_block_builder_free(seep_block_builder *builder)
{
  if (builder != NULL) {
    free(builder->columns);
    free(builder->pages);
    free(builder->present);
    free(builder->next);
    free(builder);
  }
}

static bool reserve_columns(seep_block_builder *builder, size_t needed)
{
  if (needed <= builder->capacity) {
    return true;
  }
  size_t capacity = needed + needed / 4 + 32;
  void *columns = builder->columns, *pages = builder->pages;
  bool ok = seep_array_resize(&columns, capacity, sizeof *builder->columns);
  ok = ok && seep_array_resize(&pages, capacity, builder->polls * sizeof *builder->pages);
  builder->columns = columns;
  builder->pages = pages;
  builder->capacity = ok ? capacity : builder->capacity;
  return ok;
}

static bool reserve_present(seep_block_builder *builder, size_t needed)
{
  if (needed <= builder->present_capacity && builder->present != NULL) {
    return true;
  }
  size_t capacity = needed + needed / 4 + 32;
  void *present = builder->present, *next = builder->next;
  bool ok = seep_array_resize(&present, capacity, sizeof *builder->present);
  ok = ok && seep_array_resize(&next, capacity, sizeof *builder->next);
  builder->present = present;
  builder->next = next;
  builder->present_capacity = ok ? capacity : builder->present_capacity;
  return ok;
}

/* How many of the entries the poll before did not have. */
static size_t count_new(const seep_block_builder *builder, const seep_poll_entry *entries, size_t count)
{
  size_t fresh = 0, before = 0;
  for (size_t e = 0; e < count; e++) {
    while (before < builder->present_count &&
           builder->columns[builder->present[before]].row < entries[e].row) {
      before++;
    }
    fresh +=
        before == builder->present_count || builder->columns[builder->present[before]].row != entries[e].row;
  }
  return fresh;
}

static void take_entry(seep_block_builder *builder, size_t *before, size_t e, const seep_poll_entry *entry)
{
  while (*before < builder->present_count && builder->columns[builder->present[*before]].row < entry->row) {
    (*before)++;
  }
  size_t at = builder->count;
  if (*before < builder->present_count && builder->columns[builder->present[*before]].row == entry->row) {
    at = builder->present[(*before)++];
  } else {
    builder->columns[builder->count++] = (column){entry->row, builder->filled, 0, at};
  }
  builder->pages[at * builder->polls + builder->columns[at].count++] = entry->pages;
  builder->next[e] = at;
}

seep_status seep_block_builder_add(seep_block_builder *builder, const seep_block_time *time,
                                   const seep_poll_entry *entries, size_t count, seep_error *error)
{
  if (builder->filled == builder->polls) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "pack polls", NULL);
  }
  if (!reserve_columns(builder, builder->count + count_new(builder, entries, count)) ||
      !reserve_present(builder, count)) {
    return seep_error_set(error, SEEP_NO_MEMORY, SEEP_DOMAIN_NONE, 0, "pack polls", NULL);
  }
  size_t before = 0;
  for (size_t e = 0; e < count; e++) {
    take_entry(builder, &before, e, &entries[e]);
  }
  size_t *spare = builder->present;
  builder->present = builder->next;
  builder->next = spare;
  builder->present_count = count;
  builder->times[builder->filled++] = *time;
  return SEEP_OK;
}

static int compare_columns(const void *a, const void *b)
{
  const column *left = a, *right = b;
  if (left->row != right->row) {
    return left->row < right->row ? -1 : 1;
  }
  return (left->first > right->first) - (left->first < right->first);
}

static uint64_t limited(int64_t value)
{
  return value < 0 ? 0 : value > VALUE_MAXIMUM ? (uint64_t)VALUE_MAXIMUM : (uint64_t)value;
}

static size_t encode_times(const seep_block_builder *builder, seep_block_models *models, uint64_t *values,
                           uint8_t *out, size_t size)
{
  seep_bit_encoder encoder;
  seep_block__models_init(models);
  seep_bit_encoder_init(&encoder, out, size);
  for (unsigned i = 0; i < builder->filled; i++) {
    values[i] = limited(builder->times[i].wall_ms);
  }
  seep_series_encode(&encoder, &models->series, values, builder->filled);
  for (unsigned i = 0; i < builder->filled; i++) {
    values[i] = builder->times[i].elapsed_ms < 0 ? 0 : limited(builder->times[i].elapsed_ms) + 1;
  }
  seep_series_models_init(&models->series);
  seep_series_encode(&encoder, &models->series, values, builder->filled);
  for (unsigned i = 0; i < builder->filled; i++) {
    values[i] = builder->times[i].after_gap;
  }
  seep_series_models_init(&models->series);
  seep_series_encode(&encoder, &models->series, values, builder->filled);
  return seep_bit_encoder_finish(&encoder);
}

static size_t encode_group(const seep_block_builder *builder, seep_block_models *models, size_t first,
                           size_t count, uint8_t *out, size_t size)
{
  seep_bit_encoder encoder;
  int64_t row = builder->columns[first].row;
  seep_block__models_init(models);
  seep_bit_encoder_init(&encoder, out, size);
  for (size_t i = first; i < first + count; i++) {
    const column *c = &builder->columns[i];
    bool whole = c->count == builder->filled;
    seep_series_encode_number(&encoder, &models->step, (uint64_t)(c->row - row));
    row = c->row;
    seep_bit_encode(&encoder, &models->whole, whole);
    if (!whole) {
      seep_series_encode_number(&encoder, &models->first, c->first);
      seep_series_encode_number(&encoder, &models->count, c->count);
    }
    seep_series_encode(&encoder, &models->series, builder->pages + c->at * builder->polls, c->count);
  }
  return seep_bit_encoder_finish(&encoder);
}

static size_t put_u32(uint8_t *out, uint32_t value)
{
  for (unsigned i = 0; i < 4; i++) {
    out[i] = (uint8_t)(value >> (8 * i));
  }
  return 4;
}

/* Scratch memory of one packing, all allocated before the work. */
typedef struct packing {
  seep_block_models *models;
  uint64_t *values;
  uint8_t *body, *head, *checks;
  size_t body_size, body_length, head_length, checks_length;
} packing;

static void packing_fini(packing *p)
{
  free(p->models);
  free(p->values);
  free(p->body);
  free(p->head);
  free(p->checks);
}

static bool packing_init(packing *p, const seep_block_builder *builder, size_t groups, size_t body_size)
{
  memset(p, 0, sizeof *p);
  p->body_size = body_size;
  p->models = malloc(sizeof *p->models);
  p->values = malloc(builder->filled * sizeof *p->values);
  p->body = malloc(p->body_size);
  p->head = malloc(8 + (groups + 1) * 3 * SEEP_VARINT_BYTES + (groups + 2) * SEEP_BLOCK_CHECK_BYTES);
  p->checks = malloc((groups + 1) * SEEP_BLOCK_CHECK_BYTES);
  return p->models != NULL && p->values != NULL && p->body != NULL && p->head != NULL && p->checks != NULL;
}

static void pack_part(packing *p, size_t length)
{
  p->checks_length +=
      put_u32(p->checks + p->checks_length, seep_block__check(p->body + p->body_length, length));
  p->head_length += seep_varint_put(p->head + p->head_length, length);
  p->body_length += length;
}

static bool pack(packing *p, const seep_block_builder *builder, size_t groups)
{
  p->head[p->head_length++] = SEEP_BLOCK_FORMAT;
  p->head_length += seep_varint_put(p->head + p->head_length, builder->filled);
  size_t length = encode_times(builder, p->models, p->values, p->body, p->body_size);
  if (length > p->body_size) {
    return false;
  }
  pack_part(p, length);
  p->head_length += seep_varint_put(p->head + p->head_length, groups);
  int64_t row = SEEP_POLL_FIRST_ROW;
  for (size_t first = 0; first < builder->count; first += SEEP_BLOCK_GROUP) {
    size_t count = builder->count - first < SEEP_BLOCK_GROUP ? builder->count - first : SEEP_BLOCK_GROUP;
    size_t room = p->body_size - p->body_length;
    length = encode_group(builder, p->models, first, count, p->body + p->body_length, room);
    if (length > room) {
      return false;
    }
    p->head_length +=
        seep_varint_put(p->head + p->head_length, (uint64_t)(builder->columns[first].row - row));
    p->head_length += seep_varint_put(p->head + p->head_length, count);
    pack_part(p, length);
    row = builder->columns[first].row;
  }
  memcpy(p->head + p->head_length, p->checks, p->checks_length);
  p->head_length += p->checks_length;
  p->head_length += put_u32(p->head + p->head_length, seep_block__check(p->head, p->head_length));
  return true;
}

/* Whether it fitted; status tells of memory alone. */
static bool pack_into(const seep_block_builder *builder, size_t body_size, uint8_t **bytes, size_t *size,
                      seep_status *status)
{
  size_t groups = (builder->count + SEEP_BLOCK_GROUP - 1) / SEEP_BLOCK_GROUP;
  packing p;
  bool ready = packing_init(&p, builder, groups, body_size);
  bool fitted = ready && pack(&p, builder, groups);
  uint8_t *out = fitted ? malloc(p.head_length + p.body_length) : NULL;
  if (out != NULL) {
    memcpy(out, p.head, p.head_length);
    memcpy(out + p.head_length, p.body, p.body_length);
    *bytes = out;
    *size = p.head_length + p.body_length;
  }
  *status = ready && (out != NULL || !fitted) ? SEEP_OK : SEEP_NO_MEMORY;
  packing_fini(&p);
  return fitted;
}

seep_status seep_block_builder_finish(seep_block_builder *builder, uint8_t **bytes, size_t *size,
                                      seep_error *error)
{
  size_t values = 0;
  seep_status status = SEEP_OK;
  for (size_t i = 0; i < builder->count; i++) {
    values += builder->columns[i].count;
  }
  if (builder->count > SEEP_BLOCK_MAXIMUM_GROUPS * SEEP_BLOCK_GROUP || values > SEEP_BLOCK_MAXIMUM_VALUES) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_NONE, 0, "pack polls", NULL);
  }
  values += 4 * builder->count + 3 * (size_t)builder->filled;
  if (builder->count > 0) {
    qsort(builder->columns, builder->count, sizeof *builder->columns, compare_columns);
  }
  bool fitted = false;
  /* A byte a value is four times what it usually takes. */
  for (size_t room = values + 4096; !fitted && status == SEEP_OK; room *= 2) {
    fitted = pack_into(builder, room, bytes, size, &status);
  }
  return status == SEEP_OK ? SEEP_OK : seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "pack polls", NULL);
}
