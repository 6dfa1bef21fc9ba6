// The host's studio: what recordings, the broadcast and outputs show, what stands over the picture, and how it
// looks. The page loads this file when a host wants it, so it shares no state with the page's modules.

import { at, make } from './dom.js';
import { refusalOf } from './said.js';
import { StudioLogo } from './studioLogo.js';
import { StudioOutputs } from './studioOutputs.js';
import { toast } from './toasts.js';

/** Between two pictures of what goes out, ms. The server takes one a second at most. */
const pictureEvery = 1500;

/** @type {[string, string][]} values and texts */
const views = [['room', 'As the room has it'], ['grid', 'Grid'], ['speaker', 'Speaker'], ['screen', 'Screen']];
/** @type {[string, string][]} */
const clocks = [['', 'No clock'], ['time', 'Time of day (UTC)'], ['elapsed', 'Since the call began']];

/** A dialog over the call. It is made anew each time. */
export class Studio {
  #dialog = make('dialog', 'question studio');
  #preview = make('img', 'studio-picture');
  #recording = select('studio-recording', views);
  #broadcast = select('studio-broadcast', views);
  #banner = make('input');
  #clock = select('studio-clock', clocks);
  #badge = make('input');
  #code = make('input');
  #logo = new StudioLogo();
  #outputs;
  /** Layouts of the operator's and of programs. @type {string[]} */
  #layouts = [];
  #timer = 0;
  #view = 'room'; // that the picture shows
  /** @type {string[]} IDs of the recordings that run */
  #recordings = [];
  #onAir = false;

  /**
   * @param {string} room
   * @param {() => Record<string, string>} headers of requests in the host's name
   * @param {() => Promise<void>} push asks where to push the call
   */
  constructor(room, headers, push) {
    this.headers = headers;
    this.#outputs = new StudioOutputs((method, path, body) => this.#ask(method, path, body), () => select('', this.#views()), push);
    this.api = at(`/api/v1/rooms/${encodeURIComponent(room)}`);
    this.room = room;
    this.#preview.alt = 'What goes out';
    this.#banner.type = 'text';
    this.#banner.maxLength = 200;
    this.#banner.id = 'studio-banner';
    this.#badge.type = this.#code.type = 'checkbox';
    this.#badge.id = 'studio-badge';
    this.#code.id = 'studio-code';
    this.#recording.addEventListener('change', () => void this.#chose(this.#recording.value, this.#recordings.map((id) => `/recordings/${id}`)));
    this.#broadcast.addEventListener('change', () => void this.#chose(this.#broadcast.value, this.#onAir ? ['/broadcast'] : []));
    // Keys that are typed here are no shortcuts of the page.
    this.#dialog.addEventListener('keydown', (event) => event.stopPropagation());
    this.#dialog.addEventListener('close', () => {
      clearInterval(this.#timer);
      URL.revokeObjectURL(this.#preview.src);
      this.#dialog.remove();
    });
  }

  /** Opens, with what the server says now. */
  async open() {
    await this.#read();
    this.#draw();
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    const look = () => document.visibilityState === 'visible' && void this.#look();
    look();
    this.#timer = setInterval(look, pictureEvery);
  }

