#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs linked in every way there is.
. "${SRCDIR:-.}/t/lib.sh"
cd "$tmp" || exit 99

cat >p.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

static char zeroes[BSS], data[5000] = "data";
static __thread int per_thread = 7;
static const char text[] = "read-only";
static int before;

__attribute__((constructor)) static void start(void) { before = 1; }

static int call(int (*fn)(int)) { return fn(2); }

int main(int argc, char **argv)
{
	volatile int base = 40;
	long sum = 0;
	char *heap = malloc(300000);

#ifdef TRAMPOLINE
	/* Its address taken, it wants an executable stack. */
	int nested(int n) { return base + n; }
	base = call(nested);
#else
	base += 2;
	(void)call;
#endif
	for (size_t i = 0; i < sizeof(zeroes); i += 512)
		sum += zeroes[i];
	memset(heap, 1, 300000);
	zeroes[sizeof(zeroes) - 1] = 1;
	printf("%d %s %s %d %ld %d %d %s %s\n", base, data, text, per_thread,
	       sum, before, argc, argv[1], getenv("KIND"));
	printf("%d\n", (int)getauxval(AT_PHNUM) > 3);
	return base;
}
END

# kind NAME FLAGS...: build the program so, run it natively and in sbx.
kind()
{
	name=$1
	shift
	if $CC -O1 -DBSS=70000 -w -o prog p.c "$@" >cc.err 2>&1; then
		KIND=$name same "$name" ./prog arg
	else
		skip "$name" "cannot be built here"
	fi
}

export KIND
kind "static" -static
kind "static-pie" -static-pie
kind "PIE" -fPIE -pie
kind "not PIE" -no-pie
kind "executable stack" -DTRAMPOLINE -z execstack
kind "executable stack, static" -static -DTRAMPOLINE -z execstack
kind "2 MiB pages" -fPIE -pie -Wl,-z,max-page-size=0x200000
kind "2 MiB pages, static-pie" -static-pie -Wl,-z,max-page-size=0x200000
kind "2 MiB pages, static" -static -Wl,-z,max-page-size=0x200000
kind "64 KiB pages" -no-pie -Wl,-z,max-page-size=0x10000
kind "16 MiB alignment" -fPIE -pie -Wl,-z,max-page-size=0x1000000
kind "no separate code" -fPIE -pie -Wl,-z,noseparate-code
kind "no relro" -no-pie -Wl,-z,norelro
kind "bound at once" -fPIE -pie -Wl,-z,now
kind "at 64 KiB" -static -Wl,-Ttext-segment=0x10000
kind "256 MiB of zeroes" -UBSS -DBSS=0x10000000 -mcmodel=medium -no-pie
kind "no hash table of GNU" -fPIE -pie -Wl,--hash-style=sysv
if command -v musl-gcc >/dev/null 2>&1; then
	save=$CC
	CC=musl-gcc
	kind "musl, static" -static
	kind "musl, static-pie" -static-pie
	CC=$save
else
	skip "musl" "no musl-gcc"
fi
if command -v clang >/dev/null 2>&1; then
	save=$CC
	CC=clang
	kind "clang" -fPIE -pie
	CC=$save
fi
if command -v go >/dev/null 2>&1; then
	cat >hello.go <<'END'
package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

func main() {
	var wg sync.WaitGroup
	sum := make(chan int, 100)
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(n int) {
			b := make([]byte, 100000)
			b[n] = byte(n)
			time.Sleep(time.Millisecond)
			sum <- int(b[n])
			wg.Done()
		}(i)
	}
	wg.Wait()
	close(sum)
	total := 0
	for n := range sum {
		total += n
	}
	fmt.Println("go", total, len(os.Args))
}
END
	if HOME=$tmp GOCACHE=$tmp/cache GOFLAGS=-mod=mod \
	    nice go build -o hello hello.go >go.err 2>&1; then
		same "Go" ./hello arg
	else
		skip "Go" "cannot be built here"
	fi
else
	skip "Go" "no go"
fi
done_testing
