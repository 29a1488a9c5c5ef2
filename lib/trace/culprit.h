/*
 * Which frame of a stack is to blame: the first one, from the innermost, that does not belong to what
 * allocates for others (ntdll, kernelbase, the C and C++ runtimes, COM's and .NET's allocators ...). And the
 * stack's signature, which is the same on every server and after every restart.
 */
#ifndef SEEP_TRACE_CULPRIT_H
#define SEEP_TRACE_CULPRIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/modules.h"

#define SEEP_SIGNATURE_SIZE 17 /* 16 hex digits, terminated */
#define SEEP_CULPRIT_NONE SIZE_MAX

/* Where a frame lies. */
typedef enum seep_frame_place {
  SEEP_FRAME_MODULE = 0,
  SEEP_FRAME_MANAGED, /* in no module of a process that runs code it makes itself (.NET, Java, JavaScript) */
  SEEP_FRAME_UNKNOWN, /* in no module that the trace tells of */
  SEEP_FRAME_KERNEL   /* a driver or the kernel; `module` may be known or not */
} seep_frame_place;

typedef struct seep_placed_frame {
  uint64_t address;
  seep_frame_place place;
  uint32_t module; /* or SEEP_TRACE_NO_MODULE */
  uint64_t offset; /* in the module, of the address itself */
} seep_placed_frame;

/* Does the process run code that it has made itself, which lies in no module? Goes through all its modules:
 * to be asked once for a process, and not once for a stack. */
bool seep_culprit_makes_code(const seep_trace_modules *modules, uint32_t instance);

/* Places every frame; placed has room for frame_count. Frames above the innermost are return addresses: they
 * are looked up one byte before. makes_code: what is said above of the process frames_of. */
void seep_culprit_place(const seep_trace_modules *modules, uint32_t frames_of, bool makes_code,
                        uint64_t ticks, const uint64_t *frames, size_t frame_count, unsigned pointer_bytes,
                        seep_placed_frame *placed);

/* Allocates for others; name: last component, ASCII case ignored. */
bool seep_culprit_is_runtime(const char *module_name);

/* Index of the culprit's frame. MANAGED and UNKNOWN frames are culprits too, for there is no honest way past
 * them. SEEP_CULPRIT_NONE: nothing but runtime and kernel. */
size_t seep_culprit_find(const seep_trace_modules *modules, const seep_placed_frame *placed, size_t count);

/* Of the culprit and its callers: names in lower case and offsets, without runtime and kernel frames, whose
 * offsets change with every update of Windows. Returns out. No culprit: of all frames. */
const char *seep_culprit_signature(const seep_trace_modules *modules, const seep_placed_frame *placed,
                                   size_t count, size_t culprit, char out[SEEP_SIGNATURE_SIZE]);

#endif
