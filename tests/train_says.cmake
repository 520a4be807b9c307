# What `saetop train` says on standard output: cmake -DSAETOP=... -DOUT=... -P this
function(train expect)
  file(REMOVE_RECURSE ${OUT})
  execute_process(
    COMMAND ${SAETOP} train --out ${OUT} --threads 1 --steps 4 --width 64 --batch 256
            --set fill_rows=8 --set eval.rows=2 --set eval.concept_rows=8 ${ARGN}
    RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE complained)
  file(REMOVE_RECURSE ${OUT})
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "train ${ARGN}: status ${status}: ${complained}")
  endif()
  if(expect AND NOT said MATCHES "${expect}")
    message(FATAL_ERROR "train ${ARGN}: expected ${expect}, said:\n${said}")
  endif()
  if(NOT expect AND said MATCHES "too high")
    message(FATAL_ERROR "train ${ARGN}: said:\n${said}")
  endif()
endfunction()

# A loss that grows stays finite; an ordinary run is not complained of.
train("A explains less .* too high a --lr" --lr 10)
train("\"event\":\"warning\",\"text\":\"A explains less" --lr 10 --json)
train("")

# While it goes on, of a learning rate that ruins it; the pace, and what is left.
train("\nA diverged by step [0-9]+: explained variance" --lr 10 --steps 40
      --set log.every=2)
train("A step 2 .* tokens/s, [0-9]+ s left\nA step 4 [^,]*\nsaved" --set eval.every=2)

# Of several arms, which one: its condition's letter as in the explorer, name, condition
# and seed of weights.
set(several --seed 4 --seeds 2 --mask-rate 0.3 --set twin=unmasked)
train("B twin.s2: condition twin .mask.rate=0., seed of weights 5.*A .first, seed 5. step 4"
      ${several})
train("\"event\":\"arm\",\"letter\":\"B\",\"name\":\"twin\",\"condition\":\"twin\",\"seed\":4,\"differs\":\"mask.rate=0\".*\"event\":\"row\",\"letter\":\"B\",\"name\":\"twin.s2\",\"condition\":\"twin\",\"seed\":5,\"step\":4"
      ${several} --json)

# A run that has all its steps does not say that it goes on.
set(small --threads 1 --steps 2 --width 64 --batch 256 --set fill_rows=8
    --set eval.rows=2 --set eval.concept_rows=8)
execute_process(COMMAND ${SAETOP} train --out ${OUT} ${small} RESULT_VARIABLE made
                OUTPUT_QUIET)
execute_process(COMMAND ${SAETOP} train --resume ${OUT} RESULT_VARIABLE status
                OUTPUT_VARIABLE said)
file(REMOVE_RECURSE ${OUT})
if(NOT made EQUAL 0 OR NOT status EQUAL 0 OR said MATCHES "goes on" OR
   NOT said MATCHES "is done at step 2; --steps N plans more")
  message(FATAL_ERROR "train --resume of a finished run: ${made}, ${status}: ${said}")
endif()
