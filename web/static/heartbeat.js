// Whether the server still hears us: a WebSocket whose line is cut stays open for minutes.

const quiet = 2_500; // ms without a message before the server is asked
const patience = 5_000; // ms that the answer has then: a lossy line may hold it up
const steps = 5; // in which the time for an answer runs

/**
 * Asks over one WebSocket. Any message is an answer. The time for it runs in steps, so
 * that a page that was held up looks at what has come before it blames the server.
 */
export class Heartbeat {
  #timer = 0;
  #left = 0; // steps until nothing counts as an answer any more; 0: nobody was asked
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
    this.#timer = setTimeout(() => this.#ask(), quiet);
  }

  /**
   * Asks now.
   *
   * @returns {Promise<void>} an answer; where there is none it is never fulfilled
   */
  answer() {
    return new Promise((answered) => {
      this.#waiting.push(answered);
      this.#ask();
    });
  }

  stop() {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  #ask() {
    if (this.#left > 0) return; // TCP loses no question, but may hold up all that come after it
    this.ask();
    this.#left = steps;
    clearTimeout(this.#timer);
    this.#wait();
  }

  #wait() {
    this.#timer = setTimeout(() => {
      this.#left--;
      if (this.#left === 0) this.dead();
      else this.#wait();
    }, patience / steps);
  }
}
