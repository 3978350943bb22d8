# cpack reads this first. Who builds a package answers for it, as with Debian's own tools; without DEBEMAIL it names nobody's mailbox.
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "concur contributors <concur@packages.invalid>")
if(NOT "$ENV{DEBEMAIL}" STREQUAL "")
	set(CPACK_DEBIAN_PACKAGE_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
