/*
 * Sparse memory and regions of a synthetic process, and the seep_target that shows them. Heaps are in
 * image_nt.c and image_segment.c, PEB, TEBs and whole processes in image_process.c.
 */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static void require(bool condition)
{
  if (!condition) {
    abort();
  }
}

/* ---- memory ---- */

/* Index of the first page at address or above. */
static size_t page_index(const memory_image *image, uint64_t address)
{
  size_t low = 0, high = image->page_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (image->pages[middle]->address < address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static image_page *find_page(const memory_image *image, uint64_t address)
{
  uint64_t base = address & ~(uint64_t)(IMAGE_PAGE - 1);
  size_t index = page_index(image, base);
  return index < image->page_count && image->pages[index]->address == base ? image->pages[index] : NULL;
}

static image_page *make_page(memory_image *image, uint64_t address)
{
  image_page *page = find_page(image, address);
  if (page != NULL) {
    return page;
  }
  page = calloc(1, sizeof *page);
  require(page != NULL);
  page->address = address & ~(uint64_t)(IMAGE_PAGE - 1);
  void *items = image->pages;
  require(seep_array_reserve(&items, &image->page_capacity, image->page_count + 1, sizeof *image->pages));
  image->pages = items;
  size_t index = page_index(image, page->address);
  memmove(image->pages + index + 1, image->pages + index, (image->page_count - index) * sizeof *image->pages);
  image->pages[index] = page;
  image->page_count++;
  return page;
}

void image_write(memory_image *image, uint64_t address, const void *bytes, size_t size)
{
  const uint8_t *from = bytes;
  while (size > 0) {
    size_t offset = (size_t)(address % IMAGE_PAGE);
    size_t part = IMAGE_PAGE - offset < size ? IMAGE_PAGE - offset : size;
    memcpy(make_page(image, address)->bytes + offset, from, part);
    from += part;
    address += part;
    size -= part;
  }
}

void image_put(memory_image *image, uint64_t address, uint64_t value, unsigned size)
{
  uint8_t bytes[8];
  require(size <= sizeof bytes);
  for (unsigned i = 0; i < size; i++) {
    bytes[i] = (uint8_t)(value >> (8 * i));
  }
  image_write(image, address, bytes, size);
}

uint64_t image_get(memory_image *image, uint64_t address, unsigned size)
{
  uint64_t value = 0;
  require(size <= sizeof value);
  for (unsigned i = 0; i < size; i++) {
    const image_page *page = find_page(image, address + i);
    uint64_t byte = page != NULL ? page->bytes[(address + i) % IMAGE_PAGE] : 0;
    value |= byte << (8 * i);
  }
  return value;
}

void image_hide(memory_image *image, uint64_t address, bool hidden)
{
  make_page(image, address)->hidden = hidden;
}

/* ---- regions ---- */

void image_region(memory_image *image, const seep_region *region)
{
  void *items = image->regions;
  require(
      seep_array_reserve(&items, &image->region_capacity, image->region_count + 1, sizeof *image->regions));
  image->regions = items;
  image->regions[image->region_count++] = *region;
  image->regions_sorted = false;
}

void image_allocation_as(memory_image *image, uint64_t base, uint64_t leading_bytes, uint64_t committed_bytes,
                         uint64_t trailing_bytes, uint32_t type, uint32_t protect)
{
  const uint64_t sizes[] = {leading_bytes, committed_bytes, trailing_bytes};
  seep_region region = {.base = base, .allocation_base = base, .allocation_protect = protect, .type = type};
  region.private_bytes = SEEP_REGION_BYTES_UNKNOWN;
  for (size_t i = 0; i < 3; i++) {
    region.size_bytes = sizes[i];
    region.state = i == 1 ? SEEP_REGION_COMMIT : SEEP_REGION_RESERVE;
    region.protect = i == 1 ? protect : 0;
    if (sizes[i] > 0) {
      image_region(image, &region);
      region.base += sizes[i];
    }
  }
}

void image_allocation(memory_image *image, uint64_t base, uint64_t leading_bytes, uint64_t committed_bytes,
                      uint64_t trailing_bytes)
{
  image_allocation_as(image, base, leading_bytes, committed_bytes, trailing_bytes, SEEP_REGION_PRIVATE,
                      SEEP_REGION_PAGE_READWRITE);
}

seep_region *image_find_region(memory_image *image, uint64_t base)
{
  for (size_t i = 0; i < image->region_count; i++) {
    if (image->regions[i].base == base) {
      return &image->regions[i];
    }
  }
  return NULL;
}

static uint64_t sum_bytes(const memory_image *image, uint64_t allocation_base, bool committed_only)
{
  uint64_t bytes = 0;
  for (size_t i = 0; i < image->region_count; i++) {
    const seep_region *region = &image->regions[i];
    bool counts =
        region->state == SEEP_REGION_COMMIT || (!committed_only && region->state == SEEP_REGION_RESERVE);
    bytes += counts && region->allocation_base == allocation_base ? region->size_bytes : 0;
  }
  return bytes;
}

uint64_t image_total_bytes(const memory_image *image, uint64_t allocation_base)
{
  return sum_bytes(image, allocation_base, false);
}

uint64_t image_committed_bytes(const memory_image *image, uint64_t allocation_base)
{
  return sum_bytes(image, allocation_base, true);
}

/* ---- the target ---- */

static int by_base(const void *left, const void *right)
{
  const seep_region *a = left, *b = right;
  return a->base < b->base ? -1 : a->base > b->base;
}

static void sort_regions(memory_image *image)
{
  if (!image->regions_sorted && image->region_count > 0) {
    qsort(image->regions, image->region_count, sizeof *image->regions, by_base);
  }
  image->regions_sorted = true;
}

/* Index of the first region that ends above address; region_count when there is none. */
static size_t region_index(memory_image *image, uint64_t address)
{
  sort_regions(image);
  size_t low = 0, high = image->region_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (image->regions[middle].base + image->regions[middle].size_bytes > address) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

static bool fails(const memory_image *image, uint64_t number, uint64_t fail_at)
{
  return fail_at != 0 && (number == fail_at || (image->fail_stays && number > fail_at));
}

static seep_status tell_region(void *context, uint64_t address, seep_region *out, seep_error *error)
{
  memory_image *image = context;
  image->region_calls++;
  if (image->no_region_list) {
    return SEEP_UNSUPPORTED;
  }
  if (fails(image, image->region_calls, image->fail_region)) {
    return seep_error_set(error, image->fail_status, SEEP_DOMAIN_NONE, 0, "tell a region", NULL);
  }
  size_t index = region_index(image, address);
  while (index < image->region_count && image->regions[index].base >= image->untold_from &&
         image->regions[index].base < image->untold_to) {
    index++;
  }
  if (index == image->region_count) {
    return SEEP_NOT_FOUND;
  }
  const seep_region *region = &image->regions[index];
  if (image->list_free && region->base > address) {
    *out = (seep_region){.base = address,
                         .size_bytes = region->base - address,
                         .state = SEEP_REGION_FREE,
                         .protect = SEEP_REGION_PAGE_NOACCESS,
                         .private_bytes = SEEP_REGION_BYTES_UNKNOWN};
    return SEEP_OK;
  }
  *out = *region;
  return SEEP_OK;
}

static bool readable(memory_image *image, uint64_t address)
{
  size_t index = region_index(image, address);
  return index < image->region_count && image->regions[index].base <= address &&
         image->regions[index].state == SEEP_REGION_COMMIT &&
         (image->regions[index].protect & (SEEP_REGION_PAGE_NOACCESS | SEEP_REGION_PAGE_GUARD)) == 0;
}

static bool copy_page(memory_image *image, uint64_t address, uint8_t *out, size_t size)
{
  const image_page *page = find_page(image, address);
  if (!readable(image, address) || (page != NULL && page->hidden)) {
    return false;
  }
  if (page == NULL) {
    memset(out, 0, size);
  } else {
    memcpy(out, page->bytes + address % IMAGE_PAGE, size);
  }
  return true;
}

static bool all_readable(memory_image *image, uint64_t address, size_t bytes)
{
  uint64_t last = address + bytes - 1;
  for (uint64_t at = address; at <= last; at += IMAGE_PAGE - at % IMAGE_PAGE) {
    uint8_t unused;
    if (!copy_page(image, at, &unused, 1)) {
      return false;
    }
  }
  return true;
}

static seep_status read_bytes(void *context, uint64_t address, void *out, size_t bytes)
{
  memory_image *image = context;
  image->reads++;
  if (image->before_read != NULL) {
    image->before_read(image, image->reads, image->before_read_context);
  }
  if (fails(image, image->reads, image->fail_read)) {
    return image->fail_status;
  }
  require(bytes > 0 && bytes - 1 <= UINT64_MAX - address);
  if (!all_readable(image, address, bytes)) {
    return SEEP_NOT_FOUND; /* all or nothing: out is untouched */
  }
  uint8_t *to = out;
  while (bytes > 0) {
    size_t left = IMAGE_PAGE - (size_t)(address % IMAGE_PAGE);
    size_t part = left < bytes ? left : bytes;
    require(copy_page(image, address, to, part));
    to += part;
    address += part;
    bytes -= part;
  }
  return SEEP_OK;
}

void image_init(memory_image *image, unsigned pointer_bytes)
{
  memset(image, 0, sizeof *image);
  image->fail_status = SEEP_NOT_FOUND;
  image->target.context = image;
  image->target.region = tell_region;
  image->target.read = read_bytes;
  image->target.pointer_bytes = pointer_bytes;
}

void image_fini(memory_image *image)
{
  for (size_t i = 0; i < image->page_count; i++) {
    free(image->pages[i]);
  }
  free(image->pages);
  free(image->regions);
  free(image->tebs);
  memset(image, 0, sizeof *image);
}
