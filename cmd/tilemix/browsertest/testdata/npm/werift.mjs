// Publishes by WHIP with werift, a WebRTC of TypeScript alone.
//
//     node werift.mjs URL
import { RTCPeerConnection, MediaStreamTrack, RtpPacket, useVP8 } from "werift";
import { film, publish, told } from "./whip.mjs";

const [url] = process.argv.slice(2);
const pc = new RTCPeerConnection({ codecs: { video: [useVP8()] }, iceServers: [] });
const track = new MediaStreamTrack({ kind: "video" });
pc.addTransceiver(track, { direction: "sendonly" });
pc.connectionStateChange.subscribe((s) => { told.state = s; });
await pc.setLocalDescription(await pc.createOffer());
while (pc.iceGatheringState !== "complete") await new Promise((later) => setTimeout(later, 50));
const answer = await publish(url, pc.localDescription.sdp);
await pc.setRemoteDescription({ type: "answer", sdp: answer });
await film({ codec: "libvpx" }, (packet) => track.writeRtp(RtpPacket.deSerialize(packet)));
