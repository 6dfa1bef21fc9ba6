// The level meter of the microphone.

/** Shows how loud a track is, on an element's --level from 0 to 1. */
export class Meter {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {MediaStreamAudioSourceNode | null} */
  #source = null;
  #frame = 0;
  #shown = 0;

  /** @param {HTMLElement} element of role meter */
  constructor(element) {
    this.element = element;
  }

  /** @param {MediaStreamTrack | null} track null shows silence */
  watch(track) {
    this.#source?.disconnect();
    this.#source = null;
    cancelAnimationFrame(this.#frame);
    this.#show(0);
    if (!track || typeof AudioContext === 'undefined') return;

    this.#context ??= new AudioContext();
    const context = this.#context;
    // A browser may not let a page start audio before the first click or key. Then that
    // starts it.
    const resume = () => void context.resume().catch(() => {});
    resume();
    addEventListener('pointerdown', resume, { once: true });
    addEventListener('keydown', resume, { once: true });

    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const draw = () => {
      this.#frame = requestAnimationFrame(draw);
      analyser.getFloatTimeDomainData(samples);
      this.#show(loudness(samples));
    };
    draw();
  }

  /** Stops, and cannot start again. */
  close() {
    this.watch(null);
    void this.#context?.close().catch(() => {});
    this.#context = null;
  }

  /** @param {number} level */
  #show(level) {
    this.#shown = Math.max(level, this.#shown * 0.9); // falls slowly
    if (level === 0 && this.#shown < 0.01) this.#shown = 0;
    this.element.style.setProperty('--level', this.#shown.toFixed(3));
    this.element.setAttribute('aria-valuenow', String(Math.round(this.#shown * 100)));
  }
}

/**
 * Maps -60 dB to -10 dB to 0 to 1.
 *
 * @param {Float32Array} samples
 * @returns {number}
 */
export function loudness(samples) {
  let sum = 0;
  for (const s of samples) sum += s * s;
  const db = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (db + 60) / 50));
}
