/* SPDX-License-Identifier: Apache-2.0 */
/* Client histories as JSON lines: what each client process asked, when, and
 * what came of it. Written by runs, read by checkers, by hand and by tools of
 * the Jepsen family.
 *
 *     {"process":0,"type":"invoke","f":"write","key":"k1","value":7,"time":9}
 *     {"process":0,"type":"ok","f":"write","key":"k1","value":7,"time":12}
 *
 * `type` is invoke, ok (it happened), fail (it certainly did not), info (it
 * may or may not have). `value` is null (absent), an integer, bytes, a list of
 * these, or for a cas the pair [expected, new]. Keys, values and `f` are
 * bytes: a JSON string when they are UTF-8, else the string "base64:" and
 * their base64; bytes that are text but start with "base64:" are written in
 * base64 too, so what is read is what was written. `time` is virtual
 * nanoseconds. The order of the members is free and unknown ones are skipped
 * when reading. */
#ifndef SEEDBED_HISTORY_H
#define SEEDBED_HISTORY_H

#include <glib.h>
#include <stdio.h>

#include "nodes/node.h"

typedef enum HistoryType {
    HISTORY_INVOKE,
    HISTORY_OK,
    HISTORY_FAIL,
    HISTORY_INFO,
} HistoryType;

typedef enum HistoryValueKind {
    HISTORY_NULL,
    HISTORY_NUMBER,
    HISTORY_BYTES,
} HistoryValueKind;

typedef struct HistoryValue {
    HistoryValueKind kind;
    int64_t number;
    Slice bytes;
} HistoryValue;

typedef struct HistoryEvent {
    uint64_t process;
    HistoryType type;
    Slice function;   /* "read", "write", "cas", ...: text */
    HistoryValue key; /* null, or bytes; a number is kept as one */
    bool pair;        /* the value is [expected, value] */
    HistoryValue expected;
    HistoryValue value;
    bool list; /* the value is a list, and not of two */
    const HistoryValue *items;
    unsigned item_count;
    SimTime time;
} HistoryEvent;

typedef struct History History;
typedef struct HistoryReader HistoryReader;

/* Write to @path, replacing what is there. The caller owns the history and
 * ends it with history_close(). NULL and @error: it cannot be opened. */
History *history_new(const char *path, GError **error);
/* Append one line. Slices are borrowed; a failure is kept for the end. */
void history_add(History *history, const HistoryEvent *event);
/* Flush, close and free. False and @error: some line was not written. */
bool history_close(History *history, GError **error);
/* Append the line of @event, with its newline, to @out. */
void history_print(GString *out, const HistoryEvent *event);

/* Read @path. The caller owns the reader. */
HistoryReader *history_reader_new(const char *path, GError **error);
/* Read @file, which is borrowed and called @name in messages. */
HistoryReader *history_reader_new_file(FILE *file, const char *name);
void history_reader_free(HistoryReader *reader);
/* The next event: 1; the end: 0; a mistake: -1 and @error, one line that
 * starts "name:line: ". Slices of @event live until the next call. Blank
 * lines are skipped. About 5 million lines a second. */
int history_reader_next(HistoryReader *reader, HistoryEvent *event,
                        GError **error);
/* The line of the last event, from 1. */
uint64_t history_reader_line(const HistoryReader *reader);

const char *history_type_text(HistoryType type);

#endif
