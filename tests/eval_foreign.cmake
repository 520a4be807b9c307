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

execute_process(COMMAND ${SAETOP} eval ${FOREIGN} --hook blocks.1.hook_resid_post
                RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE error)
if(NOT status EQUAL 2 OR NOT error MATCHES "^saetop: [^\n]*: the SAE reads 8 dimensions, the model has 128\n$")
  message(FATAL_ERROR "${FOREIGN}: ${status} ${error}")
endif()
file(REMOVE_RECURSE ${OUT})
