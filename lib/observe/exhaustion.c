#include "observe/exhaustion.h"

#include <string.h>

#include "base/text.h"
#include "observe/event_header.h"
#include "observe/xml.h"

/*
 * The event is matched by path: an element is known only under the parent that the table below names, so that
 * order, unknown elements and equal names elsewhere (Name, Processes) do not matter. Leaves land in a draft
 * by offset.
 */
typedef enum node {
  NODE_OTHER, /* unknown; everything below it is unknown too */
  NODE_EVENT,
  NODE_USER_DATA,
  NODE_DETAIL,
  NODE_SYSTEM_INFO,
  NODE_PROCESS_INFO,
  NODE_PROCESS,
  NODE_PAGED_INFO,
  NODE_PAGED_TAG,
  NODE_NONPAGED_INFO,
  NODE_NONPAGED_TAG,
  NODE_LEAF
} node;

typedef enum value_kind { VALUE_NONE, VALUE_U32, VALUE_U64, VALUE_TIME, VALUE_TEXT } value_kind;

typedef struct element {
  node parent;
  const char *name;
  node node;
  unsigned slots; /* name is followed by a digit, 1 to slots; 0 = no digit */
  value_kind kind;
  size_t offset; /* in the event, or in the process or tag of the slot */
  size_t size;   /* of the member there */
} element;

#define BRANCH(parent, name, node)                                                                           \
  {                                                                                                          \
    parent, name, node, 0, VALUE_NONE, 0, 0                                                                  \
  }
#define SLOTS(parent, name, node, count)                                                                     \
  {                                                                                                          \
    parent, name, node, count, VALUE_NONE, 0, 0                                                              \
  }
#define LEAF(parent, name, kind, type, member)                                                               \
  {                                                                                                          \
    parent, name, NODE_LEAF, 0, kind, offsetof(type, member), sizeof(((type *)0)->member)                    \
  }
#define OF_EVENT(parent, name, kind, member) LEAF(parent, name, kind, seep_exhaustion, member)
#define OF_PROCESS(name, kind, member) LEAF(NODE_PROCESS, name, kind, seep_exhaustion_process, member)
#define OF_TAG(parent, name, kind, member) LEAF(parent, name, kind, seep_exhaustion_tag, member)

static const element elements[] = {
    BRANCH(NODE_EVENT, "UserData", NODE_USER_DATA),
    BRANCH(NODE_USER_DATA, "MemoryExhaustionInfo", NODE_DETAIL),
    BRANCH(NODE_DETAIL, "SystemInfo", NODE_SYSTEM_INFO),
    OF_EVENT(NODE_SYSTEM_INFO, "SystemCommitLimit", VALUE_U64, commit_limit_bytes),
    OF_EVENT(NODE_SYSTEM_INFO, "SystemCommitCharge", VALUE_U64, commit_charge_bytes),
    OF_EVENT(NODE_SYSTEM_INFO, "ProcessCommitCharge", VALUE_U64, process_commit_bytes),
    OF_EVENT(NODE_SYSTEM_INFO, "PagedPoolUsage", VALUE_U64, paged_pool_bytes),
    OF_EVENT(NODE_SYSTEM_INFO, "NonPagedPoolUsage", VALUE_U64, nonpaged_pool_bytes),
    OF_EVENT(NODE_SYSTEM_INFO, "PhysicalMemorySize", VALUE_U64, physical_bytes),
    OF_EVENT(NODE_SYSTEM_INFO, "PhysicalMemoryUsage", VALUE_U64, physical_used_bytes),
    OF_EVENT(NODE_SYSTEM_INFO, "Processes", VALUE_U32, process_total),
    BRANCH(NODE_DETAIL, "ProcessInfo", NODE_PROCESS_INFO),
    SLOTS(NODE_PROCESS_INFO, "Process_", NODE_PROCESS, SEEP_EXHAUSTION_PROCESSES),
    OF_PROCESS("Name", VALUE_TEXT, name),
    OF_PROCESS("ID", VALUE_U32, key.pid),
    OF_PROCESS("CreationTime", VALUE_TIME, key.created),
    OF_PROCESS("CommitCharge", VALUE_U64, commit_bytes),
    OF_PROCESS("HandleCount", VALUE_U32, handles),
    OF_PROCESS("TypeInfo", VALUE_U32, type_info),
    OF_PROCESS("Version", VALUE_TEXT, version),
    BRANCH(NODE_DETAIL, "PagedPoolInfo", NODE_PAGED_INFO),
    SLOTS(NODE_PAGED_INFO, "Tag_", NODE_PAGED_TAG, SEEP_EXHAUSTION_TAGS),
    OF_TAG(NODE_PAGED_TAG, "Name", VALUE_TEXT, name),
    OF_TAG(NODE_PAGED_TAG, "PoolUsed", VALUE_U64, bytes),
    BRANCH(NODE_DETAIL, "NonPagedPoolInfo", NODE_NONPAGED_INFO),
    SLOTS(NODE_NONPAGED_INFO, "Tag_", NODE_NONPAGED_TAG, SEEP_EXHAUSTION_TAGS),
    OF_TAG(NODE_NONPAGED_TAG, "Name", VALUE_TEXT, name),
    OF_TAG(NODE_NONPAGED_TAG, "PoolUsed", VALUE_U64, bytes),
};

