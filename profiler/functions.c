#include "profiler/functions.h"

#include <dwarf.h>
#include <gelf.h>
#include <stddef.h>
#include <string.h>

/* What every linker writes: a count of 4 bytes, and pairs of 4 bytes relative to the table. */
struct table_header {
	uint8_t version, frame_pointer_encoding, count_encoding, table_encoding;
	int32_t frame_pointer;
	uint32_t count;
};

struct table_entry {
	int32_t start, description;
};

static bool find_table(Elf *elf, GElf_Phdr *ret)
{
	size_t n = 0;

	elf_getphdrnum(elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (gelf_getphdr(elf, (int)i, ret) && ret->p_type == PT_GNU_EH_FRAME)
			return true;
	}
	return false;
}

bool function_start(Elf *elf, uint64_t address, uint64_t *ret)
{
	const uint8_t relative = DW_EH_PE_datarel | DW_EH_PE_sdata4;
	struct table_header header;
	struct table_entry entry;
	size_t size = 0, low = 0, high;
	const char *bytes = elf_rawfile(elf, &size);
	GElf_Phdr table;

	if (!bytes || !find_table(elf, &table) || table.p_offset > size ||
	    size - table.p_offset < sizeof(header))
		return false;
	bytes += table.p_offset;
	size -= table.p_offset;
	memcpy(&header, bytes, sizeof(header));
	if (header.version != 1 || header.count_encoding != DW_EH_PE_udata4 ||
	    header.table_encoding != relative ||
	    header.count > (size - sizeof(header)) / sizeof(entry))
		return false;
	for (high = header.count; low < high;) { /* the first one that begins behind it */
		size_t middle = low + (high - low) / 2;

		memcpy(&entry, bytes + sizeof(header) + middle * sizeof(entry), sizeof(entry));
		if (table.p_vaddr + (uint64_t)(int64_t)entry.start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	memcpy(&entry, bytes + sizeof(header) + (low - 1) * sizeof(entry), sizeof(entry));
	*ret = table.p_vaddr + (uint64_t)(int64_t)entry.start;
	return true;
}
