/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db-ctl-base.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "table.h"
#include "util.h"

/* Of one cell of a table: the addresses of a port may be many. */
#define CELL_MAX 65536

/* Of an error: the sentence of nb_check(), and where the object is described. */
#define MESSAGE_MAX (2 * TEXT_SENTENCE_MAX)

static const int *failure_status;
static bool failure_told;
static int print_error; /* The first errno of print_lines(), 0: none. */

/* Why something that was printed is not written; 0 if everything is. */
static int
write_error(void)
{
    if (fflush(stdout)) {
        return errno;
    }
    /* An earlier attempt failed, perhaps one of a library, which does not say why. */
    return !ferror(stdout) ? 0 : print_error ? print_error : EIO;
}

/* As the last thing that the program does, with the exit status that is to be: some file systems
 * tell only now, and libraries know one status of failure only. */
static void
close_stdout(int status, void *aux OVS_UNUSED)
{
    int error = write_error();
    if (!error && fclose(stdout)) {
        error = errno;
    }
    if (error && !failure_told) {
        /* A reader that has closed the pipe ("dfctl --help | head") needs no more. */
        if (error != EPIPE) {
            fprintf(stderr, "%s: cannot write the output: %s\n", program_name, ovs_strerror(error));
        }
        _exit(*failure_status);
    }
    if (status == EXIT_FAILURE && *failure_status != EXIT_FAILURE) {
        _exit(*failure_status);
    }
}

void
print_init(const int *failure)
{
    failure_status = failure;
    on_exit(close_stdout, NULL);
}

static void
print_lines(const char *s, size_t size)
{
    struct ds clean = DS_EMPTY_INITIALIZER;

    text_put_lines(&clean, s, size);
    if (fwrite(ds_cstr(&clean), 1, clean.length, stdout) < clean.length && !print_error) {
        print_error = errno;
    }
    ds_destroy(&clean);
}

void
print_text(const char *text)
{
    print_lines(text, strlen(text));
}

void
print_table(struct table *table, const struct table_style *style)
{
    struct ds text = DS_EMPTY_INITIALIZER;

    if (style->format == TF_TABLE || style->format == TF_LIST) {
        for (size_t i = 0; i < table->n_rows * table->n_columns; i++) {
            text_clean_in_place(&table->cells[i].text, CELL_MAX);
        }
    }
    table_format(table, style, &text);
    print_lines(ds_cstr(&text), text.length);
    ds_destroy(&text);
}

void
print_check(bool committed)
{
    int error = write_error();
    if (error) {
        failure_told = true;
        ctl_fatal("cannot write the output: %s%s", ovs_strerror(error),
                  committed ? "; the change itself is in force" : "");
    }
}

void
print_fatal(const char *message)
{
    /* Static, so that it is no leak. */
    static char *clean;

    clean = text_clean(message, MESSAGE_MAX);
    ctl_fatal("%s", clean);
}

void
print_fatal_format(const char *format, ...)
{
    static char *message;
    va_list args;

    va_start(args, format);
    message = xvasprintf(format, args);
    va_end(args);
    print_fatal(message);
}
