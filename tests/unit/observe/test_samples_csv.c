/* The CSV decoder: each text is read whole and in windows that grow byte by byte, with the same result. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "observe/samples_csv.h"

#define HEAD "t_s,pid,process,commit_bytes\n"
#define HEAD_ALL "t_s,pid,process,commit_bytes,created_s,running_s\n"

static char found_text[32768];

/* "1: 30000 5 a.exe 100" for a row; "2! why" for one that was passed over; "!! why" for the header. */
static bool note(seep_writer *out, const seep_samples_csv *csv, seep_samples_csv_found found,
                 const seep_samples_csv_row *row)
{
  switch (found) {
  case SEEP_SAMPLES_CSV_ROW:
    seep_writer_format(out, "%" PRIu64 ": %" PRId64 " %" PRIu32 " ", csv->line, row->wall.ms, row->pid);
    seep_writer_bytes(out, row->process, row->process_bytes);
    seep_writer_format(out, " %" PRIu64, row->commit_bytes);
    if (row->has_created) {
      seep_writer_format(out, " c%" PRIu64, row->created);
    }
    if (seep_samples_csv_has_running(csv)) {
      seep_writer_format(out, " r%" PRId64, row->running_ms);
    }
    seep_writer_text(out, "\n");
    return true;
  case SEEP_SAMPLES_CSV_BAD_ROW:
    seep_writer_format(out, "%" PRIu64 "! %s\n", csv->line, csv->reason);
    return true;
  case SEEP_SAMPLES_CSV_BAD_HEADER:
    seep_writer_format(out, "!! %s\n", csv->reason);
    return false;
  case SEEP_SAMPLES_CSV_MORE:
    return true;
  case SEEP_SAMPLES_CSV_END:
  default:
    return false;
  }
}

/* step: by how much the window grows when more is asked for. */
static const char *read_in_steps(const char *text, size_t size, size_t step)
{
  static seep_samples_csv csv;
  seep_writer out;
  seep_writer_init(&out, found_text, sizeof found_text);
  seep_samples_csv_init(&csv);
  size_t at = 0, end = step < size ? step : size;
  seep_samples_csv_found found;
  seep_samples_csv_row row;
  do {
    size_t used = 0;
    /* A copy of its own: a read beyond the window is a read beyond the heap block. */
    char *window = malloc(end - at + 1);
    assert_non_null(window);
    memcpy(window, text + at, end - at);
    char *exact = end > at ? realloc(window, end - at) : window;
    assert_non_null(exact);
    found = seep_samples_csv_next(&csv, exact, end - at, end == size, &used, &row);
    assert_true(used <= end - at);
    at += used;
    bool more = note(&out, &csv, found, &row);
    free(exact);
    if (!more) {
      break;
    }
    if (found == SEEP_SAMPLES_CSV_MORE) {
      assert_true(end < size);
      end = size - end > step ? end + step : size;
    }
  } while (true);
  assert_false(out.cut);
  return found_text;
}

static void reads_bytes(const char *text, size_t size, const char *expected)
{
  assert_string_equal(read_in_steps(text, size, size), expected);
  assert_string_equal(read_in_steps(text, size, 1), expected);
  assert_string_equal(read_in_steps(text, size, 7), expected);
}

static void reads(const char *text, const char *expected)
{
  reads_bytes(text, strlen(text), expected);
}

static void test_plain(void **state)
{
  (void)state;
  reads(HEAD "0,5,a.exe,100\n30,5,a.exe,200\n", "2: 0 5 a.exe 100\n3: 30000 5 a.exe 200\n");
  reads(HEAD "0,5,a.exe,100", "2: 0 5 a.exe 100\n"); /* no last line end */
  reads(HEAD, "");
  reads("t_s,pid,process,commit_bytes", "");
}

static void test_columns_in_any_order(void **state)
{
  (void)state;
  reads("note,commit_bytes, process ,\"pid\",after_gap,t_s\nx,7,b.exe,9,1,1.5\n", "2: 1500 9 b.exe 7\n");
  reads(HEAD_ALL "1.5,9,b.exe,7,,2.25\n", "2: 1500 9 b.exe 7 r2250\n");
  reads(HEAD_ALL "1772323200.000,9,b.exe,7,1.0000001,0\n",
        "2: 1772323200000 9 b.exe 7 c116444736010000001 r0\n");
}

