/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that what nb/text.h shows of any bytes is one line (or lines) of well-formed UTF-8
 * without control characters, no longer than allowed, and the text itself if that is so. */
#include <config.h>

#include "nb/text.h"

#include <inttypes.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "openvswitch/dynamic-string.h"
#include "random.h"
#include "util.h"

static void
assert_clean(const char *s, const char *shown)
{
    char *clean = text_clean(s, TEXT_NAME_MAX);
    assert_string_equal(clean, shown);
    assert_int_equal(text_is_clean(s), !strcmp(s, shown));
    free(clean);
}

static void
what_is_harmless_is_shown_as_it_is(void **state OVS_UNUSED)
{
    static const char *const harmless[] = {
        "", "port vm1", "a\\b\"c'", "ünïcode ☃", "\xf0\x9f\x98\x80", "\xc2\xa0", "\xf4\x8f\xbf\xbf",
    };
    for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
        assert_clean(harmless[i], harmless[i]);
    }
}

static void
what_is_not_is_escaped(void **state OVS_UNUSED)
{
    assert_clean("a\033[31mb", "a\\u001b[31mb");
    assert_clean("a\nb\tc\rd", "a\\nb\\tc\\rd");
    assert_clean("\x01\x7f", "\\u0001\\u007f");
    assert_clean("\xc2\x80 \xc2\x9b \xc2\x9f", "\\u0080 \\u009b \\u009f"); /* C1. */
    assert_clean("\x9b", "\\x9b");                                         /* Raw C1. */
    assert_clean("\xff\xc2", "\\xff\\xc2");
    assert_clean("\xc0\x80", "\\xc0\\x80");                   /* Overlong. */
    assert_clean("\xe0\x82\x9b", "\\xe0\\x82\\x9b");          /* Overlong C1. */
    assert_clean("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* Surrogate. */
    assert_clean("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* Beyond Unicode. */
    assert_clean("\xe2\x98", "\\xe2\\x98");                   /* Cut off. */
    assert_clean("\xe2\x98\x1b", "\\xe2\\x98\\u001b");        /* By an escape. */
    assert_clean("\xf0\x9f\x98\033[A", "\\xf0\\x9f\\x98\\u001b[A");
}

static void
what_is_long_is_cut_between_characters(void **state OVS_UNUSED)
{
    char *s = text_clean("abcdef", 6);
    assert_string_equal(s, "abcdef");
    free(s);
    s = text_clean("abcdefg", 6);
    assert_string_equal(s, "abcdef... (7 bytes)");
    free(s);
    s = text_clean("abcde☃", 6);
    assert_string_equal(s, "abcde... (8 bytes)");
    free(s);
    s = text_clean("abc\033x", 6);
    assert_string_equal(s, "abc... (5 bytes)");
    free(s);
}

static void
a_message_is_cleaned_in_place(void **state OVS_UNUSED)
{
    char *s = NULL;
    assert_null(text_clean_in_place(&s, 10));
    s = xstrdup("a\033");
    assert_string_equal(text_clean_in_place(&s, 10), "a\\u001b");
    free(s);
}

static void
a_format_is_that_of_printf_but_for_strings(void **state OVS_UNUSED)
{
    static const char long_name[] =
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
#define EQUAL(...)                                                                                 \
    do {                                                                                           \
        char *ours = text_format(__VA_ARGS__);                                                     \
        char *theirs = xasprintf(__VA_ARGS__);                                                     \
        assert_string_equal(ours, theirs);                                                         \
        free(ours);                                                                                \
        free(theirs);                                                                              \
    } while (0)
    EQUAL("nothing");
    EQUAL("%s, %d%% of %s", "a", -5, long_name);
    EQUAL("%02x:%02" PRIx8 " %c %5u|%-5u|%+d %#x", 10, (uint8_t) 200, 'c', 7u, 7u, 3, 255);
    EQUAL("%" PRIu64 " %" PRId64 " %" PRIuSIZE " %" PRIu16, UINT64_MAX, INT64_MIN, (size_t) 1,
          (uint16_t) 65535);
    EQUAL("%ld %lu %lld %llu %jd %td", -1L, 1UL, -1LL, ULLONG_MAX, INTMAX_MIN, (ptrdiff_t) -1);
    EQUAL("%5d %05d %.3d", 1, 2, 3);
    EQUAL("%.1024s", "short");
#undef EQUAL
    char *s = text_format("port %s: %.5s, %.3s", "a\033\n", "0123456789", "abc\001");
    assert_string_equal(s, "port a\\u001b\\n: 01234... (10 bytes), abc... (4 bytes)");
    free(s);
    char *longer = xasprintf("%s%s", long_name, "x");
    char *quoted = text_format("\"%s\" is wrong", longer);
    char *expected = xasprintf("\"%s... (129 bytes)\" is wrong", long_name);
    assert_string_equal(quoted, expected);
    free(longer);
    free(quoted);
    free(expected);
}

static void
lines_stay_lines(void **state OVS_UNUSED)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    static const char text[] = "a\tb\nc\033d\0e\xc2\x9b\n";
    text_put_lines(&ds, text, sizeof text - 1);
    assert_string_equal(ds_cstr(&ds), "a\tb\nc\\u001bd\\u0000e\\u009b\n");
    ds_destroy(&ds);
}

static void
any_bytes_become_clean(void **state OVS_UNUSED)
{
    random_set_seed(1);
    for (int i = 0; i < 20000; i++) {
        char s[40];
        size_t n = random_range(sizeof s);
        for (size_t j = 0; j < n; j++) {
            /* Often what begins or goes on with a character. */
            static const uint8_t likely[] = {0xc2, 0x9b, 0xe0, 0x80, 0xf0, 0xed, 0xa0, 0x1b};
            uint8_t byte = (random_range(2) ? random_range(255) + 1
                                            : likely[random_range(ARRAY_SIZE(likely))]);
            s[j] = byte;
        }
        s[n] = '\0';
        char *clean = text_clean(s, 30);
        assert_true(strlen(clean) <= 30 + strlen("... (40 bytes)"));
        for (const char *p = clean; *p; p++) {
            assert_true((uint8_t) *p >= 0x20 && *p != 0x7f);
            assert_false((uint8_t) p[0] == 0xc2 && (uint8_t) p[1] < 0xa0);
        }
        /* What is clean stays. */
        char *again = text_clean(clean, 100);
        assert_string_equal(clean, again);
        free(again);
        free(clean);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_harmless_is_shown_as_it_is),
        cmocka_unit_test(what_is_not_is_escaped),
        cmocka_unit_test(what_is_long_is_cut_between_characters),
        cmocka_unit_test(a_message_is_cleaned_in_place),
        cmocka_unit_test(a_format_is_that_of_printf_but_for_strings),
        cmocka_unit_test(lines_stay_lines),
        cmocka_unit_test(any_bytes_become_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
