# Fails when the explorer's Detail draws a field of a latent that `top --json` does not
# print: the fields that one file reads are looked for in the other, and in the table of
# columns, which it prints.
# cmake -DROOT=DIR -P detail_fields.cmake
file(READ ${ROOT}/ui/screens/detail.c screen)
file(READ ${ROOT}/ui/screens/detail_contexts.c contexts)
string(APPEND screen "${contexts}")
file(READ ${ROOT}/src/top_json.c json)
file(READ ${ROOT}/core/latents/latent_column_list.c columns)
string(APPEND json "${columns}")
string(REGEX MATCHALL "[^a-z_](d|row|l)->[a-z_]+" fields "${screen}")
list(TRANSFORM fields REPLACE "^.*->" "")
list(REMOVE_DUPLICATES fields)
list(LENGTH fields n)
if(n LESS 15)
  message(FATAL_ERROR "found ${n} fields in ui/screens/detail.c, expected 15 or more: has it moved?")
endif()
foreach(field IN LISTS fields)
  # Which one is shown is no field of a latent; a sample of each interval is the beginning
  # of what "intervals" has, which it makes anew.
  if(NOT json MATCHES "(->|\\.)${field}[^a-z_]" AND NOT field MATCHES "^(interval|sample)$")
    list(APPEND missing ${field})
  endif()
endforeach()
if(missing)
  message(FATAL_ERROR "ui/screens/detail.c shows ${missing}, src/top_json.c does not")
endif()
