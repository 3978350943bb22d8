#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "data/data.h"
#include "profiler/classify.h"
#include "profiler/kallsyms.h"

#define FRAMES 16

struct canned { /* a stack as the kernel of that version gives it, innermost first */
	const char *where;
	const char *frames[FRAMES];
	enum wait_kind kind;
	const char *symbol;
};

/* What stands around every system call; not repeated below. */
#define ENTRY "do_syscall_64", "entry_SYSCALL_64_after_hwframe"

static const struct canned stacks[] = {
	{ "pipe read, 5.10",
	  { "__schedule", "schedule", "pipe_read", "new_sync_read", "vfs_read", "ksys_read",
	    ENTRY },
	  WAIT_PIPE,
	  "pipe_read" },
	{ "pipe read, 6.18",
	  { "__schedule", "schedule", "anon_pipe_read", "vfs_read", "ksys_read", ENTRY },
	  WAIT_PIPE,
	  "anon_pipe_read" },
	{ "pipe write, 4.19",
	  { "__schedule", "schedule", "pipe_wait", "pipe_write", "__vfs_write", "vfs_write" },
	  WAIT_PIPE,
	  "pipe_wait" },
	{ "fifo open",
	  { "__schedule", "schedule", "wait_for_partner", "fifo_open", "do_dentry_open" },
	  WAIT_PIPE,
	  "wait_for_partner" },
	{ "eventfd",
	  { "__schedule", "schedule", "eventfd_read", "vfs_read", "ksys_read", ENTRY },
	  WAIT_PIPE,
	  "eventfd_read" },
	{ "tcp recv, 5.10",
	  { "__schedule", "schedule", "schedule_timeout", "wait_woken", "sk_wait_data",
	    "tcp_recvmsg", "inet_recvmsg", "sock_recvmsg", "__sys_recvfrom" },
	  WAIT_NETWORK,
	  "sk_wait_data" },
	{ "tcp recv, compiler suffix",
	  { "__schedule", "schedule", "schedule_timeout", "wait_woken", "tcp_recvmsg_locked.part.0",
	    "tcp_recvmsg" },
	  WAIT_NETWORK,
	  "tcp_recvmsg_locked.part.0" },
	{ "accept",
	  { "__schedule", "schedule", "schedule_timeout", "inet_csk_accept", "inet_accept",
	    "do_accept", "__sys_accept4" },
	  WAIT_NETWORK,
	  "inet_csk_accept" },
	{ "unix socket, whatever is below",
	  { "__schedule", "schedule", "schedule_timeout", "unix_stream_data_wait",
	    "unix_stream_read_generic", "unix_stream_recvmsg", "sock_recvmsg" },
	  WAIT_NETWORK,
	  "unix_stream_data_wait" },
	{ "udp recv",
	  { "__schedule", "schedule", "schedule_timeout", "__skb_wait_for_more_packets",
	    "__skb_recv_udp", "udp_recvmsg" },
	  WAIT_NETWORK,
	  "__skb_wait_for_more_packets" },
	{ "a socket family without a rule: by its call",
	  { "__schedule", "schedule", "novel_recvmsg", "sock_recvmsg", "__x64_sys_recvfrom" },
	  WAIT_NETWORK,
	  "sock_recvmsg" },
	{ "futex, 5.10",
	  { "__schedule", "schedule", "futex_wait_queue_me", "futex_wait", "do_futex",
	    "__x64_sys_futex", ENTRY },
	  WAIT_LOCK,
	  "futex_wait_queue_me" },
	{ "futex, 6.1",
	  { "__schedule", "schedule", "futex_wait_queue", "futex_wait", "do_futex" },
	  WAIT_LOCK,
	  "futex_wait_queue" },
	{ "futex, 6.18",
	  { "__schedule", "schedule", "futex_do_wait", "__futex_wait", "futex_wait", "do_futex" },
	  WAIT_LOCK,
	  "futex_do_wait" },
	{ "file lock",
	  { "__schedule", "schedule", "flock_lock_inode_wait", "__do_sys_flock" },
	  WAIT_LOCK,
	  "flock_lock_inode_wait" },
	{ "two threads that fault want the address space's lock",
	  { "__schedule", "schedule", "schedule_preempt_disabled", "rwsem_down_read_slowpath",
	    "down_read_killable", "lock_mm_and_find_vma", "do_user_addr_fault", "exc_page_fault" },
	  WAIT_LOCK,
	  "lock_mm_and_find_vma" },
	{ "mmap wants it too",
	  { "__schedule", "schedule", "schedule_preempt_disabled", "rwsem_down_write_slowpath",
	    "down_write_killable", "vm_mmap_pgoff", "ksys_mmap_pgoff" },
	  WAIT_LOCK,
	  "rwsem_down_write_slowpath" },
	{ "nanosleep",
	  { "__schedule", "schedule", "do_nanosleep", "hrtimer_nanosleep", "common_nsleep" },
	  WAIT_SLEEP,
	  "do_nanosleep" },
	{ "waitpid, 5.10",
	  { "__schedule", "schedule", "do_wait", "kernel_wait4" },
	  WAIT_CHILD,
	  "do_wait" },
	{ "vfork",
	  { "__schedule", "schedule", "wait_for_completion_state", "kernel_clone",
	    "__do_sys_vfork" },
	  WAIT_CHILD,
	  "kernel_clone" },
	{ "poll",
	  { "__schedule", "schedule", "schedule_hrtimeout_range_clock",
	    "poll_schedule_timeout.constprop.0", "do_sys_poll", "__x64_sys_poll" },
	  WAIT_POLL,
	  "poll_schedule_timeout.constprop.0" },
	{ "epoll, 5.10",
	  { "__schedule", "schedule", "schedule_hrtimeout_range", "ep_poll", "do_epoll_wait" },
	  WAIT_POLL,
	  "ep_poll" },
	{ "io_uring",
	  { "__schedule", "schedule", "io_cqring_wait", "__do_sys_io_uring_enter" },
	  WAIT_POLL,
	  "io_cqring_wait" },
	{ "fsync, ext4 with journal",
	  { "__schedule", "schedule", "jbd2_log_wait_commit", "ext4_sync_file", "do_fsync",
	    "__x64_sys_fsync" },
	  WAIT_DISK,
	  "jbd2_log_wait_commit" },
	{ "fsync, a file system without a rule",
	  { "__schedule", "schedule", "novelfs_fsync", "do_fsync", "__x64_sys_fsync" },
	  WAIT_DISK,
	  "do_fsync" },
	{ "read, not cached",
	  { "__schedule", "schedule", "io_schedule", "folio_wait_bit_common", "filemap_get_pages",
	    "filemap_read", "vfs_read" },
	  WAIT_DISK,
	  "filemap_get_pages" },
	{ "read, 5.4",
	  { "__schedule", "schedule", "io_schedule", "wait_on_page_bit_common",
	    "generic_file_buffered_read", "new_sync_read" },
	  WAIT_DISK,
	  "generic_file_buffered_read" },
	{ "generic symbols only",
	  { "__schedule", "schedule", "io_schedule", "folio_wait_bit_common", "novelfs_read" },
	  WAIT_DISK,
	  "io_schedule" },
	{ "major fault goes to the fault, not to the disk below it",
	  { "__schedule", "schedule", "io_schedule", "folio_wait_bit_common", "filemap_fault",
	    "__do_fault", "do_user_addr_fault", "exc_page_fault", "asm_exc_page_fault" },
	  WAIT_PAGE_FAULT,
	  "do_user_addr_fault" },
	{ "major fault, 4.19",
	  { "__schedule", "schedule", "io_schedule", "__lock_page_or_retry", "filemap_fault",
	    "ext4_filemap_fault", "__do_page_fault", "do_page_fault" },
	  WAIT_PAGE_FAULT,
	  "__do_page_fault" },
	{ "a fault while a pipe's bytes are copied is a fault",
	  { "__schedule", "schedule", "io_schedule", "filemap_fault", "handle_mm_fault",
	    "do_user_addr_fault", "_copy_to_iter", "anon_pipe_read" },
	  WAIT_PAGE_FAULT,
	  "handle_mm_fault" },
	{ "writes held back",
	  { "__schedule", "schedule", "schedule_timeout", "io_schedule_timeout",
	    "balance_dirty_pages", "generic_perform_write", "ext4_buffered_write_iter" },
	  WAIT_DISK,
	  "balance_dirty_pages" },
	{ "terminal",
	  { "__schedule", "schedule", "schedule_timeout", "wait_woken", "n_tty_read", "tty_read" },
	  WAIT_OTHER,
	  "n_tty_read" },
	{ "no rule at all: named by the innermost frame that says something",
	  { "__schedule", "schedule", "novel_wait", "novel_call", "__x64_sys_novel", ENTRY },
	  WAIT_OTHER,
	  "novel_wait" },
	{ "frames without a name are passed over",
	  { "schedule", NULL, "do_nanosleep" },
	  WAIT_SLEEP,
	  "do_nanosleep" },
	{ "nothing but the scheduler", { "__schedule", "schedule", ENTRY }, WAIT_OTHER, NULL },
};

