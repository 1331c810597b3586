/* SPDX-License-Identifier: Apache-2.0 */
/* memfd.c: memfd_create(2) and seals, fcntl(2). */
#include "emul/fs/memfd.h"

#include <linux/memfd.h>

#include "emul/entry/uaccess.h"
#include "emul/fs/memdata.h"
#include "emul/fs/tmpfs.h"
#include "emul/lib/alloc.h"
#include "emul/lib/string.h"
#include "emul/sysproto.h"
#include "emul/vfs/fdtable.h"

#define NAME_BYTES	250u	/* of a memfd's name, with its NUL */
#define SEALS_ALL							\
	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |	\
	 F_SEAL_FUTURE_WRITE | SEAL_EXEC)
#define SEAL_EXEC	MEMFD_SEAL_EXEC
#define SEALS_WRITE							\
	(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define NOEXEC_SEAL	0x8u	/* MFD_NOEXEC_SEAL */
#define WITH_EXEC	0x10u	/* MFD_EXEC */

/* A tmpfs that is mounted nowhere. */
static __arena struct {
	struct mutex lock;
	struct mount *mnt;
} memfds;
LOCK_CLASS(memfds, LOCK_ONCE);

static struct mount *memfd_mount(void)
{
	struct superblock *sb;
	struct mount *m;

	mutex_lock(&memfds.lock);
	m = memfds.mnt;
	if (!m) {
		m = kzalloc(sizeof(*m));
		sb = tmpfs_super(0, 0777);
		if (m && sb) {
			ref_init(&m->ref);
			m->sb = sb;
			m->root = sb->root;
			m->source = "tmpfs";
			memfds.mnt = m;
		} else {
			kfree(m);
			m = NULL;
		}
	}
	mutex_unlock(&memfds.lock);
	return m;
}

static struct file *memfd_file(const char *name, size_t len, unsigned int seals,
			       mode_t mode)
{
	struct mount *m = memfd_mount();
	struct path p = { .mnt = m };
	struct inode *i = m ? tmpfs_inode(m->sb, mode) : NULL;
	struct file *f;

	if (!i)
		return err_ptr(-ENOMEM);
	p.dentry = d_alloc(m->root, name, len);
	if (!p.dentry) {
		inode_put(i);
		return err_ptr(-ENOMEM);
	}
	d_instantiate(p.dentry, i);
	d_set_flags(p.dentry, D_DELETED);
	((struct memdata *)i->priv)->seals = (uint8_t)seals;
	ref_get(&m->ref);
	f = file_open_path(&p, O_RDWR | 0100000 /* O_LARGEFILE */);
	if (is_err(f))
		path_put(&p);
	return f;
}

long sys_memfd_create(struct task *t, uaddr_t uname, unsigned int flags)
{
	char name[6 + NAME_BYTES] = "memfd:";
	unsigned int seals = F_SEAL_SEAL;
	mode_t mode = 0777;
	struct file *f;
	long len;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | NOEXEC_SEAL |
		      WITH_EXEC))
		return -EINVAL;
	if ((flags & NOEXEC_SEAL) && (flags & WITH_EXEC))
		return -EINVAL;
	len = copy_str(name + 6, uname, NAME_BYTES);
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	if (flags & MFD_ALLOW_SEALING)
		seals = 0;
	if (flags & NOEXEC_SEAL) {
		mode = 0666;
		seals = SEAL_EXEC;
	}
	f = memfd_file(name, (size_t)len + 6, seals, mode);
	if (is_err(f))
		return ptr_err(f);
	return fd_add(t, f, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}

long memfd_fcntl(struct file *f, unsigned int cmd, uaddr_t arg)
{
	struct memdata *m = f->inode->priv;
	struct inode *i = f->inode;
	long err = 0;

	/* Files with a name in a tmpfs have the seal against seals. */
	if (cmd == F_GET_SEALS)
		return i->sb == (memfds.mnt ? memfds.mnt->sb : NULL) ?
			m->seals : F_SEAL_SEAL;
	if (cmd != F_ADD_SEALS)
		return -EINVAL;
	if (!(f->mode & FMODE_WRITE))
		return -EPERM;
	if (arg & ~(uaddr_t)SEALS_ALL)
		return -EINVAL;
	if (!memfds.mnt || i->sb != memfds.mnt->sb)
		return -EPERM;
	mutex_lock(&i->lock);
	/* What is executable and stays so is not written any more. */
	if ((arg & SEAL_EXEC) && (i->mode & 0111))
		arg |= SEALS_WRITE;
	if (m->seals & F_SEAL_SEAL)
		err = -EPERM;
	else if ((arg & F_SEAL_WRITE) && !(m->seals & F_SEAL_WRITE) &&
		 __atomic_load_n(&i->n_shared, __ATOMIC_SEQ_CST))
		err = -EBUSY;
	else
		m->seals |= (uint8_t)arg;
	mutex_unlock(&i->lock);
	return err;
}
