#include "profiler/answer.h"

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/subprocess.h"

static char *stream_difference(const char *did, uint64_t was, uint64_t is, struct digest was_digest,
			       struct digest is_digest, const char *where)
{
	if (was != is)
		return xasprintf("%s %llu bytes, %llu %s", did, (unsigned long long)is,
				 (unsigned long long)was, where);
	if (!digest_equal(was_digest, is_digest))
		return xasprintf("%s something else than %s", did, where);
	return NULL;
}

char *answer_difference(const struct workload *w, const struct task_result *was, const char *where,
			const struct task_result *is)
{
	struct subprocess_result ended = { .status = is->status };
	CLEANUP(cleanup_free) char *how = NULL;
	char *ret = NULL;

	if (was->status != is->status) {
		how = subprocess_describe(&ended);
		return xasprintf("ended otherwise than %s (%s)", where, how);
	}
	if (w->compare == COMPARE_EXIT_CODE)
		return NULL;
	ret = stream_difference("printed", was->stdout_bytes, is->stdout_bytes, was->stdout_digest,
				is->stdout_digest, where);
	if (!ret && w->compare == COMPARE_STDERR)
		ret = stream_difference("printed on stderr", was->stderr_bytes, is->stderr_bytes,
					was->stderr_digest, is->stderr_digest, where);
	if (!ret && was->files_n != is->files_n)
		ret = xasprintf("wrote %u output files, %u %s", is->files_n, was->files_n, where);
	if (!ret)
		ret = stream_difference("wrote into output files", was->files_bytes,
					is->files_bytes, was->files_digest, is->files_digest,
					where);
	return ret;
}
