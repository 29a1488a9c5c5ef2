/* Who lies at an address: rundowns that tell half, loads and unloads, what merges add, and hostile files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "trace/modules.h"
#include "unit/trace/module_maker.h"

#define MB UINT64_C(0x100000)
#define APP UINT64_C(0x7FF600000000)
#define DRIVER UINT64_C(0xFFFFF80000000000)

static seep_trace_budget budget;

static seep_trace_modules *begin(void)
{
  budget = (seep_trace_budget){.limit_bytes = 256 * MB};
  seep_trace_modules *modules = seep_trace_modules_new(&budget);
  assert_non_null(modules);
  return modules;
}

static void end(seep_trace_modules *modules)
{
  seep_trace_modules_free(modules);
  assert_int_equal(budget.used_bytes, 0);
}

/* The name of who had an address then; "-" for nobody. */
static const char *name_at(const seep_trace_modules *modules, uint32_t instance, uint64_t address,
                           uint64_t ticks)
{
  uint64_t base = 1;
  uint32_t index = seep_trace_modules_find(modules, instance, address, ticks, &base);
  const seep_trace_module *module = seep_trace_modules_at(modules, index);
  assert_true(module == NULL ? base == 1 : base <= address && address - base < module->size_bytes);
  return module != NULL ? module->name : "-";
}

static void a_rundown_at_the_end_is_since_the_beginning(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  module_there(modules, 1, APP, MB, "\\Device\\HarddiskVolume3\\app\\Pricing.dll");
  module_finish(modules);
  assert_string_equal(name_at(modules, 1, APP, 0), "Pricing.dll");
  assert_string_equal(name_at(modules, 1, APP + MB - 1, 500), "Pricing.dll");
  assert_string_equal(name_at(modules, 1, APP + MB, 500), "-");
  assert_string_equal(name_at(modules, 1, APP - 1, 500), "-");
  assert_string_equal(name_at(modules, 2, APP, 500), "-"); /* of another process */
  assert_string_equal(name_at(modules, 0, APP, 500), "-");
  end(modules);
}

/* One place, three files, one after the other. */
static void the_time_decides_who_had_a_place(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  module_event(modules, 1, SEEP_TRACE_IMAGE_DCSTART, 10, APP, MB, "\\a\\first.dll", 0);
  module_event(modules, 1, SEEP_TRACE_IMAGE_UNLOAD, 200, APP, MB, "\\a\\first.dll", 0);
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 300, APP, MB, "\\a\\second.dll", 7);
  module_event(modules, 1, SEEP_TRACE_IMAGE_UNLOAD, 400, APP, MB, "\\a\\second.dll", 7);
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 600, APP, 2 * MB, "\\a\\third.dll", 8);
  module_event(modules, 1, SEEP_TRACE_IMAGE_DCEND, 1000, APP, 2 * MB, "\\a\\third.dll", 0);
  module_finish(modules);
  assert_string_equal(name_at(modules, 1, APP + 1, 0), "first.dll");
  assert_string_equal(name_at(modules, 1, APP + 1, 200), "first.dll");
  assert_string_equal(name_at(modules, 1, APP + 1, 300), "second.dll");
  assert_string_equal(name_at(modules, 1, APP + 1, 999), "third.dll");
  assert_string_equal(name_at(modules, 1, APP + 1, UINT64_MAX), "third.dll");
  /* Nobody then: whoever was nearest in time, for user stacks come late. */
  assert_string_equal(name_at(modules, 1, APP + 1, 220), "first.dll");
  assert_string_equal(name_at(modules, 1, APP + 1, 410), "second.dll");
  assert_string_equal(name_at(modules, 1, APP + 1, 590), "third.dll");
  /* Nobody else ever had this part. */
  assert_string_equal(name_at(modules, 1, APP + MB + 1, 50), "third.dll");
  assert_int_equal(seep_trace_modules_count(modules), 3);
  end(modules);
}

