/* Which files are asked for, in which order, and what frames are called then. The answer is made by hand, and
 * a frame's name is kept in the test instead of in it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "trace/naming.h"
#include "unit/trace/symbol_fixture.h"

/* ---- the answer ---- */

#define FRAMES 8

typedef struct named {
  const seep_answer_frame *frame;
  char text[80];
} named;

typedef struct bench {
  symbol_fixture fixture;
  seep_answer answer;
  seep_answer_module modules[4];
  seep_answer_stack stacks[SEEP_TRACE_VIEWS][2];
  seep_answer_frame frames[SEEP_TRACE_VIEWS][2][FRAMES];
  named names[SEEP_TRACE_VIEWS * 2 * FRAMES];
  size_t name_count;
  /* The source: what is there under which beginning of a key, and what was asked for. */
  struct {
    const char *begin;
    const uint8_t *data;
    size_t size;
  } files[6];
  size_t file_count, open_files;
  char asked[2048];
  char pdb_key[SEEP_SYMBOL_KEY_SIZE], sym_key[SEEP_SYMBOL_KEY_SIZE], pe_key[SEEP_SYMBOL_KEY_SIZE];
  size_t stop_after; /* modules; 0: never */
  size_t stop_asked;
  seep_symbol_source source;
} bench;

/* A .sym of the fixture's module, with so much behind its first line. */
static const char *sym_of(const bench *b, const char *lines, char *out, size_t out_size)
{
  const char *identity = strchr(b->pdb_key, '/') + 1;
  snprintf(out, out_size, "MODULE windows x86_64 %.33s sample64.pdb\n%s", identity, lines);
  return out;
}

static bench *naming_for; /* seep_answer_name_frame has no context */
static bool has_no_memory;

bool seep_answer_name_frame(seep_answer *answer, const seep_answer_frame *frame, const char *symbol,
                            uint64_t symbol_offset, bool is_guess)
{
  bench *b = naming_for;
  if (has_no_memory) {
    return false;
  }
  assert_ptr_equal(answer, &b->answer);
  assert_true(b->name_count < sizeof b->names / sizeof b->names[0]);
  named *one = &b->names[b->name_count++];
  one->frame = frame;
  snprintf(one->text, sizeof one->text, "%s%s+%u", is_guess ? "~" : "", symbol, (unsigned)symbol_offset);
  return true;
}

static const char *name_of(const bench *b, size_t view, size_t stack, size_t frame)
{
  const char *text = "";
  for (size_t i = 0; i < b->name_count; i++) {
    if (b->names[i].frame == &b->frames[view][stack][frame]) {
      assert_string_equal(text, ""); /* once */
      text = b->names[i].text;
    }
  }
  return text;
}

static void add_frame(bench *b, size_t view, size_t stack, seep_frame_place place, uint32_t module,
                      uint64_t offset)
{
  seep_answer_stack *s = &b->stacks[view][stack];
  assert_true(s->frame_count < FRAMES);
  b->frames[view][stack][s->frame_count++].placed =
      (seep_placed_frame){.place = place, .module = module, .offset = offset};
}

/* ---- the source ---- */

static bool lend(bench *b, const char *key, seep_symbol_file *file)
{
  size_t length = strlen(b->asked);
  snprintf(b->asked + length, sizeof b->asked - length, "%s;", key);
  for (size_t i = 0; i < b->file_count; i++) {
    if (strncmp(key, b->files[i].begin, strlen(b->files[i].begin)) == 0) {
      *file = (seep_symbol_file){.data = b->files[i].data, .size = b->files[i].size, .handle = b};
      b->open_files++;
      return true;
    }
  }
  return false;
}

static bool open_key(void *context, const char *key, seep_symbol_file *file)
{
  return lend(context, key, file);
}

static bool open_module(void *context, const seep_answer_module *module, seep_symbol_file *file)
{
  char key[128];
  snprintf(key, sizeof key, "module:%s", module->path);
  return lend(context, key, file);
}

static void close_file(void *context, seep_symbol_file *file)
{
  bench *b = context;
  assert_ptr_equal(file->handle, b);
  assert_int_equal(b->open_files, 1); /* one at a time */
  b->open_files--;
}

static bool stopped(void *context)
{
  bench *b = context;
  return b->stop_after != 0 && ++b->stop_asked > b->stop_after;
}

static void have(bench *b, const char *begin, const void *data, size_t size)
{
  b->files[b->file_count].begin = begin;
  b->files[b->file_count].data = data;
  b->files[b->file_count++].size = size;
}

