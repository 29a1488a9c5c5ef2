/* Two dumps may be mapped at a time, and it is the address of the page that tells whose it was. */
#include "mapping_loss.h"

#include <stddef.h>

static seep_mapping *first;

void seep_mapping_loss_add(seep_mapping *mapping)
{
  mapping->next = first;
  first = mapping;
}

void seep_mapping_loss_remove(const seep_mapping *mapping)
{
  seep_mapping **link = &first;
  while (*link != NULL && *link != mapping) {
    link = &(*link)->next;
  }
  if (*link != NULL) {
    *link = mapping->next;
  }
}

const seep_mapping *seep_mapping_loss_find(const void *address)
{
  const seep_mapping *mapping = first;
  while (mapping != NULL && (uintptr_t)address - (uintptr_t)mapping->data >= mapping->size_bytes) {
    mapping = mapping->next;
  }
  return mapping;
}
