#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""drive-tty.py: run a program on a terminal and type at it.

usage: drive-tty.py SCRIPT PROGRAM [ARG...]

SCRIPT has a line a step: `expect TEXT' waits for it in the output, `prompt' for a
shell's prompt, `type
TEXT' types (with Python's escapes), `size ROWS COLS' changes the size, `pause
SECONDS' waits, `stopped' waits until the program has stopped, `cont'
continues it, `kill NAME' sends it a signal, `end' waits until it has ended.  What the program wrote is
printed, with the exit status or the signal.  A step that takes longer than
ten seconds is told, and that was all.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

LIMIT = 10.0


class Failed(Exception):
    pass


class Terminal:
    def __init__(self, argv):
        self.out = b""
        self.seen = 0
        self.status = None
        self.pid, self.fd = pty.fork()
        if not self.pid:
            # A job of a shell: its parent keeps the session.
            shell(argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("4H", 24, 80, 0, 0))

    def job(self):
        """Number of the program, which is the shell's one child."""
        with open("/proc/%d/task/%d/children" % (self.pid, self.pid),
                  encoding="ascii") as f:
            return int(f.read().split()[0])

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return None
        self.out += data
        return True

    def expect(self, text):
        limit = time.time() + LIMIT
        while True:
            at = self.out.find(text, self.seen)
            if at >= 0:
                self.seen = at + len(text)
                return
            if time.time() > limit or self.read(0.1) is None:
                raise Failed("expected %r, got %r" %
                             (text, self.out[self.seen:]))

    def step(self, line):
        word, _, rest = line.partition(" ")
        data = rest.encode().decode("unicode_escape").encode("latin-1")
        if word == "expect":
            self.expect(data)
        elif word == "prompt":
            self.expect(b"# " if os.geteuid() == 0 else b"$ ")
        elif word == "type":
            time.sleep(0.1)
            os.write(self.fd, data)
        elif word == "size":
            rows, cols = map(int, rest.split())
            fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                        struct.pack("4H", rows, cols, 0, 0))
        elif word == "pause":
            time.sleep(float(rest))
        elif word == "stopped":
            self.expect(b"[stopped ")
        elif word == "kill":
            os.kill(self.job(), getattr(signal, "SIG" + rest))
        elif word == "cont":
            os.kill(self.pid, signal.SIGUSR1)
        elif word == "hangup":
            os.close(self.fd)
            self.fd = -1
        elif word == "end":
            self.expect(b"[end ")
            self.expect(b"]")
        else:
            raise Failed("what is " + word)


def shell(argv):
    """Run argv as a shell runs a job; SIGUSR1 continues it."""
    tty = os.open("/dev/tty", os.O_RDWR)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if not job:
        os.setpgid(0, 0)
        os.tcsetpgrp(tty, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.close(tty)
        os.execvp(argv[0], argv)
    try:
        os.setpgid(job, job)
    except OSError:
        pass

    def resume(_sig, _frame):
        os.tcsetpgrp(tty, job)
        os.kill(-job, signal.SIGCONT)

    signal.signal(signal.SIGUSR1, resume)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        os.tcsetpgrp(tty, os.getpgrp())
        os.write(tty, b"[stopped %d]\n" % os.WSTOPSIG(status))
    os.tcsetpgrp(tty, os.getpgrp())
    if os.WIFSIGNALED(status):
        os.write(tty, b"[end signal %d]\n" % os.WTERMSIG(status))
    else:
        os.write(tty, b"[end %d]\n" % os.WEXITSTATUS(status))
    os._exit(0)


def main():
    with open(sys.argv[1], encoding="ascii") as f:
        steps = [s.strip("\n") for s in f if s.strip()]
    term = Terminal(sys.argv[2:])
    failed = None
    for line in steps:
        try:
            term.step(line)
        except Failed as e:
            failed = "%s: %s" % (line, e)
            break
    out = re.sub(rb"(\[\d+\]) \d+", rb"\1 PID", term.out)
    sys.stdout.write(out.decode("latin-1").replace("\r\n", "\n"))
    print()
    if failed:
        print("FAILED", failed)
        os.kill(term.pid, signal.SIGKILL)
    return 1 if failed else 0


sys.exit(main())
