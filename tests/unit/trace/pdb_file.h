/* Makes PDBs with what the fixtures have not: any streams, blocks of any size, scattered and out of order. */
#ifndef TEST_TRACE_PDB_FILE_H
#define TEST_TRACE_PDB_FILE_H

#include <stdint.h>

#include "unit/trace/memory_file.h"

#define PDB_FILE_STREAMS 12
#define PDB_FILE_AGE 7u      /* the DBI's */
#define PDB_FILE_OWN_AGE 9u  /* stream 1's */
#define PDB_FILE_SECTION 40u /* bytes of a section header */

/* Streams by number. */
enum { PDB_FILE_RECORDS = 4, PDB_FILE_SECTIONS, PDB_FILE_OMAP, PDB_FILE_ORIGINAL, PDB_FILE_MODULE };

typedef struct pdb_stream {
  uint8_t *bytes; /* owned */
  size_t size, capacity;
  uint32_t said_bytes; /* 0: size; what the directory says otherwise */
} pdb_stream;

typedef struct pdb_file {
  pdb_stream streams[PDB_FILE_STREAMS];
  uint32_t block_bytes;
  uint32_t padding_streams; /* empty ones and deleted ones behind them */
} pdb_file;

extern const uint8_t pdb_file_guid[16];

/* All streams as far as they are the same for every test. has_omap: with streams OMAP and ORIGINAL.
 * has_module: one module, whose symbols are stream MODULE. */
void pdb_file_begin(pdb_file *file, uint32_t block_bytes, int has_omap, int has_module);
void pdb_file_section(pdb_file *file, unsigned stream, uint32_t start, uint32_t bytes);
void pdb_file_omap(pdb_file *file, uint32_t from, uint32_t to);
void pdb_file_public(pdb_file *file, uint16_t section, uint32_t offset, uint32_t flags, const char *name);
void pdb_file_function(pdb_file *file, uint16_t kind, uint16_t section, uint32_t offset, uint32_t bytes,
                       const char *name);
void pdb_file_put(pdb_stream *stream, uint64_t value, size_t bytes);

/* The file; the streams are freed. */
memory_file pdb_file_end(pdb_file *file);

#endif
