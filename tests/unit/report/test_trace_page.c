/* An answer as a page: what stands on it, that no name gets out as markup or as script, that the graph's
 * numbers add up, and that it stays small. Leaves pages in the current folder, for browser.cmake. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/sha256.h"
#include "markup.h"
#include "report/trace_page.h"
#include "sample_answer.h"

#define LIMIT ((size_t)4 * 1024 * 1024)
#define DATA_BEGIN "<script type=\"application/json\" id=\"data\">"
#define SCRIPT_BEGIN "<script>"
#define SCRIPT_END "</script>"
#define POLICY_BEGIN "<meta http-equiv="

static markup out;
static char large[LIMIT];
static size_t large_length;

static void large_sink(void *context, const char *bytes, size_t length)
{
  (void)context;
  assert_true(length < LIMIT - large_length);
  memcpy(large + large_length, bytes, length);
  large_length += length;
  large[large_length] = '\0';
}

static const seep_trace_page_options usual = {.file_name = "w3wp-5200.etl", .version = "1.2.3"};

static const char *page_of(sample_answer_kind kind)
{
  memset(&out, 0, sizeof out);
  assert_true(
      seep_trace_page_write(sample_answer(kind), sample_answer_naming(kind), &usual, markup_sink, &out));
  return out.text;
}

static void says(const char *page, const char *text)
{
  if (strstr(page, text) == NULL) {
    fail_msg("the page does not say: %s", text);
  }
}

static void leave(const char *name, const char *text)
{
  char path[128];
  snprintf(path, sizeof path, "report_trace_page-%s.html", name);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
  assert_int_equal(fclose(file), 0);
}

/* Cuts all from `begin` to the next `end`, both included, out of the text. */
static bool cut(char *text, const char *begin, const char *end)
{
  char *from = strstr(text, begin);
  if (from == NULL) {
    return false;
  }
  char *to = strstr(from, end);
  assert_non_null(to);
  to += strlen(end);
  memmove(from, to, strlen(to) + 1);
  return true;
}

/* ---- what stands on it ---- */

static void the_verdict_and_its_facts(void **state)
{
  (void)state;
  const char *page = page_of(SAMPLE_ANSWER_HEAP);
  says(page, "<title>Memory that was not given back: w3wp.exe, process 5200</title>");
  says(page,
       "<p class=\"verdict\">Contoso.Pricing.dll 4.2.1107 (Contoso Ltd.) has not given back 236 MB in "
       "316411 allocations of w3wp.exe (process 5200), 92 percent of all that the trace of 12 min shows, "
       "and goes on steadily.</p>");
  says(page, "<dt>Version</dt><dd>4.2.1107</dd>");
  says(page, "<dt>Company</dt><dd>Contoso Ltd.</dd>");
  says(page, "<dt>Where</dt><dd>PriceCache::Insert+0x1f4</dd>");
  says(page, "<dt>Not given back</dt><dd>236 MB in 316411 allocations, 92% of what is left (heap)</dd>");
  says(page, "<dt>Growth</dt><dd>steady: goes on from the beginning to the end</dd>");
  says(page, "<code id=\"signature\">9f3c11d2a8b7e6b0</code><button id=\"copy\"");
  assert_null(strstr(page, "<dt>Doubts</dt>"));
}

static void how_it_was_measured_and_what_was_lost(void **state)
{
  (void)state;
  const char *page = page_of(SAMPLE_ANSWER_HEAP);
  says(page, "<dt>Trace</dt><dd>w3wp-5200.etl</dd>");
  says(page, "<dt>System</dt><dd>Windows 10.0 build 20348, 8 processors</dd>");
  says(page, "<dt>Started</dt><dd>2026-03-01T10:00:00.000Z</dd>");
  says(page, "<dt>Lasted</dt><dd>12 min</dd>");
  says(page, "<dt>Events</dt><dd>1204411, of them 632822 allocations, in 900 buffers</dd>");
  says(page, "what a heap gets from VirtualAlloc is in both. The figures are never to be added.");
  says(page, "<li>1100 of 632822 allocations (less than 1 percent) have no stack.</li>");
  says(page, "<td>only exports were there</td><td>Contoso.Web.pdb/555555555555555555555555555555551/"
             "Contoso.Web.pdb</td>");
  says(page, "<footer>Seepwatch 1.2.3</footer>");
  assert_null(strstr(page, "Contoso.Pricing.pdb"));
}

