/*
 * What the stand-in says, in the forms of the specimens (reference: wpr-and-ifeo, 6 and 6.1): results on
 * stdout, errors on stderr with the code that is also the exit code. The knobs can take stdout away and
 * change the language.
 */
#ifndef WPR_OUTPUT_H
#define WPR_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

#include "standin/wpr/knobs.h"

/* Exit codes that the stand-in gives by itself. */
#define WPR_NOT_RUNNING UINT32_C(0xC5583000)
#define WPR_ALREADY_RUNNING UINT32_C(0xC5583001)
#define WPR_BAD_PROFILE UINT32_C(0xC558300C)
#define WPR_DUPLICATE_INSTANCE UINT32_C(0xC5580601)
#define WPR_SYNTAX UINT32_C(0xC5600602)
#define WPR_FILE_MISSING UINT32_C(0x80070002)
#define WPR_PATH_MISSING UINT32_C(0x80070003)
#define WPR_DISK_FULL UINT32_C(0x80070070)
#define WPR_FILE_NAMED_TWICE UINT32_C(0x800700B7)
#define WPR_SESSION_DIED UINT32_C(0x80071069)
#define WPR_NO_SLOTS UINT32_C(0x800705AA)
#define WPR_NO_PRIVILEGE UINT32_C(0xC5585011)
#define WPR_FAILED UINT32_C(0x80004005)

/* Codes chosen here: what the real one gives in these cases is not known. */
#define WPR_FILE_EXISTS UINT32_C(0x80070050)       /* -stop onto an existing file, where that fails */
#define WPR_HEAP_SESSION_RUNS UINT32_C(0x800700B7) /* a second heap session, where that fails */
#define WPR_NOT_FOUND UINT32_C(0x80070490)         /* a snapshot of a process that has them not enabled */
#define WPR_BAD_ARGUMENT UINT32_C(0x80070057) /* too many PIDs, a process that is gone, too short a time */

void wpr_output_init(const wpr_knobs *knobs);

/* stdout; nothing when the knob says so. english is the key: with localised=1 known sentences come in German.
 */
void wpr_output_say(const char *english);
void wpr_output_say_done(const char *english); /* where it is not known whether anything is said */
void wpr_output_banner(void);
void wpr_output_usage(void);

/* One progress line, written over the one before. */
void wpr_output_progress(unsigned percent);

/* stderr; profile_id may be NULL. */
void wpr_output_error(uint32_t code, const wchar_t *profile_id);
void wpr_output_syntax_error(const wchar_t *option);

#endif
