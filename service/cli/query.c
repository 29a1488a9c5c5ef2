#include "query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli.h"

#define MAXIMUM_HOURS 876000u /* a century */
#define MAXIMUM_LIMIT 1000000u
#define MAXIMUM_SECONDS UINT64_C(253402300799) /* the end of the year 9999 */

/* ---- values ---- */

static bool read_number(const char *text, size_t length, uint64_t maximum, uint64_t *value)
{
  uint64_t number = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9' || number > maximum / 10) {
      return false;
    }
    number = number * 10 + (uint64_t)(text[i] - '0');
  }
  *value = number;
  return length > 0 && number <= maximum;
}

static bool read_positive(const char *text, uint64_t maximum, uint64_t *value)
{
  return read_number(text, strlen(text), maximum, value) && *value > 0;
}

/* As history writes them itself: "1772323200.005". Four to eight digits are taken for a year, a month or a
 * day without dashes: a mistake rather than a moment of 1970. */
static bool read_seconds(const char *text, seep_wall *wall)
{
  uint64_t seconds = 0, ms = 0;
  size_t whole = strspn(text, "0123456789");
  if ((whole >= 4 && whole <= 8) || !read_number(text, whole, MAXIMUM_SECONDS, &seconds)) {
    return false;
  }
  if (text[whole] != '\0' &&
      (text[whole] != '.' || strlen(text) != whole + 4 || !read_number(text + whole + 1, 3, 999, &ms))) {
    return false;
  }
  wall->ms = (int64_t)(seconds * 1000 + ms);
  return true;
}

bool seep_query_time(const char *text, seep_wall *wall)
{
  static const char rest[] = "0000-00-00T00:00:00Z";
  char full[64];
  seep_filetime filetime = 0;
  size_t length = strlen(text);
  if (read_seconds(text, wall)) {
    return true;
  }
  if (length > 0 && text[length - 1] == 'Z') {
    length--;
  }
  if ((length != 10 && length != 16 && length < 19) || length > 32) {
    return false;
  }
  snprintf(full, sizeof full, "%.*s%s", (int)length, text, length < 19 ? rest + length : "Z");
  if (!seep_filetime_parse(full, strlen(full), &filetime)) {
    return false;
  }
  *wall = seep_wall_from_filetime(filetime);
  return true;
}

/* ---- options ---- */

static bool take_flag(seep_query *query, unsigned allowed, const char *name)
{
  const struct {
    const char *name;
    unsigned needs;
    bool *flag;
  } flags[] = {{"--json", 0, &query->json},
               {"--csv", 0, &query->csv},
               {"--system", SEEP_QUERY_SYSTEM, &query->system},
               {"--hourly", SEEP_QUERY_RESOLUTION, &query->hourly},
               {"--raw", SEEP_QUERY_RESOLUTION, &query->raw},
               {"--open", SEEP_QUERY_OPEN, &query->open},
               {"--verify", SEEP_QUERY_VERIFY, &query->verify}};
  for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
    if (strcmp(flags[i].name, name) == 0 && (flags[i].needs == 0 || (allowed & flags[i].needs) != 0)) {
      *flags[i].flag = true;
      return true;
    }
  }
  return false;
}

static bool take_text(seep_query *query, unsigned allowed, const char *name, const char *value)
{
  const struct {
    const char *name;
    unsigned needs;
    const char **text;
  } texts[] = {{"--db", 0, &query->database},
               {"--image", SEEP_QUERY_IMAGE, &query->image},
               {"--process", SEEP_QUERY_IMAGE, &query->image},
               {"--html", SEEP_QUERY_HTML, &query->html}};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    if (strcmp(texts[i].name, name) == 0 && (texts[i].needs == 0 || (allowed & texts[i].needs) != 0)) {
      *texts[i].text = value;
      return value[0] != '\0';
    }
  }
  return false;
}

/* One option with its value; false when it is not one, or its value makes no sense. */
static bool take_valued(seep_query *query, unsigned allowed, const char *name, const char *value)
{
  uint64_t pid = 0;
  if (take_text(query, allowed, name, value)) {
    return true;
  }
  if (strcmp(name, "--pid") == 0 && (allowed & SEEP_QUERY_PID) != 0 &&
      read_positive(value, UINT32_MAX, &pid)) {
    query->pid = (uint32_t)pid;
    return true;
  }
  if (strcmp(name, "--hours") == 0) {
    return (allowed & SEEP_QUERY_HOURS) != 0 && read_positive(value, MAXIMUM_HOURS, &query->hours);
  }
  if (strcmp(name, "--limit") == 0) {
    return (allowed & SEEP_QUERY_LIMIT) != 0 && read_positive(value, MAXIMUM_LIMIT, &query->limit);
  }
  if (strcmp(name, "--id") == 0) {
    return (allowed & SEEP_QUERY_ID) != 0 && read_positive(value, INT64_MAX, &query->id);
  }
  if (strcmp(name, "--from") == 0) {
    return (allowed & SEEP_QUERY_RANGE) != 0 && seep_query_time(value, &query->from);
  }
  return strcmp(name, "--to") == 0 && (allowed & SEEP_QUERY_RANGE) != 0 && seep_query_time(value, &query->to);
}

