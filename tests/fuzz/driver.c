/*
 * Replays files through a fuzz target without libFuzzer, so that every compiler and Wine run the corpora as
 * ordinary tests. Each input lies in a heap block of exactly its size: one byte too far is a sanitizer's
 * finding.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* NULL when the file cannot be read; an empty file is a block of one unused byte. */
static uint8_t *read_file(const char *path, size_t *size)
{
  uint8_t *data = NULL;
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return NULL;
  }
  long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
  if (length >= 0 && fseek(file, 0, SEEK_SET) == 0) {
    *size = (size_t)length;
    data = malloc(*size > 0 ? *size : 1);
  }
  if (data != NULL && fread(data, 1, *size, file) != *size) {
    free(data);
    data = NULL;
  }
  fclose(file);
  return data;
}

int main(int argc, char **argv)
{
  for (int i = 1; i < argc; i++) {
    size_t size = 0;
    uint8_t *data = read_file(argv[i], &size);
    if (data == NULL) {
      fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
  }
  printf("%d inputs\n", argc > 1 ? argc - 1 : 0);
  return argc > 1 ? 0 : 1;
}
