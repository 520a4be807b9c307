# Fails when the key table of ui/README.md is not what `saetop keys` prints.
execute_process(COMMAND ${SAETOP} keys --built-in OUTPUT_VARIABLE keys RESULT_VARIABLE status)
file(READ ${ROOT}/ui/README.md readme)
string(FIND "${readme}" "${keys}" at)
if(NOT status EQUAL 0 OR at EQUAL -1)
  message(FATAL_ERROR "ui/README.md: the key table is old; put the output of `saetop keys` there")
endif()
