# wpr.exe: the stand-in recorder (README-recorder.md), and the test that it keeps to what is known of the real one.
include_guard(GLOBAL)
if(NOT WIN32)
  return()
endif()
include(${CMAKE_CURRENT_LIST_DIR}/leaker.cmake)

set(wpr_folder ${CMAKE_CURRENT_LIST_DIR}/wpr)
add_executable(standin_wpr
  ${wpr_folder}/main.c ${wpr_folder}/command_line.c ${wpr_folder}/heap_config.c ${wpr_folder}/knobs.c
  ${wpr_folder}/output.c ${wpr_folder}/profile.c ${wpr_folder}/recording.c ${wpr_folder}/session.c
  ${wpr_folder}/target.c ${wpr_folder}/verbs.c ${CMAKE_CURRENT_LIST_DIR}/standin_files.c
  ${CMAKE_CURRENT_LIST_DIR}/etl_writer.c)
target_include_directories(standin_wpr PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(standin_wpr PRIVATE shell32 advapi32 seep::flags)
set_target_properties(standin_wpr PROPERTIES OUTPUT_NAME wpr
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/standin)

seep_unit_test(standin_recorder SOURCES ${wpr_folder}/test_recorder.c ${CMAKE_CURRENT_LIST_DIR}/standin_files.c
  LINK seep::trace LABELS wine
  ARGS $<TARGET_FILE:standin_wpr> $<TARGET_FILE:leaker>)
target_link_libraries(test_standin_recorder PRIVATE advapi32)
add_dependencies(test_standin_recorder standin_wpr leaker)
