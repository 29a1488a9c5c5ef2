#include "settings/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define KB (UINT64_C(1) << 10)
#define MB (UINT64_C(1) << 20)
#define GB (UINT64_C(1) << 30)
#define TB (UINT64_C(1) << 40)
#define PB                                                                                                   \
  (UINT64_C(1) << 50) /* stands for "no upper bound": every number up to it is exact in JSON's doubles */
#define WEEK_S UINT64_C(604800)

#define DURATION(member, unit) SEEP_KEY_DURATION, offsetof(seep_settings, member), SEEP_MS_PER_##unit
#define U64(member) SEEP_KEY_U64, offsetof(seep_settings, member), 1
#define U32(member) SEEP_KEY_U32, offsetof(seep_settings, member), 1
#define CHOICE(member) SEEP_KEY_CHOICE, offsetof(seep_settings, member), 1
#define NAMES(member) SEEP_KEY_NAMES, offsetof(seep_settings, member), 1
#define SWITCH(member) SEEP_KEY_SWITCH, offsetof(seep_settings, member), 1

static const char *const heap_methods[] = {"auto", "live", "next_start", "snapshot",
                                           "off"};                      /* by seep_heap_method */
static const char *const stop_priorities[] = {"high", "normal", "low"}; /* by seep_stop_priority */
/* Windows' own services live in it, and a flag would hit all of them. */
static const char *const never_flagged[] = {"svchost.exe", NULL};

