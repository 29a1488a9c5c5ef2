# The ETL writer with all that makes whole traces (README-recorder.md), and make_trace, the program around it. Those who
# need the plain writer alone name etl_writer.c.
include_guard(GLOBAL)
add_library(standin_etl STATIC
  ${CMAKE_CURRENT_LIST_DIR}/etl_cast.c ${CMAKE_CURRENT_LIST_DIR}/etl_habits.c ${CMAKE_CURRENT_LIST_DIR}/etl_ledger.c ${CMAKE_CURRENT_LIST_DIR}/etl_records.c
  ${CMAKE_CURRENT_LIST_DIR}/etl_scenario.c ${CMAKE_CURRENT_LIST_DIR}/etl_stage.c ${CMAKE_CURRENT_LIST_DIR}/etl_writer.c
  ${CMAKE_CURRENT_LIST_DIR}/etl_xpress.c)
target_include_directories(standin_etl PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(standin_etl PRIVATE seep::flags)

add_executable(make_trace ${CMAKE_CURRENT_LIST_DIR}/make_trace.c)
target_link_libraries(make_trace PRIVATE standin_etl seep::flags)
set_target_properties(make_trace PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/standin)
