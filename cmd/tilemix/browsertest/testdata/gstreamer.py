"""Sends colour bars and a tone by WHIP, takes a room's mix by WHEP, with GStreamer's
webrtcbin, and says what it gets. The bars have borders, so that no crop takes any.

    gstreamer.py WHIP-URL [WHEP-URL]

Without WHEP-URL it sends the colour bars alone, with webrtcbin's default bundle policy.

Twice a second a line of JSON goes to standard output. When standard input ends, so
does the call.
"""

import json
import sys
import threading
import urllib.error
import urllib.request
from urllib.parse import urljoin

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, GObject, Gst, GstSdp, GstWebRTC  # noqa: E402

got = {"frames": 0, "width": 0, "height": 0, "red": 0, "green": 0, "blue": 0, "sound": 0, "codec": ""}

CAMERA = """
    webrtcbin name=rtc
    videotestsrc is-live=true pattern=smpte ! video/x-raw,format=I420,width=400,height=360,framerate=30/1
      ! videobox left=-120 right=-120 ! openh264enc bitrate=800000 gop-size=300 ! h264parse
      ! rtph264pay config-interval=-1 aggregate-mode=zero-latency
      ! application/x-rtp,media=video,encoding-name=H264,payload=96 ! rtc.
"""
MICROPHONE = """
    audiotestsrc is-live=true freq=440 ! audioconvert ! audioresample ! opusenc ! rtpopuspay
      ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! rtc.
"""

PICTURE = """rtph264depay ! h264parse ! openh264dec ! videoconvert ! videoscale
      ! video/x-raw,format=RGB ! fakesink name=sink signal-handoffs=true sync=false"""
SOUND = "rtpopusdepay ! opusdec ! level interval=100000000 ! fakesink sync=false"

PREFERENCES = (
    "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,"
    "packetization-mode=(string)1,profile-level-id=(string)42e01f,rtcp-fb-nack-pli=(boolean)true",
    "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,encoding-params=(string)2,payload=97",
)


def fail(text):
    print(text, file=sys.stderr)
    loop.quit()


class Session:
    """One WHIP or WHEP session, without trickled candidates."""

    def __init__(self, url, pipeline):
        self.url, self.pipeline, self.location = url, pipeline, None
        self.rtc = pipeline.get_by_name("rtc")
        self.rtc.connect("on-negotiation-needed", lambda rtc: self.negotiate())
        self.rtc.connect("notify::ice-gathering-state", lambda *_: self.gathered())
        bus = pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", lambda _, m: fail(m.parse_error()))
        bus.connect("message::element", lambda _, m: hear(m.get_structure()))
        pipeline.set_state(Gst.State.PLAYING)

    def negotiate(self):
        def made(promise):
            reply = promise.get_reply()  # the offer lies in it
            offer = reply.get_value("offer")
            self.rtc.emit("set-local-description", offer, Gst.Promise.new())

        self.rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(made))

    def gathered(self):
        if self.rtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            threading.Thread(target=self.post, daemon=True).start()

    def post(self):
        offer = self.rtc.get_property("local-description").sdp.as_text()
        try:
            with request("POST", self.url, offer.encode()) as response:
                self.location = urljoin(self.url, response.headers["Location"])
                _, sdp = GstSdp.SDPMessage.new_from_text(response.read().decode())
        except urllib.error.HTTPError as error:
            return fail(f"{self.url}: {error} {error.read().decode()}\n{offer}")
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.rtc.emit("set-remote-description", answer, Gst.Promise.new())

    def end(self):
        if self.location:
            request("DELETE", self.location).close()
        self.pipeline.set_state(Gst.State.NULL)


def request(method, url, body=None):
    headers = {"Content-Type": "application/sdp"}
    return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=10)


def learn(rtc):
    """Makes Python's class of webrtcbin's pads here. PyGObject makes it with the first pad
    otherwise, and two threads that do so at once leave a pad that is no Gst.Pad."""
    of = rtc.get_pad_template("src_%u").get_property("gtype")
    GObject.new(of, name="example", direction=Gst.PadDirection.SRC)


def receive(pipeline, pad):
    """Decodes what comes."""
    if pad.direction != Gst.PadDirection.SRC:
        return
    caps = pad.get_current_caps().get_structure(0)
    video = caps.get_string("media") == "video"
    if video:
        got["codec"] = "video/" + caps.get_string("encoding-name")
    part = Gst.parse_bin_from_description(PICTURE if video else SOUND, True)
    if video:
        part.get_by_name("sink").connect("handoff", look)
    pipeline.add(part)
    part.sync_state_with_parent()
    pad.link(part.get_static_pad("sink"))


def look(_, buffer, pad):
    """Counts pictures, and the shares of them that are plainly of a colour."""
    got["frames"] += 1
    caps = pad.get_current_caps().get_structure(0)
    got["width"], got["height"] = caps.get_value("width"), caps.get_value("height")
    if got["frames"] % 10:
        return
    stride = (got["width"] * 3 + 3) & ~3
    data = buffer.extract_dup(0, buffer.get_size())
    counts, n = [0, 0, 0], 0
    for y in range(0, got["height"], 16):
        for x in range(0, got["width"], 16):
            pixel = data[y * stride + x * 3 : y * stride + x * 3 + 3]
            n += 1
            for i in range(3):
                counts[i] += pixel[i] > max(pixel[:i] + pixel[i + 1 :]) + 60
    got["red"], got["green"], got["blue"] = (c / n for c in counts)


def hear(structure):
    """Adds up the seconds of sound that can be heard."""
    if structure.get_name() == "level" and max(structure.get_value("rms")) > -50:  # dB
        got["sound"] += 0.1


Gst.init(None)
loop = GLib.MainLoop()
whep = sys.argv[2:]
source = Gst.parse_launch(CAMERA + MICROPHONE if whep else CAMERA)
rtc = source.get_by_name("rtc")
if whep:
    rtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
for i in range(2 if whep else 1):
    transceiver = rtc.emit("get-transceiver", i)
    transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
sessions = [Session(sys.argv[1], source)]


def watch(url):
    """Takes the mix."""
    screen, rtc = Gst.Pipeline.new(None), Gst.ElementFactory.make("webrtcbin", "rtc")
    rtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    screen.add(rtc)
    learn(rtc)
    rtc.connect("pad-added", lambda _, pad: receive(screen, pad))
    for preference in PREFERENCES:
        rtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.caps_from_string(preference))
    return Session(url, screen)


sessions += [watch(url) for url in whep]
GLib.timeout_add(500, lambda: print(json.dumps(got), flush=True) or True)
threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
loop.run()
for session in sessions:
    session.end()
