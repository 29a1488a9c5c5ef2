/* Regions as a target tells them, honest and hostile ones; which allocation holds an address; tags, of whole
 * allocations and of parts, checked against a plain map of pages. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "memory/regions.h"

#define PAGE SEEP_REGION_PAGE_BYTES
#define COMMIT SEEP_REGION_COMMIT
#define RESERVE SEEP_REGION_RESERVE
#define FREE SEEP_REGION_FREE
#define PRIVATE SEEP_REGION_PRIVATE
#define MAPPED SEEP_REGION_MAPPED
#define IMAGE SEEP_REGION_IMAGE
#define RW SEEP_REGION_PAGE_READWRITE

/* Answers with the listed regions one after the other, whatever address is asked for. */
typedef struct teller {
  const seep_region *list;
  size_t count, calls;
  seep_status end; /* what comes behind the last one */
} teller;

static seep_status tell(void *context, uint64_t address, seep_region *out, seep_error *error)
{
  teller *all = context;
  (void)address;
  if (all->calls >= all->count) {
    return all->end == SEEP_NOT_FOUND ? SEEP_NOT_FOUND
                                      : seep_error_set(error, all->end, SEEP_DOMAIN_NONE, 7, "tell", NULL);
  }
  *out = all->list[all->calls++];
  return SEEP_OK;
}

static seep_region region_of(uint64_t base, uint64_t pages, uint64_t allocation_base, uint32_t state,
                             uint32_t type)
{
  seep_region region = {.base = base,
                        .size_bytes = pages * PAGE,
                        .allocation_base = allocation_base,
                        .allocation_protect = RW,
                        .protect = state == COMMIT ? RW : 0,
                        .state = state,
                        .type = type,
                        .private_bytes = SEEP_REGION_BYTES_UNKNOWN};
  return region;
}

static seep_status read_all(seep_regions *regions, const seep_region *list, size_t count, size_t maximum,
                            seep_status end)
{
  teller all = {list, count, 0, end};
  seep_target target = {.context = &all, .region = tell};
  seep_regions_init(regions);
  return seep_regions_read(regions, &target, maximum, NULL);
}

static void expect_allocation(const seep_regions *regions, size_t index, uint64_t base, uint64_t end,
                              uint64_t committed_pages, uint32_t rows, seep_tag tag)
{
  assert_true(index < regions->allocation_count);
  const seep_allocation *allocation = &regions->allocations[index];
  assert_true(allocation->base == base && allocation->end == end);
  assert_true(allocation->committed_bytes == committed_pages * PAGE);
  assert_true(allocation->row_count == rows);
  assert_int_equal(allocation->tag, tag);
  for (uint32_t i = 0; i < rows; i++) {
    assert_true(regions->rows[allocation->first_row + i].allocation == index);
  }
}

/* What must hold whatever was told: order, no overlap, rows and allocations that agree. */
static void expect_order(const seep_regions *regions)
{
  size_t rows = 0;
  for (size_t i = 0; i < regions->allocation_count; i++) {
    const seep_allocation *allocation = &regions->allocations[i];
    uint64_t at = allocation->base, committed = 0;
    assert_true(allocation->row_count > 0 && allocation->first_row == rows);
    assert_true(i == 0 || regions->allocations[i - 1].end <= at);
    for (uint32_t row = 0; row < allocation->row_count; row++, rows++) {
      assert_true(regions->rows[rows].base == at && regions->rows[rows].end > at);
      assert_true(regions->rows[rows].allocation == i);
      at = regions->rows[rows].end;
      committed += regions->rows[rows].state == COMMIT ? at - regions->rows[rows].base : 0;
    }
    assert_true(at == allocation->end && committed == allocation->committed_bytes);
  }
  assert_true(rows == regions->row_count);
}