static void an_unload_alone_is_since_the_beginning(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  module_event(modules, 1, SEEP_TRACE_IMAGE_UNLOAD, 200, APP, MB, "gone.dll", 5);
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 400, APP, MB, "next.dll", 6);
  module_event(modules, 1, SEEP_TRACE_IMAGE_UNLOAD, 200, APP + 4 * MB, MB, "gone.dll", 5);
  module_there(modules, 1, APP + 4 * MB, MB, "unseen.dll"); /* loaded some time after that */
  module_finish(modules);
  assert_string_equal(name_at(modules, 1, APP, 0), "gone.dll");
  assert_string_equal(name_at(modules, 1, APP, 450), "next.dll");
  assert_string_equal(name_at(modules, 1, APP + 4 * MB, 100), "gone.dll");
  assert_string_equal(name_at(modules, 1, APP + 4 * MB, 300), "unseen.dll");
  end(modules);
}

static void events_out_of_order_and_twice(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  module_event(modules, 1, SEEP_TRACE_IMAGE_DCEND, 1000, APP, MB, "\\a\\b.dll", 0);
  module_event(modules, 1, SEEP_TRACE_IMAGE_DCEND, 1001, APP, MB, "\\a\\b.dll", 0);
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 500, APP, MB, "\\A\\B.DLL", 9);
  module_event(modules, 1, SEEP_TRACE_IMAGE_UNLOAD, 400, APP, MB, "\\a\\old.dll", 0);
  for (unsigned i = 0; i < 1000; i++) { /* a server that loads and unloads the same all day */
    module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 2 * i, APP + 4 * MB, MB, "\\a\\wmi.dll", 3);
    module_event(modules, 1, SEEP_TRACE_IMAGE_UNLOAD, 2 * i + 1, APP + 4 * MB, MB, "\\a\\wmi.dll", 3);
  }
  module_finish(modules);
  assert_string_equal(name_at(modules, 1, APP, 100), "old.dll");
  assert_string_equal(name_at(modules, 1, APP, 600), "B.DLL");
  assert_string_equal(name_at(modules, 1, APP + 4 * MB, 777), "wmi.dll");
  assert_int_equal(seep_trace_modules_count(modules), 3);
  end(modules);
}

static void drivers_are_everybodys(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  const seep_trace_image driver = {.base = DRIVER,
                                   .size_bytes = MB,
                                   .pid = 0,
                                   .path = module_text("\\SystemRoot\\system32\\ntoskrnl.exe")};
  const seep_trace_image late = {
      .base = DRIVER + MB, .size_bytes = MB, .pid = 777, .path = module_text("\\SystemRoot\\late.sys")};
  const seep_trace_image system_copy = {
      .base = APP, .size_bytes = MB, .pid = 4, .path = module_text("\\SystemRoot\\System32\\ntdll.dll")};
  const seep_trace_image narrow = {
      .base = 0x81000000, .size_bytes = MB, .pid = 0, .path = module_text("\\SystemRoot\\narrow.sys")};
  assert_int_equal(seep_trace_modules_add(modules, 5, SEEP_TRACE_IMAGE_DCEND, 9, &driver), SEEP_OK);
  assert_int_equal(seep_trace_modules_add(modules, 6, SEEP_TRACE_IMAGE_LOAD, 9, &late), SEEP_OK);
  assert_int_equal(seep_trace_modules_add(modules, 7, SEEP_TRACE_IMAGE_DCEND, 9, &system_copy), SEEP_OK);
  assert_int_equal(seep_trace_modules_add(modules, 5, SEEP_TRACE_IMAGE_DCEND, 9, &narrow), SEEP_OK);
  module_there(modules, 1, 0x80000000, MB, "large.exe"); /* a 32-bit program may reach that far */
  module_finish(modules);
  assert_string_equal(name_at(modules, 1, DRIVER + 5, 20), "ntoskrnl.exe");
  assert_string_equal(name_at(modules, SEEP_TRACE_KERNEL_INSTANCE, DRIVER + MB, 20), "late.sys");
  assert_string_equal(name_at(modules, 7, APP, 20), "ntdll.dll");
  assert_string_equal(name_at(modules, 1, APP, 20), "-");
  assert_string_equal(name_at(modules, 1, 0x81000004, 20), "narrow.sys");
  assert_string_equal(name_at(modules, 1, 0x80000004, 20), "large.exe");
  assert_string_equal(name_at(modules, 2, 0x80000004, 20), "-");
  end(modules);
}

