/* wpr -heaptracingconfig: bit 0 of TracingFlags under Image File Execution Options, in the real registry. */
#ifndef WPR_HEAP_CONFIG_H
#define WPR_HEAP_CONFIG_H

#include <stdint.h>
#include <wchar.h>

#include "standin/wpr/knobs.h"

/* action: L"enable", L"disable" or NULL to ask. Returns the exit code. */
uint32_t wpr_heap_config(const wchar_t *process, const wchar_t *action, const wpr_knobs *knobs);

#endif
