# cep: `make` builds build/cep and build/libcep.*; `make help` lists the targets.
#
# Other builds live beside the release: BUILD=debug|asan|tsan gives build/debug/cep and so on.

VERSION := 0.1.0

BUILD ?= release
OUT   ?= $(if $(filter release,$(BUILD)),build,build/$(BUILD))

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif

PACKAGES := liblmdb simdjson libpcre2-8 libxxhash libutf8proc jansson yaml-0.1 hiredis
PKG_LIBS  = -llmdb -lsimdjson -lpcre2-8 -lxxhash -lutf8proc -ljansson -lyaml -lhiredis -lnng -lpthread -lm

MODE_release := -O2 -g
MODE_debug   := -O0 -g3
MODE_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_tsan    := -O1 -g -fsanitize=thread
MODE_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

WARN     := -Wall -Wextra -Werror
CFLAGS   += -std=c11 -D_GNU_SOURCE $(MODE_$(BUILD)) $(WARN) -Wstrict-prototypes -Wmissing-prototypes -fvisibility=hidden -fPIC -I. -I$(OUT)/gen
CXXFLAGS += -std=c++17 $(MODE_$(BUILD)) $(WARN) -fvisibility=hidden -fPIC -I.
LDFLAGS  += $(MODE_$(BUILD))

LIB_SRC := $(sort $(wildcard cep/*.c rules/*.c agents/*.c agents/*/*.c cluster/*.c))
LIB_CXX := $(sort $(wildcard cep/*.cc))
CMD_SRC := $(sort $(wildcard cep/cmd/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(OUT)/obj/%.o) $(LIB_CXX:%.cc=$(OUT)/obj/%.o)
CMD_OBJ := $(CMD_SRC:%.c=$(OUT)/obj/%.o)

UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(OUT)/unit/%)

ORACLE_SRC := $(sort $(wildcard tests/oracle/*.c))
ORACLE_OBJ := $(ORACLE_SRC:%.c=$(OUT)/obj/%.o)
ORACLE_LIB := $(filter-out %/differential.o,$(ORACLE_OBJ))

FUZZ_SHARED  := tests/fuzz/rules.c
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(filter-out $(FUZZ_SHARED),$(sort $(wildcard tests/fuzz/*.c))))

BENCH_RULES := $(sort $(wildcard tests/bench/*.cep))
ERROR_PAGES := $(sort $(wildcard docs/reference/errors/[EW]*.md))

all: $(OUT)/cep $(OUT)/libcep.so ## build the program and the library

$(OUT)/libcep.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(OUT)/libcep.so: $(LIB_OBJ)
	$(CXX) $(LDFLAGS) -shared -o $@ $^ $(PKG_LIBS)

$(OUT)/cep: $(CMD_OBJ) $(OUT)/libcep.a
	$(CXX) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# The column kernels are loops for the vectoriser.
ifeq ($(BUILD),release)
$(OUT)/obj/cep/kernel.o $(OUT)/obj/cep/program_rows.o: CFLAGS += -O3
endif

$(OUT)/obj/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) -MMD -MP -c -o $@ $<

# Files as rows {"name", "text"} of a C table.
define ROWS
@mkdir -p $(@D)
@for file in $^; do \
    name=$${file##*/}; \
    echo "{\"$${name%.*}\","; \
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $$file; \
    echo '},'; \
done > $@
endef

$(OUT)/gen/cep/cmd/bench_rules.inc: $(BENCH_RULES)
	$(ROWS)

$(OUT)/gen/cep/cmd/error_pages.inc: $(ERROR_PAGES)
	$(ROWS)

$(OUT)/obj/cep/cmd/workload.o: $(OUT)/gen/cep/cmd/bench_rules.inc
$(OUT)/obj/cep/cmd/page.o: $(OUT)/gen/cep/cmd/error_pages.inc

# simdjson's version stands in its header only, and that is C++.
$(OUT)/obj/cep/cmd/version.o: CFLAGS += -DCEP_VERSION='"$(VERSION)"' \
    -DSIMDJSON_RELEASE='"$(shell sed -n 's/^.define SIMDJSON_VERSION //p' /usr/include/simdjson.h)"'
$(OUT)/obj/cep/cmd/version.o: Makefile

$(OUT)/unit/%: $(OUT)/obj/tests/unit/%.o $(OUT)/libcep.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(PKG_LIBS)

# The codec is compared with msgpack-c, which the product does not need.
$(OUT)/unit/test_codec: $(OUT)/obj/tests/unit/test_codec.o $(OUT)/libcep.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka -lmsgpackc $(PKG_LIBS)

$(OUT)/unit/test_oracle: $(OUT)/obj/tests/unit/test_oracle.o $(ORACLE_LIB) $(OUT)/libcep.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(PKG_LIBS)

# The formatter over the generator's rules.
$(OUT)/unit/test_format_random: $(OUT)/obj/tests/unit/test_format_random.o $(OUT)/obj/tests/fuzz/rules.o $(ORACLE_LIB) $(OUT)/libcep.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(PKG_LIBS)

$(OUT)/cluster/cases: $(OUT)/obj/tests/cluster/cases.o $(ORACLE_LIB) $(OUT)/libcep.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS)

