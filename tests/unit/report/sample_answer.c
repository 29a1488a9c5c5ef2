#include "unit/report/sample_answer.h"

#include <stdlib.h>
#include <string.h>

#define MODULES 8u
#define STACKS 6u
#define FRAMES 12u
#define PROCESSES 4u

#define MB UINT64_C(1048576)
#define TICKS_PER_SECOND INT64_C(10000000)

/* 2026-03-01T10:00:00Z, as a FILETIME. */
#define BEGAN UINT64_C(134168328000000000)

typedef struct sample {
  bool is_made;
  seep_answer answer;
  seep_naming naming;
  seep_answer_module modules[MODULES];
  seep_answer_stack stacks[SEEP_TRACE_VIEWS][STACKS];
  seep_answer_frame frames[SEEP_TRACE_VIEWS][STACKS][FRAMES];
  seep_answer_process processes[PROCESSES];
  seep_naming_module named[MODULES];
} sample;

static sample samples[SAMPLE_ANSWERS];

/* ---- parts ---- */

typedef struct plan_module {
  const char *name, *path, *company, *product, *version;
  bool is_runtime;
} plan_module;

/* module: index, or NONE with a place. */
typedef struct plan_frame {
  uint32_t module;
  seep_frame_place place;
  uint64_t offset;
  const char *symbol;
  uint64_t symbol_offset;
  bool is_guess;
} plan_frame;

typedef struct plan_stack {
  seep_trace_view view;
  seep_trace_site_kind kind;
  uint64_t bytes, count;
  seep_growth_pattern pattern;
  size_t culprit;
  const plan_frame *frames;
  size_t frame_count;
} plan_stack;

#define NONE SEEP_TRACE_NO_MODULE
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void add_modules(sample *made, const plan_module *plan, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    seep_answer_module *module = &made->modules[i];
    *module = (seep_answer_module){.name = plan[i].name,
                                   .path = plan[i].path,
                                   .company = plan[i].company,
                                   .product = plan[i].product,
                                   .description = "",
                                   .file_version = plan[i].version,
                                   .size_bytes = 0x200000 + i * 0x1000,
                                   .timestamp = 0x65000000u + (uint32_t)i,
                                   .has_pdb = true,
                                   .pdb_age = 1,
                                   .pdb_name = "",
                                   .is_runtime = plan[i].is_runtime};
    memset(module->pdb_guid, (int)(0x11 * (i + 1)), sizeof module->pdb_guid);
  }
  made->answer.modules = made->modules;
  made->answer.module_count = count;
}

/* What is left, by when it was allocated; the last part of the trace takes what division leaves over. */
static void fill_curves(seep_answer_stack *stack)
{
  const size_t last = SEEP_TRACE_BUCKETS - 1;
  uint64_t bytes = stack->live_bytes, sum = 0;
  switch (stack->pattern) {
  case SEEP_GROWTH_STEADY:
    for (size_t i = 0; i < last; i++) {
      stack->kept_bytes[i] = bytes / SEEP_TRACE_BUCKETS;
    }
    stack->steady_bytes = bytes;
    break;
  case SEEP_GROWTH_EARLY:
    stack->kept_bytes[0] = bytes;
    break;
  case SEEP_GROWTH_BURST:
    stack->kept_bytes[9] = bytes / 2;
    stack->kept_bytes[21] = bytes - bytes / 2;
    break;
  default:
    break; /* late, or nothing: all of it in the last part */
  }
  for (size_t i = 0; i < last; i++) {
    sum += stack->kept_bytes[i];
    stack->live_curve[i] = sum + stack->allocated_bytes / 64; /* and what came and went */
  }
  stack->kept_bytes[last] = bytes - sum;
  stack->live_curve[last] = bytes;
}

static void add_frames(sample *made, seep_answer_stack *stack, seep_answer_frame *frames,
                       const plan_stack *plan)
{
  for (size_t i = 0; i < plan->frame_count; i++) {
    const plan_frame *from = &plan->frames[i];
    uint64_t base =
        from->module == NONE ? UINT64_C(0x1F2A0000000) : UINT64_C(0x7FFA00000000) + from->module * 0x1000000u;
    frames[i] = (seep_answer_frame){.placed = {base + from->offset, from->place, from->module, from->offset},
                                    .symbol = from->symbol,
                                    .symbol_offset = from->symbol_offset,
                                    .is_guess = from->is_guess};
    if (from->module != NONE) {
      made->modules[from->module].views[plan->view].inclusive_bytes += plan->bytes;
    }
  }
  stack->frames = frames;
  stack->frame_count = plan->frame_count;
}

