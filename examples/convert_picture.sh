#!/bin/sh
# Converts a picture with ImageMagick behind the built-in policy `image-converter`, then shows what a
# converter that was talked into fetching a picture from the network gets: nothing.
# usage: convert_picture.sh SECLUDE
set -eu
seclude=$1
here=$(cd "$(dirname "$0")" && pwd)
picture=$here/pictures/hills.png

# Debian's ImageMagick by its own name: `convert` may be something else in front of it.
convert=/usr/bin/convert-im6.q16
[ -x "$convert" ] || convert=$(command -v convert)

work=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT INT TERM

step() { printf '\n== %s\n' "$1"; }
show() { printf '$ %s\n' "$1"; }

step "Convert a picture behind the policy"
show "seclude run -p image-converter -- convert hills.png -resize 50% small.jpg"
"$seclude" run -p image-converter -- "$convert" "$picture" -resize 50% "$work/small.jpg"
"$convert" "$work/small.jpg" -format '%f: %m, %w x %h, %b\n' info:

# A web server on this machine, and an ImageMagick configured to fetch from anywhere: the mistake
# that image converters are known for. The server writes down who came.
python3 - "$picture" "$work" <<'SERVER' &
import http.server
import sys

picture, work = open(sys.argv[1], "rb").read(), sys.argv[2]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open(work + "/visits", "a").write(self.path + "\n")
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(picture)))
        self.end_headers()
        self.wfile.write(picture)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
open(work + "/port.new", "w").write(str(server.server_port))
__import__("os").rename(work + "/port.new", work + "/port")
server.serve_forever()
SERVER
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ -e "$work/port" ] && break
  sleep 0.25
done
url=http://127.0.0.1:$(cat "$work/port")
mkdir -p "$work/.config/ImageMagick"
cat >"$work/.config/ImageMagick/policy.xml" <<'POLICY'
<policymap>
  <policy domain="coder" rights="read|write" pattern="{HTTP,URL}" />
</policymap>
POLICY
visits() { [ -e "$work/visits" ] && wc -l <"$work/visits" || echo 0; }

step "Without the policy, the converter fetches what a picture tells it to"
show "convert $url/secret fetched.jpg"
HOME=$work "$convert" "$url/secret" "$work/fetched.jpg"
[ "$(visits)" -ge 1 ] || { echo "the control failed: nothing was fetched" >&2; exit 1; }
before=$(visits)
echo "it reached the server: $before request"

step "Behind the policy, the same converter gets no socket"
show "seclude run -p image-converter -- convert $url/secret fetched.jpg"
rm -f "$work/fetched.jpg"
status=0
HOME=$work "$seclude" run -p image-converter -- "$convert" "$url/secret" "$work/fetched.jpg" \
  >"$work/talk" 2>&1 || status=$?
sed 's/^/  /' "$work/talk"
[ "$(visits)" -eq "$before" ] || { echo "the server was reached" >&2; exit 1; }
[ "$status" -ne 0 ] || { echo "the converter claims success" >&2; exit 1; }
[ ! -e "$work/fetched.jpg" ] || { echo "a picture was fetched" >&2; exit 1; }
echo "the server was not reached; convert ended with status $status"

step "The line that decides"
show "seclude eval image-converter socket AF_INET SOCK_STREAM"
"$seclude" eval image-converter socket AF_INET SOCK_STREAM
