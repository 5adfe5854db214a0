/* SPDX-License-Identifier: Apache-2.0 */
/* ask_sqlite DATABASE QUERY: prints the rows, columns separated by "|", as the
 * shell of SQLite does, which need not be installed. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    int status;

    if (argc != 3 ||
        sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READONLY, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v2(database, argv[2], -1, &statement, NULL) !=
            SQLITE_OK) {
        fprintf(stderr, "ask_sqlite: %s\n",
                database != NULL ? sqlite3_errmsg(database) : "no query");
        return EXIT_FAILURE;
    }
    sqlite3_busy_timeout(database, 10000);
    while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *text = (const char *)sqlite3_column_text(statement, i);

            printf("%s%s", i > 0 ? "|" : "", text != NULL ? text : "");
        }
        putchar('\n');
    }
    if (status != SQLITE_DONE) {
        fprintf(stderr, "ask_sqlite: %s\n", sqlite3_errmsg(database));
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return status == SQLITE_DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
