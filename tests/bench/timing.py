# SPDX-License-Identifier: LGPL-2.1-or-later
# The median of several calls after one that does not count, in milliseconds.
import time


def median_ms(call, times):
    call()
    ms = []
    for _ in range(times):
        start = time.monotonic()
        call()
        ms.append(1e3 * (time.monotonic() - start))
    return sorted(ms)[times // 2]
