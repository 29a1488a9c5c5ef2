/*
 * One poll after another. The first byte says what the rest is: a row as it is; a row whose checksum is put
 * right first, so that the code behind it is reached; or the material of two polls, of which the second must
 * come out of its row as it went in. The second byte gives the poll before.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "store/poll_row.h"

#define ROOM 300u
#define PAGES_MAXIMUM ((UINT64_C(1) << 52) - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
  if (!condition) {
    abort();
  }
}

static void check_rules(const seep_poll_entry *entries, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    require(entries[i].row >= SEEP_POLL_FIRST_ROW && entries[i].pages <= PAGES_MAXIMUM);
    require(i == 0 || entries[i - 1].row < entries[i].row);
  }
}

/* Encodes, and decodes into exactly the room that it needs, in a heap block of its own. */
static void round_trip(const seep_poll_entry *before, size_t before_count, const seep_poll_entry *entries,
                       size_t count)
{
  size_t bound = seep_poll_row_bound(before_count, count), read = 0;
  uint8_t *bytes = malloc(bound);
  seep_poll_entry *back = malloc(count > 0 ? count * sizeof *back : 1);
  require(bytes != NULL && back != NULL);
  size_t size = seep_poll_row_encode(before, before_count, entries, count, bytes);
  require(size <= bound && seep_poll_row_is_whole(bytes, size) == (before == NULL));
  require(seep_poll_row_decode(bytes, size, before, before_count, back, count, &read, NULL) == SEEP_OK);
  require(read == count);
  for (size_t i = 0; i < count; i++) {
    require(back[i].row == entries[i].row && back[i].pages == entries[i].pages);
  }
  free(bytes);
  free(back);
}

/* Three bytes an entry: the way from the row before, and the pages, now and then enormous. */
static size_t make_poll(const uint8_t *data, size_t size, seep_poll_entry *entries)
{
  int64_t row = SEEP_POLL_FIRST_ROW - 1;
  size_t count = 0;
  for (; size >= 3 && count < ROOM; size -= 3, data += 3, count++) {
    row += data[0] < 250 ? 1 + data[0] % 8 : (int64_t)1 << (data[0] - 250) * 6;
    uint64_t pages = (uint64_t)data[2] << 8 | data[1];
    entries[count] = (seep_poll_entry){row, data[2] >= 0xF8 ? PAGES_MAXIMUM - (pages & 0x7FF) : pages};
  }
  return count;
}

static void decode(const uint8_t *bytes, size_t size, const seep_poll_entry *before, size_t before_count)
{
  seep_poll_entry *back = malloc(ROOM * sizeof *back);
  size_t read = 0, again = 0;
  require(back != NULL);
  seep_status status = seep_poll_row_decode(bytes, size, before, before_count, back, ROOM, &read, NULL);
  if (status == SEEP_OK) {
    require(read <= ROOM);
    check_rules(back, read);
    round_trip(before, before_count, back, read);
    round_trip(NULL, 0, back, read);
    if (read > 0) {
      status = seep_poll_row_decode(bytes, size, before, before_count, back, read - 1, &again, NULL);
      require(status == SEEP_LIMIT);
    }
  } else {
    require(read == 0 && (status == SEEP_CORRUPT || status == SEEP_LIMIT));
  }
  free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static seep_poll_entry before[ROOM], entries[ROOM];
  size_t before_count = 0;
  if (size < 2 || size > 4096) {
    return 0;
  }
  if (data[0] % 3 == 2) {
    size_t first = (size - 2) * data[1] / 255;
    before_count = make_poll(data + 2, first, before);
    size_t count = make_poll(data + 2 + first, size - 2 - first, entries);
    round_trip(before, before_count, entries, count);
    return 0;
  }
  for (; before_count < data[1]; before_count++) {
    before[before_count] = (seep_poll_entry){(int64_t)before_count * 3 - 5, before_count * 1000};
  }
  size_t length = size - 2;
  uint8_t *bytes = malloc(length + 4);
  require(bytes != NULL);
  memcpy(bytes, data + 2, length);
  if (data[0] % 3 == 1 && length > 0) {
    bytes[0] = (uint8_t)(5 + (bytes[0] & 1));
    uint32_t check = (uint32_t)crc32(0, bytes, (uInt)length);
    for (unsigned i = 0; i < 4; i++) {
      bytes[length++] = (uint8_t)(check >> (8 * i));
    }
  }
  decode(bytes, length, before, before_count);
  free(bytes);
  return 0;
}
