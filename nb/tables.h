/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_TABLES_H
#define NB_TABLES_H 1

/* The tables of the NB database that describe the network: what their rows are called, which
 * columns they have, and what the values of these are.
 *
 * A table or a column that is here is read by df-controller (NB_READ) and looked up, listed by
 * owner, applied, compared, exported and shown by dfctl without further code.  What a row means is
 * not said here: see parse.h for one row and check.h for all.
 *
 * All of this is constant and lives forever. */

#include <stdbool.h>
#include <stdint.h>

struct ovsdb_idl_column;
struct ovsdb_idl_table_class;

/* In the order in which "dfctl apply" writes them: what is referred to comes first. */
enum nb_table_id {
    NB_NETWORK,
    NB_SUBNET,
    NB_PORT,
    NB_ROUTER,
    NB_ROUTER_PORT,
    NB_STATIC_ROUTE,
    NB_NAT,
    NB_CHASSIS,
    NB_N_TABLES,
};

/* What a value is.  A column of the schema's type "set" has any number of such values. */
enum nb_type {
    NB_TEXT,         /* Text that can be the name of something. */
    NB_REFERENCE,    /* A row of 'table', by its name. */
    NB_BOOLEAN,      /* "true" or "false". */
    NB_INTEGER,      /* Decimal. */
    NB_NETWORK_TYPE, /* enum network_type. */
    NB_MAC,
    NB_HOST_ADDRESS,      /* IP address of a machine. */
    NB_INTERFACE_ADDRESS, /* The same with a prefix length. */
    NB_SUBNET_PREFIX,
    NB_PREFIX,            /* Or an IP address, which stands for itself alone. */
    NB_ADDRESS_MODE,      /* enum address_mode, but for "none". */
    NB_ROUTER_PREFERENCE, /* enum router_preference. */
    NB_NAT_TYPE,          /* enum nat_type. */
    NB_DOMAIN_NAME,
    NB_ROUTES, /* The routes of a router: rows of NB_STATIC_ROUTE, and the deprecated column. */
    NB_MAP,    /* Strings to strings. */
    NB_EXTERNAL_IDS, /* The map that belongs to other programs. */
    NB_ROWS,         /* No column: the rows of 'table' that this one owns. */
    NB_N_TYPES,
};

enum {
    NB_READ = 1 << 0,     /* df-controller reads it. */
    NB_FILE = 1 << 1,     /* It is in the files of "dfctl apply" and "dfctl export". */
    NB_REQUIRED = 1 << 2, /* There it must be given. */
    NB_NULLABLE = 1 << 3, /* There it may be "~", none. */
    NB_OWNER = 1 << 4,    /* The row referred to owns this one: there, it is the surrounding one. */
};

struct nb_column {
    const struct ovsdb_idl_column *column; /* NULL: NB_ROWS. */
    const char *key;                       /* Its name in files and for people. */
    enum nb_type type;
    unsigned int flags;     /* NB_*. */
    enum nb_table_id table; /* Of NB_REFERENCE and NB_ROWS. */

    /* The value if there is none in a file, and if there is none in the database but could be;
     * NULL: none. */
    const char *initial;

    /* For "dfctl show", NULL: not shown.  What comes before the value in the line of the row, or
     * before each in a line of its own: of maps, routes and rows. */
    const char *show;

    int64_t min, max; /* Of NB_INTEGER in a file. */
};

struct nb_table {
    const struct ovsdb_idl_table_class *class;
    const char *kind;                /* "router port": what its rows are called, */
    const char *article;             /* "a port of a router": and as the owner of keys. */
    const struct nb_column *columns; /* The name first, if it has one.  Ended by one without key. */
};

extern const struct nb_table nb_tables[NB_N_TABLES];

/* No table, but the whole, which has the rows that no other row owns (NB_ROWS). */
extern const struct nb_table nb_topology;

/* Loops over all tables, and over the columns of one. */
#define NB_TABLE_FOR_EACH(TABLE)                                                                   \
    for (const struct nb_table *TABLE = nb_tables; TABLE < &nb_tables[NB_N_TABLES]; TABLE++)
#define NB_COLUMN_FOR_EACH(COLUMN, TABLE)                                                          \
    for (const struct nb_column *COLUMN = (TABLE)->columns; COLUMN->key; COLUMN++)

/* The description of 'column', which must be one of the table's. */
const struct nb_column *nb_table_column(const struct nb_table *,
                                        const struct ovsdb_idl_column *column);

/* The column by which a row refers to its owner; NULL: it has none. */
const struct nb_column *nb_table_owner(const struct nb_table *);

/* True if its rows have names.  Those of another table are known by what is in them, and go
 * with their owner. */
bool nb_table_has_names(const struct nb_table *);

/* The column of external ids; NULL: it has none here. */
const struct nb_column *nb_table_external_ids(const struct nb_table *);

/* True if the files of "dfctl apply" and "dfctl export" have objects of this table. */
bool nb_table_is_in_files(const struct nb_table *);

/* True if 'column' may have several values. */
bool nb_column_is_set(const struct nb_column *column);

/* True if 'column' may have no value in the database. */
bool nb_column_is_optional(const struct nb_column *column);

#endif /* nb/tables.h */
