// Publishes by WHIP with libdatachannel, as OBS does.
//
//     node libdatachannel.mjs URL [LAYERS]
//
// With LAYERS 3 it sends three layers that are told apart by rid alone, as OBS 32.1 does.
import rtc from "node-datachannel";
import { film, publish, told } from "./whip.mjs";

const [url, count = "0"] = process.argv.slice(2);
const layers = Number(count);
const pc = new rtc.PeerConnection("client", { iceServers: [], disableAutoNegotiation: true });
const video = new rtc.Video("1", "SendOnly");
video.addH264Codec(96);
const ids = { mid: 1, rid: 2 };
if (layers) {
  video.parseSdpLine(`a=extmap:${ids.mid} urn:ietf:params:rtp-hdrext:sdes:mid`);
  video.parseSdpLine(`a=extmap:${ids.rid} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id`);
  for (let i = 0; i < layers; i++) video.parseSdpLine(`a=rid:${i} send`);
  video.parseSdpLine(`a=simulcast:send ${[...Array(layers).keys()].join(";")}`);
} else {
  video.addSSRC(1002, "film", "film", "film-video");
}
const track = pc.addTrack(video);
const gathered = new Promise((done) => pc.onGatheringStateChange((s) => s === "complete" && done()));
pc.onStateChange((s) => { told.state = s; });
pc.setLocalDescription("offer");
await gathered;
const answer = await publish(url, pc.localDescription().sdp);
pc.setRemoteDescription(answer, "answer");
await new Promise((open) => track.onOpen(open));

/** header returns an RTP packet with another SSRC, and a layer's names where there are layers. */
function stamped(packet, layer) {
  const head = Buffer.from(packet.subarray(0, 12));
  head[1] = (head[1] & 0x80) | 96;
  head.writeUInt32BE(layers ? 2000 + layer : 1002, 8);
  if (!layers) return Buffer.concat([head, packet.subarray(12)]);
  head[0] |= 0x10;
  const names = Buffer.from([0xbe, 0xde, 0, 1, ids.mid << 4, 0x31, ids.rid << 4, 0x30 + layer]);
  return Buffer.concat([head, names, packet.subarray(12)]);
}

/** send leaves a packet out where the track is not open: the server may close it between a look and the call. */
function send(packet) {
  try {
    if (track.isOpen()) track.sendMessageBinary(packet);
  } catch (problem) {
    if (track.isOpen()) throw problem;
  }
}

const sizes = [[640, 360], [320, 180], [160, 90]];
for (let i = 0; i < Math.max(layers, 1); i++) {
  const [width, height] = sizes[i];
  await film({ width, height }, (packet) => send(stamped(packet, i)));
}