static seep_answer_bucket bucket_of(const plan_stack *plan)
{
  if (plan->kind == SEEP_TRACE_SITE_KERNEL_ONLY) {
    return SEEP_BUCKET_KERNEL;
  }
  if (plan->kind != SEEP_TRACE_SITE_STACK) {
    return SEEP_BUCKET_NO_STACK;
  }
  if (plan->culprit == SEEP_CULPRIT_NONE) {
    return SEEP_BUCKET_RUNTIME;
  }
  return plan->frames[plan->culprit].place == SEEP_FRAME_MANAGED ? SEEP_BUCKET_MANAGED : SEEP_BUCKET_UNKNOWN;
}

static void blame(sample *made, const plan_stack *plan, const seep_answer_stack *stack)
{
  seep_answer_view *view = &made->answer.views[plan->view];
  uint32_t module = plan->culprit != SEEP_CULPRIT_NONE ? plan->frames[plan->culprit].module : NONE;
  if (module == NONE) {
    view->bucket_bytes[bucket_of(plan)] += plan->bytes;
    view->bucket_count[bucket_of(plan)] += plan->count;
  } else {
    made->modules[module].views[plan->view].blamed_bytes += plan->bytes;
    made->modules[module].views[plan->view].blamed_count += plan->count;
    made->modules[module].views[plan->view].steady_bytes += stack->steady_bytes;
  }
}

static void add_stack(sample *made, const plan_stack *plan)
{
  seep_answer_view *view = &made->answer.views[plan->view];
  size_t index = view->stack_count++;
  seep_answer_stack *stack = &made->stacks[plan->view][index];
  const int64_t lasted = made->answer.duration_ms;
  *stack = (seep_answer_stack){.kind = plan->kind,
                               .live_bytes = plan->bytes,
                               .live_count = plan->count,
                               .allocations = plan->count * 2,
                               .allocated_bytes = plan->bytes * 2,
                               .frees = plan->count,
                               .freed_bytes = plan->bytes,
                               .pattern = plan->pattern,
                               .first_ms = plan->pattern == SEEP_GROWTH_LATE ? lasted - 900 : 40,
                               .last_ms = plan->pattern == SEEP_GROWTH_EARLY ? 5000 : lasted - 30,
                               .culprit = plan->culprit};
  fill_curves(stack);
  if (plan->pattern == SEEP_GROWTH_STEADY) {
    stack->bytes_per_hour = (double)plan->bytes * 3600000.0 / (double)lasted;
  }
  memcpy(stack->signature, "9f3c11d2a8b7e604", SEEP_SIGNATURE_SIZE);
  stack->signature[15] = (char)('0' + index);
  stack->signature[14] = (char)('a' + plan->view);
  add_frames(made, stack, made->frames[plan->view][index], plan);
  blame(made, plan, stack);
  view->stacks = made->stacks[plan->view];
  view->all_stacks = view->stack_count;
  view->has_events = true;
  view->live_bytes += plan->bytes;
  view->live_count += plan->count;
  view->steady_bytes += stack->steady_bytes;
  for (size_t i = 0; i < SEEP_TRACE_BUCKETS; i++) {
    view->live_curve[i] += stack->live_curve[i];
  }
}

