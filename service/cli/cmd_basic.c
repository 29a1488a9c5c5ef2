/* version and help. */
#include "cli.h"

#include <stdbool.h>
#include <string.h>

#include "version.h"

typedef struct verb_help {
  const char *name, *usage, *meaning, *example;
  const char *details; /* for the verb's own help; NULL when the meaning says all */
} verb_help;

static const char history_details[] =
    "Of which time: all that is kept; or --hours N, the last N hours of the store; or --from T and --to T,\n"
    "from T on and before T. T is a time in UTC (2026-11-22, 2026-11-22T10:00, 2026-11-22T10:00:30Z) or\n"
    "unix seconds.\n"
    "Of whom: --image NAME (or --process NAME) with * and ? for any characters and any one; --pid N;\n"
    "--system for the system's own figures instead of processes.\n"
    "\n"
    "Polls are kept for some days, figures by the hour (floor, mean, peak) for over a year. The table, JSON\n"
    "and the page show the hours in front of the oldest poll; --raw shows the polls alone, --hourly the\n"
    "hours alone. CSV is either: the polls, or with --hourly the hours.\n"
    "Where polls were missed the table has a line '-- gap of ... --', JSON \"after_gap\":true, CSV a 1.\n"
    "\n"
    "--html FILE writes a page that needs nothing else, with a chart for each process and with leaks,\n"
    "recordings and Event 2004 marked (- is the standard output).";

static const char top_details[] =
    "Of the last N hours of the store (24): the lowest commit in the last quarter of the time in which a\n"
    "process was seen, less the lowest in the first quarter; or the same of the newest half, quarter, "
    "eighth\n"
    "or sixteenth of that time when its floor rose in every quarter of it. The first half hour of a process\n"
    "is left out, and so is what goes no higher than it was before it gave memory back. So spikes, sawteeth\n"
    "and start-up do not rank; take --hours at least twice as long as a process's own cycle.";

static const char leaks_details[] =
    "--open: only cases that are not over. --hours N, or --from T and --to T as in 'help history': cases\n"
    "that were there at some moment of that time.\n"
    "--id N: one case in full: what it is, since when, how fast, what that stands on, what was told, its\n"
    "recordings, and the events about it. --json has all of that too, for each case that is listed: told,\n"
    "alerts (what the event log got while it was open), captures and exhaustions (Events 2004 that name\n"
    "its process); CSV and the table have one row a case. What is not known is null.";

static const char event_details[] =
    "FILE.xml is one event as Event Viewer or wevtutil saves it, in UTF-8 or UTF-16 (- is the standard\n"
    "input): Event 2004 of the System log, or 1003 and 1008 of the same provider's Operational log. No\n"
    "service is needed, and any system will do.\n"
    "latest: the newest Event 2004 that the service has seen; also whether it was told in an alert of its\n"
    "own, and which of its processes were known: exactly, by PID and creation time; by name only, which is\n"
    "weak; or not at all.\n"
    "list: one line for each that is kept; of which time as in 'help history'. The process is the largest.\n"
    "A file that is really called latest or list is reached as ./latest.\n"
    "\n"
    "--json: event_id, time, record_id, system (commit_limit_bytes, commit_charge_bytes ...), processes\n"
    "(name, pid, created, commit_bytes, handles, version) and pool_tags (paged, nonpaged); of 1003 and 1008\n"
    "commit_limit_bytes, commit_charge_bytes and error_code instead. latest adds id, seen, told and, for\n"
    "each process, match: exact, name or none. list is {\"event\":[...]} with the columns of --csv. What an\n"
    "event does not hold is null, and - in the text.\n"
    "\n"
    "The exit code is 3 when there is no such file or no event is kept, and 4 when it is another event.";

