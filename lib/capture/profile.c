/*
 * The profiles as text, in the order the schema demands: system, event and heap collectors, providers,
 * profiles, merging (reference: wpr-and-ifeo, 7.1 to 7.4 and 9). That they load on every build of Windows is
 * not known: they are made of documented elements only, and a wpr that refuses one is given a plainer one.
 */
#include "capture/profile.h"

#include <inttypes.h>
#include <stdbool.h>

#define DEFAULT_BUFFERS 64u
#define DEFAULT_KILOBYTES 1024u
/* Where something else makes the bulk of the events, this part of the buffers goes to the kernel's own. */
#define SYSTEM_PART 4u
#define SYSTEM_BUFFERS_LEAST 4u
/* Images, heap ranges and our own mark are rare events. */
#define RARE_BUFFERS 32u
#define RARE_KILOBYTES 128u

#define BYTES_PER_MEGABYTE UINT64_C(1048576)
/* Fewer buffers are too few for a burst; and what is still free is not ours alone. */
#define BUFFERS_LEAST 8u
#define AVAILABLE_PART 64u

static const char *const modes[2] = {"File", "Memory"};

const char *seep_profile_name(seep_profile_kind kind)
{
  switch (kind) {
  case SEEP_PROFILE_HEAP:
    return "SeepHeap";
  case SEEP_PROFILE_HEAP_BY_FLAG:
    return "SeepHeapByFlag";
  case SEEP_PROFILE_SNAPSHOT:
    return "SeepHeapSnapshot";
  case SEEP_PROFILE_VIRTUALALLOC:
  default:
    return "SeepVirtualAlloc";
  }
}

const char *seep_profile_kind_text(seep_profile_kind kind)
{
  switch (kind) {
  case SEEP_PROFILE_HEAP:
  case SEEP_PROFILE_HEAP_BY_FLAG:
    return "heap";
  case SEEP_PROFILE_SNAPSHOT:
    return "snapshot";
  case SEEP_PROFILE_VIRTUALALLOC:
  default:
    return "virtualalloc";
  }
}

static bool has_heap_events(seep_profile_kind kind)
{
  return kind == SEEP_PROFILE_HEAP || kind == SEEP_PROFILE_HEAP_BY_FLAG;
}

unsigned seep_profile_buffers(unsigned wanted, uint64_t available_bytes, uint64_t floor_bytes)
{
  if (available_bytes == UINT64_MAX) {
    return wanted;
  }
  if (available_bytes < floor_bytes) {
    return 0;
  }
  uint64_t bearable = available_bytes / AVAILABLE_PART / BYTES_PER_MEGABYTE;
  unsigned buffers = bearable < wanted ? (unsigned)bearable : wanted;
  return buffers >= BUFFERS_LEAST ? buffers : 0;
}

/* ---- collectors ---- */

/* What one collector is given. */
typedef struct share {
  unsigned kilobytes, buffers;
  uint64_t file_megabytes; /* 0: no bound */
  const char *file_mode;
} share;

typedef struct shares {
  share system, events, heap;
} shares;

/* Of `all`, but at least 1: a file without room would end before it began. */
static uint64_t eighths(uint64_t all, unsigned count)
{
  uint64_t part = all / 8 * count + all % 8 * count / 8;
  return part > 0 ? part : 1;
}

static uint64_t rest_of(uint64_t all, uint64_t taken)
{
  return all > taken ? all - taken : 1;
}

/* The bulk goes where the bulk of the events goes: to the heap's collector, or the events' one for snapshots.
 * The heap's file is no ring: how a heap session takes one is not known, and others avoid it (7.4). */
static void bound_files(shares *parts, seep_profile_kind kind, uint64_t megabytes)
{
  parts->system.file_mode = parts->events.file_mode = "Circular";
  parts->heap.file_mode = "Sequential";
  if (has_heap_events(kind)) {
    parts->system.file_megabytes = eighths(megabytes, 2);
    parts->events.file_megabytes = eighths(megabytes, 1);
    parts->heap.file_megabytes =
        rest_of(megabytes, parts->system.file_megabytes + parts->events.file_megabytes);
    return;
  }
  uint64_t small = eighths(megabytes, 1);
  bool snapshot = kind == SEEP_PROFILE_SNAPSHOT;
  parts->system.file_megabytes = snapshot ? small : rest_of(megabytes, small);
  parts->events.file_megabytes = snapshot ? rest_of(megabytes, small) : small;
}

