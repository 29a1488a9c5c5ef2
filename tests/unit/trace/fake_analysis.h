/* A finished analysis of our own making, over sites whose memory comes and goes as a test says: what the
 * answer asks an analysis for, answered here in its stead. A tick is a millisecond. */
#ifndef SEEP_TEST_FAKE_ANALYSIS_H
#define SEEP_TEST_FAKE_ANALYSIS_H

#include <stdint.h>

#include "trace/answer.h"
#include "unit/trace/growth_shape.h"

#define FAKE_INSTANCES 8u
#define FAKE_SITES 4096u
#define FAKE_FRAMES 8u

typedef struct fake_site {
  seep_trace_site site;
  uint64_t frames[FAKE_FRAMES];
  growth_shape shape;
} fake_site;

struct seep_trace_analysis {
  seep_trace_modules *modules;
  seep_trace_instance instances[FAKE_INSTANCES];
  size_t instance_count;
  fake_site *sites;
  size_t site_count;
  seep_trace_losses losses;
  seep_trace_header header;
  seep_trace_merged merged;
};

/* A trace of so long; modules are to be added, and finished with module_finish. */
seep_trace_analysis *fake_new(int64_t duration_ms);
void fake_free(seep_trace_analysis *fake);

uint32_t fake_instance(seep_trace_analysis *fake, uint32_t pid, const char *name);

/* A site with these frames; add its blocks to the shape. */
fake_site *fake_stack(seep_trace_analysis *fake, uint32_t instance, seep_trace_view view,
                      const uint64_t *frames, size_t count);
fake_site *fake_stackless(seep_trace_analysis *fake, uint32_t instance, seep_trace_view view,
                          seep_trace_site_kind kind);

/* Sums up the instances and makes the answer. */
seep_status fake_answer(seep_trace_analysis *fake, const seep_answer_options *options, seep_answer *answer);

#endif
