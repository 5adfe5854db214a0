/* SPDX-License-Identifier: Apache-2.0 */
/* The kind of a failure: two runs with the same signature failed alike. It is
 * the check, the role of the node it names, and the message without its
 * numbers, so that neither a seed nor a term tells failures apart. */
#ifndef SEEDBED_SIGNATURE_H
#define SEEDBED_SIGNATURE_H

#include "sim/run.h"

#define SIGNATURE_SIZE      640u
#define SIGNATURE_SLUG_SIZE 80u

/* Of the first violation of @result, "" when there is none: "one-vote
 * follower: node # voted for # and # in term #". */
void signature_of(const RunResult *result, char text[SIGNATURE_SIZE]);
/* The same of one violation. */
void signature_of_violation(const RunViolation *violation,
                            char text[SIGNATURE_SIZE]);
/* Are two runs with these signatures the same failure? @loosely: already when
 * the check is the same. "" is like nothing. */
bool signature_alike(const char *one, const char *other, bool loosely);
/* A name for a folder: the check, the role and a hash of @signature, of
 * letters, digits and '-' only. */
void signature_slug(const char *signature, char slug[SIGNATURE_SLUG_SIZE]);

#endif
