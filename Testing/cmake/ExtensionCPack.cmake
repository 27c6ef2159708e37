# Install the whole staged folder, as CTK's script macro does, and pack it.
install(DIRECTORY ${scripted_modules_dir}/ DESTINATION ${Slicer_QTSCRIPTEDMODULES_LIB_DIR})
set(CPACK_GENERATOR TGZ)
set(CPACK_PACKAGE_FILE_NAME ${EXTENSION_NAME}-Slicer-${Slicer_VERSION})
include(CPack)
