#include "profiler/elf.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"

struct error *elf_open(const char *path, struct elf *ret)
{
	CLEANUP(cleanup_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p = NULL;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno("cannot open %s", path);
	if (st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			return error_errno("cannot read %s", path);
	}
	*ret = (struct elf){ p, (size_t)st.st_size };
	return NULL;
}

void elf_close(struct elf *elf)
{
	if (elf->bytes)
		munmap((void *)(size_t)elf->bytes, elf->size);
	*elf = (struct elf){ 0 };
}

const void *elf_at(const struct elf *elf, size_t offset, size_t n)
{
	if (offset > elf->size || n > elf->size - offset)
		return NULL;
	return elf->bytes + offset;
}

const Elf64_Ehdr *elf_header(const struct elf *elf)
{
	const Elf64_Ehdr *h = elf_at(elf, 0, sizeof(*h));

	if (!h || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 || h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64 ||
	    h->e_phentsize != sizeof(Elf64_Phdr) ||
	    !elf_at(elf, h->e_phoff, h->e_phnum * sizeof(Elf64_Phdr)) || h->e_phoff % 8)
		return NULL;
	return h;
}

const Elf64_Phdr *elf_segment(const struct elf *elf, unsigned type)
{
	const Elf64_Ehdr *h = elf_header(elf);
	const Elf64_Phdr *ph = h ? elf_at(elf, h->e_phoff, 0) : NULL;

	for (int i = 0; ph && i < h->e_phnum; i++) {
		if (ph[i].p_type == type)
			return &ph[i];
	}
	return NULL;
}

bool elf_dynamic(const struct elf *elf, long tag, size_t index, size_t *ret)
{
	const Elf64_Phdr *ph = elf_segment(elf, PT_DYNAMIC);
	const Elf64_Dyn *dyn = ph ? elf_at(elf, ph->p_offset, ph->p_filesz) : NULL;

	if (!dyn || ph->p_offset % 8)
		return false;
	for (size_t i = 0; i < ph->p_filesz / sizeof(*dyn) && dyn[i].d_tag != DT_NULL; i++) {
		if (dyn[i].d_tag == tag && index-- == 0) {
			*ret = dyn[i].d_un.d_val;
			return true;
		}
	}
	return false;
}

/* The bytes at an address of the loaded image. */
static const void *at_address(const struct elf *elf, size_t address, size_t n)
{
	const Elf64_Ehdr *h = elf_header(elf);
	const Elf64_Phdr *ph = h ? elf_at(elf, h->e_phoff, 0) : NULL;

	for (int i = 0; ph && i < h->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && address >= ph[i].p_vaddr &&
		    address - ph[i].p_vaddr < ph[i].p_filesz &&
		    n <= ph[i].p_filesz - (address - ph[i].p_vaddr))
			return elf_at(elf, ph[i].p_offset + (address - ph[i].p_vaddr), n);
	}
	return NULL;
}

static const char *terminated(const char *s, size_t n)
{
	return s && memchr(s, '\0', n) ? s : NULL;
}

const char *elf_needed(const struct elf *elf, size_t index)
{
	size_t table, size, at;
	const char *strings;

	if (!elf_dynamic(elf, DT_NEEDED, index, &at) || !elf_dynamic(elf, DT_STRTAB, 0, &table) ||
	    !elf_dynamic(elf, DT_STRSZ, 0, &size) || at >= size)
		return NULL;
	strings = at_address(elf, table, size);
	return strings ? terminated(strings + at, size - at) : NULL;
}

const char *elf_interpreter(const struct elf *elf)
{
	const Elf64_Phdr *ph = elf_segment(elf, PT_INTERP);

	return ph ? terminated(elf_at(elf, ph->p_offset, ph->p_filesz), ph->p_filesz) : NULL;
}