static void which_half(void **state)
{
  (void)state;
  assert_true(seep_trace_is_kernel_address(UINT64_C(0xFFFF000000000000), 8));
  assert_false(seep_trace_is_kernel_address(UINT64_C(0xFFFEFFFFFFFFFFFF), 8));
  assert_true(seep_trace_is_kernel_address(UINT64_C(0x80000000), 4));
  assert_false(seep_trace_is_kernel_address(UINT64_C(0x7FFFFFFF), 4));
  assert_false(seep_trace_is_kernel_address(UINT64_C(0x80000000), 8));
}

/* What a merge adds, before and after the image events, joined by PID and place; version by size and time. */
static void identities_are_joined(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  module_id(modules, 101, APP, MB, 0x5A5A);
  module_version(modules, (uint32_t)MB, 0x5A5A, "Contoso Ltd.", "4.2.1107");
  module_version(modules, (uint32_t)MB, 0x5A5B, "Somebody else", "1");
  module_there(modules, 1, APP, MB, "\\Device\\HarddiskVolume3\\app\\Pricing.dll");
  module_there(modules, 2, APP + 8 * MB, MB,
               "\\Device\\HarddiskVolume3\\APP\\pricing.dll"); /* the same file */
  module_there(modules, 1, APP + 2 * MB, MB, "\\Device\\HarddiskVolume3\\app\\Other.dll");
  module_pdb(modules, 0, 101, APP, 0xAB, "D:\\build\\4711\\Pricing.pdb");
  module_pdb(modules, 0, 102, APP, 0xCD, "wrong.pdb"); /* of another process */
  module_pdb(modules, 0, 101, APP + MB, 0xCE, "wrong.pdb");
  module_finish(modules);
  assert_int_equal(seep_trace_modules_count(modules), 2);
  uint32_t index = seep_trace_modules_find(modules, 1, APP + 3, 0, NULL);
  const seep_trace_module *module = seep_trace_modules_at(modules, index);
  assert_int_equal(module->timestamp, 0x5A5A);
  assert_string_equal(module->company, "Contoso Ltd.");
  assert_string_equal(module->file_version, "4.2.1107");
  assert_string_equal(module->product, "Product");
  assert_string_equal(module->description, "What it is");
  assert_true(module->has_pdb);
  assert_int_equal(module->pdb_guid[15], 0xAB);
  assert_int_equal(module->pdb_age, 3);
  assert_string_equal(module->pdb_name, "Pricing.pdb");
  assert_int_equal(seep_trace_modules_find(modules, 2, APP + 8 * MB, 0, NULL), index);
  module = seep_trace_modules_at(modules, seep_trace_modules_find(modules, 1, APP + 2 * MB, 0, NULL));
  assert_string_equal(module->name, "Other.dll");
  assert_false(module->has_pdb);
  assert_string_equal(module->company, "");
  assert_int_equal(module->timestamp, 0);
  end(modules);
}

