# SPDX-License-Identifier: Apache-2.0
# For those who write plugins; find_package(mediagw) brings it.
#
# mediagw_add_plugin(NAME SOURCES file... [DESCRIPTOR file] [LIBS library...])
#   The module NAME.so (target plugin_NAME) and its descriptor, by default NAME.json. The module sees the public headers,
#   links nothing of mediagw's and exports mediagw_plugin alone, which the build checks. Both lie in the build tree as they
#   are installed: plugins/NAME.so, plugins.d/NAME.json. The gateway refuses what others than its owner may write.
#
# mediagw_plugin_test(NAME [CONFIG file] [OPTIONS word...] [key=value...])
#   The test NAME_conformance: `mediagw plugin test` on the module, with its config keys.

set(MEDIAGW_PLUGIN_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

function(mediagw_add_plugin name)
  cmake_parse_arguments(arg "" "DESCRIPTOR" "SOURCES;LIBS" ${ARGN})
  string(LENGTH "${name}" length)
  if(NOT name MATCHES "^[a-z][a-z0-9_-]*$" OR length GREATER 32)
    message(FATAL_ERROR "mediagw_add_plugin: the name \"${name}\": expected [a-z][a-z0-9_-]{0,31}")
  endif()
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mediagw_add_plugin(${name}): expected SOURCES file... [DESCRIPTOR file] [LIBS library...], "
      "got ${ARGN}")
  endif()
  if(NOT arg_DESCRIPTOR)
    set(arg_DESCRIPTOR ${name}.json)
  endif()
  cmake_path(ABSOLUTE_PATH arg_DESCRIPTOR)
  if(NOT EXISTS ${arg_DESCRIPTOR})
    message(FATAL_ERROR "mediagw_add_plugin(${name}): ${arg_DESCRIPTOR}: there is no such descriptor; it holds "
      "{\"name\": \"${name}\", \"kind\": \"storage\", \"module\": \"../plugins/${name}.so\"}")
  endif()

  set(modules ${CMAKE_CURRENT_BINARY_DIR}/plugins)
  set(descriptors ${CMAKE_CURRENT_BINARY_DIR}/plugins.d)
  set(map ${MEDIAGW_PLUGIN_CMAKE_DIR}/mediagwPlugin.map)
  add_library(plugin_${name} MODULE ${arg_SOURCES})
  target_link_libraries(plugin_${name} PRIVATE mediagw::plugin ${arg_LIBS})
  target_link_options(plugin_${name} PRIVATE LINKER:--version-script=${map})
  set_target_properties(plugin_${name} PROPERTIES PREFIX "" SUFFIX .so OUTPUT_NAME ${name} POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS ${map}
    LIBRARY_OUTPUT_DIRECTORY $<1:${modules}>)
  configure_file(${arg_DESCRIPTOR} ${descriptors}/${name}.json COPYONLY)
  add_custom_command(TARGET plugin_${name} POST_BUILD VERBATIM
    COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DMODULE=$<TARGET_FILE:plugin_${name}>
            -P ${MEDIAGW_PLUGIN_CMAKE_DIR}/mediagwPluginCheck.cmake
    COMMAND chmod go-w $<TARGET_FILE:plugin_${name}> ${modules} ${descriptors} ${descriptors}/${name}.json)

  if(NOT DEFINED CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS) # no umask decides
    set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
      WORLD_READ WORLD_EXECUTE CACHE INTERNAL "")
  endif()
  install(TARGETS plugin_${name} LIBRARY DESTINATION ${mediagw_PLUGIN_INSTALL_DIR})
  install(FILES ${arg_DESCRIPTOR} DESTINATION ${mediagw_DESCRIPTOR_INSTALL_DIR} RENAME ${name}.json)
endfunction()

function(mediagw_plugin_test name)
  cmake_parse_arguments(arg "" "CONFIG" "OPTIONS" ${ARGN})
  set(config)
  if(arg_CONFIG)
    cmake_path(ABSOLUTE_PATH arg_CONFIG)
    set(config --config ${arg_CONFIG})
  endif()
  add_test(NAME ${name}_conformance COMMAND ${mediagw_EXECUTABLE} plugin test $<TARGET_FILE:plugin_${name}>
    ${config} ${arg_OPTIONS} ${arg_UNPARSED_ARGUMENTS})
endfunction()
