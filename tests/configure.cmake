# What configuring says where something is missing, that the preset `examples` needs no more than the examples do,
# and what the drawing page needs:
#     cmake -DROOT=DIR -DSCRATCH=DIR -DGENERATOR=NAME -DCOMPILER=CXX -P configure.cmake
cmake_minimum_required(VERSION 3.25)

# Configures nib with the arguments; expects it to fail and say MESSAGE, or where that is empty to succeed.
function(expect message)
    file(REMOVE_RECURSE ${SCRATCH})
    execute_process(COMMAND ${ARGN} -S ${ROOT} -B ${SCRATCH} WORKING_DIRECTORY ${ROOT}
        RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
    string(REGEX REPLACE "[ \n]+" " " output "${output}")
    if(message STREQUAL "" AND NOT status EQUAL 0)
        message(FATAL_ERROR "${ARGN}: expected success, found status ${status} and\n${output}")
    elseif(NOT message STREQUAL "" AND (status EQUAL 0 OR NOT output MATCHES "${message}"))
        message(FATAL_ERROR "${ARGN}: expected '${message}', found status ${status} and\n${output}")
    endif()
endfunction()

set(cmake ${CMAKE_COMMAND} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER})
expect("Ninja was not found, which the presets use; tools/setup.sh installs it"
    ${CMAKE_COMMAND} -E env PATH=${SCRATCH} ${CMAKE_COMMAND} -G Ninja)
expect("doctest was not found; tools/setup.sh installs it" ${cmake} -DCMAKE_DISABLE_FIND_PACKAGE_doctest=ON)
expect("stb_image_write.h was not found; tools/setup.sh installs it" ${cmake} -DNIB_STB_INCLUDE_DIR=OFF)
expect("" ${cmake} --preset examples -DCMAKE_DISABLE_FIND_PACKAGE_doctest=ON)
foreach(folder IN ITEMS tests tools)
    if(EXISTS ${SCRATCH}/${folder})
        message(FATAL_ERROR "the preset examples was expected to leave ${folder} out")
    endif()
endforeach()
expect("the drawing page needs the example programs" ${cmake} --preset web -DNIB_BUILD_EXAMPLES=OFF)
expect("NIB_WEB_MODEL: there is no file .*/missing.safetensors" ${cmake} --preset web -DNIB_WEB_MODEL=missing.safetensors)
expect("a clang.. that links programs for wasm32-wasi; tools/setup.sh web installs it"
    ${cmake} --preset web -DNIB_WASM_CLANG=OFF)
file(REMOVE_RECURSE ${SCRATCH})
