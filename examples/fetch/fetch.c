/*
 * fetch - get a page and everything it links to, one after another
 *
 *	fetch http://HOST:PORT/PATH
 *
 * Prints status, size and checksum of each resource, and the sum.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_LINKS 64

struct url {
	char host[256];
	char port[16];
	char path[1024];
};

struct response {
	int status;
	long length;
	char *body;
};

/* What has been received and not yet been used. */
static char buffer[8192];
static size_t buffer_used, buffer_pos;

static int requests;
static long total_bytes;
static unsigned total_sum;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "fetch: %s: %s\n", what, why);
	exit(1);
}

static void parse_url(const char *text, struct url *url)
{
	strcpy(url->port, "80");
	strcpy(url->path, "/");
	if (sscanf(text, "http://%255[^:/]:%15[0-9]%1023s", url->host, url->port, url->path) >= 2)
		return;
	if (sscanf(text, "http://%255[^:/]%1023s", url->host, url->path) >= 1)
		return;
	die(text, "not a URL; try http://127.0.0.1:8642/page/tea");
}

static int connect_to(const struct url *url)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *ai;
	int fd = -1;
	int rc = getaddrinfo(url->host, url->port, &hints, &list);

	if (rc != 0)
		die(url->host, gai_strerror(rc));
	for (ai = list; ai; ai = ai->ai_next) {
		fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
		if (fd < 0)
			continue;
		if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
			break;
		close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	if (fd < 0)
		die(url->host, strerror(errno));
	return fd;
}

static void send_request(int fd, const struct url *url, const char *path)
{
	char request[2048];
	size_t sent = 0;
	size_t len = snprintf(request, sizeof(request),
			      "GET %s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: fetch\r\n\r\n", path,
			      url->host, url->port);

	if (len >= sizeof(request))
		die(path, "the path is too long");
	while (sent < len) {
		ssize_t n = send(fd, request + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0)
			die("send", strerror(errno));
		sent += n;
	}
	requests++;
}

static int get_char(int fd)
{
	if (buffer_pos == buffer_used) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		if (n < 0)
			die("recv", strerror(errno));
		if (n == 0)
			die("recv", "the service closed the connection");
		buffer_used = n;
		buffer_pos = 0;
	}
	return (unsigned char)buffer[buffer_pos++];
}

static void get_line(int fd, char *line, size_t size)
{
	size_t len = 0;
	int c;

	while ((c = get_char(fd)) != '\n') {
		if (c != '\r' && len + 1 < size)
			line[len++] = c;
	}
	line[len] = '\0';
}

static void read_response(int fd, struct response *resp)
{
	char line[1024];

	resp->length = -1;
	get_line(fd, line, sizeof(line));
	if (sscanf(line, "HTTP/1.%*d %d", &resp->status) != 1)
		die(line, "not an HTTP/1.1 answer");
	do {
		get_line(fd, line, sizeof(line));
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			resp->length = strtol(line + 15, NULL, 10);
	} while (line[0] != '\0');
	if (resp->length < 0 || resp->length > 1 << 24)
		die("response", "no usable Content-Length");
	resp->body = malloc(resp->length + 1);
	if (!resp->body)
		die("malloc", strerror(errno));
	for (long i = 0; i < resp->length; i++)
		resp->body[i] = get_char(fd);
	resp->body[resp->length] = '\0';
}

/* Adler-32 */
static unsigned checksum(const char *data, long len)
{
	unsigned a = 1, b = 0;

	for (long i = 0; i < len; i++) {
		a = (a + (unsigned char)data[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static char *fetch(int fd, const struct url *url, const char *path)
{
	struct response resp;
	unsigned sum;

	send_request(fd, url, path);
	read_response(fd, &resp);
	sum = checksum(resp.body, resp.length);
	total_bytes += resp.length;
	total_sum = total_sum * 31 + sum;
	printf("%d %6ld %08x %s\n", resp.status, resp.length, sum, path);
	return resp.body;
}

static int find_links(const char *page, char *links[], int max)
{
	const char *p = page;
	int n = 0;

	while (n < max && (p = strstr(p, "href=\""))) {
		const char *end = strchr(p += 6, '"');

		if (!end)
			break;
		links[n++] = strndup(p, end - p);
	}
	return n;
}

int main(int argc, char **argv)
{
	struct url url;
	char *links[MAX_LINKS];
	char *page;
	int fd, n;

	if (argc != 2) {
		fprintf(stderr, "usage: fetch http://HOST:PORT/PATH\n");
		return 2;
	}
	parse_url(argv[1], &url);
	fd = connect_to(&url);
	page = fetch(fd, &url, url.path);
	n = find_links(page, links, MAX_LINKS);
	for (int i = 0; i < n; i++) {
		free(fetch(fd, &url, links[i]));
		free(links[i]);
	}
	free(page);
	close(fd);
	printf("%d resources, %ld bytes, %08x\n", requests, total_bytes, total_sum);
	return 0;
}
