/* Has SQLite and zlib to itself, but no loop and no Windows. */
#include "watch/engine.h"
#include <sqlite3.h>
#include <zlib.h>
#include <uv.h>
#include <psapi.h>
