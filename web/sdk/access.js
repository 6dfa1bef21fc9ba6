// How a client reaches a server, what lets it into a room, and what it acts with once it is in.
// Secrets stand in headers and subprotocols only: servers and proxies log neither.

/** The access to one room. Its fields may change between two attempts to join. */
export class Access {
  /** The PIN that the user has entered, '' for none. */
  pin = '';

  /** The resume token of the call that this client is in, '' outside. */
  acting = '';

  /** Whether this client offers VP8 video only. */
  onlyVP8 = false;

  /** How messages travel: 'auto', 'whip' (a data channel) or 'sse' (events and posts). */
  transport = 'auto';

  /** The role that this client wishes to have, '' for that of what lets it in. */
  role = '';

  #receive = 'all';
  /** @type {Map<string, string>} */
  #memory = new Map();

  /**
   * @param {string} base URL of the server, ends with a slash
   * @param {() => string} [brought] the invite or token, '' for none
   */
  constructor(base, brought = () => '') {
    this.base = base;
    this.brought = brought;
  }

  /** What this client receives: 'all', 'low' (a small picture), 'sound' or 'nothing'. */
  get receive() {
    return this.#receive;
  }

  set receive(what) {
    this.#receive = what;
  }

  /**
   * The URL of an address of the server. Behind a proxy the server may stand under a path.
   *
   * @param {string} address begins with a slash
   * @returns {string}
   */
  at(address) {
    return new URL(`.${address}`, this.base).href;
  }

  /**
   * Headers of requests in the participant's name.
   *
   * @returns {Record<string, string>}
   */
  headers() {
    return this.acting ? { Authorization: `Bearer ${this.acting}` } : this.entering();
  }

  /**
   * Headers of requests that are to let the client in.
   *
   * @returns {Record<string, string>}
   */
  entering() {
    const secret = this.brought();
    return { ...(secret && { Authorization: `Bearer ${secret}` }), ...(this.pin && { 'Tilemix-Pin': this.pin }) };
  }

  /** The code of the refusal where a secret is no token of RFC 9110 §5.6.2, as subprotocols have to be; '' otherwise. */
  get flaw() {
    const token = /^[\w!#$%&'*+.^`|~-]*$/;
    if (!token.test(this.brought())) return 'invite_invalid';
    return token.test(this.pin) ? '' : 'pin_wrong';
  }

  /**
   * Subprotocols of a WebSocket: a page cannot set its headers.
   *
   * @param {string} resume resume token, '' without one
   */
  protocols(resume) {
    const secret = this.brought();
    return ['tilemix', ...(secret ? [`bearer.${secret}`] : []), ...(this.pin ? [`pin.${this.pin}`] : []), ...(resume ? [`resume.${resume}`] : [])];
  }

  /**
   * A value that the next connection needs, '' for none. A page may override both methods, to keep
   * values over a reload.
   *
   * @param {string} key
   * @returns {string}
   */
  kept(key) {
    return this.#memory.get(key) ?? '';
  }

  /**
   * @param {string} key
   * @param {string} value
   */
  keep(key, value) {
    this.#memory.set(key, value);
  }
}
