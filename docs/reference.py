#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference of librnncore's functions, of what its headers say: a page a header, and an index of all names.

  reference.py SOURCE-ROOT FOLDER

Public are the headers with RNN_API_BEGIN (rnncore/base/api.h); comments stay where they stand, beside what they explain."""
import html, os, re, sys

STYLE = '''body { max-width: 62em; margin: 2em auto; padding: 0 1em; font: 16px/1.5 sans-serif; color: #222; background: #fff }
pre { overflow-x: auto; padding: .8em; background: #f5f5f2 } .c { color: #666 } a { color: #0059a8; text-decoration: none }
:target { background: #ffec99 } li { margin: .1em 0 } .index { columns: 3 20em }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } pre { background: #222 } .c { color: #999 }
  a { color: #7db7f0 } :target { background: #554400 } }'''
HIDDEN = re.compile(r'^(RNN_API_BEGIN|RNN_API_END|#pragma once|#include .*|G_DEFINE_AUTO\w+ \(.*\))\n', re.M)
COMMENT = re.compile(r'/\*.*?\*/', re.S)
# what is declared: functions and arrays, types, macros
DECLARED = re.compile(r'\b(rnn_\w+) *(?=\(|\[)|(?<=} )(Rnn\w+)(?=;)|^typedef .*?\b(Rnn\w+)(?=;)|^#define (RNN_\w+)', re.M)


def public_headers(root):
    for folder, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith('.h') and 'RNN_API_BEGIN\n' in open(path).read() and name != 'api.h':
                yield os.path.relpath(path, root), open(path).read()


def split(text):
    """The opening comment as plain paragraphs, and the declarations."""
    opening = COMMENT.search(text, text.index('*/') + 2)    # behind the licence
    lines = [re.sub(r'^[ *]+', '', line) for line in opening.group()[2:-2].strip().split('\n')]
    return '\n'.join(lines), HIDDEN.sub('', text[opening.end():]).strip()


def names_of(declarations):
    """Where each name is declared first, without the comments."""
    blank = COMMENT.sub(lambda m: re.sub(r'[^\n]', ' ', m.group()), declarations)
    found = {}
    for match in DECLARED.finditer(blank):
        group = next(i for i in range(1, 5) if match.group(i))
        found.setdefault(match.group(group), match.start(group))
    return found


def marked(declarations, places, known, page):
    """HTML: comments gray, names anchored where they are declared and linked everywhere else."""
    def word(match):
        name = match.group()
        if places.get(name) == match.start():
            return f'<b id="{name}">{name}</b>'
        return f'<a href="{known[name] if known[name] != page else ""}#{name}">{name}</a>' if name in known else html.escape(name)
    out, at = [], 0
    comments = [(m.start(), m.end()) for m in COMMENT.finditer(declarations)] + [(len(declarations),) * 2]
    for begin, end in comments:
        out.append(anchored(declarations, at, begin, word))
        if end > begin:
            out.append('<span class="c">' + anchored(declarations, begin, end, word) + '</span>')
        at = end
    return ''.join(out)


def anchored(text, begin, end, word):
    out, at = [], begin
    for match in re.compile(r'\b(?:rnn_|Rnn|RNN_)\w+').finditer(text, begin, end):
        out += [html.escape(text[at:match.start()]), word(match)]
        at = match.end()
    return ''.join(out) + html.escape(text[at:end])


def page(folder, name, title, body):
    with open(os.path.join(folder, name), 'w') as f:
        f.write(f'<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">\n'
            f'<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n<h1>{html.escape(title)}</h1>\n{body}\n</html>\n')


def file_of(header):
    return header.replace('/', '-')[:-2] + '.html'


def main(root, folder):
    headers = {header: split(text) for header, text in public_headers(root + '/rnncore')}
    places = {header: names_of(declarations) for header, (_, declarations) in headers.items()}
    known = {}
    for header, names in places.items():
        for name in names:
            known.setdefault(name, file_of(header))
    os.makedirs(folder, exist_ok=True)
    for header, (opening, declarations) in headers.items():
        paragraphs = ''.join(f'<p>{html.escape(p)}</p>\n' for p in opening.split('\n\n'))
        own = {name: at for name, at in places[header].items() if known[name] == file_of(header)}
        page(folder, file_of(header), header, f'<p><a href="index.html">librnncore</a></p>\n{paragraphs}<pre>#include &lt;rnncore/{header}&gt;\n\n'
            + marked(declarations, own, known, file_of(header)) + '</pre>')
    lists = ''.join(f'<li><a href="{file_of(h)}">{h}</a> {html.escape(headers[h][0].split(chr(10) * 2)[0])}</li>\n' for h in headers)
    index = ''.join(f'<li><a href="{known[n]}#{n}">{n}</a></li>\n' for n in sorted(known, key=str.lower))
    page(folder, 'index.html', 'librnncore', f'<ul>{lists}</ul>\n<h2>All names</h2>\n<ul class="index">{index}</ul>')


if len(sys.argv) != 3:
    sys.exit(__doc__)
main(*sys.argv[1:])
