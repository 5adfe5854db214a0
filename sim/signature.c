/* SPDX-License-Identifier: Apache-2.0 */
/* What stays of a failure when everything that differs from seed to seed is
 * taken away. */
#include "sim/signature.h"

#include <string.h>

#include "nodes/hash.h"

/* A word of so many hexadecimal digits is a hash, not a word. */
#define HASH_DIGITS 8u

static void without_numbers(const char *message, GString *text);
static size_t number_length(const char *at, bool inside_word);

void
signature_of(const RunResult *result, char text[SIGNATURE_SIZE])
{
    text[0] = '\0';
    if (result->violation_count > 0) {
        signature_of_violation(&result->violations[0], text);
    }
}

void
signature_of_violation(const RunViolation *violation, char text[SIGNATURE_SIZE])
{
    g_autoptr(GString) whole = g_string_new(violation->check);

    if (violation->role[0] != '\0') {
        g_string_append_printf(whole, " %s", violation->role);
    }
    g_string_append(whole, ": ");
    without_numbers(violation->message, whole);
    g_strlcpy(text, whole->str, SIGNATURE_SIZE);
}

/* Every number becomes one '#', and so does a list of them: how many nodes it
 * names is a matter of the seed. So does what a client was told: a text in
 * quotes, or null. */
static void
without_numbers(const char *message, GString *text)
{
    const char *at = message;

    while (*at != '\0') {
        size_t length =
            number_length(at, at > message && g_ascii_isalpha(at[-1]));

        if (length == 0) {
            g_string_append_c(text, *at++);
            continue;
        }
        at += length;
        if (g_str_has_suffix(text->str, "#, ") ||
            g_str_has_suffix(text->str, "#. ")) {
            g_string_truncate(text, text->len - 2);
        } else if (g_str_has_suffix(text->str, "#.")) {
            g_string_truncate(text, text->len - 1);
        } else {
            g_string_append_c(text, '#');
        }
    }
}

/* Of the number, or the hash, that begins at @at; 0: none does. */
static size_t
number_length(const char *at, bool inside_word)
{
    const char *quote = at[0] == '"' ? strchr(at + 1, '"') : NULL;
    size_t digits = strspn(at, "0123456789");
    size_t hexadecimal = strspn(at, "0123456789abcdef");

    if (quote != NULL) {
        return (size_t)(quote + 1 - at);
    }
    if (!inside_word && g_str_has_prefix(at, "null") &&
        !g_ascii_isalnum(at[4])) {
        return 4;
    }
    if (!inside_word && hexadecimal >= HASH_DIGITS &&
        !g_ascii_isalnum(at[hexadecimal])) {
        return hexadecimal;
    }
    if (g_str_has_prefix(at, "0x")) {
        return 2 + strspn(at + 2, "0123456789abcdefABCDEF");
    }
    return digits;
}

bool
signature_alike(const char *one, const char *other, bool loosely)
{
    size_t check = strcspn(one, " :");

    if (!loosely) {
        return one[0] != '\0' && strcmp(one, other) == 0;
    }
    return check > 0 && check == strcspn(other, " :") &&
           strncmp(one, other, check) == 0;
}

void
signature_slug(const char *signature, char slug[SIGNATURE_SLUG_SIZE])
{
    size_t head = strcspn(signature, ":");
    size_t length = 0;

    for (size_t i = 0; i < head && length < SIGNATURE_SLUG_SIZE - 10; i++) {
        char letter = g_ascii_tolower(signature[i]);

        slug[length++] = letter;
        if (!g_ascii_isalnum(letter)) {
            slug[length - 1] = '-';
        }
    }
    g_snprintf(
        slug + length, SIGNATURE_SLUG_SIZE - length, "%s%08x",
        length > 0 ? "-" : "",
        (unsigned)(hash_bytes(signature, strlen(signature), 0) & 0xffffffff));
}
