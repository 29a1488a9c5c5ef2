/*
 * What a merge tells of a file that was loaded: its PE header, the PDB that its debug directory names, and
 * its version resource. Read from the file itself, when the recording stops, as the real merge does.
 */
#ifndef WPR_FILE_FACTS_H
#define WPR_FILE_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

#define WPR_FACT_SIZE 256

/* Texts are ASCII, "?" for the rest; "" = the file does not say. */
typedef struct wpr_file_facts {
  uint32_t timestamp, size_bytes; /* size: of the image in memory */
  bool has_version;
  char company[WPR_FACT_SIZE], product[WPR_FACT_SIZE], description[WPR_FACT_SIZE], version[WPR_FACT_SIZE],
      original_name[WPR_FACT_SIZE];
  bool has_pdb;
  uint8_t pdb_guid[16];
  uint32_t pdb_age;
  char pdb_name[WPR_FACT_SIZE];
} wpr_file_facts;

/* false: it cannot be read, or is no PE file. PDBs are found in 64-bit files only. */
bool wpr_file_facts_read(const wchar_t *path, wpr_file_facts *facts);

#endif
