/*
 * Who is to blame for a stack. Most of what allocates does so for somebody else: these modules are listed
 * here, and the list is short on purpose. In it belongs what hands out memory that its caller has to give
 * back; what keeps memory for itself (user32, winhttp, crypt32 ...) does not, even though it is Windows':
 * whoever it did it for is on the stack behind it, and the report shows the whole stack.
 */
#include "trace/culprit.h"

#include <inttypes.h>
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"

/*
 * Lower case, in the order of their bytes. Each for one of these reasons:
 *   heap     has the functions themselves that hand out memory, or passes them on
 *   runtime  the C or C++ library of a compiler: malloc, new, strings and containers
 *   malloc   is put in malloc's place by those who build or start a program
 *   managed  carries out what managed code has asked for; that code is above it on the stack
 *   wow64    stands between a 32-bit caller and the kernel
 *   check    stands in for the heap when Application Verifier looks for mistakes
 * What these do is known from their makers' documentation, not from traces: those that we have name none but
 * Windows' own.
 */
static const char *const runtime_modules[] = {
    "borlndmm.dll",            /* malloc: Delphi's and C++Builder's shared memory manager */
    "clr.dll",                 /* managed: .NET Framework 4 */
    "clrgc.dll",               /* managed: the garbage collector of .NET by itself */
    "clrjit.dll",              /* managed */
    "combase.dll",             /* heap: CoTaskMemAlloc, WindowsCreateString */
    "coreclr.dll",             /* managed: .NET */
    "cygwin1.dll",             /* runtime */
    "hostfxr.dll",             /* managed: starts .NET programs, and so is below all that they do */
    "hostpolicy.dll",          /* managed: as hostfxr */
    "jemalloc.dll",            /* malloc */
    "jvm.dll",                 /* managed: Java */
    "kernel32.dll",            /* heap: HeapAlloc, VirtualAlloc */
    "kernelbase.dll",          /* heap: VirtualAlloc, LocalAlloc, GlobalAlloc */
    "libc++.dll",              /* runtime: LLVM's */
    "libjemalloc.dll",         /* malloc */
    "libstdc++-6.dll",         /* runtime: GCC's */
    "libtcmalloc.dll",         /* malloc */
    "libtcmalloc_minimal.dll", /* malloc */
    "mimalloc-override.dll",   /* malloc */
    "mimalloc-redirect.dll",   /* malloc */
    "mimalloc.dll",            /* malloc */
    "mozglue.dll",             /* malloc: Firefox's jemalloc */
    "mscoree.dll",             /* managed: starts the .NET Framework */
    "mscoreei.dll",            /* managed: as mscoree */
    "mscorjit.dll",            /* managed: .NET Framework 2 */
    "mscorlib.dll",            /* managed: the class library's own code, which allocates for its callers */
    "mscorlib.ni.dll",         /* managed: the same, compiled before */
    "mscorsvr.dll",            /* managed: .NET Framework 1, on servers */
    "mscorwks.dll",            /* managed: .NET Framework 2 */
    "msvcp_win.dll",           /* runtime: Windows' own */
    "msvcrt.dll",              /* runtime: Windows' own, and MinGW programs' */
    "msvcrtd.dll",             /* runtime */
    "msys-2.0.dll",            /* runtime: Cygwin's brother */
    "netutils.dll",            /* heap: NetApiBufferAllocate */
    "ntdll.dll",               /* heap: RtlAllocateHeap, NtAllocateVirtualMemory */
    "ole32.dll",               /* heap: CoTaskMemAlloc, which it passes on to combase */
    "oleaut32.dll",            /* heap: SysAllocString, SafeArrayCreate, VariantCopy */
    "rpcrt4.dll",   /* heap: what it unpacks for a client is that one's, who is above it, to free */
    "rpmalloc.dll", /* malloc */
    "shlwapi.dll",  /* heap: SHStrDup */
    "system.private.corelib.dll", /* managed: as mscorlib */
    "tbbmalloc.dll",              /* malloc */
    "tbbmalloc_proxy.dll",        /* malloc */
    "tcmalloc.dll",               /* malloc */
    "tcmalloc_minimal.dll",       /* malloc */
    "ucrtbase.dll",               /* runtime */
    "ucrtbased.dll",              /* runtime */
    "verifier.dll",               /* check: page heap */
    "vfbasics.dll",               /* check */
    "vrfcore.dll",                /* check */
    "wow64.dll",                  /* wow64 */
    "wow64base.dll",              /* wow64 */
    "wow64con.dll",               /* wow64 */
    "wow64cpu.dll",               /* wow64 */
    "wow64win.dll",               /* wow64 */
};

/* Those with a version in their names: this, a digit, anything, ".dll". */
static const char *const runtime_families[] = {
    "concrt",    /* concrt140.dll */
    "mfc",       /* mfc140u.dll: operator new and strings */
    "msvcp",     /* msvcp140_1.dll */
    "msvcr",     /* msvcr120_clr0400.dll */
    "vccorlib",  /* vccorlib140.dll */
    "vcruntime", /* vcruntime140d.dll */
};

