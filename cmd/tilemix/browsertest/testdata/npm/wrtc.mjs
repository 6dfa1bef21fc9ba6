// Publishes by WHIP with libwebrtc, in three layers by sendEncodings, or in one.
//
//     node wrtc.mjs URL [1]
import wrtc from "@roamhq/wrtc";
import { publish, told } from "./whip.mjs";

const { RTCPeerConnection, nonstandard } = wrtc;
const [url, layers = "3"] = process.argv.slice(2);
const pc = new RTCPeerConnection();
const source = new nonstandard.RTCVideoSource();
const sendEncodings = layers === "1" ? [{}] : [
  { rid: "q", scaleResolutionDownBy: 4 }, { rid: "h", scaleResolutionDownBy: 2 }, { rid: "f" }];
pc.addTransceiver(source.createTrack(), { direction: "sendonly", sendEncodings });
pc.onconnectionstatechange = () => { told.state = pc.connectionState; };
await pc.setLocalDescription(await pc.createOffer());
await new Promise((done) => {
  if (pc.iceGatheringState === "complete") done();
  pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && done();
});
const answer = await publish(url, pc.localDescription.sdp);
await pc.setRemoteDescription({ type: "answer", sdp: answer });

// Bars of red, green and blue, with a line that moves.
const width = 1280, height = 720, y = width * height;
const frame = new Uint8ClampedArray(y * 3 / 2);
const bars = [[76, 84, 255], [150, 43, 21], [29, 255, 107]];
for (let j = 0; j < height; j++) for (let i = 0; i < width; i++) frame[j * width + i] = bars[Math.floor(i * 3 / width)][0];
for (let j = 0; j < height / 2; j++) for (let i = 0; i < width / 2; i++) {
  const [, u, v] = bars[Math.floor(i * 6 / width)];
  frame[y + j * width / 2 + i] = u;
  frame[y * 5 / 4 + j * width / 2 + i] = v;
}
let line = 0;
setInterval(() => {
  frame.copyWithin(0, 0, 0);
  for (let k = 0; k < 40; k++) {
    const row = (line + k) % height;
    for (let i = 0; i < width; i++) frame[row * width + i] = k < 20 ? 235 : bars[Math.floor(i * 3 / width)][0];
  }
  line = (line + height - 20) % height;
  source.onFrame({ width, height, data: frame });
}, 66);