static const seep_key table[] = {
    {"poll", "interval_s", DURATION(poll_interval_ms, SECOND), 30, 1, 3600,
     "Seconds between two looks at all processes", NULL, NULL},
    {"poll", "urgent_interval_s", DURATION(poll_urgent_interval_ms, SECOND), 5, 1, 3600,
     "The same while an Event 2004 is fresh; not longer than poll.interval_s", NULL, NULL},

    {"detector", "bucket_s", DURATION(detector_bucket_ms, SECOND), 60, 1, 3600,
     "The shortest part of a window in which growth is judged; rapid growth takes at least 6 of them", NULL,
     NULL},
    {"detector", "observation_s", DURATION(detector_observation_ms, SECOND), 68400, 16, 2592000,
     "Growth must have been seen for this long, 16 to 16384 times bucket_s, before it is called a leak; "
     "less finds leaks sooner and is wrong more often",
     NULL, NULL},
    {"detector", "minimum_slope_bytes_per_hour", U64(detector_minimum_slope_bytes_per_hour), 100 * KB, 1, PB,
     "Growth slower than this is never called a leak",
     "with 0 a process that stays level would count as leaking", NULL},
    {"detector", "minimum_growth_bytes", U64(detector_minimum_growth_bytes), 8 * MB, 1, PB,
     "Growth by less than this is never called a leak", NULL, NULL},
    {"detector", "handles", SWITCH(detector_handles), 1, 0, 1, "Judge the number of handles of a process too",
     NULL, NULL},
    {"detector", "minimum_handles", U64(detector_minimum_handles), 500, 1, 16777216,
     "Growth by fewer handles than this is never called a leak", NULL, NULL},
    {"detector", "minimum_system_growth_bytes", U64(detector_minimum_system_growth_bytes), 64 * MB, 1, PB,
     "Growth of the kernel's pools, or of commit that no process owns, by less than this is never called",
     NULL, NULL},
    {"detector", "images", SEEP_KEY_THRESHOLDS, 0, 1, 0, 0, SEEP_SETTINGS_IMAGES,
     "Images with thresholds of their own: minimum_slope_bytes_per_hour, minimum_growth_bytes and "
     "observation_s; case of the names does not matter",
     NULL, NULL},

    {"memory", "enabled", SWITCH(memory_enabled), 1, 0, 1,
     "Look into processes that may leak and tell which kind of memory grows: Heap, Private Data, Managed "
     "Heap "
     "or Stack",
     NULL, NULL},
    {"memory", "interval_s", DURATION(memory_interval_ms, SECOND), 300, 1, 86400,
     "Seconds between two looks into the same process; a fifth of it while that grows rapidly", NULL, NULL},
    {"memory", "minimum_growth_bytes", U64(memory_minimum_growth_bytes), 8 * MB, MB, PB,
     "A process is looked into again when it has grown by this much since, and by a quarter of what it has "
     "grown since the first look; and once a day",
     NULL, NULL},
    {"memory", "maximum_reads", U64(memory_maximum_reads), 200000, 1000, 10000000,
     "One look reads at most so often from the process; of heaps that it cannot read to their end only what "
     "it has found is counted",
     NULL, NULL},
    {"memory", "maximum_ms", DURATION(memory_maximum_ms, MILLISECOND), 1000, 50, 3000,
     "One look takes at most so many milliseconds; a service that is told to stop waits for it", NULL, NULL},

    {"event2004", "enabled", SWITCH(event2004_enabled), 1, 0, 1,
     "Listen for Event 2004 (Windows is about to run out of commit)", NULL, NULL},
    {"event2004", "urgent_s", DURATION(event2004_urgent_ms, SECOND), 3600, 1, WEEK_S,
     "How long a process that an Event 2004 names is judged with urgency", NULL, NULL},
    {"event2004", "repeat_s", DURATION(event2004_repeat_ms, SECOND), 900, 0, 86400,
     "Events 2004 that name the same processes within this time after one that was told are only counted",
     NULL, NULL},
    {"event2004", "wait_s", DURATION(event2004_wait_ms, SECOND), 60, 5, 3600,
     "When Windows has noticed that memory runs short and no Event 2004 has followed after this time, event "
     "213 tells of it",
     NULL, NULL},

    {"capture", "enabled", SWITCH(capture_enabled), 1, 0, 1,
     "Record allocation stacks of a leaking process with Windows Performance Recorder", NULL, NULL},
    {"capture", "heap_method", CHOICE(capture_heap_method), 0, 0, 4,
     "Where the heap grows: live records its calls, of the running process; next_start sets the tracing flag "
     "of its image, tells what to restart, and records after that; snapshot keeps the stacks of what is not "
     "given back (live where the recorder cannot); auto is live, and next_start where the recorder refuses "
     "that; off records VirtualAlloc alone, which all others fall back to",
     NULL, heap_methods},
    {"capture", "flag_allow", NAMES(capture_flag_allow), 0, 0, SEEP_SETTINGS_IGNORED,
     "If not empty, only these images may get the tracing flag", NULL, NULL},
    {"capture", "flag_deny", NAMES(capture_flag_deny), 0, 0, SEEP_SETTINGS_IGNORED,
     "Images that never get the tracing flag; those that Windows needs to run are spared anyway", NULL,
     never_flagged},
    {"capture", "flag_expiry_hours", DURATION(capture_flag_expiry_ms, HOUR), 168, 1, 8760,
     "A tracing flag is taken back after so many hours without a restart and a recording", NULL, NULL},
    {"capture", "instance", SEEP_KEY_INSTANCE, offsetof(seep_settings, capture_instance), 1, 0, 1, 40,
     "Name of our recordings, so that nobody else's is touched; letters, digits, - and _", NULL, NULL},
    {"capture", "maximum_s", DURATION(capture_maximum_ms, SECOND), 900, 5, 86400,
     "A recording is saved after this many seconds at the latest", NULL, NULL},
    {"capture", "maximum_bytes", U64(capture_maximum_bytes), 512 * MB, MB, TB,
     "A recording is saved as soon as its raw files reach this size", NULL, NULL},
    {"capture", "enough_growth_bytes", U64(capture_enough_growth_bytes), 256 * MB, MB, PB,
     "A recording is saved as soon as the process has grown by this much since it began", NULL, NULL},
    {"capture", "minimum_free_bytes", U64(capture_minimum_free_bytes), 5 * GB, 0, PB,
     "No recording begins or goes on with less free space than this on the volume", NULL, NULL},
    {"capture", "minimum_commit_bytes", U64(capture_minimum_commit_bytes), 512 * MB, 0, PB,
     "No recording begins when the server can commit less than this, and one is saved at half of it; its "
     "buffers take a 64th of what can be committed at most",
     NULL, NULL},
    {"capture", "folder_quota_bytes", U64(capture_folder_quota_bytes), 4 * GB, MB, PB,
     "Beyond this the oldest finished recordings are removed, but never the newest of an image: no recording "
     "begins while those alone take more",
     NULL, NULL},
    {"capture", "folder_quota_count", U32(capture_folder_quota_count), 50, 1, 10000,
     "The same for their number", NULL, NULL},
    {"capture", "recordings_per_day", U32(capture_recordings_per_day), 6, 0, 1000,
     "Recordings of this server within 24 hours; 0 is any number", NULL, NULL},
    {"capture", "sample_rate", SEEP_KEY_SHARE, offsetof(seep_settings, capture_sample_ppm), 1, 1000000, 0,
     1000000,
     "Share of the servers of a fleet that record, chosen by their names; all of them watch and tell", NULL,
     NULL},
    {"capture", "compress", SWITCH(capture_compress), 1, 0, 1,
     "Keep finished recordings as .etl.gz, a tenth of the size or so", NULL, NULL},
    {"capture", "bounded_files", SWITCH(capture_bounded_files), 1, 0, 1,
     "Ask the recorder to keep its raw files below maximum_bytes, the newest events in them; where it "
     "refuses "
     "that the recording ends at that size",
     NULL, NULL},
    {"capture", "cool_down_s", DURATION(capture_cool_down_ms, SECOND), 86400, 0, 31536000,
     "After a recording of an image, none of the same image for this long", NULL, NULL},
    {"capture", "start_deadline_s", DURATION(capture_start_deadline_ms, SECOND), 120, 5, 3600,
     "How long the recorder may take to start", NULL, NULL},
    {"capture", "stop_deadline_s", DURATION(capture_stop_deadline_ms, SECOND), 1800, 60, 86400,
     "How long the recorder may take to save; large traces take minutes", NULL, NULL},
    {"capture", "cancel_deadline_s", DURATION(capture_cancel_deadline_ms, SECOND), 60, 5, 3600,
     "How long the recorder may take to give up a recording", NULL, NULL},
    {"capture", "stop_patience_s", DURATION(capture_stop_patience_ms, SECOND), 120, 0, 3600,
     "How long a service that is told to stop waits for a recording that is being saved; after that the next "
     "start tidies up",
     NULL, NULL},
    {"capture", "stop_priority", CHOICE(capture_stop_priority), 0, 0, 2,
     "Priority of the recorder while it saves: at high a busy server has it behind it in a tenth of the time",
     NULL, stop_priorities},
    {"capture", "buffers", U32(capture_buffers), 64, 8, 1024,
     "Trace buffers of 1 MB each; the kernel keeps all of them in physical memory during a recording", NULL,
     NULL},

    {"analysis", "enabled", SWITCH(analysis_enabled), 1, 0, 1,
     "Read each finished recording, find out which module allocates what is not given back, and tell it "
     "(events 310 and 311); the answer is kept beside the recording",
     NULL, NULL},
    {"analysis", "maximum_s", DURATION(analysis_maximum_ms, SECOND), 300, 5, 86400,
     "Reading one recording may take so long; then it is given up", NULL, NULL},
    {"analysis", "maximum_memory_bytes", U64(analysis_maximum_memory_bytes), 256 * MB, 16 * MB, 64 * GB,
     "And so much memory; of a recording that needs more only the beginning counts, which the answer says. "
     "None is read while the server can commit less than twice this",
     NULL, NULL},
    {"analysis", "page", SWITCH(analysis_page), 1, 0, 1,
     "Write the answer as an HTML page beside the recording too, to send to a vendor", NULL, NULL},

    {"store", "retention_days", DURATION(store_retention_ms, DAY), 14, 1, 3650,
     "Days that every poll of all processes is kept", NULL, NULL},
    {"store", "hourly_days", DURATION(store_hourly_ms, DAY), 400, 1, 3650,
     "Days that hourly figures of all processes and the told events are kept; never shorter than the polls",
     NULL, NULL},
    {"store", "maximum_bytes", U64(store_maximum_bytes), 256 * MB, MB, TB,
     "Size of the database file; beyond it the oldest polls go first, and event 111 says so once", NULL,
     NULL},

    {"alerts", "heartbeat_hours", DURATION(heartbeat_ms, HOUR), 24, 1, 168,
     "Hours between two events 104, which say that Seepwatch is alive and what it has seen", NULL, NULL},
    {"alerts", "maximum_per_hour", U32(alerts_per_hour), 60, 0, 10000,
     "More events about processes than this within an hour are held back, counted and told together as event "
     "112; 0 is any number",
     NULL, NULL},
    {"alerts", "commit_percent", U32(commit_percent), 90, 50, 99,
     "Event 202 warns when more than this share of the commit limit is in use", NULL, NULL},
    {"alerts", "commit_percent_s", DURATION(commit_percent_ms, SECOND), 300, 0, 86400,
     "So long without a break it must be in use before event 202 says so", NULL, NULL},
    {"alerts", "exhaustion_hours", DURATION(exhaustion_ms, HOUR), 6, 1, 168,
     "Event 202 warns too when the growth that is seen reaches the commit limit within this time", NULL,
     NULL},

    {"metrics", "textfile", SEEP_KEY_PATH, offsetof(seep_settings, metrics_textfile), 1, 0, 0, 511,
     "File that is written for the textfile collector of windows_exporter, such as "
     "C:\\Metrics\\seepwatch.prom; its folder must exist; empty means none",
     NULL, NULL},
    {"metrics", "interval_s", DURATION(metrics_interval_ms, SECOND), 60, 5, 3600,
     "Seconds between two writes of that file, and of status.json in the data folder", NULL, NULL},

    {"own", "private_bytes", U64(own_private_bytes), 64 * MB, MB, TB,
     "Seepwatch's own memory; beyond it event 106", NULL, NULL},
    {"own", "cpu_permille", U32(own_cpu_permille), 20, 1, 1000,
     "Seepwatch's own thousandths of one processor core over ten minutes; beyond it event 106", NULL, NULL},

    {"processes", "ignore", NAMES(ignored), 0, 0, SEEP_SETTINGS_IGNORED,
     "Image names (\"backup.exe\") that never raise an alert or a recording; case does not matter", NULL,
     NULL},

    {NULL, NULL, SEEP_KEY_SWITCH, 0, 1, 0, 0, 0, NULL, NULL, NULL}};

