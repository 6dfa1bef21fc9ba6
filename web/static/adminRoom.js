// One room on the page of those who run the server.

import { Lists } from './adminLists.js';
import { Table, act, grade, own, rate } from './adminTable.js';
import { make } from './dom.js';
import { faultOf } from './faults.js';

/**
 * @typedef {{compose: number, encode: number, mix: number}} Cost ms of one core since the room began
 * @typedef {Cost & {at: number}} Spent
 * @typedef {object} Account
 * @property {string} id
 * @property {string} name
 * @property {boolean} viewer
 * @property {{quality: string, cause?: string, direction?: string}} quality
 * @property {string} [browser]
 * @property {Record<string, number | null> | null} now
 * @typedef {{participants: Account[], cost: Cost}} Stats
 */

const grades = ['excellent', 'good', 'poor', 'lost'];
/** @type {[key: string, text: string][]} */
const stages = [['decode', 'Decode cameras'], ['compose', 'Draw the picture'], ['encode', 'Encode the picture'], ['mix', 'Mix the sound']];

/**
 * The worst quality in a room, and why.
 *
 * @param {Account[]} all
 */
export function worst(all) {
  let found = { quality: 'excellent', words: '' };
  for (const { quality } of all) {
    if (grades.indexOf(quality.quality) > grades.indexOf(found.quality)) found = { quality: quality.quality, words: faultOf(quality) };
  }
  return found;
}

/**
 * What a room costs, by stage, in ms of one core in a second; null while there is one look only.
 *
 * @param {Stats} stats
 * @param {Spent | undefined} before
 * @returns {(Record<string, number> & {total: number}) | null}
 */
export function shareOf({ participants, cost }, before) {
  const seconds = before ? (performance.now() - before.at) / 1000 : 0;
  if (!before || seconds < 0.2) return null;
  const grown = (/** @type {'compose' | 'encode' | 'mix'} */ key) => Math.max(0, (cost[key] - before[key]) / seconds);
  const decode = participants.reduce((sum, { now }) => sum + (now?.cameraDecode ?? 0), 0);
  const all = { decode, compose: grown('compose'), encode: grown('encode'), mix: grown('mix') };
  return { ...all, total: Object.values(all).reduce((sum, one) => sum + one, 0) };
}

/** People, cost and lists of a room. */
export class RoomView {
  element = make('div');
  #people = new Table('Participants', [
    { title: 'Name', kind: 'wide' }, { title: 'Role', kind: '' }, { title: 'Quality', kind: '' }, { title: 'Sends', kind: 'number' },
    { title: 'Receives', kind: 'number' }, { title: 'There and back', kind: 'number' }, { title: 'Client', kind: '' }, { title: '', kind: 'acts' },
  ], 'Nobody is in the call.');
  #stages = make('dl', 'stages');
  #hears = new AbortController();
  /** @type {Spent | undefined} */
  #spent;
  /** @type {Map<string, {role: string, audioMuted: boolean}>} by ID */
  #roles = new Map();

  /**
   * @param {import('./adminApi.js').Api} api
   * @param {string} name
   * @param {() => void} changed something on the server
   */
  constructor(api, name, changed) {
    this.api = api;
    this.name = name;
    this.changed = changed;
    this.path = `/rooms/${encodeURIComponent(name)}`;
    this.lists = new Lists(api, name, changed);
    this.element.append(
      this.#acts(), heading('Participants'), this.#people.element, heading('Cost, in percent of one core'), this.#stages, ...this.lists.parts(),
    );
    void api.listen(`${this.path}/stats/stream`, (stats) => this.#show(stats), this.#hears.signal);
  }

  /** What is done to the room. */
  #acts() {
    const line = make('div', 'admin-acts');
    const lock = (/** @type {boolean} */ locked) => this.#do('/lock', 'PUT', { locked });
    line.append(
      act('Lock the room', this.name, () => lock(true)), act('Unlock the room', this.name, () => lock(false)),
      act('End the call for all…', this.name, () => this.#do('', 'DELETE'), { title: 'End the call for all?', text: 'Everyone is removed.' }),
    );
    return line;
  }

  /**
   * @param {string} path
   * @param {string} method
   * @param {object} [body]
   */
  async #do(path, method, body) {
    await this.api.ask(this.path + path, method, body);
    this.changed();
  }

  /** Looks at what no stream tells. */
  async look() {
    const people = await this.api.list(`${this.path}/participants`, 'participants').catch(() => null);
    this.#roles = new Map((people ?? []).map((p) => [p.id, p]));
    await this.lists.show();
  }

  /** @param {Stats} stats */
  #show(stats) {
    this.#people.show(stats.participants.map((p) => this.#row(p)));
    const shares = shareOf(stats, this.#spent);
    this.#spent = { ...stats.cost, at: performance.now() };
    if (!shares) return;
    if (!this.#stages.firstElementChild) {
      for (const [key, text] of stages) {
        const bar = make('dd', 'bar-of');
        const number = make('dd', 'number');
        number.dataset.stage = bar.dataset.bar = key;
        this.#stages.append(make('dt', '', text), bar, number);
      }
    }
    for (const [key] of stages) {
      const number = this.#stages.querySelector(`[data-stage="${key}"]`);
      const bar = this.#stages.querySelector(`[data-bar="${key}"]`);
      if (number) number.textContent = `${(shares[key] / 10).toFixed(1)} %`;
      if (bar instanceof HTMLElement) bar.style.setProperty('--part', String(shares.total ? shares[key] / shares.total : 0));
    }
  }

  /**
   * @param {Account} p
   * @returns {import('./adminTable.js').Row}
   */
  #row(p) {
    const now = p.now ?? {};
    const known = this.#roles.get(p.id);
    const sends = p.viewer ? '–' : carried((now.cameraBitrate ?? 0) + (now.microphoneBitrate ?? 0), Math.max(now.cameraLoss ?? 0, now.microphoneLoss ?? 0));
    const path = `/participants/${encodeURIComponent(p.id)}`;
    const acts = [];
    if (known && !known.audioMuted && !p.viewer) acts.push(act('Mute', p.name, () => this.#do(path, 'PATCH', { audio: { muted: true } })));
    if (known) {
      acts.push(act('Remove…', p.name, () => this.#do(path, 'DELETE'), {
        title: `Remove ${p.name} from the call?`, text: 'The call ends for this participant at once.',
      }));
    }
    return {
      id: p.id,
      cells: [
        own(p.name), make('span', '', known?.role ?? (p.viewer ? 'viewer' : '')), grade(p.quality.quality, faultOf(p.quality)), sends,
        carried(now.downBitrate, now.downLoss), ms(now.roundTrip),
        own([p.browser ?? '', now.cameraHeight ? `${now.cameraWidth}×${now.cameraHeight}` : ''].filter(Boolean).join(' · ')), acts,
      ],
    };
  }

  /** The room is no more. */
  ended() {
    this.#people.show([]);
    this.#stages.replaceChildren();
  }

  close() {
    this.#hears.abort();
    this.element.remove();
  }
}

/** @param {string} text */
function heading(text) {
  return make('h3', '', text);
}

/**
 * A bitrate, and the share of packets that is lost where any is.
 *
 * @param {number | null | undefined} bits a second
 * @param {number | null | undefined} loss
 */
function carried(bits, loss) {
  return rate(bits) + (loss && loss >= 0.001 ? ` (−${(100 * loss).toFixed(1)} %)` : '');
}

/** @param {number | null | undefined} length */
function ms(length) {
  return length === null || length === undefined ? '–' : `${Math.round(length)} ms`;
}
