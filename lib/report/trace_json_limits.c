/*
 * The short form has a bound that nobody's names can exceed: 20 stacks of 32 frames, 50 modules with seven
 * texts each, the keys of their symbols, 200 processes, all of them of SHORT_TEXT bytes, are 700 KB with what
 * stands around them.
 */
#include "report/trace_json_limits.h"

#include <stdint.h>

#define SHORT_STACKS 10u
#define SHORT_FRAMES 32u
#define SHORT_MODULES 50u
#define SHORT_TEXT 400u

static size_t lesser(size_t wanted, size_t bound)
{
  return wanted > 0 && wanted < bound ? wanted : bound;
}

seep_trace_json_limits seep_trace_json_limits_of(const seep_trace_json_options *options)
{
  return (seep_trace_json_limits){
      .stacks = lesser(options->maximum_stacks, options->is_short ? SHORT_STACKS : SIZE_MAX),
      .frames = lesser(options->maximum_frames, options->is_short ? SHORT_FRAMES : SIZE_MAX),
      .modules = options->is_short ? SHORT_MODULES : SIZE_MAX,
      .text = options->is_short ? SHORT_TEXT : SIZE_MAX};
}

/* At worst: "\u001b" for a control character, of which some have two bytes, and U+FFFD for any other byte. */
static size_t cost_of(char byte)
{
  if ((unsigned char)byte >= 0x80) {
    return 3;
  }
  return byte < 0x20 || byte == 0x7F || byte == '"' || byte == '\\' ? 6 : 1;
}

size_t seep_trace_json_limits_cut(const char *text, size_t most)
{
  size_t taken = 0, cost = 0;
  while (text[taken] != '\0' && taken < SEEP_TRACE_JSON_TEXT - 1 && cost_of(text[taken]) <= most - cost) {
    cost += cost_of(text[taken++]);
  }
  while (text[taken] != '\0' && taken > 0 && ((unsigned char)text[taken] & 0xC0) == 0x80) {
    taken--; /* in the middle of a character */
  }
  return taken;
}
