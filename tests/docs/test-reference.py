# SPDX-License-Identifier: LGPL-2.1-or-later
# docs/reference.py has a place for whatever the library exports, and no link of it leads nowhere.  Prints TAP.
# test-reference.py SOURCE-ROOT LIBRARY
import glob, os, re, subprocess, sys, tempfile

root, library = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, root + '/docs/reference.py', root, folder], check=True)
    pages = {os.path.basename(p): open(p).read() for p in glob.glob(folder + '/*.html')}
ids = {f'{name}#{i}' for name, text in pages.items() for i in re.findall(r'id="(\w+)"', text)} | {name for name in pages}
links = {link if not link.startswith('#') else name + link for name, text in pages.items() for link in re.findall(r'href="([^"]*)"', text)}
exported = set(re.findall(r' (rnn_\w+)$', subprocess.run(['nm', '-D', '--defined-only', library], capture_output=True, text=True, check=True).stdout, re.M))
told = {i.split('#')[1] for i in ids if '#' in i}
for i, (name, missing) in enumerate((('exported', exported - told), ('links', links - ids), ('some', set() if exported else {'nothing'})), 1):
    print(f'not ok {i} {name}\n# ' + ' '.join(sorted(missing)) if missing else f'ok {i} {name}')
print('1..3')