/* Sums, once all stacks are there. other: live bytes of stacks that are not in detail, the runtime's. */
static void finish_view(sample *made, seep_trace_view which, uint64_t other_bytes, uint64_t other_count)
{
  seep_answer_view *view = &made->answer.views[which];
  view->other_bytes = other_bytes;
  view->live_bytes += other_bytes;
  view->live_count += other_count;
  view->bucket_bytes[SEEP_BUCKET_RUNTIME] += other_bytes;
  view->bucket_count[SEEP_BUCKET_RUNTIME] += other_count;
  view->all_stacks += other_bytes > 0 ? 37 : 0;
  view->allocations = view->live_count * 2;
  view->allocated_bytes = view->live_bytes * 2;
  view->frees = view->live_count;
  view->freed_bytes = view->live_bytes;
  for (size_t i = 0; i < SEEP_TRACE_BUCKETS; i++) {
    view->live_curve[i] += other_bytes;
  }
  for (size_t i = 0; i < view->stack_count; i++) {
    made->stacks[which][i].share = (double)view->stacks[i].live_bytes / (double)view->live_bytes;
  }
  view->pattern = view->stack_count > 0 ? view->stacks[0].pattern : SEEP_GROWTH_NONE;
}

/* The first stack of the view is the culprit's. */
static void name_culprit(sample *made, seep_trace_view which, seep_answer_certainty certainty)
{
  const seep_answer_view *view = &made->answer.views[which];
  const seep_answer_stack *stack = &view->stacks[0];
  const seep_placed_frame *placed = &stack->frames[stack->culprit].placed;
  seep_answer_culprit *culprit = &made->answer.culprit;
  *culprit =
      (seep_answer_culprit){.certainty = certainty, .view = which, .module = placed->module, .stack = 0};
  if (placed->module != NONE) {
    culprit->bytes = made->modules[placed->module].views[which].blamed_bytes;
    culprit->count = made->modules[placed->module].views[which].blamed_count;
  } else {
    culprit->bucket = placed->place == SEEP_FRAME_MANAGED ? SEEP_BUCKET_MANAGED : SEEP_BUCKET_UNKNOWN;
    culprit->bytes = view->bucket_bytes[culprit->bucket];
    culprit->count = view->bucket_count[culprit->bucket];
  }
  culprit->share = (double)culprit->bytes / (double)view->live_bytes;
}

static void begin(sample *made, uint32_t pid, const char *name, int64_t lasted_ms)
{
  seep_answer *answer = &made->answer;
  seep_trace_header *header = &answer->header;
  *header = (seep_trace_header){.record_type = 2,
                                .buffer_size_bytes = 1048576,
                                .os_major = 10,
                                .os_build = 20348,
                                .processors = 8,
                                .pointer_bytes = 8,
                                .buffers_written = 900,
                                .clock_type = 1,
                                .frequency_hz = TICKS_PER_SECOND,
                                .boot = BEGAN - UINT64_C(864000000000),
                                .start = BEGAN,
                                .end = BEGAN + (uint64_t)lasted_ms * 10000u,
                                .first_ticks = 1000};
  memcpy(header->logger_name, "WPR_initiated", sizeof "WPR_initiated");
  answer->merged.summary =
      (seep_trace_summary){.header = *header, .buffers = 900, .records = 1204411, .kernel_records = 1199000};
  answer->merged.first_ticks = 1000;
  answer->merged.last_ticks = 1000 + (uint64_t)lasted_ms * 10000u;
  answer->losses = (seep_trace_losses){.stacks = 640000, .memory_events = 632822};
  answer->duration_ms = lasted_ms;
  answer->has_process = true;
  answer->process = (seep_answer_process){.pid = pid, .parent_pid = 900, .session = 0, .name = name};
  answer->commit_at_end_bytes = 1480 * MB;
  answer->culprit.stack = SIZE_MAX;
  answer->culprit.module = NONE;
}

static void finish_processes(sample *made)
{
  seep_answer *answer = &made->answer;
  for (size_t i = 0; i < SEEP_TRACE_VIEWS; i++) {
    answer->process.live_bytes[i] = answer->views[i].live_bytes;
    answer->process.allocations[i] = answer->views[i].allocations;
  }
  made->processes[0] = answer->process;
  made->processes[1] = (seep_answer_process){.pid = 712,
                                             .parent_pid = 4,
                                             .name = "svchost.exe",
                                             .live_bytes = {MB, 40960},
                                             .allocations = {16, 300}};
  made->processes[2] = (seep_answer_process){.pid = 6044,
                                             .parent_pid = 712,
                                             .session = 1,
                                             .name = "WmiPrvSE.exe",
                                             .began_here = true,
                                             .ended_here = true,
                                             .allocations = {3, 12}};
  answer->processes = made->processes;
  answer->process_count = 3;
}

