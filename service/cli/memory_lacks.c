#include "memory_lacks.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "report/human.h"

#define CURE_SIZE 256

void seep_memory_lacks_add(seep_memory_look *look, const char *format, ...)
{
  if (look->lack_count < SEEP_MEMORY_LACKS) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(look->lacks[look->lack_count++], SEEP_MEMORY_LACK_SIZE, format, arguments);
    va_end(arguments);
  }
}

/* ---- heaps ---- */

/* All of its first page is there, and says nothing that anybody here knows. */
static bool is_strange(const seep_heap *heap)
{
  return heap->form == SEEP_HEAP_STRANGE || heap->form == SEEP_HEAP_SIGNATURE_ONLY ||
         (heap->form != SEEP_HEAP_UNREADABLE && heap->layout[0] == '\0');
}

/* The first one that is not complete, and strange if that is asked for; NULL: none. */
static const seep_heap *unread_heap(const seep_memory_look *look, bool strange)
{
  for (size_t i = 0; i < look->detail.heap_count; i++) {
    const seep_heap *heap = &look->detail.heaps[i];
    if (!heap->complete && (!strange || is_strange(heap))) {
      return heap;
    }
  }
  return NULL;
}

/* A dump of all memory has at least as much as can be read of the process's private memory. */
static bool lacks_bytes(const seep_memory_look *look)
{
  const seep_minidump *dump = &look->dump;
  return look->path != NULL && (dump->range_count == 0 || dump->cut_short || look->detail.peb_count == 0 ||
                                dump->bytes_in_file < dump->readable_bytes);
}

/* What ended the look, or a list that was being changed: it may well be complete the next time. */
static void advise_again(const seep_memory_look *look, seep_writer *cure)
{
  const seep_memory_failures *met = &look->failures;
  const seep_heap *heap = unread_heap(look, false);
  seep_writer_text(cure, look->path != NULL ? "look at another dump of it" : "look again");
  if (!met->gone && !met->timed_out && !met->used_up && heap != NULL) {
    seep_writer_format(cure,
                       "; should it stay so, WinDbg with Windows' symbols may tell what is in the heap at "
                       "0x%" PRIx64,
                       heap->address);
  }
}

static const char *cure_for_heaps(const seep_memory_look *look, char out[CURE_SIZE])
{
  const seep_heap *strange = unread_heap(look, true);
  seep_writer cure;
  seep_writer_init(&cure, out, CURE_SIZE);
  if (look->inventory.page_heap) {
    return "switch page heap off for this program and look again";
  }
  if (look->failures.denied) {
    return "run this from an elevated prompt, or take a dump with procdump -ma";
  }
  if (strange != NULL) {
    seep_writer_format(&cure,
                       "nobody here can decode the heap at 0x%" PRIx64
                       ", WinDbg with Windows' symbols may tell what is in it",
                       strange->address);
  }
  if (lacks_bytes(look)) {
    seep_writer_format(&cure, "%sa dump with all memory has it: take one with procdump -ma",
                       cure.length > 0 ? "; " : "");
  } else if (strange == NULL) {
    advise_again(look, &cure);
  }
  return out;
}

static void collect_heaps(seep_memory_look *look)
{
  const seep_inventory *inventory = &look->inventory;
  char bytes[SEEP_HUMAN_SIZE], cure[CURE_SIZE];
  if (inventory->regions_known && !inventory->heaps_known) {
    seep_memory_lacks_add(look, "Heap is a lower bound, and Private Data may hold heap memory: %s; %s",
                          inventory->problem != NULL ? inventory->problem : "not every heap could be read",
                          cure_for_heaps(look, cure));
  }
  uint64_t unproven = inventory->usage.tags[SEEP_TAG_HEAP_UNPROVEN].committed_bytes;
  if (unproven > 0) {
    seep_memory_lacks_add(
        look,
        "%s look like a heap's memory, but no heap that could be read claims them: they are in Heap "
        "(unproven), and count for nothing in a verdict",
        seep_human_bytes(unproven, bytes, sizeof bytes));
  }
}

/* ---- the rest ---- */

static void collect_others(seep_memory_look *look)
{
  const seep_inventory *inventory = &look->inventory;
  char bytes[SEEP_HUMAN_SIZE];
  /* The sums do not tell whether it is read-only memory, as a shadow stack is. */
  uint64_t shaped = inventory->usage.tags[SEEP_TAG_STACK_SHAPE].committed_bytes;
  if (shaped > 0) {
    seep_memory_lacks_add(look,
                          "%s are laid out like a stack or a shadow stack, but no listed thread claims them: "
                          "they are counted as Stack",
                          seep_human_bytes(shaped, bytes, sizeof bytes));
  }
  if (look->path == NULL && !inventory->modules_known) {
    seep_memory_lacks_add(
        look, "the list of modules: whether .NET, Java or V8 is in the process is not known, and a .NET heap "
              "would be in Private Data");
  }
  if (inventory->regions_known && inventory->commit_bytes == 0) {
    seep_memory_lacks_add(look,
                          "Windows' own count of private commit: the sums could not be checked against it");
  }
}

void seep_memory_lacks_collect(seep_memory_look *look)
{
  const char *clauses[SEEP_MEMORY_LACKS];
  size_t count = 0;
  if (look->path != NULL) {
    count = seep_minidump_lacks(&look->dump, clauses, SEEP_MEMORY_LACKS);
  }
  for (size_t i = 0; i < count && i < SEEP_MEMORY_LACKS; i++) {
    seep_memory_lacks_add(look, "%s", clauses[i]);
  }
  if (look->inventory.regions_cut) {
    seep_memory_lacks_add(
        look, "all regions: there are too many, time ran out, or their list has holes: every sum is "
              "a lower bound");
  }
  collect_heaps(look);
  collect_others(look);
}
