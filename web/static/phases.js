// What the page shows of its way into the call and out of it.

import { keepAwake } from './awake.js';
import { byId } from './dom.js';
import { banner, showCard } from './overlay.js';
import { askPIN, pinCodes, refused, removed } from './refusals.js';

/**
 * @typedef {import('./player.js').Player} Player
 * @typedef {import('../sdk/session.js').Session} Session
 * @typedef {import('../sdk/session.js').State} State
 */

/**
 * Shows whether the page connects, is in the call, or is out of it, and why.
 *
 * @param {State} state
 * @param {Player} player
 */
export function showPhase(state, player) {
  document.body.dataset.phase = state.phase;
  const { phase, problem } = state;
  keepAwake(phase === 'connected' || phase === 'stalled' || phase === 'reconnecting');
  const over = phase === 'left' || phase === 'refused' || phase === 'removed';
  byId('bar', HTMLElement).hidden = over;
  if (over) byId('asked', HTMLElement).hidden = true;
  if (phase === 'reconnecting') player.freeze();
  byId('mix', HTMLVideoElement).classList.toggle('stale', phase === 'stalled' || phase === 'reconnecting');
  if (phase === 'connected') {
    if (state.waiting > 0) banner(`You wait to be let in. You are number ${state.waiting} in the queue.`, { busy: true });
    else banner(state.soundOnly ? 'This browser has neither H.264 nor VP8 video. You can hear and speak, but you cannot see the others, and they cannot see you.' : '');
    showCard(null);
  } else if (phase === 'left') {
    banner('');
    const others = state.participants.some((p) => p.id !== state.id);
    showCard({ title: 'You left the call', text: others ? `The call "${state.room}" continues.` : 'Nobody else was there.', again: 'Join again' });
  } else if (phase === 'refused' || phase === 'removed') {
    banner('');
    player.clear();
    byId('panel', HTMLElement).hidden = true;
    showCard(state.removed ? removed(state.removed) : refused('You could not join', state.code, problem));
  } else {
    banner(problem || 'Connecting…', { busy: true, retry: Boolean(problem) && phase !== 'stalled' });
  }
}

/**
 * Asks for the PIN where the server wants one, and tries again with it. Returns whether it does.
 *
 * @param {State} state
 * @param {Session} session
 */
export async function enterPIN(state, session) {
  if (!pinCodes.includes(state.code) || !(await askPIN(state.code))) return false;
  state.phase = 'connecting';
  state.problem = '';
  showCard(null);
  byId('bar', HTMLElement).hidden = false;
  banner('Connecting…', { busy: true });
  session.join();
  return true;
}
