/*
 * What it costs to look at a process's memory, apart from what the OS takes for its answers: processor time,
 * reads and memory held, of a process with 50,000 regions, of the same with a heap that cannot be read, and
 * of one with 100,000 large blocks. Peers: the plain loop over the same regions, and the plain walk along the
 * same list, which check and remember nothing. Prints lines `name value unit`.
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "held_bytes.h"
#include "measure.h"
#include "memory/inventory.h"
#include "big_process.h"

#define REGIONS 50000u
#define BLOCKS 100000u
#define ROUNDS 7 /* of which the quickest counts: whatever made the others slower was not the candidate */

static const seep_inventory_limits limits = {.maximum_reads = 1000000, .maximum_regions = 4000000};
static seep_inventory inventory;

static void must(bool right, const char *what)
{
  if (!right) {
    measure_fail("the result is wrong", what);
  }
}

/* Nanoseconds of the quickest; before each, `prepare` is called and not counted. */
static double quickest_ns(void (*work)(big_process *big), void (*prepare)(big_process *big), big_process *big)
{
  double least = 0.0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    if (prepare != NULL) {
      prepare(big);
    }
    double before_us = measure_cpu_us();
    work(big);
    double took = (measure_cpu_us() - before_us) * 1e3;
    least = round == 0 || took < least ? took : least;
  }
  return least;
}

/* ---- ours ---- */

static void take(big_process *big)
{
  seep_error error;
  must(seep_inventory_take(&big->target, &limits, &inventory, NULL, &error) == SEEP_OK, "inventory");
}

static void measure_inventory(big_process *big, const char *name, bool heaps_known)
{
  double took_ns = quickest_ns(take, NULL, big);
  held_bytes_begin();
  take(big);
  size_t peak = held_bytes_peak();
  seep_usage_sum heap;
  seep_usage_row_sum(&inventory.usage, SEEP_USAGE_ROW_HEAP, &heap);
  must(!heaps_known || heap.committed_bytes == big->heap_committed_bytes, "heap");
  must(inventory.heaps_known == heaps_known && inventory.regions_known && !inventory.regions_cut, name);
  uint64_t counted = inventory.usage.reserve.regions + inventory.usage.commit.regions;
  must(counted == big->in_use, "regions");
  printf("%s_regions %zu regions\n", name, big->in_use);
  printf("%s_ms %.2f ms\n", name, took_ns / 1e6);
  printf("%s_ns_per_region %.1f ns\n", name, took_ns / (double)big->in_use);
  printf("%s_reads %" PRIu64 " reads\n", name, inventory.reads);
  printf("%s_peak_bytes %zu bytes\n", name, peak);
}

/* The first heap alone, whose regions are known and not tagged. */
static seep_regions regions;

static void read_regions(big_process *big)
{
  seep_error error;
  seep_regions_fini(&regions);
  must(seep_regions_read(&regions, &big->target, limits.maximum_regions, &error) == SEEP_OK,
       "list of regions");
}

static void walk(big_process *big)
{
  seep_probe probe;
  seep_heap heap;
  seep_probe_init(&probe, &big->target, limits.maximum_reads);
  seep_heap_walk(&probe, &regions, big->process.nt[0].address, 8, true, &heap);
  must(heap.complete && heap.large_blocks == BLOCKS + big->process.nt[0].large_blocks, "walk");
}

/* ---- the peers ---- */

static uint64_t plain_sums[3], plain_blocks;

static void loop_plainly(big_process *big)
{
  seep_region region;
  uint64_t address = 0;
  plain_sums[0] = plain_sums[1] = plain_sums[2] = 0;
  while (big->target.region(big->target.context, address, &region, NULL) == SEEP_OK) {
    unsigned which = region.type == SEEP_REGION_PRIVATE ? 0 : region.type == SEEP_REGION_MAPPED ? 1 : 2;
    plain_sums[which] += region.state == SEEP_REGION_COMMIT ? region.size_bytes : 0;
    address = region.base + region.size_bytes;
  }
}

static void walk_plainly(big_process *big)
{
  uint64_t head = big->process.nt[0].large_list, links[2] = {head, 0};
  plain_blocks = 0;
  while (big->target.read(big->target.context, links[0], links, sizeof links) == SEEP_OK &&
         links[0] != head) {
    plain_blocks++;
  }
}

static void measure_loop(big_process *big, const char *name)
{
  double took_ns = quickest_ns(loop_plainly, NULL, big);
  must(plain_sums[0] == inventory.usage.types[0].committed_bytes, "plain loop");
  printf("plain_%s_ns_per_region %.1f ns\n", name, took_ns / (double)big->in_use);
}

int main(void)
{
  static big_process big;
  /* Large arrays come fresh from the OS in each round, as for a service that looks once in five minutes. */
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  big_process_mixed(&big, REGIONS, true);
  measure_inventory(&big, "mixed", true);
  measure_loop(&big, "mixed");
  big_process_free(&big);

  big_process_mixed(&big, REGIONS, false);
  measure_inventory(&big, "unread", false);
  big_process_free(&big);

  big_process_blocks(&big, BLOCKS);
  measure_inventory(&big, "blocks", true);
  measure_loop(&big, "blocks");
  seep_regions_init(&regions);
  printf("walk_ns_per_block %.1f ns\n", quickest_ns(walk, read_regions, &big) / BLOCKS);
  seep_regions_fini(&regions);
  printf("plain_walk_ns_per_block %.1f ns\n", quickest_ns(walk_plainly, NULL, &big) / BLOCKS);
  must(plain_blocks == BLOCKS + big.process.nt[0].large_blocks, "plain walk");
  big_process_free(&big);
  printf("inventory_bytes %zu bytes\n", sizeof inventory);
  return 0;
}