static const char captures_details[] =
    "list: state 'kept' has a file, 'removed' had one that made room for others, 'failed' never had one.\n"
    "Where events were lost the outcome says how many: a lost free looks like a leak.\n"
    "show ID: everything about one recording, whether its file is there and the name of the file beside\n"
    "it that tells about the case. --verify: reads the file and compares its SHA-256 with what was kept;\n"
    "when they differ the exit code is 4, when it is not there 3.\n"
    "export ID OUT.etl: gives the recording as a plain .etl, for Windows Performance Analyzer: unpacks it\n"
    "when it was compressed, checks it first against its SHA-256 (exit code 4 when they differ), and\n"
    "overwrites nothing (7 when OUT.etl exists already). While it works the file is called OUT.etl.part.\n"
    "latest in place of ID is the newest recording; for export, the newest whose file is kept.\n"
    "\n"
    "Of a copy of the data folder, on whichever system, files are found in 'captures' beside the database.";

static const char replay_details[] =
    "FILE is CSV with a header that names the columns t_s, pid, process and commit_bytes in any order, or a\n"
    "seepwatch.db. t_s is in seconds; rows of the same t_s are one poll, and polls are in the order of "
    "time.\n"
    "A process that a poll does not have has ended. created_s is read when there: without it a PID with\n"
    "another process name is another process. So is running_s, as 'history --csv' writes it: time that the\n"
    "machine slept through does not count. PID 0 is passed over, as the service does. - is the standard\n"
    "input, for CSV.\n"
    "\n"
    "The service's own engine judges, as if it had never been stopped in between, with the configuration of\n"
    "--config or with the shipped defaults: to try other thresholds, replay with other files. Nothing is\n"
    "recorded, and no service is needed.\n"
    "--headroom-bytes N: commit that was free at each poll: rapid growth and the time to exhaustion are\n"
    "judged by it. Without it a seepwatch.db's own figures are taken; where there are none 32 GB are\n"
    "assumed for rapid growth, and the time to exhaustion is not known.\n"
    "--explain PROCESS: for each process of that image why it was called, or why not, and when it came\n"
    "nearest to it.\n"
    "\n"
    "A row that can not be read is passed over and named on the standard error; the exit code is 4 then.";

static const char memory_details[] =
    "FILE.dmp is a minidump of a process, of any size; what can be told depends on what is in it.\n"
    "Best is procdump -ma PID (all memory and the list of regions), or the dump Task Manager writes.\n"
    "--since OLDER.dmp: which kind of memory grew between two dumps of one process: Heap, Private\n"
    "Data (VirtualAlloc by the program, or an allocator that is not Windows' heap), Managed Heap,\n"
    "Stack, mixed, or undetermined and why. Less than 8 MB of growth decide nothing. Dumps of two\n"
    "processes, of different views or in the wrong order are refused (exit code 2).\n"
    "--pid N: a running process, on Windows only. It is read for up to 30 s and never changed, as in\n"
    "'seepwatch memory --pid 4242 --json'.\n"
    "\n"
    "The first table has VMMap's rows in KB: ? is what nobody can tell from outside, + a lower bound.\n"
    "Heap (unproven) is ours: it looks like a heap, but no heap that could be read claims it.\n"
    "The others are those of WinDbg's !address -summary, whose sizes have reserved memory in them.\n"
    "Unlike there, Mapped is a row of its own (WinDbg has most of it in <unknown>), TEB is the whole\n"
    "allocation with the PEB and the TEBs, and Heap? and Stack? are what is not proven.";

static const char report_details[] =
    "What was allocated during the trace and never given back, by module and by stack, and the one to\n"
    "blame: the first module on the stack that does not only allocate for others. VirtualAlloc and heap\n"
    "are two views of the same memory; never add them. Without --pid and --process it is about the\n"
    "process whose memory grew most steadily. - reads the standard input; what is packed, or comes from\n"
    "there, is first put into a file in the temporary folder (64 GB at most, and at most half of what is\n"
    "free there), which is removed again.\n"
    "\n"
    "--process: the one of this name with the most memory left. --top: so many stacks and modules\n"
    "instead of 10 (--json: 50). --symbols: a folder with PDBs or breakpad files, laid out like a symbol\n"
    "server's or just lying there; may be given 16 times. Nothing is ever fetched from anywhere; files\n"
    "that would help are named at the end. A function with ~ before it is a guess from exports.\n"
    "--html: the same as one page, to be sent to the maker of a module. --db: a seepwatch.db, for a chart\n"
    "of the process's commit 30 days before and after, on that page.\n"
    "--answer: the JSON, of the ten largest stacks, into a file and nothing on the screen. --memory-bytes:\n"
    "the analysis may take so much (1 GB); of a trace that needs more only the beginning counts, which\n"
    "is said. --background: only what others leave of processor and disk. The service uses these.\n"
    "--events: counts what is in the trace instead, to check a file, or us. --payload-pointer-bits: for\n"
    "files whose records do not say how wide their pointers are.\n"
    "\n"
    "--json: schema, trace, verdict, culprit (null: nobody), process, processes, views, stacks, modules,\n"
    "symbols, losses and warnings, which are never renamed.\n"
    "\n"
    "The exit code is 0 also when nothing leaks, and 3 when the process asked for is not in the trace.\n"
    "What is cut or damaged gives what could be read, and says so.";

