/*
 * The CSV decoder: splits one record of the window into fields, then reads the fields by column. What it
 * finds does not depend on where windows end. A quote that nobody closes would swallow the rows behind it:
 * when a record's quotes make no sense, its first line alone is given up.
 */
#include "observe/samples_csv.h"

#include <string.h>

#define TICKS_PER_SECOND INT64_C(10000000) /* a filetime's unit, 100 ns */
#define TICKS_PER_MS INT64_C(10000)
/* The times a filetime can name and seep_wall_text can write: the years 1601 to 9999. */
#define SECONDS_BEFORE_1970 INT64_C(11644473600)
#define MAXIMUM_SECONDS INT64_C(253402300799)

typedef struct field {
  const char *text;
  size_t size;
  bool escaped; /* quotes inside, each of them twice */
} field;

typedef enum split { SPLIT_RECORD = 0, SPLIT_MORE, SPLIT_BROKEN } split;

typedef struct record {
  const char *text;
  size_t size; /* that may be looked at */
  bool last;   /* nothing comes after size */
  size_t used; /* with its line end */
  uint64_t lines;
  field fields[SEEP_SAMPLES_CSV_COLUMNS];
  unsigned count;
  const char *reason;
} record;

void seep_samples_csv_init(seep_samples_csv *csv)
{
  memset(csv, 0, sizeof *csv);
  for (size_t i = 0; i < SEEP_SAMPLES_CSV_KNOWN; i++) {
    csv->columns[i] = -1;
  }
  csv->next_line = 1;
}

bool seep_samples_csv_has_running(const seep_samples_csv *csv)
{
  return csv->columns[SEEP_SAMPLES_CSV_RUNNING] >= 0;
}

/* ---- records ---- */

static split broken(record *r, const char *reason)
{
  r->reason = reason;
  return SPLIT_BROKEN;
}

/* The text is over before the record is. */
static split ran_out(record *r, bool quoted)
{
  if (r->size >= SEEP_SAMPLES_CSV_ROW_BYTES) {
    return broken(r, quoted ? "a quote is not closed within 16 KB" : "the row is longer than 16 KB");
  }
  return r->last ? broken(r, "a quote is not closed") : SPLIT_MORE;
}

/* Behind the opening quote; *at ends behind the closing one. */
static split split_quoted(record *r, size_t *at, field *f)
{
  size_t i = *at;
  f->text = r->text + i;
  for (;; i++) {
    if (i >= r->size) {
      return ran_out(r, true);
    }
    r->lines += r->text[i] == '\n';
    if (r->text[i] != '"') {
      continue;
    }
    if (i + 1 >= r->size && !r->last) {
      return ran_out(r, true); /* the next byte may be the second of two */
    }
    if (i + 1 >= r->size || r->text[i + 1] != '"') {
      break;
    }
    f->escaped = true;
    i++;
  }
  f->size = (size_t)(r->text + i - f->text);
  *at = i + 1;
  return SPLIT_RECORD;
}

static split split_plain(record *r, size_t *at, field *f)
{
  size_t i = *at;
  f->text = r->text + i;
  while (i < r->size && r->text[i] != ',' && r->text[i] != '\n') {
    i++;
  }
  if (i == r->size && (!r->last || r->size >= SEEP_SAMPLES_CSV_ROW_BYTES)) {
    return ran_out(r, false);
  }
  f->size = (size_t)(r->text + i - f->text);
  if (f->size > 0 && f->text[f->size - 1] == '\r' && (i == r->size || r->text[i] == '\n')) {
    f->size--;
  }
  *at = i;
  return SPLIT_RECORD;
}

/* Behind a field: *more tells whether another one follows. */
static split split_end(record *r, size_t *at, bool *more)
{
  size_t i = *at;
  bool returned = i < r->size && r->text[i] == '\r';
  i += returned;
  if (i == r->size && (!r->last || r->size >= SEEP_SAMPLES_CSV_ROW_BYTES)) {
    return ran_out(r, false);
  }
  *more = i < r->size && !returned && r->text[i] == ',';
  if (i < r->size && !*more && r->text[i] != '\n') {
    return broken(r, "there is something behind a closing quote");
  }
  r->lines += i < r->size && !*more;
  *at = i + (i < r->size);
  return SPLIT_RECORD;
}

