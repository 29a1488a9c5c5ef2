/* May include anything of ours, and still not call everything. */
#include "cli.h"
#include "cli/cli.h"
#include "win/win_clock.h"
#include <windows.h>
#include <sqlite3.h>

int cmd_run(char *line)
{
  return strtok(line, " ") != NULL;
}
