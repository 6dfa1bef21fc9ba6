// What a participant does by messages, and what the server says to it.

import { TilemixError } from './errors.js';
import { Events } from './events.js';

/**
 * @typedef {import('./protocol.js').ServerMessage} ServerMessage
 * @typedef {import('./protocol.js').ClientMessage} ClientMessage
 */

const answerPatience = 500; // ms for a refusal, after which an action counts as done

/** The actions of a call. They run one after the other, because a refusal names none. */
export class Actions extends Events {
  #turn = Promise.resolve();
  /** @type {((message: ServerMessage) => void) | null} the action that waits for its answer */
  #answer = null;

  /** @param {import('./protocol.js').Wish} view */
  set(view) { return this.act({ ...view, type: 'view' }, 'layout'); }

  /** @param {string} text */
  chat(text) { return this.act({ type: 'chat', text }, 'chat'); }

  /** @param {boolean} [raised] */
  hand(raised = true) { return this.act({ type: 'hand', raised }, 'participants'); }

  /** @param {string} reaction */
  react(reaction) { return this.act({ type: 'reaction', reaction }, 'reaction'); }

  /** @param {ClientMessage} message of the control protocol */
  send(message) { return this.act(message, ''); }

  /** @param {string[] | true} who */
  admit(who) { return this.act({ type: 'admit', ...some(who) }, 'lobby'); }

  /** @param {string[] | true} who @param {string} [reason] */
  reject(who, reason) { return this.act({ type: 'reject', ...some(who), reason }, 'lobby'); }

  /** @param {string} id @param {{reason?: string, ban?: import('./protocol.js').Ban}} [how] */
  kick(id, how = {}) { return this.act({ type: 'kick', id, ...how }, 'participants'); }

  /** @param {string} id @param {string} room */
  move(id, room) { return this.act({ type: 'move', id, room }, 'participants'); }

  /** @param {string} id @param {boolean} [on] */
  spotlight(id, on = true) { return this.act({ type: 'set', id, spotlight: on }, 'participants'); }

  /** @param {string} id @param {{microphone?: boolean, camera?: boolean}} what */
  ask(id, { microphone, camera }) { return this.act({ type: 'ask', id, audio: microphone, video: camera }, ''); }

  /** @param {Omit<import('./protocol.js').SetMessage, 'type'>} change */
  change(change) { return this.act({ type: 'set', ...change }, ''); }

  /** @param {string} [reason] */
  end(reason) { return this.act({ type: 'end', reason }, ''); }

  /**
   * Sends a message; throws where there is no connection.
   *
   * @param {ClientMessage} _
   */
  transmit(_) {
    throw new TilemixError('not_connected', 'there is no connection');
  }

  /**
   * Sends a message, and waits for what answers it, for a refusal, or for answerPatience.
   *
   * @param {ClientMessage} message
   * @param {string} answer type of the message that shows its effect, '' for none
   */
  act(message, answer) {
    const run = () => new Promise((/** @type {(v?: unknown) => void} */ done, fail) => {
      this.transmit(message);
      const end = () => {
        clearTimeout(timer);
        this.#answer = null;
        done();
      };
      const timer = setTimeout(end, answerPatience);
      this.#answer = (m) => {
        if (m.type === 'error') fail(new TilemixError(m.code || 'refused', m.error));
        if (m.type === 'error' || m.type === answer) end();
      };
    });
    const turn = this.#turn.then(run).then(() => {});
    this.#turn = quiet(turn).catch(() => {});
    return turn;
  }

  /**
   * A message has come. It may be what an action waits for.
   *
   * @param {ServerMessage} message
   * @returns {boolean} whether an action waits
   */
  answered(message) {
    const waits = this.#answer !== null;
    this.#answer?.(message);
    return waits;
  }
}

/** @param {string[] | true} who */
function some(who) {
  return who === true ? { all: true } : { ids: who };
}

/**
 * A promise whose rejection need not be handled: the browser does not report it then.
 *
 * @template T
 * @param {Promise<T>} promise
 */
export function quiet(promise) {
  promise.catch(() => {});
  return promise;
}
