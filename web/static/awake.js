// Keeps a telephone's screen on during the call, if the browser allows it.

let wanted = false;
/** @type {WakeLockSentinel | null} */
let lock = null;

// The browser takes the lock away while nobody looks at the page.
document.addEventListener('visibilitychange', () => void take());

/** @param {boolean} on */
export function keepAwake(on) {
  wanted = on;
  if (on) {
    void take();
    return;
  }
  void lock?.release().catch(() => {});
  lock = null;
}

async function take() {
  if (!wanted || document.visibilityState !== 'visible' || (lock && !lock.released)) return;
  try {
    lock = (await navigator.wakeLock?.request('screen')) ?? null;
  } catch {
    // Not allowed now, for example on low battery.
  }
}
