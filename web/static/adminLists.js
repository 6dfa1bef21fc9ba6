// Recordings, outputs, invitations and bans of a room, and the keys of the server.

import { Table, act, clock, own, when } from './adminTable.js';
import { make } from './dom.js';

const recordingStates = { starting: 'starts', recording: 'records', paused: 'paused', finished: 'finished', failed: 'failed' };

/** Tables, each shown where this page may read it. */
export class Lists {
  keys = new Table('API keys', [
    { title: 'Name', kind: 'wide' }, { title: 'May do', kind: '' }, { title: 'Rooms', kind: '' }, { title: 'Last used', kind: '' },
    { title: 'Expires', kind: '' }, { title: '', kind: 'acts' },
  ], 'There is no key. Programs of this machine need none.');
  #recordings = new Table('Recordings', [
    { title: 'Began', kind: '' }, { title: 'Length', kind: 'number' }, { title: 'Size', kind: 'number' }, { title: 'State', kind: '' }, { title: '', kind: 'acts' },
  ], 'There are no recordings of this room.');
  #links = new Table('Outputs and inputs', [
    { title: 'Kind', kind: '' }, { title: 'Address', kind: 'wide' }, { title: 'State', kind: '' }, { title: '', kind: 'acts' },
  ], 'The call is not sent anywhere else.');
  #invites = new Table('Invitations', [
    { title: 'Role', kind: '' }, { title: 'Name', kind: 'wide' }, { title: 'Used', kind: 'number' }, { title: 'Expires', kind: '' }, { title: '', kind: 'acts' },
  ], 'There is no invitation.');
  #bans = new Table('Bans', [
    { title: 'Name', kind: 'wide' }, { title: 'Known by', kind: '' }, { title: 'Until', kind: '' }, { title: 'Reason', kind: 'wide' }, { title: '', kind: 'acts' },
  ], 'Nobody is banned.');

  /**
   * @param {import('./adminApi.js').Api} api
   * @param {string} room
   * @param {() => void} [changed]
   */
  constructor(api, room, changed = () => {}) {
    this.api = api;
    this.changed = changed;
    this.path = `/rooms/${encodeURIComponent(room)}`;
  }

  /** The tables of a room with their headings. */
  parts() {
    return /** @type {[string, Table][]} */ ([
      ['Recordings', this.#recordings], ['Outputs and inputs', this.#links], ['Invitations', this.#invites], ['Bans', this.#bans],
    ]).flatMap(([text, table]) => [make('h3', '', text), table.element]);
  }

  /** @param {string} path @param {string} method @param {object} [body] */
  async #do(path, method, body) {
    await this.api.ask(path, method, body);
    this.changed();
  }

  /**
   * Reads a list into a table, and hides the table where this page may not read it.
   *
   * @param {Table} table
   * @param {string} path
   * @param {string} name
   * @param {(entry: any) => import('./adminTable.js').Row} row
   */
  async #fill(table, path, name, row) {
    const all = await this.api.list(path, name).catch(() => null);
    table.element.hidden = !all;
    const title = table.element.previousElementSibling;
    if (title instanceof HTMLHeadingElement) title.hidden = !all;
    table.show((all ?? []).map(row));
    return Boolean(all);
  }

  async show() {
    await Promise.all([this.#showRecordings(), this.#showLinks(), this.#showInvites(), this.#showBans()]);
  }

  #showRecordings() {
    return this.#fill(this.#recordings, `${this.path}/recordings`, 'recordings', (r) => {
      const at = `${this.path}/recordings/${encodeURIComponent(r.id)}`;
      const began = when(r.started);
      const save = make('a', 'button small', 'Download');
      save.href = r.file;
      save.download = '';
      const over = r.state === 'finished' || r.state === 'failed';
      return {
        id: r.id,
        cells: [
          began, clock(r.length), `${(r.size / 1e6).toFixed(1)} MB`, words(recordingStates[/** @type {keyof typeof recordingStates} */ (r.state)], r.reason),
          over
            ? [save, act('Delete…', began, () => this.#do(`${at}/file`, 'DELETE'), { title: 'Delete the recording?', text: 'The server deletes its files at once. Nobody can bring them back.' })]
            : [act('End the recording', began, () => this.#do(at, 'DELETE'))],
        ],
      };
    });
  }

  async #showLinks() {
    const [outputs, inputs, broadcast] = await Promise.all([
      this.api.list(`${this.path}/outputs`, 'outputs').catch(() => null), this.api.list(`${this.path}/inputs`, 'inputs').catch(() => null),
      this.api.ask(`${this.path}/broadcast`).catch(() => null),
    ]);
    const row = (/** @type {string} */ kind, /** @type {string} */ path) => (/** @type {any} */ l) => ({
      id: path + l.id,
      cells: [make('span', '', kind), own(l.url), words(l.state, l.reason), [act('End', l.url, () => this.#do(`${this.path}/${path}/${encodeURIComponent(l.id)}`, 'DELETE'))]],
    });
    const gone = (/** @type {any} */ l) => l.state !== 'ended';
    const rows = [...(outputs ?? []).filter(gone).map(row('Output', 'outputs')), ...(inputs ?? []).filter(gone).map(row('Input', 'inputs'))];
    if (broadcast && broadcast.state !== 'off') {
      rows.push({ id: 'broadcast', cells: [make('span', '', 'Broadcast'), own(broadcast.watch), words(broadcast.state), [act('End', 'Broadcast', () => this.#do(`${this.path}/broadcast`, 'DELETE'))]] });
    }
    this.#links.show(rows);
  }

  #showInvites() {
    return this.#fill(this.#invites, `${this.path}/invites`, 'invites', (i) => ({
      id: i.id,
      cells: [
        make('span', '', i.role), own(i.name ?? ''), `${i.used ?? 0}${i.uses ? ` / ${i.uses}` : ''}`, i.revoked ? words('revoked') : when(i.expires),
        i.revoked ? [] : [act('Revoke…', i.name ?? i.role, () => this.#do(`${this.path}/invites/${encodeURIComponent(i.id)}`, 'DELETE'), { title: 'Revoke the invitation?', text: 'Nobody enters by it from then on.' })],
      ],
    }));
  }

  #showBans() {
    return this.#fill(this.#bans, `${this.path}/bans`, 'bans', (b) => ({
      id: b.id,
      cells: [
        own(b.name ?? ''), own(b.identity ?? b.prefix ?? b.by ?? ''), when(b.until), own(b.reason ?? ''),
        [act('Lift', b.name ?? '', () => this.#do(`${this.path}/bans/${encodeURIComponent(b.id)}`, 'DELETE'))],
      ],
    }));
  }

  /** @returns {Promise<boolean>} whether this page may read them */
  showKeys() {
    return this.#fill(this.keys, '/keys', 'keys', (k) => ({
      id: k.name,
      cells: [
        own(k.name), own(k.scopes.join(', ')), own(k.rooms), when(k.used), when(k.expires),
        [act('Remove…', k.name, async () => {
          await this.#do(`/keys/${encodeURIComponent(k.name)}`, 'DELETE');
          await this.showKeys();
        }, { title: `Remove the key ${k.name}?`, text: 'Programs that use it are refused at once.' })],
      ],
    }));
  }
}

/**
 * A word of the page, and what the server says beside it.
 *
 * @param {string} word
 * @param {string} [reason]
 */
function words(word, reason = '') {
  const element = make('span');
  element.append(make('span', '', word));
  if (reason) element.append(': ', own(reason));
  return element;
}
