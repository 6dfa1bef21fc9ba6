// Whether a call would work from here: a line for each thing that it needs.

import { Access } from './access.js';
import { readLink } from './address.js';
import { Devices, explain } from './devices.js';
import { Loop } from './loop.js';
import { offer } from './offer.js';
import { Refusal, gathered, iceServers, refusalOf } from './whep.js';

/**
 * @typedef {'server' | 'websocket' | 'udp' | 'tcp' | 'turn' | 'send' | 'receive' | 'camera' | 'microphone'} Name
 *
 * @typedef {object} Line
 * @property {Name} name
 * @property {boolean | null} ok null: there is nothing to check, such as TURN on a server without it
 * @property {string} text a sentence
 * @property {number} [ms] that it took
 */

const patience = 6_000; // ms for each way

/**
 * Tries what a call needs, all at once, for 6 s at most. It never rejects but for a bad link. With loop it
 * is in the room of the link meanwhile, which should be nobody else's, and measures what comes back.
 *
 * @param {string | URL} link to a room
 * @param {{token?: string, invite?: string, pin?: string, devices?: boolean, loop?: boolean, onLine?: (line: Line) => void}} [options]
 * @returns {Promise<{ok: boolean, lines: Line[]}>} ok: a call would have sound and picture, both ways
 */
export async function check(link, options = {}) {
  const { base, room, secret } = readLink(link, 'r');
  const access = new Access(base, () => options.token ?? options.invite ?? secret);
  access.pin = options.pin ?? '';
  const servers = iceServers(access);
  /** @type {Line[]} */
  const lines = [];
  /**
   * @param {Name} name
   * @param {() => Promise<[ok: boolean | null, text: string]>} how
   */
  const line = async (name, how) => {
    const start = performance.now();
    const [ok, text] = await how().catch((error) => /** @type {[boolean, string]} */ ([false, reason(error)]));
    const made = { name, ok, text, ms: Math.round(performance.now() - start) };
    lines.push(made);
    options.onLine?.(made);
  };
  const loop = options.loop ? new Loop(access, room) : null;
  const opened = loop?.open();
  const closed = await opened?.then(() => false, (error) => error instanceof Refusal && (error.status === 401 || error.status === 403));
  /** @param {() => Promise<[boolean, string]>} measure @returns {Promise<[boolean | null, string]>} */
  const looped = async (measure) => {
    if (closed) return [null, 'The server lets nobody in without an invitation, so that this cannot be measured.'];
    await opened;
    return measure();
  };
  await Promise.all([
    ...(loop ? [line('send', () => looped(() => loop.sent())), line('receive', () => looped(() => loop.received()))] : []),
    line('server', () => server(access)),
    line('websocket', () => socket(access, room)),
    line('udp', () => media(access, room, 'udp', [])),
    line('tcp', () => media(access, room, 'tcp', [])),
    line('turn', async () => {
      const turn = (await servers).filter(({ urls }) => [urls].flat().some((url) => url.startsWith('turn')));
      return turn.length ? media(access, room, 'turn', turn) : [null, 'The server has no TURN.'];
    }),
    ...(options.devices === false ? [] : [line('camera', () => device('video')), line('microphone', () => device('audio'))]),
  ]);
  loop?.close();
  /** @param {Name} name */
  const works = (name) => lines.find((l) => l.name === name)?.ok !== false;
  const path = lines.some(({ name, ok }) => ok && (name === 'udp' || name === 'tcp' || name === 'turn'));
  return { ok: works('server') && path && works('send') && works('receive') && works('camera') && works('microphone'), lines };
}

/**
 * @param {Access} access
 * @returns {Promise<[boolean, string]>}
 */
async function server(access) {
  const response = await fetch(access.at('/healthz'), { cache: 'no-store', signal: AbortSignal.timeout(patience) })
    .catch(() => { throw new Error('The server does not answer.'); });
  return response.ok ? [true, 'The server answers.'] : [false, `The server answers with an error: ${response.status}.`];
}