$(OUT)/oracle/differential: $(ORACLE_OBJ) $(OUT)/libcep.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

unit: $(UNIT_BIN) $(OUT)/oracle/differential $(OUT)/cluster/cases ## build the unit tests

# The build that tests run on: asan, unless the command line names another.
check: ## run all tests; installs nothing
	@BUILD=$(if $(filter command,$(firstword $(origin BUILD))),$(BUILD),asan) \
	$(if $(filter command,$(firstword $(origin OUT))),OUT=$(OUT)) tests/run --installed

two-nodes: $(OUT)/cep $(OUT)/cluster/cases ## hold 1, 2 and 4 nodes against `cep run`, with faults; takes minutes
	@CEP=$(abspath $(OUT))/cep tests/cluster/two_nodes

real: $(OUT)/cep ## run the rules over real event streams, where they are at hand
	@CEP=$(abspath $(OUT))/cep tests/real/run

CASES ?= 20000
SEED  ?= 1
mutants: ## show that the differential finds every wrong change of tests/mutants/list
	@tests/mutants/all

differential: $(OUT)/oracle/differential ## compare the engine with the naive matcher on CASES random cases from SEED
	@mkdir -p $(OUT)/oracle/failing
	@$(OUT)/oracle/differential --write $(OUT)/oracle/failing $(CASES) $(SEED)

# Fuzz targets are built by `make fuzz`, which sets BUILD and the compilers for them.
$(FUZZ_TARGETS:%=$(OUT)/%): $(OUT)/%: $(OUT)/obj/tests/fuzz/%.o $(FUZZ_SHARED:%.c=$(OUT)/obj/%.o) $(OUT)/libcep.a
	$(CXX) $(LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS)

T    ?= 60
FUZZ ?= $(FUZZ_TARGETS)
fuzz: ## run the fuzz targets for T seconds, or those of FUZZ; needs clang
	@$(MAKE) -s BUILD=fuzz OUT=build/fuzz CC="$(FUZZ_CC)" CXX="$(FUZZ_CC)++" $(FUZZ:%=build/fuzz/%)
	@tests/fuzz/all build/fuzz $(T) $(FUZZ)

FUZZ_CC ?= clang

bench: $(OUT)/cep ## measure the engine
	@$(OUT)/cep bench all

man: $(OUT)/cep ## write the manual pages to build/man
	@docs/man.sh $(OUT)/cep $(OUT)/man

clean: ## remove everything that was built
	rm -rf build

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 16
	@echo "BUILD=release|debug|asan|tsan picks the build, OUT its folder; release goes to build/."

-include $(LIB_OBJ:.o=.d) $(patsubst %,$(OUT)/obj/tests/fuzz/%.d,rules $(FUZZ_TARGETS)) $(CMD_OBJ:.o=.d) $(UNIT_SRC:%.c=$(OUT)/obj/%.d) $(ORACLE_OBJ:.o=.d)

.PHONY: all unit check two-nodes real differential fuzz bench man clean help mutants
.SECONDARY:
