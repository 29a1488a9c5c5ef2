/*
 * The folder is opened, never entered, and a link is looked at itself. Whether it can be written to is told
 * by opening it with the right to add files: Windows checks the right and nothing is made.
 */
#include "win/win_folder_rights.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <windows.h>
/* it needs windows.h before it */
#include <aclapi.h>

#include "win/win_account.h"
#include "win/win_wide.h"

#define EVERY_SHARE (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

static HANDLE open_folder(const wchar_t *path, DWORD access)
{
  return CreateFileW(path, access, EVERY_SHARE, NULL, OPEN_EXISTING,
                     FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
}

/* Entries of any kind that we do not read may let somebody in. */
static bool lets_nobody_else_in(PACL dacl)
{
  for (DWORD i = 0; i < dacl->AceCount; i++) {
    ACCESS_ALLOWED_ACE *entry = NULL;
    if (!GetAce(dacl, i, (void **)&entry)) {
      return false;
    }
    if (entry->Header.AceType == ACCESS_DENIED_ACE_TYPE) {
      continue;
    }
    if (entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE ||
        (entry->Mask != 0 && !seep_win_account_is_trusted(&entry->SidStart))) {
      return false;
    }
  }
  return true;
}

static seep_known judge_privacy(HANDLE folder)
{
  PSID owner = NULL;
  PACL dacl = NULL;
  PSECURITY_DESCRIPTOR descriptor = NULL;
  if (GetSecurityInfo(folder, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner,
                      NULL, &dacl, NULL, &descriptor) != ERROR_SUCCESS) {
    return SEEP_NOT_KNOWN;
  }
  /* No list at all lets everybody in. */
  bool is_private = seep_win_account_is_trusted(owner) && dacl != NULL && lets_nobody_else_in(dacl);
  LocalFree(descriptor);
  return is_private ? SEEP_YES : SEEP_NO;
}

static seep_known judge_writing(const wchar_t *path)
{
  HANDLE folder = open_folder(path, FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY);
  DWORD code = folder == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
  if (folder != INVALID_HANDLE_VALUE) {
    CloseHandle(folder);
    return SEEP_YES;
  }
  return code == ERROR_ACCESS_DENIED || code == ERROR_WRITE_PROTECT ? SEEP_NO : SEEP_NOT_KNOWN;
}

static seep_known judge_presence(DWORD attributes, DWORD code)
{
  if (attributes != INVALID_FILE_ATTRIBUTES) {
    return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? SEEP_YES : SEEP_NO;
  }
  return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND ? SEEP_NO : SEEP_NOT_KNOWN;
}

seep_win_folder_rights seep_win_folder_rights_of(const char *path)
{
  seep_win_folder_rights rights = {SEEP_NOT_KNOWN, SEEP_NOT_KNOWN, SEEP_NOT_KNOWN};
  wchar_t *wide = seep_win_wide_from_utf8(path);
  if (wide == NULL) {
    return rights;
  }
  DWORD attributes = GetFileAttributesW(wide);
  DWORD code = attributes == INVALID_FILE_ATTRIBUTES ? GetLastError() : ERROR_SUCCESS;
  rights.there = judge_presence(attributes, code);
  if (rights.there == SEEP_YES) {
    rights.writable = judge_writing(wide);
    HANDLE folder = open_folder(wide, READ_CONTROL | FILE_READ_ATTRIBUTES);
    if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) {
      rights.is_private = SEEP_NO;
    } else if (folder != INVALID_HANDLE_VALUE) {
      rights.is_private = judge_privacy(folder);
    }
    if (folder != INVALID_HANDLE_VALUE) {
      CloseHandle(folder);
    }
  }
  free(wide);
  return rights;
}
