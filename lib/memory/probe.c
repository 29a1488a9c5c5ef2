/* Reads with a budget. What can pass by itself (bytes that are not there) leaves the probe usable; what
 * cannot is kept, and answers every later read. */
#include "memory/probe.h"

void seep_probe_init(seep_probe *probe, const seep_target *target, uint64_t maximum_reads)
{
  probe->target = target;
  probe->reads = 0;
  probe->maximum_reads = maximum_reads;
  probe->ended = SEEP_OK;
}

static bool passes_by(seep_status status)
{
  return status != SEEP_DENIED && status != SEEP_GONE && status != SEEP_TIMED_OUT;
}

static bool keep(seep_probe *probe, seep_status status)
{
  if (!passes_by(status)) {
    probe->ended = status;
  }
  return status == SEEP_OK;
}

bool seep_probe_read(seep_probe *probe, uint64_t address, void *out, size_t bytes)
{
  if (probe->ended != SEEP_OK) {
    return false;
  }
  if (bytes == 0) {
    return true;
  }
  if (bytes - 1 > UINT64_MAX - address) {
    return false;
  }
  if (probe->reads >= probe->maximum_reads) {
    probe->ended = SEEP_LIMIT;
    return false;
  }
  probe->reads++;
  return keep(probe, probe->target->read(probe->target->context, address, out, bytes));
}

bool seep_probe_region(seep_probe *probe, uint64_t address, seep_region *out)
{
  return probe->ended == SEEP_OK &&
         keep(probe, probe->target->region(probe->target->context, address, out, NULL)) &&
         out->base <= address && address - out->base < out->size_bytes;
}

bool seep_probe_pointer(seep_probe *probe, uint64_t address, unsigned pointer_bytes, uint64_t *out)
{
  uint8_t bytes[8];
  if (!seep_probe_read(probe, address, bytes, pointer_bytes == 4 ? 4 : 8)) {
    return false;
  }
  *out = seep_probe_word(bytes, 0, pointer_bytes);
  return true;
}

uint64_t seep_probe_word(const uint8_t *bytes, size_t offset, unsigned pointer_bytes)
{
  uint64_t low = seep_probe_u32(bytes, offset);
  return pointer_bytes == 4 ? low : low | (uint64_t)seep_probe_u32(bytes, offset + 4) << 32;
}

uint32_t seep_probe_u32(const uint8_t *bytes, size_t offset)
{
  const uint8_t *at = bytes + offset;
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

uint16_t seep_probe_u16(const uint8_t *bytes, size_t offset)
{
  return (uint16_t)(bytes[offset] | bytes[offset + 1] << 8);
}
