# SPDX-License-Identifier: Apache-2.0
"""tree.py: make a tree of all kinds of files, or tell all of one.

usage: tree.py make DIR [root]     with owners, where the user is root
       tree.py sum DIR...          a line of digest each
       tree.py show DIR            what is digested
"""
import hashlib
import os
import stat
import sys


def make(top, root):
    os.umask(0o022)
    os.makedirs(top + '/d/e/f')
    os.chdir(top)
    for i in range(40):
        name = 'd/file %d' % i
        with open(name, 'wb') as f:
            f.write(b'%d\n' % i * i * 50)
        os.chmod(name, (0o644, 0o600, 0o755, 0o4711, 0o2755)[i % 5])
    with open('holes', 'wb') as f:
        for at in (0, 1 << 20, 3 << 20, (5 << 20) + 4096):
            f.seek(at)
            # No zeroes: those could become a hole.
            f.write(bytes([1 + at % 251]) * 8192)
        f.truncate(8 << 20)
    with open('all hole', 'wb') as f:
        f.truncate(1 << 20)
    os.link('holes', 'd/e/linked')
    os.link('d/file 3', 'd/e/f/three')
    os.symlink('d/file 3', 'link')
    os.symlink('/nowhere/at all', 'd/dangling')
    os.mkfifo('fifo', 0o640)
    os.mkdir('empty', 0o700)
    os.chmod('d/e', 0o1777)
    os.chmod('d/e/f', 0o2755)
    os.setxattr('holes', 'user.one', b'value')
    os.setxattr('d/file 1', 'user.long', b'x' * 3000)
    os.setxattr('d/e', 'user.of.dir', b'')
    if root:
        for i in range(40):
            os.chown('d/file %d' % i, 1000 + i, 2000 + i)
            os.chmod('d/file %d' % i, (0o644, 0o4711, 0o2755)[i % 3])
        os.chown('empty', 5, 6)
        os.chown('link', 7, 8, follow_symlinks=False)
        os.chown('fifo', 9, 10)
    n = 0
    for path, dirs, files in os.walk('.', topdown=False):
        for name in sorted(files + dirs) + ['.']:
            n += 1
            ns = (1000000000 + n) * 10**9 + n * 1000003
            os.utime(os.path.join(path, name), ns=(ns, ns),
                     follow_symlinks=False)


def segments(fd, size):
    found, at = [], 0
    while at < size:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:
            break
        end = os.lseek(fd, at, os.SEEK_HOLE)
        found.append((at, end))
        at = end
    return found


def entry(path, links):
    st = os.lstat(path)
    what = [oct(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns]
    if st.st_nlink > 1 and not stat.S_ISDIR(st.st_mode):
        what.append(links.setdefault((st.st_dev, st.st_ino), path))
    if stat.S_ISLNK(st.st_mode):
        what.append(os.readlink(path))
    else:
        for name in sorted(os.listxattr(path)):
            if name.startswith('user.'):
                what.append((name, os.getxattr(path, name)))
    if stat.S_ISREG(st.st_mode):
        with open(path, 'rb') as f:
            what.append(hashlib.sha256(f.read()).hexdigest())
            what.append(segments(f.fileno(), st.st_size))
    return what


def told(top):
    links = {}
    here = os.getcwd()
    os.chdir(top)
    lines = []
    names = ['.']
    for path, dirs, files in os.walk('.'):
        names += [os.path.join(path, n) for n in dirs + files]
    for name in sorted(names):
        lines.append('%s %s' % (name, entry(name, links)))
    os.chdir(here)
    return lines


if sys.argv[1] == 'make':
    make(sys.argv[2], len(sys.argv) > 3)
elif sys.argv[1] == 'show':
    print('\n'.join(told(sys.argv[2])))
else:
    for d in sys.argv[2:]:
        print(hashlib.sha256('\n'.join(told(d)).encode()).hexdigest())
