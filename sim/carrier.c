/* SPDX-License-Identifier: Apache-2.0 */
/* What both carriers say in the same words. */
#include "sim/carrier.h"

#include <stdio.h>
#include <string.h>

void
carrier_death_text(CarrierDeath *death)
{
    char *text = death->text;
    const size_t size = sizeof death->text;

    if (text[0] != '\0') {
        return;
    }
    if (death->hang) {
        g_strlcpy(text, "hangs: it did not answer within its time", size);
    } else if (death->signal != 0) {
        const char *name = sigabbrev_np(death->signal);

        if (name != NULL) {
            snprintf(text, size, "died of SIG%s", name);
        } else {
            snprintf(text, size, "died of signal %d", death->signal);
        }
    } else {
        snprintf(text, size, "ended with status %d", death->status);
    }
}
