// Sends no more video than the call needs.

/** @typedef {import('./protocol.js').UplinkMessage} UplinkMessage */

/** Bits per second, until the server asks for another rate. */
export const defaultBitrate = 1_500_000;
const defaultFramerate = 30;

/**
 * Prefers H.264, and constrained baseline among its profiles, because every other client
 * decodes that. The server answers VP8 to a browser without H.264.
 *
 * @param {RTCRtpTransceiver} transceiver
 * @param {boolean} [onlyVP8]
 */
export function chooseCodecs(transceiver, onlyVP8 = false) {
  const codecs = RTCRtpReceiver.getCapabilities?.('video')?.codecs;
  if (!codecs || !transceiver.setCodecPreferences) return;
  if (onlyVP8) {
    const vp8 = codecs.filter(({ mimeType }) => /^video\/(vp8|rtx)$/i.test(mimeType));
    return transceiver.setCodecPreferences(vp8);
  }
  /** @param {RTCRtpCodec} codec */
  const rank = (codec) => {
    if (codec.mimeType.toLowerCase() !== 'video/h264') return 3;
    const line = codec.sdpFmtpLine ?? '';
    if (!line.includes('packetization-mode=1')) return 2;
    return /profile-level-id=42e0/i.test(line) ? 0 : 1;
  };
  transceiver.setCodecPreferences([...codecs].sort((a, b) => rank(a) - rank(b)));
}

/**
 * Whether this browser has a video codec that the server has.
 *
 * @returns {boolean}
 */
export function hasVideo() {
  const codecs = RTCRtpReceiver.getCapabilities?.('video')?.codecs ?? [];
  return codecs.some(({ mimeType }) => /^video\/(h264|vp8)$/i.test(mimeType));
}

/**
 * The factor to scale the camera's picture down by, so that it is no larger than its tile
 * needs. A landscape picture fills its tile and is cropped; a portrait one is shown whole.
 *
 * @param {{width?: number, height?: number}} picture
 * @param {{width?: number, height?: number}} tile
 * @returns {number} 1 or more
 */
export function scaleFor(picture, tile) {
  const { width = 0, height = 0 } = picture;
  const { width: tileWidth = 0, height: tileHeight = 0 } = tile;
  if (!width || !height || !(tileWidth > 0) || !(tileHeight > 0)) return 1;
  const x = width / tileWidth;
  const y = height / tileHeight;
  return Math.max(1, width >= height ? Math.min(x, y) : Math.max(x, y));
}

/** The sender of a camera or a screen, which follows the server's uplink messages. */
export class Uplink {
  /** @type {UplinkMessage | null} */
  #request = null;
  /** Changes run one after the other, because each starts from the last. */
  #turn = Promise.resolve();

  /**
   * @param {RTCRtpSender} sender
   * @param {number} [bitrate] bits per second, until the server asks for another rate
   * @param {typeof scaleFor} [scale] how its picture is scaled for a tile
   */
  constructor(sender, bitrate = defaultBitrate, scale = scaleFor) {
    this.sender = sender;
    this.bitrate = bitrate;
    this.scale = scale;
  }

  /** @param {UplinkMessage} request */
  ask(request) {
    this.#request = request;
    return this.apply();
  }

  /** Applies the last request again, after the camera or its size changed. */
  apply() {
    this.#turn = this.#turn.then(() => this.#set()).catch(() => {
      // The sender is stopped or not negotiated yet: the next apply counts.
    });
    return this.#turn;
  }

  async #set() {
    const request = this.#request;
    const parameters = this.sender.getParameters();
    const encoding = parameters.encodings?.[0];
    if (!encoding) return;
    encoding.active = request?.active ?? true;
    encoding.maxBitrate = request?.maxBitrate || this.bitrate;
    encoding.maxFramerate = request?.maxFramerate || defaultFramerate;
    encoding.scaleResolutionDownBy = request ? this.scale(this.sender.track?.getSettings() ?? {}, request) : 1;
    await this.sender.setParameters(parameters);
  }
}