/* The same path with two builds: a file that was replaced, or another server's traces merged. */
static void builds_of_one_path_stay_apart(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 10, APP, MB, "\\a\\x.dll", 111);
  module_event(modules, 2, SEEP_TRACE_IMAGE_LOAD, 20, APP, MB, "\\a\\x.dll", 222);
  module_event(modules, 3, SEEP_TRACE_IMAGE_DCEND, 30, APP, MB, "\\a\\x.dll", 0); /* which? */
  module_event(modules, 4, SEEP_TRACE_IMAGE_LOAD, 40, APP, 2 * MB, "\\a\\x.dll", 111);
  module_event(modules, 5, SEEP_TRACE_IMAGE_LOAD, 50, APP, MB, "\\a\\y.dll", 5);
  module_event(modules, 6, SEEP_TRACE_IMAGE_DCEND, 60, APP, MB, "\\a\\y.dll", 0); /* the only one there is */
  module_event(modules, 7, SEEP_TRACE_IMAGE_LOAD, 70, APP, MB, "\\a\\z.dll", 6);
  module_event(modules, 8, SEEP_TRACE_IMAGE_LOAD, 80, APP, MB, "\\a\\z.dll", 6);
  module_event(modules, 9, SEEP_TRACE_IMAGE_LOAD, 90, APP, MB, "\\a\\z.dll", 6);
  module_pdb(modules, 0, 107, APP, 1, "z.pdb");
  module_pdb(modules, 0, 108, APP, 2, "z.pdb");
  module_finish(modules);
  uint32_t of[10];
  for (uint32_t i = 1; i < 10; i++) {
    of[i] = seep_trace_modules_find(modules, i, APP, 100, NULL);
  }
  assert_int_not_equal(of[1], of[2]);
  assert_int_not_equal(of[1], of[3]);
  assert_int_not_equal(of[2], of[3]);
  assert_int_equal(seep_trace_modules_at(modules, of[3])->timestamp, 0);
  assert_int_not_equal(of[1], of[4]);
  assert_int_equal(of[5], of[6]);
  assert_int_equal(seep_trace_modules_at(modules, of[6])->timestamp, 5);
  assert_int_not_equal(of[7], of[8]);
  assert_int_not_equal(of[9], of[7]);
  assert_int_not_equal(of[9], of[8]);
  assert_false(seep_trace_modules_at(modules, of[9])->has_pdb);
  end(modules);
}

/* Two processes that bore one PID, with different files at one place: each gets what is nearest in time. */
static void of_a_pid_that_was_used_again(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 100, APP, MB, "\\a\\old.dll", 0);
  module_event(modules, 1, SEEP_TRACE_IMAGE_UNLOAD, 200, APP, MB, "\\a\\old.dll", 0);
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 500, APP, MB, "\\a\\new.dll", 0);
  module_pdb(modules, 105, 101, APP, 1, "old.pdb");
  module_pdb(modules, 505, 101, APP, 2, "new.pdb");
  module_finish(modules);
  const seep_trace_module *old =
      seep_trace_modules_at(modules, seep_trace_modules_find(modules, 1, APP, 150, NULL));
  const seep_trace_module *new =
      seep_trace_modules_at(modules, seep_trace_modules_find(modules, 1, APP, 600, NULL));
  assert_string_equal(old->pdb_name, "old.pdb");
  assert_string_equal(new->pdb_name, "new.pdb");
  end(modules);
}

