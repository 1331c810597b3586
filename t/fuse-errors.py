# SPDX-License-Identifier: Apache-2.0
# fuse-errors.py DIRECTORY: mount there a file system whose directories are
# named by errors, EIO and the like: all that would change something in one of
# them fails with that error.  Its file "late" takes what is written, and fails
# when that is to be kept.  Exits with 77 where the host lets nobody mount.
#
# The protocol is that of <linux/fuse.h>, spoken over /dev/fuse.
import ctypes
import errno
import os
import stat
import struct
import sys

NAMES = ["EIO", "EDQUOT", "ENOSPC", "EROFS"]
FILE, LATE, SUB = 100, 200, 300
LOOKUP, FORGET, GETATTR, OPEN, READ, WRITE, STATFS = 1, 2, 3, 14, 15, 16, 17
RELEASE, FSYNC, GETXATTR, LISTXATTR, FLUSH, INIT = 18, 20, 22, 23, 25, 26
OPENDIR, READDIR, RELEASEDIR, FSYNCDIR, ACCESS = 27, 28, 29, 30, 34
BATCH_FORGET = 42
# Of these the host asks nothing more when they are not there: poll, ioctl,
# lseek, copy_file_range, syncfs, an unnamed file, statx.
UNKNOWN = (39, 40, 46, 47, 50, 51, 52)


def attr(node):
    if node == 1 or node < FILE or node >= SUB:
        mode, size, nlink = stat.S_IFDIR | 0o777, 4096, 2
    else:
        mode, size, nlink = stat.S_IFREG | 0o666, 8192, 1
    times = (0,) * 6
    return struct.pack("<6Q10I", node, size, size // 512, *times[:3],
                       *times[3:], mode, nlink, os.getuid(), os.getgid(), 0,
                       4096, 0)


def child(node, name):
    if node == 1:
        return 2 + NAMES.index(name) if name in NAMES else 0
    if 2 <= node < 2 + len(NAMES):
        return {"f": FILE, "late": LATE, "d": SUB}.get(name, 2 - node) + \
            node - 2
    return 0


def error_of(node):
    if node == 1:
        return errno.EPERM
    return getattr(errno, NAMES[(node if node < FILE else node % 100 + 2) - 2])


def listing(node):
    names = NAMES if node == 1 else ["f", "late", "d"] if node < FILE else []
    out = b""
    for k, name in enumerate(names):
        kind = attr(child(node, name))[60 + 1] >> 4
        rec = struct.pack("<QQII", child(node, name), k + 1, len(name), kind)
        rec += name.encode()
        out += rec + b"\0" * (-len(rec) % 8)
    return out


def answer(op, node, body):
    """The reply's bytes, or a number: its error."""
    if op == LOOKUP:
        found = child(node, body[:-1].decode())
        if not found:
            return errno.ENOENT
        return struct.pack("<QQQQII", found, 0, 0, 0, 0, 0) + attr(found)
    if op == GETATTR:
        return struct.pack("<QII", 0, 0, 0) + attr(node)
    if op == OPEN and struct.unpack_from("<I", body)[0] & os.O_ACCMODE and \
            error_of(node) == errno.EROFS:
        return errno.EROFS
    if op in (OPEN, OPENDIR):
        return struct.pack("<QII", 0, 0, 0)
    if op == READ and error_of(node) == errno.EIO and node < LATE:
        return errno.EIO
    if op in (READ, READDIR):
        _, offset, size = struct.unpack_from("<QQI", body)
        if op == READDIR:
            return b"" if offset else listing(node)
        return b"d" * min(size, max(0, 8192 - offset))
    if op == WRITE and LATE <= node < SUB:
        return struct.pack("<II", struct.unpack_from("<QQI", body)[2], 0)
    if op == STATFS:
        return struct.pack("<5Q4I24x", 1000, 500, 500, 100, 50, 4096, 255,
                           4096, 0)
    if op in (GETXATTR, LISTXATTR):
        return errno.EOPNOTSUPP
    if op in UNKNOWN:
        return errno.ENOSYS
    if op in (RELEASE, RELEASEDIR, FLUSH, ACCESS):
        return b""
    return error_of(node)


def serve(fd):
    while True:
        try:
            request = os.read(fd, 1 << 20)
        except OSError as e:
            if e.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                continue
            return
        _, op, unique, node = struct.unpack_from("<IIQQ", request)
        if op in (FORGET, BATCH_FORGET):
            continue
        if op == INIT:
            reply = struct.pack("<4IHHII2xx", 7, 31, 65536, 0, 12, 9, 65536, 1)
            reply += b"\0" * (64 - len(reply))
        else:
            reply = answer(op, node, request[40:])
        if isinstance(reply, int):
            error, reply = -reply, b""
        else:
            error = 0
        head = struct.pack("<IiQ", 16 + len(reply), error, unique)
        try:
            os.write(fd, head + reply)
        except OSError as e:
            # Who asked has been interrupted.
            if e.errno != errno.ENOENT:
                raise


def main():
    try:
        fd = os.open("/dev/fuse", os.O_RDWR)
    except OSError:
        sys.exit(77)
    libc = ctypes.CDLL(None, use_errno=True)
    options = "fd=%d,rootmode=40000,user_id=%d,group_id=%d" % (
        fd, os.getuid(), os.getgid())
    if libc.mount(b"none", sys.argv[1].encode(), b"fuse", 0,
                  options.encode()) < 0:
        sys.exit(77)
    if os.fork():
        os._exit(0)
    null = os.open("/dev/null", os.O_RDWR)
    for k in range(3):
        os.dup2(null, k)
    serve(fd)


if __name__ == "__main__":
    main()
