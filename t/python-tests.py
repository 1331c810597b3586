# SPDX-License-Identifier: Apache-2.0
# python-tests.py MODULE EXCEPT: run one of Python's own test modules, but for
# the tests that the file EXCEPT lists, and print what became of each test.  The
# list comes last, so that nothing mixes with it.
import importlib
import os
import shutil
import sys
import tempfile
import unittest

from test import support

RESOURCES = ["subprocess", "cpu", "tzdata"]


class Result(unittest.TextTestResult):
    """Remembers the outcome of each test by its name."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.became = {}

    def note(self, test, what):
        name = test.id()
        # A test of several parts is as good as its worst.
        order = ["ok", "skip", "fail"]
        old = self.became.get(name, "ok")
        self.became[name] = max(old, what, key=order.index)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "ok")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skip")

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "fail")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "fail")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, "fail")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.note(test, "ok")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "fail")


def without(suite, names):
    """The tests of a suite, but for some."""
    kept = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            kept.addTest(without(test, names))
        elif test.id() not in names:
            kept.addTest(test)
    return kept


def main():
    name = sys.argv[1]
    with open(sys.argv[2]) as f:
        names = {line.split("\t")[0] for line in f}
    support.verbose = 1
    support.use_resources = list(RESOURCES)
    if name == "test_socketserver":
        # By network it means the loopback.
        support.use_resources.append("network")
    home = tempfile.mkdtemp(prefix="sbx-")
    os.chdir(home)
    module = importlib.import_module("test." + name)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    suite = without(suite, names)
    runner = unittest.TextTestRunner(resultclass=Result, verbosity=2,
                                     stream=sys.stdout)
    result = runner.run(suite)
    sys.stdout.flush()
    os.chdir("/")
    shutil.rmtree(home, ignore_errors=True)
    for test, what in sorted(result.became.items()):
        print("@", what, test)
    print("@ end")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