/* ---- the samples ---- */

enum { NTDLL, UCRTBASE, KERNEL32, PRICING, WEB, W3WP };

#define SYSTEM "Microsoft Corporation", "Microsoft\xC2\xAE Windows\xC2\xAE Operating System"
static const plan_module server_modules[] = {
    {"ntdll.dll", "C:\\Windows\\System32\\ntdll.dll", SYSTEM, "10.0.20348.2113", true},
    {"ucrtbase.dll", "C:\\Windows\\System32\\ucrtbase.dll", SYSTEM, "10.0.20348.1", true},
    {"KERNEL32.DLL", "C:\\Windows\\System32\\kernel32.dll", SYSTEM, "10.0.20348.2110", false},
    {"Contoso.Pricing.dll", "D:\\Shop\\bin\\Contoso.Pricing.dll", "Contoso Ltd.", "Contoso Shop", "4.2.1107",
     false},
    {"Contoso.Web.dll", "D:\\Shop\\bin\\Contoso.Web.dll", "Contoso Ltd.", "Contoso Shop", "4.2.1107", false},
    {"w3wp.exe", "C:\\Windows\\System32\\inetsrv\\w3wp.exe", "Microsoft Corporation",
     "Internet Information Services", "10.0.20348.1", false},
};

#define AT(module, offset, symbol, inside)                                                                   \
  {                                                                                                          \
    module, SEEP_FRAME_MODULE, offset, symbol, inside, false                                                 \
  }
#define BARE(module, offset)                                                                                 \
  {                                                                                                          \
    module, SEEP_FRAME_MODULE, offset, NULL, 0, false                                                        \
  }
#define ROOTS                                                                                                \
  AT(W3WP, 0x4A10, "WorkerMain", 0x51), AT(KERNEL32, 0x14DE0, "BaseThreadInitThunk", 0x14),                  \
      AT(NTDLL, 0x7ECDB, "RtlUserThreadStart", 0x21)
#define ALLOCATION                                                                                           \
  AT(NTDLL, 0x2A1F3, "RtlpAllocateHeapInternal", 0x9D3), AT(UCRTBASE, 0x1C5B6, "_malloc_base", 0x36)

static const plan_frame cache_insert[] = {ALLOCATION, AT(PRICING, 0x1A2B4, "PriceCache::Insert", 0x1F4),
                                          AT(PRICING, 0x19080, "PriceCache::Refresh", 0x80),
                                          AT(WEB, 0x52A1, "QuoteHandler::ProcessRequest", 0x2A1), ROOTS};
static const plan_frame cache_key[] = {ALLOCATION, AT(PRICING, 0x1A700, "PriceCache::MakeKey", 0x40),
                                       AT(PRICING, 0x19077, "PriceCache::Refresh", 0x77),
                                       AT(WEB, 0x52A1, "QuoteHandler::ProcessRequest", 0x2A1), ROOTS};
static const plan_frame session_state[] = {ALLOCATION, AT(WEB, 0x9110, "SessionTable::Grow", 0x110), ROOTS};
static const plan_frame warm_up[] = {
    ALLOCATION, {WEB, SEEP_FRAME_MODULE, 0x20F0, "WebInitialize", 0x13F0, true}, ROOTS};
static const plan_frame segment[] = {AT(NTDLL, 0x9E2A4, "NtAllocateVirtualMemory", 0x14),
                                     AT(NTDLL, 0x2B1C0, "RtlpFindAndCommitPages", 0x70),
                                     ALLOCATION,
                                     AT(PRICING, 0x1A2B4, "PriceCache::Insert", 0x1F4),
                                     AT(PRICING, 0x19080, "PriceCache::Refresh", 0x80),
                                     AT(WEB, 0x52A1, "QuoteHandler::ProcessRequest", 0x2A1),
                                     ROOTS};

#define HEAP SEEP_TRACE_VIEW_HEAP
#define VIRTUAL SEEP_TRACE_VIEW_VIRTUAL
#define WHOLE SEEP_TRACE_SITE_STACK
#define FROM(frames) frames, COUNT(frames)

