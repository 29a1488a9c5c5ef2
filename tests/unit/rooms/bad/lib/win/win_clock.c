/* Windows' headers, and none of the loop's. */
#include "port/clock.h"
#include "store/store.h"
#include <windows.h>
#include <uv.h>
