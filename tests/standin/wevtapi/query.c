/*
 * Understands, and really evaluates, the queries that Seepwatch makes: one Select on one channel, and inside
 * System any "and" of Provider[@Name=..], EventID=.. or (EventID=.. or EventID=..), and
 * TimeCreated[timediff(@SystemTime) <= ..]. Anything else is refused, as the real one refuses a wrong query:
 * a stand-in that swallows every query would hide a typing error in ours.
 */
#include "standin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XPATH_SIZE 2048

static bool skip(const char **at, const char *word)
{
  const char *from = *at + strspn(*at, " \t\r\n");
  if (strncmp(from, word, strlen(word)) != 0) {
    return false;
  }
  *at = from + strlen(word);
  return true;
}

static bool read_number(const char **at, long long *value)
{
  char *end = NULL;
  const char *from = *at + strspn(*at, " \t\r\n");
  if (*from < '0' || *from > '9') {
    return false;
  }
  *value = strtoll(from, &end, 10);
  *at = end;
  return true;
}

static bool read_string(const char **at, char *out, size_t out_size)
{
  const char *from = *at + strspn(*at, " \t\r\n");
  const char *end = *from == '\'' || *from == '"' ? strchr(from + 1, *from) : NULL;
  if (end == NULL || (size_t)(end - from) > out_size) {
    return false;
  }
  memcpy(out, from + 1, (size_t)(end - from - 1));
  out[end - from - 1] = '\0';
  *at = end + 1;
  return true;
}

/* One number, or several with "or" between them, which takes brackets: "and" binds closer. */
static bool read_event_ids(const char **at, bool bracketed, standin_query *query)
{
  query->event_id_count = 0;
  do {
    long long number = 0;
    if (query->event_id_count == STANDIN_QUERY_IDS || !read_number(at, &number) || number < 1 ||
        number > 65535) {
      return false;
    }
    query->event_ids[query->event_id_count++] = (uint32_t)number;
  } while (bracketed && skip(at, "or EventID="));
  return true;
}

static bool read_condition(const char **at, standin_query *query)
{
  long long number = 0;
  bool bracketed = skip(at, "(");
  if (skip(at, "Provider[@Name=")) {
    if (!read_string(at, query->provider, sizeof query->provider) || !skip(at, "]")) {
      return false;
    }
  } else if (skip(at, "EventID=")) {
    if (!read_event_ids(at, bracketed, query)) {
      return false;
    }
  } else if (skip(at, "TimeCreated[timediff(@SystemTime)")) {
    if (!skip(at, "<=") || !read_number(at, &number) || !skip(at, "]")) {
      return false;
    }
    query->has_age = true;
    query->age_ms = number;
  } else {
    return false;
  }
  return !bracketed || skip(at, ")");
}

static bool read_xpath(const char *at, standin_query *query)
{
  if (!skip(&at, "*[System[")) {
    return false;
  }
  do {
    if (!read_condition(&at, query)) {
      return false;
    }
  } while (skip(&at, "and "));
  return skip(&at, "]]") && at[strspn(at, " \t\r\n")] == '\0';
}

static bool unescape(const char *from, size_t length, char *out, size_t out_size)
{
  static const struct {
    const char *entity;
    char character;
  } entities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
  size_t written = 0;
  for (size_t i = 0; i < length; i++) {
    char c = from[i];
    for (size_t k = 0; c == '&' && k < sizeof entities / sizeof entities[0]; k++) {
      if (strncmp(from + i, entities[k].entity, strlen(entities[k].entity)) == 0) {
        c = entities[k].character;
        i += strlen(entities[k].entity) - 1;
        break;
      }
    }
    if (c == '<' && from[i] == '<') {
      return false; /* a literal < inside an element is not XML */
    }
    if (written + 1 >= out_size) {
      return false;
    }
    out[written++] = c;
  }
  out[written] = '\0';
  return true;
}

static DWORD check_channel(const char *channel, standin_log *log)
{
  size_t length = strlen(channel);
  if (length > 6 && (strcmp(channel + length - 6, "/Debug") == 0)) {
    return ERROR_EVT_SUBSCRIPTION_TO_DIRECT_CHANNEL;
  }
  if (length > 9 && strcmp(channel + length - 9, "/Analytic") == 0) {
    return ERROR_EVT_SUBSCRIPTION_TO_DIRECT_CHANNEL;
  }
  return standin_records_log(channel, log) ? ERROR_SUCCESS : ERROR_EVT_CHANNEL_NOT_FOUND;
}

static DWORD parse_structured(const char *text, standin_query *query)
{
  char path[256];
  char xpath[XPATH_SIZE];
  const char *select = strstr(text, "<Select");
  const char *from = select != NULL ? strchr(select, '>') : NULL;
  const char *to = from != NULL ? strstr(from, "</Select>") : NULL;
  if (to == NULL || strstr(text, "<Suppress") != NULL || strstr(to, "<Select") != NULL ||
      strstr(to, "</Query>") == NULL || strstr(to, "</QueryList>") == NULL ||
      !standin_records_attribute(select, "Path", path, sizeof path) ||
      !unescape(from + 1, (size_t)(to - from - 1), xpath, sizeof xpath)) {
    return ERROR_EVT_INVALID_QUERY;
  }
  DWORD code = check_channel(path, &query->log);
  if (code != ERROR_SUCCESS) {
    return code;
  }
  return read_xpath(xpath, query) ? ERROR_SUCCESS : ERROR_EVT_INVALID_QUERY;
}

DWORD standin_query_parse(const char *channel, const char *text, standin_query *query)
{
  memset(query, 0, sizeof *query);
  if (text != NULL && strncmp(text, "<QueryList", 10) == 0) {
    return parse_structured(text, query);
  }
  if (channel == NULL) {
    return ERROR_INVALID_PARAMETER;
  }
  DWORD code = check_channel(channel, &query->log);
  if (code != ERROR_SUCCESS || text == NULL || strcmp(text, "*") == 0) {
    return code;
  }
  return read_xpath(text, query) ? ERROR_SUCCESS : ERROR_EVT_INVALID_QUERY;
}

static bool has_id(const standin_query *query, uint32_t event_id)
{
  for (size_t i = 0; i < query->event_id_count; i++) {
    if (query->event_ids[i] == event_id) {
      return true;
    }
  }
  return query->event_id_count == 0;
}

bool standin_query_matches(const standin_query *query, const standin_facts *facts)
{
  if (query->provider[0] != '\0' && _stricmp(query->provider, facts->provider) != 0) {
    return false;
  }
  if (!has_id(query, facts->event_id)) {
    return false;
  }
  if (query->has_age) {
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    int64_t age_100ns = (int64_t)(((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) - facts->created);
    return age_100ns / 10000 <= query->age_ms;
  }
  return true;
}