static void make_heap(sample *made)
{
  static const plan_stack stacks[] = {
      {HEAP, WHOLE, 198 * MB, 270411, SEEP_GROWTH_STEADY, 2, FROM(cache_insert)},
      {HEAP, WHOLE, 38 * MB, 46000, SEEP_GROWTH_STEADY, 2, FROM(cache_key)},
      {HEAP, WHOLE, 9 * MB, 800, SEEP_GROWTH_EARLY, 2, FROM(warm_up)},
      {HEAP, WHOLE, 6 * MB, 96, SEEP_GROWTH_BURST, 2, FROM(session_state)},
      {HEAP, SEEP_TRACE_SITE_LOST, 2 * MB, 1100, SEEP_GROWTH_LATE, SEEP_CULPRIT_NONE, NULL, 0},
      {VIRTUAL, WHOLE, 240 * MB, 3840, SEEP_GROWTH_STEADY, 4, FROM(segment)},
  };
  begin(made, 5200, "w3wp.exe", 12 * 60 * 1000);
  add_modules(made, FROM(server_modules));
  for (size_t i = 0; i < COUNT(stacks); i++) {
    add_stack(made, &stacks[i]);
  }
  finish_view(made, HEAP, 3 * MB + 512 * 1024, 9000);
  finish_view(made, VIRTUAL, 0, 0);
  name_culprit(made, HEAP, SEEP_ANSWER_GOOD);
  made->answer.losses.memory_events_without_stack = 1100;
  finish_processes(made);
  static const seep_naming_module named[] = {
      {NTDLL, SEEP_NAMED_PDB,
       "ntdll.pdb/11111111111111111111111111111111"
       "1/ntdll.pdb",
       14},
      {PRICING, SEEP_NAMED_PDB, "Contoso.Pricing.pdb/444444444444444444444444444444441/Contoso.Pricing.pdb",
       6},
      {WEB, SEEP_NAMED_EXPORTS, "Contoso.Web.pdb/555555555555555555555555555555551/Contoso.Web.pdb", 5},
      {KERNEL32, SEEP_NAMED_MISMATCH, "kernel32.pdb/333333333333333333333333333333331/kernel32.pdb", 5},
  };
  memcpy(made->named, named, sizeof named);
  made->naming.count = COUNT(named);
}

enum { IMAGING = PRICING, SCANHOST };

static const plan_frame image_decode[] = {BARE(NTDLL, 0x7128C), BARE(IMAGING, 0x1F02), BARE(IMAGING, 0x3344),
                                          BARE(SCANHOST, 0x102B), BARE(KERNEL32, 0x1FCC9)};
static const plan_frame image_tile[] = {BARE(NTDLL, 0x7128C), BARE(IMAGING, 0x2A90), BARE(IMAGING, 0x3344),
                                        BARE(SCANHOST, 0x102B), BARE(KERNEL32, 0x1FCC9)};

static void make_virtual(sample *made)
{
  static const plan_module modules[] = {
      {"ntdll.dll", "C:\\Windows\\SysWOW64\\ntdll.dll", SYSTEM, "10.0.20348.2113", true},
      {"ucrtbase.dll", "C:\\Windows\\SysWOW64\\ucrtbase.dll", SYSTEM, "10.0.20348.1", true},
      {"kernel32.dll", "C:\\Windows\\SysWOW64\\kernel32.dll", SYSTEM, "10.0.20348.2110", false},
      {"Contoso.Imaging.dll", "\\Device\\HarddiskVolume3\\Scan\\Contoso.Imaging.dll", "", "", "", false},
      {"scanhost.exe", "\\Device\\HarddiskVolume3\\Scan\\scanhost.exe", "", "", "", false},
  };
  static const plan_stack stacks[] = {
      {VIRTUAL, WHOLE, 600 * MB, 9600, SEEP_GROWTH_STEADY, 1, FROM(image_decode)},
      {VIRTUAL, WHOLE, 80 * MB, 1280, SEEP_GROWTH_STEADY, 1, FROM(image_tile)},
  };
  begin(made, 3316, "scanhost.exe", 95 * 1000);
  made->answer.process.is_wow64 = true;
  add_modules(made, FROM(modules));
  for (size_t i = 0; i < COUNT(stacks); i++) {
    add_stack(made, &stacks[i]);
  }
  finish_view(made, VIRTUAL, 0, 0);
  name_culprit(made, VIRTUAL, SEEP_ANSWER_GOOD);
  finish_processes(made);
  static const seep_naming_module named[] = {
      {IMAGING, SEEP_NAMED_NOT, "Contoso.Imaging.dll/65000003203000/Contoso.Imaging.dll", 4},
      {NTDLL, SEEP_NAMED_NOT, "wntdll.pdb/111111111111111111111111111111111/wntdll.pdb", 2},
      {SCANHOST, SEEP_NAMED_NOT, "", 2},
      {KERNEL32, SEEP_NAMED_BROKEN, "kernel32.pdb/333333333333333333333333333333331/kernel32.pdb", 2},
  };
  memcpy(made->named, named, sizeof named);
  made->naming.count = COUNT(named);
}

