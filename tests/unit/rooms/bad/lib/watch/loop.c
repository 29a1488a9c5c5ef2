/* Everything but the Windows side and the database's own header. */
#include "store/store.h"
#include "win/win_clock.h"
#include <uv.h>
#include <sqlite3.h>
