# SPDX-License-Identifier: LGPL-2.1-or-later
# docs/elements/: a page for each element of the plugin, whose table of properties is what the element says of itself, and whose
# launch lines can be parsed.  Prints TAP.   test-elements.py DOCS [--update]
# --update writes the tables anew.  GST_PLUGIN_PATH says where the plugin is.
import os, re, shlex, sys

try:
    import gi
    gi.require_version('Gst', '1.0')
    from gi.repository import Gst, GObject
except (ImportError, ValueError) as e:
    print(f'1..0 # SKIP there is no python3-gi with GStreamer ({e})')
    sys.exit()
Gst.init(None)
DOCS, UPDATE = sys.argv[1] + '/elements', '--update' in sys.argv
BEGIN = '| property | type | default | |\n|---|---|---|---|\n'


def kind(p):
    g = GObject.type_fundamental(p.value_type)
    if GObject.type_is_a(p.value_type, GObject.TYPE_ENUM):
        return ', '.join(v.value_nick for v in p.enum_class.__enum_values__.values())
    if GObject.type_is_a(p.value_type, GObject.TYPE_FLAGS):
        return 'flags: ' + ', '.join(f for v in p.flags_class.__flags_values__.values() for f in v.value_nicks)
    if g in (GObject.TYPE_INT, GObject.TYPE_UINT, GObject.TYPE_INT64, GObject.TYPE_UINT64, GObject.TYPE_FLOAT, GObject.TYPE_DOUBLE):
        if abs(p.maximum) < 1e9 and abs(p.minimum) < 1e9:
            return f'{number(p.minimum)} to {number(p.maximum)}'
        return f'from {number(p.minimum)}' if abs(p.minimum) < 1e9 else 'number'
    return {'gboolean': 'true, false', 'gchararray': 'text'}.get(p.value_type.name, p.value_type.name)


def number(x):
    return f'{x:g}' if abs(x) < 1e9 else 'any'


def default(p):
    d = p.default_value
    if not p.flags & GObject.ParamFlags.WRITABLE:
        return 'read only'
    if d is None:
        return ''
    if isinstance(d, bool):
        return str(d).lower()
    if isinstance(d, (int, float)) and not hasattr(d, 'value_nick') and not hasattr(d, 'value_nicks'):
        return number(d)
    if hasattr(d, 'value_nick'):
        return d.value_nick
    if hasattr(d, 'value_nicks'):
        return '+'.join(d.value_nicks) or '(none)'
    return str(d)


def table(name):
    element = Gst.ElementFactory.make(name)
    rows = []
    for p in element.list_properties():
        if p.owner_type.name in ('GstObject', 'GstBin', 'GstAudioVisualizer', 'GstAggregator'):
            continue
        cells = [f'`{p.name}`', kind(p), default(p), p.blurb + (' (may change while it plays)' if p.flags & (1 << 11) else '')]
        rows.append('| ' + ' | '.join(c.replace('|', '\\|').replace('\n', ' ') for c in cells) + ' |')
    return '\n'.join(rows)


def launch_lines(text):
    """What stands behind gst-launch-1.0 in blocks, continued lines joined."""
    for block in re.findall(r'^```\n(.*?)^```$', text, re.S | re.M):
        for line in block.replace('\\\n', ' ').splitlines():
            found = re.match(r'(?:mpirun .*?)?gst-launch-1\.0 (?:-\S+ )*(.*)', line)
            if found:
                yield found.group(1)


def check(name):
    path = f'{DOCS}/{name}.md'
    text = open(path).read()
    assert text.startswith(f'# {name}\n'), 'the title'
    begin = text.index(BEGIN) + len(BEGIN)
    end = begin
    while text.startswith('|', end):
        end = text.index('\n', end) + 1
    rows = table(name) + '\n'
    if UPDATE:
        open(path, 'w').write(text[:begin] + rows + text[end:])
    elif text[begin:end] != rows:
        import difflib
        raise AssertionError('\n'.join(difflib.unified_diff(text[begin:end].splitlines(), rows.splitlines(), 'page', 'element', lineterm='', n=0)))
    factory = Gst.ElementFactory.find(name)
    for template in factory.get_static_pad_templates():
        assert f'`{template.name_template}`' in text, f'pad {template.name_template}'
    for signal in GObject.signal_list_names(type(Gst.ElementFactory.make(name)).__gtype__) or ():
        assert f'`{signal}`' in text, f'signal {signal}'
    lines = list(launch_lines(text))
    assert lines, 'a launch line'
    for line in lines:
        Gst.parse_launchv(shlex.split(line))


names = sorted(f.get_name() for f in Gst.Registry.get().get_feature_list_by_plugin('rnn'))
pages = sorted(f[:-3] for f in os.listdir(DOCS) if f != 'README.md')
print(f'1..{len(names) + 1}')
for i, name in enumerate(names, 1):
    try:
        check(name)
        print(f'ok {i} {name}')
    except Exception as e:
        print(f'not ok {i} {name}\n# ' + repr(e).replace('\\n', '\n# '))
print(f"{'ok' if pages == names else 'not ok'} {len(names) + 1} a page for each, and no other")
