/*
 * digest.h - content hashes (XXH3-128 of libxxhash)
 *
 * For identity, not for trust: equal content has an equal digest on every machine. Hex is 32
 * lower-case digits.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DIGEST_HEX 33 /* with the NUL */

struct digest {
	uint64_t high, low;
};

struct digest digest_bytes(const void *bytes, size_t n);
/* Of all bytes of an open file, from its start; the file offset is not moved. An error
 * is the reason alone: the caller knows the name. */
struct error *digest_fd(int fd, struct digest *ret) ERROR_MUST_CHECK;
struct error *digest_file(const char *path, struct digest *ret) ERROR_MUST_CHECK;
int digest_equal(struct digest a, struct digest b);
void digest_hex(struct digest d, char hex[DIGEST_HEX]);

#endif
