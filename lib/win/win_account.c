#include "win/win_account.h"

#include <stddef.h>

#include <windows.h>

static bool is_own(PSID sid)
{
  union {
    TOKEN_USER user;
    char bytes[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
  } buffer;
  HANDLE token = NULL;
  DWORD used = 0;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
    return false;
  }
  bool same = GetTokenInformation(token, TokenUser, &buffer, sizeof buffer, &used) &&
              EqualSid(buffer.user.User.Sid, sid);
  CloseHandle(token);
  return same;
}

bool seep_win_account_is_trusted(void *sid)
{
  return sid != NULL && (IsWellKnownSid(sid, WinLocalSystemSid) ||
                         IsWellKnownSid(sid, WinBuiltinAdministratorsSid) || is_own(sid));
}
