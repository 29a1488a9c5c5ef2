/* Walks a list whose links are hostile or change on the way. See the header for why it ends. */
#include "memory/heap_list.h"

/* A list in use changes now and then; one that does so all the time is not worth the reads. */
#define MAXIMUM_RETRIES 16u

static uint64_t link_of(const seep_heap_list *list, const uint8_t *links, bool back)
{
  bool second = list->backwards != back; /* Flink is the first word, Blink the second */
  return seep_probe_word(links, second ? list->pointer_bytes : 0, list->pointer_bytes);
}

void seep_heap_list_init(seep_heap_list *list, uint64_t flink, uint64_t blink)
{
  list->node = list->head;
  list->link = list->backwards ? blink : flink;
  list->count = 0;
  list->retries = 0;
}

static bool read_links(const seep_heap_list *list, uint64_t address, uint8_t *links)
{
  return seep_probe_read(list->probe, address, links, (size_t)2 * list->pointer_bytes);
}

/* Asks the last accepted node again. true: it leads somewhere else now. */
static bool retry(seep_heap_list *list)
{
  uint8_t links[16];
  if (list->retries >= MAXIMUM_RETRIES || !read_links(list, list->node, links)) {
    return false;
  }
  list->retries++;
  uint64_t link = link_of(list, links, false);
  bool changed = link != list->link;
  list->link = link;
  return changed;
}

/* The whole node lies inside the address space of its view. */
static bool fits(const seep_heap_list *list)
{
  uint64_t node = list->link, last = list->pointer_bytes == 4 ? UINT32_MAX : UINT64_MAX;
  return node != 0 && node % list->pointer_bytes == 0 && node >= list->lead_bytes &&
         list->node_bytes - 1 <= last - (node - list->lead_bytes);
}

static bool closes(const seep_heap_list *list)
{
  uint8_t links[16];
  return read_links(list, list->head, links) && link_of(list, links, true) == list->node;
}

static bool accept(seep_heap_list *list, uint8_t *out)
{
  if (!fits(list) || !seep_probe_read(list->probe, list->link - list->lead_bytes, out, list->node_bytes) ||
      link_of(list, out + list->lead_bytes, true) != list->node) {
    return false;
  }
  list->node = list->link;
  list->link = link_of(list, out + list->lead_bytes, false);
  list->count++;
  return true;
}

seep_heap_list_step seep_heap_list_next(seep_heap_list *list, uint8_t *out)
{
  do {
    if (list->link == list->head) {
      if (closes(list)) {
        return SEEP_HEAP_LIST_END;
      }
    } else if (list->stop_node != 0 && list->link == list->stop_node) {
      return list->node == list->stop_link ? SEEP_HEAP_LIST_END : SEEP_HEAP_LIST_BROKEN;
    } else if (list->count >= list->maximum) {
      return SEEP_HEAP_LIST_LIMIT;
    } else if (accept(list, out)) {
      return SEEP_HEAP_LIST_NODE;
    }
  } while (retry(list));
  return SEEP_HEAP_LIST_BROKEN;
}
