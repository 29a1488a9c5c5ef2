# Has promtool read the files that test_report_metrics has left in FOLDER: cmake -DFOLDER=... -P promtool.cmake
# A file with a fault is given to it first, so that a promtool which takes anything is no proof.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND sh ${CMAKE_CURRENT_LIST_DIR}/../../../config/build/promtool
  RESULT_VARIABLE code OUTPUT_VARIABLE PROMTOOL ERROR_VARIABLE why OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT code EQUAL 0)
  message("SKIPPED: ${why}")
  return()
endif()

function(check file result)
  execute_process(COMMAND ${PROMTOOL} check metrics INPUT_FILE ${file}
    RESULT_VARIABLE code OUTPUT_VARIABLE said ERROR_VARIABLE said)
  set(${result} "${code}" PARENT_SCOPE)
  set(said "${said}" PARENT_SCOPE)
endfunction()

set(bad ${FOLDER}/report_metrics_bad.txt)
file(WRITE ${bad} "# TYPE seepwatch_bad gauge\nseepwatch_bad{image=\"a\"b\"} 1\n")
check(${bad} code)
file(REMOVE ${bad})
if(code EQUAL 0)
  message(FATAL_ERROR "promtool takes a label that has no end: ${said}")
endif()

file(GLOB files ${FOLDER}/report_metrics-*.prom)
list(LENGTH files count)
if(count LESS 10)
  message(FATAL_ERROR "${count} files in ${FOLDER}: has test_report_metrics run?")
endif()
foreach(file IN LISTS files)
  check(${file} code)
  if(NOT code EQUAL 0 OR NOT said STREQUAL "")
    message(FATAL_ERROR "${file}: promtool ends with ${code}: ${said}")
  endif()
endforeach()
message("promtool has no complaint about ${count} files")
