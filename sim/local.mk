# SPDX-License-Identifier: Apache-2.0
# The simulator's engine. One file a line, in the order of the alphabet.

noinst_LIBRARIES += libsim.a
libsim_a_SOURCES =
libsim_a_SOURCES += %D%/capture.c %D%/capture.h
libsim_a_SOURCES += %D%/capture_frame.c %D%/capture_frame.h
libsim_a_SOURCES += %D%/carrier.h
libsim_a_SOURCES += %D%/clock.c %D%/clock.h
libsim_a_SOURCES += %D%/cluster_inline.c
libsim_a_SOURCES += %D%/cluster_process.c
libsim_a_SOURCES += %D%/crash_box.c %D%/crash_box.h
libsim_a_SOURCES += %D%/digest.c %D%/digest.h
libsim_a_SOURCES += %D%/disk.c %D%/disk.h
libsim_a_SOURCES += %D%/disk_directory.c
libsim_a_SOURCES += %D%/disk_fault.c %D%/disk_private.h
libsim_a_SOURCES += %D%/disk_file.c %D%/disk_file.h
libsim_a_SOURCES += %D%/event.h
libsim_a_SOURCES += %D%/faults.def
libsim_a_SOURCES += %D%/frames.c %D%/frames.h
libsim_a_SOURCES += %D%/histogram.c %D%/histogram.h
libsim_a_SOURCES += %D%/history.c %D%/history.h
libsim_a_SOURCES += %D%/history_reader.c
libsim_a_SOURCES += %D%/metrics.c %D%/metrics.h
libsim_a_SOURCES += %D%/plan.h
libsim_a_SOURCES += %D%/process.c %D%/process.h
libsim_a_SOURCES += %D%/queue.c %D%/queue.h
libsim_a_SOURCES += %D%/queue_key.h %D%/queue_sort.c
libsim_a_SOURCES += %D%/record.h
libsim_a_SOURCES += %D%/scenario.h
libsim_a_SOURCES += %D%/trace.c %D%/trace.h
libsim_a_SOURCES += %D%/trace_binary.c %D%/trace_binary.h
libsim_a_SOURCES += %D%/trace_record.c %D%/trace_record.h
libsim_a_SOURCES += %D%/trace_text.c %D%/trace_text.h
libsim_a_SOURCES += %D%/trace_words.c %D%/trace_words.h
libsim_a_SOURCES += %D%/whole_dir.c %D%/whole_dir.h
libsim_a_SOURCES += %D%/whole_file.c %D%/whole_file.h
