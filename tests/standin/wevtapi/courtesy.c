/*
 * Exports of wevtapi.dll that Seepwatch never calls. They are here so that a program which looks them up
 * starts and gets an honest "not here" instead of a crash.
 */
#include "standin.h"

static BOOL not_here(void)
{
  SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
  return FALSE;
}

EVT_HANDLE WINAPI EvtQuery(EVT_HANDLE session, LPCWSTR path, LPCWSTR query, DWORD flags)
{
  (void)session;
  (void)path;
  (void)query;
  (void)flags;
  not_here();
  return NULL;
}

BOOL WINAPI EvtSeek(EVT_HANDLE results, LONGLONG position, EVT_HANDLE bookmark, DWORD timeout, DWORD flags)
{
  (void)results;
  (void)position;
  (void)bookmark;
  (void)timeout;
  (void)flags;
  return not_here();
}

/* The only one that returns its code instead of setting it. */
DWORD WINAPI EvtGetExtendedStatus(DWORD size, LPWSTR buffer, PDWORD used)
{
  static const wchar_t text[] = L"";
  if (used != NULL) {
    *used = 1;
  }
  if (buffer == NULL || size < 1) {
    return ERROR_INSUFFICIENT_BUFFER;
  }
  buffer[0] = text[0];
  return ERROR_SUCCESS;
}

EVT_HANDLE WINAPI EvtCreateRenderContext(DWORD count, LPCWSTR *paths, DWORD flags)
{
  (void)count;
  (void)paths;
  (void)flags;
  not_here();
  return NULL;
}

EVT_HANDLE WINAPI EvtOpenPublisherMetadata(EVT_HANDLE session, LPCWSTR publisher, LPCWSTR file, LCID locale,
                                           DWORD flags)
{
  (void)session;
  (void)publisher;
  (void)file;
  (void)locale;
  (void)flags;
  SetLastError(ERROR_EVT_PUBLISHER_METADATA_NOT_FOUND);
  return NULL;
}

BOOL WINAPI EvtFormatMessage(EVT_HANDLE metadata, EVT_HANDLE event, DWORD message, DWORD value_count,
                             PEVT_VARIANT values, DWORD flags, DWORD size, LPWSTR buffer, PDWORD used)
{
  (void)metadata;
  (void)event;
  (void)message;
  (void)value_count;
  (void)values;
  (void)flags;
  (void)size;
  (void)buffer;
  (void)used;
  SetLastError(ERROR_EVT_MESSAGE_NOT_FOUND);
  return FALSE;
}
