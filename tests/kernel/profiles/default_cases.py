# Default: ordinary programs do ordinary work behind `default`, from compilers to servers, and what
# it refuses is refused.
#
# In: Debian's programs. Out: cases.
# Neighbours: harness.py; interpreter_cases.py for python and node; probe.c says what is refused.
import os
import time

from harness import Server, case, find, free_port


@case("git")
def git_commits_clones_and_packs(bench):
    steps = ["git init -q work", "git -C work config user.email a@example.org",
             "git -C work config user.name A", "git -C work add .",
             "git -C work commit -q -m first", "git clone -q work copy", "git -C copy log --oneline",
             "git -C work gc -q", "git -C work fsck", "git -C copy pull -q", "git -C copy grep content"]
    for i, step in enumerate(steps):
        bench.expect(bench.run("default", *step.split()))
        if i == 0:
            for number in range(20):
                bench.file("work/f%d" % number, "content %d\n" % number)


@case("sqlite3")
def sqlite_makes_tables_and_queries(bench):
    script = ("pragma journal_mode=wal; create table t(a integer primary key, b text);"
              "with recursive n(i) as (select 1 union all select i+1 from n where i<5000)"
              "insert into t select i, 'row '||i from n; create index x on t(b); vacuum;"
              "select count(*), sum(a) from t;")
    bench.expect(bench.run("default", "sqlite3", "db", script), output="5000|12502500")


@case("gcc", "make")
def gcc_and_make_build_a_program(bench):
    bench.file("main.c", '#include <stdio.h>\nint twice(int);\nint main(void)'
                         '{ printf("made %d\\n", twice(21)); return 0; }\n')
    bench.file("twice.c", "int twice(int n) { return 2 * n; }\n")
    bench.file("Makefile", "made: main.o twice.o\n\tgcc -flto -o $@ $^\n")
    bench.expect(bench.run("default", "make", "-j4"))
    bench.expect(bench.run("default", "./made"), output="made 42")


@case("g++")
def gxx_builds_a_program(bench):
    source = bench.file("main.cc", "#include <iostream>\nint main() { std::cout << 42; }\n")
    bench.expect(bench.run("default", "g++", "-O2", "-pipe", "-o", "made", source))
    bench.expect(bench.run("default", "./made"), output="42")


@case("bash", "sort", "awk", "sed", "xargs")
def bash_runs_a_script(bench):
    script = r"""set -e
        for i in {1..50}; do echo $((RANDOM % 100)) $i; done | sort -n | awk '{s += $2} END {print s}'
        diff <(seq 3) <(printf '1\n2\n3\n'); coproc cat; echo hello >&${COPROC[1]}
        read -r line <&${COPROC[0]}; echo "$line"; trap 'echo trapped' USR1; kill -USR1 $$
        seq 20 | xargs -P4 -n2 echo >/dev/null; (ulimit -n 50; ulimit -n); cat <<< here; umask"""
    done = bench.expect(bench.run("default", "bash", "-c", script), output="1275")
    for word in ("hello", "trapped", "50", "here"):
        bench.check(word in done.stdout, "no %r in %r" % (word, done.stdout))


@case("tmux", "vim|vi")
def vim_edits_a_file_inside_tmux(bench):
    bench.file("text", "one\ntwo\n")
    editor = ("%s -u NONE -N -c 'normal Gothree' -c 'set nobackup' -c '%%s/one/ONE/' -c wq text"
              % find("vim|vi"))
    bench.expect(bench.run("default", "tmux", "-S", "socket", "-f", "/dev/null", "new-session", "-d",
                           "-x", "80", "-y", "24", "cd %s && %s" % (bench.folder, editor)))
    for _ in range(200):
        if (bench.folder / "text").read_text() == "ONE\ntwo\nthree\n":
            break
        time.sleep(0.05)
    bench.outside("tmux", "-S", "socket", "kill-server")
    text = (bench.folder / "text").read_text()
    bench.check(text == "ONE\ntwo\nthree\n", "the file holds %r" % text)


