#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Developers' programs: git, the compiler's parts, and what compilers of
# other languages and libcs make.
. "${SRCDIR:-.}/t/real.sh"

GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_PAGER=cat
GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com
GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.com
GIT_AUTHOR_DATE='1600000000 +0000' GIT_COMMITTER_DATE='1600000000 +0000'
GIT_OPTIONAL_LOCKS=0
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL GIT_PAGER GIT_AUTHOR_NAME \
	GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL \
	GIT_AUTHOR_DATE GIT_COMMITTER_DATE GIT_OPTIONAL_LOCKS
if command -v git >/dev/null; then
	git init -q -b main repo
	for i in 1 2 3 4 5 6 7 8; do
		head -n $((i * 10)) text >repo/file
		printf '%d\n' $i >repo/f$i
		git -C repo add .
		git -C repo commit -q -m "change $i"
	done
	git -C repo gc -q
	printf 'changed\n' >>repo/file
	printf 'new\n' >repo/untracked
fi
g()
{
	real "git $*" git -C repo "$@"
}
g log
g log --stat -p -3
g status
g status --short --branch
g diff
g show HEAD~2
g rev-list --count HEAD
g ls-files -s
g cat-file -p HEAD:f3
g blame -s f3
g grep -n line
g branch -a
g fsck
g log nothing-of-the-kind
real "git hash-object" git hash-object text
real_rw "git init" git init -q -b main --template= new

cat >hello.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int cmp(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int main(int argc, char **argv)
{
	int v[100];

	for (int i = 0; i < 100; i++)
		v[i] = (i * 7919) % 101;
	qsort(v, 100, sizeof(v[0]), cmp);
	printf("hello %d %d %s\n", v[0], v[99], argc > 1 ? argv[1] : "-");
	return argc > 1 ? (int)strlen(argv[1]) : 0;
}
EOF
cc1=$(gcc -print-prog-name=cc1 2>/dev/null)
collect=$(gcc -print-prog-name=ld 2>/dev/null)
libc=$(gcc -print-file-name=libc.a 2>/dev/null)
cp hello.c files/
gcc -E hello.c -o files/hello.i 2>/dev/null
gcc -S -O2 hello.c -o files/hello.s 2>/dev/null
gcc -c -O2 hello.c -o files/hello.o 2>/dev/null
printf '.globl _start\n_start: mov $60,%%eax\n xor %%edi,%%edi\n syscall\n' \
	>files/start.s
as -o files/start.o files/start.s 2>/dev/null
real "cc1 -O2 to stdout" "${cc1:-cc1}" -quiet -O2 hello.c -o -
real "cc1 reports an error" "${cc1:-cc1}" -quiet text -o -
real_rw "cc1 -E then -O2 -g" "${cc1:-cc1}" -quiet -fpreprocessed -O2 -g hello.i -o out.s
real_rw "as" as -o out.o hello.s
real_rw "ld" "${collect:-ld}" -o out start.o
real_rw "ld with libc" "${collect:-ld}" -static -o out start.o hello.o "$libc" \
	"$(gcc -print-libgcc-file-name)" "$(gcc -print-file-name=libgcc_eh.a)" "$libc"
real_rw "ar" ar cr out.a hello.o start.o
real "objdump" objdump -d files/hello.o
real "nm" nm files/hello.o
real "readelf" readelf -a files/hello.o
real_rw "strip" strip -o out hello.o
real_rw "gcc" gcc -O2 -o out hello.c
real "make -n" make -n -f /dev/null nothing

gcc -O2 hello.c -o hello-dyn 2>/dev/null &&
	real "glibc dynamic" ./hello-dyn abc
gcc -O2 -no-pie hello.c -o hello-nopie 2>/dev/null &&
	real "glibc no-pie" ./hello-nopie abcd
gcc -O2 -static hello.c -o hello-static 2>/dev/null &&
	real "glibc static" ./hello-static abc
gcc -O2 -static-pie hello.c -o hello-spie 2>/dev/null &&
	real "glibc static-pie" ./hello-spie abc
if command -v musl-gcc >/dev/null && musl-gcc -O2 -static hello.c -o hello-musl
then
	real "musl static" ./hello-musl abc
else
	skip "musl static" "musl-gcc is not installed"
fi
if command -v musl-gcc >/dev/null && musl-gcc -O2 hello.c -o hello-musld; then
	real "musl dynamic" ./hello-musld abc
else
	skip "musl dynamic" "musl-gcc is not installed"
fi

printf '#!/bin/cat\nthe script itself\n' >script
printf '#!/bin/sed -n 2p\nsecond line\nthird\n' >script-arg
printf '#! %s/script\n' "$PWD" >nested
printf '#!/nonexistent\n' >noscript
chmod +x script script-arg nested noscript
real "script" ./script
real "script with an argument" ./script-arg
real "script run by a script" ./nested

cat >hello.go <<'EOF'
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
)

func main() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			runtime.Gosched()
			mu.Lock()
			sum += i
			mu.Unlock()
		}(i)
	}
	wg.Wait()
	b, err := os.ReadFile("text")
	f := strings.Fields(string(b))
	sort.Strings(f)
	fmt.Println("hello", sum, len(f), f[0], err)
	os.Exit(5)
}
EOF
if command -v go >/dev/null &&
    GOCACHE=$tmp/gocache GO111MODULE=off CGO_ENABLED=0 \
    go build -o hello-go hello.go 2>"$tmp/go.err"; then
	real "Go" ./hello-go
else
	skip "Go" "go is not installed"
fi

# It reads the text of the program and its libraries, and runs a translation:
# there must be nothing of ours in what it reads.
cat >wrong.c <<'EOF'
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t got;

static void handler(int signo)
{
	got = signo;
}

static void *use(void *p)
{
	free(malloc(8));
	return p;
}

int main(void)
{
	int *volatile bad = malloc(8), status;
	pthread_t t[4];

	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, use, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	if (!fork())
		_exit(3);
	wait(&status);
	printf("%d %d\n", got, WEXITSTATUS(status));
	bad[2] = 1;
	free(bad);
	return 0;
}
EOF
real_sed='s/==[0-9]*==/==/;s/0x[0-9A-F]*/0x/g'
gcc -O0 -g -pthread -o wrong wrong.c &&
	real "valgrind" env -u TMPDIR valgrind -q --error-exitcode=9 ./wrong
real_sed=
done_testing
