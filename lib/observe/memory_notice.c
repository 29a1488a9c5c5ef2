#include "observe/memory_notice.h"

#include <string.h>

#include "observe/event_header.h"
#include "observe/xml.h"

/*
 * Nobody knows the element around the values, so any element under UserData is gone into, and a value is
 * known by its name alone. In EventData only Data elements are values, by their attribute Name.
 */
typedef enum node { NODE_OTHER, NODE_EVENT, NODE_USER_DATA, NODE_EVENT_DATA, NODE_VALUE } node;

typedef enum value { VALUE_LIMIT, VALUE_CHARGE, VALUE_ERROR, VALUE_COUNT } value;

static const char *const value_names[VALUE_COUNT] = {"SystemCommitLimit", "SystemCommitCharge", "ErrorCode"};

typedef struct notice_parser {
  seep_xml xml;
  seep_event_header header;
  node path[SEEP_XML_MAXIMUM_DEPTH + 1]; /* path[depth] is the element that is open at that depth */
  value value;                           /* being read, while a NODE_VALUE is open */
  bool known[VALUE_COUNT];
  uint64_t numbers[VALUE_COUNT];
  seep_writer writer; /* collects the value's text */
  char text[64];
} notice_parser;

static bool find_value(notice_parser *parser, seep_xml_slice name)
{
  for (size_t i = 0; i < VALUE_COUNT; i++) {
    if (seep_xml_slice_is(name, value_names[i])) {
      parser->value = (value)i;
      return true;
    }
  }
  return false;
}

static bool find_named_data(notice_parser *parser)
{
  seep_writer_init(&parser->writer, parser->text, sizeof parser->text);
  if (!seep_xml_slice_is(parser->xml.name, "Data") ||
      !seep_xml_write_attribute(&parser->xml, "Name", &parser->writer) || parser->writer.cut) {
    return false;
  }
  return find_value(parser, (seep_xml_slice){parser->text, parser->writer.length});
}

static node classify(notice_parser *parser)
{
  const seep_xml *xml = &parser->xml;
  if (parser->header.event_depth == 0) {
    return NODE_OTHER;
  }
  if (xml->depth == parser->header.event_depth) {
    return NODE_EVENT;
  }
  switch (parser->path[xml->depth - 1]) {
  case NODE_EVENT:
    return seep_xml_slice_is(xml->name, "UserData")    ? NODE_USER_DATA
           : seep_xml_slice_is(xml->name, "EventData") ? NODE_EVENT_DATA
                                                       : NODE_OTHER;
  case NODE_USER_DATA:
    return find_value(parser, xml->name) ? NODE_VALUE : NODE_USER_DATA;
  case NODE_EVENT_DATA:
    return find_named_data(parser) ? NODE_VALUE : NODE_OTHER;
  case NODE_VALUE:
  case NODE_OTHER:
  default:
    return NODE_OTHER;
  }
}

static void on_open(notice_parser *parser)
{
  node here = classify(parser);
  parser->path[parser->xml.depth] = here;
  if (here == NODE_VALUE) {
    seep_writer_init(&parser->writer, parser->text, sizeof parser->text);
  }
}

static void on_close(notice_parser *parser)
{
  if (parser->path[parser->xml.depth + 1] != NODE_VALUE) {
    return;
  }
  uint64_t maximum = parser->value == VALUE_ERROR ? UINT32_MAX : UINT64_MAX;
  seep_xml_slice text = {parser->text, parser->writer.length};
  uint64_t number = 0;
  parser->known[parser->value] =
      !parser->writer.cut && seep_xml_slice_number(seep_xml_slice_trimmed(text), maximum, &number);
  parser->numbers[parser->value] = number;
}

static seep_xml_token read_all(notice_parser *parser)
{
  seep_xml_token token;
  do {
    token = seep_xml_next(&parser->xml);
    seep_event_header_see(&parser->header, &parser->xml, token);
    if (token == SEEP_XML_OPEN) {
      on_open(parser);
    } else if (token == SEEP_XML_CLOSE) {
      on_close(parser);
    } else if (token == SEEP_XML_TEXT && parser->path[parser->xml.depth] == NODE_VALUE) {
      seep_xml_write_text(&parser->xml, &parser->writer);
    }
  } while (token != SEEP_XML_END && token != SEEP_XML_ERROR);
  return token;
}

/* A limit or a charge of nothing is as good as none. */
static void finish(const notice_parser *parser, seep_memory_notice *out)
{
  const seep_event_header_values *header = &parser->header.first;
  *out = (seep_memory_notice){.event_id = header->event_id,
                              .time_created = header->time_created,
                              .record_id = header->record_id,
                              .commit_limit_bytes = parser->numbers[VALUE_LIMIT],
                              .commit_charge_bytes = parser->numbers[VALUE_CHARGE],
                              .has_error = parser->known[VALUE_ERROR],
                              .error_code = (uint32_t)parser->numbers[VALUE_ERROR]};
  out->has_commit = out->commit_limit_bytes != 0 && out->commit_charge_bytes != 0;
}

seep_status seep_memory_notice_parse(const char *xml, size_t size, seep_memory_notice *out, seep_error *error)
{
  notice_parser parser;
  seep_status status = seep_event_header_admit(xml, size, error);
  if (status != SEEP_OK) {
    return status;
  }
  memset(&parser, 0, sizeof parser);
  seep_xml_init(&parser.xml, xml, size);
  seep_event_header_init(&parser.header, 1003, 1008);
  if (read_all(&parser) == SEEP_XML_ERROR) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)parser.xml.position,
                          "read event XML", parser.xml.problem);
  }
  status = seep_event_header_judge(&parser.header, "Event 1003 or 1008", error);
  if (status == SEEP_OK) {
    finish(&parser, out);
  }
  return status;
}
