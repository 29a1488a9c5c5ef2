#include "capture_answer.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "output.h"
#include "report/human.h"

static const char *state_text(const seep_store_answer *answer)
{
  return answer->state == SEEP_STORE_ANSWER_MADE     ? "made"
         : answer->state == SEEP_STORE_ANSWER_FAILED ? "failed"
                                                     : "begun";
}

static void say_joined(seep_capture_answer_say say, const char *label, const char *first, const char *second)
{
  char text[sizeof((seep_trace_told *)NULL)->culprit + sizeof((seep_trace_told *)NULL)->place + 2];
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  seep_writer_text(&writer, first);
  seep_writer_text(&writer, first[0] != '\0' && second[0] != '\0' ? ", " : "");
  seep_writer_text(&writer, second);
  if (writer.length > 0) {
    say(label, text);
  }
}

static void say_amount(const seep_store_answer *answer, seep_capture_answer_say say)
{
  char human[SEEP_HUMAN_SIZE], text[160];
  snprintf(text, sizeof text, "%s in %" PRIu64 " allocations, %.0f percent of all that is left",
           seep_human_bytes(answer->told.bytes, human, sizeof human), answer->told.allocations,
           100.0 * answer->told.share);
  say("not given back", text);
}

void seep_capture_answer_lines(const seep_store_answer *answer, seep_capture_answer_say say)
{
  if (answer == NULL) {
    return;
  }
  if (answer->state == SEEP_STORE_ANSWER_MADE && answer->told.culprit[0] != '\0') {
    say_joined(say, "culprit", answer->told.culprit, answer->told.place);
    say_joined(say, "made by", answer->told.company, answer->told.version);
    say_amount(answer, say);
    say("signature", answer->told.signature);
  } else if (answer->state == SEEP_STORE_ANSWER_MADE) {
    say_joined(say, "culprit", "nobody", answer->told.why);
  } else {
    say_joined(say, "culprit", "not found out", answer->told.why);
  }
  if (answer->told.verdict[0] != '\0') {
    say("verdict", answer->told.verdict);
  }
  if (answer->told.doubts[0] != '\0') {
    say("doubts", answer->told.doubts);
  }
}

static bool add_figures(cJSON *item, const seep_store_answer *answer)
{
  const bool known = answer->state == SEEP_STORE_ANSWER_MADE && answer->told.bytes > 0;
  if (!known) {
    return cJSON_AddNullToObject(item, "bytes") != NULL &&
           cJSON_AddNullToObject(item, "allocations") != NULL && cJSON_AddNullToObject(item, "share") != NULL;
  }
  return seep_output_add_u64(item, "bytes", answer->told.bytes) &&
         seep_output_add_u64(item, "allocations", answer->told.allocations) &&
         cJSON_AddNumberToObject(item, "share", answer->told.share) != NULL;
}

bool seep_capture_answer_add(cJSON *object, const seep_store_answer *answer)
{
  if (answer == NULL) {
    return cJSON_AddNullToObject(object, "answer") != NULL;
  }
  char made[SEEP_WALL_TEXT_SIZE];
  const struct {
    const char *key, *text;
  } texts[] = {{"state", state_text(answer)},
               {"made", answer->made.ms > 0 ? seep_wall_text(answer->made, made, sizeof made) : ""},
               {"why", answer->told.why},
               {"verdict", answer->told.verdict},
               {"certainty", answer->told.certainty},
               {"culprit", answer->told.culprit},
               {"place", answer->told.place},
               {"company", answer->told.company},
               {"file_version", answer->told.version},
               {"signature", answer->told.signature},
               {"doubts", answer->told.doubts}};
  cJSON *item = cJSON_AddObjectToObject(object, "answer");
  bool ok = item != NULL;
  for (size_t i = 0; ok && i < sizeof texts / sizeof texts[0]; i++) {
    ok = seep_output_add_text_or_null(item, texts[i].key, texts[i].text);
  }
  return ok && add_figures(item, answer);
}
