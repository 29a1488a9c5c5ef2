/* libuv could tell too, but takes the terminal over for that, and what is printed afterwards might get lost.
 */
#include "terminal.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif

#ifdef _WIN32

static size_t columns(void)
{
  CONSOLE_SCREEN_BUFFER_INFO info;
  if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &info) ||
      info.srWindow.Right < info.srWindow.Left) {
    return 0;
  }
  return (size_t)(info.srWindow.Right - info.srWindow.Left) + 1;
}

#else

static size_t columns(void)
{
  struct winsize size = {0};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

#endif

size_t seep_terminal_fitting(size_t told)
{
  if (told == 0) {
    return SEEP_TERMINAL_OTHER;
  }
  if (told < SEEP_TERMINAL_LEAST) {
    return SEEP_TERMINAL_LEAST;
  }
  return told < SEEP_TERMINAL_MOST ? told : SEEP_TERMINAL_MOST;
}

size_t seep_terminal_columns(void)
{
  return seep_terminal_fitting(columns());
}