static void make_managed(sample *made)
{
  static const plan_module modules[] = {
      {"ntdll.dll", "C:\\Windows\\System32\\ntdll.dll", SYSTEM, "10.0.20348.2113", true},
      {"coreclr.dll", "C:\\Program Files\\dotnet\\coreclr.dll", "Microsoft Corporation",
       "Microsoft\xC2\xAE .NET", "8.0.1", true},
  };
  static const plan_frame code[] = {AT(0, 0x9E2A4, "NtAllocateVirtualMemory", 0x14),
                                    AT(1, 0x2F010, "WKS::GCHeap::Alloc", 0x110),
                                    {NONE, SEEP_FRAME_MANAGED, 0x4410, NULL, 0, false},
                                    {NONE, SEEP_FRAME_MANAGED, 0x5120, NULL, 0, false},
                                    AT(0, 0x7ECDB, "RtlUserThreadStart", 0x21)};
  static const plan_frame nowhere[] = {AT(0, 0x9E2A4, "NtAllocateVirtualMemory", 0x14),
                                       {NONE, SEEP_FRAME_UNKNOWN, 0x9990000, NULL, 0, false}};
  static const plan_frame kernel[] = {{NONE, SEEP_FRAME_KERNEL, 0x100, NULL, 0, false}};
  static const plan_stack stacks[] = {
      {VIRTUAL, WHOLE, 320 * MB, 80, SEEP_GROWTH_STEADY, 2, FROM(code)},
      {VIRTUAL, WHOLE, 8 * MB, 20, SEEP_GROWTH_LATE, 1, FROM(nowhere)},
      {VIRTUAL, SEEP_TRACE_SITE_KERNEL_ONLY, MB, 4, SEEP_GROWTH_LATE, SEEP_CULPRIT_NONE, FROM(kernel)},
  };
  begin(made, 8120, "orders.exe", 4 * 60 * 1000);
  add_modules(made, FROM(modules));
  for (size_t i = 0; i < COUNT(stacks); i++) {
    add_stack(made, &stacks[i]);
  }
  finish_view(made, VIRTUAL, 0, 0);
  name_culprit(made, VIRTUAL, SEEP_ANSWER_GOOD);
  finish_processes(made);
}

static void make_nothing(sample *made)
{
  begin(made, 5200, "w3wp.exe", 12 * 60 * 1000);
  seep_answer_view *view = &made->answer.views[HEAP];
  view->has_events = true;
  view->allocations = view->frees = 51200;
  view->allocated_bytes = view->freed_bytes = 900 * MB;
  view->unknown_frees = 12;
  finish_processes(made);
}

static void make_nobody(sample *made)
{
  begin(made, 0, "", 643 * 1000);
  made->answer.has_process = false;
  made->answer.process = (seep_answer_process){.name = ""};
  made->answer.commit_at_end_bytes = 0;
  made->answer.losses = (seep_trace_losses){0};
}