  #draw() {
    const title = make('h2', '', 'Studio');
    title.id = 'studio-title';
    this.#dialog.setAttribute('aria-labelledby', title.id);
    const badge = make('label', 'question-option');
    badge.append(this.#badge, 'Badge while the call is recorded');
    const code = make('label', 'question-option');
    code.append(this.#code, 'QR code of the link to the call');
    const close = button('Close', () => this.#dialog.close());
    const show = button('Show in the picture', () => void this.#over());
    show.classList.add('primary');
    show.id = 'studio-show';
    const actions = make('div', 'card-actions');
    actions.append(close, show);
    const box = make('div', 'studio-parts');
    box.append(
      title, this.#preview,
      field('Recordings show', this.#recording), this.#toggle('record', '/recordings', this.#recording, () => this.#recordings.length > 0),
      field('The broadcast shows', this.#broadcast), this.#toggle('broadcast', '/broadcast', this.#broadcast, () => this.#onAir),
      field('Banner', this.#banner), field('Clock', this.#clock), this.#logo.element, badge, code, actions,
      this.#outputs.element,
    );
    this.#dialog.replaceChildren(box);
  }

  /**
   * The button that starts and ends a recording or the broadcast.
   *
   * @param {'record' | 'broadcast'} what
   * @param {string} path
   * @param {HTMLSelectElement} view
   * @param {() => boolean} runs
   */
  #toggle(what, path, view, runs) {
    const texts = what === 'record' ? ['Record the call', 'End the recording'] : ['Broadcast the call', 'End the broadcast'];
    const element = button('', async () => {
      if (!runs()) await this.#ask(what === 'record' ? 'POST' : 'PUT', path, { view: view.value });
      else for (const id of what === 'record' ? this.#recordings.map((one) => `/${one}`) : ['']) await this.#ask('DELETE', path + id);
      await this.#read();
      element.textContent = texts[Number(runs())];
    });
    element.id = `studio-${what}-button`;
    element.textContent = texts[Number(runs())];
    return element;
  }

  #views() {
    return [...views, ...this.#layouts.map((name) => /** @type {[string, string]} */ ([name, name]))];
  }

  /** Asks the server what there is. */
  async #read() {
    const paths = ['/recordings', '/broadcast', '/overlays', '/layouts'];
    const [recordings, broadcast, overlays, layouts] = await Promise.all(paths.map((path) => this.#ask('GET', path)));
    this.#layouts = layouts?.layouts ?? [];
    for (const element of [this.#recording, this.#broadcast]) offer(element, this.#views());
    void this.#outputs.show();
    const running = (recordings?.recordings ?? []).filter((/** @type {{state: string}} */ r) => !['finished', 'failed'].includes(r.state));
    this.#recordings = running.map((/** @type {{id: string}} */ r) => r.id);
    this.#onAir = (broadcast?.state ?? 'off') !== 'off';
    choose(this.#recording, running.length ? running[0].view || 'room' : this.#recording.value);
    choose(this.#broadcast, this.#onAir ? broadcast.view || 'room' : this.#broadcast.value);
    if (this.#dialog.isConnected) return; // what is typed stays
    this.#banner.value = overlays?.banner?.text ?? '';
    choose(this.#clock, overlays?.clock ?? '');
    this.#badge.checked = overlays?.rec ?? false;
    this.#code.checked = Boolean(overlays?.qr);
    this.#logo.show(overlays?.logo);
  }

  /**
   * @param {string} view
   * @param {string[]} paths of what runs and is to show it
   */
  async #chose(view, paths) {
    this.#view = view;
    for (const path of paths) await this.#ask('PATCH', path, { view });
    await this.#look();
  }

  /** Shows what the picture of a view is now. */
  async #look() {
    const answer = await fetch(`${this.api}/picture.jpg?view=${this.#view}`, { headers: this.headers() }).catch(() => null);
    if (!answer?.ok) return; // the last one stays
    const old = this.#preview.src;
    this.#preview.src = URL.createObjectURL(await answer.blob());
    if (old) URL.revokeObjectURL(old);
  }

  /** Puts banner, clock, logo, badge and code over the picture, and keeps what else stands there. */
  async #over() {
    const before = (await this.#ask('GET', '/overlays')) ?? {};
    const banner = this.#banner.value.trim();
    const next = {
      ...before, clock: this.#clock.value || undefined, rec: this.#badge.checked, banner: banner ? { ...before.banner, text: banner } : undefined,
      logo: this.#logo.value, qr: this.#code.checked ? before.qr || at(`/r/${encodeURIComponent(this.room)}`) : undefined,
    };
    if (await this.#ask('PUT', '/overlays', next)) await this.#look();
  }

  /**
   * Asks the server, and shows why it refuses.
   *
   * @param {string} method
   * @param {string} path of the room
   * @param {object} [body]
   * @returns {Promise<any>} the answer; null where there is none
   */
  async #ask(method, path, body) {
    try {
      const answer = await fetch(this.api + path, {
        method, headers: { ...this.headers(), ...(body && { 'Content-Type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }),
      });
      if (answer.status === 404 && method === 'GET') return null;
      if (!answer.ok) throw await refusalOf(answer);
      return await answer.json().catch(() => ({}));
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'warning');
      return null;
    }
  }
}

/**
 * @param {string} id
 * @param {[string, string][]} options
 */
function select(id, options) {
  const element = make('select');
  element.id = id;
  element.append(...options.map(([value, text]) => new Option(text, value)));
  return element;
}

/**
 * @param {HTMLSelectElement} element
 * @param {[string, string][]} options
 */
function offer(element, options) {
  for (const [value, text] of options) if (![...element.options].some((o) => o.value === value)) element.append(new Option(text, value));
}

/**
 * Shows a value, which may be none of the options.
 *
 * @param {HTMLSelectElement} element
 * @param {string} value
 */
function choose(element, value) {
  if (![...element.options].some((o) => o.value === value)) element.append(new Option(value, value));
  element.value = value;
}

/**
 * @param {string} text
 * @param {HTMLElement} input
 */
function field(text, input) {
  const label = make('label', 'field', text);
  label.append(input);
  return label;
}

/**
 * @param {string} text
 * @param {() => void} act
 */
function button(text, act) {
  const element = make('button', 'button', text);
  element.type = 'button';
  element.addEventListener('click', act);
  return element;
}
