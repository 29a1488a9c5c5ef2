#include "report/page.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"

/* Should some text ever get out as markup after all, this keeps the browser from running or fetching it. */
#define POLICY "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/* The colours stand once for light and once for dark; print always takes the light ones. They keep their
 * distance for readers who see red and green alike, and no kind of mark is told by its colour alone. */
static const char style_colours[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#57606a;--rule:#d0d7de;--grid:#e7ebef;"
    "--line:#0b5cad;--band:#a9cbee;--gap:#c3cad1;--start:#4d5660;--leak:#c04f00;"
    "--recording:#00795a;--exhaustion:#9c1f74}"
    "@media screen and (prefers-color-scheme:dark){:root{--paper:#14181d;--ink:#e4e8ec;--soft:#9aa5b1;"
    "--rule:#3a434d;--grid:#262d35;--line:#62b5f5;--band:#234f78;--gap:#4a545e;--start:#b7c0ca;"
    "--leak:#f59a4c;--recording:#3ecb9b;--exhaustion:#f08acb}}"
    "@media print{:root{color-scheme:light}}"
    "@media (forced-colors:active){:root{--paper:Canvas;--ink:CanvasText;--soft:CanvasText;--rule:GrayText;"
    "--grid:GrayText;--line:LinkText;--gap:GrayText;--start:CanvasText}}";

static const char style_page[] =
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:15px/1.5 system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}"
    "main,footer{max-width:72rem;margin:0 auto;padding:0 1.5rem}"
    "h1{font-size:1.6rem;line-height:1.3;margin:1.75rem 0 .25rem}"
    "h2{font-size:1.2rem;line-height:1.3;margin:2rem 0 .5rem}"
    "h1,h2,p,b,td,th{overflow-wrap:anywhere;unicode-bidi:plaintext}"
    "h1,h2,p,td{overflow:hidden}"
    "p{margin:.5rem 0}"
    ".soft,footer{color:var(--soft)}"
    "footer{font-size:.85rem;margin-top:2.5rem;padding-bottom:2rem}"
    ".wide{overflow-x:auto}"
    "table{border-collapse:collapse;min-width:100%;margin:.5rem 0 1.5rem;font-variant-numeric:tabular-nums}"
    "th,td{padding:.35rem .75rem .35rem 0;text-align:left;vertical-align:top;"
    "border-bottom:1px solid var(--rule)}"
    "th{font-weight:600;border-bottom:2px solid var(--rule);overflow-wrap:normal}"
    "td{min-width:5rem;max-width:30rem}"
    ".n{text-align:right;white-space:nowrap}"
    "th.n{white-space:normal}"
    "th:last-child,td:last-child{padding-right:0}";

/* Of report/chart.c. Inside g.s a unit is a tenth of the picture's. */
static const char style_chart[] =
    "figure{margin:1.25rem 0 2rem;break-inside:avoid}"
    "figcaption b{display:block;font-size:1.05rem;overflow:hidden}"
    "figcaption span{color:var(--soft);font-variant-numeric:tabular-nums}"
    "figure svg{display:block;width:100%;min-width:40rem;height:auto;margin:.5rem 0}"
    "svg text{fill:var(--soft);font-size:12px;font-variant-numeric:tabular-nums}"
    ".e{text-anchor:end}.m{text-anchor:middle}"
    "svg text.big{font-size:15px}"
    "svg path,svg rect{stroke:none;fill:none}"
    "svg .grid{stroke:var(--grid);stroke-width:10}"
    "svg .axis{stroke:var(--soft);stroke-width:12}"
    "svg .lane{stroke:var(--rule);stroke-width:10}"
    "svg .gap{stroke:var(--gap);stroke-dasharray:10 40}"
    "svg .band{fill:var(--band)}"
    "svg .mean{stroke:var(--line);stroke-width:18;stroke-linejoin:round;stroke-linecap:round}"
    "svg .dots{stroke:var(--line);stroke-width:50;stroke-linecap:round}"
    "svg .tips{pointer-events:all}"
    "svg .start{fill:var(--start)}svg .leak{fill:var(--leak)}svg .recording{fill:var(--recording)}"
    "svg .exhaustion{fill:var(--exhaustion)}svg .tint{fill:var(--leak);fill-opacity:.14}"
    "svg .start-at{stroke:var(--start);stroke-width:10;stroke-dasharray:40 40}"
    "svg .exhaustion-at{stroke:var(--exhaustion);stroke-width:14}"
    ".legend{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;margin:.25rem 0;padding:0;list-style:none;"
    "color:var(--soft);font-size:.87rem}"
    ".legend li{display:flex;align-items:center;gap:.45rem}"
    ".legend svg{width:26px;min-width:26px;height:14px;margin:0}"
    "@media print{body{font-size:10pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}"
    "main,footer{max-width:none;padding:0}.wide{overflow:visible}figure svg{min-width:0}"
    ".legend svg{min-width:26px}h2{break-after:avoid}tr{break-inside:avoid}}";

static void put(seep_page *page, const char *bytes, size_t length)
{
  if (length > 0) {
    page->sink(page->context, bytes, length);
  }
}

void seep_page_markup(seep_page *page, const char *markup)
{
  put(page, markup, strlen(markup));
}

void seep_page_format(seep_page *page, const char *format, ...)
{
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  seep_page_markup(page, text);
}

