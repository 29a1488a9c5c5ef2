/* SHA-256 against the examples that its standard's authors publish, and against itself in pieces. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/sha256.h"

#define MANY 1000000u

static void check(const char *message, const char *expected)
{
  seep_sha256 sha;
  char text[SEEP_SHA256_TEXT_SIZE];
  seep_sha256_init(&sha);
  seep_sha256_add(&sha, message, strlen(message));
  assert_ptr_equal(seep_sha256_text(&sha, text), text);
  assert_string_equal(text, expected);
}

static void published_examples(void **state)
{
  (void)state;
  check("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  check("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  check("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmno"
        "pqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

static void a_million_letters_in_pieces_of_any_size(void **state)
{
  static const size_t pieces[] = {1, 3, 63, 64, 65, 127, 128, 1000, 65536, MANY};
  static char letters[MANY];
  (void)state;
  memset(letters, 'a', sizeof letters);
  for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
    seep_sha256 sha;
    char text[SEEP_SHA256_TEXT_SIZE];
    seep_sha256_init(&sha);
    for (size_t at = 0; at < MANY; at += pieces[i]) {
      seep_sha256_add(&sha, letters + at, pieces[i] < MANY - at ? pieces[i] : MANY - at);
    }
    assert_string_equal(seep_sha256_text(&sha, text),
                        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

/* Around a block's end the padding takes one block or two. */
static void every_length_around_two_blocks_in_every_split(void **state)
{
  (void)state;
  for (size_t length = 0; length <= 130; length++) {
    char message[130], whole[SEEP_SHA256_TEXT_SIZE], split[SEEP_SHA256_TEXT_SIZE];
    seep_sha256 sha;
    for (size_t i = 0; i < length; i++) {
      message[i] = (char)(i * 7 + length);
    }
    seep_sha256_init(&sha);
    seep_sha256_add(&sha, message, length);
    (void)seep_sha256_text(&sha, whole);
    for (size_t first = 0; first <= length; first++) {
      seep_sha256_init(&sha);
      seep_sha256_add(&sha, message, first);
      seep_sha256_add(&sha, message + first, length - first);
      assert_string_equal(seep_sha256_text(&sha, split), whole);
    }
  }
}

/* Computed by another program: 55 and 56 bytes are where the length stops to fit into the last block. */
static void lengths_where_the_padding_changes(void **state)
{
  (void)state;
  check("1234567890123456789012345678901234567890123456789012345",
        "03c3a70e99ed5eeccd80f73771fcf1ece643d939d9ecc76f25544b0233f708e9");
  check("12345678901234567890123456789012345678901234567890123456",
        "0be66ce72c2467e793202906000672306661791622e0ca9adf4a8955b2ed189c");
  check("123456789012345678901234567890123456789012345678901234567890123",
        "b97f6a278ef6a159ba660dc99fc5426ae3c1e4e08c471827d660bf36cfb236e7");
  check("1234567890123456789012345678901234567890123456789012345678901234",
        "676491965ed3ec50cb7a63ee96315480a95c54426b0b72bca8a0d4ad1285ad55");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_examples),
      cmocka_unit_test(a_million_letters_in_pieces_of_any_size),
      cmocka_unit_test(every_length_around_two_blocks_in_every_split),
      cmocka_unit_test(lengths_where_the_padding_changes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
