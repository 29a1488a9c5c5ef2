/*
 * Packs bytes as compressed trace files do: plain LZ77 of MS-XCA (reference: etl-format, 1.2). Shares no code
 * with the reader of lib/trace.
 */
#ifndef STANDIN_ETL_XPRESS_H
#define STANDIN_ETL_XPRESS_H

#include <stddef.h>
#include <stdint.h>

/* An etl_writer_pack: the size of what it wrote, 0 when capacity is too small. size + size / 8 + 8 is always
 * enough. */
size_t etl_xpress_pack(const uint8_t *bytes, size_t size, uint8_t *out, size_t capacity);

#endif
