/*
 * Room among the finished recordings: what the shelf's rules (capture/shelf.h) mark goes, with what lies
 * beside it, and its row says when. The folder tells what is there; a file of a name that is not ours is not
 * counted and not touched.
 */
#include "watch/watchdog_internal.h"

#include <stdlib.h>
#include <string.h>

#include "capture/shelf.h"
#include "watch/files.h"

/* Far beyond any number that is configured: more are not looked at in one go. */
#define ITEMS_MOST 20000u

typedef struct shelf {
  seep_shelf_item *items;
  size_t count, capacity;
} shelf;

static bool add_item(void *context, const char *name, const char *path)
{
  shelf *s = context;
  char beside[SEEP_WATCHDOG_PATH_SIZE + 64];
  if (s->count == s->capacity) {
    size_t capacity = s->capacity + s->capacity / 2 + 64;
    seep_shelf_item *items = realloc(s->items, capacity * sizeof *items);
    if (items == NULL) {
      return false;
    }
    s->items = items;
    s->capacity = capacity;
  }
  seep_shelf_item *item = &s->items[s->count];
  if (seep_shelf_parse(name, item)) {
    item->bytes = seep_files_size(path);
    for (int which = 0; which < SEEP_BESIDES; which++) {
      bool named = seep_shelf_beside_name(path, (seep_shelf_beside)which, beside, sizeof beside);
      item->bytes += named ? seep_files_size(beside) : 0;
    }
    s->count++;
  }
  return s->count < ITEMS_MOST;
}

static void remove_item(seep_watchdog *watchdog, const seep_shelf_item *item)
{
  char path[SEEP_WATCHDOG_PATH_SIZE + 64], beside[SEEP_WATCHDOG_PATH_SIZE + 64];
  if (!seep_files_join(path, sizeof path, watchdog->capture_folder, watchdog->options.path_separator,
                       item->name) ||
      !seep_files_remove(path)) {
    return;
  }
  for (int which = 0; which < SEEP_BESIDES; which++) {
    if (seep_shelf_beside_name(path, (seep_shelf_beside)which, beside, sizeof beside)) {
      (void)seep_files_remove(beside);
    }
  }
  if (watchdog->store != NULL) {
    (void)seep_store_capture_removed(watchdog->store, path, seep_watchdog__now(watchdog).wall, NULL);
  }
}

static void read_shelf(const seep_watchdog *watchdog, shelf *s)
{
  (void)seep_files_each(watchdog->capture_folder, watchdog->options.path_separator, add_item, s);
}

static bool mark(const seep_watchdog *watchdog, shelf *s)
{
  const seep_settings *settings = seep_engine_settings_in_force(watchdog->engine);
  return seep_shelf_evict(s->items, s->count, settings->capture_folder_quota_bytes,
                          settings->capture_folder_quota_count);
}

/* As if it were there: it would be the newest of its image, and the one before it could go. */
bool seep_watchdog__has_room(seep_watchdog *watchdog, const char *image)
{
  shelf s = {0};
  char name[SEEP_SHELF_NAME_SIZE], cleaned[SEEP_SHELF_IMAGE_SIZE];
  seep_writer writer;
  seep_writer_init(&writer, name, sizeof name);
  seep_writer_format(&writer, "99991231T235959Z-%s-1-virtualalloc.etl",
                     seep_shelf_image(image, cleaned, sizeof cleaned));
  read_shelf(watchdog, &s);
  bool fits = add_item(&s, name, "") && mark(watchdog, &s);
  free(s.items);
  return fits;
}

void seep_watchdog__make_room(seep_watchdog *watchdog)
{
  shelf s = {0};
  read_shelf(watchdog, &s);
  (void)mark(watchdog, &s);
  for (size_t i = 0; i < s.count; i++) {
    if (s.items[i].evict) {
      remove_item(watchdog, &s.items[i]);
    }
  }
  free(s.items);
}
