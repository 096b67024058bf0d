# Hostile pictures: ImageMagick, configured to do all that it can, behind an image converter's policy
# with path lines: what pictures talk it into is refused.
#
# In: pictures made here, a web server on loopback, a policy.xml that permits everything (Debian's
# forbids much of this; other people's do not). Out: cases; every attempt first has to succeed outside.
# Neighbours: harness.py; picture_cases.py for pictures that mean no harm.
import shutil
import socketserver
import threading
from pathlib import Path

from harness import case, find
from layer_support import needs_landlock

CONVERT = "convert-im6.q16|convert|magick"
PERMISSIVE = """<policymap>
<policy domain="path" rights="read|write|execute" pattern="@*"/>
<policy domain="coder" rights="read|write" pattern="*"/>
<policy domain="coder" rights="read|write" pattern="{HTTP,HTTPS,URL,MVG,MSL,EPHEMERAL,TEXT,LABEL}"/>
<policy domain="delegate" rights="read|write|execute" pattern="*"/>
<policy domain="resource" name="width" value="200KP"/><policy domain="resource" name="height" value="200KP"/>
</policymap>
"""
# A helper program for a kind of picture, as delegates have been since the beginning.
DELEGATES = """<delegatemap>
<delegate decode="evil" command="echo started > %s/started; cp %%i %%o"/>
</delegatemap>
"""
# What newer releases of ImageMagick do not know any more.
FORGOTTEN = ("delete what is to be read", "delete what a drawing names")
MVG = "push graphic-context\nviewbox 0 0 64 64\nimage over 0,0 64,64 '%s'\npop graphic-context\n"
SECRET = "a secret of 48 bytes, which is a picture as well."[:48]


class Lab:
    """in/ with pictures, out/ to write, a secret beside, and a web server that counts its visits."""

    def __init__(self, bench):
        self.bench, self.visits = bench, 0
        lab = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                lab.visits += 1
        self.server = socketserver.TCPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_address[1]
        bench.file(".config/ImageMagick/policy.xml", PERMISSIVE)
        bench.file(".config/ImageMagick/delegates.xml", DELEGATES % bench.folder)
        bench.file("secret", SECRET)
        for name in ("in", "out"):
            (bench.folder / name).mkdir()
        bench.expect(bench.outside(find(CONVERT), "-size", "64x64", "plasma:red-blue", "in/a.png"))
        shutil.copy(bench.folder / "in/a.png", bench.folder / "private.png")
        bench.file("in/private.mvg", MVG % (bench.folder / "private.png"))
        bench.file("in/ephemeral.mvg", MVG % "ephemeral:in/b.png")
        bench.file("in/a.evil", "anything")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.server.shutdown()
        self.server.server_close()

    def policy(self):
        return self.bench.policy(
            "use image-converter", "read /usr/**, /etc/**, /lib/**?, /lib64/**?, /sys/devices/system/cpu/**",
            "read %s/in/**, %s/.config/**" % (self.bench.folder, self.bench.folder),
            "create %s/out/**" % self.bench.folder)

    def convert(self, policy, *words):
        environment = {"MAGICK_TEMPORARY_PATH": str(self.bench.folder / "out")}
        run = self.bench.outside if policy is None else lambda *command, **options: self.bench.run(
            policy, *command, **options)
        return run(find(CONVERT), *words, environment=environment)

    def effect(self, policy, words, happened):
        """Whether this attempt had its effect."""
        for name in ("out", "elsewhere"):
            shutil.rmtree(self.bench.folder / name, ignore_errors=True)
            (self.bench.folder / name).mkdir()
        (self.bench.folder / "started").unlink(missing_ok=True)
        shutil.copy(self.bench.folder / "in/a.png", self.bench.folder / "in/b.png")
        before = self.visits
        self.convert(policy, *words)
        return happened(before)


def attempts(lab):
    """{name: (words for convert, what happened)}"""
    folder = lab.bench.folder

    def made(name):
        return lambda _: (folder / name).exists()

    def shows(name):
        return lambda _: SECRET.encode() in (Path(folder, name).read_bytes()
                                             if Path(folder, name).exists() else b"")

    def changed(_):
        return (folder / "in/b.png").read_bytes() != (folder / "in/a.png").read_bytes()

    def gone(_):
        return not (folder / "in/b.png").exists()

    def visited(before):
        return lab.visits > before

    def drawn(_):
        """Not only the empty canvas."""
        done = lab.bench.outside(find("identify-im6.q16|identify"), "-format", "%k", "out/a.png")
        return done.returncode == 0 and int(done.stdout) > 1
    return {
        "fetch by http": (["http://127.0.0.1:%d/a.png" % lab.port, "out/a.png"], visited),
        "fetch by https, with curl": (["https://127.0.0.1:%d/a.png" % lab.port, "out/a.png"], visited),
        "start a helper": (["in/a.evil", "out/a.png"], made("started")),
        "read a file as a picture": (["-size", "4x4", "-depth", "8", "rgb:%s" % (folder / "secret"),
                                      "-depth", "8", "out/a.rgb"], shows("out/a.rgb")),
        "read a picture that a drawing names": (["mvg:in/private.mvg", "out/a.png"], drawn),
        "write elsewhere": (["in/a.png", "elsewhere/a.png"], made("elsewhere/a.png")),
        "delete what is to be read": (["ephemeral:in/b.png", "out/a.png"], gone),
        "delete what a drawing names": (["mvg:in/ephemeral.mvg", "out/a.png"], gone),
        "change what is to be read": (["in/a.png", "-negate", "in/b.png"], changed),
    }


@case(CONVERT, "curl")
def hostile_pictures_have_no_effect(bench):
    needs_landlock(3)
    wrong = []
    with Lab(bench) as lab:
        policy = lab.policy()
        bench.expect(lab.convert(policy, "in/a.png", "-resize", "50%", "out/a.jpg"))
        for name, (words, happened) in attempts(lab).items():
            if not lab.effect(None, words, happened) and name not in FORGOTTEN:
                wrong.append(name + " has no effect outside")
            if lab.effect(policy, words, happened):
                wrong.append(name + " has its effect inside")
    bench.check(not wrong, "\n".join(wrong))
