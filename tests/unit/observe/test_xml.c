/* The pull reader: each construct, each refusal with its offset. A document becomes a short trace that is
 * compared. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "observe/xml.h"

/* "<a" opens, "a>" closes, 'text', "." is the end, "!n" an error at byte n. */
static const char *trace(const char *document, size_t size)
{
  static char out[4096];
  char *copy = malloc(size > 0 ? size : 1);
  seep_xml xml;
  seep_writer writer;
  seep_xml_token token;
  assert_non_null(copy);
  memcpy(copy, document, size);
  seep_writer_init(&writer, out, sizeof out);
  seep_xml_init(&xml, copy, size);
  do {
    token = seep_xml_next(&xml);
    if (token == SEEP_XML_OPEN) {
      seep_writer_text(&writer, "<");
      seep_writer_bytes(&writer, xml.name.data, xml.name.size);
    } else if (token == SEEP_XML_CLOSE) {
      seep_writer_bytes(&writer, xml.name.data, xml.name.size);
      seep_writer_text(&writer, ">");
    } else if (token == SEEP_XML_TEXT) {
      seep_writer_text(&writer, "'");
      seep_xml_write_text(&xml, &writer);
      seep_writer_text(&writer, "'");
    }
  } while (token != SEEP_XML_END && token != SEEP_XML_ERROR);
  if (token == SEEP_XML_END) {
    seep_writer_text(&writer, ".");
  } else {
    seep_writer_format(&writer, "!%u", (unsigned)xml.position);
    assert_non_null(xml.problem);
    assert_true(xml.position <= size);
  }
  assert_int_equal(seep_xml_next(&xml), token); /* both ends are final */
  free(copy);
  return out;
}

typedef struct document {
  const char *text;
  const char *trace;
} document;

static void check(const document *documents, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    assert_string_equal(trace(documents[i].text, strlen(documents[i].text)), documents[i].trace);
  }
}

static void elements_and_text(void **state)
{
  static const document documents[] = {
      {"<a/>", "<aa>."},
      {"<a></a>", "<aa>."},
      {"<a ></a >", "<aa>."},
      {"<a>x<b>y</b>z</a>", "<a'x'<b'y'b>'z'a>."},
      {" \r\n\t<a/>\n", "<aa>."},
      {"\xEF\xBB\xBF<a/>", "<aa>."},
      {"<p:a xmlns:p='u'><p:b/></p:a>", "<a<bb>a>."},
      {"<Gr\xC3\xB6\xC3\x9F"
       "e/>",
       "<Gr\xC3\xB6\xC3\x9F"
       "eGr\xC3\xB6\xC3\x9F"
       "e>."},
      {"<a>1 > 0 ' \"</a>", "<a'1 > 0 ' \"'a>."},
  };
  (void)state;
  check(documents, sizeof documents / sizeof documents[0]);
}

static void comments_instructions_and_cdata(void **state)
{
  static const document documents[] = {
      {"<?xml version='1.0'?><!-- <b> --><a/><!-- end --><?x?>", "<aa>."},
      {"<a>x<!-- y -->z</a>", "<a'x''z'a>."},
      {"<a>x<![CDATA[<&amp;]]]>y</a>", "<a'x''<&amp;]''y'a>."},
      {"<a><![CDATA[]]></a>", "<a''a>."},
      {"<a><!----></a>", "<aa>."},
      {"<a><!-- - -- --></a>", "<aa>."},
      {"<![CDATA[x]]><a/>", "!0"},
      {"<a><![CDATA[x]]", "<a!15"},
      {"<a><!-- x --", "<a!12"},
      {"<?x ?", "!5"},
      {"<!DOCTYPE a><a/>", "!0"},
      {"<a><!ELEMENT></a>", "<a!3"},
  };
  (void)state;
  check(documents, sizeof documents / sizeof documents[0]);
}

