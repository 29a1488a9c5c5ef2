# leaker.exe: the process that leaks in end-to-end tests.
include_guard(GLOBAL)
if(NOT WIN32)
  return()
endif()
add_executable(leaker ${CMAKE_CURRENT_LIST_DIR}/leaker/leaker.c ${CMAKE_CURRENT_LIST_DIR}/leaker/nt_heap.c
  ${CMAKE_CURRENT_LIST_DIR}/leaker/version.rc ${CMAKE_CURRENT_LIST_DIR}/standin_files.c)
target_include_directories(leaker PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(leaker PRIVATE advapi32 seep::flags)
if(MINGW) # its debug directory names a PDB, as that of most programs on Windows does
  target_link_options(leaker PRIVATE LINKER:--pdb=${CMAKE_BINARY_DIR}/tests/standin/leaker.pdb)
endif()
set_target_properties(leaker PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/standin)
