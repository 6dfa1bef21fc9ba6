// Elements for any page: a whole call, and a call to watch. Both are frames of the server's pages, so
// that nothing of them mixes with the page around.

const version = 1; // of the messages, see the guide
/** Attributes of how a call looks, which are parameters of its page. */
const looks = ['ui', 'language', 'accent', 'background', 'logo'];
let next = 0;

/** What both elements have in common: a frame for an address. */
class Frame extends HTMLElement {
  /** @type {HTMLIFrameElement | null} */
  frame = null;
  #root = this.attachShadow({ mode: 'open' });

  static get observedAttributes() {
    return ['src', 'token', ...looks];
  }

  connectedCallback() {
    this.#show();
  }

  /** Without its frame the call ends: camera and microphone go off at once. */
  disconnectedCallback() {
    this.frame?.remove();
    this.frame = null;
  }

  attributeChangedCallback() {
    if (this.frame) this.#show();
  }

  #show() {
    this.frame?.remove();
    this.frame = null;
    const url = this.address();
    if (!url) return;
    const frame = document.createElement('iframe');
    frame.setAttribute('part', 'frame');
    frame.allow = 'camera; microphone; display-capture; autoplay; fullscreen; picture-in-picture';
    frame.title = this.title || 'Call';
    frame.style.cssText = 'border:0;width:100%;height:100%;display:block';
    this.style.display ||= 'block';
    if (!this.style.height) this.style.height = this.style.aspectRatio ? '' : '480px';
    frame.src = url;
    this.frame = frame;
    this.#root.append(frame);
  }

  /** @returns {string} '' for none */
  address() {
    return '';
  }
}

/** A whole call: <tilemix-call src="…/r/demo" name="Ada" camera microphone token="…">. */
class CallElement extends Frame {
  /** @type {Map<number, {done: (value: unknown) => void, fail: (error: Error) => void}>} */
  #waiting = new Map();

  connectedCallback() {
    addEventListener('message', this.#heard);
    super.connectedCallback();
  }

  disconnectedCallback() {
    removeEventListener('message', this.#heard);
    super.disconnectedCallback();
    for (const { fail } of this.#waiting.values()) fail(new Error('the element has left the page'));
    this.#waiting.clear();
  }

  address() {
    const src = this.getAttribute('src');
    if (!src) return '';
    const url = new URL(src, location.href);
    url.searchParams.set('embed', '1');
    for (const name of looks) {
      const value = this.getAttribute(name);
      if (value) url.searchParams.set(name, value.replace(/^#/, ''));
    }
    const token = this.getAttribute('token');
    if (token) url.hash = `i=${encodeURIComponent(token)}`;
    return url.href;
  }

  /**
   * Sends a command, by the name of the SDK's method. It rejects with an error that has a code.
   *
   * @param {string} call
   * @param {unknown[]} args
   */
  command(call, ...args) {
    return new Promise((done, fail) => {
      const target = this.frame?.contentWindow;
      if (!this.frame || !target) return fail(Object.assign(new Error('the element is in no page'), { code: 'not_connected' }));
      const id = ++next;
      this.#waiting.set(id, { done, fail });
      target.postMessage({ tilemix: version, id, call, args }, new URL(this.frame.src).origin);
    });
  }

  /** @param {MessageEvent} event */
  #heard = ({ source, origin, data }) => {
    if (!this.frame || source !== this.frame.contentWindow || origin !== new URL(this.frame.src).origin || data?.tilemix !== version) return;
    if (typeof data.event === 'string') {
      if (data.event === 'ready' && this.getAttribute('name')) {
        void this.command('join', {
          name: this.getAttribute('name'), camera: this.hasAttribute('camera'), microphone: this.hasAttribute('microphone'),
          role: this.getAttribute('join-as') ?? '',
        }).catch(() => {});
      }
      this.dispatchEvent(new CustomEvent(data.event, { detail: data.detail }));
      return;
    }
    const waiting = this.#waiting.get(data.id);
    this.#waiting.delete(data.id);
    if (data.error) waiting?.fail(Object.assign(new Error(data.error), { code: data.code }));
    else waiting?.done(data.result);
  };
}

/** A call to watch: <tilemix-watch src="…/watch/demo" latency="low|hls">. */
class WatchElement extends Frame {
  static get observedAttributes() {
    return ['src', 'token', 'latency'];
  }

  address() {
    const src = this.getAttribute('src');
    if (!src) return '';
    const url = new URL(src, location.href);
    if (this.getAttribute('latency') === 'hls') url.searchParams.set('hls', '1');
    const token = this.getAttribute('token');
    if (token) url.hash = `i=${encodeURIComponent(token)}`;
    return url.href;
  }
}

if (!customElements.get('tilemix-call')) customElements.define('tilemix-call', CallElement);
if (!customElements.get('tilemix-watch')) customElements.define('tilemix-watch', WatchElement);

export { CallElement, WatchElement };