static split split_record(record *r)
{
  size_t at = 0;
  bool more = true;
  while (more) {
    if (r->count == SEEP_SAMPLES_CSV_COLUMNS) {
      return broken(r, "the row has more than 64 fields");
    }
    field *f = &r->fields[r->count++];
    *f = (field){0};
    bool quoted = at < r->size && r->text[at] == '"';
    at += quoted;
    split status = quoted ? split_quoted(r, &at, f) : split_plain(r, &at, f);
    if (status == SPLIT_RECORD) {
      status = split_end(r, &at, &more);
    }
    if (status != SPLIT_RECORD) {
      return status;
    }
  }
  r->used = at;
  return SPLIT_RECORD;
}

/* ---- fields ---- */

static field trimmed(field f)
{
  while (f.size > 0 && (f.text[0] == ' ' || f.text[0] == '\t')) {
    f.text++;
    f.size--;
  }
  while (f.size > 0 && (f.text[f.size - 1] == ' ' || f.text[f.size - 1] == '\t')) {
    f.size--;
  }
  return f;
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* The digits at *at; false when there is none, or more than fits. */
static bool read_digits(field f, size_t *at, uint64_t *value)
{
  uint64_t number = 0;
  size_t i = *at;
  for (; i < f.size && is_digit(f.text[i]); i++) {
    uint64_t digit = (uint64_t)(f.text[i] - '0');
    if (number > UINT64_MAX / 10 || (number == UINT64_MAX / 10 && digit > UINT64_MAX % 10)) {
      return false;
    }
    number = number * 10 + digit;
  }
  bool any = i > *at;
  *at = i;
  *value = number;
  return any;
}

/* "-12.5" in two parts: 12 and 5000000, digits behind the seventh dropped. */
static bool read_decimal(field f, uint64_t *whole, uint64_t *fraction, bool *negative)
{
  *fraction = 0;
  *negative = f.size > 0 && f.text[0] == '-';
  size_t i = *negative;
  if (!read_digits(f, &i, whole)) {
    return false;
  }
  if (i < f.size && f.text[i++] != '.') {
    return false;
  }
  for (uint64_t unit = TICKS_PER_SECOND / 10; i < f.size && is_digit(f.text[i]); i++, unit /= 10) {
    *fraction += (uint64_t)(f.text[i] - '0') * unit;
  }
  return i == f.size;
}

static bool read_whole(field f, uint64_t maximum, uint64_t *value)
{
  uint64_t fraction = 0;
  bool negative = false;
  return read_decimal(trimmed(f), value, &fraction, &negative) && !negative && *value <= maximum;
}

/* Seconds since 1970 as 100 ns. */
static bool read_time(field f, int64_t *ticks)
{
  uint64_t whole = 0, fraction = 0;
  bool negative = false;
  if (!read_decimal(trimmed(f), &whole, &fraction, &negative) ||
      whole > (uint64_t)(negative ? SECONDS_BEFORE_1970 - 1 : MAXIMUM_SECONDS)) {
    return false;
  }
  int64_t size = (int64_t)whole * TICKS_PER_SECOND + (int64_t)fraction;
  *ticks = negative ? -size : size;
  return true;
}

static int64_t ms_of(int64_t ticks)
{
  int64_t ms = ticks / TICKS_PER_MS;
  return ms - (ticks % TICKS_PER_MS < 0);
}

/* A quoted name with its doubled quotes made single. What does not fit is too long anyway. */
static void unquote(seep_samples_csv *csv, field *f)
{
  size_t size = 0;
  for (size_t i = 0; i < f->size; i++, size++) {
    if (size < sizeof csv->name) {
      csv->name[size] = f->text[i];
    }
    i += f->text[i] == '"';
  }
  f->text = csv->name;
  f->size = size;
}

static bool fail(seep_samples_csv *csv, const char *reason)
{
  csv->reason = reason;
  return false;
}

static bool read_name(seep_samples_csv *csv, field f, seep_samples_csv_row *row)
{
  if (f.escaped) {
    unquote(csv, &f);
  }
  if (f.size == 0) {
    return fail(csv, "process is empty");
  }
  if (f.size > SEEP_SAMPLES_CSV_NAME_BYTES) {
    return fail(csv, "process is longer than 1024 bytes");
  }
  if (memchr(f.text, '\0', f.size) != NULL) {
    return fail(csv, "process holds a NUL byte");
  }
  row->process = f.text;
  row->process_bytes = f.size;
  return true;
}

static bool read_row(seep_samples_csv *csv, const record *r, seep_samples_csv_row *row)
{
  const int *column = csv->columns;
  uint64_t pid = 0;
  int64_t wall = 0, running = 0, created = 0;
  *row = (seep_samples_csv_row){0};
  if (r->count != csv->column_count) {
    return fail(csv, r->count < csv->column_count ? "the row has fewer fields than the header"
                                                  : "the row has more fields than the header");
  }
  if (!read_time(r->fields[column[SEEP_SAMPLES_CSV_T]], &wall)) {
    return fail(csv, "t_s is no time in seconds, or beyond the years 1601 to 9999");
  }
  if (!read_whole(r->fields[column[SEEP_SAMPLES_CSV_PID]], UINT32_MAX, &pid)) {
    return fail(csv, "pid is no whole number up to 4294967295");
  }
  if (!read_name(csv, r->fields[column[SEEP_SAMPLES_CSV_PROCESS]], row)) {
    return false;
  }
  if (!read_whole(r->fields[column[SEEP_SAMPLES_CSV_COMMIT]], UINT64_MAX, &row->commit_bytes)) {
    return fail(csv, "commit_bytes is no whole number up to 18446744073709551615");
  }
  row->has_created =
      column[SEEP_SAMPLES_CSV_CREATED] >= 0 && trimmed(r->fields[column[SEEP_SAMPLES_CSV_CREATED]]).size > 0;
  if (row->has_created && !read_time(r->fields[column[SEEP_SAMPLES_CSV_CREATED]], &created)) {
    return fail(csv, "created_s is no time in seconds, or beyond the years 1601 to 9999");
  }
  if (seep_samples_csv_has_running(csv) &&
      !read_time(r->fields[column[SEEP_SAMPLES_CSV_RUNNING]], &running)) {
    return fail(csv, "running_s is no time in seconds");
  }
  row->pid = (uint32_t)pid;
  row->wall.ms = ms_of(wall);
  row->running_ms = ms_of(running);
  row->created = (seep_filetime)(created + SECONDS_BEFORE_1970 * TICKS_PER_SECOND);
  return true;
}

/* ---- the header ---- */

static const struct {
  const char *name, *missing, *twice;
} known[SEEP_SAMPLES_CSV_KNOWN] = {
    {"t_s", "the header has no column t_s", "the header has two columns t_s"},
    {"pid", "the header has no column pid", "the header has two columns pid"},
    {"process", "the header has no column process", "the header has two columns process"},
    {"commit_bytes", "the header has no column commit_bytes", "the header has two columns commit_bytes"},
    {"created_s", NULL, "the header has two columns created_s"},
    {"running_s", NULL, "the header has two columns running_s"},
};

static bool read_header(seep_samples_csv *csv, const record *r)
{
  for (unsigned i = 0; i < r->count; i++) {
    field f = trimmed(r->fields[i]);
    for (size_t k = 0; k < SEEP_SAMPLES_CSV_KNOWN; k++) {
      if (f.size != strlen(known[k].name) || memcmp(f.text, known[k].name, f.size) != 0) {
        continue;
      }
      if (csv->columns[k] >= 0) {
        return fail(csv, known[k].twice);
      }
      csv->columns[k] = (int)i;
    }
  }
  for (size_t k = 0; k < SEEP_SAMPLES_CSV_KNOWN; k++) {
    if (csv->columns[k] < 0 && known[k].missing != NULL) {
      return fail(csv, known[k].missing);
    }
  }
  csv->column_count = r->count;
  return true;
}

/* PowerShell's > writes UTF-16 on most servers: worth a word of its own. */
static bool is_utf16(const char *text, size_t size)
{
  return size >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0);
}

