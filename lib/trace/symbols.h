/*
 * Names for places in a module, from bytes of one of three kinds of file: a PDB (its public symbols), a
 * breakpad .sym, or the module itself (its exports, and where functions begin and end). A file counts only
 * when its identity is exactly the module's. All bytes are hostile (reference: etl-format, 4).
 */
#ifndef SEEP_TRACE_SYMBOLS_H
#define SEEP_TRACE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define SEEP_SYMBOL_KEY_SIZE 640

typedef struct seep_symbols seep_symbols; /* of one module; keeps what it needs: the bytes may go */

typedef struct seep_symbol {
  const char *name; /* as it stands in the file; lives as long as the symbols */
  uint64_t offset;  /* of the place asked for, from the symbol's start */
  bool is_guess;    /* an export that may be another function's */
} seep_symbol;

/* SEEP_OK; SEEP_CORRUPT with place; SEEP_UNSUPPORTED (MSFZ, old PDB 2.00); SEEP_NOT_FOUND: it is another
 * module's file; SEEP_NO_MEMORY; SEEP_LIMIT: more symbols than anybody has. *symbols is NULL but for OK. */
seep_status seep_symbols_from_pdb(const uint8_t *data, size_t size, const uint8_t guid[16], uint32_t age,
                                  seep_symbols **symbols, seep_error *error);
seep_status seep_symbols_from_breakpad(const uint8_t *data, size_t size, const uint8_t guid[16], uint32_t age,
                                       seep_symbols **symbols, seep_error *error);

/* A timestamp of 0 or a size of 0 is not known and not compared; both 0: SEEP_INVALID. */
seep_status seep_symbols_from_pe(const uint8_t *data, size_t size, uint32_t timestamp, uint64_t image_size,
                                 seep_symbols **symbols, seep_error *error);
void seep_symbols_free(seep_symbols *symbols);

/* The symbol that the place belongs to; false: none. */
bool seep_symbols_find(const seep_symbols *symbols, uint64_t offset_in_module, seep_symbol *symbol);
size_t seep_symbols_count(const seep_symbols *symbols);

/* A name that is one component of a path, of a plain file, on every system: not empty, ".", "..", no
 * separator, control character or one of :*?"<>|, no dot or blank at its end, and none of the names that are
 * devices on Windows, with whatever extension ("CON", "nul.pdb", "COM1"). */
bool seep_symbols_is_file_name(const char *name);

/* What a symbol server calls a file: "ntdll.pdb/1EB9FACB04C73C5DEA7160764CD333D01/ntdll.pdb",
 * "ntdll.dll/0C1A6A0E1f8000/ntdll.dll", and breakpad's "ntdll.pdb/<as pdb>/ntdll.sym". Names come from
 * traces: false, and "" in out, when one is too long or no seep_symbols_is_file_name, so that a key is never
 * a way out of its folder. */
bool seep_symbols_pdb_key(const char *pdb_name, const uint8_t guid[16], uint32_t age, char *out,
                          size_t out_size);
bool seep_symbols_breakpad_key(const char *pdb_name, const uint8_t guid[16], uint32_t age, char *out,
                               size_t out_size);
bool seep_symbols_pe_key(const char *name, uint32_t timestamp, uint64_t image_size, char *out,
                         size_t out_size);

#endif
