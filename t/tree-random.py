# SPDX-License-Identifier: Apache-2.0
"""tree-random.py SEED STEPS DIR: make and change a tree, the same way each time.

Every file and link that it makes or changes gets a time of its own, so that
two runs leave trees that can be compared with their times.  With "show" in
place of SEED the tree is printed.
"""
import hashlib
import os
import random
import stat
import sys


def show(top):
    inodes = {}
    for where, dirs, files in os.walk(top):
        dirs.sort()
        for name in sorted(dirs + files):
            path = os.path.join(where, name)
            st = os.lstat(path)
            rel = os.path.relpath(path, top)
            what = ""
            if stat.S_ISLNK(st.st_mode):
                what = os.readlink(path)
            elif stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    what = hashlib.sha1(f.read()).hexdigest()
                what += " %d" % st.st_size
            first = rel
            if st.st_nlink > 1 and not stat.S_ISDIR(st.st_mode):
                first = inodes.setdefault(st.st_ino, rel)
            mtime = 0 if stat.S_ISDIR(st.st_mode) else st.st_mtime_ns
            print(rel, oct(st.st_mode), mtime, first, what)


class Tree:
    def __init__(self, seed, top):
        self.rng = random.Random(seed)
        self.top = top
        self.time = 10 ** 9 + seed * 10 ** 6

    def stamp(self, path):
        self.time += 1
        os.utime(path, ns=(self.time * 10 ** 9 + 5, self.time * 10 ** 9 + 7),
                 follow_symlinks=False)

    def all(self, want):
        found = []
        for where, dirs, files in os.walk(self.top):
            dirs.sort()
            for name in sorted(dirs if want == "d" else files):
                path = os.path.join(where, name)
                if want == "f" and not stat.S_ISREG(os.lstat(path).st_mode):
                    continue
                found.append(path)
        return found

    def some(self, want):
        found = self.all(want)
        return self.rng.choice(found) if found else self.top

    def place(self):
        where = self.rng.choice([self.top] + self.all("d"))
        return os.path.join(where, "n%d" % self.rng.randrange(12))

    def bytes(self):
        return bytes([self.rng.randrange(256)]) * self.rng.randrange(9000)

    def step(self):
        what = self.rng.randrange(13)
        to = self.place()
        if what < 3:
            how = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
            how |= os.O_TRUNC if what else os.O_APPEND
            fd = os.open(to, how, 0o644)
            os.write(fd, self.bytes())
            os.close(fd)
            self.stamp(to)
        elif what == 3:
            os.mkdir(to)
        elif what == 4:
            os.unlink(self.some("any"))
        elif what == 5:
            os.rename(self.some("any"), to)
        elif what == 6:
            os.rename(self.some("d"), to)
        elif what == 7:
            os.link(self.some("f"), to, follow_symlinks=False)
        elif what == 8:
            os.symlink("to%d" % self.rng.randrange(9), to)
            self.stamp(to)
        elif what == 9:
            path = self.some("f")
            os.chmod(path, self.rng.choice([0o600, 0o644, 0o755]))
        elif what == 10:
            path = self.some("f")
            os.truncate(path, self.rng.randrange(20000))
            self.stamp(path)
        elif what == 11:
            path = self.some("d")
            for where, dirs, files in os.walk(path, topdown=False):
                for name in files:
                    os.unlink(os.path.join(where, name))
                for name in dirs:
                    os.rmdir(os.path.join(where, name))
            if path != self.top:
                os.rmdir(path)
        else:
            path = self.some("d")
            os.chmod(path, self.rng.choice([0o700, 0o755, 0o711]))

    def run(self, steps):
        for _ in range(steps):
            try:
                self.step()
            except OSError:
                pass


if sys.argv[1] == "show":
    show(sys.argv[2])
else:
    Tree(int(sys.argv[1]), sys.argv[3]).run(int(sys.argv[2]))
