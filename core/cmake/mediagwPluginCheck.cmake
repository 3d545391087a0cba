# SPDX-License-Identifier: Apache-2.0
# Run at the end of a plugin's build: MODULE exports mediagw_plugin and nothing else, and needs nothing of mediagw's.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${NM} -D --defined-only ${MODULE} OUTPUT_VARIABLE defined COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${NM} -D --undefined-only ${MODULE} OUTPUT_VARIABLE undefined COMMAND_ERROR_IS_FATAL ANY)

string(REGEX REPLACE "[^\n]* ([^ \n]+)\n" "\\1;" exports "${defined}")
list(REMOVE_ITEM exports "")
if(NOT "${exports}" STREQUAL "mediagw_plugin")
  message(FATAL_ERROR "${MODULE}: expected that it exports mediagw_plugin alone, got \"${exports}\"; "
    "MGW_REGISTER(&plugin) defines it")
endif()
if("${undefined}" MATCHES "(mgw_[a-z_]+|mediagw_plugin)")
  message(FATAL_ERROR "${MODULE}: needs ${CMAKE_MATCH_1}, which no plugin gets: what the host gives comes in struct "
    "mgw_host and struct mgw_call")
endif()
