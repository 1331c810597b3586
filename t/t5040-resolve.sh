#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# t5040-resolve.sh: names, as the resolvers of many libraries ask for them: what
# is granted is found, cut answers are asked for again by TCP, and what leads
# to where nobody may go is told to nobody.
. "${SRCDIR:-.}/t/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"
cp "$SRCDIR/t/name-server.py" "$tmp/" || exit 99
cd "$tmp" || exit 99
mkfifo ports
python3 name-server.py log >ports 2>server.err &
server=$!
trap 'kill $server; rm -rf "$tmp"' EXIT
read -r port nobody <ports || exit 99

# inside COMMAND...: where names below sbx.test are granted
inside()
{
	timeout 60 "$SBX" -q --allow-net 'tcp://*.sbx.test:443' \
		--dns "127.0.0.1:$port" -- "$@" 2>>inside.err
}

# One line for each name: how many addresses it has, and the first of them.
cat >wanted <<'END_OF_WANTED'
both 3 10.255.7.1 10.255.7.2 2001:db8::1
four 1 10.255.7.4
six 1 2001:db8::6
chain 1 10.255.7.4
some 30 10.255.7.100 10.255.7.101 10.255.7.102
many 100 10.255.7.100 10.255.7.101 10.255.7.102
leads-to-loopback 0
mixed 0
translated 0
missing 0
fails 0
other.org 0
END_OF_WANTED
all="both.sbx.test four.sbx.test six.sbx.test chain.sbx.test some.sbx.test
	many.sbx.test leads-to-loopback.sbx.test mixed.sbx.test
	translated.sbx.test missing.sbx.test fails.sbx.test other.org"

# tidy: lines of a name and its addresses in any order, as in `wanted'.
tidy()
{
	awk '{ n = NF - 1; name = $1; sub(/[.]sbx[.]test$/, "", name)
		delete a
		for (i = 1; i <= n; i++) {
			a[i] = $(i + 1)
			sub(/:0:0:0:0:0:/, "::", a[i])
			for (j = i; j > 1 && a[j] < a[j - 1]; j--) {
				t = a[j]; a[j] = a[j - 1]; a[j - 1] = t
			}
		}
		printf "%s %d", name, n
		for (i = 1; i <= n && i <= 3; i++) printf " %s", a[i]
		print "" }'
}

# finds NAME COMMAND...
finds()
{
	finds_name=$1
	shift
	# They wait for six seconds at most; a loaded machine may take longer.
	for finds_try in 1 2 3; do
		# shellcheck disable=SC2086
		inside "$@" $all | tidy >got
		cmp -s wanted got && break
		echo "# $finds_name: try $finds_try"
	done
	if cmp -s wanted got; then
		ok "$finds_name"
	else
		not_ok "$finds_name"
		diff wanted got | sed 's/^/# /'
		note inside.err server.err
	fi
}

cat >find.c <<'END_OF_C'
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

int main(int n, char **v)
{
	for (int i = 1; i < n; i++) {
		struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *a;
		char text[64];

		printf("%s", v[i]);
		if (!getaddrinfo(v[i], "443", &hints, &a))
			for (; a; a = a->ai_next)
				if (!getnameinfo(a->ai_addr, a->ai_addrlen,
						 text, sizeof(text), NULL, 0,
						 NI_NUMERICHOST))
					printf(" %s", text);
		printf("\n");
	}
	return 0;
}
END_OF_C
if $CC -o find find.c 2>/dev/null; then
	finds "glibc" ./find
	is "glibc asks again for what was lost" \
		"$(inside ./find lossy-glibc.sbx.test | tidy)" \
		"lossy-glibc 1 10.255.7.5"
else
	skip "glibc" "no compiler"
fi
# It takes a failure for silence, and waits, and has no TCP before 1.2.4.
few="both.sbx.test four.sbx.test six.sbx.test chain.sbx.test missing.sbx.test
	lossy-musl.sbx.test other.org"
if musl-gcc -static -o find-musl find.c 2>/dev/null; then
	# shellcheck disable=SC2086
	is "musl" "$(inside ./find-musl $few | tidy)" \
		"$(grep -E '^(both|four|six|chain|missing) ' wanted)
lossy-musl 1 10.255.7.5
other.org 0"
else
	skip "musl" "no musl-gcc"
fi
finds "python" python3 -c '
import socket, sys
for n in sys.argv[1:]:
    try: r = socket.getaddrinfo(n, 443, type=socket.SOCK_STREAM)
    except socket.gaierror: r = []
    print(n, *[a[4][0] for a in r])'
cat >find.js <<'END_OF_JS'
const dns = require('dns').promises;
(async () => {
	for (const n of process.argv.slice(2)) {
		const all = [n];
		for (const f of ['resolve4', 'resolve6'])
			all.push(...await dns[f](n).catch(e => []));
		console.log(all.join(' '));
	}
})();
END_OF_JS
if command -v node >/dev/null; then
	finds "c-ares, in node" node find.js
else
	skip "c-ares, in node" "no node"
fi
cat >find.go <<'END_OF_GO'
package main

import (
	"fmt"
	"net"
	"os"
	"strings"
)

func main() {
	for _, n := range os.Args[1:] {
		r, _ := net.LookupHost(n)
		fmt.Println(n, strings.Join(r, " "))
	}
}
END_OF_GO
if HOME=$tmp GOCACHE=$BUILDDIR/t/gocache GO111MODULE=off CGO_ENABLED=0 \
	nice go build -o find-go find.go 2>go.err; then
	finds "Go" ./find-go
