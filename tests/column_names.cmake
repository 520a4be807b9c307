# Fails when a name of a latent's column stands as a literal outside the table of columns,
# in what the table feeds, and when the page on adding one names other files than those
# that have to be touched (that these do is test_latent_columns).
# cmake -DROOT=DIR -P column_names.cmake
set(table core/latents/latent_column_list.c)
file(STRINGS ${ROOT}/${table} rows REGEX "\\.(name|title|alias) = \"")
set(words "")
foreach(row IN LISTS rows)
  string(REGEX MATCHALL "\\.(name|title|alias) = \"[^\"]+\"" found "${row}")
  foreach(one IN LISTS found)
    string(REGEX REPLACE "^.*\"([^\"]+)\"$" "\\1" word "${one}")
    list(APPEND words "${word}")
  endforeach()
endforeach()
list(REMOVE_DUPLICATES words)
list(LENGTH words n)
if(n LESS 20)
  message(FATAL_ERROR "found ${n} names in ${table}, expected 20 or more: has it moved?")
endif()

# The same word for something else: a command, a key, a role, an axis, a measure of
# training or of a concept, a file's own column, what memory is for, an option, a count, an example, what else it is called.
set(else ui/keymap.c:F1 ui/canvas.h:match ui/livecard.c:absorb
         ui/screens/detail_keys.c:latent ui/screens/detail_keys.c:label
         ui/screens/latents_keys.c:label ui/screens/latents_found.c:latent ui/screens/latents_keys.c:marked
         ui/screens/runs_keys.c:label ui/screens/detail.c:latent ui/screens/prompt.c:latent
         ui/screens/prompt_latents.c:latent ui/screens/prompt_latents.c:density
         ui/screens/concepts_words.c:fires ui/screens/concepts_export.c:kind
         ui/screens/concepts_rows.c:latent ui/screens/concepts_rows.c:absorb
         ui/screens/concepts_rows.c:recall ui/screens/concepts_rows.c:F1
         ui/screens/train.c:tokens ui/screens/train_boxes.c:absorption
         ui/screens/train_boxes.c:recall
         core/latents/latent_labels.c:latent core/latents/latent_labels.c:label
         core/latents/latent_detail.c:density core/latents/latent_detail.c:latent
         core/latents/latent_names.c:place core/latents/latent_kind.c:dead core/latents/latent_find.c:label
         core/latents/latent_find.c:match core/latents/latent_find.c:kind src/cmd_top.c:latent src/cmd_top.c:matched src/cmd_top.c:tokens
         ui/word_search.c:absorb ui/word_search.c:absorption ui/word_search.c:dead ui/word_search.c:density ui/word_search.c:label ui/word_search.c:latent
         src/top_json.c:latent src/top_json.c:max src/top_json.c:tokens)
set(wrong "")
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/ui/*.[ch] ${ROOT}/core/latents/*.[ch]
     ${ROOT}/src/cmd_top.c ${ROOT}/src/top_*.[ch])
list(REMOVE_ITEM files ${table})
foreach(file IN LISTS files)
  file(READ ${ROOT}/${file} text)
  foreach(word IN LISTS words)
    string(FIND "${text}" "\"${word}\"" plain)
    string(FIND "${text}" "\\\"${word}\\\"" quoted)
    if(file MATCHES "\\.h$" AND NOT file STREQUAL "ui/canvas.h")
      continue() # a comment that quotes one
    endif()
    if((NOT plain EQUAL -1 OR NOT quoted EQUAL -1) AND NOT "${file}:${word}" IN_LIST else)
      list(APPEND wrong "${file}: \"${word}\" is a column: take it from ${table}")
    endif()
  endforeach()
endforeach()

file(READ ${ROOT}/core/README.md page)
string(REGEX MATCH "## To add a column of the latents\n.*" page "${page}")
string(REGEX REPLACE "\n## To add a file format.*" "" page "${page}")
string(REGEX MATCHALL "`(core|ui|src)/[a-z_/]+\\.[ch]`" named "${page}")
list(REMOVE_DUPLICATES named)
set(touched "`core/latents/latent_table.h`" "`core/latents/latent_table.c`" "`${table}`")
if(NOT named STREQUAL touched)
  list(APPEND wrong "core/README.md names ${named}, expected ${touched}")
endif()
if(wrong)
  list(JOIN wrong "\n" text)
  message(FATAL_ERROR "${text}")
endif()