static void make_weak(sample *made)
{
  static const plan_module modules[] = {
      {"ntdll.dll", "C:\\Windows\\System32\\ntdll.dll", SYSTEM, "10.0.20348.2113", true},
      {"Fabrikam.Cache.dll", "C:\\Fabrikam\\Fabrikam.Cache.dll", "Fabrikam", "", "1.0", false},
  };
  static const plan_frame fill[] = {BARE(0, 0x2A1F3), AT(1, 0x1100, "Fill", 0x100)};
  static const plan_stack stacks[] = {
      {HEAP, WHOLE, 12 * MB, 4000, SEEP_GROWTH_EARLY, 1, FROM(fill)},
      {HEAP, SEEP_TRACE_SITE_OVERFLOW, 11 * MB, 700, SEEP_GROWTH_LATE, SEEP_CULPRIT_NONE, NULL, 0},
      {HEAP, SEEP_TRACE_SITE_LOST, 8 * MB, 900, SEEP_GROWTH_LATE, SEEP_CULPRIT_NONE, NULL, 0},
  };
  begin(made, 44, "cache.exe", 41 * 1000);
  seep_answer *answer = &made->answer;
  add_modules(made, FROM(modules));
  for (size_t i = 0; i < COUNT(stacks); i++) {
    add_stack(made, &stacks[i]);
  }
  finish_view(made, HEAP, 0, 0);
  name_culprit(made, HEAP, SEEP_ANSWER_WEAK);
  answer->culprit.doubts = (SEEP_DOUBT_ENDED << 1) - 1;
  answer->process.began_here = answer->process.ended_here = true;
  answer->views[HEAP].odd = 3;
  answer->header.events_lost = 4112;
  answer->header.buffers_lost = 2;
  answer->header.end = 0;
  answer->merged.summary.header = answer->header;
  answer->merged.summary.truncated = true;
  answer->merged.summary.bad_buffers = 1;
  answer->merged.summary.bad_records = 5;
  answer->merged.summary.unread_buffers = 7;
  answer->merged.late_records = 9;
  answer->merged.forced_buffers = 1;
  answer->losses.memory_events = 11200;
  answer->losses.memory_events_without_stack = 3200;
  answer->losses.keys_undefined = 31;
  answer->losses.malformed = 6;
  answer->losses.undocumented = 8;
  answer->losses.overflowed_stacks = 700;
  answer->losses.memory_limit = true;
  answer->losses.stop_ticks = answer->merged.last_ticks - 10 * TICKS_PER_SECOND;
  finish_processes(made);
}

#define EVIL "<script>alert(1)</script>\"'&\x1B[31m\r\n\xFF\xED\xA0\x80\xE2\x80\xAE"

static void make_hostile(sample *made)
{
  static char long_name[3000];
  static const plan_module modules[] = {
      {EVIL "ntdll.dll", EVIL, EVIL, EVIL, EVIL, true},
      {EVIL ".dll", EVIL, EVIL, EVIL, EVIL, false},
      {long_name, long_name, long_name, long_name, long_name, false},
  };
  static const plan_frame evil[] = {AT(0, 0x10, EVIL, 0x10), AT(1, 0x20, EVIL, 0x20),
                                    AT(2, 0x30, long_name, 0x30), AT(1, UINT64_MAX, long_name, UINT64_MAX)};
  static const plan_frame empty[] = {AT(2, 0, "", 0), AT(1, 0, EVIL, 0)};
  static const plan_stack stacks[] = {
      {HEAP, WHOLE, 40 * MB, 1000, SEEP_GROWTH_STEADY, 1, FROM(evil)},
      {HEAP, WHOLE, 4 * MB, 10, SEEP_GROWTH_STEADY, 0, FROM(empty)},
  };
  memset(long_name, 'W', sizeof long_name - 1);
  begin(made, UINT32_MAX, EVIL "app.exe", 90 * 1000);
  add_modules(made, FROM(modules));
  for (size_t i = 0; i < COUNT(stacks); i++) {
    add_stack(made, &stacks[i]);
  }
  made->modules[1].pdb_name = EVIL;
  finish_view(made, HEAP, 0, 0);
  name_culprit(made, HEAP, SEEP_ANSWER_GOOD);
  finish_processes(made);
  made->processes[1].name = long_name;
  memcpy(made->answer.header.logger_name, EVIL, sizeof EVIL);
  made->named[0] = (seep_naming_module){1, SEEP_NAMED_NOT, EVIL, UINT64_MAX};
  made->naming.count = 1;
}

