// One connection to a call: one WebSocket or a detour around it, one RTCPeerConnection.

import { Detour } from './detour.js';
import { Heartbeat } from './heartbeat.js';
import { MediaMonitor } from './mediaMonitor.js';
import { offer } from './offer.js';
import { parseMessage } from './protocol.js';
import { ScreenSender } from './screenSender.js';
import { Uplink, chooseCodecs, defaultBitrate } from './uplink.js';

/**
 * @typedef {import('./protocol.js').ServerMessage} ServerMessage
 * @typedef {import('./protocol.js').ClientMessage} ClientMessage
 *
 * @typedef {'unreached' | 'server' | 'silent' | 'media'} Loss what was lost: the WebSocket never
 *   opened, it closed, it brings no answer any more, or the media connection failed
 *
 * @typedef {object} LinkEvents
 * @property {(message: ServerMessage) => void} message every message that is not about the connection itself
 * @property {(stream: MediaStream) => void} mix the mix, when media flows
 * @property {() => void} connected media flows, for the first time or again
 * @property {() => void} stalled media has stopped, but may resume
 * @property {(loss: Loss) => void} lost the connection was lost; called once
 * @property {(message: import('./protocol.js').RemovedMessage) => void} removed a host ended the call for this page; called once
 * @property {(reason: string, code?: string) => void} refused the server ended or refused the call; called once
 */

/** Codes that the page closes a WebSocket with: to leave, or to come back. */
const left = 1000;
const lost = 3000;
const pageGone = 3001; // the server waits 5 s

const joinTimeout = 10_000; // ms, from the first byte to the answer
const answerTimeout = 5_000; // ms, of an offer that restarts ICE

/** A link is used once. After lost, refused or close, the session makes a new one. */
export class Link {
  /** @type {RTCPeerConnection | null} */
  pc = null;
  /** @type {Uplink | null} */
  uplink = null;
  /** @type {Record<'audio' | 'video', RTCRtpSender | null>} */
  senders = { audio: null, video: null };
  /** @type {ScreenSender | null} */
  screen = null;
  /** @type {RTCRtpTransceiver | null} */
  #video = null;
  mix = new MediaStream();
  #done = false;
  #answered = false;
  #offering = 0; // later offers: one waits for its answer, and all others for that
  /** @type {RTCIceCandidateInit[]} */
  #early = [];
  #timer = 0;
  #opening = 0;
  /** @type {MediaMonitor | null} */
  #monitor = null;
  #heartbeat = new Heartbeat(() => this.send({ type: 'alive' }), () => this.#lose('silent'));

