# SPDX-License-Identifier: LGPL-2.1-or-later
# Imported by test-page.py: Chromium without a screen, steered by its debugging protocol.
import asyncio, base64, json, re, subprocess, tempfile


class Browser:
    """async with Browser (CHROMIUM, url, width, height) as b"""
    def __init__(self, program, url, width, height):
        self.url, self.n = url, 0
        self.home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.command = [program, '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
            '--hide-scrollbars', f'--user-data-dir={self.home.name}', f'--window-size={width},{height}', '--remote-debugging-port=0',
            'about:blank']

    async def __aenter__(self):
        import websockets
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        while not (found := re.search(r'ws://127\.0\.0\.1:\d+/\S+', self.process.stderr.readline())):
            assert self.process.poll() is None, 'chromium ended'
        self.socket = await websockets.connect(found.group(), max_size=None)
        targets = await self.call('Target.getTargets')
        page = next(t for t in targets['targetInfos'] if t['type'] == 'page')
        self.session = (await self.call('Target.attachToTarget', targetId=page['targetId'], flatten=True))['sessionId']
        await self.call('Page.navigate', url=self.url)
        return self

    async def __aexit__(self, *_):
        await self.socket.close()
        self.process.terminate()
        self.process.wait()
        self.home.cleanup()

    async def call(self, method, **params):
        self.n += 1
        message = {'id': self.n, 'method': method, 'params': params}
        if hasattr(self, 'session'):
            message['sessionId'] = self.session
        await self.socket.send(json.dumps(message))
        while (answer := json.loads(await self.socket.recv())).get('id') != self.n:
            pass
        assert 'error' not in answer, answer
        return answer['result']

    async def evaluate(self, script):
        result = await self.call('Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True)
        assert 'exceptionDetails' not in result, result
        return result['result'].get('value')

    async def wait(self, script):
        """Until it is true, however long that takes; the test has its own patience."""
        while not await self.evaluate(script):
            await asyncio.sleep(.1)

    async def screenshot(self, path):
        open(path, 'wb').write(base64.b64decode((await self.call('Page.captureScreenshot'))['data']))
