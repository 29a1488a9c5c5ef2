/*
 * Any bytes as a CSV of samples: the decoder gets on, stays in its window, keeps its promises about a row,
 * and finds the same whether it sees the text at once or piece by piece. The first byte chooses the pieces.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "observe/samples_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
  if (!truth) {
    abort();
  }
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
  const uint8_t *at = bytes;
  for (size_t i = 0; i < size; i++) {
    hash = (hash ^ at[i]) * UINT64_C(0x100000001B3);
  }
  return hash;
}

static uint64_t mix_number(uint64_t hash, uint64_t number)
{
  return mix(hash, &number, sizeof number);
}

static uint64_t mix_row(uint64_t hash, const seep_samples_csv_row *row)
{
  require(row->process_bytes > 0 && row->process_bytes <= SEEP_SAMPLES_CSV_NAME_BYTES);
  require(memchr(row->process, '\0', row->process_bytes) == NULL);
  require(!row->has_created || row->created < UINT64_C(1) << 63);
  hash = mix(hash, row->process, row->process_bytes);
  hash = mix_number(hash, (uint64_t)row->wall.ms);
  hash = mix_number(hash, (uint64_t)row->running_ms);
  hash = mix_number(hash, row->pid);
  return mix_number(hash, row->commit_bytes);
}

/* A number that stands for all that was found. */
static uint64_t read_all(const char *text, size_t size, size_t step)
{
  static seep_samples_csv csv;
  uint64_t hash = UINT64_C(0xCBF29CE484222325), lines = 0;
  size_t at = 0, end = step < size ? step : size;
  seep_samples_csv_init(&csv);
  for (;;) {
    size_t used = 0;
    seep_samples_csv_row row;
    seep_samples_csv_found found = seep_samples_csv_next(&csv, text + at, end - at, end == size, &used, &row);
    require(used <= end - at);
    at += used;
    if (found == SEEP_SAMPLES_CSV_MORE) {
      require(end < size && end - at <= SEEP_SAMPLES_CSV_ROW_BYTES);
      end = size - end > step ? end + step : size;
      continue;
    }
    hash = mix_number(hash, (uint64_t)found);
    if (found == SEEP_SAMPLES_CSV_END) {
      require(at == size);
      return hash;
    }
    require(csv.reason != NULL || found == SEEP_SAMPLES_CSV_ROW);
    if (found == SEEP_SAMPLES_CSV_BAD_HEADER) {
      return mix(hash, csv.reason, strlen(csv.reason));
    }
    require(csv.line > lines);
    lines = csv.line;
    hash = found == SEEP_SAMPLES_CSV_ROW ? mix_row(hash, &row) : mix(hash, csv.reason, strlen(csv.reason));
    hash = mix_number(hash, csv.line);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0) {
    return 0;
  }
  const char *text = (const char *)data + 1;
  size_t step = (size_t)data[0] + 1 + size / 256; /* a row is looked at anew whenever its window grows */
  require(read_all(text, size - 1, size) == read_all(text, size - 1, step));
  return 0;
}