static void references(void **state)
{
  static const document documents[] = {
      {"<a>&lt;&gt;&amp;&quot;&apos;</a>", "<a'<>&\"''a>."},
      {"<a>&#65;&#x42;&#x1F600;&#xe9;&#xE9;</a>", "<a'AB\xF0\x9F\x98\x80\xC3\xA9\xC3\xA9'a>."},
      {"<a>&amp;lt;</a>", "<a'&lt;'a>."},
      {"<a>&#000000000000000000065;</a>", "<a'A'a>."},
      {"<a>&#0;&#x110000;&#99999999999999999999;</a>", "<a'\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD'a>."},
      {"<a>&#xD800;</a>", "<a'\xED\xA0\x80'a>."},
      {"<a>x&nbsp;</a>", "<a!4"},
      {"<a>x&</a>", "<a!4"},
      {"<a>&amp</a>", "<a!3"},
      {"<a>&#;</a>", "<a!3"},
      {"<a>&#x;</a>", "<a!3"},
      {"<a>&#12a;</a>", "<a!3"},
      {"<a>&#X41;</a>", "<a!3"},
      {"<a>&#-1;</a>", "<a!3"},
      {"<a>&LT;</a>", "<a!3"},
  };
  (void)state;
  check(documents, sizeof documents / sizeof documents[0]);
}

static void broken_structure(void **state)
{
  static const document documents[] = {
      {"", "!0"},
      {"   ", "!3"},
      {"<!-- only -->", "!13"},
      {"x<a/>", "!0"},
      {"<a/>x", "<aa>!4"},
      {"<a/><b/>", "<aa>!4"},
      {"<a>", "<a!3"},
      {"<a><b></a></b>", "<a<b!6"},
      {"<p:a></q:a>", "<a!5"},
      {"<ab></a>", "<ab!4"},
      {"<a></ab>", "<a!3"},
      {"</a>", "!0"},
      {"<a></a", "<a!6"},
      {"<a></>", "<a!5"},
      {"<>", "!1"},
      {"< a/>", "!1"},
      {"<1/>", "!1"},
      {"<a", "!2"},
      {"<a/", "!3"},
      {"<a/ >", "!3"},
      {"<", "!1"},
      {"<a></a x='1'>", "<a!7"},
  };
  (void)state;
  check(documents, sizeof documents / sizeof documents[0]);
}

static void broken_attributes(void **state)
{
  static const document documents[] = {
      {"<a x='1'/>", "<aa>."},  {"<a x = \"1\" y\n=\n'2' />", "<aa>."},
      {"<a x/>", "!4"},         {"<a x=/>", "!5"},
      {"<a x=1/>", "!5"},       {"<a x='1/>", "!6"},
      {"<a x='1\"/>", "!6"},    {"<a x='1'y='2'/>", "!8"},
      {"<a ='1'/>", "!3"},      {"<a x='<'/>", "!6"},
      {"<a x='&bad;'/>", "!6"}, {"<a x='", "!6"},
  };
  (void)state;
  check(documents, sizeof documents / sizeof documents[0]);
}

static void attributes_are_found_by_their_full_name(void **state)
{
  static const char text[] =
      "<a xmlns:Name='wrong' Names='wrong' Name='O&apos;N \"x\"' Name='second' Empty=\"\"/>";
  char out[64];
  seep_writer writer;
  seep_xml xml;
  (void)state;
  seep_xml_init(&xml, text, sizeof text - 1);
  assert_int_equal(seep_xml_next(&xml), SEEP_XML_OPEN);
  seep_writer_init(&writer, out, sizeof out);
  assert_true(seep_xml_write_attribute(&xml, "Name", &writer));
  assert_string_equal(out, "O'N \"x\"");
  seep_writer_init(&writer, out, sizeof out);
  assert_true(seep_xml_write_attribute(&xml, "Empty", &writer));
  assert_string_equal(out, "");
  assert_false(seep_xml_write_attribute(&xml, "name", &writer));
  assert_false(seep_xml_write_attribute(&xml, "Nam", &writer));
  assert_int_equal(seep_xml_next(&xml), SEEP_XML_CLOSE);
  assert_int_equal(seep_xml_next(&xml), SEEP_XML_END);
}

