# Seal: programs that load the compiled bytes of `compute` after they have started, and then work;
# and programs that run under `judge`.
#
# In: programs/sealed.c, sealed_cxx.cc, answer.cc; `seclude compile`. Out: cases.
# Neighbours: harness.py; start_cases.py for programs confined from their first instruction.
import glob
import signal

from harness import case

KILLED = 159


def sealed(bench, program):
    compiled = str(bench.folder / "compute.bpf")
    bench.expect(bench.outside(bench.seclude, "compile", "compute", "-o", compiled))
    done = bench.expect(bench.outside(program, compiled, "exit"), output="sealed ok 4000")
    bench.check("on stderr too" in done.stderr and "perror: No such" in done.stderr, "stderr was lost")
    bench.check((bench.folder / "sealed.out").read_text().count("\n") == 1000, "the file's lines")
    bench.expect(bench.outside(program, compiled, "abort"), status=-signal.SIGABRT)
    bench.expect(bench.outside(program, compiled, "open"), status=-signal.SIGSYS)


@case("gcc")
def compute_seals_glibc(bench):
    sealed(bench, bench.build("sealed.c", "gcc", "-O2", "-pthread"))


@case("gcc")
def compute_seals_threads_that_free_large_blocks(bench):
    program = bench.build("sealed.c", "gcc", "-O2", "-pthread")
    policy = bench.policy("use compute", "otherwise kill", "otherwise deny with ENOENT for openat")
    compiled = str(bench.folder / "arena.bpf")
    bench.expect(bench.outside(bench.seclude, "compile", policy, "-o", compiled))
    bench.expect(bench.outside(program, compiled, "arena"), output="sealed ok 4000")
    bench.expect(bench.outside(bench.seclude, "compile", "compute", "-o", compiled))
    once = {"GLIBC_TUNABLES": "glibc.malloc.arena_max=1"}
    bench.expect(bench.outside(program, compiled, "arena", environment=once), output="sealed ok 4000")


@case("gcc")
def compute_seals_static_glibc(bench):
    sealed(bench, bench.build("sealed.c", "gcc", "-O2", "-pthread", "-static"))


@case("musl-gcc")
def compute_seals_musl(bench):
    headers = bench.folder / "headers"  # musl's own folder has no kernel headers
    headers.mkdir()
    for name, target in (("linux", "/usr/include/linux"), ("asm-generic", "/usr/include/asm-generic"),
                         ("asm", kernel_asm())):
        (headers / name).symlink_to(target)
    sealed(bench, bench.build("sealed.c", "musl-gcc", "-O2", "-static", "-idirafter", str(headers)))


def kernel_asm():
    return (glob.glob("/usr/include/*-linux-gnu/asm") + ["/usr/include/asm"])[0]


@case("g++")
def compute_seals_cxx(bench):
    program = bench.build("sealed_cxx.cc", "g++", "-O2")
    compiled = str(bench.folder / "compute.bpf")
    bench.expect(bench.outside(bench.seclude, "compile", "compute", "-o", compiled))
    bench.expect(bench.outside(program, compiled), output="sealed c++ ok 10 100000")


@case("g++")
def judge_runs_a_submission_and_kills_cheats(bench):
    numbers = " ".join(str(i * 31 % 1000) for i in range(100000))
    for flags in (["-O2"], ["-O2", "-static"]):
        program = bench.build("answer.cc", "g++", *flags)
        bench.expect(bench.run("judge", program, input=numbers), output="49950000 500")
        for cheat in ("fork", "exec", "socket", "write"):
            bench.expect(bench.run("judge", program, cheat, input="1"), status=KILLED)
    bench.check(not (bench.folder / "cheat.txt").exists(), "a cheat wrote a file")