_Static_assert(sizeof table / sizeof table[0] <= SEEP_KEYS_MAXIMUM, "SEEP_KEYS_MAXIMUM is too small");

const seep_key *seep_keys_table(void)
{
  return table;
}

const seep_key *seep_keys_find(const char *section, const char *name)
{
  for (const seep_key *key = table; key->section != NULL; key++) {
    if (strcmp(key->section, section) == 0 && (name == NULL || strcmp(key->name, name) == 0)) {
      return key;
    }
  }
  return NULL;
}

/* Of the detector before: its one window, and what was asked of it. */
bool seep_keys_is_retired(const char *section, const char *name)
{
  static const char *const retired[] = {"window_s", "start_up_s", "confirmations"};
  for (size_t i = 0; strcmp(section, "detector") == 0 && i < sizeof retired / sizeof retired[0]; i++) {
    if (strcmp(name, retired[i]) == 0) {
      return true;
    }
  }
  return false;
}

const char *seep_keys_path(const seep_key *key, char *out, size_t out_size)
{
  snprintf(out, out_size, "%s.%s", key->section, key->name);
  return out;
}

seep_key seep_keys_of_image(size_t number)
{
  static const struct {
    const char *name;
    size_t offset;
  } own[SEEP_KEYS_OF_IMAGE] = {
      {"minimum_slope_bytes_per_hour", offsetof(seep_settings_image, minimum_slope_bytes_per_hour)},
      {"minimum_growth_bytes", offsetof(seep_settings_image, minimum_growth_bytes)},
      {"observation_s", offsetof(seep_settings_image, observation_ms)}};
  seep_key key = *seep_keys_find("detector", own[number].name);
  key.offset = own[number].offset;
  return key;
}

