# SPDX-License-Identifier: LGPL-2.1-or-later
# A camera for the cookbook: rtsp-server.py PORT WAV serves rtsp://127.0.0.1:PORT/talk and says so; without arguments it tells by its exit
# status whether there is gir1.2-gst-rtsp-server-1.0.
import os, sys
import gi
gi.require_version('Gst', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtspServer

if len(sys.argv) > 1:
    Gst.init(None)
    server, factory = GstRtspServer.RTSPServer(address='127.0.0.1', service=sys.argv[1]), GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f'( filesrc location="{os.path.abspath(sys.argv[2])}" ! wavparse ! audioconvert ! audioresample ! '
        'audio/x-raw,format=S16BE,rate=16000,channels=1 ! rtpL16pay name=pay0 pt=96 )')
    server.get_mount_points().add_factory('/talk', factory)
    server.attach(None)
    print('ready', flush=True)
    GLib.MainLoop().run()
