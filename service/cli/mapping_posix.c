/* The POSIX side: mmap. A file that is cut off while it is mapped raises SIGBUS where its pages are touched.
 */
#include "mapping_loss.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static seep_status fail(seep_error *error, int code, const char *operation)
{
  seep_status status = SEEP_OS;
  if (code == ENOENT || code == ENOTDIR) {
    status = SEEP_NOT_FOUND;
  } else if (code == EACCES || code == EPERM) {
    status = SEEP_DENIED;
  } else if (code == ENOMEM) {
    status = SEEP_NO_MEMORY;
  }
  return seep_error_set(error, status, SEEP_DOMAIN_NONE, code, operation, strerror(code));
}

static seep_status refuse(seep_error *error, seep_status status, const char *why)
{
  return seep_error_set(error, status, SEEP_DOMAIN_NONE, 0, "map", why);
}

static seep_status map(seep_mapping *mapping, int file, seep_error *error)
{
  struct stat facts;
  if (fstat(file, &facts) != 0) {
    return fail(error, errno, "fstat");
  }
  if (S_ISDIR(facts.st_mode)) {
    return refuse(error, SEEP_INVALID, "a folder, not a file");
  }
  if (!S_ISREG(facts.st_mode)) {
    return refuse(error, SEEP_INVALID, "not a plain file");
  }
  if (facts.st_size <= 0) {
    return refuse(error, SEEP_INVALID, "the file is empty");
  }
  if ((uint64_t)facts.st_size > SIZE_MAX / 2) {
    return refuse(error, SEEP_LIMIT, "larger than the address space of this program");
  }
  size_t bytes = (size_t)facts.st_size;
  void *data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0);
  if (data == MAP_FAILED) {
    return fail(error, errno, "mmap");
  }
  /* Without it each touched page would bring its neighbours along. Advice alone: its failure costs memory. */
  (void)posix_madvise(data, bytes, POSIX_MADV_RANDOM);
  *mapping = (seep_mapping){.data = data, .size_bytes = bytes};
  return SEEP_OK;
}

seep_status seep_mapping_open(seep_mapping *mapping, const char *path, seep_error *error)
{
  memset(mapping, 0, sizeof *mapping);
  /* Not to wait for the other end of a pipe. */
  int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    return fail(error, errno, "open");
  }
  seep_status status = map(mapping, file, error);
  (void)close(file);
  return status;
}

void seep_mapping_close(seep_mapping *mapping)
{
  seep_mapping_loss_remove(mapping);
  if (mapping->data != NULL) {
    (void)munmap((void *)mapping->data, (size_t)mapping->size_bytes);
  }
  memset(mapping, 0, sizeof *mapping);
}

/* Only what a signal handler may call. */
static void on_lost_page(int signal, siginfo_t *info, void *context)
{
  const seep_mapping *lost = seep_mapping_loss_find(info->si_addr);
  (void)context;
  if (lost == NULL) { /* none of ours: as if nobody had asked */
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    (void)sigaction(signal, &action, NULL);
    (void)raise(signal);
    return;
  }
  ssize_t written = write(STDERR_FILENO, lost->loss_message, strlen(lost->loss_message));
  (void)written;
  _exit(lost->loss_exit_code);
}

void seep_mapping_on_loss(seep_mapping *mapping, const char *message, int exit_code)
{
  static bool is_registered;
  mapping->loss_message = message;
  mapping->loss_exit_code = exit_code;
  seep_mapping_loss_add(mapping);
  if (!is_registered) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_lost_page;
    action.sa_flags = SA_SIGINFO;
    is_registered = sigaction(SIGBUS, &action, NULL) == 0;
  }
}
