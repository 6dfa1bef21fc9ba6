// What our pages use of hls.js 1.7.4.

export default class Hls {
  static isSupported(): boolean;
  static Events: { ERROR: 'hlsError', LEVEL_UPDATED: 'hlsLevelUpdated' };
  constructor(config: {
    lowLatencyMode: boolean, enableWorker: boolean, backBufferLength: number, maxLiveSyncPlaybackRate: number,
    liveSyncDuration: number, xhrSetup: (xhr: XMLHttpRequest) => void,
  });
  readonly latency: number; // s
  readonly playingDate: Date | null;
  loadSource(url: string): void;
  attachMedia(video: HTMLVideoElement): void;
  on(event: 'hlsError', listener: (event: string, data: { fatal: boolean, details: string }) => void): void;
  on(event: 'hlsLevelUpdated', listener: (event: string, data: { details: { live: boolean } }) => void): void;
  destroy(): void;
}