/* Run code that they have made themselves, which lies in no module. */
static const char *const code_makers[] = {
    "clr.dll", "coreclr.dll", "mscorwks.dll", "mscorsvr.dll", "jvm.dll",      "node.exe",       "libnode.dll",
    "v8.dll",  "chrome.dll",  "msedge.dll",   "chakra.dll",   "jscript9.dll", "chakracore.dll", "xul.dll",
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static char fold(char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Name against a word in lower case. */
static int compare_folded(const char *name, const char *word)
{
  while (*name != '\0' && fold(*name) == *word) {
    name++;
    word++;
  }
  return (unsigned char)fold(*name) - (unsigned char)*word;
}

/* What follows the word in the name; NULL: it does not begin so. */
static const char *after_word(const char *name, const char *word)
{
  while (*word != '\0' && fold(*name) == *word) {
    name++;
    word++;
  }
  return *word == '\0' ? name : NULL;
}

static bool is_listed(const char *name)
{
  size_t low = 0;
  size_t high = COUNT_OF(runtime_modules);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = compare_folded(name, runtime_modules[middle]);
    if (order == 0) {
      return true;
    }
    low = order > 0 ? middle + 1 : low;
    high = order > 0 ? high : middle;
  }
  return false;
}

bool seep_culprit_is_runtime(const char *module_name)
{
  size_t length = strlen(module_name);
  if (is_listed(module_name)) {
    return true;
  }
  if (length < 4 || compare_folded(module_name + length - 4, ".dll") != 0) {
    return false;
  }
  for (size_t i = 0; i < COUNT_OF(runtime_families); i++) {
    const char *rest = after_word(module_name, runtime_families[i]);
    if (rest != NULL && *rest >= '0' && *rest <= '9') {
      return true;
    }
  }
  return false;
}

/* ---- placing ---- */

bool seep_culprit_makes_code(const seep_trace_modules *modules, uint32_t instance)
{
  for (size_t i = 0; i < COUNT_OF(code_makers); i++) {
    if (seep_trace_modules_has(modules, instance, code_makers[i])) {
      return true;
    }
  }
  return false;
}

void seep_culprit_place(const seep_trace_modules *modules, uint32_t frames_of, bool makes_code,
                        uint64_t ticks, const uint64_t *frames, size_t frame_count, unsigned pointer_bytes,
                        seep_placed_frame *placed)
{
  for (size_t i = 0; i < frame_count; i++) {
    uint64_t address = frames[i];
    uint64_t inside = i > 0 && address > 0 ? address - 1 : address;
    uint64_t base = 0;
    bool is_kernel = seep_trace_is_kernel_address(address, pointer_bytes);
    uint32_t instance = is_kernel ? SEEP_TRACE_KERNEL_INSTANCE : frames_of;
    uint32_t module = seep_trace_modules_find(modules, instance, inside, ticks, &base);
    seep_frame_place homeless = makes_code ? SEEP_FRAME_MANAGED : SEEP_FRAME_UNKNOWN;
    placed[i] = (seep_placed_frame){
        .address = address,
        .place = is_kernel                        ? SEEP_FRAME_KERNEL
                 : module == SEEP_TRACE_NO_MODULE ? homeless
                                                  : SEEP_FRAME_MODULE,
        .module = module,
        .offset = module != SEEP_TRACE_NO_MODULE ? address - base : 0,
    };
  }
}

static const char *name_of(const seep_trace_modules *modules, const seep_placed_frame *frame)
{
  const seep_trace_module *module = seep_trace_modules_at(modules, frame->module);
  return module != NULL ? module->name : "";
}

static bool can_be_blamed(const seep_trace_modules *modules, const seep_placed_frame *frame)
{
  return frame->place != SEEP_FRAME_KERNEL &&
         (frame->place != SEEP_FRAME_MODULE || !seep_culprit_is_runtime(name_of(modules, frame)));
}

size_t seep_culprit_find(const seep_trace_modules *modules, const seep_placed_frame *placed, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (can_be_blamed(modules, &placed[i])) {
      return i;
    }
  }
  return SEEP_CULPRIT_NONE;
}

/* ---- signature ---- */

static void add_frame(seep_sha256 *sha, const seep_trace_modules *modules, const seep_placed_frame *frame)
{
  char text[32];
  seep_writer out;
  if (frame->place == SEEP_FRAME_MANAGED || frame->place == SEEP_FRAME_UNKNOWN) {
    const char *word = frame->place == SEEP_FRAME_MANAGED ? "managed\n" : "unknown\n";
    seep_sha256_add(sha, word, strlen(word));
    return;
  }
  for (const char *at = name_of(modules, frame); *at != '\0'; at++) {
    const char folded = fold(*at);
    seep_sha256_add(sha, &folded, 1);
  }
  seep_writer_init(&out, text, sizeof text);
  seep_writer_format(&out, "+0x%" PRIx64 "\n", frame->offset);
  seep_sha256_add(sha, text, out.length);
}

const char *seep_culprit_signature(const seep_trace_modules *modules, const seep_placed_frame *placed,
                                   size_t count, size_t culprit, char out[SEEP_SIGNATURE_SIZE])
{
  char digest[SEEP_SHA256_TEXT_SIZE];
  seep_sha256 sha;
  bool has_culprit = culprit < count;
  seep_sha256_init(&sha);
  for (size_t i = has_culprit ? culprit : 0; i < count; i++) {
    if (!has_culprit || can_be_blamed(modules, &placed[i])) {
      add_frame(&sha, modules, &placed[i]);
    }
  }
  seep_sha256_text(&sha, digest);
  seep_text_copy_bytes(out, SEEP_SIGNATURE_SIZE, digest, SEEP_SIGNATURE_SIZE - 1);
  return out;
}
