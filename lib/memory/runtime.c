/*
 * The names by which the runtimes' own libraries are known, whole and without regard to case. A program that
 * has a runtime inside itself is known only where its name is fixed, such as node.exe; a loader that finds
 * the runtime, such as mscoree.dll, tells nothing. Neither reads the module nor believes more than its name.
 */
#include "memory/runtime.h"

#include <stddef.h>

#include "base/text.h"
#include "memory/target.h"

static const struct {
  const char *name;
  unsigned runtime;
} modules[] = {
    {"coreclr.dll", SEEP_RUNTIME_DOTNET},  {"clr.dll", SEEP_RUNTIME_DOTNET},
    {"mscorwks.dll", SEEP_RUNTIME_DOTNET}, {"jvm.dll", SEEP_RUNTIME_JAVA},
    {"node.exe", SEEP_RUNTIME_V8},         {"node.dll", SEEP_RUNTIME_V8},
    {"libnode.dll", SEEP_RUNTIME_V8},      {"electron.exe", SEEP_RUNTIME_V8},
    {"chrome_elf.dll", SEEP_RUNTIME_V8},   {"v8.dll", SEEP_RUNTIME_V8},
};

unsigned seep_runtime_of_module(const char *name)
{
  const char *file = name;
  for (const char *at = name; *at != '\0'; at++) {
    if (*at == '\\' || *at == '/') {
      file = at + 1;
    }
  }
  for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
    if (seep_text_equal_ignoring_case(file, modules[i].name)) {
      return modules[i].runtime;
    }
  }
  return 0;
}