static void paths_as_people_know_them(void **state)
{
  static const struct {
    const char *path, *expected;
  } paths[] = {
      {"\\Device\\HarddiskVolume3\\app\\a.dll", "C:\\app\\a.dll"},
      {"\\device\\harddiskvolume3\\app\\b.dll", "C:\\app\\b.dll"},
      {"\\Device\\HarddiskVolume1\\c.dll", "D:\\c.dll"},
      {"\\Device\\HarddiskVolume10\\d.dll", "E:\\mount\\d.dll"},
      {"\\Device\\HarddiskVolume2\\e.dll", ""},
      {"\\Device\\HarddiskVolume3", ""},
      {"\\SystemRoot\\System32\\f.dll", "C:\\Windows\\System32\\f.dll"},
      {"\\systemroot\\g.sys", "C:\\Windows\\g.sys"},
      {"\\SystemRootless\\h.sys", "C:\\SystemRootless\\h.sys"},
      {"\\Windows\\System32\\i.dll", "C:\\Windows\\System32\\i.dll"},
      {"\\Device\\Mup\\server\\share\\j.dll", "\\\\server\\share\\j.dll"},
      {"\\??\\F:\\k.dll", "F:\\k.dll"},
      {"G:\\l.dll", "G:\\l.dll"},
      {"m.dll", ""},
      {"", ""},
  };
  (void)state;
  seep_trace_modules *modules = begin();
  const seep_trace_paths roots = {.system = module_text("C:\\Windows\\system32"),
                                  .windows = module_text("C:\\Windows\\")};
  const seep_trace_volume volumes[] = {
      {.device_path = module_text("\\Device\\HarddiskVolume1"), .dos_path = module_text("D:")},
      {.device_path = module_text("\\Device\\HarddiskVolume3\\"), .dos_path = module_text("C:\\")},
      {.device_path = module_text("\\Device\\HarddiskVolume10"), .dos_path = module_text("E:\\mount")},
      {.device_path = module_text(""), .dos_path = module_text("Z:")},
      {.device_path = module_text("\\"), .dos_path = module_text("Y:")}};
  for (uint32_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    module_there(modules, 1, APP + i * MB, MB, paths[i].path);
  }
  for (size_t i = 0; i < sizeof volumes / sizeof volumes[0]; i++) {
    assert_int_equal(seep_trace_modules_add_volume(modules, &volumes[i]), SEEP_OK);
  }
  assert_int_equal(seep_trace_modules_add_paths(modules, &roots), SEEP_OK);
  module_finish(modules);
  for (uint32_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    uint32_t index = seep_trace_modules_find(modules, 1, APP + i * MB, 0, NULL);
    const seep_trace_module *module = seep_trace_modules_at(modules, index);
    assert_string_equal(module->path, paths[i].path);
    assert_string_equal(module->dos_path, paths[i].expected);
  }
  end(modules);
}

/* Each file may be held against every volume: a trace that lists more than anybody has must not make it slow.
 */
static void more_volumes_than_anybody_has(void **state)
{
  enum { FILES = 5000, VOLUMES = 50000 };
  (void)state;
  seep_trace_modules *modules = begin();
  char text[64];
  for (uint32_t i = 0; i < FILES; i++) {
    (void)snprintf(text, sizeof text, "\\Device\\HarddiskVolume3\\%u.dll", (unsigned)i);
    module_there(modules, 1, APP + i * MB, MB, text);
  }
  for (uint32_t i = 0; i < VOLUMES; i++) {
    (void)snprintf(text, sizeof text, "\\Device\\HarddiskVolume%u", (unsigned)(i / 2));
    const seep_trace_volume volume = {.device_path = module_text(text), .dos_path = module_text("C:")};
    assert_int_equal(seep_trace_modules_add_volume(modules, &volume), SEEP_OK);
  }
  module_finish(modules);
  uint32_t index = seep_trace_modules_find(modules, 1, APP, 0, NULL);
  assert_string_equal(seep_trace_modules_at(modules, index)->dos_path, "C:\\0.dll");
  end(modules);
}

static void who_has_a_module(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  module_there(modules, 0, APP, MB, "\\x\\coreclr.dll");
  module_there(modules, 3, APP, MB, "\\x\\CoreCLR.dll");
  module_there(modules, 3, APP + MB, MB, "\\x\\other.dll");
  module_finish(modules);
  assert_true(seep_trace_modules_has(modules, 0, "CORECLR.DLL"));
  assert_true(seep_trace_modules_has(modules, 3, "coreclr.dll"));
  assert_true(seep_trace_modules_has(modules, 3, "other.dll"));
  assert_false(seep_trace_modules_has(modules, 0, "other.dll"));
  assert_false(seep_trace_modules_has(modules, 1, "coreclr.dll"));
  assert_false(seep_trace_modules_has(modules, SEEP_TRACE_KERNEL_INSTANCE, "coreclr.dll"));
  end(modules);
}

