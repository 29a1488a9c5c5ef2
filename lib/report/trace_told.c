#include "report/trace_told.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "trace/answer.h"

/* Exact in a double. */
#define GREATEST 9007199254740992.0

static void take_text(const cJSON *object, const char *key, char *out, size_t out_size)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  (void)seep_text_copy(out, out_size, cJSON_IsString(item) ? item->valuestring : "");
}

static double take_number(const cJSON *object, const char *key)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  /* Neither NaN nor infinite: isfinite narrows its argument in some C libraries. */
  return cJSON_IsNumber(item) && item->valuedouble > 0 && item->valuedouble <= DBL_MAX ? item->valuedouble
                                                                                       : 0;
}

static uint64_t take_whole(const cJSON *object, const char *key)
{
  double value = take_number(object, key);
  return value < GREATEST ? (uint64_t)value : (uint64_t)GREATEST;
}

static void take_doubts(const cJSON *culprit, char *out, size_t out_size)
{
  const cJSON *doubts = cJSON_GetObjectItemCaseSensitive(culprit, "doubts"), *doubt = NULL;
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  cJSON_ArrayForEach(doubt, doubts)
  {
    if (cJSON_IsString(doubt)) {
      seep_writer_text(&writer, writer.length > 0 ? "; " : "");
      seep_writer_text(&writer, doubt->valuestring);
    }
  }
}

static void take_module(const cJSON *document, const cJSON *culprit, seep_trace_told *told)
{
  const cJSON *index = cJSON_GetObjectItemCaseSensitive(culprit, "module");
  const cJSON *modules = cJSON_GetObjectItemCaseSensitive(document, "modules");
  if (cJSON_IsNumber(index) && index->valueint >= 0) {
    const cJSON *module = cJSON_GetArrayItem(modules, index->valueint);
    take_text(module, "company", told->company, sizeof told->company);
    take_text(module, "file_version", told->version, sizeof told->version);
  }
}

/* Whoever happens to have most of what a recording ends with is not to be accused of it. */
static void acquit(seep_trace_told *told, const char *why, const char *whom)
{
  seep_writer writer;
  seep_writer_init(&writer, told->why, sizeof told->why);
  seep_writer_text(&writer, why);
  seep_writer_text(&writer, whom);
  told->culprit[0] = '\0';
}

/* Code that a runtime makes has no module and is somebody all the same; the other buckets are nobody. */
static void take_culprit(const cJSON *document, const cJSON *culprit, seep_trace_told *told)
{
  char bucket[64];
  take_text(culprit, "certainty", told->certainty, sizeof told->certainty);
  take_text(culprit, "name", told->culprit, sizeof told->culprit);
  take_text(culprit, "place", told->place, sizeof told->place);
  take_text(culprit, "signature", told->signature, sizeof told->signature);
  take_text(culprit, "bucket", bucket, sizeof bucket);
  take_doubts(culprit, told->doubts, sizeof told->doubts);
  take_module(document, culprit, told);
  told->bytes = take_whole(culprit, "bytes");
  told->allocations = take_whole(culprit, "count");
  told->share = fmin(take_number(culprit, "share"), 1.0);
  if (bucket[0] != '\0' && strcmp(bucket, seep_answer_bucket_text(SEEP_BUCKET_MANAGED)) != 0) {
    acquit(told, "what was not given back cannot be laid at anybody's door: ", bucket);
  } else if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(culprit, "is_steady"))) {
    acquit(told, "nothing of what was not given back grew steadily while the recording ran; the most has ",
           told->culprit);
  }
}

seep_status seep_trace_told_read(const char *text, size_t size, seep_trace_told *told, seep_error *error)
{
  const char *end = NULL;
  cJSON *document = cJSON_ParseWithLengthOpts(text, size, &end, 0);
  const cJSON *schema = cJSON_GetObjectItemCaseSensitive(document, "schema");
  if (!cJSON_IsNumber(schema) || schema->valueint != 1) {
    int64_t at = document == NULL && end >= text && end <= text + size ? end - text : 0;
    cJSON_Delete(document);
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, at, "read what a trace shows", NULL);
  }
  memset(told, 0, sizeof *told);
  take_text(document, "verdict", told->verdict, sizeof told->verdict);
  const cJSON *culprit = cJSON_GetObjectItemCaseSensitive(document, "culprit");
  if (cJSON_IsObject(culprit)) {
    take_culprit(document, culprit, told);
  } else {
    (void)seep_text_copy(told->certainty, sizeof told->certainty, "nothing");
    (void)seep_text_copy(told->why, sizeof told->why,
                         "nothing was allocated and kept while the recording ran");
  }
  cJSON_Delete(document);
  return SEEP_OK;
}
