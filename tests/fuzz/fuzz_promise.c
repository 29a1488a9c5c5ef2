/* Any text as a journal entry, the first byte says of which kind: what is read and written again is the same
 * text (the bare names of earlier versions apart), and what is damaged leaves the result untouched. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/promise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
  if (!holds) {
    abort();
  }
}

static void check_recording(const char *text)
{
  static seep_promise_recording promise, untouched;
  char again[SEEP_PROMISE_SIZE];
  memset(&promise, 0xA5, sizeof promise);
  memset(&untouched, 0xA5, sizeof untouched);
  if (!seep_promise_read_recording(text, &promise)) {
    require(memcmp(&promise, &untouched, sizeof promise) == 0);
    return;
  }
  if (strchr(text, '\t') == NULL) {
    require(strcmp(promise.instance, text) == 0 && promise.file[0] == '\0');
    return;
  }
  require(strpbrk(promise.file, "/\\:") == NULL && promise.file[0] != '\0');
  require(seep_promise_write_recording(&promise, again, sizeof again) && strcmp(text, again) == 0);
}

static void check_flag(const char *text)
{
  static seep_promise_flag promise, untouched;
  char again[SEEP_PROMISE_SIZE];
  memset(&promise, 0xA5, sizeof promise);
  memset(&untouched, 0xA5, sizeof untouched);
  if (!seep_promise_read_flag(text, &promise)) {
    require(memcmp(&promise, &untouched, sizeof promise) == 0);
    return;
  }
  require(seep_tracing_flag_name_is_plain(promise.image));
  require(seep_promise_write_flag(&promise, again, sizeof again) && strcmp(text, again) == 0);
}

/* Bytes that a program may really be called: whatever they are, they come back or are not taken at all. */
static void check_image(const uint8_t *data, size_t size)
{
  static seep_promise_recording promise, back;
  char text[SEEP_PROMISE_SIZE];
  memset(&promise, 0, sizeof promise);
  memcpy(promise.instance, "Seepwatch", 10);
  memcpy(promise.file, "a.etl", 6);
  memcpy(promise.image, data, size < sizeof promise.image ? size : sizeof promise.image - 1);
  if (seep_promise_write_recording(&promise, text, sizeof text)) {
    require(seep_promise_read_recording(text, &back) && strcmp(back.image, promise.image) == 0);
  } else {
    require(text[0] == '\0');
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static char text[4096];
  if (size == 0 || size > sizeof text) {
    return 0;
  }
  memcpy(text, data + 1, size - 1);
  text[size - 1] = '\0';
  if (data[0] == 'r') {
    check_recording(text);
  } else if (data[0] == 'f') {
    check_flag(text);
  } else {
    check_image(data + 1, size - 1);
  }
  return 0;
}
