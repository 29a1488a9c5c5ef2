#include "unit/trace/sample_file.h"

#include <stdio.h>
#include <stdlib.h>

#include <zlib.h>

static gzFile open_sample(const char *folder, const char *name, const char *ending)
{
  char path[1024];
  snprintf(path, sizeof path, "%s/etl/%s%s", folder, name, ending);
  return gzopen(path, "rb"); /* reads what is not compressed as it is */
}

memory_file sample_file(const char *name)
{
  static uint8_t chunk[65536];
  const char *folder = getenv("SEEPWATCH_SAMPLES");
  memory_file file = {0};
  int count;
  if (folder == NULL) {
    printf("%s: %s\n", name, "SEEPWATCH_SAMPLES names no folder");
    return file;
  }
  gzFile stream = open_sample(folder, name, "");
  stream = stream != NULL ? stream : open_sample(folder, name, ".gz");
  if (stream == NULL) {
    printf("%s: %s\n", name, "not in the folder of samples");
    return file;
  }
  while ((count = gzread(stream, chunk, sizeof chunk)) > 0 &&
         memory_file_write(&file, file.size, chunk, (size_t)count)) {
  }
  gzclose(stream);
  return file;
}
