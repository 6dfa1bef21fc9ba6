// A call with nobody else, for some seconds: what comes back says what the network carries.

import { offer } from './offer.js';
import { chooseCodecs } from './uplink.js';
import { gathered, iceServers, refusalOf } from './whep.js';

const settle = 1_500; // ms until the bitrate has risen
const length = 3_500; // ms that are measured
const patience = 6_000; // ms for the connection
/** From where on a path is bad: share of packets, ms, bits a second. */
const bad = { loss: 0.03, delay: 300, rate: 200_000 };

/**
 * @typedef {object} Sums
 * @property {number} out bytes
 * @property {number} outPackets
 * @property {number} outLost
 * @property {number} in bytes
 * @property {number} inPackets
 * @property {number} inLost
 * @property {number} delay ms there and back
 */

/** Sends a moving picture and a tone into a room of its own, and receives the mix. */
export class Loop {
  #pc = new RTCPeerConnection();
  #canvas = document.createElement('canvas');
  #timer = 0;
  #session = '';
  /** @type {AudioContext | null} */
  #sound = null;
  /** @type {Promise<[Sums, Sums]> | null} */
  #measured = null;

  /**
   * @param {import('./access.js').Access} access
   * @param {string} room
   */
  constructor(access, room) {
    this.access = access;
    this.room = room;
  }

  /** Joins. It rejects with the server's reason, or because no media comes through. */
  async open() {
    const pc = this.#pc;
    pc.setConfiguration({ ...pc.getConfiguration(), iceServers: await iceServers(this.access) });
    for (const track of [this.#tone(), this.#picture()]) {
      if (!track) continue;
      const transceiver = pc.addTransceiver(track, { direction: 'sendrecv' });
      if (track.kind === 'video') chooseCodecs(transceiver);
    }
    await offer(pc);
    await gathered(pc, 1_000);
    const response = await fetch(this.access.at(`/whip/${encodeURIComponent(this.room)}?name=check`), {
      method: 'POST', headers: { 'Content-Type': 'application/sdp', ...this.access.entering() },
      body: pc.localDescription?.sdp ?? '', signal: AbortSignal.timeout(patience),
    });
    if (!response.ok) throw await refusalOf(response);
    this.#session = new URL(response.headers.get('Location') ?? '', response.url).href;
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
    await new Promise((/** @type {(v?: unknown) => void} */ done, fail) => {
      const look = () => /connected|completed/.test(pc.iceConnectionState) && done();
      pc.addEventListener('iceconnectionstatechange', look);
      setTimeout(() => fail(new Error('No media comes through. A firewall may block it.')), patience);
      look();
    });
  }

  /** @returns {MediaStreamTrack | undefined} */
  #tone() {
    if (typeof AudioContext === 'undefined') return undefined;
    const sound = this.#sound = new AudioContext();
    const [tone, level, out] = [sound.createOscillator(), sound.createGain(), sound.createMediaStreamDestination()];
    level.gain.value = 0.02;
    tone.connect(level).connect(out);
    tone.start();
    return out.stream.getAudioTracks()[0];
  }

  /** A picture that costs bits. */
  #picture() {
    const canvas = this.#canvas;
    Object.assign(canvas, { width: 640, height: 360 });
    const paint = canvas.getContext('2d');
    this.#timer = setInterval(() => {
      for (let i = 0; paint && i < 40; i++) {
        paint.fillStyle = `hsl(${Math.random() * 360} 70% 50%)`;
        paint.fillRect(Math.random() * 640, Math.random() * 360, 60, 40);
      }
    }, 33);
    return canvas.captureStream(30).getVideoTracks()[0];
  }

  /** How what is sent arrives. @returns {Promise<[boolean, string]>} */
  async sent() {
    const [a, b] = await this.#measure();
    const rate = (8000 * (b.out - a.out)) / length;
    const loss = share(b.outLost - a.outLost, b.outPackets - a.outPackets);
    const facts = `${mega(rate)} Mbit/s, ${percent(loss)} % lost, ${Math.round(b.delay)} ms there and back`;
    if (rate < bad.rate || loss > bad.loss || b.delay > bad.delay) return [false, `Sending is poor: ${facts}. A cable may help.`];
    return [true, `Sending works: ${facts}.`];
  }

  /** How the mix arrives. @returns {Promise<[boolean, string]>} */
  async received() {
    const [a, b] = await this.#measure();
    const rate = (8000 * (b.in - a.in)) / length;
    const loss = share(b.inLost - a.inLost, b.inPackets - a.inPackets + b.inLost - a.inLost);
    const facts = `${mega(rate)} Mbit/s, ${percent(loss)} % lost`;
    if (rate === 0 || loss > bad.loss) return [false, `Receiving is poor: ${facts}. A cable may help.`];
    return [true, `Receiving works: ${facts}.`];
  }

  #measure() {
    this.#measured ??= (async () => {
      await wait(settle);
      const before = await sums(this.#pc);
      await wait(length);
      return [before, await sums(this.#pc)];
    })();
    return this.#measured;
  }

  close() {
    clearInterval(this.#timer);
    this.#pc.getSenders().forEach(({ track }) => track?.stop());
    this.#pc.close();
    void this.#sound?.close();
    if (this.#session) void fetch(this.#session, { method: 'DELETE', keepalive: true, headers: this.access.entering() }).catch(() => {});
  }
}

/** @param {number} ms */
function wait(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

/** @param {number} part @param {number} of */
function share(part, of) {
  return of > 0 ? Math.max(0, part) / of : 0;
}

/** @param {number} bits */
function mega(bits) {
  return (bits / 1e6).toFixed(1);
}

/** @param {number} part */
function percent(part) {
  return (100 * part).toFixed(1);
}

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<Sums>}
 */
async function sums(pc) {
  const all = { out: 0, outPackets: 0, outLost: 0, in: 0, inPackets: 0, inLost: 0, delay: 0 };
  (await pc.getStats()).forEach((s) => {
    if (s.type === 'outbound-rtp') {
      all.out += s.bytesSent ?? 0;
      all.outPackets += s.packetsSent ?? 0;
    } else if (s.type === 'inbound-rtp') {
      all.in += s.bytesReceived ?? 0;
      all.inPackets += s.packetsReceived ?? 0;
      all.inLost += s.packetsLost ?? 0;
    } else if (s.type === 'remote-inbound-rtp') {
      all.outLost += s.packetsLost ?? 0;
      all.delay = Math.max(all.delay, 1000 * (s.roundTripTime ?? 0));
    }
  });
  return all;
}
