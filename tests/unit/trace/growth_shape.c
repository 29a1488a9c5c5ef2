#include "unit/trace/growth_shape.h"

#include <stddef.h>

double shape_random(growth_shape *shape)
{
  shape->random = shape->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(shape->random >> 11) / (double)(UINT64_C(1) << 53);
}

static size_t part_of(double time)
{
  size_t part = (size_t)(time * SEEP_TRACE_BUCKETS);
  return part < SEEP_TRACE_BUCKETS ? part : SEEP_TRACE_BUCKETS - 1;
}

void shape_block(growth_shape *shape, double from, double until, uint64_t bytes)
{
  seep_trace_use *use = &shape->use;
  uint64_t ticks = (uint64_t)(from * (double)shape->last_ticks);
  use->first_ticks = use->allocations == 0 || ticks < use->first_ticks ? ticks : use->first_ticks;
  use->last_ticks = ticks > use->last_ticks ? ticks : use->last_ticks;
  use->allocations++;
  use->allocated_bytes += bytes;
  use->change_bytes[part_of(from)] += (int64_t)bytes;
  if (until >= 1.0) {
    use->live_count++;
    use->live_bytes += bytes;
    use->kept_bytes[part_of(from)] += bytes;
    return;
  }
  use->frees++;
  use->freed_bytes += bytes;
  use->change_bytes[part_of(until)] -= (int64_t)bytes;
}

void shape_blocks(growth_shape *shape, unsigned count, double from, double to, double life, uint64_t bytes)
{
  for (unsigned i = 0; i < count; i++) {
    double at = from + (to - from) * shape_random(shape);
    double length = life < 1.0 ? life * (0.8 + 0.4 * shape_random(shape)) : life;
    shape_block(shape, at, at + length, bytes);
  }
}

/* Where a cache that fills so is by then. */
static double filled(double time, double tau)
{
  double left = 1.0 - time / tau / 4096.0; /* exp(-time / tau) is about its 4096th power */
  for (unsigned i = 0; i < 12; i++) {
    left *= left;
  }
  return 1.0 - left;
}

void shape_filling(growth_shape *shape, unsigned count, double tau, uint64_t bytes)
{
  for (unsigned i = 0; i < count; i++) {
    double wanted = shape_random(shape) * filled(1.0, tau);
    double low = 0.0;
    double high = 1.0;
    for (unsigned step = 0; step < 20; step++) {
      double middle = (low + high) / 2.0;
      double level = filled(middle, tau);
      low = level < wanted ? middle : low;
      high = level < wanted ? high : middle;
    }
    shape_block(shape, low, SHAPE_NEVER, bytes);
  }
}
