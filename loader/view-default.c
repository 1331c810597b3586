/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view-default.c: what a program sees when nothing is asked.
 *
 * The root is empty, so that only what is added here can be seen: the system
 * directories, the working directory and the program's own; memory for
 * temporary files; the kernel's own file systems.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/policy.h"

static const char *const system_dirs[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
	"/etc", "/opt",
};

static const struct {
	const char *path;
	mode_t mode;
} memory_dirs[] = {
	{ "/tmp", 01777 }, { "/var/tmp", 01777 }, { "/dev/shm", 01777 },
	{ "/run", 0755 },
};

/* Keys and passwords in places that are bared, for some user or for root. */
static const char *const system_secrets[] = {
	"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-",
	"/etc/sudoers", "/etc/sudoers.d", "/etc/security/opasswd",
	"/etc/ssl/private", "/etc/krb5.keytab", "/etc/wireguard",
	"/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key",
	"/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_dsa_key",
	"/etc/letsencrypt", "/etc/kubernetes", "/etc/cryptsetup-keys.d",
	"/etc/NetworkManager/system-connections",
	"/etc/ppp/chap-secrets", "/etc/ppp/pap-secrets", "/root",
};

static const char *const home_secrets[] = {
	".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".netrc",
	".git-credentials", ".config/gcloud", ".config/gh", ".pgpass",
	".my.cnf", ".password-store", ".npmrc", ".pypirc", ".vault-token",
	".cargo/credentials", ".cargo/credentials.toml",
	".local/share/keyrings", ".mozilla", ".config/google-chrome",
	".config/chromium", ".thunderbird",
};

static void add_simple(struct policy *p, enum view_kind kind,
		       const char *path, mode_t mode)
{
	char *guest = xstrdup(path);
	struct view_mount m = {
		.kind = kind, .guest = guest, .is_dir = true, .mode = mode,
	};

	view_add(p, &m);
	free(guest);
}

/* Host directory or file @path where it is; nothing if it is not there. */
static void add_host(struct policy *p, const char *path)
{
	char real[PATH_MAX];
	char *guest = xstrdup(path);
	struct view_mount m = {
		.kind = VIEW_OVERLAY, .guest = guest, .host = real,
	};
	struct stat st;

	if (realpath(path, real) && stat(real, &st) == 0 &&
	    (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))) {
		m.is_dir = S_ISDIR(st.st_mode);
		view_add(p, &m);
	}
	free(guest);
}

/* /bin is a link on most systems; readlink in the sandbox shows it so. */
static void add_system(struct policy *p, const char *path)
{
	char target[PATH_MAX];
	char *guest;
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0) {
		add_host(p, path);
		return;
	}
	target[n] = '\0';
	guest = xstrdup(path);
	view_add(p, &(struct view_mount){
		.kind = VIEW_SYMLINK, .guest = guest, .target = target });
	free(guest);
}

static bool emulated(const char *dir)
{
	return path_beneath(dir, "/proc") || path_beneath(dir, "/sys") ||
		path_beneath(dir, "/dev");
}

/* Is @dir the directory that holds the home, and others perhaps? */
static bool holds_home(const struct view_base *b, const char *dir)
{
	size_t n = strlen(dir);

	return b->home && path_beneath(b->home, dir) && b->home[n] &&
		!strchr(b->home + n + 1, '/');
}

/*
 * Directories that are never bared just because somebody stands in them:
 * the root, and what holds the homes.
 */
static bool too_broad(const struct view_base *b, const char *dir)
{
	static const char *const broad[] = {
		"/", "/home", "/proc", "/sys", "/dev", "/run",
	};

	for (size_t i = 0; i < sizeof(broad) / sizeof(broad[0]); i++)
		if (!strcmp(dir, broad[i]))
			return true;
	return emulated(dir) || holds_home(b, dir);
}