static void ranges_that_overlap(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 100, APP, 16 * MB, "large.dll", 0);
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 200, APP + MB, MB, "newer.dll", 0);
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 50, APP + 4 * MB, MB, "older.dll", 0);
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 60, APP + 8 * MB, 0, "empty.dll", 0);
  module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, 70, UINT64_C(0xFFFEFFFFFFFFF000), UINT64_MAX, "wraps.dll",
               0);
  module_finish(modules);
  assert_string_equal(name_at(modules, 1, APP, 300), "large.dll");
  assert_string_equal(name_at(modules, 1, APP + MB, 300), "newer.dll");
  assert_string_equal(name_at(modules, 1, APP + 3 * MB, 300), "large.dll");
  assert_string_equal(name_at(modules, 1, APP + 4 * MB, 300), "large.dll");
  assert_string_equal(name_at(modules, 1, APP + 8 * MB, 300), "large.dll");
  uint64_t base;
  uint32_t index = seep_trace_modules_find(modules, 1, UINT64_C(0xFFFEFFFFFFFFFFFF), 300, &base);
  assert_string_equal(seep_trace_modules_at(modules, index)->name, "wraps.dll");
  assert_string_equal(name_at(modules, 1, UINT64_MAX, 300), "-"); /* a kernel address */
  end(modules);
}

/* Images that all cover each other: a question must still be a short one. */
static void many_that_cover_each_other(void **state)
{
  (void)state;
  seep_trace_modules *modules = begin();
  char path[32];
  for (uint32_t i = 0; i < 100000; i++) {
    (void)snprintf(path, sizeof path, "\\x\\%u.dll", (unsigned)i % 500);
    uint32_t shuffled = i * UINT32_C(2654435761) % 100000;
    module_event(modules, 1, SEEP_TRACE_IMAGE_LOAD, i, APP + shuffled * UINT64_C(0x1000), UINT64_MAX / 2,
                 path, i);
  }
  module_finish(modules);
  uint64_t base = 0;
  unsigned found = 0;
  for (uint32_t i = 0; i < 100000; i++) {
    uint64_t address = APP + i * UINT64_C(0x1000) + 5;
    found += seep_trace_modules_find(modules, 1, address, i, &base) != SEEP_TRACE_NO_MODULE ? 1 : 0;
    assert_true(base <= address);
  }
  assert_int_equal(found, 100000);
  end(modules);
}

static uint32_t any_pid(void *context, uint32_t instance)
{
  (void)context;
  return instance;
}

/* With every budget up to the one that is enough: an honest status, nothing kept, nothing half. */
static void budgets_that_do_not_suffice(void **state)
{
  static const char *const path = "\\Device\\HarddiskVolume3\\app\\Pricing.dll";
  (void)state;
  seep_status status = SEEP_LIMIT;
  unsigned refused = 0;
  for (size_t limit = 0; status != SEEP_OK; limit += 4096) {
    budget = (seep_trace_budget){.limit_bytes = limit};
    seep_trace_modules *modules = seep_trace_modules_new(&budget);
    const seep_trace_image image = {.base = APP, .size_bytes = MB, .path = module_text(path)};
    const seep_trace_image_id id = {.base = APP, .size_bytes = MB, .original_name = module_text("x")};
    const seep_trace_file_version version = {.original_name = module_text("a"),
                                             .description = module_text("b"),
                                             .file_version = module_text("c"),
                                             .product = module_text("d"),
                                             .company = module_text("e")};
    status = modules != NULL ? SEEP_OK : SEEP_LIMIT;
    for (uint32_t i = 0; i < 300 && status == SEEP_OK; i++) {
      status = seep_trace_modules_add(modules, i, SEEP_TRACE_IMAGE_DCEND, 1, &image);
      status = status == SEEP_OK ? seep_trace_modules_add_image_id(modules, 1, &id) : status;
      status = status == SEEP_OK ? seep_trace_modules_add_version(modules, &version) : status;
    }
    if (status == SEEP_OK) {
      status = seep_trace_modules_finish(modules, any_pid, NULL);
      assert_int_equal(seep_trace_modules_count(modules), status == SEEP_OK ? 1 : 0);
    }
    assert_true(status == SEEP_OK || status == SEEP_LIMIT);
    assert_true(budget.used_bytes <= limit);
    refused += status == SEEP_LIMIT ? 1 : 0;
    seep_trace_modules_free(modules);
    assert_int_equal(budget.used_bytes, 0);
  }
  assert_true(refused > 10);
}

