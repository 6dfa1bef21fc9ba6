// Checks that the server still receives. A WebSocket whose network path is cut stays open
// for minutes.

const quiet = 2_500; // ms without a message before the page asks the server
const patience = 5_000; // ms for the answer, because packet loss may delay it
const steps = 5; // that the time for an answer is counted in

/**
 * Asks over one WebSocket. Any message is an answer. The time for it runs in steps, so that
 * a page that was suspended first handles the messages that have arrived.
 */
export class Heartbeat {
  #timer = 0;
  #left = 0; // steps until the answer is late; 0: no question is open
  /** @type {(() => void)[]} */
  #waiting = [];

  /**
   * @param {() => void} ask sends the question
   * @param {() => void} dead called when the answer is late
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
   * @returns {Promise<void>} fulfilled by an answer, and never without one
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
    if (this.#left > 0) return; // TCP loses no question, so a second one would not arrive earlier
    this.ask();
    this.#left = steps;
    clearTimeout(this.#timer);
    this.#wait();
  }

  #wait() {
    this.#timer = setTimeout(() => {
      this.#left -= 1;
      if (this.#left === 0) this.dead();
      else this.#wait();
    }, patience / steps);
  }
}
