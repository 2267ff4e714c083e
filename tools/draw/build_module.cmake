# Compiles the drawing page's engine to WebAssembly.
#
#   include(build_module.cmake)                              a command of the build that makes the file ${NIB_WASM}
#   cmake -DOUTPUT=nib.wasm [-DDEPFILE=FILE] -P build_module.cmake    at once
#
# It needs Clang, its linker for WebAssembly, and a C and C++ library for wasm32-wasi, as Debian has them (packages,
# below); -DCOMPILER=clang++-14 chooses the compiler. The same compiler makes the same bytes, wherever the sources lie.
cmake_minimum_required(VERSION 3.20)
if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(NIB_WASM ${CMAKE_CURRENT_BINARY_DIR}/nib.wasm)
    add_custom_command(OUTPUT ${NIB_WASM}
        COMMAND ${CMAKE_COMMAND} -DOUTPUT=${NIB_WASM} -DDEPFILE=${NIB_WASM}.d -P ${CMAKE_CURRENT_LIST_FILE}
        DEPENDS ${CMAKE_CURRENT_LIST_DIR}/module.cpp ${CMAKE_CURRENT_LIST_FILE} DEPFILE ${NIB_WASM}.d
        COMMENT "Compiling nib to WebAssembly" VERBATIM)
    return()
endif()

set(packages "clang-14 lld-14 wasi-libc libc++-14-dev-wasm32 libc++abi-14-dev-wasm32 libclang-rt-14-dev-wasm32")
get_filename_component(root ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
set(here ${CMAKE_CURRENT_LIST_DIR})

if(NOT COMPILER)
    find_program(COMPILER NAMES clang++ clang++-14)
endif()
if(NOT COMPILER)
    message(FATAL_ERROR "nib.wasm: clang++ was not found (Debian: ${packages})")
endif()
# A library without threads and exceptions, and no system: only the page's fail() is called, and functions of WASI that
# the page answers with "not supported". Few bytes count for more than the last microsecond. The stack lies below all
# data, so that its end is noticed.
execute_process(COMMAND ${COMPILER} --target=wasm32-wasi -msimd128 -mnontrapping-fptoint -msign-ext -mexec-model=reactor
    -std=c++20 -Oz -flto -DNDEBUG -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-math-errno -fvisibility=hidden
    -ffile-prefix-map=${root}=. -Wall -Wextra -Wpedantic -Wconversion -Wshadow -I${root}/include ${here}/module.cpp
    -Wl,--strip-all,--gc-sections,--stack-first,-z,stack-size=1048576 -o ${OUTPUT}
    RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "nib.wasm: ${COMPILER} does not compile for wasm32-wasi (Debian: ${packages})")
endif()
if(DEPFILE)
    execute_process(COMMAND ${COMPILER} --target=wasm32-wasi -msimd128 -std=c++20 -DNDEBUG -fno-exceptions -fno-rtti
        -fno-threadsafe-statics -MM -MT ${OUTPUT} -MF ${DEPFILE} -I${root}/include ${here}/module.cpp
        COMMAND_ERROR_IS_FATAL ANY)
endif()
