# Every header is self-contained: with its bodies, or, where FLAGS is -DNIB_COMPILED, its declarations for a program that
# links the compiled library:
#     cmake -DCOMPILER=CXX -DROOT=DIR [-DFLAGS=-DNIB_COMPILED] -P self_contained.cmake
# With bodies only those that have some: for the others the declarations of what they include are enough.
cmake_minimum_required(VERSION 3.20)
file(GLOB_RECURSE headers RELATIVE ${ROOT}/include ${ROOT}/include/nib/*.hpp)
list(REMOVE_ITEM headers nib/compiled.hpp)
if(NOT headers)
    message(FATAL_ERROR "no headers in ${ROOT}/include")
endif()
set(problems "")
foreach(header IN LISTS headers)
    file(STRINGS ${ROOT}/include/${header} bodies REGEX "NIB_BODIES|NIB_COMPILED" LIMIT_COUNT 1)
    if(NOT bodies AND NOT FLAGS)
        continue()
    endif()
    execute_process(COMMAND ${COMPILER} -std=c++20 ${FLAGS} -I${ROOT}/include -include ${header} -fsyntax-only
        -x c++ /dev/null RESULT_VARIABLE result ERROR_VARIABLE messages)
    if(result)
        string(APPEND problems "\n${header}: ${messages}")
    endif()
endforeach()
if(problems)
    message(FATAL_ERROR "${problems}")
endif()
