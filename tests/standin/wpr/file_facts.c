#include "standin/wpr/file_facts.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODEVIEW_RSDS 0x53445352u
#define RSDS_NAME_AT 24u

typedef struct view {
  const uint8_t *bytes;
  uint64_t size;
} view;

/* Any bytes but plain letters become "?": the writer's texts are ASCII. */
static void plain(char *out, const wchar_t *text, size_t units)
{
  size_t used = 0;
  for (; used < units && used + 1 < WPR_FACT_SIZE && text[used] != L'\0'; used++) {
    out[used] = (char)(text[used] >= 0x20 && text[used] < 0x7F ? text[used] : L'?');
  }
  out[used] = '\0';
}

/* ---- PE ---- */

static bool take(const view *file, uint64_t at, void *out, size_t size)
{
  if (at > file->size || size > file->size - at) {
    return false;
  }
  memcpy(out, file->bytes + at, size);
  return true;
}

/* Where in the file an address of the image lies; 0 = nowhere. */
static uint64_t offset_of(const view *file, uint64_t sections_at, unsigned count, uint32_t rva)
{
  IMAGE_SECTION_HEADER section;
  for (unsigned i = 0; i < count && take(file, sections_at + i * sizeof section, &section, sizeof section);
       i++) {
    if (rva >= section.VirtualAddress && rva - section.VirtualAddress < section.SizeOfRawData) {
      return (uint64_t)section.PointerToRawData + (rva - section.VirtualAddress);
    }
  }
  return 0;
}

static void take_pdb(const view *file, const IMAGE_DEBUG_DIRECTORY *entry, wpr_file_facts *facts)
{
  uint32_t signature = 0;
  uint64_t at = entry->PointerToRawData;
  if (entry->Type != IMAGE_DEBUG_TYPE_CODEVIEW || !take(file, at, &signature, 4) ||
      signature != CODEVIEW_RSDS || !take(file, at + 4, facts->pdb_guid, sizeof facts->pdb_guid) ||
      !take(file, at + 20, &facts->pdb_age, 4)) {
    return;
  }
  for (size_t i = 0; i + 1 < WPR_FACT_SIZE && RSDS_NAME_AT + i < entry->SizeOfData; i++) {
    if (!take(file, at + RSDS_NAME_AT + i, &facts->pdb_name[i], 1) || facts->pdb_name[i] == '\0') {
      break;
    }
  }
  facts->has_pdb = true;
}

static bool take_headers(const view *file, wpr_file_facts *facts)
{
  IMAGE_DOS_HEADER dos;
  IMAGE_NT_HEADERS64 nt;
  IMAGE_DEBUG_DIRECTORY entry;
  if (!take(file, 0, &dos, sizeof dos) || dos.e_magic != IMAGE_DOS_SIGNATURE ||
      !take(file, (uint32_t)dos.e_lfanew, &nt, sizeof nt) || nt.Signature != IMAGE_NT_SIGNATURE) {
    return false;
  }
  facts->timestamp = nt.FileHeader.TimeDateStamp;
  facts->size_bytes = nt.OptionalHeader.SizeOfImage; /* at the same place in 32-bit files */
  if (nt.OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC ||
      nt.OptionalHeader.NumberOfRvaAndSizes <= IMAGE_DIRECTORY_ENTRY_DEBUG) {
    return true;
  }
  const IMAGE_DATA_DIRECTORY *debug = &nt.OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_DEBUG];
  uint64_t sections_at = (uint32_t)dos.e_lfanew + offsetof(IMAGE_NT_HEADERS64, OptionalHeader) +
                         nt.FileHeader.SizeOfOptionalHeader;
  uint64_t at = offset_of(file, sections_at, nt.FileHeader.NumberOfSections, debug->VirtualAddress);
  for (uint32_t i = 0; at != 0 && i < debug->Size / sizeof entry && !facts->has_pdb; i++) {
    if (take(file, at + i * sizeof entry, &entry, sizeof entry)) {
      take_pdb(file, &entry, facts);
    }
  }
  return true;
}

/* ---- version resource ---- */

static void take_text(const void *info, uint32_t language, const wchar_t *name, char *out)
{
  wchar_t path[64];
  wchar_t *text = NULL;
  UINT units = 0;
  swprintf(path, sizeof path / sizeof path[0], L"\\StringFileInfo\\%04x%04x\\%ls",
           (unsigned)(language & 0xFFFFu), (unsigned)(language >> 16), name);
  if (VerQueryValueW(info, path, (void **)&text, &units)) {
    plain(out, text, units);
  }
}

static void take_version(const wchar_t *path, wpr_file_facts *facts)
{
  uint32_t *language = NULL;
  UINT size = 0;
  DWORD info_size = GetFileVersionInfoSizeW(path, NULL);
  void *info = info_size > 0 ? malloc(info_size) : NULL;
  if (info != NULL && GetFileVersionInfoW(path, 0, info_size, info) &&
      VerQueryValueW(info, L"\\VarFileInfo\\Translation", (void **)&language, &size) && size >= 4) {
    take_text(info, *language, L"CompanyName", facts->company);
    take_text(info, *language, L"ProductName", facts->product);
    take_text(info, *language, L"FileDescription", facts->description);
    take_text(info, *language, L"FileVersion", facts->version);
    take_text(info, *language, L"OriginalFilename", facts->original_name);
    facts->has_version = true;
  }
  free(info);
}

bool wpr_file_facts_read(const wchar_t *path, wpr_file_facts *facts)
{
  LARGE_INTEGER size = {.QuadPart = 0};
  bool is_image = false;
  memset(facts, 0, sizeof *facts);
  HANDLE file =
      CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) {
    return false;
  }
  HANDLE mapping =
      GetFileSizeEx(file, &size) ? CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL) : NULL;
  view whole = {.size = (uint64_t)size.QuadPart};
  whole.bytes = mapping != NULL ? MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0) : NULL;
  if (whole.bytes != NULL) {
    is_image = take_headers(&whole, facts);
    UnmapViewOfFile(whole.bytes);
  }
  if (mapping != NULL) {
    CloseHandle(mapping);
  }
  CloseHandle(file);
  if (is_image) {
    take_version(path, facts);
  }
  return is_image;
}
