# `saetop eval` of an SAE without a run: the figures are those of the run that it was
# exported from, its folder is left as it is, and a model of another width is refused.
# cmake -DSAETOP=PROGRAM -DFOREIGN=SAE -DOUT=NEW_DIRECTORY -P eval_foreign.cmake
file(REMOVE_RECURSE ${OUT})
file(MAKE_DIRECTORY ${OUT})
file(WRITE ${OUT}/small.json "{\"eval.concept_rows\": 12, \"eval.rows\": 2, \"width\": 32}")

function(run)
  execute_process(COMMAND ${SAETOP} ${ARGN} RESULT_VARIABLE status OUTPUT_QUIET
                  ERROR_VARIABLE error)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${status} ${error}")
  endif()
endfunction()
run(train --config ${OUT}/small.json --steps 3 --batch 64 --mask-rate 0 --out ${OUT}/run)
run(export ${OUT}/run --out ${OUT}/sae)
foreach(which run sae)
  run(eval ${OUT}/${which} --config ${OUT}/small.json --only latents,fidelity --rows 2
      --cache none --json --out ${OUT}/${which}.json)
  file(READ ${OUT}/${which}.json json)
  foreach(part latents fidelity)
    string(JSON ${which}_${part} GET "${json}" ${part})
  endforeach()
endforeach()
foreach(part latents fidelity)
  if(NOT run_${part} STREQUAL sae_${part})
    message(FATAL_ERROR "${part}: found ${sae_${part}}, expected ${run_${part}}")
  endif()
endforeach()
if(EXISTS ${OUT}/sae/eval.json)
  message(FATAL_ERROR "eval.json was written into another tool's folder")
endif()

# An SAE of centred activations, whose files do not say so: --centre is understood, in the
# same way, wherever it is opened without an import.
run(import ${OUT}/sae --centre --out ${OUT}/centred)
run(export ${OUT}/sae --centre --out ${OUT}/exported)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${OUT}/exported/sae_weights.safetensors
                ${OUT}/centred/sae_weights.safetensors RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "export --centre writes other weights than import --centre")
endif()
function(say to)
  execute_process(COMMAND ${SAETOP} ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE said
                  ERROR_VARIABLE error)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${status} ${error}")
  endif()
  set(${to} "${said}" PARENT_SCOPE)
endfunction()
function(centres) # WORDS before the SAE, then after it
  cmake_parse_arguments(C "" "" "BEFORE;AFTER" ${ARGN})
  say(plain ${C_BEFORE} ${OUT}/sae ${C_AFTER})
  say(told ${C_BEFORE} ${OUT}/sae ${C_AFTER} --centre)
  say(imported ${C_BEFORE} ${OUT}/centred ${C_AFTER})
  # But for what stands above a table: that says whether a run or an SAE is asked.
  string(REGEX REPLACE "^.*\n( +pos +token)" "\\1" told "${told}")
  string(REGEX REPLACE "^.*\n( +pos +token)" "\\1" imported "${imported}")
  if(NOT told STREQUAL imported OR told STREQUAL plain)
    message(FATAL_ERROR "${ARGN}: with --centre\n${told}\nimported with it\n${imported}")
  endif()
endfunction()
centres(BEFORE top AFTER --latent 3 --json)
centres(BEFORE find AFTER dog)
centres(BEFORE ask AFTER --text "the dog ran")
centres(BEFORE explore AFTER --once latents --size 100x30)
foreach(which sae centred)
  set(told)
  if(which STREQUAL sae)
    set(told --centre)
  endif()
  say(json eval ${OUT}/${which} ${told} --config ${OUT}/small.json --only fidelity --rows 2
      --cache none --json)
  string(JSON ev GET "${json}" fidelity in_distribution explained_variance value)
  string(SUBSTRING "${ev}" 0 9 ${which}_ev) # weights were rounded on the way
endforeach()
if(NOT sae_ev STREQUAL centred_ev)
  message(FATAL_ERROR "eval --centre: found ${sae_ev}, expected ${centred_ev}")
endif()
foreach(line "eval;${OUT}/run" "top;${OUT}/run" "find;${OUT}/run;dog" "export;${OUT}/run;--out;${OUT}/new"
        "import;${OUT}/run;--out;${OUT}/new" "ask;${OUT}/run;--text;a" "explore;${OUT}/run;--once;latents"
        "explore;--once;latents")
  execute_process(COMMAND ${SAETOP} ${line} --centre RESULT_VARIABLE status OUTPUT_QUIET
                  ERROR_VARIABLE error)
  if(NOT status EQUAL 2 OR NOT error MATCHES "^saetop: --centre: counts for an SAE of another tool, and [^\n]*\n$")
    message(FATAL_ERROR "${line} --centre: ${status} ${error}")
  endif()
endforeach()

execute_process(COMMAND ${SAETOP} eval ${FOREIGN} --hook blocks.1.hook_resid_post
                RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE error)
if(NOT status EQUAL 2 OR NOT error MATCHES "^saetop: [^\n]*: the SAE reads 8 dimensions, the model has 128\n$")
  message(FATAL_ERROR "${FOREIGN}: ${status} ${error}")
endif()
file(REMOVE_RECURSE ${OUT})
