/*
 * The profiles as text, in the order the schema demands: system, event and heap collectors, providers,
 * profiles, merging (reference: wpr-and-ifeo, 7.1 to 7.4). That both load on every build of Windows is not
 * known: they are made of documented elements only, and a wpr that refuses the heap's is given the other.
 */
#include "capture/profile.h"

#define DEFAULT_BUFFERS 64u
#define DEFAULT_KILOBYTES 1024u
/* Of a heap recording's buffers this part goes to the kernel's own events, which are few beside the heap's.
 */
#define SYSTEM_PART 4u
#define SYSTEM_BUFFERS_LEAST 4u

static const char *const modes[2] = {"File", "Memory"};

const char *seep_profile_name(seep_profile_kind kind)
{
  return kind == SEEP_PROFILE_HEAP ? "SeepHeap" : "SeepVirtualAlloc";
}

const char *seep_profile_kind_text(seep_profile_kind kind)
{
  return kind == SEEP_PROFILE_HEAP ? "heap" : "virtualalloc";
}

/* ---- collectors ---- */

static unsigned all_buffers(const seep_profile *profile)
{
  return profile->buffers > 0 ? profile->buffers : DEFAULT_BUFFERS;
}

static unsigned system_buffers(const seep_profile *profile)
{
  unsigned all = all_buffers(profile);
  unsigned part = all / SYSTEM_PART > SYSTEM_BUFFERS_LEAST ? all / SYSTEM_PART : SYSTEM_BUFFERS_LEAST;
  return profile->kind == SEEP_PROFILE_HEAP ? part : all;
}

static unsigned heap_buffers(const seep_profile *profile)
{
  unsigned all = all_buffers(profile), system = system_buffers(profile);
  return all > system ? all - system : SYSTEM_BUFFERS_LEAST;
}

static void write_collector(seep_writer *writer, const char *element, const char *id, const char *mode,
                            const char *attributes, unsigned kilobytes, unsigned buffers)
{
  seep_writer_format(writer,
                     "    <%s Id=\"%s_%s\" %s>\n"
                     "      <BufferSize Value=\"%u\"/>\n"
                     "      <Buffers Value=\"%u\"/>\n"
                     "    </%s>\n",
                     element, id, mode, attributes, kilobytes, buffers, element);
}

static void write_collectors(seep_writer *writer, const seep_profile *profile)
{
  unsigned kilobytes = profile->buffer_kilobytes > 0 ? profile->buffer_kilobytes : DEFAULT_KILOBYTES;
  for (size_t i = 0; i < 2; i++) {
    write_collector(writer, "SystemCollector", "System", modes[i], "Name=\"NT Kernel Logger\"", kilobytes,
                    system_buffers(profile));
  }
  /* Images, heap ranges and our own mark are rare events: 32 small buffers do. */
  for (size_t i = 0; i < 2; i++) {
    write_collector(writer, "EventCollector", "Events", modes[i], "Name=\"Seepwatch Event Collector\"", 128,
                    32);
  }
  for (size_t i = 0; i < 2 && profile->kind == SEEP_PROFILE_HEAP; i++) {
    write_collector(writer, "HeapEventCollector", "Heap", modes[i],
                    "Name=\"WPR Heap Collector\" Secure=\"true\"", kilobytes, heap_buffers(profile));
  }
}

/* ---- providers ---- */

static void write_values(seep_writer *writer, const char *element, const char *const *values)
{
  for (size_t i = 0; values[i] != NULL; i++) {
    seep_writer_format(writer, "        <%s Value=\"%s\"/>\n", element, values[i]);
  }
}

