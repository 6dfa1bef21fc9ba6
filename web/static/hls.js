// Plays a call's broadcast over HLS. It is later than WHEP, but passes every firewall that
// lets HTTP through, and caches can serve it.

import { refusalOf } from '../sdk/whep.js';
import { brought, entering } from './credentials.js';

/**
 * @typedef {object} BroadcastEvents
 * @property {() => void} flowing it plays, for the first time
 * @property {() => void} lost it has ended or cannot be played; called once
 */

/** One playback of a broadcast. */
export class Playback {
  /** @type {import('./vendor/hls-1.7.4.min.js').default | null} */
  #hls = null;
  #closed = false;
  #flows = false;
  #timer = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {BroadcastEvents} events
   */
  constructor(video, events) {
    this.video = video;
    this.events = events;
    video.addEventListener('timeupdate', this.#advanced);
    video.addEventListener('ended', this.#lose);
  }

  /**
   * Starts to play. Throws a Refusal when there is no broadcast, and TypeError when the
   * server does not answer.
   *
   * @param {string} url of the index
   */
  async open(url) {
    const response = await fetch(url, { headers: entering(), signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw await refusalOf(response);
    const { default: Hls } = await import('./vendor/hls-1.7.4.min.js');
    if (this.#closed) return;
    this.#timer = setTimeout(this.#lose, 20_000);
    this.video.srcObject = null;
    if (!Hls.isSupported()) {
      this.video.addEventListener('error', this.#lose);
      // The browser plays HLS itself, as on old iPhones, and sends no headers.
      this.video.src = brought() ? url.replace(/index\.m3u8$/, `t/${encodeURIComponent(brought())}/$&`) : url;
      return;
    }
    // The page's policy allows no worker from a blob. hls.js has little work here, because
    // browsers take the media as it is.
    const hls = new Hls({
      lowLatencyMode: true, enableWorker: false, backBufferLength: 10, maxLiveSyncPlaybackRate: 1.25,
      liveSyncDuration: 0.5, // the playlist recommends three parts; two and a half are enough here
      xhrSetup: (xhr) => {
        for (const [name, value] of Object.entries(entering())) xhr.setRequestHeader(name, value);
      },
    });
    this.#hls = hls;
    hls.on(Hls.Events.ERROR, (_, { fatal }) => fatal && this.#lose());
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => {
      if (!details.live) this.#timer = setTimeout(this.#lose, 5_000); // plays the rest
    });
    hls.loadSource(url);
    hls.attachMedia(this.video);
  }

  /** How far behind the call, in seconds; null where that is not known. */
  get latency() {
    const date = this.#hls?.playingDate;
    if (!this.#hls || !date) return null;
    // Without a usable server clock, the end of the playlist stands for the call.
    const exact = (Date.now() - date.getTime()) / 1000;
    return Math.abs(exact - this.#hls.latency) < 5 ? exact : this.#hls.latency;
  }

  /** Ends playback, without events. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.video.removeEventListener('timeupdate', this.#advanced);
    this.video.removeEventListener('ended', this.#lose);
    this.video.removeEventListener('error', this.#lose);
    this.#hls?.destroy();
    this.video.removeAttribute('src');
    this.video.load();
  }

  #advanced = () => {
    if (this.#flows || this.#closed || this.video.currentTime === 0) return;
    this.#flows = true;
    clearTimeout(this.#timer);
    this.events.flowing();
  };

  #lose = () => {
    if (this.#closed) return;
    this.events.lost();
    this.close();
  };
}
