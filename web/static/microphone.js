// Shows in the call how loud the microphone is, says so when a muted participant talks, and
// opens the microphone while the space bar is held.

import { loadChoices } from './choices.js';
import { byId } from './dom.js';
import { loudness } from './meter.js';
import { toast } from './toasts.js';

/**
 * @typedef {import('../sdk/localMedia.js').LocalMedia} LocalMedia
 * @typedef {import('../sdk/session.js').State} State
 */

const interval = 150; // ms between two looks
const voice = 0.55; // loudness of a voice, as the meter shows it
const enough = 5; // looks with a voice among the last ten
const rest = 20_000; // ms between two warnings

/** Watches a copy of the microphone's track, which is not muted and goes nowhere. */
export class Microphone {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {MediaStreamTrack | null} */
  #copy = null;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  #timer = 0;
  #heard = 0;
  #warned = -Infinity;

  /**
   * @param {State} state
   * @param {LocalMedia} local
   */
  constructor(state, local) {
    this.state = state;
    /** @param {KeyboardEvent} event */
    const holds = (event) => event.code === 'Space' && loadChoices().pushToTalk && !event.ctrlKey && !event.metaKey && !event.altKey
      && !(event.target instanceof Element && event.target.closest('button, a, input, textarea, select, [role=menu], dialog'));
    let open = false;
    addEventListener('keydown', (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      if (event.repeat || open || !state.audioOff) return;
      open = true;
      void local.switchOn('audio', false);
    });
    const close = () => {
      if (open) void local.switchOff(['audio']);
      open = false;
    };
    addEventListener('keyup', (event) => event.code === 'Space' && close());
    addEventListener('blur', close);
  }

  /** @param {MediaStreamTrack | null} track the open microphone */
  watch(track) {
    if (track === this.#track) return;
    this.close();
    this.#track = track;
    if (!track || typeof AudioContext === 'undefined') return;
    this.#copy = track.clone();
    this.#copy.enabled = true;
    this.#context = new AudioContext();
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = 1024;
    this.#context.createMediaStreamSource(new MediaStream([this.#copy])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const button = byId('mute', HTMLButtonElement);
    this.#timer = setInterval(() => {
      if (this.#context?.state === 'suspended') void this.#context.resume().catch(() => {});
      analyser.getFloatTimeDomainData(samples);
      const level = loudness(samples);
      button.style.setProperty('--level', this.state.audioOff ? '0' : level.toFixed(2));
      this.#listen(level > voice);
    }, interval);
  }

  /** @param {boolean} voiced */
  #listen(voiced) {
    const muted = this.state.audioOff && this.state.phase === 'connected' && !this.state.held.audio;
    this.#heard = muted ? Math.max(0, Math.min(2 * enough, this.#heard + (voiced ? 1 : -0.25))) : 0;
    if (this.#heard < enough || performance.now() - this.#warned < rest) return;
    this.#warned = performance.now();
    this.#heard = 0;
    toast('You are talking while your microphone is muted', 'warning');
  }

  close() {
    clearInterval(this.#timer);
    this.#copy?.stop();
    void this.#context?.close().catch(() => {});
    this.#copy = this.#context = this.#track = null;
  }
}
