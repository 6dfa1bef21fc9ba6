"""Joins a call with aiortc: sends a file by WHIP, takes the mix, says what it gets.

    aiortc_whip.py URL FILE [CODEC]

CODEC is the only video codec to offer, VP8 or H264; without it the offer is aiortc's
own. Twice a second a line of JSON goes to standard output. When standard input ends,
so does the call.
"""

import asyncio
import json
import sys
import urllib.request
from urllib.parse import urljoin

import numpy
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer

got = {"frames": 0, "width": 0, "height": 0, "red": 0, "green": 0, "blue": 0, "sound": 0, "codec": ""}


async def look(track):
    """Counts pictures, and the shares of them that are plainly of a colour."""
    while True:
        frame = await track.recv()
        got["frames"] += 1
        got["width"], got["height"] = frame.width, frame.height
        if got["frames"] % 10:
            continue
        small = frame.to_ndarray(format="rgb24")[::8, ::8].astype(int)
        for i, colour in enumerate(("red", "green", "blue")):
            others = numpy.delete(small, i, axis=2).max(axis=2)
            got[colour] = float((small[:, :, i] > others + 60).mean())


async def listen(track):
    """Adds up the seconds of sound that can be heard."""
    while True:
        frame = await track.recv()
        samples = frame.to_ndarray().astype(float)
        if numpy.sqrt((samples**2).mean()) > 100:  # of 32767
            got["sound"] += frame.samples / frame.sample_rate


def request(method, url, body=None):
    headers = {"Content-Type": "application/sdp"}
    return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=10)


async def main(url, file, codec=None):
    pc = RTCPeerConnection()
    player = MediaPlayer(file)
    pc.addTrack(player.audio)
    pc.addTrack(player.video)
    if codec:
        known = RTCRtpSender.getCapabilities("video").codecs
        pc.getTransceivers()[1].setCodecPreferences([c for c in known if c.mimeType == "video/" + codec])
    tasks = []

    @pc.on("track")
    def on_track(track):
        tasks.append(asyncio.ensure_future((look if track.kind == "video" else listen)(track)))

    await pc.setLocalDescription(await pc.createOffer())
    with request("POST", url, pc.localDescription.sdp.encode()) as response:
        session = urljoin(url, response.headers["Location"])
        answer = response.read().decode()
    await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    got["codec"] = pc.getTransceivers()[1]._codecs[0].mimeType  # what it sends and takes
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    while not ended.done():
        print(json.dumps(got), flush=True)
        await asyncio.wait([ended], timeout=0.5)
    for task in tasks:
        task.cancel()
    request("DELETE", session).close()
    await pc.close()


asyncio.run(main(*sys.argv[1:]))
