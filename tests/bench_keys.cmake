# Runs a benchmark and fails when it does not print JSON objects with the members that
# scripts read. Says nothing about how fast anything is.
#   -DSAETOP=program -DARGS=a;b;c -DKEYS=x;y;z
execute_process(COMMAND ${SAETOP} bench ${ARGS} --json OUTPUT_VARIABLE out RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "saetop bench ${ARGS} --json: exit ${status}")
endif()
string(REGEX MATCHALL "{[^\n]*}" objects "${out}")
if(NOT objects)
  message(FATAL_ERROR "saetop bench ${ARGS} --json: no object in: ${out}")
endif()
foreach(key ${KEYS})
  string(FIND "${out}" "\"${key}\":" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "saetop bench ${ARGS} --json: no member ${key} in: ${out}")
  endif()
endforeach()
message("${out}")
