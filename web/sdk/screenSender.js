// Sends a screen, window or tab beside the camera.

import { Uplink, chooseCodecs } from './uplink.js';

/** Bits per second of a screen, until the server asks for another rate. */
const screenBitrate = 2_500_000;

/**
 * The sections of a connection that send a screen. They stay when the share ends, for the next one.
 */
export class ScreenSender {
  /** @type {RTCRtpTransceiver | null} */
  #video = null;
  /** @type {RTCRtpTransceiver | null} */
  #audio = null;
  /** @type {Uplink | null} */
  #uplink = null;

  /** @type {MediaStream | null} */
  #shared = null;
  /** @type {MediaStream | null} what was shared in the last offer */
  #offered = null;

  /**
   * @param {RTCPeerConnection} pc
   * @param {() => Promise<void>} negotiate
   * @param {boolean} onlyVP8
   */
  constructor(pc, negotiate, onlyVP8) {
    this.onlyVP8 = onlyVP8;
    this.pc = pc;
    this.negotiate = negotiate;
  }

  /**
   * Sends what is shared, or nothing any more.
   *
   * @param {MediaStream | null} stream
   */
  async share(stream) {
    this.#shared = stream;
    if (this.pc.signalingState !== 'stable') return; // the answer that is due comes back to it
    this.#offered = stream;
    await this.#set(stream);
    await this.negotiate();
  }

  /** The server has answered an offer. */
  answered() {
    void this.#uplink?.apply();
    if (this.#shared !== this.#offered) void this.share(this.#shared);
  }

  /** @param {MediaStream | null} stream */
  async #set(stream) {
    const [picture] = stream?.getVideoTracks() ?? [];
    const [sound] = stream?.getAudioTracks() ?? [];
    this.#video = await this.#put(this.#video, 'video', picture ?? null);
    this.#audio = await this.#put(this.#audio, 'audio', sound ?? null);
    if (this.#video && !this.#uplink) this.#uplink = new Uplink(this.#video.sender, screenBitrate, containScale);
  }

  /** @param {import('./protocol.js').UplinkMessage} request */
  ask(request) {
    return this.#uplink?.ask(request);
  }

  /**
   * @param {RTCRtpTransceiver | null} section
   * @param {'audio' | 'video'} kind
   * @param {MediaStreamTrack | null} track
   */
  async #put(section, kind, track) {
    if (section) {
      section.direction = track ? 'sendonly' : 'inactive';
      await section.sender.replaceTrack(track);
      return section;
    }
    if (!track) return null;
    const made = this.pc.addTransceiver(track, {
      direction: 'sendonly', streams: [new MediaStream()],
      ...(kind === 'video' ? { sendEncodings: [{ maxBitrate: screenBitrate, maxFramerate: 30 }] } : {}),
    });
    if (kind === 'video') chooseCodecs(made, this.onlyVP8);
    return made;
  }
}

/**
 * The factor to scale a screen's picture down by, so that it fits its tile whole.
 *
 * @param {{width?: number, height?: number}} picture
 * @param {{width?: number, height?: number}} tile
 * @returns {number} 1 or more
 */
export function containScale({ width = 0, height = 0 }, tile) {
  if (!width || !height || !tile.width || !tile.height) return 1;
  return Math.max(1, width / tile.width, height / tile.height);
}