static seep_samples_csv_found bad_header(seep_samples_csv *csv, const char *reason)
{
  csv->reason = reason;
  csv->bad_header = true;
  return SEEP_SAMPLES_CSV_BAD_HEADER;
}

/* ---- finding ---- */

/* What lies in front of a record: a byte order mark, the rest of a row that was too long, empty lines. false:
 * the window ends there. */
static bool skip_to_record(seep_samples_csv *csv, const char *window, size_t size, bool last, size_t *at)
{
  if (!csv->begun) {
    if (size < 3 && !last) {
      return false;
    }
    csv->begun = true;
    *at = size >= 3 && memcmp(window, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  }
  if (csv->skipping) {
    const char *end = size > 0 ? memchr(window, '\n', size) : NULL;
    *at = end != NULL ? (size_t)(end - window) + 1 : size;
    csv->skipping = end == NULL;
    csv->next_line += end != NULL;
  }
  while (*at < size) {
    size_t line_end = *at + (window[*at] == '\r');
    if (line_end == size) {
      *at += last;
      return false;
    }
    if (window[line_end] != '\n') {
      return true;
    }
    *at = line_end + 1;
    csv->next_line++;
  }
  return false;
}

/* Moves past the first line of a record that can not be read. */
static void give_up(seep_samples_csv *csv, record *r)
{
  const char *end = memchr(r->text, '\n', r->size);
  r->used = end != NULL ? (size_t)(end - r->text) + 1 : r->size;
  csv->next_line += end != NULL;
  csv->skipping = end == NULL;
  csv->reason = r->reason;
}

seep_samples_csv_found seep_samples_csv_next(seep_samples_csv *csv, const char *window, size_t size,
                                             bool last, size_t *used, seep_samples_csv_row *row)
{
  record r; /* its fields are set as they are found: 1.5 KB, too many to clear for each row */
  r.lines = 0;
  r.count = 0;
  r.reason = NULL;
  *used = 0;
  if (csv->bad_header) {
    return SEEP_SAMPLES_CSV_BAD_HEADER;
  }
  if (!csv->begun && is_utf16(window, size)) {
    return bad_header(csv, "this is UTF-16, and UTF-8 is needed");
  }
  if (!skip_to_record(csv, window, size, last, used)) {
    if (last && csv->column_count == 0) {
      return bad_header(csv, "it is empty");
    }
    return last ? SEEP_SAMPLES_CSV_END : SEEP_SAMPLES_CSV_MORE;
  }
  size_t left = size - *used;
  r.text = window + *used;
  r.size = left < SEEP_SAMPLES_CSV_ROW_BYTES ? left : SEEP_SAMPLES_CSV_ROW_BYTES;
  r.last = last && left == r.size;
  split status = split_record(&r);
  if (status == SPLIT_MORE) {
    return SEEP_SAMPLES_CSV_MORE;
  }
  csv->line = csv->next_line;
  if (status == SPLIT_BROKEN) {
    give_up(csv, &r);
    *used += r.used;
    return csv->column_count == 0 ? bad_header(csv, r.reason) : SEEP_SAMPLES_CSV_BAD_ROW;
  }
  *used += r.used;
  csv->next_line += r.lines;
  if (csv->column_count > 0) {
    return read_row(csv, &r, row) ? SEEP_SAMPLES_CSV_ROW : SEEP_SAMPLES_CSV_BAD_ROW;
  }
  if (!read_header(csv, &r)) {
    return bad_header(csv, csv->reason);
  }
  size_t header = *used;
  seep_samples_csv_found found = seep_samples_csv_next(csv, window + header, size - header, last, used, row);
  *used += header;
  return found;
}
