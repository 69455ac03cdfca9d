/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that nb/tables.c describes what is in the schema, and itself holds together: code that
 * follows the description does not check it. */
#include <config.h>

#include "nb/tables.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nb/dragonflow-idl.h"
#include "ovsdb-idl-provider.h"
#include "util.h"

static void
a_row_is_known_by_its_name(void **state OVS_UNUSED)
{
    NB_TABLE_FOR_EACH (table) {
        const struct nb_column *name = &table->columns[0];
        if (!nb_table_has_names(table)) {
            assert_non_null(nb_table_owner(table));
            assert_false(nb_table_is_in_files(table));
            continue;
        }
        assert_string_equal(name->key, "name");
        assert_int_equal(name->type, NB_TEXT);
        assert_int_equal(!(name->flags & NB_FILE), !(name->flags & NB_REQUIRED));
        assert_false(nb_column_is_set(name) || nb_column_is_optional(name));
    }
}

static void
a_column_is_one_of_the_table_and_of_its_type(void **state OVS_UNUSED)
{
    NB_TABLE_FOR_EACH (table) {
        NB_COLUMN_FOR_EACH (column, table) {
            const struct ovsdb_idl_column *c = column->column;
            assert_int_equal(!c, column->type == NB_ROWS);
            if (c) {
                assert_ptr_equal(ovsdb_idl_table_class_from_column(&nbrec_idl_class, c),
                                 table->class);
                bool is_map = column->type == NB_MAP || column->type == NB_EXTERNAL_IDS;
                assert_int_equal(c->type.value.type != OVSDB_TYPE_VOID, is_map);
                assert_int_equal(c->type.key.type, column->type == NB_REFERENCE ? OVSDB_TYPE_UUID
                                                   : column->type == NB_BOOLEAN ? OVSDB_TYPE_BOOLEAN
                                                   : column->type == NB_INTEGER
                                                       ? OVSDB_TYPE_INTEGER
                                                       : OVSDB_TYPE_STRING);
            }
            if (column->type == NB_REFERENCE) {
                assert_string_equal(c->type.key.uuid.refTableName,
                                    nb_tables[column->table].class->name);
            }
        }
    }
}

static void
what_is_referred_to_is_written_first(void **state OVS_UNUSED)
{
    NB_TABLE_FOR_EACH (table) {
        NB_COLUMN_FOR_EACH (column, table) {
            if (column->type == NB_REFERENCE && column->flags & (NB_FILE | NB_OWNER)) {
                assert_true(&nb_tables[column->table] < table);
            }
        }
    }
}

static void
rows_are_those_that_the_table_owns(void **state OVS_UNUSED)
{
    size_t n = 0;

    NB_TABLE_FOR_EACH (table) {
        n += !nb_table_has_names(table); /* These are values of a column of their owner. */
        NB_COLUMN_FOR_EACH (column, table) {
            if (column->type == NB_ROWS) {
                const struct nb_column *owner = nb_table_owner(&nb_tables[column->table]);
                assert_non_null(owner);
                assert_ptr_equal(&nb_tables[owner->table], table);
                n++;
            }
        }
    }
    NB_COLUMN_FOR_EACH (column, &nb_topology) {
        assert_int_equal(column->type, NB_ROWS);
        assert_null(nb_table_owner(&nb_tables[column->table]));
        n++;
    }
    assert_int_equal(n, NB_N_TABLES);
}

static void
what_is_in_files_can_be_told_from_what_is_not(void **state OVS_UNUSED)
{
    NB_TABLE_FOR_EACH (table) {
        size_t n = 0;
        NB_COLUMN_FOR_EACH (column, table) {
            assert_true(nb_table_is_in_files(table) || !(column->flags & NB_FILE));
            assert_true(column->flags & NB_FILE || !(column->flags & (NB_REQUIRED | NB_NULLABLE)));
            assert_true(column->type != NB_INTEGER || !(column->flags & NB_FILE)
                        || column->min < column->max);
            n++;
        }
        assert_true(n <= CHAR_BIT * sizeof(unsigned int));
        if (nb_table_is_in_files(table)) {
            assert_non_null(nb_table_external_ids(table));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_known_by_its_name),
        cmocka_unit_test(a_column_is_one_of_the_table_and_of_its_type),
        cmocka_unit_test(what_is_referred_to_is_written_first),
        cmocka_unit_test(rows_are_those_that_the_table_owns),
        cmocka_unit_test(what_is_in_files_can_be_told_from_what_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
