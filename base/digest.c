#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/alloc.h"
#include "base/cleanup.h"

enum { CHUNK = 1 << 16 };

static void cleanup_state(XXH3_state_t **state)
{
	XXH3_freeState(*state);
}

static struct digest from_xxh(XXH128_hash_t hash)
{
	return (struct digest){ .high = hash.high64, .low = hash.low64 };
}

struct digest digest_bytes(const void *bytes, size_t n)
{
	return from_xxh(XXH3_128bits(bytes, n));
}

struct error *digest_fd(int fd, struct digest *ret)
{
	CLEANUP(cleanup_state) XXH3_state_t *state = XXH3_createState();
	CLEANUP(cleanup_free) char *chunk = xmalloc(CHUNK);
	off_t offset = 0;

	if (!state)
		abort();
	XXH3_128bits_reset(state);
	for (;;) {
		ssize_t n = pread(fd, chunk, CHUNK, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_new(ERROR_INPUT, "%s", strerror(errno));
		if (n == 0)
			break;
		XXH3_128bits_update(state, chunk, (size_t)n);
		offset += n;
	}
	*ret = from_xxh(XXH3_128bits_digest(state));
	return NULL;
}

struct error *digest_file(const char *path, struct digest *ret)
{
	CLEANUP(cleanup_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct error *err;

	if (fd < 0)
		return error_errno("cannot open %s", path);
	err = digest_fd(fd, ret);
	return err ? error_wrap(err, "cannot read %s", path) : NULL;
}

int digest_equal(struct digest a, struct digest b)
{
	return a.high == b.high && a.low == b.low;
}

void digest_hex(struct digest d, char hex[DIGEST_HEX])
{
	snprintf(hex, DIGEST_HEX, "%016" PRIx64 "%016" PRIx64, d.high, d.low);
}
