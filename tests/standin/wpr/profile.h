/*
 * Reads a recording profile (.wprp) as strictly as the rules that are known say (reference:
 * wpr-and-ifeo, 7.1): well formed, elements in order, ids unique and without blank or colon, a File and a
 * Memory variant of the wanted profile. Portable and read-only; what the real recorder answers to each
 * mistake is not known, so there is one answer for all.
 */
#ifndef WPR_PROFILE_H
#define WPR_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#define WPR_PROFILE_NAME_SIZE 128

typedef struct wpr_profile {
  const char *detail;                          /* Verbose or Light: of the variant found */
  char event_collector[WPR_PROFILE_NAME_SIZE]; /* Name of the first event collector */
  char problem[320];                           /* why it was refused; for the call log */
} wpr_profile;

/* name may end in .light or .verbose. false with *problem filled when the real one would refuse it. */
bool wpr_profile_read(const char *xml, size_t size, const char *name, wpr_profile *profile);

#endif
