seep_fuzz_target(etl SOURCES fuzz_etl.c ${CMAKE_SOURCE_DIR}/tests/unit/trace/committed.c LINK seep::trace)
target_include_directories(fuzz_etl PRIVATE ${CMAKE_SOURCE_DIR}/tests)