static sample *made_sample(sample_answer_kind kind)
{
  static void (*const makers[SAMPLE_ANSWERS])(sample *) = {
      make_heap, make_virtual, make_managed, make_nothing, make_nobody, make_weak, make_hostile};
  sample *made = &samples[kind];
  if (!made->is_made) {
    made->is_made = true;
    made->naming.modules = made->named;
    makers[kind](made);
  }
  return made;
}

const seep_answer *sample_answer(sample_answer_kind kind)
{
  return &made_sample(kind)->answer;
}

const seep_naming *sample_answer_naming(sample_answer_kind kind)
{
  return &made_sample(kind)->naming;
}

const char *sample_answer_name(sample_answer_kind kind)
{
  static const char *const names[SAMPLE_ANSWERS] = {"heap",   "virtual", "managed", "nothing",
                                                    "nobody", "weak",    "hostile"};
  return names[kind];
}

/* ---- the largest ---- */

#define HUGE_MODULES ((size_t)500)
#define HUGE_PROCESSES ((size_t)200)
#define HUGE_TEXT ((size_t)4096)

typedef struct huge {
  seep_answer answer;
  char text[HUGE_TEXT];
  seep_answer_module modules[HUGE_MODULES];
  seep_answer_process processes[HUGE_PROCESSES];
  seep_answer_frame *frames;
} huge;

static void fill_huge_stacks(huge *made, seep_answer_stack *stacks, size_t count, size_t frames)
{
  seep_answer_frame *frame = made->frames;
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < frames; k++) {
      uint32_t module = (uint32_t)((i + k) % HUGE_MODULES);
      frame[k] = (seep_answer_frame){.placed = {UINT64_MAX - k, SEEP_FRAME_MODULE, module, i * frames + k},
                                     .symbol = made->text,
                                     .symbol_offset = UINT64_MAX};
    }
    stacks[i] = (seep_answer_stack){.live_bytes = 1000000 - i,
                                    .live_count = 1,
                                    .share = 1.0 / (double)count,
                                    .pattern = SEEP_GROWTH_STEADY,
                                    .steady_bytes = 1000000 - i,
                                    .frames = frame,
                                    .frame_count = frames,
                                    .signature = "0123456789abcdef"};
    frame += frames;
  }
  made->frames = frame;
}

const seep_answer *sample_answer_huge(size_t stacks, size_t frames, void **block)
{
  const size_t stack_bytes = stacks * SEEP_TRACE_VIEWS * sizeof(seep_answer_stack);
  const size_t frame_bytes = stacks * SEEP_TRACE_VIEWS * frames * sizeof(seep_answer_frame);
  huge *made = calloc(1, sizeof *made + stack_bytes + frame_bytes);
  *block = made;
  if (made == NULL) {
    return NULL;
  }
  seep_answer_stack *all = (seep_answer_stack *)(void *)(made + 1);
  made->frames = (seep_answer_frame *)(void *)(all + stacks * SEEP_TRACE_VIEWS);
  memset(made->text, 'H', sizeof made->text - 1);
  made->answer = *sample_answer(SAMPLE_ANSWER_HEAP);
  for (size_t i = 0; i < HUGE_MODULES; i++) {
    made->modules[i] = (seep_answer_module){.name = made->text,
                                            .path = made->text,
                                            .company = made->text,
                                            .product = made->text,
                                            .description = made->text,
                                            .file_version = made->text,
                                            .pdb_name = made->text};
    made->modules[i].views[HEAP].blamed_bytes = 1000000;
  }
  for (size_t i = 0; i < HUGE_PROCESSES; i++) {
    made->processes[i] = (seep_answer_process){.pid = UINT32_MAX, .name = made->text};
  }
  for (size_t v = 0; v < SEEP_TRACE_VIEWS; v++) {
    seep_answer_view *view = &made->answer.views[v];
    fill_huge_stacks(made, all + v * stacks, stacks, frames);
    view->stacks = all + v * stacks;
    view->stack_count = view->all_stacks = stacks;
    view->live_bytes = stacks * 1000000u;
  }
  made->answer.modules = made->modules;
  made->answer.module_count = HUGE_MODULES;
  made->answer.processes = made->processes;
  made->answer.process_count = HUGE_PROCESSES;
  made->answer.culprit.stack = 0;
  return &made->answer;
}
