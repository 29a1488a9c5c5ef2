#include "status_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <uv.h>

#include "cli.h"
#include "status_read.h"
#include "report/human.h"
#include "report/pulse.h"

#define OLD_INTERVALS 3
#define USUAL_INTERVAL_MS (60 * SEEP_MS_PER_SECOND) /* metrics.interval_s by default */
#define NONE_YET "there is no status.json: the service has not run yet, or cannot write there"

/* ---- reading ---- */

static bool is_missing(const char *path)
{
  errno = 0;
  FILE *probe = seep_cli_open(path);
  if (probe != NULL) {
    fclose(probe);
    return false;
  }
  return errno == ENOENT;
}

/* Sets *document on SEEP_EXIT_DONE; else the reason has been said. */
static int load(const char *verb, const char *path, cJSON **document)
{
  char *text = NULL;
  size_t size = 0;
  const char *end = NULL;
  if (is_missing(path)) {
    return seep_cli_fail_reading(verb, SEEP_EXIT_NOT_FOUND, path, NONE_YET);
  }
  int code = seep_cli_read(verb, path, SEEP_STATUS_MAXIMUM_BYTES, &text, &size);
  if (code != SEEP_EXIT_DONE) {
    return code;
  }
  if (size > SEEP_STATUS_MAXIMUM_BYTES) {
    free(text);
    return seep_cli_fail_reading(verb, SEEP_EXIT_BAD_INPUT, path,
                                 "it is larger than 1 MB: no status of Seepwatch is");
  }
  *document = size > 0 ? cJSON_ParseWithLengthOpts(text, size, &end, false) : NULL;
  bool whole = *document != NULL;
  for (; whole && end < text + size; end++) {
    whole = strchr(" \t\r\n", *end) != NULL && *end != '\0';
  }
  free(text);
  if (!whole) {
    cJSON_Delete(*document);
    *document = NULL;
    return seep_cli_fail_reading(verb, SEEP_EXIT_BAD_INPUT, path, "it is damaged: not one JSON document");
  }
  return SEEP_EXIT_DONE;
}

static int load_pulse(const char *verb, const char *path, seep_pulse *pulse, seep_status_words *words)
{
  cJSON *document = NULL;
  int code = load(verb, path, &document);
  if (code != SEEP_EXIT_DONE) {
    return code;
  }
  const char *reason = seep_status_read(document, pulse, words);
  cJSON_Delete(document);
  return reason == NULL ? SEEP_EXIT_DONE : seep_cli_fail_reading(verb, SEEP_EXIT_BAD_INPUT, path, reason);
}

/* ---- age ---- */

static int64_t interval_of(const seep_pulse *pulse)
{
  if (pulse->write_interval_ms > 0) {
    return pulse->write_interval_ms;
  }
  return pulse->poll_interval_ms > USUAL_INTERVAL_MS ? pulse->poll_interval_ms : USUAL_INTERVAL_MS;
}

/* Who has stopped writes nothing new, and has said so. */
static bool is_old(const seep_pulse *pulse, int64_t age_ms)
{
  return !pulse->stopped && age_ms / OLD_INTERVALS >= interval_of(pulse);
}

static void print_age(const seep_pulse *pulse, int64_t age_ms)
{
  char age[SEEP_HUMAN_SIZE], interval[SEEP_HUMAN_SIZE];
  if (age_ms <= -SEEP_MS_PER_SECOND) {
    printf("watchdog, as of a moment that is %s ahead of the clock:\n",
           seep_human_duration(-age_ms, age, sizeof age));
    return;
  }
  int64_t whole_ms = age_ms > 0 ? age_ms - age_ms % SEEP_MS_PER_SECOND : 0;
  printf("watchdog, as of %s ago", seep_human_duration(whole_ms, age, sizeof age));
  if (is_old(pulse, age_ms)) {
    printf(", which is old: it should say this every %s, and may no longer work",
           seep_human_duration(interval_of(pulse), interval, sizeof interval));
  }
  printf("%s:\n", pulse->stopped ? ", its last word before it stopped" : "");
}

/* ---- printing ---- */

/* The one writer of a pulse: what comes out is well-formed whatever the file had in it, and whole, or it is
 * NULL. */
static const char *written(const seep_pulse *pulse, bool json)
{
  static char text[SEEP_PULSE_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, text, sizeof text);
  if (json) {
    seep_pulse_json(pulse, &writer);
  } else {
    seep_pulse_text(pulse, &writer);
  }
  return writer.cut ? NULL : text;
}

/* text: of the pulse; NULL: there is none. */
static void print_json(const char *service_json, const seep_pulse *pulse, int64_t age_ms, const char *text)
{
  printf("{\"service\": %s, ", service_json != NULL ? service_json : "null");
  if (text == NULL) {
    puts("\"age_ms\": null, \"old\": null, \"watchdog\": null}");
    return;
  }
  size_t length = strlen(text);
  printf("\"age_ms\": %" PRId64 ", \"old\": %s, \"watchdog\": %.*s}\n", age_ms,
         is_old(pulse, age_ms) ? "true" : "false", (int)(length - (length > 0 ? 1 : 0)), text);
}

static void print_text(const char *service_text, const seep_pulse *pulse, int64_t age_ms, const char *text)
{
  size_t length = strlen(service_text);
  fputs(service_text, stdout);
  fputs(length > 0 && service_text[length - 1] != '\n' ? "\n" : "", stdout);
  if (text != NULL) {
    print_age(pulse, age_ms);
    fputs(text, stdout);
  }
}

int seep_status_print_at(const char *verb, const char *path, const char *service_json,
                         const char *service_text, bool json, seep_wall now)
{
  static seep_pulse pulse; /* 30 KB */
  seep_status_words words;
  bool none_yet = service_json != NULL && is_missing(path);
  int code = none_yet ? SEEP_EXIT_DONE : load_pulse(verb, path, &pulse, &words);
  bool known = code == SEEP_EXIT_DONE && !none_yet;
  const char *text = known ? written(&pulse, json) : NULL;
  int64_t age_ms = known ? now.ms - pulse.now.ms : 0;
  if (known && text == NULL) {
    code = seep_cli_fail_reading(verb, SEEP_EXIT_BAD_INPUT, path, "there is more in it than in any status");
  }
  if (json) {
    print_json(service_json, &pulse, age_ms, text);
  } else {
    print_text(service_text, &pulse, age_ms, text);
  }
  if (none_yet && !json) {
    puts("watchdog: " NONE_YET);
  }
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout) != 0) {
    return seep_cli_fail(verb, SEEP_EXIT_FAILED, "writing standard output", strerror(errno));
  }
  return code;
}

int seep_status_print(const char *verb, const char *path, const char *service_json, const char *service_text,
                      bool json)
{
  uv_timeval64_t now = {0};
  (void)uv_gettimeofday(&now);
  return seep_status_print_at(verb, path, service_json, service_text, json,
                              (seep_wall){now.tv_sec * SEEP_MS_PER_SECOND + now.tv_usec / 1000});
}
