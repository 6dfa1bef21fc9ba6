// Sounds and notifications of what happens in the call. Each can be switched off.

import { loadChoices } from './choices.js';

/** @typedef {import('../sdk/session.js').State} State */

/** Signals who comes and goes, and messages. */
export class Signals {
  /** @type {Set<string> | null} IDs of the last list of this connection */
  #known = null;

  /** @param {State} state */
  constructor(state) {
    this.state = state;
  }

  /** @param {import('../sdk/protocol.js').ServerMessage} message that has changed the state */
  show(message) {
    const { id, room, participants } = this.state;
    if (message.type === 'welcome' || message.type === 'moved') this.#known = null;
    if (message.type === 'chat' && message.id !== id) {
      signal(660, 880);
      notify(`${message.name} · ${room}`, message.text || message.file?.name || '');
    }
    if (message.type !== 'participants') return;
    const now = new Set(participants.map((p) => p.id));
    const before = this.#known;
    this.#known = now;
    if (!before) return;
    const came = participants.filter((p) => !before.has(p.id) && p.id !== id);
    if (came.length) {
      signal(440, 660);
      notify(room, came.map((p) => p.name).join(', '));
    } else if ([...before].some((old) => !now.has(old))) {
      signal(660, 440);
    }
  }
}

/**
 * Plays two tones, where the user wants sounds.
 *
 * @param {number[]} tones Hz
 */
function signal(...tones) {
  if (loadChoices().sounds) void play(tones, loadChoices().speaker, 0.06);
}

/**
 * Shows a notification of the system, where the user wants them and looks elsewhere.
 *
 * @param {string} title
 * @param {string} body
 */
function notify(title, body) {
  if (!loadChoices().notify || document.visibilityState === 'visible' || globalThis.Notification?.permission !== 'granted') return;
  try {
    new Notification(title, { body: body.slice(0, 200), tag: 'tilemix' });
  } catch {
    // Android has notifications of service workers only.
  }
}

/**
 * Plays a chord on a loudspeaker, so that the user hears which it is.
 *
 * @param {string} speaker device id, '' for the browser's default
 */
export function testSound(speaker) {
  return play([440, 554, 659], speaker, 0.2);
}

/**
 * @param {number[]} tones Hz, one after the other
 * @param {string} speaker
 * @param {number} volume 0 to 1
 */
async function play(tones, speaker, volume) {
  if (typeof AudioContext === 'undefined') return;
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const audio = new Audio();
  audio.srcObject = out.stream;
  const length = 0.15; // s, of a tone
  tones.forEach((frequency, i) => {
    const tone = context.createOscillator();
    const level = context.createGain();
    tone.frequency.value = frequency;
    level.gain.value = volume;
    tone.connect(level).connect(out);
    tone.start(context.currentTime + 0.05 + i * length);
    tone.stop(context.currentTime + 0.05 + (i + 1) * length);
  });
  try {
    if (speaker && 'setSinkId' in audio) await audio.setSinkId(speaker).catch(() => {});
    await audio.play();
    await new Promise((done) => setTimeout(done, 1000 * length * tones.length + 300));
  } catch {
    // The browser plays nothing before a click.
  }
  audio.srcObject = null;
  void context.close();
}
