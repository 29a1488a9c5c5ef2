/*
 * Stands in for wpr.exe in the watchdog's own tests, as a real child process on any system: -start makes a
 * raw file in TMP (so TMP must have been set for it), -stop writes the file it is told to, -cancel does
 * nothing. Each call is appended to calls.txt, and knobs.txt rules it ("hang 1": seconds; "stop_hang 1":
 * -stop alone; "fail 2": the n-th call exits with 9; "start_exit N", "stop_exit N": that verb exits with N,
 * which needs Windows beyond 255). Both files lie two folders above TMP.
 *
 * "report", our own verb, writes what knobs say a reader has found: "read_hang N", "read_exit N" (with
 * nothing written; "read_mute 1": nor said), "read_nobody 1", "read_rubbish 1".
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "standin/etl_writer.h"

#ifdef _WIN32
#include <windows.h>
static void sleep_seconds(unsigned seconds)
{
  Sleep(seconds * 1000);
}
#else
#include <unistd.h>
static void sleep_seconds(unsigned seconds)
{
  sleep(seconds);
}
#endif

static FILE *open_beside(const char *name, const char *mode)
{
  char path[1024];
  const char *folder = getenv("TMP");
  if (folder == NULL || snprintf(path, sizeof path, "%s/../../%s", folder, name) >= (int)sizeof path) {
    return NULL;
  }
  return fopen(path, mode);
}

static unsigned long knob(const char *name)
{
  char line[100], found[50];
  unsigned long value = 0, result = 0;
  FILE *file = open_beside("knobs.txt", "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (sscanf(line, "%49s %lu", found, &value) == 2 && strcmp(found, name) == 0) {
      result = value;
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  return result;
}

/* Appends this call and returns how many there have been. */
static unsigned long count_call(int argc, char **argv)
{
  unsigned long lines = 0;
  int c;
  FILE *file = open_beside("calls.txt", "a+");
  if (file == NULL) {
    return 0;
  }
  rewind(file);
  while ((c = fgetc(file)) != EOF) {
    lines += c == '\n';
  }
  fseek(file, 0, SEEK_END);
  for (int i = 1; i < argc; i++) {
    fprintf(file, "%s%s", i > 1 ? " " : "", argv[i]);
  }
  fprintf(file, "\n");
  fclose(file);
  return lines + 1;
}

/* ---- what -stop writes ---- */

static bool write_at(void *context, uint64_t offset, const void *bytes, size_t size)
{
  FILE *file = context;
  return fseek(file, (long)offset, SEEK_SET) == 0 && fwrite(bytes, 1, size, file) == size;
}

/* A whole trace in which process 4242 has committed a megabyte; knob "empty 1": nothing of it, "lost N": that
 * many events lost, "unreadable 1": no trace. */
static int write_trace(const char *path)
{
  static const etl_writer_settings settings = {.buffer_bytes = 65536,
                                               .processors = 2,
                                               .os_build = 20348,
                                               .log_file_mode = 1,
                                               .start_filetime = UINT64_C(133000000000000000),
                                               .logger_name = "fake"};
  static etl_writer writer;
  const etl_writer_memory memory = {
      .pid = 4242, .tid = 1, .address = 0x10000000, .size_bytes = 1 << 20, .flags = 0x3000};
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    return 8;
  }
  bool done = etl_writer_open(&writer, &settings, write_at, file);
  done = done && etl_writer_add_background(&writer, settings.start_filetime + 100);
  if (knob("empty") == 0) {
    done = done && etl_writer_add_allocation(&writer, settings.start_filetime + 200, &memory);
  }
  done = etl_writer_close(&writer, settings.start_filetime + 1000, (uint32_t)knob("lost")) && done;
  return fclose(file) == 0 && done ? 0 : 8;
}

static int write_file(const char *path, const char *text)
{
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    return 8;
  }
  fputs(text, file);
  return fclose(file) == 0 ? 0 : 8;
}

/* ---- what "report" writes ---- */

static const char *value_of(int argc, char **argv, const char *option)
{
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], option) == 0) {
      return argv[i + 1];
    }
  }
  return NULL;
}

static int read_recording(int argc, char **argv)
{
  static const char somebody[] =
      "{\"schema\":1,\"verdict\":\"Contoso.dll has not given back 1 MB\",\"culprit\":{\"certainty\":\"weak\","
      "\"name\":\"Contoso.dll\",\"module\":1,\"bucket\":null,\"place\":\"Keep+0x12\",\"bytes\":1048576,"
      "\"count\":7,\"share\":0.875,\"signature\":\"0123456789abcdef\",\"doubts\":[\"short\",\"spread\"]},"
      "\"modules\":[{\"company\":\"nobody\"},{\"company\":\"Contoso\",\"file_version\":\"1.2.3.4\"}]}";
  static const char nobody[] = "{\"schema\":1,\"verdict\":\"Nothing is left.\",\"culprit\":null}";
  const char *answer = value_of(argc, argv, "--answer"), *page = value_of(argc, argv, "--html");
  if (knob("read_hang") != 0) {
    sleep_seconds((unsigned)knob("read_hang"));
  }
  if (knob("read_exit") != 0) {
    if (knob("read_mute") == 0) {
      fprintf(stderr, "seepwatch: report: reading %s: not a trace\x1B[2J\n", argv[2]);
    }
    return (int)knob("read_exit");
  }
  const char *text = knob("read_rubbish") != 0 ? "rubbish" : knob("read_nobody") != 0 ? nobody : somebody;
  int code = answer != NULL ? write_file(answer, text) : 7;
  return code == 0 && page != NULL ? write_file(page, "<!doctype html>") : code;
}

/* Without a name of its own a recording has the one that everybody uses. */
static const char *instance_of(int argc, char **argv)
{
  return argc > 2 && strcmp(argv[argc - 2], "-instancename") == 0 ? argv[argc - 1] : "WprApp";
}

static void tell_progress(unsigned long call)
{
  for (int i = 0; i < 2000; i++) {
    printf("\r  %d%%  [                    ]", i / 20); /* more than a pipe holds: it must be drained */
  }
  fflush(stdout);
  fprintf(stderr, "call %lu\n", call);
}

int main(int argc, char **argv)
{
  char path[1024];
  const char *folder = getenv("TMP");
  if (argc < 2 || folder == NULL) {
    return 7;
  }
  unsigned long call = count_call(argc, argv);
  if (strcmp(argv[1], "report") != 0) {
    tell_progress(call);
  }
  if (knob("hang") != 0) {
    sleep_seconds((unsigned)knob("hang"));
  }
  if (knob("fail") == call) {
    return 9;
  }
  if (strcmp(argv[1], "report") == 0) {
    return read_recording(argc, argv);
  }
  if (strcmp(argv[1], "-start") == 0) {
    snprintf(path, sizeof path, "%s/WPR_initiated_%s_WPR System Collector.etl", folder,
             instance_of(argc, argv));
    return knob("start_exit") != 0 ? (int)(unsigned)knob("start_exit") : write_file(path, "raw");
  }
  if (strcmp(argv[1], "-stop") == 0 && knob("stop_hang") != 0) {
    sleep_seconds((unsigned)knob("stop_hang"));
  }
  if (strcmp(argv[1], "-stop") == 0 && knob("stop_exit") != 0) {
    return (int)(unsigned)knob("stop_exit");
  }
  if (strcmp(argv[1], "-stop") == 0 && argc > 2) {
    return knob("unreadable") != 0 ? write_file(argv[2], "no trace at all") : write_trace(argv[2]);
  }
  return 0;
}
