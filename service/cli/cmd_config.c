/*
 * `config check FILE`, `config print`, `config keys`: the configuration before a service trusts its life to
 * it. The rules are in lib/settings; here a file is read and an answer is printed.
 */
#include "cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "settings/settings.h"

static int usage(void)
{
  fputs("usage: seepwatch config check FILE [--json]\n"
        "       seepwatch config print [--config FILE] [--json]\n"
        "       seepwatch config keys\n",
        stderr);
  return SEEP_EXIT_USAGE;
}

static int say_problem(const char *path, const seep_settings_problem *problem)
{
  char what[1024];
  seep_writer writer;
  seep_writer_init(&writer, what, sizeof what);
  seep_writer_text(&writer, path);
  if (problem->line > 0) {
    seep_writer_format(&writer, " line %u", problem->line);
  }
  if (problem->key[0] != '\0') {
    seep_writer_format(&writer, "%s key %s", problem->line > 0 ? "," : "", problem->key);
  }
  return seep_cli_fail("config", SEEP_EXIT_BAD_INPUT, what, problem->reason);
}

/* settings are untouched unless the file is good. */
static int load(const char *path, seep_settings *settings, seep_settings_problem *problem,
                seep_status *status)
{
  char *text = NULL;
  size_t size = 0;
  int result = seep_cli_read("config", path, SEEP_SETTINGS_MAXIMUM_BYTES, &text, &size);
  if (result == SEEP_EXIT_DONE) {
    *status = seep_settings_parse(text, size, settings, problem);
  }
  free(text);
  return result;
}

static int print_json(cJSON *document)
{
  char *text = cJSON_PrintUnformatted(document);
  cJSON_Delete(document);
  if (text == NULL) {
    return seep_cli_fail("config", SEEP_EXIT_FAILED, "JSON", "not enough memory");
  }
  puts(text);
  cJSON_free(text);
  return SEEP_EXIT_DONE;
}

static int check_json(const seep_settings_problem *problem, const char *summary)
{
  cJSON *document = cJSON_CreateObject();
  cJSON_AddBoolToObject(document, "valid", problem == NULL);
  if (problem == NULL) {
    cJSON_AddStringToObject(document, "summary", summary);
    return print_json(document);
  }
  cJSON_AddNumberToObject(document, "line", (double)problem->line);
  cJSON_AddStringToObject(document, "key", problem->key);
  cJSON_AddStringToObject(document, "reason", problem->reason);
  return print_json(document);
}

static int check(const char *path, bool json)
{
  seep_settings settings;
  seep_settings_problem problem;
  seep_status status = SEEP_OK;
  int result = load(path, &settings, &problem, &status);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  if (status == SEEP_NO_MEMORY) {
    return seep_cli_fail("config", SEEP_EXIT_FAILED, path, problem.reason);
  }
  if (status != SEEP_OK) {
    int said = json ? check_json(&problem, NULL) : SEEP_EXIT_DONE;
    return said != SEEP_EXIT_DONE ? said : say_problem(path, &problem);
  }
  char summary[512];
  seep_writer writer;
  seep_writer_init(&writer, summary, sizeof summary);
  seep_settings_summary(&settings, &writer);
  if (json) {
    return check_json(NULL, summary);
  }
  printf("%s is fine: %s\n", path, summary);
  return SEEP_EXIT_DONE;
}

static int print_text(void (*write)(const seep_settings *settings, seep_writer *writer),
                      const seep_settings *settings)
{
  char *text = malloc(SEEP_SETTINGS_TEXT_SIZE);
  seep_writer writer;
  if (text == NULL) {
    return seep_cli_fail("config", SEEP_EXIT_FAILED, "output", "not enough memory");
  }
  seep_writer_init(&writer, text, SEEP_SETTINGS_TEXT_SIZE);
  write(settings, &writer);
  fputs(text, stdout);
  free(text);
  return SEEP_EXIT_DONE;
}

static void write_reference(const seep_settings *settings, seep_writer *writer)
{
  (void)settings;
  seep_settings_write_reference(writer);
}

/* path NULL: the place where the service looks; when nothing is there, the defaults, as the service does it.
 */
static int print_effective(const char *path)
{
  seep_settings settings;
  seep_settings_problem problem;
  seep_status status = SEEP_OK;
  const char *source = path != NULL ? path : seep_cli_default_settings();
  FILE *probe = path != NULL ? NULL : seep_cli_open(source);
  if (path == NULL && probe == NULL && errno == ENOENT) {
    seep_settings_defaults(&settings);
    return print_text(seep_settings_write, &settings);
  }
  if (probe != NULL) {
    fclose(probe);
  }
  int result = load(source, &settings, &problem, &status);
  if (result != SEEP_EXIT_DONE) {
    return result;
  }
  if (status != SEEP_OK) {
    return say_problem(source, &problem);
  }
  return print_text(seep_settings_write, &settings);
}

static int run_verb(int argc, char **argv)
{
  const char *verb = argc > 1 ? argv[1] : "";
  const char *file = NULL;
  bool json = false;
  bool check_verb = strcmp(verb, "check") == 0;
  bool print_verb = strcmp(verb, "print") == 0;
  for (int i = 2; i < argc; i++) {
    bool option = print_verb && strcmp(argv[i], "--config") == 0;
    if (strcmp(argv[i], "--json") == 0 && (check_verb || print_verb)) {
      json = true;
    } else if (option && i + 1 < argc && file == NULL) {
      file = argv[++i];
    } else if (check_verb && file == NULL && strncmp(argv[i], "--", 2) != 0) {
      file = argv[i];
    } else {
      return usage();
    }
  }
  if (check_verb && file != NULL) {
    return check(file, json);
  }
  if (print_verb) {
    return print_effective(file);
  }
  if (strcmp(verb, "keys") == 0) {
    return print_text(write_reference, NULL);
  }
  return usage();
}

/* An answer that did not reach its reader is no answer: a full disk must not look like a good configuration.
 */
int seep_cmd_config(int argc, char **argv)
{
  int result = run_verb(argc, argv);
  errno = 0;
  if (result == SEEP_EXIT_DONE && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
    return seep_cli_fail("config", SEEP_EXIT_FAILED, "writing standard output", strerror(errno));
  }
  return result;
}
