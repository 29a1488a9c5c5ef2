# wpr.exe: the stand-in recorder (README-recorder.md), once per build of Windows that has a version of its own, and the
# tests that it keeps to what is known of the real one.
include_guard(GLOBAL)
if(NOT WIN32)
  return()
endif()
include(${CMAKE_CURRENT_LIST_DIR}/leaker.cmake)

set(wpr_folder ${CMAKE_CURRENT_LIST_DIR}/wpr)
add_library(standin_wpr_objects OBJECT
  ${wpr_folder}/main.c ${wpr_folder}/command_line.c ${wpr_folder}/file_facts.c ${wpr_folder}/heap_config.c
  ${wpr_folder}/identity.c ${wpr_folder}/knobs.c ${wpr_folder}/output.c ${wpr_folder}/profile.c
  ${wpr_folder}/raw_file.c ${wpr_folder}/recording.c ${wpr_folder}/session.c ${wpr_folder}/snapshot.c
  ${wpr_folder}/target.c ${wpr_folder}/verbs.c ${wpr_folder}/version.c ${CMAKE_CURRENT_LIST_DIR}/standin_files.c
  ${CMAKE_CURRENT_LIST_DIR}/etl_records.c ${CMAKE_CURRENT_LIST_DIR}/etl_writer.c)
target_include_directories(standin_wpr_objects PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(standin_wpr_objects PRIVATE seep::flags)

# The same program with another version resource; what it knows follows from that.
function(standin_wpr_program target output build)
  add_executable(${target} $<TARGET_OBJECTS:standin_wpr_objects> ${wpr_folder}/version.rc)
  target_compile_definitions(${target} PRIVATE WPR_BUILD=${build})
  target_link_libraries(${target} PRIVATE shell32 advapi32 version)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${output} LINKER_LANGUAGE C
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/standin)
endfunction()
standin_wpr_program(standin_wpr wpr 20348)
foreach(build 14393 17763 26100)
  standin_wpr_program(standin_wpr_${build} wpr-${build} ${build})
endforeach()

foreach(part recorder recorder_faults recorder_heap)
  seep_unit_test(standin_${part}
    SOURCES ${wpr_folder}/test_${part}.c ${wpr_folder}/recorder_bench.c ${CMAKE_CURRENT_LIST_DIR}/standin_files.c
      ${CMAKE_SOURCE_DIR}/tests/unit/trace/committed.c
    LINK seep::trace LABELS wine
    ARGS $<TARGET_FILE:standin_wpr> $<TARGET_FILE:leaker>)
  target_link_libraries(test_standin_${part} PRIVATE advapi32 version)
  add_dependencies(test_standin_${part} standin_wpr standin_wpr_14393 standin_wpr_17763 standin_wpr_26100 leaker)
endforeach()
