/* The list of candidates: who is measured beside whom. A new one is one line here. */
#include "candidate.h"

#include <string.h>

#include "baselines.h"
#include "ratchet.h"
#include "shipped.h"

static const judge_candidate *const candidates[] = {
    &baseline_regression,   &baseline_coroot,    &baseline_daintree, &baseline_predict_linear,
    &baseline_mann_kendall, &baseline_theil_sen, &baseline_cusum,    &ratchet_default,
    &ratchet_strict,        &ratchet_confirmed,  &shipped_detector,
};

size_t judge_candidate_count(void)
{
  return sizeof candidates / sizeof candidates[0];
}

const judge_candidate *judge_candidate_at(size_t i)
{
  return candidates[i];
}

const judge_candidate *judge_candidate_named(const char *name)
{
  for (size_t i = 0; i < judge_candidate_count(); i++) {
    if (strcmp(candidates[i]->name, name) == 0) {
      return candidates[i];
    }
  }
  return NULL;
}
