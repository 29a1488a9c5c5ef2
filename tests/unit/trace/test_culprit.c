/* Who is to blame for a stack, row by row, and the signature that one leak has everywhere. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "trace/culprit.h"
#include "unit/trace/module_maker.h"

#define MB UINT64_C(0x100000)
#define APP UINT64_C(0x7FF600000000)
#define DRIVER UINT64_C(0xFFFFF80000000000)
#define NOWHERE UINT64_C(0x1D000000000)
#define MOST_FRAMES 16u

static const char *const runtimes[] = {
    "borlndmm.dll",
    "clr.dll",
    "clrgc.dll",
    "clrjit.dll",
    "combase.dll",
    "coreclr.dll",
    "cygwin1.dll",
    "hostfxr.dll",
    "hostpolicy.dll",
    "jemalloc.dll",
    "jvm.dll",
    "kernel32.dll",
    "kernelbase.dll",
    "libc++.dll",
    "libjemalloc.dll",
    "libstdc++-6.dll",
    "libtcmalloc.dll",
    "libtcmalloc_minimal.dll",
    "mimalloc-override.dll",
    "mimalloc-redirect.dll",
    "mimalloc.dll",
    "mozglue.dll",
    "mscoree.dll",
    "mscoreei.dll",
    "mscorjit.dll",
    "mscorlib.dll",
    "mscorlib.ni.dll",
    "mscorsvr.dll",
    "mscorwks.dll",
    "msvcp_win.dll",
    "msvcrt.dll",
    "msvcrtd.dll",
    "msys-2.0.dll",
    "netutils.dll",
    "ntdll.dll",
    "ole32.dll",
    "oleaut32.dll",
    "rpcrt4.dll",
    "rpmalloc.dll",
    "shlwapi.dll",
    "system.private.corelib.dll",
    "tbbmalloc.dll",
    "tbbmalloc_proxy.dll",
    "tcmalloc.dll",
    "tcmalloc_minimal.dll",
    "ucrtbase.dll",
    "ucrtbased.dll",
    "verifier.dll",
    "vfbasics.dll",
    "vrfcore.dll",
    "wow64.dll",
    "wow64base.dll",
    "wow64con.dll",
    "wow64cpu.dll",
    "wow64win.dll",
    /* the families */
    "concrt140.dll",
    "mfc42u.dll",
    "mfc140ud.dll",
    "msvcp60.dll",
    "msvcp140_1.dll",
    "msvcp140_atomic_wait.dll",
    "msvcr80.dll",
    "msvcr120_clr0400.dll",
    "vccorlib140.dll",
    "vcruntime140.dll",
    "vcruntime140_1d.dll",
};

static const char *const others[] = {"",           "contoso.pricing.dll", "ntdll",      "ntdll.dll.dll",
                                     "xntdll.dll", "crypt32.dll",         "user32.dll", "winhttp.dll",
                                     "msvcr.dll",  "msvcrx.dll",          "msvcr120",   "msvcr120.exe",
                                     "mfc.dll",    "mfcaptureengine.dll", "aaaa.dll",   "zzzz.dll",
                                     "node.exe",   "vcruntime.dll",       "system.dll", "wow64",
                                     "ntdll.dll ", "\xC3\x84pfel.dll"};

static void each_row_of_the_table(void **state)
{
  char upper[64];
  (void)state;
  for (size_t i = 0; i < sizeof runtimes / sizeof runtimes[0]; i++) {
    size_t length = strlen(runtimes[i]);
    for (size_t at = 0; at <= length; at++) {
      char c = runtimes[i][at];
      upper[at] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    if (!seep_culprit_is_runtime(runtimes[i]) || !seep_culprit_is_runtime(upper)) {
      fail_msg("%s is not known", runtimes[i]);
    }
  }
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    if (seep_culprit_is_runtime(others[i])) {
      fail_msg("%s is taken for a runtime", others[i]);
    }
  }
}

/* A process with one module of each name, a megabyte apart, from `base` on. */
static seep_trace_modules *process_of(const char *const *names, size_t count, uint64_t base)
{
  seep_trace_modules *modules = seep_trace_modules_new(NULL);
  char path[128];
  assert_non_null(modules);
  for (size_t i = 0; i < count; i++) {
    (void)snprintf(path, sizeof path, "\\Device\\HarddiskVolume3\\app\\%s", names[i]);
    module_there(modules, 1, base + i * MB, MB, path);
  }
  module_there(modules, 1, DRIVER, MB, "\\SystemRoot\\system32\\ntoskrnl.exe");
  module_finish(modules);
  return modules;
}

static size_t place(const seep_trace_modules *modules, const uint64_t *frames, size_t count,
                    seep_placed_frame *placed)
{
  assert_true(count <= MOST_FRAMES);
  seep_culprit_place(modules, 1, seep_culprit_makes_code(modules, 1), 500, frames, count, 8, placed);
  return seep_culprit_find(modules, placed, count);
}

