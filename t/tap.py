# SPDX-License-Identifier: Apache-2.0
# tap.py: TAP for the drivers, as t/lib.sh has it for shell tests.
import sys

count = 0


def ok(good, name, why=''):
    global count
    count += 1
    print('%sok %d - %s' % ('' if good else 'not ', count, name))
    if not good:
        for line in str(why).splitlines()[:20]:
            print('# ' + line)
    sys.stdout.flush()


def same(got, want, name):
    ok(got == want, name, 'got %r, wanted %r' % (got, want))


def done():
    """The plan; last line."""
    print('1..%d' % count)