static int load(void **state)
{
	struct classifier *c = xcalloc(1, sizeof(*c));

	*state = c;
	return classifier_parse(data_wait_sites_tsv, c) ? -1 : 0;
}

static int unload(void **state)
{
	classifier_clear(*state);
	free(*state);
	return 0;
}

static void stacks_of_many_kernels(void **state)
{
	for (size_t i = 0; i < sizeof(stacks) / sizeof(*stacks); i++) {
		const struct canned *stack = &stacks[i];
		const char *symbol = "untouched";
		enum wait_kind kind = classifier_kind(*state, stack->frames, FRAMES, &symbol);

		if (kind != stack->kind || !symbol != !stack->symbol ||
		    (symbol && strcmp(symbol, stack->symbol)))
			fail_msg("%s: %s by %s, not %s by %s", stack->where, wait_kind_key(kind),
				 symbol ? symbol : "nothing", wait_kind_key(stack->kind),
				 stack->symbol ? stack->symbol : "nothing");
	}
}

static void every_kind_has_a_rule(void **state)
{
	const struct classifier *c = *state;
	bool seen[WAIT_KIND_COUNT] = { false };

	vec_each (c, rule)
		seen[rule->kind] = true;
	for (int kind = 0; kind < WAIT_KIND_COUNT; kind++)
		assert_true(seen[kind]);
}

