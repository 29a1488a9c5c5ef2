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
#define GIB (UINT64_C(1) << 30)
#define TEN_MINUTES_MS INT64_C(600000)

typedef struct bench {
  seep_recorder recorder;
  seep_recorder_settings settings;
  seep_recorder_actions actions;
  seep_recorder_event request; /* a good one */
  seep_mono now;
  char line[256];
} bench;

extern bench b;

int set_up(void **state);
#define TEST(name) cmocka_unit_test_setup(name, set_up)

/* Events. The line is overwritten by the next. */
const char *request(void);
const char *exited(uint32_t code);
const char *saved(uint64_t output_bytes);
const char *failed(seep_status status);
const char *plain(seep_recorder_event_kind kind);
const char *tick(int64_t after_ms, uint64_t raw_bytes, uint64_t free_bytes);
const char *wait_ms(int64_t after_ms);
const char *gone(uint32_t pid, seep_filetime created);
const char *recover(const char *instance);

/* The last action of the last line. */
const seep_recorder_action *last(void);
void assert_idle(bool idle);

/* The good way up to there. */
void start_recording(void);
void start_saving(void);

/* The request is for another program from now on: the cool-down of the first does not hinder it. */
void next_program(void);

#endif
