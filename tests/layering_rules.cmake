# Breaks each rule of layering.cmake in a small tree of headers and expects to be told:
#     cmake -DSCRATCH=DIR -P layering_rules.cmake
cmake_minimum_required(VERSION 3.20)

set(good_header "// What it is.\n#pragma once\n#include <nib/core/config.hpp>\n#include <vector>\n")

function(write_tree)
    file(REMOVE_RECURSE ${SCRATCH})
    file(WRITE ${SCRATCH}/include/nib/core/config.hpp "// What it is.\n#pragma once\n")
    file(WRITE ${SCRATCH}/include/nib/io/file.hpp "${good_header}")
    file(WRITE ${SCRATCH}/include/nib/train/fit.hpp "${good_header}#include <nib/io/file.hpp>\n")
    file(WRITE ${SCRATCH}/include/nib/compiled.hpp "// The compiled library.\n#pragma once\n#include <nib/all.hpp>\n")
    file(WRITE ${SCRATCH}/include/nib/compiled_templates.hpp "// Its templates.\n#pragma once\n")
    file(WRITE ${SCRATCH}/include/nib/nib.hpp "// Most of it.\n#pragma once\n")
    file(WRITE ${SCRATCH}/include/nib/ink.hpp "// Ink.\n#pragma once\n")
    file(WRITE ${SCRATCH}/include/nib/all.hpp
        "// Everything.\n#pragma once\n#include <nib/core/config.hpp>\n#include <nib/io/file.hpp>\n#include <nib/train/fit.hpp>\n")
    foreach(name core/config io/file train/fit)
        file(WRITE ${SCRATCH}/tests/${name}_test.cpp "#include <nib/${name}.hpp>\n\n#include \"../support.hpp\"\n")
    endforeach()
endfunction()

# Replaces FILE by CONTENT in a good tree; the check must then fail and say MESSAGE.
function(expect_problem file content message)
    write_tree()
    file(WRITE ${SCRATCH}/${file} "${content}")
    check_tree(status output)
    if(status EQUAL 0 OR NOT output MATCHES "${message}")
        message(FATAL_ERROR "${file}: expected '${message}', found status ${status} and\n${output}")
    endif()
endfunction()

function(check_tree status output)
    execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${SCRATCH} -P ${CMAKE_CURRENT_LIST_DIR}/layering.cmake
        RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
    set(${status} ${result} PARENT_SCOPE)
    set(${output} "${text}" PARENT_SCOPE)
endfunction()

write_tree()
check_tree(status output)
if(NOT status EQUAL 0 OR NOT output MATCHES "3 headers keep the layering")
    message(FATAL_ERROR "a good tree is refused:\n${output}")
endif()

expect_problem(include/nib/io/file.hpp "${good_header}#include <nib/train/fit.hpp>\n" "io includes nib/train/fit.hpp")
expect_problem(include/nib/io/file.hpp "${good_header}#  include \"nib/train/fit.hpp\"\n" "from a folder above it")
expect_problem(include/nib/io/file.hpp "${good_header}#include <nib/nib.hpp>\n" "includes nib/nib.hpp, expected")
expect_problem(include/nib/io/file.hpp "${good_header}#include \"../core/config.hpp\"\n" "expected nib/FOLDER/NAME.hpp")
expect_problem(include/nib/io/file.hpp "#pragma once\n" "io/file.hpp: does not open with a comment")
expect_problem(include/nib/io/file.hpp "// What it is.\n" "io/file.hpp: has no #pragma once")
expect_problem(include/nib/cellar/wine.hpp "${good_header}" "cellar/wine.hpp: expected one of the folders")
expect_problem(include/nib/io/new.hpp "${good_header}" "io/new.hpp: has no test tests/io/new_test.cpp")
expect_problem(include/nib/nib.hpp "#pragma once\n" "nib/nib.hpp: does not open with a comment")
expect_problem(include/nib/all.hpp "#include <nib/core/config.hpp>\n" "all.hpp: does not include nib/train/fit.hpp")
expect_problem(include/nib/io/detail/zip.hpp "${good_header}" "io/detail/zip.hpp: no header includes it")
expect_problem(include/nib/nib.hpp "// Most of it.\n#pragma once\n#include <nib/io/detail/zip.hpp>\n"
    "include/nib/nib.hpp: includes nib/io/detail/zip.hpp, which is nib's own")
expect_problem(examples/train.cpp "#include <nib/io/detail/zip.hpp>\n" "examples/train.cpp: includes nib/io/detail/zip.hpp")
expect_problem(tests/io/file_test.cpp "#include \"../support.hpp\"\n#include <nib/io/file.hpp>\n"
    "tests/io/file_test.cpp: includes ../support.hpp first")
expect_problem(include/nib/kernels/product.hpp "${good_header}struct ReLU;\n" "kernels/product.hpp: names a layer or an")
expect_problem(include/nib/io/file.hpp "${good_header}NIB_API void f();\n#if NIB_BODIES\n#endif\n"
    "io/file.hpp: has NIB_API above NIB_BODIES")
expect_problem(include/nib/io/detail/zip.hpp "${good_header}#if NIB_BODIES\n#endif\n"
    "io/detail/zip.hpp: has NIB_BODIES, though bodies alone include it")
expect_problem(include/nib/io/file.hpp "${good_header}extern template class Reader<float>;\n"
    "io/file.hpp: has `extern template`")

# A class with what the compiled library may keep to itself: a private function, a helper of the name of another function.
string(CONCAT class
    "class Reader {\npublic:\n    Reader(const int& x);\n    void read(int a);\n    int size() { return 1; }\n\n"
    "private:\n    void skip();\n};\n#if NIB_BODIES\ninline void Reader::skip() {}\ninline void read(const char* text) {}\n")
function(expect_accepted file content)
    write_tree()
    file(WRITE ${SCRATCH}/${file} "${content}")
    check_tree(status output)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "${file}: a good one is refused:\n${output}")
    endif()
endfunction()
expect_accepted(include/nib/io/file.hpp "${good_header}${class}NIB_API void Reader::read(int a) {}\n#endif\n")
expect_problem(include/nib/io/file.hpp "${good_header}${class}inline void Reader::read(int a) {}\n#endif\n"
    "io/file.hpp: read is declared or called above NIB_BODIES and `inline` below")
expect_problem(include/nib/io/file.hpp "${good_header}${class}inline Reader::Reader(\n    const int& x) {}\n#endif\n"
    "io/file.hpp: Reader is declared")
string(REPLACE "return 1;" "skip(); return 1;" calling "${class}")
expect_problem(include/nib/io/file.hpp "${good_header}${calling}#endif\n" "io/file.hpp: skip is declared or called")
expect_problem(include/nib/io/file.hpp
    "${good_header}[[nodiscard]] int f();\n#if NIB_BODIES\n[[gnu::cold]] inline int f() { return 1; }\n#endif\n"
    "io/file.hpp: f is declared")
file(REMOVE_RECURSE ${SCRATCH})
