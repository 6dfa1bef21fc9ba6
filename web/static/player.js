// Shows the mix and starts its audio.

/**
 * One video element that plays the mix. If the browser allows no sound before a click, the
 * video starts silently and the overlay asks for the click.
 */
export class Player {
  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLButtonElement} overlay
   */
  constructor(video, overlay) {
    this.video = video;
    this.overlay = overlay;
    /** Whether the user has switched the sound off. */
    this.silent = false;
    overlay.addEventListener('click', () => this.hear());
  }

  /** @param {MediaStream} stream */
  async show(stream) {
    if (this.video.srcObject !== stream) this.video.srcObject = stream;
    await this.start();
  }

  /** Whether the browser plays no sound before a click. */
  get blocked() {
    return this.video.muted && !this.silent;
  }

  /** Plays what the element has. */
  async start() {
    this.video.muted = this.silent;
    try {
      await this.video.play();
      this.overlay.hidden = true;
    } catch (error) {
      // AbortError: a new stream has replaced this one.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      this.video.muted = true;
      this.overlay.hidden = false;
      await this.video.play().catch(() => {});
    }
  }

  /** Tries to play sound again, because the browser may allow it now. */
  async retry() {
    if (this.overlay.hidden || !(this.video.srcObject instanceof MediaStream)) return;
    await this.show(this.video.srcObject);
  }

  /** Handles a click on the overlay. */
  hear() {
    this.setSilent(false);
    void this.video.play().catch(() => {});
  }

  /** @param {boolean} silent */
  setSilent(silent) {
    this.silent = silent;
    this.video.muted = silent;
    this.overlay.hidden = true;
  }

  /** Keeps the last picture while the page connects anew. */
  freeze() {
    this.video.pause();
  }

  clear() {
    this.video.srcObject = null;
    this.overlay.hidden = true;
  }
}
