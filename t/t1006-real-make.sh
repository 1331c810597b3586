#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds: make -j2 of many small files, compilers driving their parts, and
# git making and packing repositories.
. "${SRCDIR:-.}/t/real.sh"
not_quick

# A program of 50 files, each with a header of its own and one for all.
mkdir files/prog
(
	cd files/prog || exit
	cat >all.h <<-'EOF'
	#include <stdio.h>
	#include <stdlib.h>
	#include <string.h>
	struct item { struct item *next; int key; char name[16]; };
	EOF
	i=0
	while [ $i -lt 50 ]; do
		printf 'int work_%d(int n);\n' $i >m$i.h
		cat >m$i.c <<-EOF
		#include "all.h"
		#include "m$i.h"
		#include "m$(((i + 1) % 50)).h"
		static int helper(struct item *it) { return it->key * $i; }
		int work_$i(int n)
		{
			struct item *it = malloc(sizeof(*it));
			int r;
			it->key = n;
			snprintf(it->name, sizeof(it->name), "m%d", n);
			r = helper(it) + (int)strlen(it->name);
			free(it);
			return n > 0 ? r + work_$(((i + 1) % 50))(n - 1) : r;
		}
		EOF
		i=$((i + 1))
	done
	printf '#include "all.h"\n#include "m0.h"\nint main(void) { printf("%%d\\n", work_0(200)); return 3; }\n' >main.c
	cat >Makefile <<-'EOF'
	CFLAGS = -O1 -g0
	objs = $(patsubst %.c,%.o,$(wildcard *.c))
	prog: $(objs)
		@$(CC) -o $@ $(sort $(objs))
	%.o: %.c all.h
		@$(CC) $(CFLAGS) -c -o $@ $<
	clean:
		rm -f prog *.o
	.PHONY: clean
	EOF
)
real_rw "make -j2 of 50 files" sh -c 'cd prog && make -j2 && ./prog'
real_rw "make: an error stops it" sh -c '
cd prog && rm m1*.c && echo "int broken(" >m7.c && make -s main.o && make -j2 -k 2>/dev/null; echo $?; make clean'
real_rw "make: sub-makes with a job server" sh -c '
mkdir -p s/a s/b s/c
for d in a b c; do
	printf "all: 1 2 3 4\n%%:\n\t@sleep 0.01; echo $d-\$@ >\$@\n" >s/$d/Makefile
done
printf "all: a b c\na b c:\n\t@\$(MAKE) --no-print-directory -C \$@\n.PHONY: all a b c\n" >s/Makefile
make -s -j3 -C s; cat s/*/[1-4]; make -s -j2 -C s a; make -C s nothing 2>&1 | sed "s/.*\*\*\*/***/"; echo end'

cat >files/big.cc <<'EOF'
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
template <int N> struct fib { enum { v = fib<N - 1>::v + fib<N - 2>::v }; };
template <> struct fib<1> { enum { v = 1 }; };
template <> struct fib<0> { enum { v = 0 }; };
int main()
{
	std::map<std::string, std::vector<int>> m;
	for (int i = 0; i < 100; i++)
		m["k" + std::to_string(i % 7)].push_back(i);
	std::vector<std::thread> t;
	std::vector<long> sums(4);
	for (int i = 0; i < 4; i++)
		t.emplace_back([&, i] { for (int j = 0; j < 1000; j++) sums[i] += j; });
	for (auto &x : t)
		x.join();
	try {
		throw std::runtime_error("thrown");
	} catch (const std::exception &e) {
		std::cout << e.what() << ' ' << m["k3"].size() << ' '
			  << sums[3] << ' ' << fib<30>::v << '\n';
	}
	std::cout << std::regex_replace(std::string("a1b22"), std::regex("[0-9]+"), "#") << '\n';
	auto p = std::make_unique<int>(5);
	return *p;
}
EOF
cat >files/main.c <<'EOF'
#include <math.h>
#include <pthread.h>
#include <stdio.h>
static void *run(void *arg) { *(double *)arg = sqrt(*(double *)arg); return arg; }
int main(void)
{
	double d = 2;
	pthread_t t;
	pthread_create(&t, NULL, run, &d);
	pthread_join(t, NULL);
	printf("%.6f\n", d);
	return 0;
}
EOF
real_rw "g++ -O1" sh -c 'g++ -O1 -o big big.cc && ./big'
real_rw "clang" sh -c 'command -v clang >/dev/null || exit 0; clang -O2 -o main main.c -lm -pthread && ./main'
real_rw "clang++" sh -c 'command -v clang++ >/dev/null || exit 0; clang++ -c -o big.o big.cc && clang++ -o big big.o && ./big'
real_rw "gcc -flto, a shared library, ar" sh -c '
gcc -O2 -flto -o lto main.c -lm && ./lto
gcc -shared -fPIC -o libm0.so prog/m[0-4]*.c prog/m[5-9].c && gcc -o dyn prog/main.c -L. -lm0 -Wl,-rpath,. && ./dyn
gcc -pipe -c prog/m1.c -o x.o && ar cr lib.a x.o && ranlib lib.a && nm lib.a | grep work_1
gcc -MM prog/main.c; gcc -fsyntax-only big.cc -Dmain=; gcc nothing.c; echo $?'
real_rw "gcc: what it says of errors" sh -c 'gcc -c text; echo "int f(void) { return x; }" | gcc -xc - ; gcc -fsanitize=undefined -o u main.c -lm && ./u'

GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_PAGER=cat
GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com
GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.com
GIT_AUTHOR_DATE='1600000000 +0000' GIT_COMMITTER_DATE='1600000000 +0000'
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL GIT_PAGER GIT_AUTHOR_NAME \
	GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL \
	GIT_AUTHOR_DATE GIT_COMMITTER_DATE
cat >files/git.sh <<'EOF'
set -e
git init -q -b main --template= repo
cd repo
for i in 1 2 3 4 5 6; do
	head -n $((i * 12)) ../small >file
	mkdir -p d$i && cp ../three d$i/t
	git add .
	git commit -q -m "change $i"
done
git log --oneline --stat | tail -n 5
git checkout -q -b side HEAD~3 && echo side >side && git add side && git commit -q -m side
git checkout -q main && git merge -q -m merged side && git log --oneline --graph | head -n 5
git tag -a -m tagged v1; git describe; git diff --stat HEAD~1 | cat
echo x >>file; git stash -q; git status --short; git stash pop -q; git status --short
git commit -qam last; git revert --no-edit HEAD | tail -n 1; git reset -q --hard HEAD~1
git rebase -q HEAD~2 2>&1 | tail -n 1
git gc -q; git count-objects -v | grep -v size; git fsck --full 2>&1 | grep -v ^dangling | cat
git repack -adfq --threads=2; git rev-list --objects --all | wc -l
cd .. && git clone -q repo clone && git clone -q --bare file://$PWD/repo bare 2>&1
cd clone && echo from the clone >new && git add new && git commit -q -m new && git push -q origin HEAD:pushed
git -C ../repo log -1 --format=%s pushed; git fetch -q origin; git branch -a
git bisect start HEAD HEAD~3; git bisect run test ! -e new; git bisect reset -q; git archive HEAD | tar -t | wc -l
git worktree add -q ../wt HEAD~1; ls ../wt | wc -l; git submodule status; git blame -s file | head -n 2
GIT_EDITOR='sed -i s/new/edited/' git commit -q --amend; git log -1 --format=%s; git grep -c line
rm -rf .git/hooks; mkdir .git/hooks; printf '#!/bin/sh\necho hook ran; exit 1\n' >.git/hooks/pre-commit
chmod +x .git/hooks/pre-commit; git commit -q --allow-empty -m no 2>&1 || echo refused
EOF
real "git: a repository's life" sh -c 'd=$(mktemp -d) && cp -R files/. $d && cd $d && sh git.sh; r=$?; cd /; rm -rf $d; exit $r'
real_rw "git: what it leaves" sh -c '
git init -q -b main --template= r && cd r && cp ../small . && git add . && git commit -q -m one && git gc -q &&
git clone -q . ../c && git -C ../c fsck && cd .. && rm -f r/.git/index c/.git/index r/.git/logs/* c/.git/logs/HEAD && git -C r cat-file -p HEAD'
done_testing
