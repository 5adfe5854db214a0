/* SPDX-License-Identifier: Apache-2.0 */
/* What a report is made of: the files of a run folder, read back. Nothing in
 * them is trusted. */
#ifndef SEEDBED_REPORT_DATA_H
#define SEEDBED_REPORT_DATA_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "nodes/node.h"

/* A band of roles.csv; roles are those of metrics.h. */
typedef struct ReportRole {
    NodeId node;
    unsigned role;
    uint64_t term;
    SimTime start, end;
} ReportRole;

#define REPORT_ROLE_DOWN  4u
#define REPORT_ROLE_COUNT 6u

/* A row of faults.csv. */
typedef struct ReportFault {
    uint64_t line;
    char *kind, *whom;
    SimTime start, end;
} ReportFault;

typedef struct ReportData {
    JsonParser *parser;
    JsonObject *run; /* of run.json, borrowed from the parser */
    char *title;     /* of the scenario, or its name */
    unsigned node_count;
    SimTime end;
    GArray *roles;         /* ReportRole, by node and time as in the file */
    GArray *faults;        /* ReportFault */
    char *scenario, *plan; /* files as text; NULL: absent */
    char *crash;           /* how a node died; NULL: none did */
    char *events;          /* the last lines of a text trace; NULL: none */
    GPtrArray *pictures;   /* file names of SVG files; series first */
} ReportData;

/* Read @folder. NULL: one line in @error about what is missing or wrong. The
 * caller owns the result. */
ReportData *report_data_load(const char *folder, GError **error);
void report_data_free(ReportData *data);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportData, report_data_free)

/* "follower", "leader", "down", ... */
const char *report_role_name(unsigned role);
/* The role and term of @node at @at; NULL: nobody said. */
const ReportRole *report_role_at(const ReportData *data, NodeId node,
                                 SimTime at);

/* A member of @object when it is of that kind, else the fallback. */
const char *report_json_text(JsonObject *object, const char *name,
                             const char *fallback);
uint64_t report_json_count(JsonObject *object, const char *name);
JsonObject *report_json_object(JsonObject *object, const char *name);
JsonArray *report_json_array(JsonObject *object, const char *name);
/* Item @index as an object; NULL when it is none. */
JsonObject *report_json_item(JsonArray *array, unsigned index);

#endif
