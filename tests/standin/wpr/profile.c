#include "standin/wpr/profile.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_LIMIT 16
#define TEXT_SIZE 128
#define ID_LIMIT 64
#define DEFINITION_LIMIT 16
#define SNAPSHOT_PROVIDER "901d2afa-4ff6-46d7-8d0e-53645e1a47f5"

/* What a collector's or a provider's id stands for. */
typedef struct definition {
  char id[TEXT_SIZE];
  wpr_collector collector;
  bool is_snapshot_provider;
  uint32_t heap_pids[WPR_HEAP_PROCESS_LIMIT];
  size_t heap_pid_count;
} definition;

typedef struct element {
  char name[TEXT_SIZE];
  size_t last_rank; /* of the newest child, for elements whose children have an order */
} element;

typedef struct reader {
  const char *at, *end;
  wpr_profile *profile;
  const char *wanted; /* profile name without detail */
  size_t wanted_size;
  element open[DEPTH_LIMIT];
  size_t depth;
  bool root_seen;
  char ids[ID_LIMIT][TEXT_SIZE];
  size_t id_count;
  definition definitions[DEFINITION_LIMIT];
  size_t definition_count;
  unsigned system_collectors, event_collectors;
  bool has_file, has_memory;
  bool file_mode;  /* the variant whose references count */
  bool is_counted; /* inside that variant, or inside the one that it inherits from */
} reader;

/* Attributes of one tag that matter here; empty when absent. */
typedef struct attributes {
  char id[TEXT_SIZE], name[TEXT_SIZE], value[TEXT_SIZE], detail[TEXT_SIZE], mode[TEXT_SIZE],
      file_mode[TEXT_SIZE];
} attributes;

/* Parents whose children must stand in this order and may be nothing else. */
static const struct {
  const char *parent;
  const char *children[8];
} orders[] = {
    {"WindowsPerformanceRecorder", {"Profiles", "TraceMergeProperties"}},
    {"Profiles",
     {"SystemCollector", "EventCollector", "HeapEventCollector", "SystemProvider", "EventProvider",
      "HeapEventProvider", "Profile"}},
    {"SystemCollector", {"BufferSize", "Buffers", "StackCaching", "MaximumFileSize", "FileMax"}},
    {"EventCollector", {"BufferSize", "Buffers", "StackCaching", "MaximumFileSize", "FileMax"}},
    {"HeapEventCollector", {"BufferSize", "Buffers", "StackCaching", "MaximumFileSize", "FileMax"}},
    {"Collectors", {"SystemCollectorId", "EventCollectorId", "HeapEventCollectorId"}},
};

static bool refuse(reader *in, const char *problem, const char *subject)
{
  snprintf(in->profile->problem, sizeof in->profile->problem, "%s %s", problem, subject);
  return false;
}

static bool same(const char *a, const char *b)
{
  return strcmp(a, b) == 0;
}

static void skip_blanks(reader *in)
{
  while (in->at < in->end && isspace((unsigned char)*in->at)) {
    in->at++;
  }
}

static bool read_name(reader *in, char name[TEXT_SIZE])
{
  size_t used = 0;
  while (in->at < in->end && used + 1 < TEXT_SIZE &&
         (isalnum((unsigned char)*in->at) || *in->at == '_' || *in->at == '-' || *in->at == ':' ||
          *in->at == '.')) {
    name[used++] = *in->at++;
  }
  name[used] = '\0';
  return used > 0;
}

static bool read_attribute(reader *in, attributes *found)
{
  char name[TEXT_SIZE];
  char value[TEXT_SIZE];
  size_t used = 0;
  if (!read_name(in, name)) {
    return refuse(in, "a tag is malformed", "");
  }
  skip_blanks(in);
  if (in->at >= in->end || *in->at++ != '=') {
    return refuse(in, "an attribute has no value:", name);
  }
  skip_blanks(in);
  char quote = in->at < in->end ? *in->at++ : '\0';
  if (quote != '"' && quote != '\'') {
    return refuse(in, "a value is not quoted:", name);
  }
  while (in->at < in->end && *in->at != quote && *in->at != '<') {
    if (used + 1 < sizeof value) {
      value[used++] = *in->at;
    }
    in->at++;
  }
  value[used] = '\0';
  if (in->at >= in->end || *in->at++ != quote) {
    return refuse(in, "a value does not end:", name);
  }
  char *slot = same(name, "Id")            ? found->id
               : same(name, "Name")        ? found->name
               : same(name, "Value")       ? found->value
               : same(name, "DetailLevel") ? found->detail
               : same(name, "LoggingMode") ? found->mode
               : same(name, "FileMode")    ? found->file_mode
                                           : NULL;
  if (slot != NULL) {
    memcpy(slot, value, sizeof value);
  }
  return true;
}

