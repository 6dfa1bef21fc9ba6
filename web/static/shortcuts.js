// Keys that work anywhere on a page, except where somebody is typing.

/**
 * @param {Record<string, () => void>} keys by KeyboardEvent.key in lower case
 */
export function shortcuts(keys) {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const action = keys[event.key.toLowerCase()];
    if (!action) return;
    const typing = event.target instanceof Element && event.target.matches('input, textarea, select');
    if (typing && event.key !== 'Escape') return;
    event.preventDefault();
    action();
  });
}

/** Full screen on, or off where it is on. */
export async function toggleFullScreen() {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await document.documentElement.requestFullscreen();
  } catch {
    // A browser that has none, as on some telephones.
  }
}