static void test_regions_are_grouped_into_allocations(void **state)
{
  (void)state;
  seep_region list[] = {
      region_of(0, 16, 0, FREE, 0),
      region_of(0x10000, 1, 0x10000, COMMIT, PRIVATE),
      region_of(0x11000, 3, 0x10000, RESERVE, PRIVATE),
      region_of(0x14000, 2, 0x14000, COMMIT, PRIVATE), /* its neighbour, another allocation */
      region_of(0x16000, 10, 0, FREE, 0),
      region_of(0x20000, 4, 0x20000, COMMIT, MAPPED),
      region_of(0x30000, 1, 0x30000, COMMIT, IMAGE),
      region_of(0x31000, 2, 0x30000, COMMIT, IMAGE),
  };
  list[5].private_bytes = PAGE;
  list[6].private_bytes = 77 * PAGE; /* more than there is */
  seep_regions regions;
  assert_int_equal(read_all(&regions, list, 8, 100, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(regions.known && !regions.cut);
  assert_true(regions.free_regions == 2 && regions.free_bytes == 26 * PAGE);
  assert_true(regions.row_count == 6 && regions.allocation_count == 4);
  expect_allocation(&regions, 0, 0x10000, 0x14000, 1, 2, SEEP_TAG_UNKNOWN);
  expect_allocation(&regions, 1, 0x14000, 0x16000, 2, 1, SEEP_TAG_UNKNOWN);
  expect_allocation(&regions, 2, 0x20000, 0x24000, 4, 1, SEEP_TAG_MAPPED);
  expect_allocation(&regions, 3, 0x30000, 0x33000, 3, 2, SEEP_TAG_IMAGE);
  assert_true(regions.allocations[0].private_bytes == PAGE);
  assert_true(regions.allocations[2].private_bytes == PAGE);
  assert_true(regions.allocations[3].private_bytes == 3 * PAGE);
  expect_order(&regions);
  seep_regions_fini(&regions);
  assert_null(regions.rows);
}

static void test_no_list_is_not_an_empty_list(void **state)
{
  (void)state;
  seep_regions regions;
  assert_int_equal(read_all(&regions, NULL, 0, 100, SEEP_UNSUPPORTED), SEEP_OK);
  assert_false(regions.known);
  seep_regions_fini(&regions);
  assert_int_equal(read_all(&regions, NULL, 0, 100, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(regions.known && !regions.cut && regions.row_count == 0);
  seep_regions_fini(&regions);
}

static void test_an_end_too_early_is_a_cut_or_a_failure(void **state)
{
  (void)state;
  seep_region list[] = {region_of(0x10000, 1, 0x10000, COMMIT, PRIVATE)};
  const seep_status failures[] = {SEEP_DENIED, SEEP_GONE, SEEP_OS};
  seep_regions regions;
  assert_int_equal(read_all(&regions, list, 1, 100, SEEP_TIMED_OUT), SEEP_OK);
  assert_true(regions.known && regions.cut && regions.row_count == 1);
  seep_regions_fini(&regions);
  assert_int_equal(read_all(&regions, NULL, 0, 100, SEEP_TIMED_OUT), SEEP_OK);
  assert_true(regions.known && regions.cut);
  seep_regions_fini(&regions);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(read_all(&regions, list, 1, 100, failures[i]), failures[i]);
    assert_true(regions.row_count == 1 && regions.allocations[0].private_bytes == PAGE);
    seep_regions_fini(&regions);
  }
}

static void test_the_bound_is_on_regions_in_use_and_on_free_ones(void **state)
{
  (void)state;
  seep_region list[20];
  seep_regions regions;
  for (size_t i = 0; i < 20; i++) {
    list[i] = region_of(0x10000 + i * PAGE, 1, 0x10000 + i * PAGE, COMMIT, PRIVATE);
  }
  assert_int_equal(read_all(&regions, list, 20, 20, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(!regions.cut && regions.row_count == 20); /* just all */
  seep_regions_fini(&regions);
  assert_int_equal(read_all(&regions, list, 20, 19, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(regions.cut && regions.row_count == 19);
  seep_regions_fini(&regions);
  list[19].state = FREE; /* behind the last one allowed */
  assert_int_equal(read_all(&regions, list, 20, 19, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(!regions.cut && regions.row_count == 19);
  seep_regions_fini(&regions);
  for (size_t i = 0; i < 20; i++) {
    list[i].state = FREE;
  }
  assert_int_equal(read_all(&regions, list, 20, 5, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(regions.cut && regions.free_regions == 6);
  seep_regions_fini(&regions);
}

static void test_what_overlaps_is_clipped_and_what_stands_still_ends_it(void **state)
{
  (void)state;
  seep_region list[] = {
      region_of(0x10000, 4, 0x10000, COMMIT, PRIVATE),
      region_of(0x12000, 4, 0x12000, COMMIT, PRIVATE), /* two pages of it are new */
      region_of(0x8000, 100, 0x8000, COMMIT, MAPPED),  /* begins below everything */
      region_of(0x9000, 1, 0x9000, COMMIT, PRIVATE),   /* nothing new: the list does not advance */
      region_of(0x90000, 1, 0x90000, COMMIT, PRIVATE),
  };
  seep_regions regions;
  assert_int_equal(read_all(&regions, list, 5, 100, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(regions.cut && regions.row_count == 3);
  expect_allocation(&regions, 1, 0x14000, 0x16000, 2, 1, SEEP_TAG_UNKNOWN);
  expect_allocation(&regions, 2, 0x16000, 0x6C000, 0x56, 1, SEEP_TAG_MAPPED);
  expect_order(&regions);
  seep_regions_fini(&regions);

  list[1].size_bytes = 0;
  assert_int_equal(read_all(&regions, list, 5, 100, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(regions.cut && regions.row_count == 1);
  seep_regions_fini(&regions);

  list[1].base = 0x80000; /* nothing, but ahead of the rest */
  assert_int_equal(read_all(&regions, list, 5, 100, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(regions.cut && regions.row_count == 1);
  seep_regions_fini(&regions);

  list[1].base = UINT64_MAX - PAGE; /* wraps around */
  list[1].size_bytes = UINT64_MAX - 5;
  assert_int_equal(read_all(&regions, list, 5, 100, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(!regions.cut && regions.row_count == 2 && regions.rows[1].end == UINT64_MAX);
  expect_order(&regions);
  seep_regions_fini(&regions);
}

static void test_one_base_is_not_one_allocation_across_holes_and_types(void **state)
{
  (void)state;
  seep_region list[] = {
      region_of(0x10000, 1, 0x10000, COMMIT, PRIVATE),
      region_of(0x11000, 1, 0x10000, COMMIT, MAPPED),
      region_of(0x12000, 1, 0x10000, COMMIT, MAPPED),
      region_of(0x14000, 1, 0x10000, COMMIT, MAPPED),
  };
  seep_regions regions;
  assert_int_equal(read_all(&regions, list, 4, 100, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(regions.cut && regions.allocation_count == 3);
  expect_allocation(&regions, 1, 0x11000, 0x13000, 2, 2, SEEP_TAG_MAPPED);
  expect_order(&regions);
  seep_regions_fini(&regions);
}

static void test_strange_words_are_kept_apart(void **state)
{
  (void)state;
  seep_region list[] = {
      region_of(0x10000, 1, 0x10000, COMMIT, PRIVATE),
      region_of(0x11000, 1, 0x10000, 0x1ff3, PRIVATE), /* seen in a damaged file */
      region_of(0x12000, 1, 0x10000, RESERVE, PRIVATE),
      region_of(0x20000, 1, 0x20000, COMMIT, 0x80000000u),
  };
  seep_regions regions;
  assert_int_equal(read_all(&regions, list, 4, 100, SEEP_NOT_FOUND), SEEP_OK);
  expect_allocation(&regions, 0, 0x10000, 0x13000, 1, 3, SEEP_TAG_UNKNOWN);
  assert_int_equal(regions.rows[1].tag, SEEP_TAG_STRANGE);
  expect_allocation(&regions, 1, 0x20000, 0x21000, 1, 1, SEEP_TAG_STRANGE);
  assert_true(seep_regions_tag(&regions, 0x10000, SEEP_TAG_STACK));
  assert_int_equal(regions.rows[0].tag, SEEP_TAG_STACK);
  assert_int_equal(regions.rows[1].tag, SEEP_TAG_STRANGE);
  assert_int_equal(regions.rows[2].tag, SEEP_TAG_STACK);
  assert_false(seep_regions_tag(&regions, 0x20000, SEEP_TAG_HEAP));
  assert_int_equal(regions.rows[3].tag, SEEP_TAG_STRANGE);
  seep_regions_fini(&regions);
}

static void test_addresses_are_found(void **state)
{
  (void)state;
  enum { COUNT = 1000 };
  static seep_region list[2 * COUNT];
  for (size_t i = 0; i < COUNT; i++) { /* two regions, then a hole of one page */
    uint64_t base = 0x10000 + i * 4 * PAGE;
    list[2 * i] = region_of(base, 1, base, COMMIT, PRIVATE);
    list[2 * i + 1] = region_of(base + PAGE, 2, base, RESERVE, PRIVATE);
  }
  seep_regions regions;
  assert_int_equal(read_all(&regions, list, (size_t)2 * COUNT, 5000, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(seep_regions_find(&regions, 0) == SEEP_REGIONS_NONE);
  assert_true(seep_regions_find_row(&regions, 0xFFFF) == SEEP_REGIONS_NONE);
  assert_true(seep_regions_find(&regions, UINT64_MAX) == SEEP_REGIONS_NONE);
  for (size_t i = 0; i < COUNT; i++) {
    uint64_t base = 0x10000 + i * 4 * PAGE;
    assert_true(seep_regions_find(&regions, base) == i);
    assert_true(seep_regions_find(&regions, base + 3 * PAGE - 1) == i);
    assert_true(seep_regions_find(&regions, base + 3 * PAGE) == SEEP_REGIONS_NONE);
    assert_true(seep_regions_find_row(&regions, base + PAGE - 1) == 2 * i);
    assert_true(seep_regions_find_row(&regions, base + PAGE) == 2 * i + 1);
    assert_true(seep_regions_find_row(&regions, base + 3 * PAGE) == SEEP_REGIONS_NONE);
  }
  expect_order(&regions);
  seep_regions_fini(&regions);
}

static void test_the_first_tag_wins(void **state)
{
  (void)state;
  seep_region list[] = {
      region_of(0x10000, 1, 0x10000, COMMIT, PRIVATE), region_of(0x11000, 1, 0x10000, RESERVE, PRIVATE),
      region_of(0x20000, 1, 0x20000, COMMIT, MAPPED),  region_of(0x30000, 1, 0x30000, COMMIT, IMAGE),
      region_of(0x40000, 1, 0x40000, COMMIT, MAPPED),
  };
  seep_regions regions;
  assert_int_equal(read_all(&regions, list, 5, 100, SEEP_NOT_FOUND), SEEP_OK);
  assert_true(seep_regions_tag(&regions, 0x11abc, SEEP_TAG_HEAP));
  assert_true(regions.allocations[0].tagged);
  assert_int_equal(regions.rows[0].tag, SEEP_TAG_HEAP);
  assert_int_equal(regions.rows[1].tag, SEEP_TAG_HEAP);
  assert_true(seep_regions_tag(&regions, 0x10000, SEEP_TAG_HEAP)); /* it has it already */
  assert_false(seep_regions_tag(&regions, 0x10000, SEEP_TAG_STACK));
  assert_false(seep_regions_tag(&regions, 0x10000, SEEP_TAG_HEAP_LARGE));
  assert_int_equal(regions.allocations[0].tag, SEEP_TAG_HEAP);
  assert_false(seep_regions_tag(&regions, 0x12000, SEEP_TAG_HEAP)); /* nobody is there */

  assert_false(seep_regions_tag(&regions, 0x20000, SEEP_TAG_STACK)); /* a stack is not mapped */
  assert_true(seep_regions_tag(&regions, 0x20000, SEEP_TAG_HEAP));
  assert_true(seep_regions_tag(&regions, 0x20000, SEEP_TAG_HEAP));
  assert_int_equal(regions.allocations[1].tag, SEEP_TAG_HEAP_MAPPED);
  assert_int_equal(regions.rows[2].tag, SEEP_TAG_HEAP_MAPPED);
  assert_true(seep_regions_tag(&regions, 0x40000, SEEP_TAG_HEAP_LARGE));
  assert_int_equal(regions.allocations[3].tag, SEEP_TAG_HEAP_MAPPED);

  assert_false(seep_regions_tag(&regions, 0x30000, SEEP_TAG_HEAP));
  assert_int_equal(regions.allocations[2].tag, SEEP_TAG_IMAGE);
  seep_regions_fini(&regions);
}

static void expect_rows(const seep_regions *regions, const uint64_t *ends, const seep_tag *tags, size_t count)
{
  assert_int_equal(regions->row_count, count);
  for (size_t i = 0; i < count; i++) {
    assert_true(regions->rows[i].end == ends[i]);
    assert_int_equal(regions->rows[i].tag, tags[i]);
  }
  expect_order(regions);
}

static void test_a_part_is_cut_out(void **state)
{
  (void)state;
  seep_region list[] = {
      region_of(0x10000, 8, 0x10000, COMMIT, PRIVATE),
      region_of(0x18000, 8, 0x10000, RESERVE, PRIVATE),
      region_of(0x20000, 8, 0x20000, COMMIT, PRIVATE),
      region_of(0x28000, 8, 0x28000, COMMIT, MAPPED),
  };
  const seep_tag pages = SEEP_TAG_HEAP_PAGES, none = SEEP_TAG_UNKNOWN;
  seep_regions regions;
  assert_int_equal(read_all(&regions, list, 4, 100, SEEP_NOT_FOUND), SEEP_OK);
  assert_int_equal(seep_regions_tag_range(&regions, 0x12000, 0x1a000, pages), SEEP_OK);
  assert_int_equal(seep_regions_tag_range(&regions, 0x12000, 0x12000, pages), SEEP_OK);
  assert_int_equal(seep_regions_tag_range(&regions, 0x13000, 0x12000, pages), SEEP_OK);
  const uint64_t ends[] = {0x12000, 0x18000, 0x1a000, 0x20000, 0x28000, 0x30000};
  const seep_tag tags[] = {none, pages, pages, none, none, SEEP_TAG_MAPPED};
  expect_rows(&regions, ends, tags, 6);
  assert_false(regions.allocations[0].tagged);

  /* The rest of it may still get another tag, and a part that has one keeps it. */
  assert_true(seep_regions_tag(&regions, 0x10000, SEEP_TAG_HEAP_TREE));
  assert_int_equal(seep_regions_tag_range(&regions, 0x10000, UINT64_MAX, SEEP_TAG_MANAGED), SEEP_OK);
  const seep_tag later[] = {SEEP_TAG_HEAP_TREE, pages,          pages, SEEP_TAG_HEAP_TREE,
                            SEEP_TAG_MANAGED,   SEEP_TAG_MAPPED};
  expect_rows(&regions, ends, later, 6);
  seep_regions_fini(&regions);
}

/* Many ranges in no order, whole allocations in between, against one tag for each page. */
enum { ALLOCATIONS = 3000, PAGES_EACH = 16, PAGES_ALL = ALLOCATIONS * PAGES_EACH };

static uint32_t next_random(uint32_t *seed)
{
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

static void test_many_parts_are_what_a_map_of_pages_says(void **state)
{
  (void)state;
  static seep_region list[ALLOCATIONS];
  static uint8_t map[PAGES_ALL]; /* SEEP_TAG_UNKNOWN is 0 */
  uint32_t seed = 5;
  seep_regions regions;
  for (size_t i = 0; i < ALLOCATIONS; i++) {
    uint64_t base = (i + 1) * PAGES_EACH * PAGE;
    list[i] = region_of(base, PAGES_EACH, base, COMMIT, PRIVATE);
  }
  assert_int_equal(read_all(&regions, list, ALLOCATIONS, 100000, SEEP_NOT_FOUND), SEEP_OK);
  for (int step = 0; step < 4000; step++) {
    uint32_t first = next_random(&seed) % PAGES_ALL, length = next_random(&seed) % 24;
    seep_tag tag = step % 2 == 0 ? SEEP_TAG_HEAP_PAGES : SEEP_TAG_MANAGED;
    if (step % 5 == 4) { /* a whole allocation */
      bool *tagged = &regions.allocations[first / PAGES_EACH].tagged;
      for (uint32_t i = first / PAGES_EACH * PAGES_EACH, n = 0; n < PAGES_EACH && !*tagged; n++) {
        map[i + n] = map[i + n] == SEEP_TAG_UNKNOWN ? (uint8_t)SEEP_TAG_HEAP : map[i + n];
      }
      seep_regions_tag(&regions, (first + PAGES_EACH) * PAGE, SEEP_TAG_HEAP);
      continue;
    }
    uint64_t base = (first + PAGES_EACH) * PAGE;
    assert_int_equal(seep_regions_tag_range(&regions, base, base + length * PAGE, tag), SEEP_OK);
    for (uint32_t i = first; i < first + length && i < PAGES_ALL; i++) {
      map[i] = map[i] == SEEP_TAG_UNKNOWN ? (uint8_t)tag : map[i];
    }
  }
  seep_regions_settle(&regions);
  expect_order(&regions);
  for (size_t page = 0; page < PAGES_ALL; page++) {
    size_t row = seep_regions_find_row(&regions, (page + PAGES_EACH) * PAGE);
    assert_int_equal(regions.rows[row].tag, map[page]);
  }
  seep_regions_fini(&regions);
}

/* With so many regions a range that needs a split waits; what comes later must not get before it. */
static void test_a_range_that_waits_is_still_the_first(void **state)
{
  (void)state;
  enum { COUNT = 3000 };
  static seep_region list[COUNT];
  seep_regions regions;
  for (size_t i = 0; i < COUNT; i++) {
    uint64_t base = 0x10000 * (i + 1);
    list[i] = region_of(base, 8, base, COMMIT, PRIVATE);
  }
  assert_int_equal(read_all(&regions, list, COUNT, 100000, SEEP_NOT_FOUND), SEEP_OK);
  assert_int_equal(seep_regions_tag_range(&regions, 0x12000, 0x14000, SEEP_TAG_HEAP_PAGES), SEEP_OK);
  assert_true(regions.row_count == COUNT); /* not yet */
  assert_int_equal(seep_regions_tag_range(&regions, 0x10000, 0x18000, SEEP_TAG_MANAGED), SEEP_OK);
  seep_regions_settle(&regions);
  assert_true(regions.row_count == COUNT + 2);
  assert_int_equal(regions.rows[0].tag, SEEP_TAG_MANAGED);
  assert_int_equal(regions.rows[1].tag, SEEP_TAG_HEAP_PAGES);
  assert_int_equal(regions.rows[2].tag, SEEP_TAG_MANAGED);
  expect_order(&regions);
  seep_regions_fini(&regions);
}

/* 8,192 page segments inside one region, beside 50,000 other regions, from the last to the first and in steps
 * that scatter them: were each to move all rows, this would be 16 thousand million bytes. */
static void test_thousands_of_page_segments_in_one_region(void **state)
{
  (void)state;
  enum { SEGMENTS = 8192, OTHERS = 50000 };
  seep_region *list = calloc(OTHERS + 1, sizeof *list);
  uint64_t big = UINT64_C(0x10000000000), size = 0x100000;
  assert_non_null(list);
  for (size_t i = 0; i < OTHERS; i++) {
    list[i] = region_of(0x10000 * (i + 1), 1, 0x10000 * (i + 1), COMMIT, PRIVATE);
  }
  list[OTHERS] = region_of(big, SEGMENTS * size / PAGE, big, COMMIT, PRIVATE);
  seep_regions regions;
  assert_int_equal(read_all(&regions, list, OTHERS + 1, 100000, SEEP_NOT_FOUND), SEEP_OK);
  for (uint64_t i = 0; i < SEGMENTS / 2; i++) { /* 2,731 is odd: every second place is met once */
    uint64_t base = big + (i * 2731 % (SEGMENTS / 2)) * 2 * size;
    assert_int_equal(seep_regions_tag_range(&regions, base, base + size, SEEP_TAG_HEAP_PAGES), SEEP_OK);
  }
  seep_regions_settle(&regions);
  assert_true(regions.row_count == OTHERS + SEGMENTS);
  expect_order(&regions);
  for (size_t i = 0; i < SEGMENTS; i++) {
    assert_int_equal(regions.rows[OTHERS + i].tag, i % 2 == 0 ? SEEP_TAG_HEAP_PAGES : SEEP_TAG_UNKNOWN);
  }
  seep_regions_fini(&regions);
  free(list);
}

static void test_every_tag_has_its_words(void **state)
{
  (void)state;
  for (int tag = 0; tag < SEEP_TAGS; tag++) {
    const char *text = seep_regions_tag_text((seep_tag)tag);
    assert_non_null(text);
    for (int other = 0; other < tag; other++) {
      assert_string_not_equal(text, seep_regions_tag_text((seep_tag)other));
    }
  }
  assert_string_equal(seep_regions_tag_text(SEEP_TAG_HEAP), "Heap");
  assert_string_equal(seep_regions_tag_text(SEEP_TAGS), "Unclassified");
  assert_true(seep_regions_is_heap(SEEP_TAG_HEAP) && seep_regions_is_heap(SEEP_TAG_HEAP_UNPROVEN));
  assert_false(seep_regions_is_heap(SEEP_TAG_MAPPED) || seep_regions_is_heap(SEEP_TAG_STACK));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_regions_are_grouped_into_allocations),
      cmocka_unit_test(test_no_list_is_not_an_empty_list),
      cmocka_unit_test(test_an_end_too_early_is_a_cut_or_a_failure),
      cmocka_unit_test(test_the_bound_is_on_regions_in_use_and_on_free_ones),
      cmocka_unit_test(test_what_overlaps_is_clipped_and_what_stands_still_ends_it),
      cmocka_unit_test(test_one_base_is_not_one_allocation_across_holes_and_types),
      cmocka_unit_test(test_strange_words_are_kept_apart),
      cmocka_unit_test(test_addresses_are_found),
      cmocka_unit_test(test_the_first_tag_wins),
      cmocka_unit_test(test_a_part_is_cut_out),
      cmocka_unit_test(test_many_parts_are_what_a_map_of_pages_says),
      cmocka_unit_test(test_a_range_that_waits_is_still_the_first),
      cmocka_unit_test(test_thousands_of_page_segments_in_one_region),
      cmocka_unit_test(test_every_tag_has_its_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
