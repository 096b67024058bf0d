# Interpreters: python3 and node do the usual things behind profiles of their own and behind default.
#
# In: scripts below. Out: cases. The scripts assert for themselves and print "all ok" at the end.
# Neighbours: harness.py; default_cases.py.
from harness import case, find

PYTHON = r"""
import asyncio, concurrent.futures, ctypes, hashlib, json, multiprocessing, os, pathlib, shutil, signal
import sqlite3, subprocess, sys, tarfile, tempfile, threading, time, zlib, ctypes.util
def square(n): return n * n
def main():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a", "b"); path.mkdir(parents=True)
        (path / "f.json").write_text(json.dumps({"k": list(range(1000))}))
        shutil.copytree(path, path.parent / "c"); os.utime(path / "f.json", (1, 1))
        with tarfile.open(path / "t.tar.gz", "w:gz") as tar: tar.add(path / "f.json")
        db = sqlite3.connect(path / "db"); db.execute("create table t(a)")
        db.executemany("insert into t values(?)", [(i,) for i in range(100)]); db.commit()
        assert db.execute("select sum(a) from t").fetchone() == (4950,)
    out = subprocess.run(["sh", "-c", "echo $((6*7))"], capture_output=True, text=True).stdout
    assert out == "42\n", out
    with concurrent.futures.ThreadPoolExecutor(4) as pool: assert sum(pool.map(square, range(10))) == 285
    with multiprocessing.Pool(2) as pool: assert pool.map(square, range(5)) == [0, 1, 4, 9, 16]
    async def nap():
        server = await asyncio.create_subprocess_exec("true"); await server.wait()
        await asyncio.gather(*(asyncio.sleep(0.01) for _ in range(10)))
    asyncio.run(nap())
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(square); assert compare(5) == 25
    signal.signal(signal.SIGALRM, lambda *a: None); signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()
    assert hashlib.sha256(zlib.compress(b"x" * 100000)).digest_size == 32
    os.kill(os.getpid(), 0); time.sleep(0.01); print("all ok", os.cpu_count() > 0)
if __name__ == "__main__": main()
"""

PYTHON_REFUSED = r"""
import errno, socket, ctypes
try: socket.socket(); print("went through")
except OSError as error: print(errno.errorcode[error.errno])
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace(0, 0, 0, 0); print(errno.errorcode.get(ctypes.get_errno()))
"""

NODE = r"""
const assert = require('assert'), fs = require('fs'), http = require('http'), os = require('os');
const path = require('path'), zlib = require('zlib'), crypto = require('crypto');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const { execSync, fork, spawnSync } = require('child_process');
if (process.argv[2] === 'child') { process.send('from child'); process.disconnect(); return; }
if (!isMainThread) { parentPort.postMessage(40 + 2); return; }
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'node-'));
const pause = (start) => new Promise(start);
(async () => {
  fs.mkdirSync(path.join(folder, 'a/b'), { recursive: true });
  await fs.promises.writeFile(path.join(folder, 'a/b/f'), 'content');
  assert.equal(fs.readFileSync(path.join(folder, 'a/b/f'), 'utf8'), 'content');
  fs.cpSync(path.join(folder, 'a'), path.join(folder, 'c'), { recursive: true });
  assert.equal(execSync('echo $((6*7))').toString(), '42\n');
  assert.equal(await pause((done) => new Worker(__filename).on('message', done)), 42);
  const child = fork(__filename, ['child']);
  assert.equal(await pause((done) => child.on('message', done)), 'from child');
  const server = http.createServer((request, answer) => answer.end('served'));
  await pause((done) => server.listen(0, '127.0.0.1', done));
  const body = await (await fetch('http://127.0.0.1:' + server.address().port)).text();
  assert.equal(body, 'served'); server.close();
  await pause((done) => require('dns').lookup('localhost', done));
  assert.equal(zlib.gunzipSync(zlib.gzipSync('x'.repeat(1e5))).length, 1e5);
  assert.equal(crypto.pbkdf2Sync('a', 'b', 1000, 32, 'sha256').length, 32);
  const hot = (n) => { let s = 0; for (let i = 0; i < n; i++) s = (s + i * i) % 1000003; return s; };
  for (let i = 0; i < 100; i++) hot(20000);
  const bytes = Buffer.from('AGFzbQEAAAABBwFgAn9/AX8DAgEABwcBA2FkZAAACgkBBwAgACABags=', 'base64');
  const wasm = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  assert.equal(wasm.exports.add(2, 3), 5);
  assert.ok(os.cpus().length && os.networkInterfaces() && spawnSync('true').status === 0);
  fs.rmSync(folder, { recursive: true }); console.log('all ok');
})().catch((error) => { console.error(error); process.exit(1); });
"""


@case("python3")
def python_works_behind_python(bench):
    script = bench.file("work.py", PYTHON)
    bench.expect(bench.run("python", find("python3"), script), output="all ok")
    refused = bench.file("refused.py", PYTHON_REFUSED)
    done = bench.expect(bench.run("python", find("python3"), refused))
    bench.check(done.stdout == "EAFNOSUPPORT\nEPERM\n", "answers: " + done.stdout)


@case("python3")
def python_works_behind_default(bench):
    bench.expect(bench.run("default", find("python3"), bench.file("work.py", PYTHON)), output="all ok")


@case("python3", "curl")
def python_with_network_client_fetches(bench):
    policy = bench.policy("use python, network-client")
    script = "import urllib.request as u\ntry: u.urlopen('http://127.0.0.1:9/')\n" \
             "except OSError as error: print('tried:', error.reason.errno)"
    bench.expect(bench.run(policy, find("python3"), "-c", script), output="tried: 111")


@case("node")
def node_works_behind_node(bench):
    bench.expect(bench.run("node", find("node"), bench.file("work.js", NODE)), output="all ok")


@case("node")
def node_works_behind_default(bench):
    bench.expect(bench.run("default", find("node"), bench.file("work.js", NODE)), output="all ok")


@case("gcc")
def interpreters_are_refused_the_rest(bench):
    names = ["mount", "ptrace", "keyctl", "bpf", "io_uring_setup", "unshare", "tiocsti"]
    for profile in ("python", "node", "network-client"):
        answers = bench.probe(profile, *names)
        bench.check(set(answers.values()) == {1}, "%s: %r" % (profile, answers))
    bench.check(bench.probe("python", "mmap-write-exec")["mmap-write-exec"] == 1, "python: W and X")
    bench.check(bench.probe("node", "mmap-write-exec")["mmap-write-exec"] == 0, "node: W and X")
    bench.check(bench.probe("network-client", "listen")["listen"] == 1, "network-client listens")
