/*
 * What a call can come back with, and the one record that says more about it.
 *
 * A status is for the program to act on; a seep_error is for a person to read. Whoever learns the fact first
 * fills the record (operation and native code), callers above may only add a subject. Gone and denied are
 * ordinary results.
 */
#ifndef SEEP_BASE_STATUS_H
#define SEEP_BASE_STATUS_H

#include <stddef.h>
#include <stdint.h>

typedef enum seep_status {
  SEEP_OK = 0,
  SEEP_NOT_FOUND, /* no such file, row, event or channel */
  SEEP_DENIED,    /* the OS refused access */
  SEEP_GONE,      /* it existed a moment ago: an exited process, a closed handle */
  SEEP_BUSY,      /* somebody else holds it now; later may work */
  SEEP_CORRUPT,   /* bytes from outside that break their format's rules */
  SEEP_LIMIT,     /* a bound of ours or the system's was reached */
  SEEP_NO_MEMORY,
  SEEP_UNSUPPORTED, /* valid, but not for this build of ours or this Windows */
  SEEP_INVALID,     /* the caller's or the administrator's value makes no sense */
  SEEP_TIMED_OUT,
  SEEP_CANCELLED,
  SEEP_OS /* anything else the OS said; see the record's code */
} seep_status;

typedef enum seep_error_domain {
  SEEP_DOMAIN_NONE = 0,
  SEEP_DOMAIN_WIN32,   /* GetLastError */
  SEEP_DOMAIN_NT,      /* NTSTATUS */
  SEEP_DOMAIN_HRESULT, /* wpr.exe's exit codes among them */
  SEEP_DOMAIN_SQLITE,  /* extended result code */
  SEEP_DOMAIN_UV,      /* negative libuv error */
  SEEP_DOMAIN_FORMAT   /* code = byte offset in the input */
} seep_error_domain;

#define SEEP_ERROR_SUBJECT_SIZE 192

typedef struct seep_error {
  seep_status status;
  seep_error_domain domain;
  int64_t code;
  const char *operation;                 /* a literal: the function or the step that failed */
  char subject[SEEP_ERROR_SUBJECT_SIZE]; /* UTF-8, cut if longer; may be empty */
} seep_error;

/* Fills *error (which may be NULL) and returns status, so that a failing call is one return statement.
 * subject may be NULL; it is copied and cut at a character's boundary. */
seep_status seep_error_set(seep_error *error, seep_status status, seep_error_domain domain, int64_t code,
                           const char *operation, const char *subject);

/* Writes "operation subject: what (domain code)" into out, always terminated; returns out. */
const char *seep_error_text(const seep_error *error, char *out, size_t out_size);

/* One lower-case English word or two for a status: "not found", "denied". Never NULL. */
const char *seep_status_text(seep_status status);

#endif