static void test_line_ends_and_order_mark(void **state)
{
  (void)state;
  reads("\xEF\xBB\xBF"
        "t_s,pid,process,commit_bytes\r\n\r\n0,5,a.exe,100\r\n\n\n1,5,\"a.exe\",100\r\n",
        "3: 0 5 a.exe 100\n6: 1000 5 a.exe 100\n");
  reads("\xEF\xBB\xBF\xEF\xBB\xBF" HEAD,
        "!! the header has no column t_s\n"); /* two marks are one too many */
  reads(HEAD "0,5,a.exe,100\r", "2: 0 5 a.exe 100\n");
  reads(HEAD "0,5,a.exe,100\n\r", "2: 0 5 a.exe 100\n");
}

static void test_quotes(void **state)
{
  (void)state;
  reads(HEAD "0,5,\"a, b\",100\n1,5,\"say \"\"hi\"\"\",100\n2,5,\"two\r\nlines\",100\n3,5,c,100\n",
        "2: 0 5 a, b 100\n3: 1000 5 say \"hi\" 100\n4: 2000 5 two\r\nlines 100\n6: 3000 5 c 100\n");
  reads(HEAD "\"0\",\"5\",\"a\",\"100\"", "2: 0 5 a 100\n");
  reads(HEAD "0,5,a\"b,100\n", "2: 0 5 a\"b 100\n");
  reads(HEAD "0,5,Gr\xC3\xB6\xC3\x9F"
             "e.exe,100\n",
        "2: 0 5 Gr\xC3\xB6\xC3\x9F"
        "e.exe 100\n");
}

/* A quote too many costs its own line and no other. */
static void test_broken_quotes(void **state)
{
  (void)state;
  reads(HEAD "0,5,\"a,100\n1,5,b,100\n", "2! a quote is not closed\n3: 1000 5 b 100\n");
  reads(HEAD "0,5,\"a\"x,100\n1,5,b,100\n",
        "2! there is something behind a closing quote\n3: 1000 5 b 100\n");
  reads(HEAD "0,5,\"a,100\n1,5,b,100\n2,5,\"c\",100\n",
        "2! there is something behind a closing quote\n3: 1000 5 b 100\n4: 2000 5 c 100\n");
  reads(HEAD "0,5,\"a", "2! a quote is not closed\n");
}

static void test_bad_rows(void **state)
{
  (void)state;
  reads(HEAD "0,5,a\n0,5,a,b,100\n0,5,a,100\n",
        "2! the row has fewer fields than the header\n3! the row has more fields than the header\n"
        "4: 0 5 a 100\n");
  reads(HEAD ",5,a,1\nx,5,a,1\n1e3,5,a,1\n1.5.,5,a,1\n.5,5,a,1\n253402300800,5,a,1\n1:00,5,a,1\n",
        "2! t_s is no time in seconds, or beyond the years 1601 to 9999\n"
        "3! t_s is no time in seconds, or beyond the years 1601 to 9999\n"
        "4! t_s is no time in seconds, or beyond the years 1601 to 9999\n"
        "5! t_s is no time in seconds, or beyond the years 1601 to 9999\n"
        "6! t_s is no time in seconds, or beyond the years 1601 to 9999\n"
        "7! t_s is no time in seconds, or beyond the years 1601 to 9999\n"
        "8! t_s is no time in seconds, or beyond the years 1601 to 9999\n");
  reads(HEAD "0,-5,a,1\n0,4294967296,a,1\n0,,a,1\n",
        "2! pid is no whole number up to 4294967295\n3! pid is no whole number up to 4294967295\n"
        "4! pid is no whole number up to 4294967295\n");
  reads(HEAD "0,5,,1\n0,5,a,\n0,5,a,-1\n0,5,a,18446744073709551616\n",
        "2! process is empty\n3! commit_bytes is no whole number up to 18446744073709551615\n"
        "4! commit_bytes is no whole number up to 18446744073709551615\n"
        "5! commit_bytes is no whole number up to 18446744073709551615\n");
  reads(HEAD_ALL "0,5,a,1,x,0\n0,5,a,1,,\n",
        "2! created_s is no time in seconds, or beyond the years 1601 to 9999\n"
        "3! running_s is no time in seconds\n");
  static const char nul[] = HEAD "0,5,a\0b,1\n1,5,c,1\n";
  reads_bytes(nul, sizeof nul - 1, "2! process holds a NUL byte\n3: 1000 5 c 1\n");
}

