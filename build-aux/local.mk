# build-aux/local.mk: scripts that check the tree and the build.
dist_noinst_SCRIPTS += \
	%D%/check-all \
	%D%/check-cppcheck \
	%D%/check-image \
	%D%/check-style \
	%D%/check-tidy \
	%D%/setup

EXTRA_DIST += \
	%D%/hot-text.c \
	%D%/check-words \
	.ci/run \
	.clang-format \
	.clang-tidy \
	.editorconfig \
	.gitattributes \
	.gitignore