  /**
   * @param {WebSocket | Detour | import('./eventStream.js').EventStream} ws
   * @param {() => Record<'audio' | 'video', MediaStreamTrack | null>} tracks what to send; called after the welcome
   * @param {LinkEvents} events
   * @param {number} patience ms that the WebSocket has to open
   * @param {import('./access.js').Access} access
   */
  constructor(ws, tracks, events, patience, access) {
    this.access = access;
    this.events = events;
    this.tracks = tracks;
    this.ws = ws;
    let opened = false;
    this.ws.onopen = () => {
      opened = true;
      clearTimeout(this.#opening);
      if (this.ws instanceof Detour) void this.#offer(this.ws.iceServers);
    };
    this.ws.onmessage = (/** @type {Pick<MessageEvent<string>, 'data'>} */ event) => {
      const message = parseMessage(event.data);
      if (!this.#done) this.#heartbeat.heard();
      if (message && !this.#done) void this.#receive(message);
    };
    this.ws.onclose = (/** @type {{code: number, reason: string}} */ event) => {
      // 1008 is a violated policy (RFC 6455 §7.4.1), 4000 and up are ours.
      if (event.code === 1008 || event.code >= 4000) this.#refuse(event.reason || 'The server ended the call.');
      else this.#lose(opened ? 'server' : 'unreached');
    };
    this.#timer = setTimeout(() => this.#lose('server'), joinTimeout);
    this.#opening = setTimeout(() => this.#lose('silent'), patience);
  }

  /** Whether the server has answered the offer. */
  get joined() {
    return this.#answered && !this.#done;
  }

  /** Whether the server has rejected our video, so that there is audio only. */
  get soundOnly() {
    return this.joined && this.#video?.direction === 'sendrecv' && !this.#video?.currentDirection?.includes('recv');
  }

  /** @param {ClientMessage} message */
  send(message) {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(message));
  }

  /**
   * Sends another track, or none.
   *
   * @param {'audio' | 'video'} kind
   * @param {MediaStreamTrack | null} track
   */
  async replace(kind, track) {
    await this.senders[kind]?.replaceTrack(track);
    if (kind === 'video' && track) await this.uplink?.apply();
  }

  /** The machine's network has changed. The WebSocket may belong to the old network. */
  async networkChanged() {
    if (!this.joined) return;
    await this.#heartbeat.answer();
    await this.#restart();
  }

  /**
   * Restarts ICE over the same WebSocket, to find another network path. Without an answer
   * the link is lost, because a connection takes one offer at a time.
   */
  async #restart() {
    const { pc } = this;
    if (!pc || !this.joined || this.#offering || this.ws.readyState !== WebSocket.OPEN) return;
    pc.restartIce();
    await this.#negotiate(pc);
  }

  /** @param {RTCPeerConnection} pc @param {boolean} [answered] whether this offer waited for the answer */
  async #negotiate(pc, answered) {
    this.#offering = answered ? 1 : this.#offering + 1;
    if (this.#offering > 1) return;
    try {
      await offer(pc);
      this.send({ type: 'offer', sdp: pc.localDescription?.sdp ?? '' });
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#lose('silent'), answerTimeout);
    } catch {
      this.#offering = 0; // the connection has ended, and another event says so
    }
  }

  /** Ends the connection as the page goes away, perhaps to be loaded again. */
  suspend() {
    if (!this.#done) this.#end(pageGone);
  }

  /** Ends the connection and leaves the call, without events. */
  close() {
    this.#end(left);
  }

  /** @param {number} code */
  #end(code) {
    this.#done = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#opening);
    this.#monitor?.close();
    this.#heartbeat.stop();
    this.ws.onclose = null;
    this.ws.close(code);
    this.pc?.close();
  }

  /** @param {ServerMessage} message */
  async #receive(message) {
    try {
      switch (message.type) {
        case 'welcome':
          this.events.message(message);
          if (!this.pc) await this.#offer(message.iceServers ?? []);
          break;
        case 'answer':
          await this.pc?.setRemoteDescription({ type: 'answer', sdp: message.sdp });
          this.#answered = true;
          for (const candidate of this.#early.splice(0)) await this.#add(candidate);
          clearTimeout(this.#timer);
          this.#monitor?.start();
          void this.uplink?.apply();
          void this.screen?.answered();
          if (this.#offering > 1 && this.pc) void this.#negotiate(this.pc, true);
          else this.#offering = 0;
          break;
        case 'candidate':
          if (this.pc?.remoteDescription) await this.#add(message.candidate);
          else this.#early.push(message.candidate);
          break;
        case 'error':
          // What this page may not do keeps it out of nothing else.
          if (this.#answered || message.code === 'forbidden') this.events.message(message);
          else this.#refuse(message.error, message.code);
          break;
        case 'rejected':
          this.#remove({ type: 'removed', code: 'rejected', reason: message.reason });
          break;
        case 'removed':
          this.#remove(message);
          break;
        case 'alive':
          break;
        case 'uplink':
          void (message.screen ? this.screen : this.uplink)?.ask(message);
          if (!message.screen) this.events.message(message);
          break;
        default:
          this.events.message(message);
      }
    } catch (error) {
      if (this.#answered) this.#lose('media');
      else this.#refuse(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {RTCIceServer[]} iceServers */
  async #offer(iceServers) {
    const pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.pc = pc;
    pc.ontrack = ({ track }) => this.mix.addTrack(track);
    /** @type {ClientMessage[] | null} */
    let early = []; // the server takes no candidates before the offer
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return;
      /** @type {ClientMessage} */
      const message = { type: 'candidate', candidate: candidate.toJSON() };
      if (early) early.push(message);
      else this.send(message);
    };
    this.#monitor = new MediaMonitor(pc, {
      flowing: () => {
        this.events.mix(this.mix);
        this.events.connected();
      },
      silent: () => void this.#restart(),
      stalled: () => {
        this.events.stalled();
        void this.#restart();
      },
      lost: (there) => this.#lose(there ? 'media' : 'silent'),
    }, () => this.#heartbeat.answer().then(() => true));

    const tracks = this.tracks();
    const local = new MediaStream();
    const { receive, onlyVP8 } = this.access;
    const audio = pc.addTransceiver(tracks.audio ?? 'audio', { direction: receive === 'nothing' ? 'sendonly' : 'sendrecv', streams: [local] });
    const video = pc.addTransceiver(tracks.video ?? 'video', {
      direction: receive === 'all' || receive === 'low' ? 'sendrecv' : 'sendonly',
      streams: [local],
      sendEncodings: [{ maxBitrate: defaultBitrate, maxFramerate: 30 }],
    });
    chooseCodecs(video, onlyVP8);
    if (this.ws instanceof Detour) this.ws.attach(pc);
    this.#video = video;
    this.senders = { audio: audio.sender, video: video.sender };
    this.uplink = new Uplink(video.sender);
    this.screen = new ScreenSender(pc, () => this.#negotiate(pc), onlyVP8);
    await offer(pc);
    this.send({ type: 'offer', sdp: pc.localDescription?.sdp ?? '' });
    for (const message of early) this.send(message);
    early = null;
    // A device may have been opened or closed in the meantime.
    for (const kind of /** @type {const} */ (['audio', 'video'])) await this.replace(kind, this.tracks()[kind]);
  }

  /** @param {RTCIceCandidateInit} candidate */
  async #add(candidate) {
    // The call goes on without a candidate that this browser cannot use.
    await this.pc?.addIceCandidate(candidate).catch(() => {});
  }

  /** @param {Loss} loss */
  #lose(loss) {
    if (this.#done) return;
    this.#done = true;
    this.events.lost(loss); // first, so that the page can keep the last picture
    this.#end(lost);
  }

  /** @param {import('./protocol.js').RemovedMessage} message */
  #remove(message) {
    this.close();
    this.events.removed(message);
  }

  /**
   * @param {string} reason
   * @param {string} [code]
   */
  #refuse(reason, code) {
    if (this.#done) return;
    this.close();
    this.events.refused(reason, code);
  }
}