static void no_symbol_has_two_rules(void **state)
{
	const struct classifier *c = *state;

	for (size_t i = 1; i < c->n; i++) {
		const struct wait_rule *a = &c->items[i - 1], *b = &c->items[i];

		if (!strcmp(a->symbol, b->symbol) && a->prefix == b->prefix)
			fail_msg("%s stands twice", a->symbol);
	}
}

static void entries_of_system_calls_are_one(void **state)
{
	static const char *const entries[] = { "__x64_sys_fsync",   "__ia32_sys_fsync",
					       "__arm64_sys_fsync", "__se_sys_fsync",
					       "__do_sys_fsync",    "sys_fsync" };

	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
		const struct wait_rule *rule = classifier_rule(*state, entries[i]);

		assert_non_null(rule);
		assert_int_equal(rule->kind, WAIT_DISK);
	}
}

static void longest_rule_wins(void **state)
{
	static const char text[] =
		"pipe\tspecific\tab*\nlock\tspecific\tabc\ndisk\tgeneric\tabcd*\n";
	CLEANUP(classifier_clear) struct classifier c = { 0 };

	(void)state;
	assert_null(classifier_parse(text, &c));
	assert_int_equal(classifier_rule(&c, "ab")->kind, WAIT_PIPE);
	assert_int_equal(classifier_rule(&c, "abx")->kind, WAIT_PIPE);
	assert_int_equal(classifier_rule(&c, "abc")->kind, WAIT_LOCK);
	assert_int_equal(classifier_rule(&c, "abcx")->kind, WAIT_PIPE);
	assert_int_equal(classifier_rule(&c, "abcde.isra.0")->kind, WAIT_DISK);
	assert_null(classifier_rule(&c, "a"));
	assert_null(classifier_rule(&c, ""));
	assert_null(classifier_rule(&c, ".cold"));
}

static void bad_tables_are_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "pipe\n", "wait sites, line 1: expected kind, class and symbols between tabs" },
		{ "# fine\npipe\tspecific\n",
		  "wait sites, line 2: expected kind, class and symbols between tabs" },
		{ "tape\tspecific\ta\n", "wait sites, line 1: no wait kind is called \"tape\"" },
		{ "pipe\tvague\ta\n",
		  "wait sites, line 1: \"vague\" is not specific, generic or skip" },
		{ "pipe\tspecific\t*\n",
		  "wait sites, line 1: a * stands at the end of a symbol only" },
		{ "pipe\tspecific\ta*b\n",
		  "wait sites, line 1: a * stands at the end of a symbol only" },
		{ "pipe\tspecific\t  \n", "wait sites, line 1: no symbol" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct classifier c = { 0 };
		CLEANUP(error_clear) struct error *err = classifier_parse(cases[i].text, &c);

		assert_non_null(err);
		assert_string_equal(err->message, cases[i].message);
		assert_null(c.text);
	}
}

static void addresses_to_names(void **state)
{
	CLEANUP(kallsyms_clear) struct kallsyms k = { 0 };

	(void)state;
	assert_null(kallsyms_parse(xstrdup("0000000000000000 A fixed_percpu_data\n"
					   "ffffffff81000200 t second\n"
					   "ffffffff81000100 T first\n"
					   "ffffffff81000180 d data\n"
					   "ffffffffc0000000 t in_module\t[module]\n"
					   "garbage\n\nffffffff8100 T"),
				   &k));
	assert_int_equal(k.n, 3);
	assert_null(kallsyms_name(&k, 0xffffffff810000ff));
	assert_string_equal(kallsyms_name(&k, 0xffffffff81000100), "first");
	assert_string_equal(kallsyms_name(&k, 0xffffffff810001ff), "first");
	assert_string_equal(kallsyms_name(&k, 0xffffffff81000200), "second");
	assert_string_equal(kallsyms_name(&k, 0xffffffffc0001000), "in_module");
}

static void hidden_addresses_are_an_error(void **state)
{
	struct kallsyms k = { 0 };
	CLEANUP(error_clear)
	struct error *err = kallsyms_parse(
		xstrdup("0000000000000000 T first\n0000000000000000 T second\n"), &k);

	(void)state;
	assert_non_null(err);
	assert_string_equal(err->message, "/proc/kallsyms shows no addresses");
	assert_string_equal(err->hint, "run as root, or: sysctl kernel.kptr_restrict=0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_of_many_kernels),
		cmocka_unit_test(every_kind_has_a_rule),
		cmocka_unit_test(no_symbol_has_two_rules),
		cmocka_unit_test(entries_of_system_calls_are_one),
		cmocka_unit_test(longest_rule_wins),
		cmocka_unit_test(bad_tables_are_refused),
		cmocka_unit_test(addresses_to_names),
		cmocka_unit_test(hidden_addresses_are_an_error),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
