# The layering of the headers and their form, checked on the sources:  cmake -DROOT=DIR -P layering.cmake
#
#   includes point one way only: a folder includes itself and the folders before it in the list below
#   a header opens with a comment and is guarded by #pragma once
#   a header FOLDER/NAME.hpp has a test FOLDER/NAME_test.cpp that includes it first, unless it is a plain struct
#   all.hpp includes every header that users include, and reaches those of the detail/ folders through them; neither it,
#   nib.hpp and ink.hpp nor an example includes one of these itself
#   what runs networks names no layer and no activation in its code
cmake_minimum_required(VERSION 3.20)
set(folders core kernels io data ink layers model loss optim train)
# Structs without behaviour.
set(plain_headers core/image.hpp ink/stroke.hpp model/int8_dense.hpp)

set(problems "")
macro(problem)
    string(APPEND problems "\n  ${ARGN}")
endmacro()

# The lines of FILE that hold an include, as a list of what they include.
function(read_includes file result)
    file(STRINGS ${file} lines REGEX "^[ \t]*#[ \t]*include")
    list(TRANSFORM lines REPLACE "^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]*)[>\"].*$" "\\1")
    set(${result} "${lines}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE headers RELATIVE ${ROOT}/include/nib ${ROOT}/include/nib/*.hpp)
list(SORT headers)
# They include everything, and stand above all folders.
list(REMOVE_ITEM headers nib.hpp ink.hpp all.hpp compiled.hpp detail/templates.hpp)
if(NOT headers)
    message(FATAL_ERROR "no headers in ${ROOT}/include/nib")
endif()
read_includes(${ROOT}/include/nib/all.hpp everything)

foreach(header IN LISTS headers)
    string(REGEX MATCH "^[^/]*" folder ${header})
    list(FIND folders "${folder}" rank)
    if(rank EQUAL -1)
        problem("include/nib/${header}: expected one of the folders ${folders}")
    endif()

    read_includes(${ROOT}/include/nib/${header} includes)
    foreach(included IN LISTS includes)
        if(NOT included MATCHES "^nib/([^/]+)/")
            if(included MATCHES "^nib/|\\.hpp$")
                problem("include/nib/${header}: includes ${included}, expected nib/FOLDER/NAME.hpp")
            endif()
            continue()
        endif()
        list(FIND folders "${CMAKE_MATCH_1}" included_rank)
        if(included_rank GREATER rank)
            problem("include/nib/${header}: ${folder} includes ${included}, from a folder above it")
        endif()
    endforeach()

    if(NOT "nib/${header}" IN_LIST everything AND NOT header MATCHES "/detail/")
        problem("include/nib/all.hpp: does not include nib/${header}")
    endif()
    list(APPEND included_somewhere ${includes})

    if(header IN_LIST plain_headers)
        continue()
    endif()
    string(REGEX REPLACE "\\.hpp$" "_test.cpp" test ${header})
    if(NOT EXISTS ${ROOT}/tests/${test})
        problem("include/nib/${header}: has no test tests/${test}")
        continue()
    endif()
    read_includes(${ROOT}/tests/${test} test_includes)
    list(GET test_includes 0 first)
    if(NOT first STREQUAL "nib/${header}")
        problem("tests/${test}: includes ${first} first, expected nib/${header}")
    endif()
endforeach()

foreach(header IN LISTS headers)
    if(header MATCHES "/detail/" AND NOT "nib/${header}" IN_LIST included_somewhere)
        problem("include/nib/${header}: no header includes it")
    endif()
endforeach()

file(GLOB_RECURSE faces RELATIVE ${ROOT} ${ROOT}/examples/*.?pp)
foreach(file IN LISTS faces ITEMS include/nib/nib.hpp include/nib/ink.hpp include/nib/all.hpp)
    if(NOT EXISTS ${ROOT}/${file})
        continue()
    endif()
    read_includes(${ROOT}/${file} includes)
    list(FILTER includes INCLUDE REGEX "^nib/.*/detail/")
    if(includes)
        problem("${file}: includes ${includes}, which is nib's own")
    endif()
endforeach()

# What runs networks, whatever their layers are.
set(layer_names
    "ReLU|Relu|relu|ELU|GELU|SiLU|Tanh|Sigmoid|Swish|Softplus|Softmax|softmax|Dense|dense_|Dropout|dropout|BatchNorm"
    "LayerNorm|Standardize|Residual")
string(REPLACE ";" "|" layer_names "${layer_names}")
foreach(header IN LISTS headers)
    if(NOT header MATCHES "^kernels/|^model/(detail/)?(engine|gradient|layer_info|network|sequential|step|workspace)\\.hpp$")
        continue()
    endif()
    file(STRINGS ${ROOT}/include/nib/${header} lines)
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "//.*$" "" code "${line}")
        if(code MATCHES "${layer_names}")
            problem("include/nib/${header}: names a layer or an activation: ${CMAKE_MATCH_0}")
        endif()
    endforeach()
endforeach()

foreach(header IN LISTS headers ITEMS nib.hpp ink.hpp all.hpp compiled.hpp detail/templates.hpp)
    file(READ ${ROOT}/include/nib/${header} text)
    if(NOT text MATCHES "^// ")
        problem("include/nib/${header}: does not open with a comment")
    endif()
    if(NOT text MATCHES "\n#pragma once\n")
        problem("include/nib/${header}: has no #pragma once")
    endif()
endforeach()

if(problems)
    message(FATAL_ERROR "${problems}")
endif()
list(LENGTH headers count)
message("${count} headers keep the layering")
