# SPDX-License-Identifier: Apache-2.0
# The messages of every protocol; protoc-c makes the C.

PROTO_FILES = %D%/control.proto %D%/raft.proto %D%/kv.proto
PROTO_C = $(PROTO_FILES:.proto=.pb-c.c)
PROTO_H = $(PROTO_FILES:.proto=.pb-c.h)

noinst_LIBRARIES += libproto.a
nodist_libproto_a_SOURCES = \
	%D%/control.pb-c.c %D%/control.pb-c.h \
	%D%/raft.pb-c.c %D%/raft.pb-c.h \
	%D%/kv.pb-c.c %D%/kv.pb-c.h
libproto_a_CFLAGS = $(PROTO_CFLAGS)

BUILT_SOURCES += %D%/control.pb-c.h %D%/raft.pb-c.h %D%/kv.pb-c.h
CLEANFILES += $(PROTO_C) $(PROTO_H)
EXTRA_DIST += $(PROTO_FILES)

%.pb-c.c %.pb-c.h: %.proto
	$(AM_V_GEN)$(MKDIR_P) $(top_builddir)/proto && \
	  $(PROTOC_C) --proto_path=$(top_srcdir) \
	  --c_out=$(top_builddir) $(top_srcdir)/proto/$(notdir $<)