static bool check_order(reader *in, const char *name)
{
  element *parent = &in->open[in->depth - 1];
  for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
    if (!same(orders[i].parent, parent->name)) {
      continue;
    }
    size_t rank = 0;
    while (rank < 8 && orders[i].children[rank] != NULL && !same(orders[i].children[rank], name)) {
      rank++;
    }
    if (rank == 8 || orders[i].children[rank] == NULL) {
      return refuse(in, "not allowed here:", name);
    }
    if (rank < parent->last_rank) {
      return refuse(in, "out of order:", name);
    }
    parent->last_rank = rank;
  }
  return true;
}

static bool take_id(reader *in, const char *id)
{
  if (id[0] == '\0' || strpbrk(id, ": \t") != NULL) {
    return refuse(in, "an id is empty or has a blank or colon:", id);
  }
  for (size_t i = 0; i < in->id_count; i++) {
    if (same(in->ids[i], id)) {
      return refuse(in, "an id is used twice:", id);
    }
  }
  if (in->id_count < ID_LIMIT) {
    memcpy(in->ids[in->id_count++], id, TEXT_SIZE);
  }
  return true;
}

static bool is_known_id(const reader *in, const char *id)
{
  size_t i = 0;
  while (i < in->id_count && !same(in->ids[i], id)) {
    i++;
  }
  return i < in->id_count;
}

/* Id must be Name.DetailLevel.LoggingMode; remembers whether it is a variant of the wanted profile. */
static bool take_profile(reader *in, const attributes *found)
{
  char expected[3 * TEXT_SIZE];
  snprintf(expected, sizeof expected, "%s.%s.%s", found->name, found->detail, found->mode);
  bool is_file = same(found->mode, "File");
  if (!same(expected, found->id) || (!is_file && !same(found->mode, "Memory")) ||
      (!same(found->detail, "Verbose") && !same(found->detail, "Light"))) {
    return refuse(in, "an id is not Name.Detail.Mode:", found->id);
  }
  in->is_counted = false;
  if (strlen(found->name) == in->wanted_size && memcmp(found->name, in->wanted, in->wanted_size) == 0) {
    in->has_file = in->has_file || is_file;
    in->has_memory = in->has_memory || !is_file;
    in->is_counted = is_file || !in->file_mode;
    in->profile->detail = same(found->detail, "Light") ? "Light" : "Verbose";
  }
  return true;
}

static definition *define(reader *in, const char *id)
{
  static definition beyond; /* of more than anybody writes: read and forgotten */
  definition *made =
      in->definition_count < DEFINITION_LIMIT ? &in->definitions[in->definition_count++] : &beyond;
  memset(made, 0, sizeof *made);
  snprintf(made->id, sizeof made->id, "%s", id);
  return made;
}

static definition *newest(reader *in)
{
  return in->definition_count > 0 ? &in->definitions[in->definition_count - 1] : NULL;
}

/* An element right under Profiles. */
static bool take_definition(reader *in, const char *name, const attributes *found)
{
  if (same(name, "Profile")) {
    return take_profile(in, found);
  }
  definition *made = define(in, found->id);
  in->system_collectors += same(name, "SystemCollector") ? 1u : 0u;
  in->event_collectors += same(name, "EventCollector") ? 1u : 0u;
  snprintf(made->collector.name, sizeof made->collector.name, "%s", found->name);
  made->is_snapshot_provider = same(name, "EventProvider") && same(found->name, SNAPSHOT_PROVIDER);
  return true;
}

/* An element inside one of those. */
static bool take_part(reader *in, const char *name, const attributes *found)
{
  definition *of = newest(in);
  wpr_profile *profile = in->profile;
  if (same(name, "MaximumFileSize") && of != NULL) {
    profile->has_limits = true;
    of->collector.maximum_bytes = strtoull(found->value, NULL, 10) * 1048576u;
    of->collector.is_sequential = same(found->file_mode, "Sequential");
  } else if (same(name, "HeapProcessId") && of != NULL) {
    if (of->heap_pid_count == WPR_HEAP_PROCESS_LIMIT) {
      return refuse(in, "more than two heap processes", "");
    }
    of->heap_pids[of->heap_pid_count++] = (uint32_t)strtoul(found->value, NULL, 10);
  } else if (same(name, "Stack")) {
    profile->stack_of_heap_allocation |= same(found->value, "HeapAllocation");
    profile->stack_of_heap_reallocation |= same(found->value, "HeapReallocation");
    profile->stack_of_heap_free |= same(found->value, "HeapFree");
  }
  return true;
}

static bool take_reference(reader *in, const char *name, const attributes *found)
{
  static const char *const references[WPR_COLLECTORS] = {"SystemCollectorId", "EventCollectorId",
                                                         "HeapEventCollectorId"};
  wpr_profile *profile = in->profile;
  if (!is_known_id(in, found->value)) {
    return refuse(in, "refers to nothing:", found->value);
  }
  for (size_t i = 0; in->is_counted && i < in->definition_count; i++) {
    const definition *of = &in->definitions[i];
    if (!same(of->id, found->value)) {
      continue;
    }
    for (size_t kind = 0; kind < WPR_COLLECTORS; kind++) {
      if (same(name, references[kind])) {
        profile->collectors[kind] = of->collector;
        profile->heap_by_flag |= kind == WPR_COLLECTOR_HEAP;
      }
    }
    profile->has_snapshots |= of->is_snapshot_provider;
    if (same(name, "HeapEventProviderId")) {
      memcpy(profile->heap_pids, of->heap_pids, sizeof of->heap_pids);
      profile->heap_pid_count = of->heap_pid_count;
      profile->heap_by_flag = false;
    }
  }
  return true;
}