typedef struct event_parser {
  seep_xml xml;
  seep_event_header header;
  seep_exhaustion event;
  node path[SEEP_XML_MAXIMUM_DEPTH + 1]; /* path[depth] is the element that is open at that depth */
  unsigned slot;                         /* of the Process_N or Tag_N that is open */
  const element *leaf;                   /* being read; NULL elsewhere */
  seep_writer writer;                    /* collects the leaf's text in `text` */
  char text[SEEP_EXHAUSTION_NAME_SIZE];
} event_parser;

/* slot becomes 0-based where the element has slots. */
static bool name_matches(const element *candidate, seep_xml_slice name, unsigned *slot)
{
  if (candidate->slots == 0) {
    return seep_xml_slice_is(name, candidate->name);
  }
  size_t length = strlen(candidate->name);
  if (name.size != length + 1 || memcmp(name.data, candidate->name, length) != 0) {
    return false;
  }
  char digit = name.data[length];
  if (digit < '1' || digit > (char)('0' + candidate->slots)) {
    return false;
  }
  *slot = (unsigned)(digit - '1');
  return true;
}

static const element *find_element(event_parser *parser, node parent, seep_xml_slice name)
{
  for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
    if (elements[i].parent == parent && name_matches(&elements[i], name, &parser->slot)) {
      return &elements[i];
    }
  }
  return NULL;
}

static bool has_line_break(const char *text, size_t size)
{
  return memchr(text, '\n', size) != NULL || memchr(text, '\r', size) != NULL;
}

/* A name may begin or end with a space, but holds no line break: with one, somebody has reformatted the file.
 * Nothing but white space is an empty element, reformatted or not. */
static seep_xml_slice without_layout(seep_xml_slice text)
{
  seep_xml_slice core = seep_xml_slice_trimmed(text);
  size_t before = (size_t)(core.data - text.data);
  size_t after = text.size - before - core.size;
  if (core.size == 0) {
    return core;
  }
  if (has_line_break(text.data, before)) {
    text.data += before;
    text.size -= before;
  }
  if (has_line_break(core.data + core.size, after)) {
    text.size -= after;
  }
  return text;
}

/* Anything but decimal digits within the maximum counts as absent: 0. */
static uint64_t number(seep_xml_slice text, uint64_t maximum)
{
  uint64_t value = 0;
  (void)seep_xml_slice_number(text, maximum, &value);
  return value;
}

static seep_filetime time_or_zero(seep_xml_slice text)
{
  seep_filetime filetime = 0;
  (void)seep_filetime_parse(text.data, text.size, &filetime);
  return filetime;
}

/* Files in an old code page come along: each byte that is no UTF-8 becomes U+FFFD. */
static void keep_text(char *out, size_t out_size, seep_xml_slice text)
{
  seep_writer writer;
  seep_writer_init(&writer, out, out_size);
  for (size_t at = 0; at < text.size;) {
    size_t good = seep_text_valid_prefix(text.data + at, text.size - at);
    seep_writer_bytes(&writer, text.data + at, good);
    at += good;
    if (at < text.size) {
      seep_writer_text(&writer, "\xEF\xBF\xBD");
      at++;
    }
  }
}

/* The struct that the open leaf's offset counts from. */
static char *leaf_base(event_parser *parser)
{
  seep_exhaustion *event = &parser->event;
  switch (parser->leaf->parent) {
  case NODE_PROCESS:
    return (char *)&event->processes[parser->slot];
  case NODE_PAGED_TAG:
    return (char *)&event->paged_tags[parser->slot];
  case NODE_NONPAGED_TAG:
    return (char *)&event->nonpaged_tags[parser->slot];
  default:
    return (char *)event;
  }
}