uint64_t seep_keys_get(const seep_key *key, const void *values)
{
  const void *field = (const char *)values + key->offset;
  switch (key->type) {
  case SEEP_KEY_DURATION:
    return (uint64_t)(*(const int64_t *)field / key->factor_ms);
  case SEEP_KEY_U64:
    return *(const uint64_t *)field;
  case SEEP_KEY_U32:
  case SEEP_KEY_CHOICE:
  case SEEP_KEY_SHARE:
    return *(const uint32_t *)field;
  case SEEP_KEY_SWITCH:
    return *(const bool *)field;
  case SEEP_KEY_INSTANCE:
  case SEEP_KEY_NAMES:
  case SEEP_KEY_THRESHOLDS:
  case SEEP_KEY_PATH:
  default:
    return 0;
  }
}

void seep_keys_set(const seep_key *key, void *values, uint64_t value)
{
  void *field = (char *)values + key->offset;
  switch (key->type) {
  case SEEP_KEY_DURATION:
    *(int64_t *)field = (int64_t)value * key->factor_ms;
    break;
  case SEEP_KEY_U64:
    *(uint64_t *)field = value;
    break;
  case SEEP_KEY_U32:
  case SEEP_KEY_CHOICE:
  case SEEP_KEY_SHARE:
    *(uint32_t *)field = (uint32_t)value;
    break;
  case SEEP_KEY_SWITCH:
    *(bool *)field = value != 0;
    break;
  case SEEP_KEY_INSTANCE:
  case SEEP_KEY_NAMES:
  case SEEP_KEY_THRESHOLDS:
  case SEEP_KEY_PATH:
  default:
    break;
  }
}

const seep_settings_names *seep_keys_names_in(const seep_key *key, const seep_settings *settings)
{
  return (const seep_settings_names *)(const void *)((const char *)settings + key->offset);
}

seep_settings_names *seep_keys_names_of(const seep_key *key, seep_settings *settings)
{
  return (seep_settings_names *)(void *)((char *)settings + key->offset);
}
