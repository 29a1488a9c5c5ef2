/*
 * A small pull reader for the XML that Windows prints events in. Bounded, allocates nothing, copies nothing
 * until asked: names and text are slices of the input. It knows elements, attributes in either quote, the
 * five named entities and numeric references, comments, CDATA and processing instructions. Document types are
 * refused, so nothing expands. Bytes are not checked to be UTF-8; whoever keeps text does that.
 */
#ifndef SEEP_OBSERVE_XML_H
#define SEEP_OBSERVE_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Events nest 7 deep; deeper than this is refused. */
#define SEEP_XML_MAXIMUM_DEPTH 32

typedef enum seep_xml_token {
  SEEP_XML_OPEN,  /* name and attributes are set; depth counts the new element */
  SEEP_XML_CLOSE, /* name is set; depth no longer counts it; also follows OPEN of <x/> */
  SEEP_XML_TEXT,  /* one run of text inside an element; comments and CDATA split runs */
  SEEP_XML_END,   /* the root element was closed and nothing follows it */
  SEEP_XML_ERROR  /* problem says what, position where; final */
} seep_xml_token;

typedef struct seep_xml_slice {
  const char *data;
  size_t size;
} seep_xml_slice;

typedef struct seep_xml {
  const char *data;
  size_t size;
  size_t position;
  size_t depth;
  seep_xml_slice open[SEEP_XML_MAXIMUM_DEPTH]; /* full names, to be met again by the closing tags */
  seep_xml_slice name;                         /* local: without a namespace prefix */
  seep_xml_slice attributes;                   /* as written, syntax already checked */
  seep_xml_slice text;                         /* as written, references already checked */
  bool text_is_literal;                        /* from CDATA: '&' means itself */
  bool close_is_due;                           /* the element just opened was <x/> */
  bool root_seen;
  const char *problem; /* a literal; NULL while all is well */
} seep_xml;

/* Borrows the bytes; skips a UTF-8 byte order mark. */
void seep_xml_init(seep_xml *xml, const char *data, size_t size);

seep_xml_token seep_xml_next(seep_xml *xml);

bool seep_xml_slice_is(seep_xml_slice slice, const char *text);

/* Without the white space at both ends. */
seep_xml_slice seep_xml_slice_trimmed(seep_xml_slice slice);

/* Decimal digits and nothing else, at most `maximum`; false, and *value untouched, for all else. */
bool seep_xml_slice_number(seep_xml_slice slice, uint64_t maximum, uint64_t *value);

/* Appends the current TEXT with its references decoded. Impossible code points become U+FFFD, surrogates
 * stay. */
void seep_xml_write_text(const seep_xml *xml, seep_writer *out);

/* Appends the decoded value of an attribute of the element just opened; false when it has none of that full
 * name. */
bool seep_xml_write_attribute(const seep_xml *xml, const char *name, seep_writer *out);

#endif