/* Texts of any length and kind are kept as they are. */
static void hostile_texts(void **state)
{
  static uint8_t wide[2 * 32767];
  (void)state;
  seep_trace_modules *modules = begin();
  for (size_t i = 0; i < sizeof wide; i += 2) {
    wide[i] = 0x00;
    wide[i + 1] = i == 60 ? 0xD8 : 0x30; /* a lone surrogate among characters of three bytes */
  }
  const seep_trace_image longest = {
      .base = APP, .size_bytes = MB, .path = {.bytes = wide, .size = sizeof wide, .wide = true}};
  assert_int_equal(seep_trace_modules_add(modules, 1, SEEP_TRACE_IMAGE_DCEND, 1, &longest), SEEP_OK);
  module_there(modules, 1, APP + MB, MB, "\\x\\\xFF\xC3\x1B[31m\n.dll");
  module_there(modules, 1, APP + 2 * MB, MB, "\\only\\folders\\");
  module_there(modules, 1, APP + 3 * MB, MB, "");
  module_id(modules, 101, APP + 3 * MB, MB, 77);
  module_finish(modules);
  assert_int_equal(strlen(name_at(modules, 1, APP, 0)), 3 * 32767);
  assert_string_equal(name_at(modules, 1, APP + MB, 0), "\xFF\xC3\x1B[31m\n.dll");
  assert_string_equal(name_at(modules, 1, APP + 2 * MB, 0), "");
  assert_string_equal(name_at(modules, 1, APP + 3 * MB, 0), "Original.dll");
  end(modules);
}

static void nothing_at_all(void **state)
{
  (void)state;
  seep_trace_modules_free(NULL);
  seep_trace_modules *modules = begin();
  const seep_trace_image image = {.base = APP, .size_bytes = MB, .path = module_text("x")};
  assert_int_equal(seep_trace_modules_add(modules, 1, SEEP_TRACE_PROCESS_START, 1, &image), SEEP_OK);
  module_finish(modules);
  module_finish(modules); /* once is enough */
  assert_int_equal(seep_trace_modules_count(modules), 0);
  assert_null(seep_trace_modules_at(modules, 0));
  assert_null(seep_trace_modules_at(modules, SEEP_TRACE_NO_MODULE));
  assert_string_equal(name_at(modules, 1, APP, 1), "-");
  assert_false(seep_trace_modules_has(modules, 1, "x"));
  end(modules);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_rundown_at_the_end_is_since_the_beginning),
      cmocka_unit_test(the_time_decides_who_had_a_place),
      cmocka_unit_test(an_unload_alone_is_since_the_beginning),
      cmocka_unit_test(events_out_of_order_and_twice),
      cmocka_unit_test(drivers_are_everybodys),
      cmocka_unit_test(which_half),
      cmocka_unit_test(identities_are_joined),
      cmocka_unit_test(builds_of_one_path_stay_apart),
      cmocka_unit_test(of_a_pid_that_was_used_again),
      cmocka_unit_test(paths_as_people_know_them),
      cmocka_unit_test(more_volumes_than_anybody_has),
      cmocka_unit_test(who_has_a_module),
      cmocka_unit_test(ranges_that_overlap),
      cmocka_unit_test(many_that_cover_each_other),
      cmocka_unit_test(budgets_that_do_not_suffice),
      cmocka_unit_test(hostile_texts),
      cmocka_unit_test(nothing_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
