/*
 * Runs a program and writes down the CPU time it took, user and system, in microseconds.
 *   bench_cpu FILE PROGRAM [ARGUMENTS]
 * Its exit code is the program's.
 */
#include <inttypes.h>
#include <stdio.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t microseconds(struct timeval time)
{
  return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

int main(int argc, char **argv)
{
  struct rusage usage;
  int state = 0;
  if (argc < 3) {
    fprintf(stderr, "usage: bench_cpu FILE PROGRAM [ARGUMENTS]\n");
    return 2;
  }
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  if (child < 0 || waitpid(child, &state, 0) != child || getrusage(RUSAGE_CHILDREN, &usage) != 0) {
    perror("bench_cpu");
    return 1;
  }
  FILE *file = fopen(argv[1], "w");
  if (file == NULL) {
    perror(argv[1]);
    return 1;
  }
  fprintf(file, "%" PRId64 "\n", microseconds(usage.ru_utime) + microseconds(usage.ru_stime));
  fclose(file);
  return WIFEXITED(state) ? WEXITSTATUS(state) : 1;
}
