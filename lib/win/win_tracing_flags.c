/*
 * The value TracingFlags below Image File Execution Options (reference: wpr-and-ifeo, 8). Only that value is
 * ever written or deleted here, and only while it is a number; other values of the key decide what programs
 * run and how, and are not looked at. What is to be written is decided in capture/tracing_flag.
 *
 * Every edit is flushed to the disk, which blocks the hive for a moment; edits are rare. The flush that
 * counts is the one of an undo: our journal forgets the flag when the undo has been reported as done, so it
 * must not come back after a power cut. An edit that fails may have been carried out in part. All edits may
 * be repeated.
 */
#include "win/win_tracing_flags.h"

#include <stddef.h>
#include <string.h>

#include <windows.h>

#include "base/text.h"
#include "win/win_error.h"
#include "win/win_process_role.h"
#include "win/win_wide.h"

#define ROOT L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Image File Execution Options"
#define VALUE L"TracingFlags"
/* Windows' limit for a key's name. */
#define NAME_UNITS 255u
/* 32-bit programs would else see a view of their own. */
#define VIEW KEY_WOW64_64KEY

static seep_status invalid(const char *operation, const char *image, seep_error *error)
{
  return seep_error_set(error, SEEP_INVALID, SEEP_DOMAIN_NONE, 0, operation, image);
}

static seep_status failed(LSTATUS code, const char *operation, const char *image, seep_error *error)
{
  return seep_win_error_set(error, (uint32_t)code, operation, image);
}

/* Deleted by somebody while we had it open. */
static bool is_missing(LSTATUS code)
{
  return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND || code == ERROR_KEY_DELETED;
}

/* A separator would lead to another key, and bytes that are no text to one with another name. */
static seep_status take_name(const char *image, wchar_t name[NAME_UNITS + 1], seep_error *error)
{
  size_t size = strlen(image);
  if (size == 0 || strpbrk(image, "\\/") != NULL || seep_text_valid_prefix(image, size) != size ||
      seep_win_wide_fill_from_utf8(image, name, NAME_UNITS + 1) > NAME_UNITS) {
    return invalid("not the name of an image:", image, error);
  }
  return SEEP_OK;
}

/* ERROR_SUCCESS also where there is no value. A number of the wrong size is no number. */
static LSTATUS read_value(HKEY key, seep_tracing_flag_form *form, uint32_t *number)
{
  DWORD type = REG_NONE;
  DWORD value = 0;
  DWORD bytes = sizeof value;
  LSTATUS code = RegQueryValueExW(key, VALUE, NULL, &type, (BYTE *)&value, &bytes);
  *form = SEEP_TRACING_FLAG_OTHER;
  *number = 0;
  if (code == ERROR_SUCCESS && type == REG_DWORD && bytes == sizeof value) {
    *form = SEEP_TRACING_FLAG_NUMBER;
    *number = value;
  } else if (is_missing(code)) {
    *form = SEEP_TRACING_FLAG_ABSENT;
  } else if (code != ERROR_SUCCESS && code != ERROR_MORE_DATA) {
    return code;
  }
  return ERROR_SUCCESS;
}

static LSTATUS count_contents(HKEY key, DWORD *keys, DWORD *values)
{
  return RegQueryInfoKeyW(key, NULL, NULL, NULL, keys, NULL, NULL, values, NULL, NULL, NULL, NULL);
}

static seep_status read_key(HKEY key, const char *image, seep_tracing_flag_state *state, seep_error *error)
{
  seep_tracing_flag_state found = {.key_exists = true};
  DWORD keys = 0;
  DWORD values = 0;
  LSTATUS code = read_value(key, &found.form, &found.number);
  if (code != ERROR_SUCCESS) {
    return failed(code, "RegQueryValueEx", image, error);
  }
  code = count_contents(key, &keys, &values);
  if (is_missing(code)) {
    *state = (seep_tracing_flag_state){0};
    return SEEP_OK;
  }
  if (code != ERROR_SUCCESS) {
    return failed(code, "RegQueryInfoKey", image, error);
  }
  found.has_more = keys > 0 || values > (found.form != SEEP_TRACING_FLAG_ABSENT ? 1u : 0u);
  *state = found;
  return SEEP_OK;
}

static seep_status read_flags(void *context, const char *image, seep_tracing_flag_state *state,
                              seep_error *error)
{
  wchar_t name[NAME_UNITS + 1];
  HKEY root = NULL;
  HKEY key = NULL;
  (void)context;
  seep_status status = take_name(image, name, error);
  if (status != SEEP_OK) {
    return status;
  }
  LSTATUS code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, ROOT, 0, KEY_QUERY_VALUE | VIEW, &root);
  if (code == ERROR_SUCCESS) {
    code = RegOpenKeyExW(root, name, 0, KEY_QUERY_VALUE | VIEW, &key);
    RegCloseKey(root);
  }
  if (is_missing(code)) {
    *state = (seep_tracing_flag_state){0};
    return SEEP_OK;
  }
  if (code != ERROR_SUCCESS) {
    return failed(code, "RegOpenKeyEx", image, error);
  }
  status = read_key(key, image, state, error);
  RegCloseKey(key);
  return status;
}