static void stacks_modules_and_growth(void **state)
{
  (void)state;
  const char *page = page_of(SAMPLE_ANSWER_HEAP);
  says(page, "<span class=\"n\">198 MB</span><span class=\"n\">77%</span><span class=\"n\">270411</span>"
             "<span>steady</span><span class=\"place\">Contoso.Pricing.dll!PriceCache::Insert+0x1f4</span>");
  says(page, "<li class=\"k3\"><b>Contoso.Pricing.dll!PriceCache::Insert+0x1f4</b></li>");
  says(page, "<li class=\"k1\">ucrtbase.dll!_malloc_base+0x36</li>");
  says(page, "<span class=\"place\">(its stack was lost)</span>");
  says(page, "Those with the most steady growth: 5 of 42.");
  says(page,
       "<tr><td>Contoso.Pricing.dll</td><td>4.2.1107</td><td>Contoso Ltd.</td><td class=\"n\">236 MB</td>"
       "<td class=\"n\">92%</td><td class=\"n\">316411</td><td class=\"n\">236 MB</td>");
  says(page, "<tr><td>(no stack)</td>");
  says(page, "=&gt; Contoso.Pricing.dll!PriceCache::MakeKey");
  says(page, "<span>Contoso.Pricing.dll, 236 MB</span>");
  says(page, "<span>all others, 3.50 MB</span>");
  assert_int_equal(markup_count(page, "<figure"), 2); /* heap, VirtualAlloc */
  assert_int_equal(markup_count(page, "<details><summary>"), 6);
}

static void the_commit_is_drawn_when_it_is_known(void **state)
{
  (void)state;
  static seep_chart commit;
  seep_trace_page_options options = usual;
  seep_chart_init(&commit, (seep_wall){1772300000000}, (seep_wall){1772900000000});
  seep_chart_add(&commit, (seep_wall){1772400000000}, 100, 200, 300, false);
  const size_t figures = markup_count(page_of(SAMPLE_ANSWER_NOTHING), "<figure");
  assert_int_equal(figures, 0);
  options.commit = &commit;
  memset(&out, 0, sizeof out);
  assert_true(seep_trace_page_write(sample_answer(SAMPLE_ANSWER_NOTHING), NULL, &options, markup_sink, &out));
  assert_int_equal(markup_count(out.text, "<figure"), 1);
  says(out.text, "Commit of the process, before and after the trace");
}

static void doubts_stand_with_the_verdict(void **state)
{
  (void)state;
  const char *page = page_of(SAMPLE_ANSWER_WEAK);
  says(page, "<p class=\"verdict weak\">On weak evidence: ");
  says(page, "<dt>Doubts</dt><dd>4112 events and 2 buffers were lost; ");
  says(page, "<li>The file ends in the middle: the trace went on.</li>");
  /* Others hold more than the culprit, whose colour is the same all the same. */
  says(page, "<i class=\"h1\"></i><span>no stack, 19.0 MB</span>");
  says(page, "<i class=\"h0\"></i><span>Fabrikam.Cache.dll, 12.0 MB</span>");
}

static void nothing_to_tell_has_no_graph_and_no_script(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    const char *page = page_of(i == 0 ? SAMPLE_ANSWER_NOTHING : SAMPLE_ANSWER_NOBODY);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "id=\"flame\""));
    assert_null(strstr(page, "<svg"));
    says(page, i == 0 ? "No leak is seen: " : "There are no memory events in ");
    says(page, "What was lost");
    assert_int_equal(markup_count(page, "Windows recorded each allocation"), i == 0 ? 1 : 0);
  }
}

/* ---- nothing gets out ---- */

static unsigned value_of(char sign)
{
  const char *signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *found = strchr(signs, sign);
  assert_true(found != NULL && sign != '\0');
  return (unsigned)(found - signs);
}

