#include "selection.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "observe/xml.h"

static bool skip(const char **at, const char *word)
{
  size_t length = strlen(word);
  if (strncmp(*at, word, length) != 0) {
    return false;
  }
  *at += length;
  return true;
}

bool selection_of_xpath(const char *channel, const char *xpath, selection *out)
{
  const char *at = xpath;
  memset(out, 0, sizeof *out);
  (void)seep_text_copy(out->channel, sizeof out->channel, channel);
  if (!skip(&at, "*[System[Provider[@Name='")) {
    return false;
  }
  size_t length = strcspn(at, "'");
  if (length == 0 || length >= sizeof out->provider) {
    return false;
  }
  memcpy(out->provider, at, length);
  at += length;
  if (!skip(&at, "']")) {
    return false;
  }
  if (skip(&at, " and EventID=")) {
    char *end = NULL;
    unsigned long number = strtoul(at, &end, 10);
    if (end == at || number == 0 || number > 65535) {
      return false;
    }
    out->event_id = (unsigned)number;
    at = end;
  }
  return strcmp(at, "]]") == 0;
}

size_t selection_of_list(const char *xml, size_t size, selection out[SELECTIONS])
{
  static const char *const path[] = {"QueryList", "Query", "Select"};
  size_t count = 0;
  seep_xml reader;
  seep_xml_init(&reader, xml, size);
  char channel[64] = "";
  for (;;) {
    switch (seep_xml_next(&reader)) {
    case SEEP_XML_OPEN: {
      seep_writer writer;
      seep_writer_init(&writer, channel, sizeof channel);
      if (reader.depth > 3 || !seep_xml_slice_is(reader.name, path[reader.depth - 1]) ||
          (reader.depth == 3 && (!seep_xml_write_attribute(&reader, "Path", &writer) || writer.cut))) {
        return 0;
      }
      break;
    }
    case SEEP_XML_TEXT: {
      char xpath[512];
      seep_writer writer;
      seep_writer_init(&writer, xpath, sizeof xpath);
      seep_xml_write_text(&reader, &writer);
      if (reader.depth < 3) {
        if (strspn(xpath, " \r\n") != writer.length) {
          return 0;
        }
        break;
      }
      if (count == SELECTIONS || !selection_of_xpath(channel, xpath, &out[count])) {
        return 0;
      }
      count++;
      break;
    }
    case SEEP_XML_CLOSE:
      break;
    case SEEP_XML_END:
      return count;
    case SEEP_XML_ERROR:
    default:
      return 0;
    }
  }
}

bool selection_takes(const selection *from, const char *event_xml, size_t size)
{
  char channel[64] = "", provider[128] = "", id[16] = "";
  char *into = NULL;
  size_t into_size = 0;
  seep_xml reader;
  seep_xml_init(&reader, event_xml, size);
  for (seep_xml_token token = seep_xml_next(&reader); token != SEEP_XML_END; token = seep_xml_next(&reader)) {
    seep_writer writer;
    if (token == SEEP_XML_ERROR) {
      return false;
    }
    if (token == SEEP_XML_OPEN && reader.depth == 3) {
      bool is_id = seep_xml_slice_is(reader.name, "EventID");
      bool is_channel = seep_xml_slice_is(reader.name, "Channel");
      into = is_id ? id : is_channel ? channel : NULL;
      into_size = is_id ? sizeof id : sizeof channel;
      if (seep_xml_slice_is(reader.name, "Provider")) {
        seep_writer_init(&writer, provider, sizeof provider);
        (void)seep_xml_write_attribute(&reader, "Name", &writer);
      }
    } else if (token == SEEP_XML_TEXT && into != NULL) {
      seep_writer_init(&writer, into, into_size);
      seep_xml_write_text(&reader, &writer);
      into = NULL;
    }
  }
  return strcmp(channel, from->channel) == 0 && strcmp(provider, from->provider) == 0 &&
         (from->event_id == 0 || strtoul(id, NULL, 10) == from->event_id);
}