static void begin(bench *b)
{
  memset(b, 0, sizeof *b);
  has_no_memory = false;
  naming_for = b;
  symbol_fixture_open(&b->fixture, "sample64");
  for (size_t i = 0; i < 4; i++) {
    b->modules[i] = (seep_answer_module){.name = "other.dll", .path = "C:\\other.dll", .pdb_name = ""};
  }
  seep_answer_module *m = &b->modules[1];
  *m = (seep_answer_module){.name = "sample64.dll",
                            .path = "C:\\sample64.dll",
                            .size_bytes = b->fixture.image_bytes,
                            .timestamp = b->fixture.timestamp,
                            .has_pdb = true,
                            .pdb_age = b->fixture.age,
                            .pdb_name = "sample64.pdb"};
  memcpy(m->pdb_guid, b->fixture.guid, 16);
  assert_true(seep_symbols_pdb_key(m->pdb_name, m->pdb_guid, m->pdb_age, b->pdb_key, sizeof b->pdb_key));
  assert_true(seep_symbols_breakpad_key(m->pdb_name, m->pdb_guid, m->pdb_age, b->sym_key, sizeof b->sym_key));
  assert_true(seep_symbols_pe_key(m->name, m->timestamp, m->size_bytes, b->pe_key, sizeof b->pe_key));
  b->answer.modules = b->modules;
  b->answer.module_count = 4;
  for (size_t v = 0; v < SEEP_TRACE_VIEWS; v++) {
    for (size_t s = 0; s < 2; s++) {
      b->stacks[v][s].frames = b->frames[v][s];
    }
    b->answer.views[v].stacks = b->stacks[v];
    b->answer.views[v].stack_count = 2;
  }
  b->source = (seep_symbol_source){.open_key = open_key,
                                   .open_module = open_module,
                                   .close = close_file,
                                   .stopped = stopped,
                                   .context = b};
}

static seep_naming run(bench *b, seep_status expected)
{
  seep_naming naming;
  b->name_count = 0;
  b->asked[0] = '\0';
  assert_int_equal(seep_naming_run(&b->answer, &b->source, &naming), expected);
  assert_int_equal(b->open_files, 0);
  return naming;
}

/* ---- tests ---- */

static void frames_are_named_from_the_pdb(void **state)
{
  bench b;
  (void)state;
  begin(&b);
  const symbol_fixture_place *internal = symbol_fixture_find(&b.fixture.functions, "sample_internal");
  const symbol_fixture_place *leaf = symbol_fixture_find(&b.fixture.functions, "sample_leaf");
  assert_int_equal(leaf->start + leaf->bytes, internal->start);
  /* Innermost the address itself; above a return address, which may be the next function's first. */
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 1, internal->start);
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 1, internal->start);
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 1, internal->start + 1);
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 1, 0);
  add_frame(&b, 0, 0, SEEP_FRAME_UNKNOWN, 1, internal->start);
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, SEEP_TRACE_NO_MODULE, internal->start);
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 4, internal->start);
  add_frame(&b, 1, 1, SEEP_FRAME_KERNEL, 1, internal->start + 5);
  add_frame(&b, 1, 1, SEEP_FRAME_MANAGED, SEEP_TRACE_NO_MODULE, 5);
  have(&b, b.pdb_key, b.fixture.pdb.bytes, b.fixture.pdb.size);
  have(&b, "sample64.dll/", b.fixture.module.bytes, b.fixture.module.size);
  seep_naming naming = run(&b, SEEP_OK);
  assert_int_equal(b.name_count, 4);
  assert_string_equal(name_of(&b, 0, 0, 0), "sample_internal+0");
  assert_string_equal(name_of(&b, 0, 0, 1), "sample_leaf+16");
  assert_string_equal(name_of(&b, 0, 0, 2), "sample_internal+1");
  assert_string_equal(name_of(&b, 1, 1, 0), "sample_internal+5");
  assert_int_equal(strlen(b.asked), strlen(b.pdb_key) + 1);
  assert_int_equal(naming.count, 1);
  assert_int_equal(naming.modules[0].module, 1);
  assert_int_equal(naming.modules[0].result, SEEP_NAMED_PDB);
  assert_int_equal(naming.modules[0].frames, 5);
  assert_string_equal(naming.modules[0].key, b.pdb_key);
  seep_naming_free(&naming);
  symbol_fixture_close(&b.fixture);
}

static void files_are_asked_for_in_order(void **state)
{
  bench b;
  char sym[128], all[4 * SEEP_SYMBOL_KEY_SIZE];
  (void)state;
  for (int i = 0; i < 4; i++) {
    begin(&b);
    add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 1, 0x1094);
    if (i == 0) {
      sym_of(&b, "FUNC 1090 23 0 from_sym\n", sym, sizeof sym);
      have(&b, b.sym_key, sym, strlen(sym));
    } else if (i < 3) {
      have(&b, i == 1 ? b.pe_key : "module:C:\\sample64.dll", b.fixture.module.bytes, b.fixture.module.size);
    }
    seep_naming naming = run(&b, SEEP_OK);
    static const seep_naming_result results[4] = {SEEP_NAMED_BREAKPAD, SEEP_NAMED_EXPORTS, SEEP_NAMED_EXPORTS,
                                                  SEEP_NAMED_NOT};
    static const char *const names[4] = {"from_sym+4", "sample_first+4", "sample_first+4", ""};
    assert_int_equal(naming.modules[0].result, results[i]);
    assert_string_equal(name_of(&b, 0, 0, 0), names[i]);
    assert_string_equal(naming.modules[0].key, b.pdb_key);
    seep_naming_free(&naming);
    snprintf(all, sizeof all, "%s;%s;%s;module:C:\\sample64.dll;", b.pdb_key, b.sym_key, b.pe_key);
    assert_true(strncmp(all, b.asked, strlen(b.asked)) == 0 && (i < 2 || strcmp(all, b.asked) == 0));
    symbol_fixture_close(&b.fixture);
  }
}

