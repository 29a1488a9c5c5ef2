/* Sums over tagged regions: by tag, type, state, protection, size; and the rows of the two tables. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "memory/usage.h"

#define PAGE SEEP_REGION_PAGE_BYTES
#define COMMIT SEEP_REGION_COMMIT
#define RESERVE SEEP_REGION_RESERVE
#define PRIVATE SEEP_REGION_PRIVATE
#define MAPPED SEEP_REGION_MAPPED
#define IMAGE SEEP_REGION_IMAGE
#define UNKNOWN_BYTES SEEP_REGION_BYTES_UNKNOWN

typedef struct list {
  seep_region regions[200];
  size_t count, told;
} list;

static seep_status tell(void *context, uint64_t address, seep_region *out, seep_error *error)
{
  list *all = context;
  (void)address;
  (void)error;
  if (all->told == all->count) {
    return SEEP_NOT_FOUND;
  }
  *out = all->regions[all->told++];
  return SEEP_OK;
}

/* A further region of this many pages behind the last one; begins: of an allocation of its own. */
static void add(list *all, uint64_t pages, bool begins, uint32_t state, uint32_t type, uint32_t protect)
{
  const seep_region *last = all->count > 0 ? &all->regions[all->count - 1] : NULL;
  uint64_t base = last != NULL ? last->base + last->size_bytes : 0x10000;
  assert_true(all->count < 200);
  seep_region region = {.base = base,
                        .size_bytes = pages * PAGE,
                        .allocation_base = begins ? base : last->allocation_base,
                        .allocation_protect = protect,
                        .protect = protect,
                        .state = state,
                        .type = type,
                        .private_bytes = UNKNOWN_BYTES};
  all->regions[all->count++] = region;
}

static void read_list(seep_regions *regions, list *all)
{
  seep_target target = {.context = all, .region = tell};
  seep_regions_init(regions);
  assert_int_equal(seep_regions_read(regions, &target, 1000, NULL), SEEP_OK);
}

/* Pages. */
static void expect(const seep_usage_sum *sum, uint64_t allocations, uint64_t regions, uint64_t total,
                   uint64_t committed, uint64_t private_pages)
{
  assert_true(sum->allocations == allocations);
  assert_true(sum->regions == regions);
  assert_true(sum->total_bytes == total * PAGE);
  assert_true(sum->committed_bytes == committed * PAGE);
  assert_true(sum->private_bytes == private_pages * PAGE);
}

static void test_nothing_sums_up_to_nothing(void **state)
{
  (void)state;
  seep_usage usage;
  seep_regions regions;
  seep_regions_init(&regions);
  memset(&usage, 0xa5, sizeof usage);
  seep_usage_sum_up(&usage, &regions);
  const seep_usage empty = {0};
  assert_memory_equal(&usage, &empty, sizeof usage);
}

static void test_each_type_is_summed_apart(void **state)
{
  (void)state;
  list all = {.count = 0};
  add(&all, 1, true, COMMIT, PRIVATE, 4);
  add(&all, 2, false, RESERVE, PRIVATE, 0);
  add(&all, 4, true, COMMIT, MAPPED, 2);
  add(&all, 8, true, COMMIT, IMAGE, 0x20);
  add(&all, 16, false, RESERVE, IMAGE, 0);
  add(&all, 32, true, COMMIT, PRIVATE, 4);
  all.regions[2].private_bytes = 3 * PAGE; /* and of the image nobody knows */
  seep_regions regions;
  seep_usage usage;
  read_list(&regions, &all);
  regions.free_regions = 9;
  regions.free_bytes = 99;
  seep_usage_sum_up(&usage, &regions);
  expect(&usage.types[0], 2, 3, 35, 33, 33);
  expect(&usage.types[1], 1, 1, 4, 4, 3);
  expect(&usage.types[2], 1, 2, 24, 8, 0);
  assert_true(!usage.types[0].private_bytes_unknown && !usage.types[1].private_bytes_unknown);
  assert_true(usage.types[2].private_bytes_unknown);
  expect(&usage.tags[SEEP_TAG_UNKNOWN], 2, 3, 35, 33, 33);
  expect(&usage.tags[SEEP_TAG_MAPPED], 1, 1, 4, 4, 3);
  expect(&usage.tags[SEEP_TAG_IMAGE], 1, 2, 24, 8, 0);
  assert_true(usage.tags[SEEP_TAG_IMAGE].private_bytes_unknown);
  assert_true(usage.commit.regions == 4 && usage.commit.total_bytes == 45 * PAGE);
  assert_true(usage.reserve.regions == 2 && usage.reserve.total_bytes == 18 * PAGE);
  assert_true(usage.free_regions == 9 && usage.free_bytes == 99);
  assert_true(usage.largest[SEEP_TAG_UNKNOWN].bytes == 32 * PAGE);
  assert_true(usage.largest[SEEP_TAG_UNKNOWN].base == regions.rows[5].base);
  assert_true(usage.largest[SEEP_TAG_IMAGE].bytes == 16 * PAGE);
  assert_true(usage.largest[SEEP_TAG_HEAP].bytes == 0);
  seep_regions_fini(&regions);
}

