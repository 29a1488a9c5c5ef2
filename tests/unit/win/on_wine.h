/* Whether the tests run on Wine, for the few things that it is known to do otherwise; each use says which. */
#ifndef TESTS_WIN_ON_WINE_H
#define TESTS_WIN_ON_WINE_H

#include <stdbool.h>

#include <windows.h>

static inline bool on_wine(void)
{
  return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

#endif
