/* SPDX-License-Identifier: Apache-2.0 */
/* grant.c: what the launcher gives the broker before anything runs. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loader/broker/server.h"

static bool have_openat2(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC };
	long fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));

	if (fd < 0)
		return false;
	close((int)fd);
	return true;
}

int monitor_fix(struct monitor *m, int fd)
{
	struct statx sx;
	int ret = stat_fd(fd, &sx);

	if (ret < 0)
		return ret;
	if (m->fixed_count == MONITOR_FIXED_MAX)
		return -E2BIG;
	m->fixed[m->fixed_count].dev = stat_dev(&sx);
	m->fixed[m->fixed_count++].ino = sx.stx_ino;
	return 0;
}

int monitor_arena(struct monitor *m, int fd)
{
	int ret = monitor_fix(m, fd);

	if (ret < 0)
		return ret;
	if (m->arena_count == sizeof(m->arena) / sizeof(m->arena[0]))
		return -E2BIG;
	m->arena[m->arena_count++] = m->fixed[m->fixed_count - 1];
	return 0;
}

int monitor_pass(struct monitor *m, unsigned int index, int fd)
{
	int ret;

	if (index >= INHERITED_MAX || m->inherited[index] >= 0)
		return -EINVAL;
	/* Out of the way of what the launcher puts at fixed numbers. */
	ret = dup_from(fd, HOSTFD_FIRST_FREE);
	if (ret < 0)
		return -errno;
	m->inherited[index] = ret;
	return monitor_fix(m, ret);
}

int monitor_init(struct monitor *m)
{
	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < HOSTFD_CHANNELS; i++)
		m->channel[i] = -1;
	for (size_t i = 0; i < INHERITED_MAX; i++)
		m->inherited[i] = -1;
	m->meta_fd = m->slots_fd = m->life_fd = m->signal_fd = m->epoll_fd = -1;
	m->child_fd = m->first_fd = -1;
	m->meter_fd = m->meter_life = m->oom_fd = -1;
	m->due_ms = -1;
	m->watch_fd = -1;
	m->proc_fd = openat(AT_FDCWD, "/proc/self/fd",
			    O_PATH | O_DIRECTORY | O_CLOEXEC);
	m->no_openat2 = !have_openat2();
	for (int i = 0; i < 3; i++) {
		int ret = monitor_pass(m, (unsigned int)i, i);

		if (ret < 0 && ret != -EBADF)
			return ret;
	}
	return 0;
}

static int grow(struct grant **list, size_t count)
{
	struct grant *p;

	if (count >= MONITOR_GRANTS_MAX)
		return -E2BIG;
	if (count & (count - 1))
		return 0;
	p = realloc(*list, (count ? 2 * count : 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	*list = p;
	return 0;
}

int monitor_grant(struct monitor *m, const char *host, const char *guest,
		  bool writable)
{
	struct grant g = { .writable = writable };
	struct statx sx;
	int ret = grow(&m->grants, m->grant_count);

	if (ret < 0)
		return ret;
	g.dirfd = openat(AT_FDCWD, host, O_PATH | O_CLOEXEC);
	if (g.dirfd < 0)
		return -errno;
	ret = stat_fd(g.dirfd, &sx);
	if (ret < 0)
		goto close_dir;
	ret = -ENXIO;
	if (!S_ISDIR(sx.stx_mode) && !S_ISREG(sx.stx_mode))
		goto close_dir;
	g.is_file = !S_ISDIR(sx.stx_mode);
	g.dev = stat_dev(&sx);
	g.guest = strdup(guest);
	ret = -ENOMEM;
	if (!g.guest)
		goto close_dir;
	m->grants[m->grant_count] = g;
	return (int)m->grant_count++;
close_dir:
	close(g.dirfd);
	return ret;
}

static int add_hide(struct monitor *m, size_t grant, const char *rel,
		    bool listed)
{
	struct grant *g;
	struct hide *h;
	struct statx sx;

	if (grant >= m->grant_count || !*rel)
		return -EINVAL;
	g = &m->grants[grant];
	if (!(g->hide_count & (g->hide_count - 1))) {
		h = realloc(g->hides, (g->hide_count ? 2 * g->hide_count : 1) *
			    sizeof(*h));
		if (!h)
			return -ENOMEM;
		g->hides = h;
	}
	h = &g->hides[g->hide_count];
	memset(h, 0, sizeof(*h));
	h->listed = listed;
	h->path = strdup(rel);
	if (!h->path)
		return -ENOMEM;
	g->hide_count++;
	/* The policy, not the guest, names it. */
	if (!statx(g->dirfd, rel, AT_SYMLINK_NOFOLLOW, STATX_INO, &sx)) {
		h->known = true;
		h->id.dev = stat_dev(&sx);
		h->id.ino = sx.stx_ino;
	}
	return 0;
}

int monitor_hide(struct monitor *m, size_t grant, const char *rel)
{
	return add_hide(m, grant, rel, false);
}

void monitor_commit(struct monitor *m, size_t grant)
{
	m->commit = true;
	m->grants[grant].commit = true;
}

bool grant_writable(const struct monitor *m, const struct grant *g)
{
	return g->writable || (g->commit && m->exit_known && !m->status &&
			       !m->ending && !m->committed);
}

int monitor_cover(struct monitor *m, size_t grant, const char *rel)
{
	return add_hide(m, grant, rel, true);
}

/*
 * Where the guest sees grant b beneath grant a, the way to that place through
 * a is shut, or a wide writable grant would open a narrow read-only one.
 */
static int shadow(struct monitor *m, size_t a, size_t b)
{
	const char *wide = m->grants[a].guest;
	const char *narrow = m->grants[b].guest;
	size_t n = strlen(wide);

	if (!strcmp(wide, "/"))
		n = 0;
	if (strncmp(wide, narrow, n) || narrow[n] != '/' || !narrow[n + 1])
		return 0;
	return monitor_cover(m, a, narrow + n + 1);
}

int monitor_shadows(struct monitor *m)
{
	for (size_t a = 0; a < m->grant_count; a++)
		for (size_t b = 0; b < m->grant_count; b++) {
			int ret = a == b ? 0 : shadow(m, a, b);

			if (ret < 0)
				return ret;
		}
	return 0;
}

void monitor_destroy(struct monitor *m)
{
	for (size_t i = 0; i < m->grant_count; i++) {
		struct grant *g = &m->grants[i];

		for (size_t j = 0; j < g->hide_count; j++)
			free(g->hides[j].path);
		free(g->hides);
		free(g->guest);
		close(g->dirfd);
	}
	free(m->grants);
	for (size_t i = 0; i < HOSTFD_CHANNELS; i++)
		if (m->channel[i] >= 0)
			close(m->channel[i]);
	for (size_t i = 0; i < INHERITED_MAX; i++)
		if (m->inherited[i] >= 0)
			close(m->inherited[i]);
	if (m->proc_fd >= 0)
		close(m->proc_fd);
	if (m->watch_fd >= 0)
		close(m->watch_fd);
	if (m->life_fd >= 0)
		close(m->life_fd);
	if (m->signal_fd >= 0)
		close(m->signal_fd);
	if (m->child_fd >= 0)
		close(m->child_fd);
	if (m->first_fd >= 0)
		close(m->first_fd);
	if (m->epoll_fd >= 0)
		close(m->epoll_fd);
	m->grants = NULL;
	m->grant_count = 0;
}
