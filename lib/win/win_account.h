/* Whom this program trusts with its files: SYSTEM, Administrators, and the account it runs as. */
#ifndef SEEP_WIN_WIN_ACCOUNT_H
#define SEEP_WIN_WIN_ACCOUNT_H

#include <stdbool.h>

/* sid: a PSID; NULL is nobody. When our own account cannot be asked for, it is not trusted. */
bool seep_win_account_is_trusted(void *sid);

#endif