#ifdef _WIN32
static const char doctor_details[] =
    "good: works; note: works with less, or could not be asked; trouble: something that Seepwatch is for\n"
    "does not work. so: what follows, cure: what helps. Looked at are Event 2004 (the Diagnostic Policy\n"
    "Service and its policies), the event logs, the event source, the service, wpr.exe, privileges, the\n"
    "data folder and who may get into it, the free disk, the database, the configuration and the commit\n"
    "that is left.\n"
    "It only looks: nothing is made, changed or started. It does without administrator rights, and says\n"
    "what it could not ask then.\n"
    "\n"
    "--json: schema, findings (each with level, subject, state, consequence and cure; the last two are null\n"
    "where all is well) and trouble, the number of findings of that level. Subjects are never renamed.\n"
    "\n"
    "The exit code is 0 when there is no trouble, and 6 when there is any.";

static const char status_details[] =
    "First what Windows says of the service, then what the watchdog has written last into status.json of\n"
    "the data folder, and how long ago. Facts are old, and said to be, when they were due three times "
    "since.\n"
    "--data: another data folder, as that of 'run'.\n"
    "\n"
    "--json: service (state, pid, exit_code; null when it is not registered), age_ms, old, and watchdog:\n"
    "looking, memory, event_2004, recorder, own, database, open_leaks, cases and more, which are never\n"
    "renamed. watchdog is null when nothing has been written yet, and what is not known is null.\n"
    "\n"
    "The exit code is 0 also when the service does not run, when the facts are old, and when there is a\n"
    "service that has written nothing yet; 3 when there is neither service nor status.json, 4 when that "
    "file\n"
    "is damaged, 5 when the service or the file may not be read.";
#endif

