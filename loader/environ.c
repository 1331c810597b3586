/* SPDX-License-Identifier: Apache-2.0 */
/* environ.c: the environment a program gets. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "loader/policy.h"

/*
 * Variables that hold secrets, reach services outside, or steer the dynamic
 * linker.  Compared without regard to case: npm_config__authtoken.  Stars are
 * all that fnmatch() would have to do here, and it is slow.
 */
static const char *const secret[] = {
	"*TOKEN*", "*SECRET*", "*KEY*", "*PASSW*", "*CREDENTIAL*",
	"AWS_*", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO",
	"DBUS_*", "LD_*",
};

static int upper(char c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/* @pattern is in upper case; its stars stand for anything. */
static bool like(const char *pattern, const char *name)
{
	for (; *pattern != '*'; pattern++, name++) {
		if (*pattern != upper(*name))
			return false;
		if (!*name)
			return true;
	}
	if (!*++pattern)
		return true;
	for (; *name; name++)
		if (upper(*name) == *pattern && like(pattern, name))
			return true;
	return false;
}

static bool is_secret(const char *name)
{
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (like(secret[i], name))
			return true;
	return false;
}

static bool any(char *const *patterns, const char *name)
{
	for (; patterns && *patterns; patterns++)
		if (fnmatch(*patterns, name, 0) == 0)
			return true;
	return false;
}

static size_t name_len(const char *var)
{
	return strcspn(var, "=");
}

const char *env_get(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; env && *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

/* Put @var into @env of *@n entries, over one of the same name. */
static void put(char **env, size_t *n, const char *var)
{
	size_t len = name_len(var);

	for (size_t i = 0; i < *n; i++) {
		if (name_len(env[i]) != len || strncmp(env[i], var, len) != 0)
			continue;
		free(env[i]);
		env[i] = xstrdup(var);
		return;
	}
	env[(*n)++] = xstrdup(var);
}

char **env_make(const struct env_rules *r, char *const *host)
{
	size_t n = 0, max = 1;
	char **env;

	for (char *const *v = host; v && *v; v++)
		max++;
	for (char *const *v = r->set; v && *v; v++)
		max++;
	env = xmalloc(max * sizeof(*env));

	for (char *const *v = host; v && *v; v++) {
		char *name = xstrndup(*v, name_len(*v));
		bool take = any(r->keep, name) ||
			(!r->clear && !is_secret(name));

		/* Twice the same name is passed on as it is. */
		if (take && !any(r->unset, name))
			env[n++] = xstrdup(*v);
		free(name);
	}
	for (char *const *v = r->set; v && *v; v++) {
		const char *value;

		if (strchr(*v, '=')) {
			put(env, &n, *v);
			continue;
		}
		value = env_get(host, *v);
		if (value)
			put(env, &n, value - strlen(*v) - 1);
	}
	env[n] = NULL;
	return env;
}
