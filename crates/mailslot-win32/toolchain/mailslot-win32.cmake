# Builds projects that were written for <windows.h> with CMake, on Linux:
#
#   cmake -DCMAKE_TOOLCHAIN_FILE=PREFIX/share/mailslot-win32/mailslot-win32.cmake [-DMAILSLOT_OPTIONS="--wide ..."] ...
#
# MAILSLOT_OPTIONS are options of mailslot-win32-cc, which `mailslot-win32-cc --help` lists. In projects MAILSLOT_WIN32
# is true, and WIN32 is not.
get_filename_component(MAILSLOT_BIN "${CMAKE_CURRENT_LIST_DIR}/../../bin" ABSOLUTE)
set(CMAKE_C_COMPILER "${MAILSLOT_BIN}/mailslot-win32-cc")
set(CMAKE_CXX_COMPILER "${MAILSLOT_BIN}/mailslot-win32-c++")
set(MAILSLOT_WIN32 TRUE)

# CMake reads this file again in its test projects, which only have these variables.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES MAILSLOT_OPTIONS)
set(CMAKE_C_FLAGS_INIT "${MAILSLOT_OPTIONS}")
set(CMAKE_CXX_FLAGS_INIT "${MAILSLOT_OPTIONS}")
