#include "report/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/saturate.h"
#include "report/pulse_private.h"

#define VALUE_SIZE 256                    /* of a label, its terminator included */
#define LABELS_SIZE (2 * VALUE_SIZE + 32) /* image="...",service="..." */
#define GREATEST 9.0e18                   /* what an int64_t holds of a double */

/* ---- lines ---- */

static void write_head(seep_writer *writer, const char *name, const char *type, const char *help)
{
  seep_writer_format(writer, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* labels "" = none. */
static void write_name(seep_writer *writer, const char *name, const char *labels)
{
  seep_writer_text(writer, name);
  if (labels[0] != '\0') {
    seep_writer_format(writer, "{%s}", labels);
  }
  seep_writer_text(writer, " ");
}

static void write_u64(seep_writer *writer, const char *name, const char *labels, uint64_t value)
{
  write_name(writer, name, labels);
  seep_writer_format(writer, "%" PRIu64 "\n", value);
}

/* ms is not negative. */
static void write_seconds(seep_writer *writer, const char *name, const char *labels, int64_t ms)
{
  write_name(writer, name, labels);
  seep_writer_format(writer, "%" PRId64 ".%03d\n", ms / 1000, (int)(ms % 1000));
}

/* Whole bytes are exact enough, and have no decimal point that a locale could turn into a comma. */
static void write_whole(seep_writer *writer, const char *name, const char *labels, double value)
{
  double bounded = value > GREATEST ? GREATEST : value < -GREATEST ? -GREATEST : value;
  write_name(writer, name, labels);
  seep_writer_format(writer, "%" PRId64 "\n", (int64_t)(bounded < 0 ? bounded - 0.5 : bounded + 0.5));
}

static void gauge(seep_writer *writer, bool known, const char *name, uint64_t value, const char *help)
{
  if (known) {
    write_head(writer, name, "gauge", help);
    write_u64(writer, name, "", value);
  }
}

static void counter(seep_writer *writer, bool known, const char *name, uint64_t value, const char *help)
{
  if (known) {
    write_head(writer, name, "counter", help);
    write_u64(writer, name, "", value);
  }
}

static void seconds(seep_writer *writer, bool known, const char *name, int64_t ms, const char *help)
{
  if (known) {
    write_head(writer, name, "gauge", help);
    write_seconds(writer, name, "", ms);
  }
}

/* ---- labels ---- */

static char lower(char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Cut between characters, and never behind the backslash of an escape. */
static void write_value(const char *text, bool fold, char out[VALUE_SIZE])
{
  size_t written = 0;
  size_t left = strlen(text);
  while (left > 0) {
    seep_text_shown shown = seep_text_show(text, left);
    bool escape = shown.point == '"' || shown.point == '\\';
    if (written + shown.size + (escape ? 1 : 0) >= VALUE_SIZE) {
      break;
    }
    if (escape) {
      out[written++] = '\\';
    }
    memcpy(out + written, shown.bytes, shown.size);
    if (shown.size == 1 && fold) {
      out[written] = lower(out[written]);
    }
    written += shown.size;
    text += shown.used;
    left -= shown.used;
  }
  out[written] = '\0';
}

static void write_labels(const seep_pulse_case *one, char out[LABELS_SIZE])
{
  char image[VALUE_SIZE], service[VALUE_SIZE];
  seep_writer writer;
  write_value(seep_pulse__image(one), true, image);
  write_value(one->services, false, service);
  seep_writer_init(&writer, out, LABELS_SIZE);
  seep_writer_format(&writer, "image=\"%s\",service=\"%s\"", image, service);
}

/* ---- cases by image and service ---- */

typedef struct group {
  char labels[LABELS_SIZE];
  double slope;
  uint64_t growth_bytes;
  seep_wall began; /* 0 = not known */
} group;

static group *group_of(group *groups, size_t *count, const seep_pulse_case *one)
{
  char labels[LABELS_SIZE];
  write_labels(one, labels);
  for (size_t i = 0; i < *count; i++) {
    if (strcmp(groups[i].labels, labels) == 0) {
      return &groups[i];
    }
  }
  group *fresh = &groups[(*count)++];
  memset(fresh, 0, sizeof *fresh);
  memcpy(fresh->labels, labels, sizeof labels);
  return fresh;
}

/* What has ended neither grows nor holds anything, but it is a leak of its image all the same. */
static void add_case(group *to, const seep_pulse_case *one)
{
  bool earlier = to->began.ms == 0 || one->began.ms < to->began.ms;
  if (one->began.ms > 0 && earlier) {
    to->began = one->began;
  }
  if (one->is_waiting) {
    return;
  }
  if (one->slope_bytes_per_hour >= -GREATEST && one->slope_bytes_per_hour <= GREATEST) {
    to->slope += one->slope_bytes_per_hour;
  }
  to->growth_bytes = seep_saturate_add(to->growth_bytes, one->growth_bytes);
}

static void write_groups(seep_writer *writer, const group *groups, size_t count)
{
  static const char slope[] = "seepwatch_leak_slope_bytes_per_hour";
  static const char growth[] = "seepwatch_leak_growth_bytes";
  static const char start[] = "seepwatch_leak_start_timestamp_seconds";
  bool headed = false;
  if (count == 0) {
    return;
  }
  write_head(writer, slope, "gauge", "Growth of the leaking processes of an image now, all of them together");
  for (size_t i = 0; i < count; i++) {
    write_whole(writer, slope, groups[i].labels, groups[i].slope);
  }
  write_head(writer, growth, "gauge", "What the leaking processes of an image have grown by since it began");
  for (size_t i = 0; i < count; i++) {
    write_u64(writer, growth, groups[i].labels, groups[i].growth_bytes);
  }
  for (size_t i = 0; i < count; i++) {
    if (groups[i].began.ms == 0) {
      continue;
    }
    if (!headed) {
      write_head(writer, start, "gauge", "When the earliest open leak of an image began");
    }
    headed = true;
    write_seconds(writer, start, groups[i].labels, groups[i].began.ms);
  }
}

static void write_cases(seep_writer *writer, const seep_pulse *p)
{
  static const char cases[] = "seepwatch_leak_cases";
  group groups[SEEP_PULSE_CASES];
  size_t count = 0;
  size_t rapid = seep_pulse__rapid(p);
  for (size_t i = 0; i < seep_pulse__cases(p); i++) {
    add_case(group_of(groups, &count, &p->cases[i]), &p->cases[i]);
  }
  write_head(writer, cases, "gauge", "Open leak cases, those of ended processes that may come back included");
  write_u64(writer, cases, "verdict=\"leak\"", seep_pulse__open(p) - rapid);
  write_u64(writer, cases, "verdict=\"rapid\"", rapid);
  write_groups(writer, groups, count);
}

/* ---- the rest ---- */

static void write_ever(seep_writer *writer, const seep_pulse *p)
{
  char version[VALUE_SIZE];
  char labels[LABELS_SIZE];
  seep_writer label;
  write_value(p->version, false, version);
  seep_writer_init(&label, labels, sizeof labels);
  seep_writer_format(&label, "version=\"%s\"", version);
  gauge(writer, true, "seepwatch_up", p->stopped ? 0 : 1, "1 while the service runs, 0 after it has stopped");
  write_head(writer, "seepwatch_build_info", "gauge", "Always 1; the label says which version it is");
  write_u64(writer, "seepwatch_build_info", labels, 1);
  seconds(writer, p->last_poll.ms > 0, "seepwatch_last_poll_timestamp_seconds", p->last_poll.ms,
          "When all processes were looked at last");
}

static void write_looking(seep_writer *writer, const seep_pulse *p)
{
  counter(writer, true, "seepwatch_polls_total", p->polls, "Looks at all processes since the start");
  counter(writer, true, "seepwatch_polls_failed_total", p->polls_failed,
          "Such looks that failed or were lost");
  gauge(writer, p->last_poll.ms > 0, "seepwatch_processes", p->processes, "Processes that are watched");
}

static void write_memory(seep_writer *writer, const seep_pulse *p)
{
  const seep_system_memory *m = &p->memory;
  const bool known = p->memory_known;
  const bool paged = known && m->paged_pool_bytes != 0, nonpaged = known && m->nonpaged_pool_bytes != 0;
  gauge(writer, known, "seepwatch_commit_bytes", m->commit_total_bytes, "Commit charge of the system");
  gauge(writer, known, "seepwatch_commit_limit_bytes", m->commit_limit_bytes, "Commit limit of the system");
  gauge(writer, known, "seepwatch_commit_headroom_bytes", seep_system_memory_headroom_bytes(m),
        "Commit that can still be handed out");
  gauge(writer, known && p->processes > 0, "seepwatch_commit_unattributed_bytes",
        seep_pulse__unowned_bytes(p), "Commit that belongs to no process, such as the pools");
  if (paged || nonpaged) {
    write_head(writer, "seepwatch_pool_bytes", "gauge", "Size of the kernel's pools");
  }
  if (paged) {
    write_u64(writer, "seepwatch_pool_bytes", "pool=\"paged\"", m->paged_pool_bytes);
  }
  if (nonpaged) {
    write_u64(writer, "seepwatch_pool_bytes", "pool=\"nonpaged\"", m->nonpaged_pool_bytes);
  }
  seconds(writer, p->time_left_ms >= 0, "seepwatch_time_to_exhaustion_seconds", p->time_left_ms,
          "Time until the commit limit is reached by the growth that is known");
  gauge(writer, true, "seepwatch_headroom_warning", p->headroom_warning ? 1 : 0,
        "1 while event 202 stands: the commit limit is near");
}

static void write_event2004(seep_writer *writer, const seep_pulse *p)
{
  counter(writer, p->feed_wanted, "seepwatch_event2004_total", p->exhaustions,
          "Events 2004 of Windows, that memory runs short, since the start");
  gauge(writer, p->feed_wanted && p->feed_known, "seepwatch_event2004_feed_up", p->feed_up ? 1 : 0,
        "1 while Events 2004 are received");
}

static void write_recordings(seep_writer *writer, const seep_pulse *p)
{
  static const char recordings[] = "seepwatch_recordings_total";
  write_head(writer, recordings, "counter", "Recordings of call stacks since the start, by their outcome");
  write_u64(writer, recordings, "outcome=\"saved\"", p->recordings_saved);
  write_u64(writer, recordings, "outcome=\"failed\"", p->recordings_failed);
  gauge(writer, p->recorder != NULL, "seepwatch_recorder_active", seep_pulse__is_recording(p) ? 1 : 0,
        "1 while a recording is begun, made, saved or undone");
  gauge(writer, true, "seepwatch_tracing_flags", p->flags, "Tracing flags that wait for a restart");
}

static void write_own(seep_writer *writer, const seep_pulse *p)
{
  static const char cpu[] = "seepwatch_own_cpu_seconds_total";
  gauge(writer, p->usage_known, "seepwatch_own_private_bytes", p->own_private_bytes,
        "Private memory of the service itself");
  if (p->usage_known) {
    write_head(writer, cpu, "counter", "Processor time of the service itself");
    write_name(writer, cpu, "");
    seep_writer_format(writer, "%" PRIu64 ".%07" PRIu64 "\n", p->own_cpu_100ns / 10000000u,
                       p->own_cpu_100ns % 10000000u);
  }
  gauge(writer, p->usage_known, "seepwatch_own_handles", p->own_handles, "Handles of the service itself");
  gauge(writer, p->database_bytes > 0, "seepwatch_database_bytes", p->database_bytes,
        "Size of the database file");
  counter(writer, true, "seepwatch_alerts_held_back_total", p->alerts_held_back,
          "Alerts beyond alerts.maximum_per_hour since the start");
  counter(writer, true, "seepwatch_events_lost_total", p->events_lost,
          "Events that could not be told or kept since the start");
}

void seep_metrics_write(const seep_pulse *pulse, seep_writer *writer)
{
  write_ever(writer, pulse);
  if (pulse->stopped) {
    return;
  }
  write_looking(writer, pulse);
  write_cases(writer, pulse);
  write_memory(writer, pulse);
  write_event2004(writer, pulse);
  write_recordings(writer, pulse);
  write_own(writer, pulse);
}
