#include "doctor_print.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cli.h"
#include "output.h"
#include "report/findings.h"

static const char *level_text(seep_finding_level level)
{
  static const char *const words[] = {"good", "note", "trouble"};
  return words[level];
}

static void print_table(const seep_doctor_finding *findings, size_t count, unsigned trouble)
{
  char state[SEEP_OUTPUT_NAME_SIZE];
  for (size_t i = 0; i < count; i++) {
    const seep_doctor_finding *finding = &findings[i];
    printf("%-8s %s: %s\n", level_text(finding->level), finding->subject,
           seep_output_presentable(finding->state, true, state, sizeof state));
    if (finding->consequence != NULL) {
      printf("           so: %s\n", finding->consequence);
    }
    if (finding->cure != NULL) {
      printf("           cure: %s\n", finding->cure);
    }
  }
  if (trouble == 0) {
    printf("\nNo trouble found.\n");
  } else {
    printf("\nTrouble with %u of %u.\n", trouble, (unsigned)count);
  }
}

static bool add_finding(cJSON *list, const seep_doctor_finding *finding)
{
  cJSON *entry = seep_output_append_object(list);
  return entry != NULL && seep_output_add_text(entry, "level", level_text(finding->level)) &&
         seep_output_add_text(entry, "subject", finding->subject) &&
         seep_output_add_text(entry, "state", finding->state) &&
         seep_output_add_text_or_null(entry, "consequence",
                                      finding->consequence != NULL ? finding->consequence : "") &&
         seep_output_add_text_or_null(entry, "cure", finding->cure != NULL ? finding->cure : "");
}

static bool print_json(const seep_doctor_finding *findings, size_t count, unsigned trouble)
{
  cJSON *document = cJSON_CreateObject();
  bool good = document != NULL && seep_output_add_u64(document, "schema", 1);
  cJSON *list = good ? cJSON_AddArrayToObject(document, "findings") : NULL;
  good = list != NULL;
  for (size_t i = 0; good && i < count; i++) {
    good = add_finding(list, &findings[i]);
  }
  good = good && seep_output_add_u64(document, "trouble", trouble) && seep_output_json(document);
  cJSON_Delete(document);
  if (good) {
    putchar('\n');
  }
  return good;
}

int seep_doctor_print(const char *verb, const seep_doctor_facts *facts, bool json)
{
  seep_doctor_finding findings[SEEP_FINDINGS_MAXIMUM];
  unsigned trouble = 0;
  size_t count = seep_findings_of(facts, findings);
  for (size_t i = 0; i < count; i++) {
    trouble += findings[i].level == SEEP_FINDING_TROUBLE;
  }
  if (!json) {
    print_table(findings, count, trouble);
  } else if (!print_json(findings, count, trouble)) {
    return seep_cli_fail(verb, SEEP_EXIT_FAILED, "JSON", "not enough memory");
  }
  errno = 0;
  if (fflush(stdout) != 0 || ferror(stdout) != 0) {
    return seep_cli_fail(verb, SEEP_EXIT_FAILED, "writing standard output", strerror(errno));
  }
  return trouble == 0 ? SEEP_EXIT_DONE : SEEP_EXIT_FAILED;
}
