/*
 * The processes of a scenario: their modules, and stacks that look like those of such programs. Libraries lie
 * at other addresses in each process, so that an address looked up in the wrong one names the wrong module.
 */
#include <string.h>

#include "standin/etl_stage.h"

#define PROGRAM_BYTES 0x400000u
#define RUNTIME_BYTES 0x1F8000u
#define PROGRAM_STRIDE UINT64_C(0x10000000)

typedef struct file {
  const char *name, *company, *product, *pdb;
} file;

static const file runtimes[ETL_STAGE_RUNTIMES] = {
    {"ntdll.dll", "Microsoft Corporation", "Microsoft Windows Operating System", "wntdll.pdb"},
    {"kernelbase.dll", "Microsoft Corporation", "Microsoft Windows Operating System", "wkernelbase.pdb"},
    {"ucrtbase.dll", "Microsoft Corporation", "Microsoft Windows Operating System", "ucrtbase.pdb"},
    {"kernel32.dll", "Microsoft Corporation", "Microsoft Windows Operating System", "wkernel32.pdb"},
    {"vcruntime140.dll", "Microsoft Corporation", "Microsoft Visual Studio", "vcruntime140.amd64.pdb"}};

/* The first one stands for the executable, whose name is the process's. */
static const file programs[ETL_STAGE_PROGRAMS] = {
    {"", "Contoso Ltd.", "Contoso Orders", "orders.pdb"},
    {"contoso.pricing.dll", "Contoso Ltd.", "Contoso Pricing", "contoso.pricing.pdb"},
    {"contoso.cache.dll", "Contoso Ltd.", "Contoso Orders", "contoso.cache.pdb"},
    {"fabrikam.odbc.dll", "Fabrikam, Inc.", "Fabrikam ODBC Driver", "D:\\build\\7\\fabrikam.odbc.pdb"}};

static uint64_t runtime_base(bool is_wow64, unsigned index)
{
  return is_wow64 ? 0x77000000u - index * 0x400000u : UINT64_C(0x7FFB20000000) - index * UINT64_C(0x4000000);
}

static uint64_t program_base(bool is_wow64, unsigned process, unsigned index)
{
  unsigned place = (index + process) % ETL_STAGE_PROGRAMS;
  return is_wow64 ? 0x71000000u + place * 0x800000u : UINT64_C(0x7FF600000000) + place * PROGRAM_STRIDE;
}

static void cast_module(etl_stage_process *process, unsigned index)
{
  bool is_runtime = index < ETL_STAGE_RUNTIMES;
  unsigned program = index - ETL_STAGE_RUNTIMES;
  const file *from = is_runtime ? &runtimes[index] : &programs[program];
  etl_records_module *module = &process->modules[index];
  module->name = from->name[0] != '\0' ? from->name : process->shown.name;
  module->company = from->company;
  module->product = from->product;
  module->description = from->product;
  module->version = is_runtime ? "10.0.20348.2227" : "4.2.0.17";
  module->pdb_name = from->pdb;
  module->size_bytes = (is_runtime ? RUNTIME_BYTES : PROGRAM_BYTES) + index * 0x1000u;
  module->timestamp = 0x65A1B2C3u + index * 0x1111u;
  module->base = is_runtime ? runtime_base(process->shown.is_wow64, index)
                            : program_base(process->shown.is_wow64, process->number, program);
  for (unsigned i = 0; i < sizeof module->pdb_guid; i++) {
    module->pdb_guid[i] = (uint8_t)(0x11u * index + 0x0Bu * i + 3u);
  }
  module->pdb_age = 1 + index % 2;
}

void etl_stage_cast(etl_stage *stage, unsigned number, const char *name, uint32_t pid, double from, double to)
{
  etl_stage_process *process = &stage->processes[number];
  bool is_wow64 = stage->options.is_wow64 && number == 0;
  process->number = number;
  process->shown.pid = pid;
  process->shown.parent_pid = 612;
  process->shown.name = name;
  process->shown.is_wow64 = is_wow64;
  process->first_tid = 20000 + number * 400;
  process->from = from;
  process->to = to;
  process->pages_base = is_wow64 ? 0x02000000u : UINT64_C(0x1A000000000);
  process->heap_bases[0] = is_wow64 ? 0x30000000u : UINT64_C(0x28000000000);
  process->heap_bases[1] = is_wow64 ? 0x60000000u : UINT64_C(0x2C000000000);
  process->heap_handles[0] = is_wow64 ? 0x00A10000u : UINT64_C(0x27FF0010000);
  process->heap_handles[1] = is_wow64 ? 0x00C40000u : UINT64_C(0x27FF0440000);
  for (unsigned i = 0; i < ETL_STAGE_MODULES; i++) {
    cast_module(process, i);
  }
  etl_ledger_init(&process->ledger, process->pages_base, process->heap_bases, stage->uses);
}

static void add_frame(etl_scenario_site *site, uint64_t address)
{
  if (site->frame_count < ETL_SCENARIO_FRAMES) {
    site->frames[site->frame_count++] = address;
  }
}

static void make_frames(etl_stage *stage, etl_scenario_site *site, const etl_stage_process *process,
                        unsigned program)
{
  const etl_records_module *modules = process->modules;
  const etl_records_module *culprit = &modules[ETL_STAGE_RUNTIMES + program];
  unsigned callers = 2 + etl_stage_random(stage, 4);
  add_frame(site, modules[0].base + (site->view == 0 ? 0x9D704u : 0x4A1B2u));
  add_frame(site, modules[site->view == 0 ? 1 : 2].base + (site->view == 0 ? 0x2F1E3u : 0x1C3F0u));
  site->culprit = site->frame_count;
  site->module = culprit->name;
  add_frame(site, culprit->base + site->offset);
  for (unsigned i = 0; i < callers; i++) {
    const etl_records_module *caller = &modules[ETL_STAGE_RUNTIMES + etl_stage_random(stage, 2)];
    add_frame(site, caller->base + 0x1000 + 16 * etl_stage_random(stage, 0x3000));
  }
  add_frame(site, modules[3].base + 0x17374);
  add_frame(site, modules[0].base + 0x4CC91);
}

unsigned etl_stage_add_site(etl_stage *stage, unsigned process, unsigned view, const char *behaviour,
                            unsigned program, bool is_remote)
{
  unsigned number = (unsigned)stage->site_count++;
  etl_scenario_site *site = &stage->sites[number];
  memset(site, 0, sizeof *site);
  site->behaviour = behaviour;
  site->process = process;
  site->view = view;
  site->is_remote = is_remote;
  site->offset = 0x1000u + number * 0x60u + 0x2Au;
  make_frames(stage, site, &stage->processes[is_remote ? etl_stage_remote(process) : process], program);
  return number;
}

void etl_stage_cast_sites(etl_stage *stage, unsigned process)
{
  static const char *const behaviours[2] = {"stack lost", "kernel only"};
  for (unsigned i = 0; i < 4; i++) {
    etl_scenario_site *site = &stage->sites[stage->site_count];
    memset(site, 0, sizeof *site);
    site->behaviour = behaviours[i / 2];
    site->kind = i < 2 ? ETL_SCENARIO_LOST : ETL_SCENARIO_KERNEL_ONLY;
    site->process = process;
    site->view = i % 2;
    stage->site_count++;
  }
  stage->processes[process].lost_site = (unsigned)stage->site_count - 4;
  stage->processes[process].kernel_site = (unsigned)stage->site_count - 2;
}
