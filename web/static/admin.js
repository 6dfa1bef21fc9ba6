// The page of those who run the server: rooms, people, quality, cost, recordings, outputs, bans, keys. It uses
// the public API alone, with an API key, with the secret of a host (who sees one room), or with nothing
// where programs of this machine need none.

import { Api, KeyNeeded } from './adminApi.js';
import { Lists } from './adminLists.js';
import { RoomView, shareOf, worst } from './adminRoom.js';
import { Table, grade, own } from './adminTable.js';
import { ask } from './dialog.js';
import { at, byId, make } from './dom.js';
import { translate } from './language.js';
import { toast } from './toasts.js';

/** @typedef {{name: string, participants?: number, viewers?: number}} Room */

const often = 5_000; // ms between two looks; events make the page look earlier
const most = 20; // rooms whose quality and cost are looked up each time

const api = new Api();
/** The one room of a host, '' for all. */
const only = new URLSearchParams(location.search).get('room') ?? '';
if (only) api.acting = secretOf(only);

const rooms = new Table('Rooms', [
  { title: 'Room', kind: 'wide' }, { title: 'In the call', kind: 'number' }, { title: 'Watching', kind: 'number' },
  { title: 'Quality', kind: '' }, { title: 'Cost', kind: 'number' }, { title: '', kind: 'acts' },
], 'There is no call now.');
const lists = new Lists(api, only);
/** @type {RoomView | null} */
let view = null;
/** What rooms had cost at the last look. @type {Map<string, import('./adminRoom.js').Spent>} */
const spent = new Map();
let listens = new AbortController();
let soon = 0;

void translate();
document.body.dataset.phase = 'connected'; // boot.js
byId('key-command', HTMLElement).textContent = 'tilemix key add admin --scope rooms:read,rooms:write,moderate,record';
byId('rooms', HTMLElement).append(rooms.element);
byId('keys', HTMLElement).append(lists.keys.element);
byId('key-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  const field = byId('key', HTMLInputElement);
  api.key = field.value.trim();
  field.value = '';
  void begin();
});
byId('forget', HTMLElement).addEventListener('click', () => {
  api.key = '';
  location.reload();
});
byId('drain', HTMLElement).addEventListener('click', () => void drain());
setInterval(() => document.visibilityState === 'visible' && void look(), often);
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void look());
void begin();

/**
 * What a call of this browser window, or its link, lets a host do.
 *
 * @param {string} room
 */
function secretOf(room) {
  const brought = new URLSearchParams(location.hash.slice(1)).get('i') ?? '';
  try {
    return sessionStorage.getItem(`tilemix.resume.${room}`) || brought;
  } catch {
    return brought;
  }
}

/** Looks, and hears of what happens from now on. */
async function begin() {
  listens.abort();
  listens = new AbortController();
  if (!(await look())) return;
  if (only) open(only);
  void api.listen(only ? `/rooms/${encodeURIComponent(only)}/events` : '/events', () => {
    clearTimeout(soon);
    soon = setTimeout(() => void look(), 300);
  }, listens.signal);
}

/** Shows what there is now. Returns whether the server says it. */
async function look() {
  void showServer();
  try {
    if (only) await api.ask(`/rooms/${encodeURIComponent(only)}/participants?limit=1`);
    else await showRooms();
  } catch (error) {
    const needed = error instanceof KeyNeeded;
    byId('key-form', HTMLElement).hidden = !needed;
    for (const id of ['rooms-part', 'room-part', 'keys-part', 'drain']) byId(id, HTMLElement).hidden = byId(id, HTMLElement).hidden || needed;
    note(needed && !api.key ? '' : error instanceof Error ? error.message : String(error));
    if (needed) byId('key', HTMLInputElement).focus();
    return false;
  }
  note('');
  byId('key-form', HTMLElement).hidden = true;
  byId('forget', HTMLElement).hidden = !api.key;
  byId('rooms-part', HTMLElement).hidden = Boolean(only);
  byId('drain', HTMLElement).hidden = Boolean(only);
  if (!only) void lists.showKeys().then((there) => { byId('keys-part', HTMLElement).hidden = !there; });
  void view?.look();
  return true;
}

/** @param {string} text '' for none */
function note(text) {
  const line = byId('note', HTMLElement);
  if (line.dataset.says === text) return;
  line.dataset.says = text;
  line.textContent = text;
  line.hidden = !text;
}

async function showServer() {
  const line = byId('server', HTMLElement);
  const health = await fetch(at('/healthz'), { cache: 'no-store' }).then((answer) => answer.json()).catch(() => null);
  const wrong = Object.entries(health?.checks ?? {}).filter(([, how]) => how !== 'ok').map(([name, how]) => `${name}: ${how}`);
  const text = !health ? 'The server does not answer.' : wrong.length ? wrong.join(' · ') : `Rooms: ${health.rooms}. All is well.`;
  line.classList.toggle('degraded', !health || wrong.length > 0);
  if (line.dataset.says === text) return;
  line.dataset.says = text;
  line.textContent = text;
}

async function showRooms() {
  /** @type {Room[]} */
  const all = (await api.list('/rooms', 'rooms')) ?? [];
  const rows = await Promise.all(all.map(async (room, i) => {
    const stats = i < most ? await api.ask(`/rooms/${encodeURIComponent(room.name)}/stats`).catch(() => null) : null;
    const before = spent.get(room.name);
    if (stats) spent.set(room.name, { ...stats.cost, at: performance.now() });
    const cost = stats && shareOf(stats, before);
    const link = make('button', 'link', room.name);
    link.type = 'button';
    link.translate = false;
    link.addEventListener('click', () => open(room.name));
    const enter = make('a', 'button small', 'Join');
    enter.href = at(`/r/${encodeURIComponent(room.name)}`);
    enter.setAttribute('aria-description', room.name);
    const found = stats ? worst(stats.participants) : null;
    return {
      id: room.name, chosen: view?.name === room.name,
      cells: [link, room.participants ?? 0, room.viewers ?? 0, found ? grade(found.quality, found.words) : '–', cost ? percent(cost.total) : '–', enter],
    };
  }));
  rooms.show(rows);
  for (const name of spent.keys()) if (!all.some((room) => room.name === name)) spent.delete(name);
  if (view && !all.some((room) => room.name === view?.name)) view.ended();
}

/** @param {number} ms of one core, in a second */
function percent(ms) {
  return `${(ms / 10).toFixed(1)} %`;
}

/**
 * Shows one room.
 *
 * @param {string} name
 */
function open(name) {
  view?.close();
  view = new RoomView(api, name, () => void look());
  byId('room-part', HTMLElement).hidden = false;
  const title = byId('room-title', HTMLElement);
  title.replaceChildren(own(name));
  byId('room', HTMLElement).replaceChildren(view.element);
  void view.look();
  if (only) return;
  title.focus();
  title.scrollIntoView({ block: 'start', behavior: 'smooth' });
  void look();
}

async function drain() {
  const answer = await ask({
    title: 'Drain the server?', text: 'No new call begins. The server stops when the last call has ended, or when the time is over.',
    yes: 'Drain', danger: true, field: { label: 'Minutes', digits: true, value: '10' },
  });
  if (!answer) return;
  try {
    const { end } = await api.ask('/drain', 'POST', { within: `${Number(answer)}m` });
    toast(`The server stops at ${new Date(end).toLocaleTimeString(document.documentElement.lang)} at the latest`, 'host');
    await look();
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), 'warning');
  }
}
