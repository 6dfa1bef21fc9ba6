// When to try again.

/**
 * Waits longer after every failure: half a second, one, two. After a minute the wait grows to ten, because
 * a server that crashed has been started again by then.
 */
export class Backoff {
  #tries = 0;
  #timer = 0;
  /** @type {(() => void) | null} */
  #attempt = null;

  /** Failures since the last success. */
  get tries() {
    return this.#tries;
  }

  /** How long an attempt may take to reach the server, in ms. It grows with each failure. */
  get patience() {
    return Math.min(10_000, 1_500 * 2 ** Math.max(1, this.#tries));
  }

  /**
   * Runs attempt after the wait.
   *
   * @param {() => void} attempt
   * @returns {number} the wait in ms
   */
  schedule(attempt) {
    const wait = Math.min(this.#tries < 30 ? 2_000 : 10_000, 500 * 2 ** this.#tries);
    // The wait is random, because all clients of a server that restarts would come back at
    // the same moment.
    const spread = wait * (0.8 + 0.4 * Math.random());
    this.#tries += 1;
    this.#attempt = attempt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), spread);
    return spread;
  }

  /** Runs what is scheduled at once. */
  now() {
    clearTimeout(this.#timer);
    const attempt = this.#attempt;
    this.#attempt = null;
    attempt?.();
  }

  /** A success: the next failure waits shortly again. */
  reset() {
    this.cancel();
    this.#tries = 0;
  }

  cancel() {
    clearTimeout(this.#timer);
    this.#attempt = null;
  }
}