/* The stacks of heap events are asked for here, although the events go to the heap's collector. */
static void write_system_provider(seep_writer *writer, seep_profile_kind kind)
{
  static const char *const keywords[] = {"ProcessThread", "Loader",       "VirtualAllocation",
                                         "MemoryInfo",    "MemoryInfoWS", NULL};
  static const char *const stacks[] = {"VirtualAllocation", "VirtualFree", NULL};
  static const char *const heap_stacks[] = {"HeapAllocation", "HeapReallocation",  "HeapCreate",
                                            "VirtualFree",    "VirtualAllocation", NULL};
  seep_writer_text(writer, "    <SystemProvider Id=\"Commit\">\n"
                           "      <Keywords>\n");
  write_values(writer, "Keyword", keywords);
  seep_writer_text(writer, "      </Keywords>\n"
                           "      <Stacks>\n");
  write_values(writer, "Stack", kind == SEEP_PROFILE_HEAP ? heap_stacks : stacks);
  seep_writer_text(writer, "      </Stacks>\n"
                           "    </SystemProvider>\n");
}

/* Some builds refuse an event session of the first two providers alone; a third, registered or not, cures
 * it. */
static void write_providers(seep_writer *writer, const seep_profile *profile)
{
  write_system_provider(writer, profile->kind);
  seep_writer_text(
      writer,
      "    <EventProvider Id=\"Images\" Name=\"2cb15d1d-5fc1-11d2-abe1-00a0c911f518\">\n"
      "      <Keywords><Keyword Value=\"0x10\"/></Keywords>\n"
      "    </EventProvider>\n"
      "    <EventProvider Id=\"HeapRanges\" Name=\"d781ca11-61c0-4387-b83d-af52d3d2dd6a\" Level=\"15\">\n"
      "      <Keywords><Keyword Value=\"0x000000000000000f\"/></Keywords>\n"
      "    </EventProvider>\n"
      "    <EventProvider Id=\"Mark\" Name=\"2927b2d8-15a6-46d9-9125-9655bed4fa51\"/>\n");
  if (profile->kind == SEEP_PROFILE_HEAP) {
    seep_writer_format(writer,
                       "    <HeapEventProvider Id=\"Process\">\n"
                       "      <HeapProcessIds><HeapProcessId Value=\"%u\"/></HeapProcessIds>\n"
                       "    </HeapEventProvider>\n",
                       (unsigned)profile->pid);
  }
}

/* ---- profiles ---- */

static void write_profile(seep_writer *writer, seep_profile_kind kind, const char *mode)
{
  const char *name = seep_profile_name(kind);
  seep_writer_format(
      writer,
      "    <Profile Id=\"%s.Verbose.%s\" Name=\"%s\" DetailLevel=\"Verbose\" LoggingMode=\"%s\"\n"
      "             Description=\"Seepwatch: who %s memory\">\n"
      "      <Collectors>\n"
      "        <SystemCollectorId Value=\"System_%s\">\n"
      "          <SystemProviderId Value=\"Commit\"/>\n"
      "        </SystemCollectorId>\n",
      name, mode, name, mode, kind == SEEP_PROFILE_HEAP ? "allocates heap" : "commits", mode);
  seep_writer_format(writer,
                     "        <EventCollectorId Value=\"Events_%s\">\n"
                     "          <EventProviders>\n"
                     "            <EventProviderId Value=\"Images\"/>\n"
                     "            <EventProviderId Value=\"HeapRanges\"/>\n"
                     "            <EventProviderId Value=\"Mark\"/>\n"
                     "          </EventProviders>\n"
                     "        </EventCollectorId>\n",
                     mode);
  if (kind == SEEP_PROFILE_HEAP) {
    seep_writer_format(writer,
                       "        <HeapEventCollectorId Value=\"Heap_%s\">\n"
                       "          <HeapEventProviders>\n"
                       "            <HeapEventProviderId Value=\"Process\"/>\n"
                       "          </HeapEventProviders>\n"
                       "        </HeapEventCollectorId>\n",
                       mode);
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
  seep_writer_text(
      writer, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
              "<!-- Made by Seepwatch for one recording and deleted after it: changes here are lost. -->\n"
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
