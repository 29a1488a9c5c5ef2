# The stand-in event log: wevtapi.dll for a Wine prefix, and evtinject.exe to write events into it.
include_guard(GLOBAL)
if(NOT WIN32)
  return()
endif()

set(wevtapi_folder ${CMAKE_CURRENT_LIST_DIR}/wevtapi)
add_library(standin_wevtapi MODULE
  ${wevtapi_folder}/courtesy.c ${wevtapi_folder}/folder.c ${wevtapi_folder}/handles.c ${wevtapi_folder}/query.c
  ${wevtapi_folder}/records.c ${wevtapi_folder}/subscription.c ${wevtapi_folder}/wevtapi.c ${wevtapi_folder}/wevtapi.def)
target_link_libraries(standin_wevtapi PRIVATE seep::flags)
set_target_properties(standin_wevtapi PROPERTIES OUTPUT_NAME wevtapi PREFIX ""
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/standin/wevtapi)

add_executable(evtinject ${wevtapi_folder}/evtinject.c ${wevtapi_folder}/folder.c ${wevtapi_folder}/records.c)
target_link_libraries(evtinject PRIVATE seep::flags shell32)
set_target_properties(evtinject PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/standin/wevtapi)
