/*
 * A recorder on a bench: good settings, a good request, a clock to turn, and each event as one call that
 * returns what it led to as a line: "JOURNAL_ADD PROFILE start" or "DELETE REMOVE FAILED".
 */
#ifndef SEEP_TESTS_RECORDER_BENCH_H
#define SEEP_TESTS_RECORDER_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/recorder.h"

#define BUSY_CODE 0xC5580601u
#define IDLE_CODE 0xC5583000u
#define TAKEN_CODE 0xC5583001u
#define DENIED_CODE 0xC5585011u
#define DISK_FULL_CODE 0x80070070u
#define OLD_WPR_CODE 0xC5600602u
#define TIME_OUT_CODE 0x800705B4u
#define GIB (UINT64_C(1) << 30)
/* Waits are spread by chance: at least so long, and surely over after so long. */
#define LINGER_LEAST_MS INT64_C(450000)
#define LINGER_MOST_MS INT64_C(750000)
#define RETRY_LEAST_MS INT64_C(2500)
#define RETRY_MOST_MS INT64_C(7500)

typedef struct bench {
  seep_recorder recorder;
  seep_recorder_settings settings;
  seep_recorder_actions actions;
  seep_recorder_event request; /* a good one */
  seep_recorder_event kept;    /* what comes of a KEEP: all is well */
  seep_recorder_event left;    /* a RECOVER: a recording of ours, of the same process */
  seep_mono now;
  char line[256];
} bench;

extern bench b;

int set_up(void **state);
#define TEST(name) cmocka_unit_test_setup(name, set_up)

/* Events. The line is overwritten by the next. */
const char *feed(const seep_recorder_event *event);
const char *request(void);
const char *exited(uint32_t code);
const char *stopped(uint64_t output_bytes);     /* a stop worked */
const char *not_running(uint64_t output_bytes); /* what is to be ended is over, and such a file is there */
const char *kept(void);
const char *failed(seep_status status);
const char *plain(seep_recorder_event_kind kind);
const char *tick(int64_t after_ms, uint64_t raw_bytes, uint64_t free_bytes);
const char *wait_ms(int64_t after_ms);
const char *retry(void); /* long enough for another try, the first one */
const char *gone(uint32_t pid, seep_filetime created);
const char *recover(void);

/* The last action of the last line. */
const seep_recorder_action *last(void);
void assert_idle(bool idle);

/* The good way up to there. */
void start_recording(void);
void start_saving(void);
void save(void);

/* The settings of a Server 2016. */
void use_old_wpr(void);

/* A request for a process whose heap grows. */
const char *request_heap(seep_recorder_heap how);

/* The request is for another program from now on: the cool-down of the first does not hinder it. */
void next_program(void);

#endif
