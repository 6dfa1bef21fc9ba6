// The screen, window or tab that this page shares beside its camera.

import { announce, byId } from './dom.js';
import { shortcuts } from './shortcuts.js';
import { toast } from './toasts.js';
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
   */
  constructor(pc, negotiate) {
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
    if (kind === 'video') chooseCodecs(made);
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

/** The button that shares a screen, and what is shared. A share goes on over a new connection. */
export class ScreenShare {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {import('./link.js').Link | null} */
  #sent = null;
  #asking = false;

  /**
   * @param {import('./session.js').State} state
   * @param {import('./session.js').Session} session
   */
  constructor(state, session) {
    this.state = state;
    this.session = session;
    byId('share', HTMLElement).addEventListener('click', () => void this.toggle());
    shortcuts({ s: () => void this.toggle() });
    this.follow();
  }

  get #may() {
    const { rights } = this.state;
    return Boolean(navigator.mediaDevices?.getDisplayMedia) && (!rights.length || rights.includes('publish.screen'));
  }

  /** Brings the button and the connection in line with the call. */
  follow() {
    const { phase } = this.state;
    byId('share', HTMLElement).hidden = !this.#may;
    if (phase === 'left' || phase === 'refused' || phase === 'removed') return this.stop();
    const { link } = this.session;
    if (phase !== 'connected' || !this.#stream || !link || link === this.#sent) return;
    this.#sent = link;
    void link.screen?.share(this.#stream);
  }

  async toggle() {
    if (this.#stream) return this.stop();
    if (!this.#may || this.#asking) return;
    this.#asking = true; // the browser shows its picker once
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({
        video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: { max: 30 } },
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
        // All sound of the machine has the call in it, and everybody would hear an echo.
        ...{ systemAudio: 'exclude', selfBrowserSurface: 'exclude', surfaceSwitching: 'include' },
      });
      this.#begin(stream);
    } catch (error) {
      // A user who closes the picker knows it.
      if (!(error instanceof DOMException && error.name === 'NotAllowedError')) toast('This browser could not share a screen.', 'warning');
    } finally {
      this.#asking = false;
    }
  }

  /** @param {MediaStream} stream */
  #begin(stream) {
    this.#stream = stream;
    stream.getVideoTracks()[0]?.addEventListener('ended', () => this.#stream === stream && this.stop());
    this.#show();
    announce('You share a screen');
    this.follow();
  }

  /** Ends the share. */
  stop() {
    if (!this.#stream) return;
    for (const track of this.#stream.getTracks()) track.stop();
    this.#stream = null;
    if (this.#sent && this.#sent === this.session.link) void this.#sent.screen?.share(null);
    this.#sent = null;
    this.#show();
    announce('You share no screen any more');
  }

  #show() {
    const button = byId('share', HTMLButtonElement);
    const text = this.#stream ? 'Stop sharing' : 'Share a screen';
    button.setAttribute('aria-pressed', String(Boolean(this.#stream)));
    button.setAttribute('aria-label', text);
    button.dataset.hint = text;
  }
}