static const verb_help verbs[] = {
    {"config", "config check FILE [--json] | config print [--config FILE] | config keys",
     "checks a configuration, prints the effective one, or explains every key",
     "seepwatch config check seepwatch.json", NULL},
    {"event",
     "event FILE.xml [--json] | event latest [--db F] [--json]\n"
     "                         | event list [--db F] [--hours N | --from T --to T] [--json|--csv]",
     "explains an exported Event 2004, or the latest one seen here, or lists all that were seen",
     "seepwatch event latest", event_details},
    {"replay", "replay FILE [--config C] [--json] [--headroom-bytes N] [--explain PROCESS]",
     "says what would have been called a leak in a recorded history, when and why",
     "seepwatch history --csv > app.csv && seepwatch replay app.csv --explain app.exe", replay_details},
    {"report",
     "report FILE.etl[.gz] [--pid N | --process NAME] [--top N] [--symbols DIR]...\n"
     "                         [--html OUT [--db FILE]] [--json | --answer OUT]\n"
     "                         [--memory-bytes N] [--background]\n"
     "       seepwatch report FILE.etl[.gz] --events [--payload-pointer-bits 32|64] [--json]",
     "says who leaks in a trace: process, module and function, with the stacks, and what was lost of it",
     "seepwatch report 20261122T104444Z-app.exe-4242-heap.etl.gz --symbols D:\\symbols --html app.html",
     report_details},
    {"memory", "memory (--dump FILE.dmp [--since OLDER.dmp] | --pid N) [--json]",
     "says which kinds of memory a process has, and between two dumps which kind grew",
     "seepwatch memory --dump app-evening.dmp --since app-morning.dmp", memory_details},
    {"history",
     "history [--db F] [--image NAME] [--pid N] [--hours N | --from T --to T] [--system]\n"
     "                         [--hourly | --raw] [--json | --csv | --html FILE]",
     "prints the commit size of processes over time",
     "seepwatch history --image \"app*.exe\" --hours 48 --html app.html", history_details},
    {"top", "top [--db F] [--hours N] [--limit N] [--image NAME] [--json|--csv]",
     "lists the processes that grew most in the last hours", "seepwatch top --hours 72 --limit 10",
     top_details},
    {"leaks", "leaks [--db F] [--id N | [--open] [--hours N | --from T --to T]] [--json|--csv]",
     "lists the leaks found, or tells everything about one", "seepwatch leaks --id 3", leaks_details},
    {"captures",
     "captures [list] [--db F] [--json|--csv] | captures show ID|latest [--verify] [--db F] [--json]\n"
     "                         | captures export ID|latest OUT.etl [--db F] [--json]",
     "lists the recordings made, tells everything about one, or gives it as a plain .etl",
     "seepwatch captures export latest app.etl", captures_details},
#ifdef _WIN32
    {"run", "run [--data FOLDER] [--config FILE]", "runs the watchdog in this console; Ctrl-C stops it",
     "seepwatch run", NULL},
    {"service", "service", "runs as a Windows service; only the service control manager uses this",
     "sc start seepwatch", NULL},
    {"install", "install", "registers the service (or repairs its description and recovery actions)",
     "seepwatch install", NULL},
    {"uninstall", "uninstall [--stop-only | --undo-only]",
     "stops and removes the service and takes back its tracing flags and recordings; data and configuration "
     "stay. --stop-only: stops it and waits for its end; --undo-only: also takes back what it has left",
     "seepwatch uninstall", NULL},
    {"status", "status [--data FOLDER] [--json]",
     "tells how the service is, and what it has last said about itself and this server", "seepwatch status",
     status_details},
    {"doctor", "doctor [--data FOLDER] [--config FILE] [--json]",
     "tells what will and will not work on this server, why, and what cures it", "seepwatch doctor",
     doctor_details},
#endif
    {"version", "version [--json]", "prints the version", "seepwatch version", NULL},
    {"help", "help [VERB]", "prints this, or the help of one verb", "seepwatch help history", NULL},
};

static void print_one(const verb_help *verb)
{
  printf("usage: seepwatch %s\n\n%s\n\n", verb->usage, verb->meaning);
  if (verb->details != NULL) {
    printf("%s\n\n", verb->details);
  }
  printf("example: %s\n", verb->example);
}

static void print_all(void)
{
  printf("Seepwatch %s watches a Windows server for memory leaks.\n\nusage: seepwatch VERB ...\n\n",
         SEEP_VERSION);
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    printf("  %-10s %s\n", verbs[i].name, verbs[i].meaning);
  }
  printf("\nExit codes: 0 done, 2 usage, 3 not found, 4 bad or unsupported input, 5 access denied,\n"
         "6 the operating system refused, 7 busy.\n");
}

int seep_cmd_help(int argc, char **argv)
{
  if (argc < 2) {
    print_all();
    return SEEP_EXIT_DONE;
  }
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    if (strcmp(verbs[i].name, argv[1]) == 0) {
      print_one(&verbs[i]);
      return SEEP_EXIT_DONE;
    }
  }
  return seep_cli_fail("help", SEEP_EXIT_USAGE, argv[1], "no such verb; 'seepwatch help' lists them");
}

int seep_cmd_version(int argc, char **argv)
{
  bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
  if (argc > 1 && !json) {
    return seep_cli_fail(argv[0], SEEP_EXIT_USAGE, argv[1], "this verb takes --json and no other argument");
  }
  printf(json ? "{\"version\":\"%s\"}\n" : "seepwatch %s\n", SEEP_VERSION);
  return SEEP_EXIT_DONE;
}
