# tj_schema(<target> <folder>): embeds a service's migrations, <folder>/NNNN_name.sql, into <target>.
#
# In services/orders/CMakeLists.txt:
#     tj_library(tj_orders DEPS tj_store ...)
#     tj_schema(tj_orders schema)
# In services/orders/module.cc:
#     #include "services/orders/schema.h"             // generated
#     options.migrations = tongjian::orders::Schema();  // const std::vector<tongjian::store::Migration>&
#
# The number is the file name's four digits, the name is the rest; files are applied in the order of their numbers. The
# namespace is the name of the folder that calls. A file that was released is never changed again: add the next number.
# A file must not contain the text `)sql"`.
function(tj_schema target folder)
  get_filename_component(service ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  file(RELATIVE_PATH place ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(generated ${CMAKE_BINARY_DIR}/schema)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.sql)
  list(SORT files)
  set(entries "")
  foreach(file ${files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    get_filename_component(stem ${file} NAME_WE)
    if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
      message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
    endif()
    string(REGEX REPLACE "^0*([0-9]+)_.*$" "\\1" number ${stem})
    string(REGEX REPLACE "^[0-9]+_" "" name ${stem})
    file(READ ${file} sql)
    string(APPEND entries "      {${number}, \"${name}\", R\"sql(${sql})sql\"},\n")
  endforeach()
  tj_write_if_changed(${generated}/${place}/schema.h "// Generated from ${place}/${folder} by cmake/schema.cmake.
#pragma once

#include <vector>

#include \"common/store/migration.h\"

namespace tongjian::${service} {

const std::vector<store::Migration>& Schema();

}  // namespace tongjian::${service}
")
  tj_write_if_changed(${generated}/${place}/schema.cc "#include \"${place}/schema.h\"

namespace tongjian::${service} {

const std::vector<store::Migration>& Schema() {
  static const auto* const schema = new std::vector<store::Migration>{
${entries}  };
  return *schema;
}

}  // namespace tongjian::${service}
")
  target_sources(${target} PRIVATE ${generated}/${place}/schema.cc)
  target_include_directories(${target} PUBLIC ${generated})
endfunction()

# Keeps the file's time when its content stays the same, so that nothing is compiled for it.
function(tj_write_if_changed path content)
  set(old "")
  if(EXISTS ${path})
    file(READ ${path} old)
  endif()
  if(NOT old STREQUAL content)
    file(WRITE ${path} "${content}")
  endif()
endfunction()