/* Options that exclude each other. */
static int check_together(const seep_query *query)
{
  bool range = query->from.ms != INT64_MIN || query->to.ms != INT64_MAX;
  const struct {
    bool wrong;
    const char *what, *why;
  } rules[] = {
      {query->json && query->csv, "--json and --csv", "only one of them"},
      {query->hourly && query->raw, "--hourly and --raw", "only one of them"},
      {query->html != NULL && (query->json || query->csv), "--html", "not together with --json or --csv"},
      {query->hours > 0 && range, "--hours", "not together with --from or --to"},
      {query->id > 0 && (query->hours > 0 || range || query->open), "--id",
       "not together with --open, --hours, --from or --to"},
      {query->from.ms >= query->to.ms, "--from", "it is not before --to"},
      {query->system && query->pid != 0, "--system and --pid", "the system's figures have no PID"},
  };
  for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
    if (rules[i].wrong) {
      return seep_cli_fail(query->verb, SEEP_EXIT_USAGE, rules[i].what, rules[i].why);
    }
  }
  return SEEP_EXIT_DONE;
}

int seep_query_parse(seep_query *query, unsigned allowed, int first, int argc, char **argv)
{
  query->database = seep_cli_default_database();
  query->from.ms = INT64_MIN;
  query->to.ms = INT64_MAX;
  for (int i = first; i < argc; i++) {
    if (take_flag(query, allowed, argv[i])) {
      continue;
    }
    if (argv[i][0] != '-' && query->operand_count < query->operand_limit) {
      query->operands[query->operand_count++] = argv[i];
      continue;
    }
    if (i + 1 >= argc || !take_valued(query, allowed, argv[i], argv[i + 1])) {
      return seep_cli_fail(query->verb, SEEP_EXIT_USAGE, argv[i],
                           "unknown option, or its value is missing or wrong");
    }
    i++;
  }
  return check_together(query);
}

/* ---- the store ---- */

int seep_query_open_store(const seep_query *query, seep_store **store)
{
  seep_error error = {0};
  return seep_store_open_readonly(query->database, store, &error) == SEEP_OK ? SEEP_EXIT_DONE
                                                                             : seep_query_fail(query, &error);
}

seep_status seep_query_filter(const seep_query *query, seep_store *store, seep_store_filter *filter,
                              seep_error *error)
{
  seep_store_filter_init(filter);
  filter->image = query->image;
  filter->pid = query->pid;
  filter->system = query->system;
  filter->from = query->from;
  filter->to = query->to;
  if (query->hours == 0) {
    return SEEP_OK;
  }
  seep_wall newest;
  seep_status status = seep_store_newest(store, &newest, error);
  int64_t span = (int64_t)query->hours * SEEP_MS_PER_HOUR;
  if (status == SEEP_OK && newest.ms > INT64_MIN + span) {
    filter->from.ms = newest.ms - span;
  }
  return status == SEEP_NOT_FOUND ? SEEP_OK : status;
}

/* ---- the last word ---- */

int seep_query_fail(const seep_query *query, const seep_error *error)
{
  char what[256], why[64];
  snprintf(what, sizeof what, "%s%s%s", error->operation != NULL ? error->operation : "read store",
           error->subject[0] != '\0' ? " " : "", error->subject);
  if (error->domain == SEEP_DOMAIN_SQLITE) {
    snprintf(why, sizeof why, "%s (SQLite %" PRId64 ")", seep_status_text(error->status), error->code);
  } else if (error->status == SEEP_CORRUPT && error->domain == SEEP_DOMAIN_NONE && error->code != 0) {
    snprintf(why, sizeof why, "%s (row %" PRId64 ")", seep_status_text(error->status), error->code);
  } else {
    snprintf(why, sizeof why, "%s", seep_status_text(error->status));
  }
  return seep_cli_fail(query->verb, seep_cli_exit_code(error->status), what, why);
}

int seep_query_finish(const seep_query *query, seep_status status, const seep_error *error)
{
  if (fflush(stdout) != 0 || ferror(stdout)) {
    return seep_cli_fail(query->verb, SEEP_EXIT_FAILED, "write output", "the output does not take it");
  }
  return status == SEEP_OK ? SEEP_EXIT_DONE : seep_query_fail(query, error);
}
