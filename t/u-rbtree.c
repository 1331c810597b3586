/* SPDX-License-Identifier: Apache-2.0 */
/* u-rbtree.c: red-black trees stay ordered, balanced and up to date. */
#include "emul/lib/rbtree.h"
#include "t/unit.h"

struct item {
	struct rb_node node;
	unsigned int key;
	unsigned long sum;	/* of the keys of the subtree */
	bool in;
};

#define N 600u
static struct item items[N];

static struct item *item_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct item, node) : NULL;
}

static void update(struct rb_node *n)
{
	struct item *i = item_of(n);

	i->sum = i->key;
	if (n->left)
		i->sum += item_of(n->left)->sum;
	if (n->right)
		i->sum += item_of(n->right)->sum;
}

static void insert(struct rb_root *root, struct item *i)
{
	struct rb_node **link = &root->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = i->key < item_of(parent)->key ?
			&parent->left : &parent->right;
	}
	rb_insert(root, &i->node, parent, link);
	i->in = true;
}

/* Returns the black height. */
static int verify(struct rb_node *n, struct rb_node *parent)
{
	int l, r;
	unsigned long sum;

	if (!n)
		return 1;
	ck_assert_ptr_eq(n->parent, parent);
	if (n->red && parent)
		ck_assert(!parent->red);
	l = verify(n->left, n);
	r = verify(n->right, n);
	ck_assert_int_eq(l, r);
	sum = item_of(n)->sum;
	update(n);
	ck_assert_uint_eq(sum, item_of(n)->sum);
	return l + !n->red;
}

static void verify_all(struct rb_root *root)
{
	struct rb_node *n = rb_first(root), *prev = NULL;
	unsigned int count = 0, in = 0;

	verify(root->node, NULL);
	if (root->node)
		ck_assert(!root->node->red);
	for (; n; prev = n, n = rb_next(n)) {
		ck_assert_ptr_eq(rb_prev(n), prev);
		if (prev)
			ck_assert_uint_lt(item_of(prev)->key, item_of(n)->key);
		ck_assert(item_of(n)->in);
		count++;
	}
	ck_assert_ptr_eq(rb_last(root), prev);
	for (unsigned int i = 0; i < N; i++)
		in += items[i].in;
	ck_assert_uint_eq(count, in);
}

START_TEST(test_random)
{
	struct rb_root root;
	unsigned int x = 12345;

	rb_init(&root, update);
	for (unsigned int i = 0; i < N; i++)
		items[i].key = i;
	for (int step = 0; step < 6000; step++) {
		struct item *i;

		x = x * 1103515245u + 12345u;
		i = &items[(x >> 8) % N];
		if (i->in) {
			rb_erase(&root, &i->node);
			i->in = false;
		} else {
			insert(&root, i);
		}
		if (step % 20 == 0)
			verify_all(&root);
	}
	for (unsigned int i = 0; i < N; i++) {
		if (!items[i].in)
			continue;
		rb_erase(&root, &items[i].node);
		items[i].in = false;
		verify_all(&root);
	}
	ck_assert_ptr_null(root.node);
}
END_TEST

START_TEST(test_ascending)
{
	struct rb_root root;

	rb_init(&root, update);
	for (unsigned int i = 0; i < N; i++) {
		items[i].key = i * 2;
		insert(&root, &items[i]);
		if (i % 16 == 0)
			verify_all(&root);
	}
	/* A key that changes in its place reaches the root's sum. */
	items[7].key++;
	rb_update(&root, &items[7].node);
	verify_all(&root);
	for (unsigned int i = N; i-- > 0; ) {
		rb_erase(&root, &items[i].node);
		items[i].in = false;
		if (i % 16 == 0)
			verify_all(&root);
	}
}
END_TEST

START_TEST(test_plain)
{
	struct rb_root root;

	rb_init(&root, NULL);
	ck_assert_ptr_null(rb_first(&root));
	ck_assert_ptr_null(rb_last(&root));
	for (unsigned int i = 0; i < 10; i++) {
		items[i].key = 100 - i;
		insert(&root, &items[i]);
	}
	ck_assert_uint_eq(item_of(rb_first(&root))->key, 91);
	ck_assert_uint_eq(item_of(rb_last(&root))->key, 100);
}
END_TEST

UNIT_MAIN("rbtree", test_random, test_ascending, test_plain)
