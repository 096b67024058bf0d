# Pictures: ImageMagick behind `image-converter`: every usual kind of picture in, JPEG and PNG out;
# sockets, helper programs and writable code refused.
#
# In: pictures that ImageMagick itself makes outside. Out: cases.
# Neighbours: harness.py; probe.c says what is refused.
from harness import Skipped, case, find

CONVERT = "convert-im6.q16|convert|magick"
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60">
<rect width="80" height="60" fill="navy"/><circle cx="40" cy="30" r="20" fill="gold"/>
<text x="5" y="55" font-size="12" fill="white">text</text></svg>
"""
MVG = "viewbox 0 0 80 60\nfill navy rectangle 0,0 80,60\nfill gold circle 40,30 40,10\n"


def picture(bench, kind):
    name = "in." + kind
    if kind == "svg":
        bench.file(name, SVG)
        return name
    if kind == "mvg":
        bench.file(name, MVG)
        return "mvg:" + name
    bench.expect(bench.outside(find(CONVERT), "-size", "160x120", "plasma:fractal", name))
    return name


def needs_outside(bench, *words):
    """Some builds of ImageMagick lack a helper, a library or a font."""
    done = bench.outside(find(CONVERT), *words)
    if done.returncode != 0:
        raise Skipped("nor can this ImageMagick outside: " + (done.stderr.splitlines() or ["?"])[0])


def converts(bench, kind):
    name = picture(bench, kind)
    if kind == "svg":
        needs_outside(bench, name, "outside.png")
    for out, magic in (("out.jpg", b"\xff\xd8\xff"), ("out.png", b"\x89PNG")):
        bench.expect(bench.run("image-converter", find(CONVERT), name, "-resize", "50%", out))
        content = (bench.folder / out).read_bytes()
        bench.check(content.startswith(magic) and len(content) > 200, out + " is no such picture")
    size = bench.outside(find("identify-im6.q16|identify"), "-format", "%w x %h", "out.png").stdout
    bench.check(size == ("40 x 30" if kind in ("svg", "mvg") else "80 x 60"), "size is " + size)


@case(CONVERT)
def png_is_converted(bench):
    converts(bench, "png")


@case(CONVERT)
def jpeg_is_converted(bench):
    converts(bench, "jpg")


@case(CONVERT)
def gif_is_converted(bench):
    converts(bench, "gif")


@case(CONVERT)
def webp_is_converted(bench):
    converts(bench, "webp")


@case(CONVERT)
def svg_is_converted_without_its_helpers(bench):
    converts(bench, "svg")


@case(CONVERT)
def drawings_are_converted(bench):
    converts(bench, "mvg")


@case(CONVERT)
def pictures_are_drawn_with_fonts_and_effects(bench):
    name = picture(bench, "png")
    words = [name, "-blur", "0x8", "-rotate", "30", "-fill", "white"]
    text = ["-annotate", "+5+20", "text", "out.png"]
    other = bench.policy("use image-converter", "otherwise deny with EPERM")
    bench.expect(bench.run(other, find(CONVERT), name, "-resize", "20%", "out.gif"))
    bench.expect(bench.run("image-converter", find(CONVERT), *words, "-draw", "circle 50,50 10,10",
                           "out.png"))
    needs_outside(bench, *words, *text)
    bench.expect(bench.run("image-converter", find(CONVERT), *words, *text))


@case("gcc")
def what_no_converter_needs_is_refused(bench):
    refused = ["socket-inet", "socket-unix", "fork", "clone-newuser", "execve", "kill", "ptrace",
               "keyctl", "mount", "mmap-write-exec", "mprotect-exec", "chown", "tiocsti", "unshare"]
    answers = bench.probe("image-converter", *refused, "clone3")
    bench.check(answers.pop("clone3") == 38, "clone3 should be ENOSYS")
    bench.check(set(answers.values()) == {1}, "not all are EPERM: %r" % answers)
    before = bench.probe(None, *refused)
    bench.check(1 not in (before["socket-inet"], before["execve"], before["mmap-write-exec"]),
                "the probe proves nothing: refused outside as well")


@case("curl", "gcc")
def a_socket_of_a_real_program_is_refused(bench):
    done = bench.run("image-converter", find("curl"), "-sS", "http://127.0.0.1:9/")
    bench.check(done.returncode not in (0, 125, 126, 127), "curl got through")