/* What a reader could not see but what changes how the rest is shown, and what HTML does not allow. */
static bool unwelcome(uint32_t point)
{
  bool surrogate = point >= 0xD800 && point < 0xE000;
  bool noncharacter = (point & 0xFFFE) == 0xFFFE || (point >= 0xFDD0 && point <= 0xFDEF);
  return seep_text_is_control(point) || surrogate || noncharacter;
}

static const char *entity(uint32_t point)
{
  switch (point) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return unwelcome(point) ? "\xEF\xBF\xBD" : NULL;
  }
}

void seep_page_text(seep_page *page, const char *text)
{
  size_t length = text != NULL ? strlen(text) : 0;
  size_t plain = 0; /* from here on nothing needs to be replaced */
  for (size_t at = 0; at < length;) {
    uint32_t point = 0;
    size_t used = seep_text_character(text + at, length - at, &point);
    const char *instead = used > 0 ? entity(point) : entity(0);
    used = used > 0 ? used : 1;
    if (instead != NULL) {
      put(page, text + plain, at - plain);
      seep_page_markup(page, instead);
      plain = at + used;
    }
    at += used;
  }
  if (plain < length) {
    put(page, text + plain, length - plain);
  }
}

static void element(seep_page *page, const char *opening, const char *text, const char *closing)
{
  seep_page_markup(page, opening);
  seep_page_text(page, text);
  seep_page_markup(page, closing);
}

static bool given(const char *text)
{
  return text != NULL && text[0] != '\0';
}

/* The script's SHA-256 in base64, which is how a policy names it. */
static void write_hash(seep_page *page, const char *script)
{
  static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char text[SEEP_SHA256_TEXT_SIZE];
  seep_sha256 sha;
  seep_sha256_init(&sha);
  seep_sha256_add(&sha, script, strlen(script));
  seep_sha256_text(&sha, text);
  uint32_t bits = 0;
  unsigned count = 0;
  for (size_t i = 0; text[i] != '\0'; i++) { /* 64 digits of 4 bits */
    unsigned digit = text[i] <= '9' ? (unsigned)(text[i] - '0') : (unsigned)(text[i] - 'a') + 10;
    bits = bits << 4 | digit;
    count += 4;
    if (count >= 6) {
      count -= 6;
      put(page, &signs[bits >> count & 63], 1);
    }
  }
  put(page, &signs[bits << (6 - count) & 63], 1); /* 256 bits leave 4 over */
  seep_page_markup(page, "=");
}

static void begin(seep_page *page, const char *title, const char *subtitle, const seep_page_extra *extra)
{
  seep_page_markup(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                         "<meta http-equiv=\"Content-Security-Policy\" content=\"" POLICY);
  if (extra != NULL) {
    seep_page_markup(page, "; script-src 'sha256-");
    write_hash(page, extra->script);
    seep_page_markup(page, "'");
  }
  seep_page_markup(page, "\"/>\n"
                         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                         "<meta name=\"color-scheme\" content=\"light dark\"/>\n");
  element(page, "<title>", title, "</title>\n<style>");
  seep_page_markup(page, style_colours);
  seep_page_markup(page, style_page);
  seep_page_markup(page, style_chart);
  seep_page_markup(page, extra != NULL ? extra->style : "");
  element(page, "</style>\n</head>\n<body>\n<main>\n<h1>", title, "</h1>\n");
  if (given(subtitle)) {
    element(page, "<p class=\"soft\">", subtitle, "</p>\n");
  }
}

void seep_page_begin(seep_page *page, seep_page_sink sink, void *context, const char *title,
                     const char *subtitle)
{
  *page = (seep_page){sink, context};
  begin(page, title, subtitle, NULL);
}

void seep_page_begin_scripted(seep_page *page, seep_page_sink sink, void *context, const char *title,
                              const char *subtitle, const seep_page_extra *extra)
{
  *page = (seep_page){sink, context};
  begin(page, title, subtitle, extra);
}

void seep_page_script(seep_page *page, const seep_page_extra *extra)
{
  seep_page_markup(page, "<script>");
  seep_page_markup(page, extra->script);
  seep_page_markup(page, "</script>\n");
}

void seep_page_end(seep_page *page, const char *footer)
{
  seep_page_markup(page, "</main>\n");
  if (given(footer)) {
    element(page, "<footer>", footer, "</footer>\n");
  }
  seep_page_markup(page, "</body>\n</html>\n");
}

void seep_page_heading(seep_page *page, const char *text)
{
  element(page, "<h2>", text, "</h2>\n");
}

void seep_page_paragraph(seep_page *page, const char *text)
{
  element(page, "<p>", text, "</p>\n");
}

void seep_page_table_begin(seep_page *page, const char *const *columns, const bool *numeric, size_t count)
{
  seep_page_markup(page, "<div class=\"wide\"><table>\n<thead><tr>");
  for (size_t i = 0; i < count; i++) {
    bool right = numeric != NULL && numeric[i];
    element(page, right ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">", columns[i], "</th>");
  }
  seep_page_markup(page, "</tr></thead>\n<tbody>\n");
}

void seep_page_table_row(seep_page *page, const char *const *cells, const bool *numeric, size_t count)
{
  seep_page_markup(page, "<tr>");
  for (size_t i = 0; i < count; i++) {
    element(page, numeric != NULL && numeric[i] ? "<td class=\"n\">" : "<td>", cells[i], "</td>");
  }
  seep_page_markup(page, "</tr>\n");
}

void seep_page_table_end(seep_page *page)
{
  seep_page_markup(page, "</tbody>\n</table></div>\n");
}