void view_defaults(struct policy *p, const struct view_base *b)
{
	bool bare_cwd = b->cwd && !too_broad(b, b->cwd);

	add_simple(p, VIEW_TMPFS, "/", 0755);
	for (size_t i = 0; i < sizeof(system_dirs) / sizeof(*system_dirs); i++)
		add_system(p, system_dirs[i]);
	add_simple(p, VIEW_PROC, "/proc", 0555);
	add_simple(p, VIEW_SYS, "/sys", 0555);
	add_simple(p, VIEW_DEV, "/dev", 0755);
	for (size_t i = 0; i < sizeof(memory_dirs) / sizeof(*memory_dirs); i++)
		if (!bare_cwd || strcmp(b->cwd, memory_dirs[i].path) != 0)
			add_simple(p, VIEW_TMPFS, memory_dirs[i].path,
				   memory_dirs[i].mode);
	if (bare_cwd) {
		add_host(p, b->cwd);
	} else if (b->cwd && b->cwd[1] && !emulated(b->cwd)) {
		/* There, to be stood in, but empty. */
		view_add(p, &(struct view_mount){
			.kind = VIEW_TMPFS, .guest = b->cwd,
			.is_dir = true, .mode = 0755, .read_only = true });
	}
}

/* May the whole of @dir be bared for the program that lies in it? */
static bool own_dir_ok(const struct view_base *b, const char *dir)
{
	if (too_broad(b, dir))
		return false;
	if (b->home && path_beneath(b->home, dir))
		return false;
	for (size_t i = 0; i < sizeof(memory_dirs) / sizeof(*memory_dirs); i++)
		if (!strcmp(dir, memory_dirs[i].path))
			return false;
	return true;
}

static void own_path(struct policy *p, const struct view_base *b,
		     const char *path)
{
	const struct view_mount *m = view_lookup(p, path);
	char *host, *dir;

	/* Seen already, or kept from view on purpose. */
	if (m && (m->kind == VIEW_HIDE || m->asked))
		return;
	host = view_host_path(p, path);
	if (host && access(host, F_OK) == 0) {
		free(host);
		return;
	}
	free(host);
	dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	if (*dir && own_dir_ok(b, dir))
		add_host(p, dir);
	else
		add_host(p, path);
	free(dir);
}

void view_own_dir(struct policy *p, const struct view_base *b,
		  const char *guest)
{
	char real[PATH_MAX];
	char *host = view_host_path(p, guest);
	const char *at = host ? host : guest;

	own_path(p, b, guest);
	/* The program may be a link to where its files really are. */
	if (realpath(at, real) && strcmp(real, at) != 0)
		own_path(p, b, real);
	free(host);
}

/* Hide the host's @path in every mount of the host that bares it. */
static void hide_host(struct policy *p, const char *path, bool asked)
{
	size_t count = p->n_mounts;

	for (size_t i = 0; i < count; i++) {
		const struct view_mount *m = &p->mounts[i];
		const char *rel;
		char *guest;

		if (m->kind > VIEW_RO || !m->is_dir ||
		    !path_beneath(path, m->host) || !strcmp(path, m->host))
			continue;
		rel = path + strlen(m->host);
		rel += *rel == '/';
		guest = xconcat(m->guest[1] ? m->guest : "", "/", rel);
		view_add(p, &(struct view_mount){
			.kind = VIEW_HIDE, .guest = guest, .asked = asked });
		free(guest);
	}
}

/* Does any mount of the host bare something in @dir? */
static bool bared(const struct policy *p, const char *dir)
{
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct view_mount *m = &p->mounts[i];

		if (m->kind <= VIEW_RO && (path_beneath(dir, m->host) ||
					   path_beneath(m->host, dir)))
			return true;
	}
	return false;
}

void view_hides(struct policy *p, const struct view_base *b)
{
	size_t count = p->n_mounts;
	char real[PATH_MAX];

	for (size_t i = 0; i < count; i++) {
		char *path;

		if (p->mounts[i].kind != VIEW_HIDE || !p->mounts[i].asked)
			continue;
		path = xstrdup(p->mounts[i].guest);
		hide_host(p, path, true);
		if (realpath(path, real) && strcmp(real, path) != 0)
			hide_host(p, real, true);
		free(path);
	}
	for (size_t i = 0; i < sizeof(system_secrets) / sizeof(char *); i++)
		if (!b->home || strcmp(b->home, system_secrets[i]) != 0)
			hide_host(p, system_secrets[i], false);
	if (!b->home || !bared(p, b->home))
		return;
	/* A home is bared by standing in it, or by asking for it. */
	if (!b->cwd || strcmp(b->cwd, b->home) != 0)
		hide_host(p, b->home, false);
	for (size_t i = 0; i < sizeof(home_secrets) / sizeof(char *); i++) {
		char *path = xconcat(b->home[1] ? b->home : "", "/",
				     home_secrets[i]);

		hide_host(p, path, false);
		free(path);
	}
}
