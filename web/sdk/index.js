// tilemix: a call in ten lines. See README.md.

import { readLink } from './address.js';
import { Call } from './call.js';
import { TilemixError } from './errors.js';

export { TilemixError };

/** The version of this package. The major one changes when programs would have to. */
export const version = '1.0.0';

/**
 * Tries what a call of this link would need. It is a module of its own, because few pages need it.
 *
 * @param {string | URL} link
 * @param {Parameters<typeof import('./check.js').check>[1]} [options]
 */
export async function check(link, options) {
  return (await import('./check.js')).check(link, options);
}

/**
 * @typedef {object} JoinOptions see index.d.ts
 * @property {string} [name]
 * @property {string} [token]
 * @property {string} [invite]
 * @property {string} [pin]
 * @property {'participant' | 'viewer' | 'host' | 'recorder' | 'interpreter'} [role]
 * @property {boolean | MediaTrackConstraints | MediaStreamTrack} [camera]
 * @property {boolean | MediaTrackConstraints | MediaStreamTrack} [microphone]
 * @property {boolean | 'audio'} [receive]
 * @property {import('./protocol.js').Wish} [view]
 * @property {boolean} [preview]
 * @property {AbortSignal} [signal]
 * @property {'auto' | 'whip' | 'sse'} [transport]
 * @property {number} [timeout]
 */

/**
 * Joins the call of a link. It rejects with a TilemixError.
 *
 * @param {string | URL} link
 * @param {JoinOptions} [options]
 * @returns {Promise<Call>}
 */
export async function join(link, options = {}) {
  if (typeof RTCPeerConnection === 'undefined') throw new TilemixError('unsupported', 'this browser has no WebRTC');
  const call = new Call(readLink(link, 'r'), options);
  const { signal, timeout = 20_000, view } = options;
  await new Promise((/** @type {(v?: unknown) => void} */ done, fail) => {
    /** @param {string} code @param {string} text */
    const stop = (code, text) => {
      fail(new TilemixError(code, text));
      void call.leave();
    };
    if (signal?.aborted) return stop('aborted', 'the program has aborted the join');
    const timer = setTimeout(() => stop('unreachable', call.problem || 'the server does not answer'), timeout);
    const abort = () => stop('aborted', 'the program has aborted the join');
    signal?.addEventListener('abort', abort);
    /** @param {string} state */
    const look = (state) => {
      if (state === 'connecting') return;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      call.off('state', look);
      if (state === 'left') fail(new TilemixError(call.ended.code, call.ended.reason || 'the server refused the call'));
      else done();
    };
    call.on('state', look);
    void call.start();
  });
  if (view) {
    if (call.state === 'in') void call.set(view); // a lobby refuses it
    call.on('admitted', () => void call.set(view));
  }
  return call;
}
