/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_CHANGE_H
#define DFCTL_CHANGE_H 1

/* What "apply" and "diff" do to objects: one line for each that changes, and how many do.
 *
 *     + port vm1
 *     ~ network n1: mtu 1500 -> 1400
 *     - router r1
 *
 * Or the same as JSON:
 *
 *     {"changes": [{"change": "add", "kind": "port", "name": "vm1"},
 *                  {"change": "modify", "kind": "network", "name": "n1",
 *                   "columns": {"mtu": ["1500", "1400"]}}, ...],
 *      "added": 1, "changed": 1, "removed": 1, "unchanged": 0, "kept": 0}
 *
 * with null where there is no value. */

#include <stdbool.h>
#include <stddef.h>

#include "openvswitch/dynamic-string.h"

struct json;
struct smap;
struct svec;

/* All changes together. */
struct changes {
    struct ds *output;
    struct json *json; /* An array, or NULL if lines are printed. */
    size_t n_added;
    size_t n_changed;
    size_t n_removed;
    size_t n_unchanged;
    size_t n_kept; /* Not in the file, not removed either: they are others'. */
};

/* What happens to one object. */
struct change {
    struct changes *changes;
    const char *kind; /* "port" */
    const char *name;
    bool created;
    struct ds fields;  /* "mtu 1500 -> 1400, ..." */
    struct json *json; /* The same, if changes->json. */
};

/* Begins with the object of this 'kind' and 'name', which must outlive the change. */
struct change change_begin(struct changes *, const char *kind, const char *name, bool created);

/* Each returns true if 'field' is to be written: it is not what it shall be. */

/* 'before' and 'after' are texts; NULL: none.  An object that is created begins with none. */
bool change_field(struct change *, const char *field, const char *before, const char *after);
/* The values of a column, canonical and sorted; of an object that is created those that stand for
 * none. */
bool change_values(struct change *, const char *field, const struct svec *before,
                   const struct svec *after);
bool change_map(struct change *, const char *field, const struct smap *before,
                const struct smap *after);

/* Prints and counts it. */
void change_end(struct change *);

/* Prints and counts the removal of an object. */
void changes_remove(struct changes *, const char *kind, const char *name);

/* Appends to the output how many objects were added, changed, and so on. */
void changes_summarize(const struct changes *, bool dry_run);

/* All of it as JSON; changes->json goes into it. */
struct json *changes_to_json(struct changes *);

#endif /* dfctl/change.h */
