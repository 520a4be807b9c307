# Fails when something but a date for people reads the clock that a user may set: what
# measures or waits for a time takes base/clock.h, or CLOCK_MONOTONIC.
set(dates core/session/trainer.c # the name of a run
          core/ask/ask.c         # the day that a chat template names
          src/cmd_eval.c)        # the date in SAEBench's files

set(wrong "")
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/core/*.[ch] ${ROOT}/ui/*.[ch] ${ROOT}/src/*.[ch])
foreach(file ${files})
  file(STRINGS ${ROOT}/${file} lines
       REGEX "CLOCK_REALTIME|[^a-z_]time\\((NULL|0|&)|gettimeofday|timespec_get|[^a-z_]clock\\(\\)")
  if(lines AND NOT file IN_LIST dates)
    list(APPEND wrong "${file}: ${lines}")
  endif()
  # A wait that is timed needs a condition of the other clock.
  file(STRINGS ${ROOT}/${file} waits REGEX "pthread_cond_timedwait")
  file(STRINGS ${ROOT}/${file} clocks REGEX "pthread_condattr_setclock\\(.*CLOCK_MONOTONIC")
  if(waits AND NOT clocks)
    list(APPEND wrong "${file}: ${waits}: without pthread_condattr_setclock")
  endif()
endforeach()
list(LENGTH files n)
if(n LESS 100)
  message(FATAL_ERROR "found ${n} files in ${ROOT}, expected the program's")
endif()
if(wrong)
  list(JOIN wrong "\n" text)
  message(FATAL_ERROR "${text}")
endif()