static bool take_element(reader *in, const char *name, const attributes *found)
{
  size_t length = strlen(name);
  if (in->depth == 0) {
    bool good = !in->root_seen && same(name, "WindowsPerformanceRecorder");
    in->root_seen = true;
    return good ? true : refuse(in, "not a recording profile:", name);
  }
  bool is_definition = same(in->open[in->depth - 1].name, "Profiles");
  if (!check_order(in, name) || (is_definition && !take_id(in, found->id))) {
    return false;
  }
  if (is_definition) {
    return take_definition(in, name, found);
  }
  if (length > 2 && same(name + length - 2, "Id") && !same(name, "HeapProcessId")) {
    return take_reference(in, name, found);
  }
  return take_part(in, name, found);
}

/* After '<' and a name's first letter: the tag up to '>'. */
static bool read_start_tag(reader *in)
{
  attributes found;
  char name[TEXT_SIZE];
  memset(&found, 0, sizeof found);
  if (!read_name(in, name)) {
    return refuse(in, "a tag has no name", "");
  }
  skip_blanks(in);
  while (in->at < in->end && *in->at != '>' && *in->at != '/') {
    if (!read_attribute(in, &found)) {
      return false;
    }
    skip_blanks(in);
  }
  bool is_empty = in->at < in->end && *in->at == '/';
  in->at += is_empty ? 1 : 0;
  if (in->at >= in->end || *in->at++ != '>') {
    return refuse(in, "a tag does not end:", name);
  }
  if (!take_element(in, name, &found)) {
    return false;
  }
  if (!is_empty && in->depth == DEPTH_LIMIT) {
    return refuse(in, "nested too deep:", name);
  }
  if (!is_empty) {
    memcpy(in->open[in->depth].name, name, sizeof name);
    in->open[in->depth++].last_rank = 0;
  }
  return true;
}

static bool read_end_tag(reader *in)
{
  char name[TEXT_SIZE];
  if (!read_name(in, name) || in->depth == 0 || !same(in->open[in->depth - 1].name, name)) {
    return refuse(in, "an end tag closes nothing:", name);
  }
  skip_blanks(in);
  if (in->at >= in->end || *in->at++ != '>') {
    return refuse(in, "a tag does not end:", name);
  }
  in->depth--;
  return true;
}

/* Moves past the next occurrence of mark; false when there is none. */
static bool skip_past(reader *in, const char *mark)
{
  size_t length = strlen(mark);
  while ((size_t)(in->end - in->at) >= length) {
    if (memcmp(in->at, mark, length) == 0) {
      in->at += length;
      return true;
    }
    in->at++;
  }
  return refuse(in, "does not end:", mark);
}

static bool read_markup(reader *in)
{
  size_t left = (size_t)(in->end - in->at);
  if (left >= 3 && memcmp(in->at, "!--", 3) == 0) {
    in->at += 3;
    return skip_past(in, "-->");
  }
  if (left >= 1 && *in->at == '?') {
    return skip_past(in, "?>");
  }
  if (left >= 1 && *in->at == '/') {
    in->at++;
    return read_end_tag(in);
  }
  return read_start_tag(in);
}

static void cut_detail(reader *in)
{
  static const char *const details[] = {".light", ".verbose"};
  for (size_t i = 0; i < 2; i++) {
    size_t length = strlen(details[i]);
    size_t k = 0;
    while (in->wanted_size > length && k < length &&
           tolower((unsigned char)in->wanted[in->wanted_size - length + k]) == details[i][k]) {
      k++;
    }
    if (k == length) {
      in->wanted_size -= length;
    }
  }
}

bool wpr_profile_read(const char *xml, size_t size, const char *name, bool file_mode, wpr_profile *profile)
{
  static reader in;
  memset(&in, 0, sizeof in);
  in.file_mode = file_mode;
  memset(profile, 0, sizeof *profile);
  in.at = xml;
  in.end = xml + size;
  in.profile = profile;
  in.wanted = name;
  in.wanted_size = strlen(name);
  cut_detail(&in);
  if (size >= 3 && memcmp(xml, "\xEF\xBB\xBF", 3) == 0) {
    in.at += 3;
  }
  while (in.at < in.end) {
    if (*in.at++ == '<' && !read_markup(&in)) {
      return false;
    }
  }
  if (in.depth != 0 || !in.root_seen) {
    return refuse(&in, "the document does not end", "");
  }
  if (!in.has_file || !in.has_memory) {
    return refuse(&in, "no File and Memory variant of", name);
  }
  if (in.system_collectors == 0 || in.event_collectors == 0) {
    return refuse(&in, "a system collector and an event collector are needed", "");
  }
  return true;
}
