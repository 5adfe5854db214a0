/* SPDX-License-Identifier: Apache-2.0 */
/* What --json prints and .json files hold: one way from a builder to text. */
#ifndef SEEDBED_JSON_TEXT_H
#define SEEDBED_JSON_TEXT_H

#include <json-glib/json-glib.h>

/* The text of what was built, indented. @json is taken; the caller owns the
 * text. */
char *json_text(JsonBuilder *json);

#endif
