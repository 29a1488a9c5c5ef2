/* The POSIX side: mmap. A file that is cut off while it is mapped raises SIGBUS where its pages are touched.
 */
#include "mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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
  *mapping = (seep_mapping){data, bytes};
  return SEEP_OK;
}

seep_status seep_mapping_open(seep_mapping *mapping, const char *path, seep_error *error)
{
  *mapping = (seep_mapping){NULL, 0};
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
  if (mapping->data != NULL) {
    (void)munmap((void *)mapping->data, (size_t)mapping->size_bytes);
  }
  *mapping = (seep_mapping){NULL, 0};
}

static const char *loss_message = "";
static int loss_exit_code;

/* Only what a signal handler may call. */
static void on_lost_page(int signal)
{
  (void)signal;
  ssize_t written = write(STDERR_FILENO, loss_message, strlen(loss_message));
  (void)written;
  _exit(loss_exit_code);
}

void seep_mapping_on_loss(const char *message, int exit_code)
{
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_lost_page;
  loss_message = message;
  loss_exit_code = exit_code;
  (void)sigaction(SIGBUS, &action, NULL);
}
