/*
 * Symbol files on this machine, for trace/naming: below the folders of --symbols, in a symbol server's layout
 * or lying there by their plain names, and modules where the trace says that they were loaded from. A wrong
 * file does no harm, for naming compares identities; but names come from traces, so that nothing is opened
 * outside these folders but a module on a drive, never on another machine.
 */
#ifndef SEEP_SERVICE_SYMBOL_FILES_H
#define SEEP_SERVICE_SYMBOL_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/naming.h"

typedef struct seep_symbol_files {
  const char *const *folders;
  size_t count;
  size_t lent; /* files that have not been given back */
} seep_symbol_files;

/* folders: UTF-8, each at least one character, borrowed until close; none (NULL, 0) is allowed: then only
 * modules are found, and only on Windows. false: one of them is empty. */
bool seep_symbol_files_open(seep_symbol_files *files, const char *const *folders, size_t count);

/* For seep_naming_run; `stopped` is NULL and may be set. *files stays where it is meanwhile. */
seep_symbol_source seep_symbol_files_source(seep_symbol_files *files);
void seep_symbol_files_close(seep_symbol_files *files);

#endif
