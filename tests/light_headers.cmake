# all.hpp reaches no standard header that takes a compiler long, beyond what <string> and its like reach themselves:
#     cmake -DCOMPILER=CXX -DROOT=DIR -DSCRATCH=DIR -P light_headers.cmake
cmake_minimum_required(VERSION 3.20)
set(heavy algorithm atomic chrono cmath filesystem fstream functional iostream iterator map memory numeric regex set
    sstream thread tuple unordered_map)

# The names of all files that TEXT includes, as a list.
function(reached_by text result)
    file(WRITE ${SCRATCH}/source.cpp "${text}")
    execute_process(COMMAND ${COMPILER} -std=c++20 -I${ROOT}/include -M ${SCRATCH}/source.cpp
        OUTPUT_VARIABLE rule COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "[^/ \n\\]+[ \n\\]" names "${rule}")
    list(TRANSFORM names STRIP)
    list(TRANSFORM names REPLACE "\\\\$" "")
    set(${result} "${names}" PARENT_SCOPE)
endfunction()

reached_by("#include <nib/all.hpp>\n" reached)
if(NOT "all.hpp" IN_LIST reached)
    message(FATAL_ERROR "the compiler's list of headers does not hold all.hpp: ${reached}")
endif()
reached_by("#include <algorithm>\n" known)
if(NOT "algorithm" IN_LIST known)
    message(FATAL_ERROR "the compiler's list of headers does not hold algorithm: ${known}")
endif()
reached_by("#include <charconv>\n#include <optional>\n#include <span>\n#include <string>\n#include <vector>\n" allowed)
set(problems "")
foreach(header IN LISTS heavy)
    if(header IN_LIST reached AND NOT header IN_LIST allowed)
        string(APPEND problems " <${header}>")
    endif()
endforeach()
if(problems)
    message(FATAL_ERROR "all.hpp reaches${problems}")
endif()
