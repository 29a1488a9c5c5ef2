#include "win/win_background.h"

#include <windows.h>

/* The two modes belong together: beginning or ending twice is refused, and does no harm. */
void seep_win_background(bool on)
{
  (void)SetThreadPriority(GetCurrentThread(), on ? THREAD_MODE_BACKGROUND_BEGIN : THREAD_MODE_BACKGROUND_END);
}
