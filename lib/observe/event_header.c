#include "observe/event_header.h"

#include <inttypes.h>
#include <string.h>

#include "observe/exhaustion.h"

#define DETECTOR "Microsoft-Windows-Resource-Exhaustion-Detector"

seep_status seep_event_header_admit(const char *xml, size_t size, seep_error *error)
{
  if (size > SEEP_EXHAUSTION_MAXIMUM_BYTES) {
    return seep_error_set(error, SEEP_LIMIT, SEEP_DOMAIN_FORMAT, SEEP_EXHAUSTION_MAXIMUM_BYTES,
                          "read event XML", "larger than any event");
  }
  const char *nul = size > 0 ? memchr(xml, '\0', size) : NULL;
  if (nul != NULL) {
    return seep_error_set(error, SEEP_CORRUPT, SEEP_DOMAIN_FORMAT, (int64_t)(nul - xml), "read event XML",
                          "a zero byte, as in UTF-16");
  }
  return SEEP_OK;
}

void seep_event_header_init(seep_event_header *header, uint32_t id, uint32_t other_id)
{
  memset(header, 0, sizeof *header);
  header->ids[0] = id;
  header->ids[1] = other_id;
}

static void begin_event(seep_event_header *header, size_t depth)
{
  memset(&header->current, 0, sizeof header->current);
  header->event_depth = depth;
  header->in_system = false;
  header->events++;
}

static void end_event(seep_event_header *header)
{
  const seep_event_header_values *current = &header->current;
  bool id_matches = current->event_id == header->ids[0] || current->event_id == header->ids[1];
  if (id_matches && strcmp(current->provider, DETECTOR) == 0) {
    header->wanted++;
  }
  if (header->events == 1) {
    header->first = *current;
  }
  header->event_depth = 0;
}

static void begin_leaf(seep_event_header *header, seep_event_header_leaf leaf, size_t depth)
{
  header->leaf = leaf;
  header->leaf_depth = depth;
  seep_writer_init(&header->writer, header->text, sizeof header->text);
}

/* What was collected; empty when it did not fit, for then it is not what it looks like. */
static seep_xml_slice collected(const seep_event_header *header)
{
  seep_xml_slice text = {header->text, header->writer.cut ? 0 : header->writer.length};
  return seep_xml_slice_trimmed(text);
}

static void end_leaf(seep_event_header *header)
{
  uint64_t value = 0;
  if (header->leaf == SEEP_EVENT_HEADER_EVENT_ID) {
    (void)seep_xml_slice_number(collected(header), UINT32_MAX, &value);
    header->current.event_id = (uint32_t)value;
  } else {
    (void)seep_xml_slice_number(collected(header), UINT64_MAX, &value);
    header->current.record_id = value;
  }
  header->leaf = SEEP_EVENT_HEADER_NO_LEAF;
}

/* A child of System. */
static void see_item(seep_event_header *header, const seep_xml *xml)
{
  seep_event_header_values *current = &header->current;
  if (seep_xml_slice_is(xml->name, "EventID")) {
    begin_leaf(header, SEEP_EVENT_HEADER_EVENT_ID, xml->depth);
  } else if (seep_xml_slice_is(xml->name, "EventRecordID")) {
    begin_leaf(header, SEEP_EVENT_HEADER_RECORD_ID, xml->depth);
  } else if (seep_xml_slice_is(xml->name, "Provider")) {
    seep_writer_init(&header->writer, current->provider, sizeof current->provider);
    (void)seep_xml_write_attribute(xml, "Name", &header->writer);
  } else if (seep_xml_slice_is(xml->name, "TimeCreated")) {
    seep_writer_init(&header->writer, header->text, sizeof header->text);
    (void)seep_xml_write_attribute(xml, "SystemTime", &header->writer);
    seep_xml_slice time = collected(header);
    current->time_created = 0;
    (void)seep_filetime_parse(time.data, time.size, &current->time_created);
  }
}

static void see_open(seep_event_header *header, const seep_xml *xml)
{
  if (header->event_depth == 0) {
    bool may_be_event = xml->depth == 1 || (xml->depth == 2 && header->in_events);
    if (may_be_event && seep_xml_slice_is(xml->name, "Event")) {
      begin_event(header, xml->depth);
    } else if (xml->depth == 1) {
      header->in_events = seep_xml_slice_is(xml->name, "Events");
    }
  } else if (xml->depth == header->event_depth + 1) {
    header->in_system = seep_xml_slice_is(xml->name, "System");
  } else if (xml->depth == header->event_depth + 2 && header->in_system) {
    see_item(header, xml);
  }
}

void seep_event_header_see(seep_event_header *header, const seep_xml *xml, seep_xml_token token)
{
  if (token == SEEP_XML_OPEN) {
    see_open(header, xml);
  } else if (token == SEEP_XML_TEXT) {
    if (header->leaf != SEEP_EVENT_HEADER_NO_LEAF && xml->depth == header->leaf_depth) {
      seep_xml_write_text(xml, &header->writer);
    }
  } else if (token == SEEP_XML_CLOSE && header->event_depth != 0) {
    if (header->leaf != SEEP_EVENT_HEADER_NO_LEAF && xml->depth + 1 == header->leaf_depth) {
      end_leaf(header);
    } else if (xml->depth + 1 == header->event_depth) {
      end_event(header);
    }
  }
}

seep_status seep_event_header_judge(const seep_event_header *header, const char *what, seep_error *error)
{
  char problem[SEEP_ERROR_SUBJECT_SIZE];
  const char *provider = header->first.provider[0] != '\0' ? header->first.provider : "no provider";
  seep_writer writer;
  if (header->events == 1 && header->wanted == 1) {
    return SEEP_OK;
  }
  seep_writer_init(&writer, problem, sizeof problem);
  if (header->events == 0) {
    seep_writer_text(&writer, "no Event element");
  } else if (header->events == 1) {
    seep_writer_format(&writer, "not %s of " DETECTOR ", but event %" PRIu32 " of %s", what,
                       header->first.event_id, provider);
  } else if (header->wanted == 0) {
    seep_writer_format(
        &writer, "none of %" PRIu32 " events is %s of " DETECTOR "; the first is event %" PRIu32 " of %s",
        header->events, what, header->first.event_id, provider);
  } else {
    seep_writer_format(&writer, "%" PRIu32 " events, and %" PRIu32 " of them %s; save one alone",
                       header->events, header->wanted, what);
  }
  return seep_error_set(error, SEEP_UNSUPPORTED, SEEP_DOMAIN_NONE, 0, "read event XML", problem);
}
