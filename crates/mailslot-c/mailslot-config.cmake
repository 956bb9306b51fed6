# Installed in lib/cmake/mailslot, from where it finds the rest:
#
#   find_package(mailslot 0.1 REQUIRED)
#   target_link_libraries(program PRIVATE mailslot::mailslot)          # or mailslot::static
get_filename_component(_mailslot_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET mailslot::mailslot)
  find_package(Threads REQUIRED)
  add_library(mailslot::mailslot SHARED IMPORTED)
  set_target_properties(mailslot::mailslot PROPERTIES
    IMPORTED_LOCATION "${_mailslot_prefix}/lib/libmailslot.so"
    IMPORTED_SONAME "@SONAME@"
    INTERFACE_INCLUDE_DIRECTORIES "${_mailslot_prefix}/include")
  add_library(mailslot::static STATIC IMPORTED)
  set_target_properties(mailslot::static PROPERTIES
    IMPORTED_LOCATION "${_mailslot_prefix}/lib/libmailslot.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_mailslot_prefix}/include"
    INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
endif()
unset(_mailslot_prefix)