/* Each runtime lies on a stack between the kernel and the program: the program is to blame. */
static void whoever_calls_the_runtime_is_to_blame(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof runtimes / sizeof runtimes[0]; i++) {
    const char *const names[] = {runtimes[i], "Contoso.Pricing.dll", "w3wp.exe"};
    seep_trace_modules *modules = process_of(names, 3, APP);
    const uint64_t frames[] = {DRIVER + 16, APP + 100, APP + 200, APP + MB + 0x1234, APP + 2 * MB + 5};
    seep_placed_frame placed[MOST_FRAMES];
    assert_int_equal(place(modules, frames, 5, placed), 3);
    assert_int_equal(placed[3].place, SEEP_FRAME_MODULE);
    assert_int_equal(placed[3].offset, 0x1234);
    assert_string_equal(seep_trace_modules_at(modules, placed[3].module)->name, "Contoso.Pricing.dll");
    assert_int_equal(place(modules, frames, 3, placed), SEEP_CULPRIT_NONE);
    seep_trace_modules_free(modules);
  }
}

static void places_of_frames(void **state)
{
  static const char *const names[] = {"ntdll.dll", "app.exe"};
  (void)state;
  seep_trace_modules *modules = process_of(names, 2, APP);
  seep_placed_frame placed[MOST_FRAMES];
  /* A call at a module's very end returns to the next one's first byte. */
  const uint64_t frames[] = {APP + MB, APP + MB, APP + 2 * MB, NOWHERE, DRIVER + 4 * MB, DRIVER + 1, 0};
  seep_culprit_place(modules, 1, seep_culprit_makes_code(modules, 1), 500, frames, 7, 8, placed);
  assert_string_equal(seep_trace_modules_at(modules, placed[0].module)->name, "app.exe");
  assert_int_equal(placed[0].offset, 0);
  assert_string_equal(seep_trace_modules_at(modules, placed[1].module)->name, "ntdll.dll");
  assert_int_equal(placed[1].offset, MB);
  assert_string_equal(seep_trace_modules_at(modules, placed[2].module)->name, "app.exe");
  assert_int_equal(placed[3].place, SEEP_FRAME_UNKNOWN);
  assert_int_equal(placed[3].module, SEEP_TRACE_NO_MODULE);
  assert_int_equal(placed[4].place, SEEP_FRAME_KERNEL);
  assert_int_equal(placed[4].module, SEEP_TRACE_NO_MODULE);
  assert_int_equal(placed[5].place, SEEP_FRAME_KERNEL);
  assert_string_equal(seep_trace_modules_at(modules, placed[5].module)->name, "ntoskrnl.exe");
  assert_int_equal(placed[6].place, SEEP_FRAME_UNKNOWN);
  const uint64_t narrow = 0x80001000;
  seep_culprit_place(modules, 1, seep_culprit_makes_code(modules, 1), 500, &narrow, 1, 4, placed);
  assert_int_equal(placed[0].place, SEEP_FRAME_KERNEL);
  seep_trace_modules_free(modules);
}

/* Who makes its own code has frames in no module, and they are to blame before those who called them. */
static void code_that_lies_in_no_module(void **state)
{
  static const char *const makers[] = {"clr.dll",      "CoreCLR.dll",   "mscorwks.dll", "mscorsvr.dll",
                                       "jvm.dll",      "node.exe",      "libnode.dll",  "v8.dll",
                                       "chrome.dll",   "msedge.dll",    "xul.dll",      "chakra.dll",
                                       "jscript9.dll", "chakracore.dll"};
  (void)state;
  for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
    const char *const names[] = {"ntdll.dll", makers[i], "w3wp.exe"};
    seep_trace_modules *modules = process_of(names, 3, APP);
    seep_placed_frame placed[MOST_FRAMES];
    const uint64_t frames[] = {APP + 1, NOWHERE, APP + 2 * MB + 5};
    assert_int_equal(place(modules, frames, 3, placed), 1);
    assert_int_equal(placed[1].place, SEEP_FRAME_MANAGED);
    seep_trace_modules_free(modules);
  }
  const char *const names[] = {"ntdll.dll", "native.exe"};
  seep_trace_modules *modules = process_of(names, 2, APP);
  seep_placed_frame placed[MOST_FRAMES];
  const uint64_t frames[] = {APP + 1, NOWHERE, APP + MB + 5};
  assert_int_equal(place(modules, frames, 3, placed), 1);
  assert_int_equal(placed[1].place, SEEP_FRAME_UNKNOWN);
  seep_trace_modules_free(modules);
}

static void nobody_to_blame(void **state)
{
  static const char *const names[] = {"ntdll.dll", "kernel32.dll"};
  (void)state;
  seep_trace_modules *modules = process_of(names, 2, APP);
  seep_placed_frame placed[MOST_FRAMES];
  const uint64_t frames[] = {DRIVER + 1, APP + 1, APP + MB + 1};
  assert_int_equal(place(modules, frames, 3, placed), SEEP_CULPRIT_NONE);
  assert_int_equal(place(modules, frames, 1, placed), SEEP_CULPRIT_NONE);
  assert_int_equal(place(modules, frames, 0, placed), SEEP_CULPRIT_NONE);
  seep_trace_modules_free(modules);
}

