# SPDX-License-Identifier: Apache-2.0
# fuse-errors-client.py DIRECTORY: try in it all that changes something, and
# print with which error each fails.
import errno
import mmap
import os
import sys


def tell(what, fn):
    try:
        r = fn()
        print(what, "gives", r if isinstance(r, (int, str)) else "success")
    except OSError as e:
        print(what, errno.errorcode.get(e.errno, e.errno))


def with_file(fn, name="f", flags=os.O_RDWR):
    def run():
        fd = os.open(name, flags)
        try:
            return fn(fd)
        finally:
            os.close(fd)
    return run


def through_map(fd):
    m = mmap.mmap(fd, 8192)
    try:
        m[100] = 1
        m.flush()
    finally:
        try:
            m.close()
        except OSError:
            pass


def late(fd):
    os.write(fd, b"x" * 5000)
    os.fsync(fd)


def late_data(fd):
    os.write(fd, b"x")
    os.fdatasync(fd)


def main():
    os.chdir(sys.argv[1])
    print(os.path.basename(os.getcwd()), sorted(os.listdir(".")))
    tell("read", with_file(lambda fd: len(os.read(fd, 99)), flags=os.O_RDONLY))
    tell("open to write", with_file(lambda fd: None))
    tell("open to append", with_file(lambda fd: os.write(fd, b"x"),
                                     flags=os.O_WRONLY | os.O_APPEND))
    tell("open and truncate", with_file(lambda fd: None,
                                        flags=os.O_WRONLY | os.O_TRUNC))
    tell("write", with_file(lambda fd: os.write(fd, b"x" * 5000)))
    tell("pwrite", with_file(lambda fd: os.pwrite(fd, b"x", 4096)))
    tell("writev", with_file(lambda fd: os.writev(fd, [b"x", b"yy"])))
    tell("map", with_file(through_map, "late"))
    tell("ftruncate", with_file(lambda fd: os.ftruncate(fd, 10)))
    tell("truncate", lambda: os.truncate("f", 10))
    tell("fallocate", with_file(lambda fd: os.posix_fallocate(fd, 0, 9999)))
    tell("fsync of what was taken", with_file(late, "late"))
    tell("fdatasync of it", with_file(late_data, "late"))
    tell("fsync of a directory", with_file(os.fsync, ".", os.O_RDONLY))
    tell("create", with_file(lambda fd: None, "new", os.O_RDWR | os.O_CREAT))
    tell("mkdir", lambda: os.mkdir("new"))
    tell("mknod of a fifo", lambda: os.mkfifo("new"))
    tell("symlink", lambda: os.symlink("x", "new"))
    tell("link", lambda: os.link("f", "new"))
    tell("rename", lambda: os.rename("f", "new"))
    tell("rename over", lambda: os.rename("f", "late"))
    tell("rename of a directory", lambda: os.rename("d", "new"))
    tell("unlink", lambda: os.unlink("f"))
    tell("rmdir", lambda: os.rmdir("d"))
    tell("chmod", lambda: os.chmod("f", 0o600))
    tell("chmod of a directory", lambda: os.chmod("d", 0o700))
    tell("utimens", lambda: os.utime("f", (1, 1)))
    tell("setxattr", lambda: os.setxattr("f", "user.x", b"x"))


main()
