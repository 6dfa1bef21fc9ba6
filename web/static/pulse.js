// Whether the server still hears us: a WebSocket whose line is cut stays open for minutes.

const quiet = 2_500; // ms without a message before the server is asked
const patience = 5_000; // ms that the answer has then: a lossy line may hold it up
const steps = 5; // in which the time for an answer runs

/**
 * Asks over one WebSocket. Any message is an answer. The time for it runs in steps, so
 * that a page that was held up looks at what has come before it blames the server.
 */
export class Pulse {
  #timer = 0;
  #left = 0; // ms that an answer has, while one is waited for
  /** @type {(() => void)[]} */
  #waiting = [];

  /**
   * @param {() => void} ask sends the question
   * @param {() => void} dead nothing comes any more
   */
  constructor(ask, dead) {
    this.ask = ask;
    this.dead = dead;
  }

  /** A message has come. */
  heard() {
    this.#left = 0;
    for (const answered of this.#waiting.splice(0)) answered();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wait(patience), quiet);
  }

  /**
   * Asks now. Where nothing comes the pulse is dead, and the promise stays as it is.
   *
   * @param {number} within ms
   * @returns {Promise<void>} an answer
   */
  within(within) {
    return new Promise((answered) => {
      this.#waiting.push(answered);
      this.#wait(within);
    });
  }

  stop() {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  /**
   * Asks, or goes on waiting for less long where that was done.
   *
   * @param {number} within ms
   */
  #wait(within) {
    if (this.#left === 0) this.ask();
    else if (this.#left <= within) return;
    this.#left = within;
    clearTimeout(this.#timer);
    this.#step(within / steps);
  }

  /** @param {number} step ms */
  #step(step) {
    this.#timer = setTimeout(() => {
      this.#left -= step;
      if (this.#left < step / 2) this.dead();
      else this.#step(step);
    }, step);
  }
}