/* ---- signatures ---- */

static const char *const names_here[] = {"ntdll.dll", "Contoso.Pricing.dll", "w3wp.exe", "clr.dll"};
static const char *const names_there[] = {"NTDLL.DLL", "contoso.pricing.DLL", "W3WP.exe", "CLR.dll"};

/* Frames are given as from APP; the process may have been loaded elsewhere, and code of its own may lie
 * elsewhere still. */
static const char *signature(const char *const *names, uint64_t moved, uint64_t nowhere,
                             const uint64_t *frames, size_t count, char out[SEEP_SIGNATURE_SIZE])
{
  uint64_t here[MOST_FRAMES];
  seep_placed_frame placed[MOST_FRAMES];
  seep_trace_modules *modules = process_of(names, 4, APP + moved);
  for (size_t i = 0; i < count; i++) {
    here[i] = frames[i] >= APP && frames[i] < DRIVER ? frames[i] + moved : frames[i];
    here[i] = frames[i] == NOWHERE ? NOWHERE + nowhere : here[i];
  }
  size_t culprit = place(modules, here, count, placed);
  assert_ptr_equal(seep_culprit_signature(modules, placed, count, culprit, out), out);
  seep_trace_modules_free(modules);
  assert_int_equal(strlen(out), 16);
  assert_int_equal(strspn(out, "0123456789abcdef"), 16);
  return out;
}

static void a_signature_is_the_same_everywhere(void **state)
{
  static const uint64_t frames[] = {APP + 1,          APP + MB + 0x1234, NOWHERE,    APP + 2 * MB + 7,
                                    APP + 3 * MB + 9, APP + MB + 0x99,   APP + 0x500};
  char first[SEEP_SIGNATURE_SIZE];
  char second[SEEP_SIGNATURE_SIZE];
  (void)state;
  signature(names_here, 0, 0, frames, 7, first);
  assert_string_equal(signature(names_here, 0, 0, frames, 7, second), first);
  assert_string_equal(signature(names_there, 77 * MB, 4096, frames, 7, second), first);
  /* Other frames of Windows, for its updates move them. */
  const uint64_t updated[] = {DRIVER + 3, APP + 0x800,      APP + 0x900,     APP + MB + 0x1234,
                              NOWHERE,    APP + 2 * MB + 7, APP + MB + 0x99, APP + 0x888};
  assert_string_equal(signature(names_here, 0, 0, updated, 8, second), first);
}

static void a_signature_tells_places_apart(void **state)
{
  static const uint64_t stacks[][4] = {{APP + 1, APP + MB + 0x1234, APP + 2 * MB + 7, APP + 2},
                                       {APP + 1, APP + MB + 0x1235, APP + 2 * MB + 7, APP + 2},
                                       {APP + 1, APP + MB + 0x1234, APP + 2 * MB + 8, APP + 2},
                                       {APP + 1, APP + 2 * MB + 0x1234, APP + 2 * MB + 7, APP + 2},
                                       {APP + 1, APP + MB + 0x1234, NOWHERE, APP + 2},
                                       {APP + 1, NOWHERE, APP + MB + 0x1234, APP + 2},
                                       {APP + 1, APP + MB + 0x1234, APP + 4, APP + 2},
                                       {APP + 1, APP + 3, APP + 4, APP + 2},
                                       {APP + 1, APP + 3, APP + 4, APP + 5},
                                       {DRIVER + 1, DRIVER + 3, DRIVER + 4, DRIVER + 5}};
  enum { COUNT = sizeof stacks / sizeof stacks[0] };
  char signatures[COUNT][SEEP_SIGNATURE_SIZE];
  (void)state;
  for (size_t i = 0; i < COUNT; i++) {
    signature(names_here, 0, 0, stacks[i], 4, signatures[i]);
    for (size_t j = 0; j < i; j++) {
      assert_string_not_equal(signatures[i], signatures[j]);
    }
  }
}

/* What it is made of is a promise: people search for it. SHA-256 of "contoso.pricing.dll+0x1234\n". */
static void a_signature_stays_what_it_is(void **state)
{
  static const uint64_t frames[] = {APP + 1, APP + MB + 0x1234};
  char out[SEEP_SIGNATURE_SIZE];
  (void)state;
  assert_string_equal(signature(names_here, 0, 0, frames, 2, out), "b9f47492e6c30817");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_row_of_the_table),
      cmocka_unit_test(whoever_calls_the_runtime_is_to_blame),
      cmocka_unit_test(places_of_frames),
      cmocka_unit_test(code_that_lies_in_no_module),
      cmocka_unit_test(nobody_to_blame),
      cmocka_unit_test(a_signature_is_the_same_everywhere),
      cmocka_unit_test(a_signature_tells_places_apart),
      cmocka_unit_test(a_signature_stays_what_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