static void hex_of_base64(const char *text, char out_hex[SEEP_SHA256_TEXT_SIZE])
{
  uint32_t bits = 0;
  unsigned count = 0;
  size_t written = 0;
  for (; *text != '='; text++) {
    bits = bits << 6 | value_of(*text);
    for (count += 6; count >= 4 && written < SEEP_SHA256_TEXT_SIZE - 1; count -= 4) {
      out_hex[written++] = "0123456789abcdef"[bits >> (count - 4) & 15];
    }
  }
  out_hex[written] = '\0';
}

static void the_only_script_is_the_one_the_policy_names(void **state)
{
  (void)state;
  static char script[32768];
  char named[64], wanted[SEEP_SHA256_TEXT_SIZE], got[SEEP_SHA256_TEXT_SIZE];
  for (int kind = 0; kind < SAMPLE_ANSWERS; kind++) {
    const char *page = page_of((sample_answer_kind)kind);
    markup_between(page, "; script-src 'sha256-", "'", named, sizeof named);
    says(page,
         "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
         "script-src 'sha256-");
    if (strstr(page, "<script") == NULL) {
      continue;
    }
    assert_int_equal(markup_count(page, "<script"), 2);
    assert_int_equal(markup_count(page, SCRIPT_END), 2);
    markup_between(page, SCRIPT_BEGIN, SCRIPT_END, script, sizeof script);
    seep_sha256 sha;
    seep_sha256_init(&sha);
    seep_sha256_add(&sha, script, strlen(script));
    seep_sha256_text(&sha, wanted);
    hex_of_base64(named, got);
    assert_string_equal(got, wanted);
  }
}

static void every_page_is_well_formed_and_fetches_nothing(void **state)
{
  (void)state;
  static const char *const foreign[] = {"://",  "src=",   "href",    "url(",    "@import", "<link",
                                        "<img", "fetch(", "XMLHttp", "import(", "eval(",   "innerHTML"};
  for (int kind = 0; kind < SAMPLE_ANSWERS; kind++) {
    page_of((sample_answer_kind)kind);
    leave(sample_answer_name((sample_answer_kind)kind), out.text);
    assert_int_equal(strncmp(out.text, "<!DOCTYPE html>\n", 16), 0);
    assert_string_equal(out.text + out.length - 8, "</html>\n");
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
      assert_null(strstr(out.text, foreign[i]));
    }
    bool has_data = cut(out.text, DATA_BEGIN, SCRIPT_END);
    assert_int_equal(cut(out.text, SCRIPT_BEGIN, SCRIPT_END), has_data);
    markup_check(out.text);
  }
}

