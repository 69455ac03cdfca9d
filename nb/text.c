/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Longer than the escape of one character: "\u001b". */
#define MAX_ESCAPE 8

/* Decodes the character at the beginning of the 'size' > 0 bytes at 's'.  Returns its length
 * and sets '*code', or returns 0 if it is malformed. */
static size_t
decode(const char *s_, size_t size, uint32_t *code)
{
    const uint8_t *s = (const uint8_t *) s_;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (!n || n > size || s[0] > 0xf4) {
        return 0;
    }

    uint32_t c = n == 1 ? s[0] : s[0] & (0xff >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        c = (c << 6) | (s[i] & 0x3f);
    }
    if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10ffff
        || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }
    *code = c;
    return n;
}

/* Writes how the character at the beginning of 's' is shown to 'buf', unless it is shown as
 * it is.  Returns its length, and sets '*shown' to the length in 'buf', 0 if as it is. */
static size_t
escape(const char *s, size_t size, char buf[MAX_ESCAPE], size_t *shown)
{
    uint32_t c;
    size_t n = decode(s, size, &c);

    *shown = 0;
    if (!n) {
        *shown = snprintf(buf, MAX_ESCAPE, "\\x%02x", (unsigned int) (uint8_t) *s);
        return 1;
    }
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
        const char *name = c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : NULL;
        *shown = name ? snprintf(buf, MAX_ESCAPE, "%s", name)
                      : snprintf(buf, MAX_ESCAPE, "\\u%04" PRIx32, c);
    }
    return n;
}

bool
text_is_clean(const char *s)
{
    size_t size = strlen(s);

    for (size_t i = 0; i < size;) {
        char buf[MAX_ESCAPE];
        size_t shown;
        i += escape(s + i, size - i, buf, &shown);
        if (shown) {
            return false;
        }
    }
    return true;
}

void
text_put(struct ds *ds, const char *s, size_t max)
{
    size_t size = strlen(s);
    size_t start = ds->length;

    for (size_t i = 0, n; i < size; i += n) {
        char buf[MAX_ESCAPE];
        size_t shown;
        n = escape(s + i, size - i, buf, &shown);
        if (ds->length - start + (shown ? shown : n) > max) {
            ds_put_format(ds, "... (%" PRIuSIZE " bytes)", size);
            return;
        }
        if (shown) {
            ds_put_buffer(ds, buf, shown);
        } else {
            ds_put_buffer(ds, s + i, n);
        }
    }
}

char *
text_clean(const char *s, size_t max)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    text_put(&ds, s, max);
    return ds_steal_cstr(&ds);
}

char *
text_clean_in_place(char **s, size_t max)
{
    if (*s) {
        char *clean = text_clean(*s, max);
        free(*s);
        *s = clean;
    }
    return *s;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* Each conversion is printed by itself: integers as the format has it, strings by text_put(). */
char *
text_vformat(const char *format, va_list args_)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    const char *p;
    va_list args;

    va_copy(args, args_);
    for (; (p = strchr(format, '%')) != NULL; format = p + 1) {
        char spec[16]; /* "%02llx" */
        size_t n = strcspn(p + 1, "diouxXcs%") + 2;

        ds_put_buffer(&ds, format, p - format);
        ovs_assert(n < sizeof spec && p[n - 1] && !memchr(p, '*', n));
        ovs_strzcpy(spec, p, n + 1);
        p += n - 1;
        if (*p == 's') {
            const char *s = va_arg(args, const char *);
            const char *precision = strchr(spec, '.');
            text_put(&ds, s ? s : "(null)", precision ? atoi(precision + 1) : TEXT_QUOTE_MAX);
        } else if (*p == '%') {
            ds_put_char(&ds, '%');
            /* NOLINTNEXTLINE(bugprone-branch-clone): on 64 bits these two are one type. */
        } else if (p[-1] == 'j' || (p[-1] == 'l' && p[-2] == 'l')) {
            ds_put_format(&ds, spec, va_arg(args, long long int));
        } else if (strchr("lzt", p[-1])) {
            ds_put_format(&ds, spec, va_arg(args, long int)); /* As wide as size_t. */
        } else {
            ds_put_format(&ds, spec, va_arg(args, int));
        }
    }
    va_end(args);
    ds_put_cstr(&ds, format);
    return ds_steal_cstr(&ds);
}
#pragma GCC diagnostic pop

char *
text_format(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *s = text_vformat(format, args);
    va_end(args);
    return s;
}

void
text_put_lines(struct ds *ds, const char *s, size_t size)
{
    size_t begin = 0; /* Of what is shown as it is and not yet put. */

    for (size_t i = 0, n; i < size; i += n) {
        char buf[MAX_ESCAPE];
        size_t shown;
        n = escape(s + i, size - i, buf, &shown);
        if (shown && s[i] != '\n' && s[i] != '\t') {
            ds_put_buffer(ds, s + begin, i - begin);
            ds_put_buffer(ds, buf, shown);
            begin = i + n;
        }
    }
    ds_put_buffer(ds, s + begin, size - begin);
}