static shares share_out(const seep_profile *profile)
{
  unsigned all = profile->buffers > 0 ? profile->buffers : DEFAULT_BUFFERS;
  unsigned kilobytes = profile->buffer_kilobytes > 0 ? profile->buffer_kilobytes : DEFAULT_KILOBYTES;
  unsigned part = all / SYSTEM_PART > SYSTEM_BUFFERS_LEAST ? all / SYSTEM_PART : SYSTEM_BUFFERS_LEAST;
  shares parts = {.system = {.kilobytes = kilobytes, .buffers = all},
                  .events = {.kilobytes = RARE_KILOBYTES, .buffers = RARE_BUFFERS}};
  if (profile->kind != SEEP_PROFILE_VIRTUALALLOC) {
    share *bulk = has_heap_events(profile->kind) ? &parts.heap : &parts.events;
    parts.system.buffers = part;
    bulk->kilobytes = kilobytes;
    bulk->buffers = all > part ? all - part : SYSTEM_BUFFERS_LEAST;
  }
  if (profile->ring_bytes > 0) {
    bound_files(&parts, profile->kind, profile->ring_bytes / BYTES_PER_MEGABYTE);
  }
  return parts;
}

/* For both variants. The bound is for files alone; one that got into a memory variant has been refused (7.2).
 */
static void write_collector(seep_writer *writer, const char *element, const char *id, const char *attributes,
                            const share *part)
{
  for (size_t i = 0; i < 2; i++) {
    seep_writer_format(writer,
                       "    <%s Id=\"%s_%s\" %s>\n"
                       "      <BufferSize Value=\"%u\"/>\n"
                       "      <Buffers Value=\"%u\"/>\n",
                       element, id, modes[i], attributes, part->kilobytes, part->buffers);
    if (i == 0 && part->file_megabytes > 0) {
      seep_writer_format(writer, "      <MaximumFileSize Value=\"%" PRIu64 "\" FileMode=\"%s\"/>\n",
                         part->file_megabytes, part->file_mode);
    }
    seep_writer_format(writer, "    </%s>\n", element);
  }
}

static void write_collectors(seep_writer *writer, const seep_profile *profile)
{
  shares parts = share_out(profile);
  write_collector(writer, "SystemCollector", "System", "Name=\"NT Kernel Logger\"", &parts.system);
  write_collector(writer, "EventCollector", "Events", "Name=\"Seepwatch Event Collector\"", &parts.events);
  if (has_heap_events(profile->kind)) {
    write_collector(writer, "HeapEventCollector", "Heap", "Name=\"WPR Heap Collector\" Secure=\"true\"",
                    &parts.heap);
  }
}

/* ---- providers ---- */

static void write_values(seep_writer *writer, const char *element, const char *const *values)
{
  for (size_t i = 0; values[i] != NULL; i++) {
    seep_writer_format(writer, "        <%s Value=\"%s\"/>\n", element, values[i]);
  }
}

static const char *system_provider_id(seep_profile_kind kind)
{
  return kind == SEEP_PROFILE_SNAPSHOT ? "Processes" : "Commit";
}

/* The stacks of heap events are asked for here, although the events go to the heap's collector. Those of a
 * snapshot come with it. */
static void write_system_provider(seep_writer *writer, seep_profile_kind kind)
{
  static const char *const keywords[] = {"ProcessThread", "Loader",       "VirtualAllocation",
                                         "MemoryInfo",    "MemoryInfoWS", NULL};
  static const char *const few_keywords[] = {"ProcessThread", "Loader", NULL};
  static const char *const stacks[] = {"VirtualAllocation", "VirtualFree", NULL};
  static const char *const heap_stacks[] = {"HeapAllocation", "HeapReallocation",  "HeapCreate",
                                            "VirtualFree",    "VirtualAllocation", NULL};
  bool snapshot = kind == SEEP_PROFILE_SNAPSHOT;
  seep_writer_format(writer,
                     "    <SystemProvider Id=\"%s\">\n"
                     "      <Keywords>\n",
                     system_provider_id(kind));
  write_values(writer, "Keyword", snapshot ? few_keywords : keywords);
  seep_writer_text(writer, "      </Keywords>\n");
  if (!snapshot) {
    seep_writer_text(writer, "      <Stacks>\n");
    write_values(writer, "Stack", has_heap_events(kind) ? heap_stacks : stacks);
    seep_writer_text(writer, "      </Stacks>\n");
  }
  seep_writer_text(writer, "    </SystemProvider>\n");
}

/* Some builds refuse an event session of images and heap ranges alone; one more provider, registered or not,
 * cures it. */
static void write_providers(seep_writer *writer, const seep_profile *profile)
{
  write_system_provider(writer, profile->kind);
  seep_writer_text(writer, "    <EventProvider Id=\"Images\" Name=\"2cb15d1d-5fc1-11d2-abe1-00a0c911f518\">\n"
                           "      <Keywords><Keyword Value=\"0x10\"/></Keywords>\n"
                           "    </EventProvider>\n");
  seep_writer_text(
      writer, profile->kind == SEEP_PROFILE_SNAPSHOT
                  ? "    <EventProvider Id=\"Snapshots\" Name=\"901d2afa-4ff6-46d7-8d0e-53645e1a47f5\"/>\n"
                  : "    <EventProvider Id=\"HeapRanges\" Name=\"d781ca11-61c0-4387-b83d-af52d3d2dd6a\" "
                    "Level=\"15\">\n"
                    "      <Keywords><Keyword Value=\"0x000000000000000f\"/></Keywords>\n"
                    "    </EventProvider>\n");
  seep_writer_text(writer,
                   "    <EventProvider Id=\"Mark\" Name=\"2927b2d8-15a6-46d9-9125-9655bed4fa51\"/>\n");
  if (profile->kind == SEEP_PROFILE_HEAP) {
    seep_writer_format(writer,
                       "    <HeapEventProvider Id=\"Process\">\n"
                       "      <HeapProcessIds><HeapProcessId Value=\"%" PRIu32 "\"/></HeapProcessIds>\n"
                       "    </HeapEventProvider>\n",
                       profile->pid);
  }
}

