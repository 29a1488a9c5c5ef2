#include <inttypes.h>
#include <string.h>

#include "report/human.h"
#include "report/pulse_private.h"

/* One line before it is cleaned: a case with the longest of names, or the data folder. */
#define LINE_SIZE 1400

static void write_line(seep_writer *writer, const char *label, const char *value)
{
  seep_writer_format(writer, "%s: ", label);
  seep_writer_shown(writer, value[0] != '\0' ? value : "not known");
  seep_writer_text(writer, "\n");
}

typedef void (*phrase)(const seep_pulse *pulse, seep_writer *writer);

static void write_phrase(seep_writer *writer, const char *label, const seep_pulse *pulse, phrase write)
{
  char text[LINE_SIZE];
  seep_writer line;
  seep_writer_init(&line, text, sizeof text);
  write(pulse, &line);
  write_line(writer, label, text);
}

/* ---- the lines ---- */

static void write_state(const seep_pulse *p, seep_writer *line)
{
  char duration[SEEP_HUMAN_SIZE];
  seep_writer_format(line, "%s %s", p->stopped ? "stopped after" : "running for",
                     seep_human_duration(p->uptime_ms, duration, sizeof duration));
  if (p->version[0] != '\0') {
    seep_writer_format(line, ", version %s", p->version);
  }
  if (p->host[0] != '\0') {
    seep_writer_format(line, ", on %s", p->host);
  }
}

static void write_moment(const seep_pulse *p, seep_writer *line)
{
  char wall[SEEP_WALL_TEXT_SIZE];
  seep_writer_text(line, p->now.ms != 0 ? seep_wall_text(p->now, wall, sizeof wall) : "");
}

static void write_looking(const seep_pulse *p, seep_writer *line)
{
  char text[SEEP_HUMAN_SIZE], wall[SEEP_WALL_TEXT_SIZE];
  if (p->last_poll.ms == 0) {
    seep_writer_text(line, "not once yet");
  } else {
    seep_writer_format(line, "%" PRIu64 " times, every %s, the last at %s", p->polls,
                       seep_human_duration(p->poll_interval_ms, text, sizeof text),
                       seep_wall_text(p->last_poll, wall, sizeof wall));
  }
  seep_writer_format(line, "; %zu processes, %zu of them suspected", p->processes, p->suspects);
}

static void write_lost(const seep_pulse *p, seep_writer *line)
{
  seep_writer_format(line, "%" PRIu64 " polls and %" PRIu64 " events; %" PRIu64 " alerts held back",
                     p->polls_failed, p->events_lost, p->alerts_held_back);
}

static void write_commit(const seep_pulse *p, seep_writer *line)
{
  char total[SEEP_HUMAN_SIZE], limit[SEEP_HUMAN_SIZE], left[SEEP_HUMAN_SIZE], outside[SEEP_HUMAN_SIZE];
  const seep_system_memory *memory = &p->memory;
  if (!p->memory_known) {
    return;
  }
  seep_writer_format(line, "%s of %s, %s left",
                     seep_human_bytes(memory->commit_total_bytes, total, sizeof total),
                     seep_human_bytes(memory->commit_limit_bytes, limit, sizeof limit),
                     seep_human_bytes(seep_system_memory_headroom_bytes(memory), left, sizeof left));
  if (p->processes > 0) {
    seep_writer_format(line, "; %s of it outside of processes",
                       seep_human_bytes(seep_pulse__unowned_bytes(p), outside, sizeof outside));
  }
  seep_writer_text(line, p->headroom_warning ? "; event 202 has warned of it" : "");
}

static void write_pools(const seep_pulse *p, seep_writer *line)
{
  char paged[SEEP_HUMAN_SIZE], nonpaged[SEEP_HUMAN_SIZE];
  if (p->memory_known && p->memory.paged_pool_bytes != 0 && p->memory.nonpaged_pool_bytes != 0) {
    seep_writer_format(line, "%s paged, %s nonpaged",
                       seep_human_bytes(p->memory.paged_pool_bytes, paged, sizeof paged),
                       seep_human_bytes(p->memory.nonpaged_pool_bytes, nonpaged, sizeof nonpaged));
  }
}