else
	skip "Go" "no Go that builds"
fi
cat >Find.java <<'END_OF_JAVA'
import java.net.InetAddress;

class Find {
	public static void main(String[] names) {
		for (String n : names) {
			System.out.print(n);
			try {
				for (InetAddress a : InetAddress.getAllByName(n))
					System.out.print(" " + a.getHostAddress());
			} catch (java.io.IOException e) {
			}
			System.out.println();
		}
	}
}
END_OF_JAVA
if command -v java >/dev/null && nice javac Find.java 2>java.err; then
	finds "Java" java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC Find
else
	skip "Java" "no JDK"
fi
if command -v getent >/dev/null; then
	is "getent ahosts" "$(inside getent ahosts both.sbx.test |
		awk '$2 == "STREAM" { print $1 }' | sort)" \
		"10.255.7.1
10.255.7.2
2001:db8::1"
fi

# digs NAME WANTED ARGUMENTS...
digs()
{
	digs_name=$1
	digs_wanted=$2
	shift 2
	is "dig: $digs_name" "$(inside dig +tries=2 +time=20 "$@")" \
		"$digs_wanted"
}
status()
{
	inside dig +tries=2 +time=20 "$@" |
		sed -n 's/.*status: \([A-Z]*\),.*/\1/p'
}
if command -v dig >/dev/null; then
	digs "by UDP" 10.255.7.4 +short four.sbx.test
	digs "by TCP" 10.255.7.4 +short +tcp four.sbx.test
	digs "two questions on one connection" "10.255.7.4
2001:db8::6" +short +tcp +keepopen four.sbx.test six.sbx.test AAAA
	digs "aliases" "middle.sbx.test.
four.sbx.test.
10.255.7.4" +short chain.sbx.test
	is "dig: 512 bytes without EDNS" "$(inside dig +noedns +ignore \
		some.sbx.test | grep -c 'flags: qr tc')" 1
	is "dig: then by TCP" \
		"$(inside dig +noedns +short some.sbx.test | wc -l)" 30
	is "dig: 1232 with it" \
		"$(inside dig +ignore +short some.sbx.test | wc -l)" 30
	is "dig: large, by TCP" "$(inside dig +bufsize=4096 +short \
		many.sbx.test | wc -l)" 100
	is "dig: no such name" "$(status missing.sbx.test)" NXDOMAIN
	is "dig: no such record" "$(status four.sbx.test MX)" NOERROR
	is "dig: a server that fails" "$(status fails.sbx.test)" SERVFAIL
	is "dig: what is not granted" "$(status other.org)" NXDOMAIN
	is "dig: what is below nothing" "$(status sbx.test)" NXDOMAIN
	is "dig: odd names" "$(status 'a+b.sbx.test')" NXDOMAIN
	is "dig: the root" "$(status . NS)" NXDOMAIN
	is "dig: an address" "$(status -x 10.255.7.4)" NXDOMAIN
	is "dig: a loopback" "$(status loopback.sbx.test)" SERVFAIL
	is "dig: a special address among others" "$(status mixed.sbx.test)" \
		SERVFAIL
	is "dig: another kind of message" "$(status +opcode=status \
		four.sbx.test)" NOTIMP
else
	skip "dig" "not installed"
fi
is "no server heard of other names" \
	"$(grep -v '\.sbx\.test$' log; grep 'a+b' log)" ""
is "cut answers were asked for again" \
	"$(grep -c 'tcp A many.sbx.test' log | sed 's/^[1-9].*/some/')" some

# A name that stands for another place each time it is asked for.
is "what was told may be connected to, and nothing else" "$(inside python3 -c '
import errno, socket
def look():
    try: return socket.getaddrinfo("turns.sbx.test", 443, socket.AF_INET,
                                   socket.SOCK_STREAM)[0][4][0]
    except socket.gaierror: return None
def refused(ip, port=443):
    s = socket.socket(); s.setblocking(False)
    return errno.errorcode.get(s.connect_ex((ip, port))) == "EACCES"
print(refused("10.255.7.21"), look(), look(), look())
print(refused("10.255.7.21"), refused("10.255.7.22"), refused("10.255.7.23"),
      refused("10.255.7.21", 80), refused("10.255.7.9"))
s = socket.socket()
print(errno.errorcode[s.connect_ex(("127.0.0.1", 443))])')" \
	"True 10.255.7.21 10.255.7.22 None
False False True True True
ECONNREFUSED"

# Servers that are none.
is "the next server is asked" "$(timeout 60 "$SBX" -q \
	--allow-net '*.sbx.test' --dns "127.0.0.1:$nobody" \
	--dns "127.0.0.1:$port" -- python3 -c '
import socket
print(socket.getaddrinfo("both.sbx.test", 1, type=1)[0][0] != 0)')" True
run_code "no server at all is no wait" 2 timeout 60 "$SBX" -q \
	--allow-net '*.sbx.test' --dns "127.0.0.1:$nobody" -- \
	getent ahosts both.sbx.test
if command -v dig >/dev/null; then
	is "nor by TCP" "$(timeout 60 "$SBX" -q --allow-net '*.sbx.test' \
		--dns "127.0.0.1:$nobody" -- dig +tcp +tries=1 +time=50 \
		both.sbx.test | grep -o SERVFAIL)" SERVFAIL
fi
is "--net host with a server of its own" "$(timeout 60 "$SBX" -q --net host \
	--dns "127.0.0.1:$port" -- python3 -c '
import socket
print(socket.gethostbyname("loopback.sbx.test"))')" 127.0.0.1

done_testing
