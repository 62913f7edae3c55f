# SPDX-License-Identifier: LGPL-2.1-or-later
# WebVTT as others read it, each a function (bytes of several files) -> for each a list of (start, end, text) in ms, the text without
# its markup: the W3C's parsing rules, FFmpeg, headless Chromium.
import base64, html, json, os, re, shutil, subprocess, tempfile

TIME = re.compile(r'(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})(?!\d)')


def to_ms(m):
    return ((int(m.group(1) or 0) * 60 + int(m.group(2))) * 60 + int(m.group(3))) * 1000 + int(m.group(4))


def timing(line):
    """(start, end) of a line with an arrow, or None: the rules for times, settings ignored."""
    at, times = line.lstrip(' \t\f'), []
    for arrow in (True, False):
        m = TIME.match(at)
        if not m:
            return None
        times.append(to_ms(m))
        at = at[m.end():]
        if arrow:
            at = at.lstrip(' \t\f')
            if not at.startswith('-->'):
                return None
            at = at[3:].lstrip(' \t\f')
    return tuple(times)


def cue_text(text):
    """What is shown of a cue: tags go, from < to > or the end, and references to characters are what they stand for."""
    return html.unescape(re.sub(r'<[^>]*(?:>|$)', '', text))


def parse(data):
    text = data.decode('utf-8', 'replace').replace('\0', '\ufffd').replace('\r\n', '\n').replace('\r', '\n')
    lines = text.removeprefix('\ufeff').split('\n')
    if not re.match(r'WEBVTT(?:[ \t]|$)', lines[0]):
        return []
    at, cues = 1, []
    if at < len(lines) and lines[at] and '-->' not in lines[at]:       # the rest of the header
        while at < len(lines) and lines[at] and '-->' not in lines[at]:
            at += 1
    while at < len(lines):
        if not lines[at]:
            at += 1
            continue
        block, times = [], None
        while at < len(lines) and lines[at]:
            if '-->' in lines[at]:
                if times or len(block) > 1:     # an arrow begins the next block
                    break
                times = timing(lines[at])
                at += 1
                if not times:
                    break
                block = []
                continue
            block.append(lines[at])
            at += 1
        if times:
            cues.append((*times, cue_text('\n'.join(block))))
    return cues


def by_rules(files):
    return [parse(f) for f in files]


def by_ffmpeg(files):
    """FFmpeg's reading, by way of the SubRip that it writes.  None: it is not there."""
    if not shutil.which('ffmpeg'):
        return None
    found = []
    for f in files:
        srt = subprocess.run(['ffmpeg', '-v', 'error', '-f', 'webvtt', '-i', '-', '-c:s', 'text', '-f', 'srt', '-'], input=f,
            capture_output=True).stdout.decode()
        found.append(parse(b'WEBVTT\n\n' + re.sub(r'(?m)^([\d:]{8}),(\d{3}) --&gt; ([\d:]{8}),(\d{3})$', r'\1.\2 --> \3.\4',
            html.escape(srt, quote=False)).encode()))
    return found


PAGE = '''<meta charset=utf-8><body><script>
const files = %s, found = files.map(() => []);
let left = files.length;
function done() { if (--left <= 0) document.body.textContent = JSON.stringify(found); }
files.forEach((data, i) => {
  const video = document.createElement('video'), track = document.createElement('track');
  track.src = 'data:text/vtt;base64,' + data; track.default = true;
  track.onload = () => {
    for (const c of track.track.cues)
      found[i].push([Math.round(1000 * c.startTime), Math.round(1000 * c.endTime), c.getCueAsHTML().textContent]);
    done();
  };
  track.onerror = done;
  video.append(track); document.body.append(video); track.track.mode = 'hidden';
});
</script>'''


def by_chromium(files):
    """What a browser makes of them.  None: there is no Chromium, or it does not start here."""
    browser = shutil.which('chromium') or shutil.which('chromium-browser')
    if not browser:
        return None
    with tempfile.TemporaryDirectory() as home:
        page = os.path.join(home, 'page.html')
        with open(page, 'w') as f:
            f.write(PAGE % json.dumps([base64.b64encode(x).decode() for x in files]))
        try:
            dom = subprocess.run([browser, '--headless', '--no-sandbox', '--disable-gpu', f'--user-data-dir={home}/profile',
                '--virtual-time-budget=20000', '--dump-dom', 'file://' + page], capture_output=True, timeout=120).stdout.decode()
        except subprocess.TimeoutExpired:
            return None
    m = re.search(r'<body>(\[.*\])</body>', dom, re.S)
    return [[tuple(c) for c in f] for f in json.loads(html.unescape(m.group(1)))] if m else None
