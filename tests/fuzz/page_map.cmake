seep_fuzz_target(page_map
  SOURCES fuzz_page_map.c ${CMAKE_SOURCE_DIR}/tests/unit/trace/page_model.c
  LINK seep::trace)
