# SPDX-License-Identifier: Apache-2.0
"""Waiting for what other processes do."""
import time


def until(condition, timeout=30, what=None, interval=0.05):
    """Returns the first true value of condition(); AssertionError after 'timeout' seconds,
    with 'what' (text, or a function that returns one) as reason."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            what = what() if callable(what) else what
            raise AssertionError('not within %s s: %s' % (timeout, what or condition))
        time.sleep(interval)
