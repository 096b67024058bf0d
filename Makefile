# Thin: each target installs what it needs (Debian 12, as root, only what is missing) and calls
# CMake, Ninja and CTest, which know the rest. `make help` lists the targets.

BUILD ?= build
JOBS ?= $(shell nproc)

BUILD_PACKAGES = cmake g++ libexpected-dev libfmt-dev musl-dev ninja-build nlohmann-json3-dev \
	python3
RUN_PACKAGES = imagemagick
# What the tests need; programs that profiles are tried on come last.
TEST_PACKAGES = golang-github-containers-common libgmock-dev libgtest-dev libseccomp-dev libz3-dev \
	imagemagick bash curl fonts-urw-base35 git golang-go librsvg2-common make musl-tools nginx-light \
	nodejs openssh-client openssl perl redis-server redis-tools rustc=rustc sqlite3 tar tmux vim webp
BENCH_PACKAGES = bubblewrap crun firejail golang-github-containers-common libbenchmark-dev libseccomp-dev \
	pkgconf runc
FUZZ_PACKAGES = clang-14 libclang-rt-14-dev

CCACHE = $(shell command -v ccache)
CONFIGURE_FLAGS ?=
CONFIGURE = cmake -G Ninja -S . $(CONFIGURE_FLAGS) $(if $(CCACHE),-DCMAKE_CXX_COMPILER_LAUNCHER=$(CCACHE))
CTEST = ctest --output-on-failure

.PHONY: help build run test verify fuzz bench pages format clean

help:
	@echo "make build   the program, as $(BUILD)/seclude"
	@echo "make run     build it, and convert a picture behind a policy"
	@echo "make test    build and run every test"
	@echo "make verify  the randomized checks, long (SECLUDE_ROUNDS, SECLUDE_SEED)"
	@echo "make fuzz    the fuzzers (SECONDS_EACH=60)"
	@echo "make bench   the benchmarks"
	@echo "make format  clang-format over src/ and tests/"
	@echo "make clean   remove what was built"

build:
	tools/install_packages "build seclude" $(BUILD_PACKAGES)
	$(CONFIGURE) -B $(BUILD) -DCMAKE_BUILD_TYPE=Release
	cmake --build $(BUILD) -j $(JOBS) --target seclude pages

run: build
	tools/install_packages "convert pictures" $(RUN_PACKAGES)
	examples/convert_picture.sh $(BUILD)/seclude

test:
	tools/install_packages "build seclude" $(BUILD_PACKAGES)
	tools/install_packages "run the tests" $(TEST_PACKAGES)
	$(CONFIGURE) -B $(BUILD) -DCMAKE_BUILD_TYPE=Release -DSECLUDE_TESTS=ON
	cmake --build $(BUILD) -j $(JOBS)
	$(CTEST) --test-dir $(BUILD) -j $(JOBS) $$(tools/filters_load || echo "-LE kernel")

# The random checks, with so many rounds that they take hours instead of seconds.
verify: export SECLUDE_ROUNDS ?= 1000000
verify:
	tools/install_packages "run the tests" $(BUILD_PACKAGES) $(TEST_PACKAGES)
	$(CONFIGURE) -B $(BUILD) -DCMAKE_BUILD_TYPE=Release -DSECLUDE_TESTS=ON
	cmake --build $(BUILD) -j $(JOBS)
	$(CTEST) --test-dir $(BUILD) -j $(JOBS) -L random --timeout 86400

SECONDS_EACH ?= 60
fuzz:
	tools/install_packages "fuzz" $(BUILD_PACKAGES) $(TEST_PACKAGES) $(FUZZ_PACKAGES)
	$(CONFIGURE) -B $(BUILD)-fuzz -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_BUILD_TYPE=RelWithDebInfo \
		-DSECLUDE_TESTS=ON -DSECLUDE_FUZZ=ON -DSECLUDE_SANITIZE=ON
	cmake --build $(BUILD)-fuzz -j $(JOBS) --target tests/fuzz/all
	tools/run_fuzzers $(BUILD)-fuzz $(SECONDS_EACH)

bench:
	tools/install_packages "measure" $(BUILD_PACKAGES) $(BENCH_PACKAGES)
	$(CONFIGURE) -B $(BUILD)-bench -DCMAKE_BUILD_TYPE=Release -DSECLUDE_BENCH=ON
	cmake --build $(BUILD)-bench -j $(JOBS)
	cmake --build $(BUILD)-bench --target run_benchmarks

format:
	git ls-files 'src/*.h' 'src/*.cc' 'tests/*.h' 'tests/*.cc' 'bench/*.h' 'bench/*.cc' | xargs clang-format-14 -i

clean:
	rm -rf $(BUILD) $(BUILD)-fuzz $(BUILD)-bench
