/* seep_symbols_from_pe; the identity is whatever the file says, so that all of it is read. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "trace/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  seep_symbols *symbols = NULL;
  seep_symbol symbol;
  seep_error error = {.status = SEEP_OK};
  seep_cursor file;
  seep_cursor_init(&file, data, size);
  uint32_t timestamp = seep_cursor_u32_at(&file, (size_t)seep_cursor_u32_at(&file, 0x3C) + 8);
  seep_status status = seep_symbols_from_pe(data, size, timestamp != 0 ? timestamp : 1, 0, &symbols, &error);
  if ((status == SEEP_OK) != (symbols != NULL) || error.status != status) {
    abort();
  }
  for (uint32_t offset = 0; symbols != NULL && offset < 0x10000; offset += 97) {
    if (seep_symbols_find(symbols, offset, &symbol) && (symbol.name[0] == '\0' || symbol.offset > offset)) {
      abort();
    }
  }
  seep_symbols_free(symbols);
  return 0;
}
