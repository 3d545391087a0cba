# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts beside the modules (core/cmake/mediagw.cmake): the command, the library, the public headers,
# pkg-config files and a CMake package, the templates of `mediagw plugin new`. Everything is found relative to itself, so that a prefix may be moved.
include(CMakePackageConfigHelpers)

# The gateway refuses modules in folders that others may write, so no umask decides.
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE
  CACHE INTERNAL "")

# Only the functions of media.h leave the library.
target_link_options(libmediagw PRIVATE
  -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/mediagw.map)
set_target_properties(libmediagw PROPERTIES LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/mediagw.map)

install(TARGETS mediagw RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS mediagw-client mediagw-kit RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/mediagw)
install(TARGETS libmediagw EXPORT mediagwTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/mediagw DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES http/openapi.json DESTINATION ${CMAKE_INSTALL_DATADIR}/mediagw)
install(DIRECTORY templates DESTINATION ${CMAKE_INSTALL_DATADIR}/mediagw)

foreach(page mediagw.1 mediagw.conf.5 mediagw-plugin.3 mediagw-storage.3 mediagw-repository.3)
  cmake_path(GET page EXTENSION LAST_ONLY section)
  string(REPLACE . man section ${section})
  install(FILES doc/${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/${section})
endforeach()
install(FILES doc/driver-in-an-hour.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

# What a plugin needs: the headers.
add_library(mediagw_headers INTERFACE)
target_include_directories(mediagw_headers INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(mediagw_headers PROPERTIES EXPORT_NAME plugin)
install(TARGETS mediagw_headers EXPORT mediagwTargets)

set(MEDIAGW_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mediagw)
install(EXPORT mediagwTargets NAMESPACE mediagw:: DESTINATION ${MEDIAGW_PACKAGE_DIR})
configure_package_config_file(mediagwConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/mediagwConfig.cmake
  INSTALL_DESTINATION ${MEDIAGW_PACKAGE_DIR}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR MEDIAGW_PLUGIN_INSTALL_DIR MEDIAGW_DESCRIPTOR_INSTALL_DIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/mediagwConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mediagwConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/mediagwConfigVersion.cmake cmake/mediagwPlugin.cmake cmake/mediagwPlugin.map
  cmake/mediagwPluginCheck.cmake DESTINATION ${MEDIAGW_PACKAGE_DIR})

set(MEDIAGW_PC_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH MEDIAGW_PC_TO_PREFIX /prefix/${MEDIAGW_PC_DIR} /prefix)
foreach(pc mediagw mediagw-plugin)
  configure_file(${pc}.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${pc}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${pc}.pc DESTINATION ${MEDIAGW_PC_DIR})
endforeach()

# For systemd, which looks here under /usr and /usr/local. Its paths are absolute, so that the prefix has to be known, and that
# may be said as late as at the install.
install(CODE "
  set(CMAKE_INSTALL_FULL_BINDIR \"${CMAKE_INSTALL_BINDIR}\")
  if(NOT IS_ABSOLUTE \"\${CMAKE_INSTALL_FULL_BINDIR}\")
    set(CMAKE_INSTALL_FULL_BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  endif()
  configure_file(\"${CMAKE_CURRENT_SOURCE_DIR}/mediagw.service.in\" \"${CMAKE_CURRENT_BINARY_DIR}/mediagw.service\" @ONLY)")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mediagw.service DESTINATION lib/systemd/system)
