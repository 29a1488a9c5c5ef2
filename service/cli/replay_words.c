#include "replay_words.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "judge/headroom.h"
#include "output.h"
#include "report/explanation.h"
#include "report/human.h"

/* Times before 1971 are taken for seconds since a beginning of the input's own. */
#define NAMED_FROM_MS (365 * SEEP_MS_PER_DAY)

const char *seep_replay_time(seep_wall wall, char *out, size_t out_size)
{
  char duration[SEEP_HUMAN_SIZE];
  if (wall.ms >= NAMED_FROM_MS) {
    return seep_output_minute(wall, out, out_size);
  }
  if (wall.ms < 0) {
    snprintf(out, out_size, "%" PRId64 " s", wall.ms / SEEP_MS_PER_SECOND);
  } else {
    seep_text_copy(out, out_size, seep_human_duration(wall.ms, duration, sizeof duration));
  }
  return out;
}

const char *seep_replay_when(seep_wall wall, char *out, size_t out_size)
{
  char time[SEEP_REPLAY_TIME_SIZE];
  seep_replay_time(wall, time, sizeof time);
  snprintf(out, out_size, "%s%s", wall.ms >= NAMED_FROM_MS ? "" : "at ", time);
  return out;
}

static void write_time_left(const seep_replay_case *item, seep_writer *writer)
{
  char duration[SEEP_HUMAN_SIZE];
  bool alone = item->together_bytes_per_hour <= item->slope_bytes_per_hour;
  const char *rate = alone ? "at this rate" : "at this rate and those of the other open cases";
  if (!item->headroom_known) {
    seep_writer_text(writer, "time to exhaustion is not known: the input has no system figures "
                             "(--headroom-bytes)");
  } else if (item->time_left_ms == SEEP_TIME_LEFT_UNKNOWN) {
    seep_writer_format(writer, "%s the commit limit is more than ten years away", rate);
  } else if (item->time_left_ms < SEEP_MS_PER_SECOND) {
    seep_writer_text(writer, "nothing is left until the commit limit");
  } else {
    seep_writer_format(writer, "%s the commit limit is reached in %s", rate,
                       seep_human_duration(item->time_left_ms, duration, sizeof duration));
  }
}

static void write_pace(const seep_replay_case *item, seep_writer *writer)
{
  char rate[SEEP_EXPLANATION_RATE_SIZE];
  seep_writer_format(writer, "%s, confidence %.2f; ",
                     seep_explanation_rate(item->slope_bytes_per_hour, item->slope_low_bytes_per_hour,
                                           item->slope_high_bytes_per_hour, SEEP_UNIT_BYTES, rate,
                                           sizeof rate),
                     item->confidence);
  write_time_left(item, writer);
}

const char *seep_replay_pace(const seep_replay_case *item, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  write_pace(item, &writer);
  return out;
}

const char *seep_replay_reason(const seep_replay_case *item, char *out, size_t out_size)
{
  char bytes[SEEP_HUMAN_SIZE], duration[SEEP_HUMAN_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  seep_writer_format(&writer, "in %s it grew by %s and gave none of that back, ",
                     seep_human_duration(item->grown_ms, duration, sizeof duration),
                     seep_human_bytes(item->growth_bytes, bytes, sizeof bytes));
  write_pace(item, &writer);
  return out;
}

const char *seep_replay_why_not(const seep_assessment *assessment, bool rapid, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  if (assessment->failed != SEEP_TEST_PASSED) {
    seep_explanation_why_not(assessment, rapid, SEEP_UNIT_BYTES, &writer);
  }
  return out;
}

const char *seep_replay_evidence(const seep_assessment *assessment, char *out, size_t out_size)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  if (assessment->shape.window_ms > 0) {
    seep_explanation_evidence(&assessment->shape, SEEP_UNIT_BYTES, &writer);
  }
  return out;
}

const char *seep_replay_level(seep_verdict_level level)
{
  switch (level) {
  case SEEP_LEVEL_SUSPECT:
    return "suspect";
  case SEEP_LEVEL_RAPID:
    return "rapid";
  case SEEP_LEVEL_LEAK:
    return "leak";
  case SEEP_LEVEL_NONE:
  default:
    return "none";
  }
}

size_t seep_replay_count_kind(const seep_replay_run *run, size_t watched, bool rapid)
{
  size_t count = 0;
  for (size_t i = 0; i < run->cases.count; i++) {
    const seep_replay_case *item = &run->cases.items[i];
    count += seep_replay_case_is_rapid(item) == rapid && seep_replay_case_is_of(item, watched);
  }
  return count;
}

size_t seep_replay_count(const seep_replay_run *run, size_t watched)
{
  return seep_replay_count_kind(run, watched, true) + seep_replay_count_kind(run, watched, false);
}
