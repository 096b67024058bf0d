# Servers and their clients: nginx, redis and python behind `network-server`, also held to one port and
# to their own files; TLS clients behind `tls-client`.
#
# In: Debian's servers, on ports of 127.0.0.1. Out: cases.
# Neighbours: harness.py; ../listening_cases.py for what `listen` lines hold.
import os
import subprocess
from pathlib import Path

from harness import Server, case, find, free_port, poll
from layer_support import needs_landlock

EXAMPLE = (Path(__file__).resolve().parents[3] / "examples/server.seclude").read_text()
SYSTEM = "/usr/**, /etc/**, /lib/**?, /lib64/**?"
NGINX = """
pid run/nginx.pid; error_log run/error.log; worker_processes 2; daemon off; events {}
http { access_log run/access.log; client_body_temp_path run/1; proxy_temp_path run/2;
fastcgi_temp_path run/3; uwsgi_temp_path run/4; scgi_temp_path run/5; sendfile on; aio threads;
server { listen 127.0.0.1:%s; root site; } }"""


def serves(bench, policy, port, *command):
    with Server(bench, policy, port, *command):
        bench.expect(bench.outside(find("curl"), "-sS", "http://127.0.0.1:%d/page" % port),
                     output="served")


def nginx(bench, port):
    (bench.folder / "run").mkdir()
    bench.file("site/page", "served\n")
    return [find("nginx"), "-e", str(bench.folder / "run/error.log"), "-p", str(bench.folder), "-c",
            bench.file("site/nginx.conf", NGINX % port)]


def redis(bench, port, address="127.0.0.1"):
    (bench.folder / "data").mkdir(exist_ok=True)
    return [find("redis-server"), "--port", str(port), "--bind", address, "--dir",
            str(bench.folder / "data"), "--save", ""]


@case("nginx", "curl")
def nginx_serves_behind_network_server(bench):
    port = free_port()
    serves(bench, "network-server", port, *nginx(bench, port))


@case("nginx", "curl")
def nginx_serves_its_own_files_on_its_own_port(bench):
    needs_landlock(4)
    port, other = free_port(), free_port()
    command = nginx(bench, port)
    config = command[-1]
    os.symlink(bench.file("secret", "secret\n"), bench.folder / "site/link")
    policy = bench.file("server.seclude", EXAMPLE.replace("/srv/www", str(bench.folder / "site"))
                        .replace("/var/lib/web-server", str(bench.folder / "run"))
                        .replace("8080", str(port)))
    url = "http://127.0.0.1:%d/" % port
    with Server(bench, "network-server", port, *command):
        bench.expect(bench.outside(find("curl"), "-sS", url + "link"), output="secret")
    with Server(bench, policy, port, *command):
        bench.expect(bench.outside(find("curl"), "-sS", url + "page"), output="served")
        done = bench.outside(find("curl"), "-sS", url + "link")
        bench.check("secret" not in done.stdout, "it served what it may not read")
    bench.file("site/nginx.conf", Path(config).read_text().replace(str(port), str(other)))
    done = bench.run(policy, *command)
    bench.check(done.returncode != 0 and "Permission denied" in done.stderr, done.stderr)


@case("redis-server", "redis-cli", "redis-benchmark")
def redis_serves_and_saves_behind_network_server(bench):
    port = free_port()
    with Server(bench, "network-server", port, *redis(bench, port), "--appendonly", "yes"):
        client = [find("redis-cli"), "-p", str(port)]
        bench.expect(bench.outside(find("redis-benchmark"), "-p", str(port), "-n", "1000", "-q", "-t",
                                   "set,lpush"), output="requests per second")
        bench.expect(bench.outside(*client, "bgsave"))  # by a fork
        bench.expect(bench.outside(*client, "bgrewriteaof"))
        poll(lambda: (bench.folder / "data/dump.rdb").exists(), "the snapshot")


@case("python3", "curl")
def python_serves_behind_network_server(bench):
    port = free_port()
    bench.file("page", "served\n")
    serves(bench, "network-server", port, find("python3"), "-m", "http.server", str(port), "--bind",
           "127.0.0.1")


@case("gcc")
def what_no_server_needs_is_refused(bench):
    refused = ["execve", "ptrace", "mount", "unshare", "clone-newuser", "keyctl", "bpf", "tiocsti",
               "mmap-write-exec", "mprotect-exec", "io_uring_setup", "setns"]
    answers = bench.probe("network-server", *refused, "socket-packet")
    bench.check(answers.pop("socket-packet") == 97, "packet sockets")
    bench.check(set(answers.values()) == {1}, "%r" % answers)


# ---- TLS ------------------------------------------------------------------------------------------

class TlsServer:
    """openssl s_server with a certificate of its own, for the length of a `with`."""

    def __init__(self, bench, name):
        self.key, self.certificate = (str(bench.folder / (name + end)) for end in (".key", ".pem"))
        done = bench.outside(find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                             self.key, "-out", self.certificate)
        bench.expect(done)
        self.bench, self.port = bench, free_port()

    def __enter__(self):
        self.process = subprocess.Popen(
            [find("openssl"), "s_server", "-accept", "127.0.0.1:%d" % self.port, "-key", self.key,
             "-cert", self.certificate, "-www", "-quiet"], cwd=self.bench.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        poll(lambda: self.fetch().returncode == 0, "the TLS server")
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()

    def fetch(self, policy=None, certificate=None):
        command = [find("curl"), "-sS", "--cacert", certificate or self.certificate,
                   "https://localhost:%d/" % self.port]
        return self.bench.run(policy, *command) if policy else self.bench.outside(*command)


@case("curl", "openssl")
def curl_talks_tls_to_one_port_and_reads_certificates(bench):
    lines = ["use dynamic-program, stdio, threads, tls-client", "otherwise deny with EPERM"]
    with TlsServer(bench, "one") as server, TlsServer(bench, "other") as other:
        plain = bench.policy(*lines)
        bench.expect(server.fetch(plain), output="TLSv1.3")
        # The certificate is really looked at.
        bench.expect(server.fetch(plain, other.certificate), status=60)
        needs_landlock(4)
        held = bench.policy(*lines, "connect tcp *:%d" % server.port,
                            "read %s, %s" % (SYSTEM, server.certificate))
        bench.expect(server.fetch(held), output="TLSv1.3")
        bench.expect(other.fetch(held, server.certificate), status=7)  # no connection
        done = server.fetch(held, other.certificate)
        bench.check(done.returncode in (60, 77), "ended with %d: %s" % (done.returncode, done.stderr))


@case("python3", "openssl")
def python_talks_tls(bench):
    script = ("import ssl, sys, urllib.request as u\n"
              "print(u.urlopen(sys.argv[1], context=ssl.create_default_context(cafile=sys.argv[2]))"
              ".read().decode())")
    policy = bench.policy("use dynamic-program, stdio, threads, files, tls-client",
                          "otherwise deny with EPERM")
    with TlsServer(bench, "one") as server:
        done = bench.run(policy, find("python3"), "-I", "-c", script,
                         "https://localhost:%d/" % server.port, server.certificate)
        bench.expect(done, output="TLSv1.3")


@case("gcc")
def tls_clients_start_nothing_and_do_not_listen(bench):
    policy = bench.policy("use dynamic-program, tls-client", "otherwise deny with EPERM")
    answers = bench.probe(policy, "execve", "fork", "listen", "kill", "ptrace", "mmap-write-exec",
                          "mprotect-exec", "chown")
    bench.check(set(answers.values()) == {1}, "%r" % answers)