/* Who put something else there since it was looked at had a reason. */
static seep_status check_form(HKEY key, const char *image, seep_error *error)
{
  seep_tracing_flag_form form;
  uint32_t number;
  LSTATUS code = read_value(key, &form, &number);
  if (code != ERROR_SUCCESS) {
    return failed(code, "RegQueryValueEx", image, error);
  }
  return form != SEEP_TRACING_FLAG_OTHER ? SEEP_OK
                                         : invalid("TracingFlags is no number, left alone:", image, error);
}

static seep_status write_number(HKEY root, const wchar_t *name, const char *image, uint32_t number,
                                seep_error *error)
{
  HKEY key = NULL;
  DWORD value = number;
  LSTATUS code = RegCreateKeyExW(root, name, 0, NULL, REG_OPTION_NON_VOLATILE,
                                 KEY_QUERY_VALUE | KEY_SET_VALUE | VIEW, NULL, &key, NULL);
  if (code != ERROR_SUCCESS) {
    return failed(code, "RegCreateKeyEx", image, error);
  }
  seep_status status = check_form(key, image, error);
  if (status == SEEP_OK) {
    code = RegSetValueExW(key, VALUE, 0, REG_DWORD, (const BYTE *)&value, sizeof value);
    status = code == ERROR_SUCCESS ? SEEP_OK : failed(code, "RegSetValueEx", image, error);
  }
  RegCloseKey(key);
  return status;
}

/* *empty: nothing is left in the key. */
static seep_status delete_value(HKEY root, const wchar_t *name, const char *image, bool *empty,
                                seep_error *error)
{
  HKEY key = NULL;
  DWORD keys = 0;
  DWORD values = 0;
  *empty = false;
  LSTATUS code = RegOpenKeyExW(root, name, 0, KEY_QUERY_VALUE | KEY_SET_VALUE | VIEW, &key);
  if (code != ERROR_SUCCESS) {
    return is_missing(code) ? SEEP_OK : failed(code, "RegOpenKeyEx", image, error);
  }
  seep_status status = check_form(key, image, error);
  if (status == SEEP_OK) {
    code = RegDeleteValueW(key, VALUE);
    status =
        code == ERROR_SUCCESS || is_missing(code) ? SEEP_OK : failed(code, "RegDeleteValue", image, error);
  }
  *empty =
      status == SEEP_OK && count_contents(key, &keys, &values) == ERROR_SUCCESS && keys == 0 && values == 0;
  RegCloseKey(key);
  return status;
}

/* Windows itself refuses a key that has keys in it. A value that somebody adds between the look and this call
 * would be lost; nothing that Windows offers closes that moment. */
static seep_status delete_key(HKEY root, const wchar_t *name, const char *image, seep_error *error)
{
  LSTATUS code = RegDeleteKeyExW(root, name, VIEW, 0);
  return code == ERROR_SUCCESS || is_missing(code) ? SEEP_OK : failed(code, "RegDeleteKeyEx", image, error);
}

static seep_status edit_below(HKEY root, const wchar_t *name, const char *image, seep_tracing_flag_edit edit,
                              uint32_t number, seep_error *error)
{
  bool empty = false;
  seep_status status = edit == SEEP_TRACING_FLAG_WRITE ? write_number(root, name, image, number, error)
                                                       : delete_value(root, name, image, &empty, error);
  if (status == SEEP_OK && edit == SEEP_TRACING_FLAG_DELETE_KEY && empty) {
    status = delete_key(root, name, image, error);
  }
  if (status == SEEP_OK) {
    /* Of the root, because it flushes the whole hive and the key itself may be gone. */
    LSTATUS code = RegFlushKey(root);
    status = code == ERROR_SUCCESS ? SEEP_OK : failed(code, "RegFlushKey", image, error);
  }
  return status;
}

static seep_status edit_flags(void *context, const char *image, seep_tracing_flag_edit edit, uint32_t number,
                              seep_error *error)
{
  wchar_t name[NAME_UNITS + 1];
  HKEY root = NULL;
  (void)context;
  if (edit != SEEP_TRACING_FLAG_WRITE && edit != SEEP_TRACING_FLAG_DELETE &&
      edit != SEEP_TRACING_FLAG_DELETE_KEY) {
    return invalid("not an edit of", image, error);
  }
  seep_status status = take_name(image, name, error);
  if (status != SEEP_OK) {
    return status;
  }
  /* Windows always has it: where it is missing, making it would set no flag that anybody reads. */
  LSTATUS code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, ROOT, 0, KEY_QUERY_VALUE | VIEW, &root);
  if (is_missing(code) && edit != SEEP_TRACING_FLAG_WRITE) {
    return SEEP_OK;
  }
  if (code != ERROR_SUCCESS) {
    return failed(code, "RegOpenKeyEx", image, error);
  }
  status = edit_below(root, name, image, edit, number, error);
  RegCloseKey(root);
  return status;
}

static seep_status process_role(void *context, seep_process_key key, seep_port_process_role *role,
                                seep_error *error)
{
  (void)context;
  return seep_win_process_role(key, role, error);
}

void seep_win_tracing_flags_init(seep_tracing_flags *flags)
{
  *flags =
      (seep_tracing_flags){.context = NULL, .read = read_flags, .edit = edit_flags, .role = process_role};
}
