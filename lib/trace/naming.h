/*
 * Names for the frames of an answer: asks for the symbol files of every module that a shown stack goes
 * through, and remembers which could not be had. Reads no file: the caller does.
 */
#ifndef SEEP_TRACE_NAMING_H
#define SEEP_TRACE_NAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "trace/answer.h"
#include "trace/symbols.h"

typedef struct seep_symbol_file {
  const uint8_t *data;
  size_t size;
  void *handle; /* the lender's */
} seep_symbol_file;

/* Lends the bytes of a file until they are given back. */
typedef struct seep_symbol_source {
  /* key: a symbol server's, below whatever folders the caller has; false: it has none. */
  bool (*open_key)(void *context, const char *key, seep_symbol_file *file);
  /* The module itself where it was loaded from, as the trace names it; or NULL: never asked. */
  bool (*open_module)(void *context, const seep_answer_module *module, seep_symbol_file *file);
  void (*close)(void *context, seep_symbol_file *file);
  bool (*stopped)(void *context); /* or NULL */
  void *context;
} seep_symbol_source;

typedef enum seep_naming_result {
  SEEP_NAMED_NOT = 0, /* nothing was there */
  SEEP_NAMED_PDB,
  SEEP_NAMED_BREAKPAD,
  SEEP_NAMED_EXPORTS,
  SEEP_NAMED_MISMATCH, /* a file was there, of another build */
  SEEP_NAMED_BROKEN    /* a file was there and could not be read */
} seep_naming_result;

typedef struct seep_naming_module {
  uint32_t module; /* of the answer's */
  seep_naming_result result;
  char key[SEEP_SYMBOL_KEY_SIZE]; /* what would have helped, for the module's PDB, else for itself; "" = the
                                   * trace does not say enough */
  uint64_t frames;                /* of shown stacks, that lie in it */
} seep_naming_module;

typedef struct seep_naming {
  seep_naming_module *modules; /* owned; most frames first */
  size_t count;
} seep_naming;

/* Fills frames' symbol, symbol_offset and is_guess. One module's symbols at a time are held. SEEP_OK,
 * SEEP_NO_MEMORY, SEEP_CANCELLED. Symbols live as long as the answer. */
seep_status seep_naming_run(seep_answer *answer, const seep_symbol_source *source, seep_naming *naming);
void seep_naming_free(seep_naming *naming);

#endif
