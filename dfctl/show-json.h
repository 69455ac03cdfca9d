/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_SHOW_JSON_H
#define DFCTL_SHOW_JSON_H 1

/* What "show" prints, for a program to read: an object with the arrays "networks" (with
 * "subnets" and "ports"), "routers" (with "ports" and "routes") and "chassis".  Optional
 * values that are not set are left out. */

struct json;
struct rows;

/* The caller must destroy the result. */
struct json *show_to_json(const struct rows *);

#endif /* dfctl/show-json.h */