/* ---- profiles ---- */

static const char *purpose(seep_profile_kind kind)
{
  switch (kind) {
  case SEEP_PROFILE_HEAP:
  case SEEP_PROFILE_HEAP_BY_FLAG:
    return "who allocates heap memory";
  case SEEP_PROFILE_SNAPSHOT:
    return "who keeps heap memory";
  case SEEP_PROFILE_VIRTUALALLOC:
  default:
    return "who commits memory";
  }
}

/* Without a provider it is the tracing flag that says whose heap goes in there. */
static void write_heap_collector_use(seep_writer *writer, seep_profile_kind kind, const char *mode)
{
  if (kind == SEEP_PROFILE_HEAP_BY_FLAG) {
    seep_writer_format(writer, "        <HeapEventCollectorId Value=\"Heap_%s\"/>\n", mode);
    return;
  }
  seep_writer_format(writer,
                     "        <HeapEventCollectorId Value=\"Heap_%s\">\n"
                     "          <HeapEventProviders>\n"
                     "            <HeapEventProviderId Value=\"Process\"/>\n"
                     "          </HeapEventProviders>\n"
                     "        </HeapEventCollectorId>\n",
                     mode);
}

static void write_profile(seep_writer *writer, seep_profile_kind kind, const char *mode)
{
  const char *name = seep_profile_name(kind);
  seep_writer_format(
      writer,
      "    <Profile Id=\"%s.Verbose.%s\" Name=\"%s\" DetailLevel=\"Verbose\" LoggingMode=\"%s\"\n"
      "             Description=\"Seepwatch: %s\">\n"
      "      <Collectors>\n"
      "        <SystemCollectorId Value=\"System_%s\">\n"
      "          <SystemProviderId Value=\"%s\"/>\n"
      "        </SystemCollectorId>\n",
      name, mode, name, mode, purpose(kind), mode, system_provider_id(kind));
  seep_writer_format(writer,
                     "        <EventCollectorId Value=\"Events_%s\">\n"
                     "          <EventProviders>\n"
                     "            <EventProviderId Value=\"Images\"/>\n"
                     "            <EventProviderId Value=\"%s\"/>\n"
                     "            <EventProviderId Value=\"Mark\"/>\n"
                     "          </EventProviders>\n"
                     "        </EventCollectorId>\n",
                     mode, kind == SEEP_PROFILE_SNAPSHOT ? "Snapshots" : "HeapRanges");
  if (has_heap_events(kind)) {
    write_heap_collector_use(writer, kind, mode);
  }
  seep_writer_text(writer, "      </Collectors>\n"
                           "    </Profile>\n");
}

/* ImageId lets the stacks be resolved on another machine. */
static const char merging[] =
    "  <TraceMergeProperties>\n"
    "    <TraceMergeProperty Id=\"TraceMerge_Default\" Name=\"TraceMerge_Default\">\n"
    "      <DeletePreMergedTraceFiles Value=\"true\"/>\n"
    "      <CustomEvents>\n"
    "        <CustomEvent Value=\"ImageId\"/>\n"
    "        <CustomEvent Value=\"BuildInfo\"/>\n"
    "        <CustomEvent Value=\"VolumeMapping\"/>\n"
    "        <CustomEvent Value=\"EventMetadata\"/>\n"
    "      </CustomEvents>\n"
    "    </TraceMergeProperty>\n"
    "  </TraceMergeProperties>\n";

void seep_profile_write(seep_writer *writer, const seep_profile *profile)
{
  seep_writer_text(writer, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                           "<!-- Made by Seepwatch, which makes its own anew for each recording: changes "
                           "here do not reach those. -->\n"
                           "<WindowsPerformanceRecorder Version=\"1.0\" Author=\"Seepwatch\">\n"
                           "  <Profiles>\n");
  write_collectors(writer, profile);
  write_providers(writer, profile);
  for (size_t i = 0; i < 2; i++) {
    write_profile(writer, profile->kind, modes[i]);
  }
  seep_writer_text(writer, "  </Profiles>\n");
  seep_writer_text(writer, merging);
  seep_writer_text(writer, "</WindowsPerformanceRecorder>\n");
}