/**
 * @param {Access} access
 * @param {string} room
 * @returns {Promise<[boolean, string]>}
 */
function socket(access, room) {
  return new Promise((done) => {
    const ws = new WebSocket(access.at(`/ws/${encodeURIComponent(room)}?name=check`).replace(/^http/, 'ws'), access.protocols(''));
    /** @param {boolean} ok @param {string} text */
    const end = (ok, text) => {
      clearTimeout(timer);
      ws.onclose = null;
      ws.close(1000);
      done([ok, text]);
    };
    const timer = setTimeout(() => end(false, 'The WebSocket brings no answer. A proxy may block WebSockets.'), patience);
    ws.onmessage = () => end(true, 'WebSockets work.');
    ws.onclose = () => end(false, 'The WebSocket does not open. A proxy may block WebSockets, or you may not enter this room.');
  });
}

/**
 * Watches the room over one way only.
 *
 * @param {Access} access
 * @param {string} room
 * @param {'udp' | 'tcp' | 'turn'} way
 * @param {RTCIceServer[]} servers
 * @returns {Promise<[boolean | null, string]>}
 */
async function media(access, room, way, servers) {
  const word = { udp: 'UDP', tcp: 'TCP', turn: 'TURN' }[way];
  const pc = new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: way === 'turn' ? 'relay' : 'all' });
  let session = '';
  try {
    pc.addTransceiver('audio', { direction: 'recvonly' });
    await offer(pc);
    await gathered(pc, 1_500);
    const response = await fetch(access.at(`/whep/${encodeURIComponent(room)}`), {
      method: 'POST', headers: { 'Content-Type': 'application/sdp', ...access.entering() },
      body: pc.localDescription?.sdp ?? '', signal: AbortSignal.timeout(patience),
    });
    if (response.status === 404) return [null, 'Nobody is in the call, so that no media can be checked.'];
    if (!response.ok) throw await refusalOf(response);
    session = new URL(response.headers.get('Location') ?? '', response.url).href;
    const answer = await response.text();
    const kept = way === 'turn' ? answer : answer.replace(/^a=candidate:\S+ \d+ (\S+) .*\r\n/gm, (line, protocol) => protocol.toLowerCase() === way ? line : '');
    if (!kept.includes('a=candidate:')) return [null, `The server takes no media over ${word}.`];
    await pc.setRemoteDescription({ type: 'answer', sdp: kept });
    const ok = await connected(pc);
    return [ok, ok ? `Media flows over ${word}.` : `No media over ${word}. A firewall may block it.`];
  } finally {
    pc.close();
    if (session) void fetch(session, { method: 'DELETE', keepalive: true, headers: access.entering() }).catch(() => {});
  }
}

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<boolean>} whether it connects in time
 */
function connected(pc) {
  return new Promise((done) => {
    const look = () => {
      if (/connected|completed/.test(pc.iceConnectionState)) done(true);
      else if (pc.iceConnectionState === 'failed') done(false);
    };
    pc.addEventListener('iceconnectionstatechange', look);
    setTimeout(() => done(false), patience);
    look();
  });
}

/**
 * @param {import('./devices.js').Kind} kind
 * @returns {Promise<[boolean, string]>}
 */
async function device(kind) {
  const devices = new Devices();
  await devices.open([kind]);
  const label = devices.tracks[kind]?.label;
  devices.close(kind);
  if (devices.problem[kind]) return [false, explain({ audio: '', video: '', [kind]: devices.problem[kind] })];
  return [true, `${label || 'A device'} works.`];
}

/** @param {unknown} error */
function reason(error) {
  const { name = '', message = String(error) } = error instanceof Error || error instanceof DOMException ? error : {};
  return name === 'TimeoutError' || name === 'TypeError' ? 'The server does not answer in time.' : message;
}