static void test_largest_numbers(void **state)
{
  (void)state;
  reads(HEAD "253402300799.9999999,4294967295,a,18446744073709551615\n-11644473599.5,1,a,0\n",
        "2: 253402300799999 4294967295 a 18446744073709551615\n3: -11644473599500 1 a 0\n");
  reads(HEAD " 1.00099999999999999999999 , 5 ,a, 100.75 \n-0.0001,5,a,1\n", "2: 1000 5 a 100\n3: -1 5 a 1\n");
  reads(HEAD_ALL "0,1,a,1,-11644473599,0\n0,1,a,1,253402300799,0\n",
        "2: 0 1 a 1 c10000000 r0\n3: 0 1 a 1 c2650467743990000000 r0\n");
}

static void test_bad_headers(void **state)
{
  (void)state;
  reads("", "!! it is empty\n");
  reads("\n\r\n", "!! it is empty\n");
  reads("\xEF\xBB\xBF", "!! it is empty\n");
  reads("hour_s,pid,process,floor_bytes\n1,2,a,4\n", "!! the header has no column t_s\n");
  reads("t_s,process,commit_bytes\n", "!! the header has no column pid\n");
  reads("t_s,pid,commit_bytes\n", "!! the header has no column process\n");
  reads("t_s,pid,process,Commit_bytes\n", "!! the header has no column commit_bytes\n");
  reads("t_s,pid,process,commit_bytes,pid\n", "!! the header has two columns pid\n");
  reads("t_s,pid,process,commit_bytes,\"x\n1,2,a,4\n", "!! a quote is not closed\n");
  static const char wide[] = "\xFF\xFEt\0_\0s\0\n\0";
  reads_bytes(wide, sizeof wide - 1, "!! this is UTF-16, and UTF-8 is needed\n");
}

/* Repeats a byte between two texts. */
static void reads_long(const char *front, char filling, size_t count, const char *back, const char *expected)
{
  size_t size = strlen(front) + count + strlen(back);
  char *text = malloc(size + 1);
  assert_non_null(text);
  memcpy(text, front, strlen(front));
  memset(text + strlen(front), filling, count);
  memcpy(text + strlen(front) + count, back, strlen(back) + 1);
  assert_string_equal(read_in_steps(text, size, size), expected);
  assert_string_equal(read_in_steps(text, size, 1000), expected);
  assert_string_equal(read_in_steps(text, size, SEEP_SAMPLES_CSV_ROW_BYTES), expected);
  free(text);
}

static void test_bounds(void **state)
{
  (void)state;
  reads_long(HEAD "0,5,", 'a', 20000, ",1\n1,5,b,1\n", "2! the row is longer than 16 KB\n3: 1000 5 b 1\n");
  reads_long(HEAD "0,5,", 'a', 70000, ",1\n1,5,b,1\n", "2! the row is longer than 16 KB\n3: 1000 5 b 1\n");
  reads_long(HEAD "0,5,\"", 'a', 20000, "\n1,5,b,1\n",
             "2! a quote is not closed within 16 KB\n3: 1000 5 b 1\n");
  reads_long(HEAD "0,5,\"\n1,5,b,1\n2,5,", 'a', 20000, ",1\n",
             "2! a quote is not closed within 16 KB\n3: 1000 5 b 1\n4! the row is longer than 16 KB\n");
  reads_long(HEAD "0,5,", 'a', 1025, ",1\n", "2! process is longer than 1024 bytes\n");
  reads_long(HEAD "0,5,\"\"\"", 'a', 1024, "\",1\n", "2! process is longer than 1024 bytes\n");
  reads_long(HEAD "0,5,\"", '"', 3000, "\",1\n", "2! process is longer than 1024 bytes\n");
  reads_long(HEAD "0", ',', 64, "\n1,5,b,1\n", "2! the row has more than 64 fields\n3: 1000 5 b 1\n");
  reads_long("t_s,pid,process,commit_bytes", ',', 61, "\n", "!! the row has more than 64 fields\n");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plain),
      cmocka_unit_test(test_columns_in_any_order),
      cmocka_unit_test(test_line_ends_and_order_mark),
      cmocka_unit_test(test_quotes),
      cmocka_unit_test(test_broken_quotes),
      cmocka_unit_test(test_bad_rows),
      cmocka_unit_test(test_largest_numbers),
      cmocka_unit_test(test_bad_headers),
      cmocka_unit_test(test_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
