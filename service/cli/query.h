/*
 * What the verbs that read the store are asked, and how they begin and end: options, times, which file, which
 * part of it, and the last word with its exit code. Read-only, beside a running service or on a copied file.
 */
#ifndef SEEP_SERVICE_QUERY_H
#define SEEP_SERVICE_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/status.h"
#include "store/store.h"

/* Options that only some verbs take; --db, --json and --csv all of them take. */
enum {
  SEEP_QUERY_IMAGE = 1,       /* --image NAME, --process NAME */
  SEEP_QUERY_PID = 2,         /* --pid N */
  SEEP_QUERY_HOURS = 4,       /* --hours N */
  SEEP_QUERY_RANGE = 8,       /* --from T, --to T */
  SEEP_QUERY_SYSTEM = 16,     /* --system */
  SEEP_QUERY_RESOLUTION = 32, /* --hourly, --raw */
  SEEP_QUERY_HTML = 64,       /* --html FILE */
  SEEP_QUERY_LIMIT = 128,     /* --limit N */
  SEEP_QUERY_OPEN = 256,      /* --open */
  SEEP_QUERY_VERIFY = 512,    /* --verify */
  SEEP_QUERY_ID = 1024        /* --id N */
};

#define SEEP_QUERY_OPERANDS 2

typedef struct seep_query {
  const char *verb;
  const char *database;
  const char *image;  /* NULL = all */
  const char *html;   /* NULL = none */
  uint32_t pid;       /* 0 = all */
  uint64_t hours;     /* 0 = everything; else counted back from the newest poll */
  uint64_t limit;     /* 0 = none */
  uint64_t id;        /* 0 = all; fits an int64_t */
  seep_wall from, to; /* INT64_MIN and INT64_MAX when not given */
  bool json, csv, system, hourly, raw, open, verify;
  const char *operands[SEEP_QUERY_OPERANDS]; /* arguments that belong to no option */
  size_t operand_count;
  size_t operand_limit; /* how many of them this verb takes; the caller's, at most SEEP_QUERY_OPERANDS */
} seep_query;

/* Arguments from `first` on; what the caller has put into hours and limit are their defaults. Says what is
 * wrong itself; returns an exit code. The texts are borrowed from argv. */
int seep_query_parse(seep_query *query, unsigned allowed, int first, int argc, char **argv);

/* SEEP_EXIT_DONE with *store, which seep_store_close frees; else it has been said. */
int seep_query_open_store(const seep_query *query, seep_store **store);

/* The part of the store that is asked for: a copied file is as good as the live one, so hours are the last
 * ones that the store holds. filter borrows from the query. */
seep_status seep_query_filter(const seep_query *query, seep_store *store, seep_store_filter *filter,
                              seep_error *error);

/* "seepwatch: VERB: what: why" on stderr; returns the exit code. */
int seep_query_fail(const seep_query *query, const seep_error *error);

/* The verb's last word: what could be read has been written by now, whatever the status. */
int seep_query_finish(const seep_query *query, seep_status status, const seep_error *error);

/* "2026-11-22", "2026-11-22T10:00", "2026-11-22T10:00:30" with or without a final Z, all of them UTC, or unix
 * seconds with or without milliseconds. */
bool seep_query_time(const char *text, seep_wall *wall);

#endif
