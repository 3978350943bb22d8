#include "profiler/machine.h"

#include <gnu/libc-version.h>
#include <sched.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"

/* The value of a "key : value" line of /proc/cpuinfo, or NULL. Owned by the caller. */
static char *cpuinfo(const char *text, const char *key)
{
	const char *at = strstr(text, key), *colon;

	if (!at || !(colon = strchr(at, ':')))
		return NULL;
	colon += 1 + strspn(colon + 1, " \t");
	return xstrndup(colon, strcspn(colon, "\n"));
}

static int usable_cores(void)
{
	cpu_set_t set;

	/* More cores than the set holds (EINVAL): fall back to those online. */
	if (!sched_getaffinity(0, sizeof(set), &set))
		return CPU_COUNT(&set);
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* Only what makes timings comparable: a renamed machine is the same machine. */
static char *machine_id(const struct machine *m)
{
	CLEANUP(cleanup_free)
	char *all = xasprintf("%s|%s|%d|%d GiB|%s", m->arch ? m->arch : "", m->cpu ? m->cpu : "",
			      m->cores, (int)((m->memory_bytes + (1u << 29)) >> 30),
			      m->kernel ? m->kernel : "");
	char hex[DIGEST_HEX];

	digest_hex(digest_bytes(all, strlen(all)), hex);
	return xstrdup(hex);
}

void machine_read(struct machine *ret)
{
	CLEANUP(strbuf_clear) struct strbuf info = { 0 };
	CLEANUP(error_clear) struct error *err = file_read("/proc/cpuinfo", &info);
	struct machine m = { 0 };
	struct utsname uts;

	if (!uname(&uts)) {
		m.hostname = xstrdup(uts.nodename);
		m.kernel = xstrdup(uts.release);
		m.arch = xstrdup(uts.machine);
	}
	if (!err) {
		m.cpu = cpuinfo(strbuf_str(&info), "model name");
		m.virtualised = strstr(strbuf_str(&info), " hypervisor") != NULL;
	}
	m.libc = xasprintf("glibc %s", gnu_get_libc_version());
	m.cores = usable_cores();
	m.memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	m.id = machine_id(&m);
	*ret = m;
}
