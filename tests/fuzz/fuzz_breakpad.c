/* seep_symbols_from_breakpad with the identity that the corpus' files have; look-ups in what comes out. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "trace/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const uint8_t guid[16] = {0xCB, 0xFA, 0xB9, 0x1E, 0xC7, 0x04, 0x5D, 0x3C,
                                   0xEA, 0x71, 0x60, 0x76, 0x4C, 0xD3, 0x33, 0xD0};
  seep_symbols *symbols = NULL;
  seep_symbol symbol;
  seep_error error = {.status = SEEP_OK};
  seep_status status = seep_symbols_from_breakpad(data, size, guid, 10, &symbols, &error);
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
