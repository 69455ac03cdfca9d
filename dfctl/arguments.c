/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/arguments.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "db-ctl-base.h"
#include "dfctl/print.h"
#include "svec.h"
#include "util.h"

/* Moves the words of 'from' to the end of 'to'. */
static void
move_words(struct svec *to, struct svec *from)
{
    svec_append(to, from);
    svec_clear(from);
}

/* The long option that 'word' ("--NAME" or "--NAME=VALUE") means: by its whole name or, as
 * in getopt_long(), the only beginning of one. */
static const struct option *
find_long(const struct option *options, const char *word)
{
    size_t len = strcspn(word + 2, "=");
    const struct option *found = NULL;
    size_t n = 0;

    for (const struct option *o = options; o->name; o++) {
        if (!strncmp(o->name, word + 2, len)) {
            if (!o->name[len]) {
                return o;
            }
            found = o;
            n++;
        }
    }
    return n == 1 ? found : NULL;
}

struct sorter {
    const struct option *options;
    const char *short_options;
    int local; /* The value of options that belong to commands. */
    struct svec global, command, rest;
    const char *verb; /* Of the current command, NULL before it. */
};

/* Whether an option of ours is the command's own argument. */
static bool
is_argument(const struct sorter *s, const char *word)
{
    return s->verb
           && (!strcmp(s->verb, "comment")
               || (!strcmp(s->verb, "sync") && !strncmp(word, "--timeout=", 10)));
}

/* Sorts argv[0], which begins with "-", and its value, if that is argv[1].  Returns the
 * number of words taken. */
static int
sort_option(struct sorter *s, int argc, char *argv[])
{
    const char *word = argv[0];
    bool is_long = word[1] == '-';
    const struct option *o = is_long ? find_long(s->options, word) : NULL;
    const char *letter = is_long ? NULL : strchr(s->short_options, word[1]);
    bool takes_value, has_value;

    if (is_argument(s, word) || (!is_long && (!letter || word[1] == ':'))) {
        svec_add(s->verb ? &s->rest : &s->command, argv[0]);
        return 1;
    } else if (is_long && !o && s->verb) {
        print_fatal_format("%s: there is no option %s (use --help for help)", s->verb, word);
    } else if (is_long) {
        takes_value = o && o->has_arg == required_argument;
        has_value = strchr(word, '=') != NULL;
    } else {
        takes_value = letter[1] == ':' && letter[2] != ':';
        has_value = word[2] != '\0';
    }

    if (takes_value && !has_value && argc == 1) {
        print_fatal_format("option %s needs a value (use --help for help)", word);
    }
    struct svec *to = o && o->val == s->local ? &s->command : &s->global;
    int n = takes_value && !has_value ? 2 : 1;
    for (int i = 0; i < n; i++) {
        svec_add(to, argv[i]);
    }
    return n;
}

void
arguments_sort(int argc, char *argv[], const struct option *options, const char *short_options,
               int local, struct svec *sorted)
{
    struct sorter s = {.options = options, .short_options = short_options, .local = local};
    struct svec commands = SVEC_EMPTY_INITIALIZER;

    for (int i = 1; i < argc;) {
        if (!strcmp(argv[i], "--")) {
            move_words(&commands, &s.command);
            move_words(&commands, &s.rest);
            if (s.verb || commands.n) {
                svec_add(&commands, argv[i]);
            }
            s.verb = NULL;
            i++;
        } else if (argv[i][0] == '-' && argv[i][1]) {
            i += sort_option(&s, argc - i, &argv[i]);
        } else {
            s.verb = s.verb ? s.verb : argv[i];
            svec_add(&s.rest, argv[i++]);
        }
    }
    move_words(&commands, &s.command);
    move_words(&commands, &s.rest);

    svec_init(sorted);
    svec_add(sorted, argv[0]);
    svec_append(sorted, &s.global);
    svec_append(sorted, &commands);
    svec_terminate(sorted);
    svec_destroy(&s.global);
    svec_destroy(&s.command);
    svec_destroy(&s.rest);
    svec_destroy(&commands);
}
