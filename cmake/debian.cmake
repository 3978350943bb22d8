# cpack runs this on what it staged, to make of the documents what Debian's policy asks for.
set(doc ${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/concur)

# Its own changelog is about the package; what changed for users is CHANGELOG.md. The time is SOURCE_DATE_EPOCH's, if set.
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${doc}/changelog "concur (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * What is new is in CHANGELOG.md.gz.

 -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${now}
")

# The Apache License is on every Debian; a package refers to it.
file(READ ${doc}/copyright copyright)
string(REGEX REPLACE "Apache License\n +Version 2.0, January 2004\n.*\n   limitations under the License[.]\n"
	"Apache License, Version 2.0: /usr/share/common-licenses/Apache-2.0\n" copyright "${copyright}")
string(REPLACE "see LICENSE beside this file, and /usr/share/common-licenses/Apache-2.0 on Debian"
	"see /usr/share/common-licenses/Apache-2.0" copyright "${copyright}")
file(WRITE ${doc}/copyright "${copyright}")
file(REMOVE ${doc}/LICENSE)

# Compressed, and with no time inside.
file(GLOB pages ${CPACK_TEMPORARY_DIRECTORY}/usr/share/man/man*/*[0-9] ${doc}/changelog ${doc}/CHANGELOG.md)
execute_process(COMMAND gzip -9nf ${pages} COMMAND_ERROR_IS_FATAL ANY)