static void write_time_left(const seep_pulse *p, seep_writer *line)
{
  char text[SEEP_HUMAN_SIZE];
  if (!p->memory_known) {
    return;
  }
  seep_writer_text(line, p->time_left_ms >= 0 ? seep_human_duration(p->time_left_ms, text, sizeof text)
                                              : "no growth is known that would reach the commit limit");
}

static void write_event2004(const seep_pulse *p, seep_writer *line)
{
  seep_pulse__write_event2004(p, line);
  seep_writer_text(line, p->notices_up ? "; the detector's own log is read too" : "");
}

static void write_own(const seep_pulse *p, seep_writer *line)
{
  char bytes[SEEP_HUMAN_SIZE];
  if (!p->usage_known) {
    return;
  }
  seep_writer_format(line, "%s private, ", seep_human_bytes(p->own_private_bytes, bytes, sizeof bytes));
  seep_pulse__write_cpu(p, line);
  seep_writer_format(line, " of processor time, %" PRIu32 " handles", p->own_handles);
}

/* "leak: w3wp.exe (1234), 180 MB per hour since ..., grown by 1.5 GB to 2 GB, Heap, services W3SVC" */
static void write_case(const seep_pulse_case *one, seep_writer *line)
{
  char rate[SEEP_HUMAN_SIZE], growth[SEEP_HUMAN_SIZE], commit[SEEP_HUMAN_SIZE], wall[SEEP_WALL_TEXT_SIZE];
  seep_writer_format(line, "%s (%" PRIu32 "), %s", seep_pulse__image(one), one->key.pid,
                     seep_human_rate(one->slope_bytes_per_hour, rate, sizeof rate));
  if (one->began.ms != 0) {
    seep_writer_format(line, " since %s", seep_wall_text(one->began, wall, sizeof wall));
  }
  seep_writer_format(line, ", grown by %s to %s", seep_human_bytes(one->growth_bytes, growth, sizeof growth),
                     seep_human_bytes(one->commit_bytes, commit, sizeof commit));
  if (one->memory_kind[0] != '\0') {
    seep_writer_format(line, ", %s", one->memory_kind);
  }
  if (one->services[0] != '\0') {
    seep_writer_format(line, ", services %s", one->services);
  }
  seep_writer_text(line, one->is_waiting ? "; it has ended, and may come back" : "");
}

static void write_cases(const seep_pulse *p, seep_writer *writer)
{
  size_t open = seep_pulse__open(p);
  size_t listed = seep_pulse__cases(p);
  for (size_t i = 0; i < listed; i++) {
    char text[LINE_SIZE];
    seep_writer line;
    seep_writer_init(&line, text, sizeof text);
    write_case(&p->cases[i], &line);
    write_line(writer, p->cases[i].is_rapid ? "rapid growth" : "leak", text);
  }
  if (open == 0) {
    seep_writer_text(writer, "leak: none\n");
  } else if (open > listed) {
    seep_writer_format(writer, "more leaks: %zu\n", open - listed);
  }
}

void seep_pulse_text(const seep_pulse *pulse, seep_writer *writer)
{
  write_phrase(writer, "state", pulse, write_state);
  write_phrase(writer, "as of", pulse, write_moment);
  write_phrase(writer, "looked", pulse, write_looking);
  write_cases(pulse, writer);
  write_phrase(writer, "commit", pulse, write_commit);
  write_phrase(writer, "time left", pulse, write_time_left);
  write_phrase(writer, "pools", pulse, write_pools);
  write_phrase(writer, "event 2004", pulse, write_event2004);
  write_phrase(writer, "recorder", pulse, seep_pulse__write_recorder);
  write_phrase(writer, "recordings", pulse, seep_pulse__write_recordings);
  write_phrase(writer, "lost", pulse, write_lost);
  write_phrase(writer, "database", pulse, seep_pulse__write_database);
  write_phrase(writer, "own use", pulse, write_own);
  write_line(writer, "data folder", pulse->data_folder);
}
