# The house rules of the build, in one place: warnings, sanitizers, one static library per folder.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(concur_flags INTERFACE)
target_compile_definitions(concur_flags INTERFACE _GNU_SOURCE CONCUR_VERSION="${PROJECT_VERSION}")
target_include_directories(concur_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(concur_flags INTERFACE
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
	-Wno-missing-field-initializers
	-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=
	$<$<BOOL:${CONCUR_WERROR}>:-Werror>)
if(CONCUR_SANITIZE)
	target_compile_options(concur_flags INTERFACE -fsanitize=${CONCUR_SANITIZE}
		-fno-omit-frame-pointer -fno-sanitize-recover=undefined)
	target_link_options(concur_flags INTERFACE -fsanitize=${CONCUR_SANITIZE})
endif()
if(CONCUR_COVERAGE)
	target_compile_options(concur_flags INTERFACE --coverage)
	target_link_options(concur_flags INTERFACE --coverage)
endif()

# concur_library(NAME SOURCES a.c b.c [DEPENDS concur_base ...])
# One static library per folder; its headers are included as "folder/header.h".
function(concur_library name)
	cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
	add_library(${name} STATIC ${ARG_SOURCES})
	target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} PRIVATE concur_flags)
endfunction()

# concur_embed(TARGET FILE SYMBOL): the bytes of FILE, NUL-terminated, as SYMBOL and SYMBOL_size.
function(concur_embed target file symbol)
	set(out ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.S)
	get_filename_component(path ${file} ABSOLUTE)
	file(WRITE ${out}
		"\t.section .rodata\n\t.global ${symbol}\n\t.balign 16\n${symbol}:\n"
		"\t.incbin \"${path}\"\n1:\t.byte 0\n"
		"\t.global ${symbol}_size\n\t.balign 8\n${symbol}_size:\n\t.quad 1b - ${symbol}\n"
		"\t.section .note.GNU-stack,\"\",%progbits\n")
	set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS ${path})
	target_sources(${target} PRIVATE ${out})
endfunction()

# concur_csp_hash(VARIABLE FILE): the file as a source of a Content-Security-Policy, "sha256-" and its digest in base64.
function(concur_csp_hash variable file)
	set(letters ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
	get_filename_component(path ${file} ABSOLUTE)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
	file(SHA256 ${path} hex)
	set(hash sha256-)
	string(REGEX MATCHALL "......" groups "${hex}00") # 33 bytes, of which the last is padding
	foreach(group ${groups})
		foreach(shift 18 12 6 0)
			math(EXPR index "(0x${group} >> ${shift}) & 63")
			string(SUBSTRING ${letters} ${index} 1 letter)
			string(APPEND hash ${letter})
		endforeach()
	endforeach()
	string(REGEX REPLACE "A$" "=" hash ${hash})
	set(${variable} ${hash} PARENT_SCOPE)
endfunction()

# concur_test(NAME SOURCES a.c [DEPENDS concur_base ...] [TIMEOUT seconds])
# A cmocka program that ctest runs; the folder it tests is its label.
function(concur_test name)
	cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS" ${ARGN})
	if(NOT ARG_TIMEOUT)
		set(ARG_TIMEOUT 120)
	endif()
	add_executable(${name} ${ARG_SOURCES})
	target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} concur_flags cmocka)
	get_filename_component(label ${CMAKE_CURRENT_SOURCE_DIR} NAME)
	add_test(NAME ${name} COMMAND ${name})
	set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${ARG_TIMEOUT})
endfunction()
