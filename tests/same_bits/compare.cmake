# PORTABLE and NATIVE are the same program, built for any machine and for this one.
execute_process(COMMAND ${PORTABLE} OUTPUT_VARIABLE portable RESULT_VARIABLE portable_status)
execute_process(COMMAND ${NATIVE} OUTPUT_VARIABLE native RESULT_VARIABLE native_status)
if(NOT portable_status EQUAL 0 OR NOT native_status EQUAL 0 OR NOT portable STREQUAL native)
    message(FATAL_ERROR "expected the same bits, found ${portable} (any machine) and ${native} (this machine)")
endif()
message(STATUS "${portable}")
