// The call page in a frame: commands of the page around it, and events for that page.
//
// The server lets only pages of --embed-origin be around it (frame-ancestors). Messages of any other
// window, such as a frame beside this one, are ignored.

import { Actions } from '../sdk/actions.js';
import { TilemixError } from '../sdk/errors.js';
import { endOf, eventOf, phaseOf } from '../sdk/happenings.js';
import { access } from './credentials.js';

/**
 * @typedef {import('../sdk/session.js').Session} Session
 * @typedef {import('../sdk/localMedia.js').LocalMedia} LocalMedia
 *
 * @typedef {object} Parts of the page that commands need
 * @property {Session} session
 * @property {LocalMedia} local
 * @property {import('../sdk/share.js').Share} share
 * @property {() => void} leave
 */

const version = 1; // of the messages

/** Whether this page is in a frame of a page that wants to command it. */
export const embedded = window.parent !== window && new URLSearchParams(location.search).get('embed') === '1';

/** Commands that are methods of Actions. */
const plain = ['set', 'chat', 'hand', 'react', 'send', 'admit', 'reject', 'kick', 'move', 'spotlight', 'ask', 'change', 'end'];

/** @param {Record<string, unknown>} message */
function tell(message) {
  window.parent.postMessage({ tilemix: version, ...message }, '*'); // the server has chosen who that is
}

/** Prepares the page: what the parameters hide, its colours and its logo. Bad values change nothing. */
export function dress() {
  const query = new URLSearchParams(location.search);
  if (query.get('ui')) document.body.dataset.ui = query.get('ui') ?? '';
  /** @param {string} name @param {string} value */
  const set = (name, value) => document.documentElement.style.setProperty(name, value);
  const [accent, background] = ['accent', 'background'].map((name) => /^[0-9a-f]{6}$/i.exec(query.get(name) ?? '')?.[0]);
  if (accent) {
    for (const name of ['--accent', '--accent-hover', '--ring']) set(name, `#${accent}`);
    set('--on-accent', bright(accent) ? '#000000' : '#ffffff');
  }
  if (background) for (const name of ['--bg', '--stage']) set(name, `#${background}`);
  const logo = query.get('logo') ?? '';
  if (!/^data\Wimage\/(png|jpeg|webp|svg\+xml);base64,[\w+/=]+$/.test(logo)) return;
  const draw = () => {
    for (const image of /** @type {NodeListOf<HTMLImageElement>} */ (document.querySelectorAll('.corner > img, .brand > img'))) {
      if (image.src !== logo) image.src = logo;
    }
  };
  draw();
  new MutationObserver(draw).observe(document.getElementById('lobby') ?? document.body, { childList: true, subtree: true });
}

/**
 * Whether black is easier to read on a colour than white: its relative luminance (WCAG 2) is above 0.179.
 *
 * @param {string} colour six hex digits
 */
function bright(colour) {
  const [r, g, b] = [0, 2, 4].map((i) => (parseInt(colour.slice(i, i + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179;
}

/**
 * Lets the parent say under which name to join.
 *
 * @param {(name: string, options: {camera?: boolean, microphone?: boolean}) => void} join
 */
export function awaitJoin(join) {
  listen((call, [options]) => {
    if (call !== 'join') throw new TilemixError('not_connected', 'the call has not begun: the first command is join');
    const { name = '', camera, microphone, role = '' } = options && typeof options === 'object' ? /** @type {any} */ (options) : {};
    if (typeof name !== 'string' || !name.trim()) throw new TilemixError('bad_name', 'join needs { name }');
    if (typeof role !== 'string') throw new TilemixError('bad_role', 'the role that join takes is the name of one');
    access.role = role;
    access.keep('role', role);
    join(name.trim().slice(0, 64), { camera: camera !== false, microphone: microphone !== false });
  });
}

/** The commands of the parent, for a call that this page is in. */
class Commands extends Actions {
  /** @param {Session} session */
  constructor(session) {
    super();
    this.session = session;
  }

  /** @param {import('../sdk/protocol.js').ClientMessage} message */
  transmit(message) {
    const { phase } = this.session.state;
    if (phase !== 'connected' && phase !== 'stalled') throw new TilemixError('not_connected', `the call is ${phaseOf(this.session.state)}`);
    this.session.send(message);
  }
}

/** Speaks with the page around this one. */
export class Embed {
  #phase = '';
  #commands;

  /** @param {Parts} parts */
  constructor(parts) {
    this.parts = parts;
    this.#commands = new Commands(parts.session);
    listen((call, args) => this.#obey(call, args));
    // A frame that goes is not loaded again, so that the server need not wait for it.
    addEventListener('pagehide', () => parts.session.leave());
  }

  /**
   * @param {string} call
   * @param {any[]} args
   */
  async #obey(call, args) {
    const { local, share, leave, session } = this.parts;
    if (plain.includes(call)) return /** @type {any} */ (this.#commands)[call](...args);
    switch (call) {
      case 'mute': {
        const { microphone, camera } = args[0] ?? {};
        for (const [kind, off] of /** @type {['audio' | 'video', unknown][]} */ ([['audio', microphone], ['video', camera]])) {
          if (typeof off !== 'boolean') continue;
          if (off) await local.switchOff([kind]);
          else await local.switchOn(kind);
        }
        return undefined;
      }
      case 'share':
        return args[0] === false ? share.stop() : share.start();
      case 'leave':
        return leave();
      case 'state':
        return phaseOf(session.state);
      default:
        throw new TilemixError('bad_command', `there is no command ${String(call).slice(0, 40)}`);
    }
  }

  /** @param {import('../sdk/protocol.js').ServerMessage} message that has changed the state */
  show(message) {
    this.#commands.answered(message);
    if (message.type === 'error') return tell({ event: 'error', detail: { code: message.code || 'refused', message: message.error } });
    const [event, detail] = eventOf(message, this.parts.session.state);
    if (event) tell({ event, detail });
  }

  /** The call's phase may have changed. */
  follow() {
    const { state } = this.parts.session;
    const phase = phaseOf(state);
    if (phase === this.#phase) return;
    this.#phase = phase;
    tell({ event: 'state', detail: phase });
    if (phase === 'left') tell({ event: 'left', detail: endOf(state) });
  }
}

/** @type {((call: string, args: any[]) => unknown) | null} */
let obey = null;

/**
 * Has commands carried out from now on.
 *
 * @param {(call: string, args: any[]) => unknown} how
 */
function listen(how) {
  const first = obey === null;
  obey = how;
  if (!first) return;
  addEventListener('message', ({ source, data }) => {
    if (source !== window.parent || data?.tilemix !== version || typeof data.call !== 'string') return;
    void answer(data.id, data.call, Array.isArray(data.args) ? data.args : []);
  });
  tell({ event: 'ready', detail: { version } });
}

/**
 * @param {unknown} id
 * @param {string} call
 * @param {any[]} args
 */
async function answer(id, call, args) {
  try {
    await obey?.(call, args);
    tell({ id, result: null });
  } catch (error) {
    const code = error instanceof TilemixError ? error.code : 'failed';
    tell({ id, error: error instanceof Error ? error.message : String(error), code });
  }
}