static void test_an_allocation_of_several_tags_counts_for_each(void **state)
{
  (void)state;
  list all = {.count = 0};
  add(&all, 16, true, COMMIT, PRIVATE, 4);
  add(&all, 16, false, RESERVE, PRIVATE, 0);
  seep_regions regions;
  seep_usage usage;
  read_list(&regions, &all);
  assert_int_equal(
      seep_regions_tag_range(&regions, 0x10000 + 12 * PAGE, 0x10000 + 20 * PAGE, SEEP_TAG_HEAP_PAGES),
      SEEP_OK);
  seep_usage_sum_up(&usage, &regions);
  expect(&usage.types[0], 1, 4, 32, 16, 16);
  expect(&usage.tags[SEEP_TAG_HEAP_PAGES], 1, 2, 8, 4, 4);
  expect(&usage.tags[SEEP_TAG_UNKNOWN], 1, 2, 24, 12, 12);
  assert_int_equal(usage.sizes[SEEP_TAG_HEAP_PAGES][2], 1); /* 16 KB */
  assert_int_equal(usage.sizes[SEEP_TAG_UNKNOWN][4], 1);    /* 48 KB: up to 64 */
  seep_regions_fini(&regions);
}

static void test_strange_words_have_a_place_of_their_own(void **state)
{
  (void)state;
  list all = {.count = 0};
  add(&all, 1, true, COMMIT, PRIVATE, 4);
  add(&all, 2, false, 0x1ff3, PRIVATE, 4); /* no state: bytes nowhere */
  add(&all, 4, true, COMMIT, 0x7, 4);      /* no type */
  seep_regions regions;
  seep_usage usage;
  read_list(&regions, &all);
  seep_usage_sum_up(&usage, &regions);
  expect(&usage.types[0], 1, 1, 1, 1, 1);
  expect(&usage.tags[SEEP_TAG_STRANGE], 2, 2, 4, 4, 0);
  assert_true(usage.tags[SEEP_TAG_STRANGE].private_bytes_unknown);
  expect(&usage.tags[SEEP_TAG_UNKNOWN], 1, 1, 1, 1, 1);
  assert_true(usage.commit.total_bytes == 5 * PAGE && usage.reserve.regions == 0);
  seep_usage_sum sum;
  seep_usage_row_sum(&usage, SEEP_USAGE_ROW_STRANGE, &sum);
  expect(&sum, 2, 2, 4, 4, 0);
  seep_usage_row_sum(&usage, SEEP_USAGE_ROW_PRIVATE, &sum);
  expect(&sum, 1, 1, 1, 1, 1);
  seep_regions_fini(&regions);
}

static void test_protections_are_ranked(void **state)
{
  (void)state;
  list all = {.count = 0};
  add(&all, 1, true, COMMIT, PRIVATE, 2);
  add(&all, 5, false, COMMIT, PRIVATE, 0x104);
  add(&all, 3, false, COMMIT, PRIVATE, 4);
  add(&all, 3, true, COMMIT, MAPPED, 4);
  add(&all, 50, false, RESERVE, PRIVATE, 0x40); /* has none */
  seep_regions regions;
  seep_usage usage;
  read_list(&regions, &all);
  seep_usage_sum_up(&usage, &regions);
  assert_int_equal(usage.protect_count, 3);
  assert_true(usage.protects[0].protect == 4 && usage.protects[0].regions == 2);
  assert_true(usage.protects[0].bytes == 6 * PAGE);
  assert_true(usage.protects[1].protect == 0x104 && usage.protects[1].bytes == 5 * PAGE);
  assert_true(usage.protects[2].protect == 2 && usage.protects[2].bytes == PAGE);
  assert_false(usage.protects_collected);
  seep_regions_fini(&regions);
}

