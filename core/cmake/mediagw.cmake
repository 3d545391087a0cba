# SPDX-License-Identifier: Apache-2.0
# Flags and helpers that every room uses.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow
  $<$<COMPILE_LANGUAGE:C>:-Wconversion> $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
  $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
  -fstack-protector-strong -fno-omit-frame-pointer)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wno-gnu-zero-variadic-macro-arguments)
endif()
if(MEDIAGW_WERROR)
  add_compile_options(-Werror)
endif()
if(MEDIAGW_SANITIZE)
  add_compile_options(-fsanitize=${MEDIAGW_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MEDIAGW_SANITIZE})
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
  add_compile_options(-D_FORTIFY_SOURCE=2)
endif()
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,--as-needed)

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
foreach(library jansson openssl libmicrohttpd sqlite3 cjose)
  string(TOUPPER ${library} name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${library})
endforeach()

pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq>=14)

set(MEDIAGW_PLUGIN_INSTALL_DIR ${CMAKE_INSTALL_LIBDIR}/mediagw/plugins)
set(MEDIAGW_DESCRIPTOR_INSTALL_DIR ${CMAKE_INSTALL_LIBDIR}/mediagw/plugins.d)
# The build tree is laid out like the installed one, so that a program finds its modules the same way in both.
set(MEDIAGW_BUILD_LIBDIR ${CMAKE_BINARY_DIR}/${CMAKE_INSTALL_LIBDIR})
set(MEDIAGW_BUILD_BINDIR ${CMAKE_BINARY_DIR}/${CMAKE_INSTALL_BINDIR})

# mediagw_plugin(NAME SOURCES... [LIBS...]): a module lib<NAME>… that sees the public headers alone and exports one symbol,
# and its descriptor plugins.d/NAME.json. TEST_ONLY: built, not installed, no descriptor copied.
function(mediagw_plugin name)
  cmake_parse_arguments(arg "TEST_ONLY" "" "SOURCES;LIBS" ${ARGN})
  add_library(plugin_${name} MODULE ${arg_SOURCES})
  set_target_properties(plugin_${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name})
  target_include_directories(plugin_${name} PRIVATE ${CMAKE_SOURCE_DIR}/core/include)
  target_link_libraries(plugin_${name} PRIVATE ${arg_LIBS} Threads::Threads)
  if(arg_TEST_ONLY)
    set_target_properties(plugin_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/plugins)
    add_custom_command(TARGET plugin_${name} POST_BUILD VERBATIM
      COMMAND chmod go-w $<TARGET_FILE:plugin_${name}> $<TARGET_FILE_DIR:plugin_${name}>)
  else()
    set_target_properties(plugin_${name} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${MEDIAGW_BUILD_LIBDIR}/mediagw/plugins)
    set(descriptor ${MEDIAGW_BUILD_LIBDIR}/mediagw/plugins.d/${name}.json)
    configure_file(${CMAKE_SOURCE_DIR}/plugins.d/${name}.json ${descriptor} COPYONLY
      FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    # The gateway refuses modules that others may write; under umask 002 the linker makes such.
    add_custom_command(TARGET plugin_${name} POST_BUILD VERBATIM
      COMMAND chmod go-w $<TARGET_FILE:plugin_${name}> $<TARGET_FILE_DIR:plugin_${name}>
              ${descriptor} ${MEDIAGW_BUILD_LIBDIR}/mediagw/plugins.d)
    install(TARGETS plugin_${name} LIBRARY DESTINATION ${MEDIAGW_PLUGIN_INSTALL_DIR})
    install(FILES ${CMAKE_SOURCE_DIR}/plugins.d/${name}.json DESTINATION ${MEDIAGW_DESCRIPTOR_INSTALL_DIR})
  endif()
endfunction()

# The same for a filter, with what filters share compiled in.
function(mediagw_filter name)
  mediagw_plugin(${name} ${ARGN})
  set(common ${CMAKE_SOURCE_DIR}/drivers/filters/common)
  target_sources(plugin_${name} PRIVATE ${common}/pass.c ${common}/layers.c)
  target_include_directories(plugin_${name} PRIVATE ${CMAKE_SOURCE_DIR})
  if(NOT "TEST_ONLY" IN_LIST ARGN)
    set_property(GLOBAL APPEND PROPERTY MEDIAGW_FILTERS ${name})
  endif()
endfunction()
