/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_CANONICAL_H
#define FLOW_CANONICAL_H 1

/* The form in which a switch gives a flow back.
 *
 * The difference between what is desired and what is installed is found by
 * comparing bytes, so both must be in the one form that survives encoding to
 * OpenFlow and decoding.  The flow table applies these functions to every flow
 * that enters it, from a rule or from a switch.
 *
 * Rule authors may write any match and any actions.  What is cheap, because it
 * is in that form already:
 *
 *   - OUTPUT, GROUP, CONTROLLER (with or without userdata and meter), SET_FIELD
 *     of a whole field or of up to 64 bits in a row ("load" is the same),
 *     REG_MOVE, OUTPUT_REG, RESUBMIT, PUSH_VLAN, STRIP_VLAN, DEC_TTL, CT_CLEAR,
 *     MULTIPATH, CHECK_PKT_LARGER, CONJUNCTION, EXIT;
 *   - METER first, GOTO_TABLE last.
 *
 * Other actions (SET_ETH_DST and the like, CLONE, CT with what is nested in it,
 * LEARN, WRITE_ACTIONS, ...) are encoded and decoded here, which costs about a
 * microsecond a flow.
 *
 * Three things differ from the defaults of ofpact_put_*() and are the author's
 * business, since they mean something: CONTROLLER needs 'meter_id' =
 * NX_CTLR_NO_METER for none, 'reason' = OFPR_ACTION, and 'max_len' = UINT16_MAX
 * for the whole packet; DEC_TTL needs one controller id of 0; CT needs
 * 'recirc_table' = NX_CT_RECIRC_NONE for none. */

#include <stdbool.h>

struct match;
struct ofpbuf;

/* Brings 'match' into the form that reads back: it matches on the Ethernet packet
 * type if it matches on anything of a frame, fields whose prerequisites are not
 * matched are wildcarded (which is logged: it is a mistake of the rule), and
 * wildcarded bits are 0. */
void canonical_match(struct match *match);

/* Brings 'ofpacts' into the form that reads back.  If the actions do not survive
 * encoding, they are left alone, and false is returned: the switch will refuse
 * them. */
bool canonical_actions(struct ofpbuf *ofpacts);

#endif /* flow/canonical.h */
