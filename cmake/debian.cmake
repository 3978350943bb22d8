# cpack runs this on what it staged: the policy wants manual pages and changelogs compressed, with no time in them.
file(GLOB pages ${CPACK_TEMPORARY_DIRECTORY}/usr/share/man/man*/*[0-9] ${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/concur/changelog)
execute_process(COMMAND gzip -9nf ${pages} COMMAND_ERROR_IS_FATAL ANY)
