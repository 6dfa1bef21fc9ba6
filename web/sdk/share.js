// The screen that a client shares. A share goes on over a new connection.

/** One screen at a time, from the browser's picker to its end. */
export class Share {
  /** @type {MediaStream | null} */
  stream = null;
  /** @type {import('./link.js').Link | null} */
  #sent = null;
  #asking = false;

  /**
   * @param {import('./session.js').Session} session
   * @param {() => void} changed called when a share begins or ends
   */
  constructor(session, changed) {
    this.session = session;
    this.changed = changed;
  }

  /** Whether this browser and this participant can share. */
  get may() {
    const { rights } = this.session.state;
    return Boolean(navigator.mediaDevices?.getDisplayMedia) && (!rights.length || rights.includes('publish.screen'));
  }

  /** Brings the connection in line with the call, after its phase changed. */
  follow() {
    const { link, state: { phase } } = this.session;
    if (phase === 'left' || phase === 'refused' || phase === 'removed') return this.stop();
    if (phase !== 'connected' || !this.stream || !link || link === this.#sent) return;
    this.#sent = link;
    void link.screen?.share(this.stream);
  }

  /**
   * Shows the browser's picker and shares what the user chooses. It throws the DOMException of
   * getDisplayMedia; NotAllowedError: the user has closed the picker.
   */
  async start() {
    if (this.stream || !this.may || this.#asking) return;
    this.#asking = true; // the browser shows its picker once
    try {
      this.#begin(await navigator.mediaDevices.getDisplayMedia({
        video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: { max: 30 } },
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
        // All sound of the machine has the call in it, and everybody would hear an echo.
        ...{ systemAudio: 'exclude', selfBrowserSurface: 'exclude', surfaceSwitching: 'include' },
      }));
    } finally {
      this.#asking = false;
    }
  }

  /** @param {MediaStream} stream */
  #begin(stream) {
    this.stream = stream;
    stream.getVideoTracks()[0]?.addEventListener('ended', () => this.stream === stream && this.stop());
    this.changed();
    this.follow();
  }

  /** Ends the share. */
  stop() {
    if (!this.stream) return;
    for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    if (this.#sent && this.#sent === this.session.link) void this.#sent.screen?.share(null);
    this.#sent = null;
    this.changed();
  }
}