static void files_of_other_builds_name_nothing(void **state)
{
  static const char junk[] = "this is no symbol file";
  bench b;
  (void)state;
  begin(&b);
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 1, 0x1094);
  b.modules[1].pdb_guid[3] ^= 1;
  b.modules[1].timestamp ^= 1;
  have(&b, "module:", b.fixture.module.bytes, b.fixture.module.size);
  seep_naming naming = run(&b, SEEP_OK);
  assert_int_equal(naming.modules[0].result, SEEP_NAMED_MISMATCH);
  assert_int_equal(b.name_count, 0);
  seep_naming_free(&naming);

  /* The one that can not be read is the one that is told of. */
  have(&b, "sample64.pdb/", junk, sizeof junk - 1);
  naming = run(&b, SEEP_OK);
  assert_int_equal(naming.modules[0].result, SEEP_NAMED_BROKEN);
  seep_naming_free(&naming);

  /* Unless the next one does. */
  b.modules[1].timestamp ^= 1;
  naming = run(&b, SEEP_OK);
  assert_int_equal(naming.modules[0].result, SEEP_NAMED_EXPORTS);
  assert_string_equal(name_of(&b, 0, 0, 0), "sample_first+4");
  seep_naming_free(&naming);
  symbol_fixture_close(&b.fixture);
}

static void a_file_without_symbols_is_none(void **state)
{
  bench b;
  char sym[128];
  (void)state;
  begin(&b);
  sym_of(&b, "", sym, sizeof sym);
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 1, 0x1094);
  have(&b, b.sym_key, sym, strlen(sym));
  seep_naming naming = run(&b, SEEP_OK);
  assert_int_equal(naming.modules[0].result, SEEP_NAMED_NOT);
  seep_naming_free(&naming);
  symbol_fixture_close(&b.fixture);
}

static void keys_say_what_would_have_helped(void **state)
{
  bench b;
  (void)state;
  begin(&b);
  b.modules[0].timestamp = 0x10;
  b.modules[0].size_bytes = 0x2000;
  b.modules[2].has_pdb = true; /* whose name is none */
  b.modules[2].pdb_name = "..\\..\\evil.pdb";
  for (size_t i = 0; i < 3; i++) {
    add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 3, 0x1094);
    add_frame(&b, 0, 1, SEEP_FRAME_MODULE, 0, 0x1094);
  }
  add_frame(&b, 1, 1, SEEP_FRAME_MODULE, 2, 0x1094);
  add_frame(&b, 1, 1, SEEP_FRAME_MODULE, 0, 0x1094);
  b.source.open_module = NULL;
  b.source.stopped = NULL;
  seep_naming naming = run(&b, SEEP_OK);
  assert_int_equal(naming.count, 3);
  assert_int_equal(naming.modules[0].module, 0);
  assert_int_equal(naming.modules[0].frames, 4);
  assert_string_equal(naming.modules[0].key, "other.dll/000000102000/other.dll");
  assert_int_equal(naming.modules[1].module, 3);
  assert_int_equal(naming.modules[1].frames, 3);
  assert_string_equal(naming.modules[1].key, "");
  assert_int_equal(naming.modules[2].module, 2);
  assert_string_equal(naming.modules[2].key, "");
  assert_string_equal(b.asked, "other.dll/000000102000/other.dll;");
  seep_naming_free(&naming);
  symbol_fixture_close(&b.fixture);
}

static void it_ends_early_when_it_must(void **state)
{
  bench b;
  (void)state;
  begin(&b);
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 1, 0x1094);
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 1, 0x1094);
  add_frame(&b, 0, 0, SEEP_FRAME_MODULE, 2, 0x1094);
  have(&b, "sample64.pdb/", b.fixture.pdb.bytes, b.fixture.pdb.size);
  b.stop_after = 1;
  seep_naming naming = run(&b, SEEP_CANCELLED);
  assert_int_equal(b.name_count, 2);
  seep_naming_free(&naming);
  b.stop_after = 0;
  has_no_memory = true;
  naming = run(&b, SEEP_NO_MEMORY);
  seep_naming_free(&naming);
  has_no_memory = false;
  b.answer = (seep_answer){.modules = NULL}; /* nothing to tell */
  naming = run(&b, SEEP_OK);
  assert_int_equal(naming.count, 0);
  seep_naming_free(&naming);
  symbol_fixture_close(&b.fixture);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_are_named_from_the_pdb),      cmocka_unit_test(files_are_asked_for_in_order),
      cmocka_unit_test(files_of_other_builds_name_nothing), cmocka_unit_test(a_file_without_symbols_is_none),
      cmocka_unit_test(keys_say_what_would_have_helped),    cmocka_unit_test(it_ends_early_when_it_must),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