static void names_are_text_wherever_they_stand(void **state)
{
  (void)state;
  static char data[65536];
  const char *page = page_of(SAMPLE_ANSWER_HOSTILE);
  says(page, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;");
  assert_null(strstr(page, "<script>alert"));
  assert_null(strchr(page, '\x1B'));
  assert_null(strchr(page, '\r'));
  assert_null(strchr(page, '\xFF'));
  assert_null(strstr(page, "\xED\xA0"));     /* half of a pair */
  assert_null(strstr(page, "\xE2\x80\xAE")); /* the turn of direction */
  markup_between(page, DATA_BEGIN, SCRIPT_END, data, sizeof data);
  assert_null(strpbrk(data, "<>&'"));
  says(data, "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e\\u0022\\u0027\\u0026");
  cJSON *read = cJSON_Parse(data);
  assert_non_null(read);
  cJSON_Delete(read);
}

/* ---- the graph's numbers ---- */

static cJSON *data_of(const char *page)
{
  const char *begin = strstr(page, DATA_BEGIN);
  assert_non_null(begin);
  begin += strlen(DATA_BEGIN);
  const char *end = strstr(begin, SCRIPT_END);
  assert_non_null(end);
  cJSON *data = cJSON_ParseWithLength(begin, (size_t)(end - begin));
  assert_non_null(data);
  return data;
}

typedef struct node {
  size_t depth, name;
  unsigned kind;
  double bytes, blocks, below; /* below: of its children */
} node;

#define MOST_NODES 10000
static node nodes[MOST_NODES];

/* Reads a view's nodes and sums up what each has below it; fails the test where they are no tree. */
static size_t read_tree(const cJSON *view)
{
  size_t count = 0, part = 0, path[512];
  const size_t names = (size_t)cJSON_GetArraySize(cJSON_GetObjectItem(view, "names"));
  const cJSON *item;
  double five[5];
  cJSON_ArrayForEach(item, cJSON_GetObjectItem(view, "nodes"))
  {
    five[part++] = item->valuedouble;
    if (part < 5) {
      continue;
    }
    part = 0;
    assert_true(count < MOST_NODES);
    node *made = &nodes[count];
    *made = (node){(size_t)five[0], (size_t)five[1], (unsigned)five[2], five[3], five[4], 0};
    assert_true(count == 0 ? made->depth == 0 : made->depth > 0 && made->depth < 200);
    assert_true(count == 0 || made->depth <= nodes[count - 1].depth + 1);
    assert_true((made->kind & 15) == 8 || made->name < names);
    assert_true(made->bytes > 0);
    path[made->depth] = count;
    if (made->depth > 0) {
      nodes[path[made->depth - 1]].below += made->bytes;
    }
    count++;
  }
  assert_int_equal(part, 0);
  for (size_t i = 0; i < count; i++) {
    assert_true(nodes[i].below <= nodes[i].bytes);
  }
  return count;
}

static const char *node_name(const cJSON *view, size_t at)
{
  return cJSON_GetArrayItem(cJSON_GetObjectItem(view, "names"), (int)nodes[at].name)->valuestring;
}

static void the_graph_is_the_tree_of_all_stacks(void **state)
{
  (void)state;
  const double mb = 1048576;
  cJSON *data = data_of(page_of(SAMPLE_ANSWER_HEAP));
  const cJSON *view = cJSON_GetArrayItem(cJSON_GetObjectItem(data, "views"), 0);
  assert_string_equal(cJSON_GetObjectItem(view, "id")->valuestring, "heap"); /* the culprit's first */
  size_t count = read_tree(view);
  assert_int_equal(count, 20);
  assert_string_equal(node_name(view, 0), "w3wp.exe (5200)");
  assert_true(nodes[0].bytes == 256.5 * mb && nodes[0].below == nodes[0].bytes);
  static const char *const way[] = {"ntdll.dll!RtlUserThreadStart",
                                    "KERNEL32.DLL!BaseThreadInitThunk",
                                    "w3wp.exe!WorkerMain",
                                    "Contoso.Web.dll!QuoteHandler::ProcessRequest",
                                    "Contoso.Pricing.dll!PriceCache::Refresh",
                                    "Contoso.Pricing.dll!PriceCache::Insert"};
  static const unsigned kinds[] = {1, 2, 2, 2, 3, 3 + 16};
  for (size_t i = 0; i < 6; i++) {
    assert_string_equal(node_name(view, i + 1), way[i]);
    assert_int_equal(nodes[i + 1].kind, kinds[i]);
  }
  assert_true(nodes[5].bytes == 236 * mb && nodes[6].bytes == 198 * mb);
  assert_string_equal(node_name(view, count - 2), "(its stack was lost)");
  assert_int_equal(nodes[count - 2].kind, 7);
  assert_int_equal(nodes[count - 1].kind, 8); /* the stacks that are not in detail */
  assert_int_equal(nodes[count - 1].name, 37);
  assert_true(nodes[count - 1].bytes == 3.5 * mb && nodes[count - 1].blocks == 9000);
  cJSON_Delete(data);
}

/* ---- however much comes in ---- */

/* fill: what all names are made of; NUL: as the sample has them. */
static void write_huge(char fill)
{
  void *block = NULL;
  const seep_answer *answer = sample_answer_huge(2000, 192, &block);
  assert_non_null(answer);
  if (fill != '\0') {
    char *text = (char *)(uintptr_t)answer->modules[0].name; /* in the block, which is ours */
    memset(text, fill, strlen(text));
  }
  large_length = 0;
  seep_trace_page_options options = usual;
  options.file_name = answer->modules[0].name;
  options.version = answer->modules[0].name;
  assert_true(seep_trace_page_write(answer, NULL, &options, large_sink, NULL));
  free(block);
}

static void the_largest_answer_makes_a_page_of_less_than_4_mb(void **state)
{
  (void)state;
  static const char fills[] = {'\0', '<', '"', '\x01', '\xFF'};
  for (size_t i = 0; i < sizeof fills; i++) {
    write_huge(fills[i]);
    assert_string_equal(large + large_length - 8, "</html>\n");
    cJSON *data = data_of(large);
    const cJSON *view;
    cJSON_ArrayForEach(view, cJSON_GetObjectItem(data, "views"))
    {
      size_t count = read_tree(view);
      assert_true(count > 4000);
      assert_true(nodes[0].below == nodes[0].bytes); /* what is left out is told of */
      assert_true(cJSON_GetObjectItem(view, "dropped")->valuedouble > 90000);
    }
    cJSON_Delete(data);
    while (cut(large, "<script", SCRIPT_END)) {
    }
    markup_check(large);
  }
  write_huge('\0');
  leave("huge", large);
}

/* ---- a page that uses itself ---- */

/* For the browser: the page without its policy, and with a second script that clicks and types and writes
 * down what came of it. */
static const char driver[] =
    "<script>(function(){var log=[],flame=document.getElementById('flame'),"
    "tip=document.getElementById('tip'),search=document.getElementById('search');"
    "function key(k){document.activeElement.dispatchEvent(new "
    "KeyboardEvent('keydown',{key:k,bubbles:true}));}"
    "function say(what){var f=document.activeElement;log.push(what+': '+(f.spot?f.spot.text:'-')+"
    "' '+location.hash);}"
    "window.onerror=function(m){log.push('ERROR '+m);};"
    "document.querySelector('.bar').focus();key('ArrowDown');key('ArrowDown');say('down');"
    "key('Enter');say('enter');key('ArrowDown');key('ArrowDown');key('ArrowDown');key('ArrowDown');"
    "key('ArrowRight');say('right');key('ArrowLeft');say('left');key('ArrowUp');say('up');"
    "key('Enter');say('deeper');key('Escape');say('back');key('Escape');say('whole');"
    "document.querySelectorAll('.bar')[5].click();say('click');document.activeElement.click();say('again');"
    "search.value='  WEBinit ';search.dispatchEvent(new Event('input'));"
    "log.push('found '+document.getElementById('found').textContent+"
    "document.querySelectorAll('.bar.match').length);"
    "document.querySelectorAll('#views button')[1].click();say('view');"
    "document.querySelectorAll('.bar')[3].dispatchEvent(new MouseEvent('mousemove',{bubbles:true}));"
    "log.push('tip '+tip.hidden+' '+tip.textContent);"
    "document.querySelector('#flame').dispatchEvent(new MouseEvent('mouseleave'));"
    "log.push('tip '+tip.hidden);"
    "var pre=document.createElement('pre');pre.id='log';pre.textContent='LOG '+log.join('; ')+' END';"
    "document.body.appendChild(pre);})();</script>\n</body>";

static void a_page_that_drives_itself_is_left_for_the_browser(void **state)
{
  (void)state;
  page_of(SAMPLE_ANSWER_HEAP);
  assert_true(cut(out.text, POLICY_BEGIN, "/>"));
  char *end = strstr(out.text, "</body>");
  assert_non_null(end);
  snprintf(end, sizeof out.text - (size_t)(end - out.text), "%s\n</html>\n", driver);
  leave("driven", out.text);
  /* And one whose script is not the one that the policy names: no browser may run it. */
  page_of(SAMPLE_ANSWER_HEAP);
  char *strict = strstr(out.text, "'use strict'");
  assert_non_null(strict);
  memcpy(strict, "'USE strict'", 12);
  leave("changed", out.text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_verdict_and_its_facts),
      cmocka_unit_test(how_it_was_measured_and_what_was_lost),
      cmocka_unit_test(stacks_modules_and_growth),
      cmocka_unit_test(the_commit_is_drawn_when_it_is_known),
      cmocka_unit_test(doubts_stand_with_the_verdict),
      cmocka_unit_test(nothing_to_tell_has_no_graph_and_no_script),
      cmocka_unit_test(the_only_script_is_the_one_the_policy_names),
      cmocka_unit_test(every_page_is_well_formed_and_fetches_nothing),
      cmocka_unit_test(names_are_text_wherever_they_stand),
      cmocka_unit_test(the_graph_is_the_tree_of_all_stacks),
      cmocka_unit_test(the_largest_answer_makes_a_page_of_less_than_4_mb),
      cmocka_unit_test(a_page_that_drives_itself_is_left_for_the_browser),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