@case("ssh-keygen")
def ssh_keygen_makes_and_shows_keys(bench):
    bench.expect(bench.run("default", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"))
    bench.expect(bench.run("default", "ssh-keygen", "-l", "-f", "key.pub"), output="ED25519")


@case("tar", "gzip", "cmp")
def tar_packs_and_unpacks(bench):
    for number in range(30):
        bench.file("tree/d%d/f" % number, "content %d\n" % number)
    os.symlink("d1/f", bench.folder / "tree/link")
    os.mkfifo(bench.folder / "tree/pipe")
    os.mkdir(bench.folder / "out")
    bench.expect(bench.run("default", "tar", "czf", "tree.tar.gz", "tree"))
    bench.expect(bench.run("default", "tar", "xzpf", "tree.tar.gz", "-C", "out"))
    bench.expect(bench.outside("cmp", "tree/d7/f", "out/tree/d7/f"))
    bench.check((bench.folder / "out/tree/pipe").is_fifo(), "the pipe was not unpacked")


@case("perl")
def perl_forks_and_talks_over_sockets(bench):
    script = r"""use Socket; use POSIX; socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die "$!";
        my $pid = fork // die; if (!$pid) { syswrite $b, "from child\n"; exit 0 }
        my $line = <$a>; print $line; waitpid $pid, 0; socket(my $s, AF_INET, SOCK_STREAM, 0) or die "$!";
        print "status $?\n"; system("echo inside"); print `uname`;"""
    bench.expect(bench.run("default", "perl", "-e", script), output="from child\nstatus 0")


@case("redis-server", "redis-benchmark", "redis-cli")
def redis_serves_and_saves(bench):
    port = str(free_port())
    for policy in ("default", "service"):
        with Server(bench, policy, int(port), "redis-server", "--port", port, "--bind", "127.0.0.1",
                    "--dir", str(bench.folder), "--appendonly", "yes", "--io-threads", "2"):
            done = bench.run("default", "redis-benchmark", "-p", port, "-n", "2000", "-q", "-t",
                             "set,get,lpush")
            bench.expect(done, output="requests per second")
            bench.expect(bench.outside("redis-cli", "-p", port, "set", "k", "v"), output="OK")
            bench.expect(bench.outside("redis-cli", "-p", port, "save"), output="OK")
            bench.expect(bench.outside("redis-cli", "-p", port, "bgsave"))


@case("nginx", "curl")
def nginx_serves_and_curl_fetches(bench):
    port = str(free_port())
    bench.file("site/index.html", "served\n")
    os.chmod(bench.folder / "site/index.html", 0o644)
    config = bench.file("nginx.conf", """
        pid nginx.pid; error_log error.log; worker_processes 2; daemon off;
        events {} http { access_log access.log; client_body_temp_path t1; proxy_temp_path t2;
        fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5; sendfile on; aio threads;
        server { listen 127.0.0.1:%s; root site; } }""" % port)
    # The whole of a web server behind each of the wide profiles: master, workers, change of user.
    for policy in ("default", "container"):
        with Server(bench, policy, int(port), "nginx", "-p", str(bench.folder), "-c", config):
            for client in ("default", "network-client"):
                url = "http://localhost:%s/index.html" % port
                bench.expect(bench.run(client, "curl", "-sS", url), output="served")
                bench.expect(bench.run(client, "curl", "-sS", "-o", "fetched", url))


@case("gcc")
def what_administers_the_machine_is_refused(bench):
    refused = {"mount": 1, "umount2": 1, "pivot_root": 1, "unshare": 1, "setns": 1, "clone-newuser": 1,
               "clone-newuts": 1, "clone3": 38, "ptrace": 1, "process_vm_readv": 1, "keyctl": 1,
               "add_key": 1, "bpf": 1, "perf_event_open": 1, "io_uring_setup": 1, "userfaultfd": 1,
               "finit_module": 1, "kexec_load": 1, "swapoff": 1, "reboot": 1, "settimeofday": 1,
               "open_by_handle_at": 1, "tiocsti": 1, "tiocsti-high-bit": 1, "tioclinux": 1,
               "socket-packet": 97, "socket-alg": 97}
    answers = bench.probe("default", *refused)
    bench.check(answers == refused, "answers: %r" % {n: e for n, e in answers.items()
                                                     if refused[n] != e})
    allowed = ["fork", "execve", "socket-inet", "socket-unix", "mmap-write-exec", "mprotect-exec",
               "chown", "kill", "listen"]
    answers = bench.probe("default", *allowed)
    bench.check(1 not in answers.values(), "refused: %r" % answers)
    if os.geteuid() == 0:  # as an ordinary user the kernel says EPERM to many by itself
        outside = bench.probe(None, *(name for name, errno in refused.items() if errno == 1))
        same = [name for name, errno in outside.items() if errno == 1]
        bench.check(len(same) < len(refused) / 2, "the probe proves nothing about %r" % same)


@case("gcc")
def wide_profiles_refuse_namespaces_and_modules(bench):
    for profile in ("container", "service"):
        answers = bench.probe(profile, "mount", "finit_module", "kexec_load", "perf_event_open", "bpf")
        bench.check(set(answers.values()) == {1}, "%s: %r" % (profile, answers))
    answers = bench.probe("container", "clone-newuser", "unshare", "setns", "io_uring_setup", "keyctl")
    bench.check(set(answers.values()) == {1}, "container: %r" % answers)
    bench.check(bench.probe("container", "clone3")["clone3"] == 38, "container: clone3")


@case("bash", "id", "dd")
def a_shell_in_a_container_profile(bench):
    script = "id; ls -l / | head -3; dd if=/dev/zero of=zero bs=1k count=64 2>&1; chown 0:0 zero; nice true"
    bench.expect(bench.run("container", "bash", "-c", script), output="uid=")