static void store_leaf(event_parser *parser)
{
  const element *leaf = parser->leaf;
  char *target = leaf_base(parser) + leaf->offset;
  seep_xml_slice whole = {parser->text, parser->writer.length};
  /* A number that did not fit is not the number that did. */
  seep_xml_slice text = parser->writer.cut ? (seep_xml_slice){"", 0} : seep_xml_slice_trimmed(whole);
  uint64_t wide = 0;
  uint32_t narrow = 0;
  switch (leaf->kind) {
  case VALUE_U32:
    narrow = (uint32_t)number(text, UINT32_MAX);
    memcpy(target, &narrow, sizeof narrow);
    break;
  case VALUE_U64:
    wide = number(text, UINT64_MAX);
    memcpy(target, &wide, sizeof wide);
    break;
  case VALUE_TIME:
    wide = time_or_zero(text);
    memcpy(target, &wide, sizeof wide);
    break;
  case VALUE_TEXT:
    keep_text(target, leaf->size, without_layout(whole));
    break;
  case VALUE_NONE:
  default:
    break;
  }
}

static void on_open(event_parser *parser)
{
  size_t depth = parser->xml.depth;
  const element *found = NULL;
  node here = NODE_OTHER;
  if (depth == parser->header.event_depth) {
    here = NODE_EVENT;
  } else if (parser->header.event_depth != 0) {
    found = find_element(parser, parser->path[depth - 1], parser->xml.name);
    here = found != NULL ? found->node : NODE_OTHER;
  }
  parser->path[depth] = here;
  if (here == NODE_LEAF) {
    parser->leaf = found;
    seep_writer_init(&parser->writer, parser->text, sizeof parser->text);
  }
}

static void on_close(event_parser *parser)
{
  if (parser->path[parser->xml.depth + 1] == NODE_LEAF) {
    store_leaf(parser);
    parser->leaf = NULL;
  }
}

static void on_text(event_parser *parser)
{
  if (parser->path[parser->xml.depth] == NODE_LEAF) {
    seep_xml_write_text(&parser->xml, &parser->writer);
  }
}

/* Moves the filled slots together; empty ones are normal and come last, but nothing promises that. */
static size_t pack_tags(seep_exhaustion_tag tags[SEEP_EXHAUSTION_TAGS])
{
  size_t count = 0;
  for (size_t i = 0; i < SEEP_EXHAUSTION_TAGS; i++) {
    seep_exhaustion_tag tag = tags[i];
    memset(&tags[i], 0, sizeof tags[i]);
    if (tag.name[0] != '\0' || tag.bytes != 0) {
      tags[count++] = tag;
    }
  }
  return count;
}

static void finish(seep_exhaustion *event, const seep_event_header_values *header)
{
  size_t count = 0;
  for (size_t i = 0; i < SEEP_EXHAUSTION_PROCESSES; i++) {
    seep_exhaustion_process *process = &event->processes[i];
    bool filled = process->name[0] != '\0' || process->key.pid != 0;
    if (filled && count != i) {
      event->processes[count] = *process;
    }
    if (!filled || count != i) {
      memset(process, 0, sizeof *process);
    }
    count += filled;
  }
  event->process_count = count;
  event->paged_tag_count = pack_tags(event->paged_tags);
  event->nonpaged_tag_count = pack_tags(event->nonpaged_tags);
  event->time_created = header->time_created;
  event->record_id = header->record_id;
  event->has_system = event->commit_limit_bytes != 0 && event->commit_charge_bytes != 0;
}

static seep_xml_token read_all(event_parser *parser)
{
  seep_xml_token token;
  do {
    token = seep_xml_next(&parser->xml);
    seep_event_header_see(&parser->header, &parser->xml, token);
    if (token == SEEP_XML_OPEN) {
      on_open(parser);
    } else if (token == SEEP_XML_CLOSE) {
      on_close(parser);
    } else if (token == SEEP_XML_TEXT) {
      on_text(parser);
    }
  } while (token != SEEP_XML_END && token != SEEP_XML_ERROR);
  return token;
}

seep_status seep_exhaustion_parse(const char *xml, size_t size, seep_exhaustion *out, seep_error *error)
{
  event_parser parser;
  seep_status status = seep_event_header_admit(xml, size, error);
  if (status != SEEP_OK) {
    return status;
  }
  memset(&parser, 0, sizeof parser);
  seep_xml_init(&parser.xml, xml, size);
  seep_event_header_init(&parser.header, 2004, 2004);
  if (read_all(&parser) == SEEP_XML_ERROR) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)parser.xml.position,
                          "read event XML", parser.xml.problem);
  }
  status = seep_event_header_judge(&parser.header, "Event 2004", error);
  if (status == SEEP_OK) {
    finish(&parser.event, &parser.header.first);
    *out = parser.event;
  }
  return status;
}
