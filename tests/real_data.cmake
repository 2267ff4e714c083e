# Says in CTest's list whether the tests on real data ran: without NIB_DATA they skip themselves.
if("$ENV{NIB_DATA}" STREQUAL "")
    message("skipped: tests on real data need NIB_DATA, the folder that holds mnist/, pendigits/ and torch/")
elseif(NOT EXISTS "$ENV{NIB_DATA}/mnist")
    message(FATAL_ERROR "NIB_DATA is $ENV{NIB_DATA}, and there is no mnist/ in it")
endif()
