// Shows the mix and starts its sound.

/**
 * One video element that plays the mix. Where the browser lets no page make a
 * sound before a click, the picture starts silently and the overlay asks for
 * that click.
 */
export class Player {
  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLButtonElement} overlay
   */
  constructor(video, overlay) {
    this.video = video;
    this.overlay = overlay;
    /** Whether the sound is off because the listener wants it so. */
    this.silent = false;
    overlay.addEventListener('click', () => this.hear());
  }

  /** @param {MediaStream} stream */
  async show(stream) {
    if (this.video.srcObject !== stream) this.video.srcObject = stream;
    await this.start();
  }

  /** Plays what the element has. */
  async start() {
    this.video.muted = this.silent;
    try {
      await this.video.play();
      this.overlay.hidden = true;
    } catch (error) {
      // AbortError: a new stream has taken this one's place, and plays itself.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      this.video.muted = true;
      this.overlay.hidden = false;
      await this.video.play().catch(() => {});
    }
  }

  /** Tries to make a sound again, where the browser allowed none and may now. */
  async retry() {
    if (this.overlay.hidden || !(this.video.srcObject instanceof MediaStream)) return;
    await this.show(this.video.srcObject);
  }

  /** What a click on the overlay does. */
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

  /** Keeps the last picture, while the connection is renewed. */
  freeze() {
    this.video.pause();
  }

  clear() {
    this.video.srcObject = null;
    this.overlay.hidden = true;
  }
}