static void test_the_last_protection_collects(void **state)
{
  (void)state;
  const size_t counts[] = {16, 17, 100};
  for (size_t n = 0; n < 3; n++) {
    list all = {.count = 0};
    uint64_t bytes = 0, regions_counted = 0;
    for (size_t i = 0; i < counts[n]; i++) { /* rising: the largest come last */
      add(&all, i + 1, true, COMMIT, PRIVATE, (uint32_t)(1000 + i));
    }
    seep_regions regions;
    seep_usage usage;
    read_list(&regions, &all);
    seep_usage_sum_up(&usage, &regions);
    assert_int_equal(usage.protect_count, SEEP_USAGE_PROTECTS);
    assert_int_equal(usage.protects_collected, counts[n] > SEEP_USAGE_PROTECTS);
    for (size_t i = 0; i < SEEP_USAGE_PROTECTS; i++) {
      bytes += usage.protects[i].bytes;
      regions_counted += usage.protects[i].regions;
      assert_true(i == 0 || i == SEEP_USAGE_PROTECTS - 1 ||
                  usage.protects[i].bytes < usage.protects[i - 1].bytes);
    }
    assert_true(bytes == usage.commit.total_bytes && regions_counted == counts[n]);
    if (counts[n] == 17) {
      assert_true(usage.protects[0].protect == 1016 && usage.protects[15].bytes == 3 * PAGE);
    }
    seep_regions_fini(&regions);
  }
}

static void test_sizes_are_of_private_memory_that_is_committed(void **state)
{
  (void)state;
  list all = {.count = 0};
  add(&all, 1, true, COMMIT, PRIVATE, 4);
  add(&all, 2, true, COMMIT, PRIVATE, 4);
  add(&all, 3, true, COMMIT, PRIVATE, 4);
  add(&all, 4, true, COMMIT, PRIVATE, 4);
  add(&all, 100, false, RESERVE, PRIVATE, 0);
  add(&all, 100, true, RESERVE, PRIVATE, 0);
  add(&all, 100, true, COMMIT, MAPPED, 4);
  seep_regions regions;
  seep_usage usage;
  read_list(&regions, &all);
  assert_true(seep_regions_tag(&regions, 0x10000, SEEP_TAG_HEAP_LARGE));
  seep_usage_sum_up(&usage, &regions);
  assert_int_equal(usage.sizes[SEEP_TAG_HEAP_LARGE][0], 1);
  const uint32_t *sizes = usage.sizes[SEEP_TAG_UNKNOWN];
  assert_true(sizes[0] == 0 && sizes[1] == 1 && sizes[2] == 2);
  for (size_t i = 0; i < SEEP_USAGE_SIZES; i++) {
    assert_true(usage.sizes[SEEP_TAG_MAPPED][i] == 0 && (i < 3 || sizes[i] == 0));
  }
  seep_regions_fini(&regions);
}

static void test_size_classes_double(void **state)
{
  (void)state;
  assert_int_equal(seep_usage_size_class(0), 0);
  assert_int_equal(seep_usage_size_class(PAGE), 0);
  for (unsigned i = 0; i + 1 < SEEP_USAGE_SIZES; i++) {
    assert_true(seep_usage_size_end(i) == PAGE << i);
    assert_int_equal(seep_usage_size_class(seep_usage_size_end(i)), i);
    assert_int_equal(seep_usage_size_class(seep_usage_size_end(i) + 1), i + 1);
  }
  assert_int_equal(seep_usage_size_class(UINT64_MAX), SEEP_USAGE_SIZES - 1);
  assert_true(seep_usage_size_end(SEEP_USAGE_SIZES - 1) == UINT64_MAX);
}

static void test_each_tag_is_in_one_row_of_each_table(void **state)
{
  (void)state;
  static const struct {
    const char *row, *address;
  } words[SEEP_TAGS] = {
      [SEEP_TAG_UNKNOWN] = {"Private Data", "<unknown>"},
      [SEEP_TAG_IMAGE] = {"Image", "Image"},
      [SEEP_TAG_MAPPED] = {"Mapped File + Shareable", "Mapped"},
      [SEEP_TAG_HEAP] = {"Heap", "Heap"},
      [SEEP_TAG_HEAP_LARGE] = {"Heap", "Heap"},
      [SEEP_TAG_HEAP_FRONT_END] = {"Heap", "Heap"},
      [SEEP_TAG_HEAP_PAGES] = {"Heap", "Heap"},
      [SEEP_TAG_HEAP_TREE] = {"Heap", "Heap"},
      [SEEP_TAG_HEAP_MAPPED] = {"Mapped File + Shareable", "Heap"},
      [SEEP_TAG_HEAP_UNPROVEN] = {"Heap (unproven)", "Heap?"},
      [SEEP_TAG_STACK] = {"Stack", "Stack"},
      [SEEP_TAG_STACK_SHAPE] = {"Stack", "Stack?"},
      [SEEP_TAG_TEB] = {"Private Data", "TEB"},
      [SEEP_TAG_OTHER] = {"Private Data", "Other"},
      [SEEP_TAG_MANAGED] = {"Managed Heap", "<unknown>"},
      [SEEP_TAG_CODE] = {"Private Data", "<unknown>"},
      [SEEP_TAG_STRANGE] = {"Unclassified", "Other"},
  };
  for (int tag = 0; tag < SEEP_TAGS; tag++) {
    assert_string_equal(seep_usage_row_text(seep_usage_row_of((seep_tag)tag)), words[tag].row);
    assert_string_equal(seep_usage_address_text(seep_usage_address_of((seep_tag)tag)), words[tag].address);
  }
  assert_string_equal(seep_usage_row_text(SEEP_USAGE_ROWS), "Unclassified");
  assert_string_equal(seep_usage_address_text(SEEP_USAGE_ADDRESS_ROWS), "Other");
}

