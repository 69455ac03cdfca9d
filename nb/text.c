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

/* NOLINTBEGIN(clang-analyzer-valist.Uninitialized,bugprone-branch-clone): the analyzer does not
 * follow a va_list through a pointer; long int and intmax_t are one type on some machines. */

/* One conversion of a format: "%-5.10zu". */
struct conversion {
    char spec[32];  /* Without '*': it is replaced by its argument. */
    char length[3]; /* "", "hh", "h", "l", "ll", "j", "z" or "t". */
    char type;      /* 'd', 's', ... */
    int precision;  /* Negative: none. */
};

/* Parses the conversion at 'p', behind its "%", taking arguments for each "*".  Returns where
 * the format goes on. */
static const char *
parse_conversion(const char *p, struct conversion *c, va_list *args)
{
    size_t n_length = 0;
    struct ds spec = DS_EMPTY_INITIALIZER;

    *c = (struct conversion){.precision = -1};
    ds_put_char(&spec, '%');
    while (*p && strchr("-+ #0123456789.*", *p)) {
        bool is_precision = *p == '.';
        if (*p == '*' || (is_precision && p[1] == '*')) {
            int value = va_arg(*args, int);
            p += is_precision + 1;
            if (!is_precision) {
                ds_put_format(&spec, "%d", value);
            } else if (value >= 0) {
                ds_put_format(&spec, ".%d", value);
                c->precision = value;
            }
            continue;
        }
        if (is_precision) {
            c->precision = atoi(p + 1);
        }
        ds_put_char(&spec, *p++);
    }
    while (*p && strchr("hljzt", *p) && n_length < sizeof c->length - 1) {
        c->length[n_length++] = *p;
        ds_put_char(&spec, *p++);
    }
    c->type = *p;
    ovs_assert(*p && strchr("diouxXcs%", *p) && spec.length < sizeof c->spec - 1);
    ds_put_char(&spec, *p);
    memcpy(c->spec, ds_cstr(&spec), spec.length + 1);
    ds_destroy(&spec);
    return p + 1;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void
put_integer(struct ds *ds, const struct conversion *c, va_list *args)
{
    if (!strcmp(c->length, "l")) {
        ds_put_format(ds, c->spec, va_arg(*args, long int));
    } else if (!strcmp(c->length, "ll")) {
        ds_put_format(ds, c->spec, va_arg(*args, long long int));
    } else if (!strcmp(c->length, "j")) {
        ds_put_format(ds, c->spec, va_arg(*args, intmax_t));
    } else if (!strcmp(c->length, "z")) {
        ds_put_format(ds, c->spec, va_arg(*args, size_t));
    } else if (!strcmp(c->length, "t")) {
        ds_put_format(ds, c->spec, va_arg(*args, ptrdiff_t));
    } else {
        ds_put_format(ds, c->spec, va_arg(*args, int)); /* Also "h", "hh" and "c". */
    }
}
#pragma GCC diagnostic pop

char *
text_vformat(const char *format, va_list args_)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    struct conversion c;
    va_list args;

    va_copy(args, args_);
    while (*format) {
        size_t n = strcspn(format, "%");
        ds_put_buffer(&ds, format, n);
        format += n;
        if (!*format) {
            break;
        }
        format = parse_conversion(format + 1, &c, &args);
        if (c.type == 's') {
            const char *s = va_arg(args, const char *);
            text_put(&ds, s ? s : "(null)", c.precision >= 0 ? c.precision : TEXT_QUOTE_MAX);
        } else if (c.type == '%') {
            ds_put_char(&ds, '%');
        } else {
            put_integer(&ds, &c, &args);
        }
    }
    va_end(args);
    return ds_steal_cstr(&ds);
}

char *
text_format(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *s = text_vformat(format, args);
    va_end(args);
    return s;
}
/* NOLINTEND(clang-analyzer-valist.Uninitialized,bugprone-branch-clone) */

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
