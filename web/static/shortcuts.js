// Keys that work anywhere on a page, except in text fields.

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

/** Switches full screen on or off. */
export async function toggleFullScreen() {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await document.documentElement.requestFullscreen();
  } catch {
    // Some browsers on telephones have no full screen.
  }
}