static void test_rows_add_their_tags(void **state)
{
  (void)state;
  seep_usage usage;
  seep_usage_sum all = {0}, sum;
  memset(&usage, 0, sizeof usage);
  for (size_t tag = 0; tag < SEEP_TAGS; tag++) {
    uint64_t bit = UINT64_C(1) << tag;
    usage.tags[tag] = (seep_usage_sum){bit, bit, bit, bit, bit, tag == SEEP_TAG_TEB};
    usage.largest[tag].base = tag;
    usage.largest[tag].bytes = bit;
  }
  for (int row = 0; row < SEEP_USAGE_ROWS; row++) {
    seep_usage_row_sum(&usage, (seep_usage_row)row, &sum);
    assert_true(sum.regions != 0 && (all.regions & sum.regions) == 0); /* a bit for each tag */
    assert_true(sum.allocations == sum.regions && sum.total_bytes == sum.regions);
    assert_true(sum.committed_bytes == sum.regions && sum.private_bytes == sum.regions);
    assert_int_equal(sum.private_bytes_unknown, row == SEEP_USAGE_ROW_PRIVATE);
    all.regions |= sum.regions;
  }
  assert_true(all.regions == (UINT64_C(1) << SEEP_TAGS) - 1);
  all.regions = 0;
  for (int row = 0; row < SEEP_USAGE_ADDRESS_ROWS; row++) {
    uint64_t base, bytes;
    seep_usage_address_sum(&usage, (seep_usage_address)row, &sum);
    assert_true(sum.regions != 0 && (all.regions & sum.regions) == 0);
    all.regions |= sum.regions;
    seep_usage_address_largest(&usage, (seep_usage_address)row, &base, &bytes);
    assert_true(bytes <= sum.regions && bytes > sum.regions / 2 && bytes == UINT64_C(1) << base);
  }
  assert_true(all.regions == (UINT64_C(1) << SEEP_TAGS) - 1);
}

static void test_sums_saturate(void **state)
{
  (void)state;
  seep_usage usage;
  seep_usage_sum sum;
  memset(&usage, 0, sizeof usage);
  usage.tags[SEEP_TAG_HEAP].total_bytes = UINT64_MAX - 1;
  usage.tags[SEEP_TAG_HEAP_LARGE].total_bytes = 2;
  usage.tags[SEEP_TAG_HEAP].committed_bytes = UINT64_MAX - 1;
  usage.tags[SEEP_TAG_HEAP_LARGE].committed_bytes = 1; /* just not yet */
  seep_usage_row_sum(&usage, SEEP_USAGE_ROW_HEAP, &sum);
  assert_true(sum.total_bytes == UINT64_MAX && sum.committed_bytes == UINT64_MAX);
  uint64_t base = 1, bytes = 1;
  seep_usage_address_largest(&usage, SEEP_USAGE_ADDRESS_HEAP, &base, &bytes);
  assert_true(base == 0 && bytes == 0); /* there is none */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_nothing_sums_up_to_nothing),
      cmocka_unit_test(test_each_type_is_summed_apart),
      cmocka_unit_test(test_an_allocation_of_several_tags_counts_for_each),
      cmocka_unit_test(test_strange_words_have_a_place_of_their_own),
      cmocka_unit_test(test_protections_are_ranked),
      cmocka_unit_test(test_the_last_protection_collects),
      cmocka_unit_test(test_sizes_are_of_private_memory_that_is_committed),
      cmocka_unit_test(test_size_classes_double),
      cmocka_unit_test(test_each_tag_is_in_one_row_of_each_table),
      cmocka_unit_test(test_rows_add_their_tags),
      cmocka_unit_test(test_sums_saturate),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