static seep_xml_slice slice(const char *text)
{
  return (seep_xml_slice){text, strlen(text)};
}

static void slices_are_trimmed(void **state)
{
  (void)state;
  assert_true(seep_xml_slice_is(seep_xml_slice_trimmed(slice(" \t\r\na b\n ")), "a b"));
  assert_true(seep_xml_slice_is(seep_xml_slice_trimmed(slice("a")), "a"));
  assert_true(seep_xml_slice_is(seep_xml_slice_trimmed(slice(" \n")), ""));
  assert_true(seep_xml_slice_is(seep_xml_slice_trimmed(slice("")), ""));
  assert_true(seep_xml_slice_is(seep_xml_slice_trimmed(slice("\xC2\xA0")), "\xC2\xA0"));
}

static void slices_are_read_as_numbers(void **state)
{
  static const struct {
    const char *text;
    uint64_t maximum;
    bool ok;
    uint64_t value;
  } cases[] = {
      {"0", 0, true, 0},
      {"1", 0, false, 0},
      {"9", 5, false, 0},
      {"10", 10, true, 10},
      {"11", 10, false, 0},
      {"007", UINT64_MAX, true, 7},
      {"4294967295", UINT32_MAX, true, UINT32_MAX},
      {"4294967296", UINT32_MAX, false, 0},
      {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
      {"18446744073709551616", UINT64_MAX, false, 0},
      {"18446744073709551620", UINT64_MAX, false, 0},
      {"", UINT64_MAX, false, 0},
      {" 1", UINT64_MAX, false, 0},
      {"-1", UINT64_MAX, false, 0},
      {"1x", UINT64_MAX, false, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint64_t value = 77;
    assert_int_equal(seep_xml_slice_number(slice(cases[i].text), cases[i].maximum, &value), cases[i].ok);
    assert_true(value == (cases[i].ok ? cases[i].value : 77));
  }
}

static void depth_is_limited(void **state)
{
  char text[8 * (SEEP_XML_MAXIMUM_DEPTH + 2)];
  (void)state;
  for (size_t depth = SEEP_XML_MAXIMUM_DEPTH; depth <= SEEP_XML_MAXIMUM_DEPTH + 1; depth++) {
    seep_writer writer;
    seep_writer_init(&writer, text, sizeof text);
    for (size_t i = 0; i < depth; i++) {
      seep_writer_text(&writer, "<a>");
    }
    for (size_t i = 0; i < depth; i++) {
      seep_writer_text(&writer, "</a>");
    }
    const char *result = trace(text, writer.length);
    char last = result[strlen(result) - 1];
    assert_int_equal(last == '.', depth <= SEEP_XML_MAXIMUM_DEPTH);
  }
}

static void every_prefix_ends_in_an_error(void **state)
{
  static const char text[] =
      "\xEF\xBB\xBF<?xml version='1.0'?><!-- c --><p:a x='1&amp;2' y=\"&#10;\"> t &lt; <b/>"
      "<![CDATA[ ]] ]]><?i?></p:a>";
  (void)state;
  for (size_t size = 0; size < sizeof text - 1; size++) {
    assert_non_null(strchr(trace(text, size), '!'));
  }
  assert_null(strchr(trace(text, sizeof text - 1), '!'));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(elements_and_text),  cmocka_unit_test(comments_instructions_and_cdata),
      cmocka_unit_test(references),         cmocka_unit_test(broken_structure),
      cmocka_unit_test(broken_attributes),  cmocka_unit_test(attributes_are_found_by_their_full_name),
      cmocka_unit_test(slices_are_trimmed), cmocka_unit_test(slices_are_read_as_numbers),
      cmocka_unit_test(depth_is_limited),   cmocka_unit_test(every_prefix_ends_in_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
