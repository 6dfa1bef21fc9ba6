// Choices that this browser remembers between calls.

/**
 * @typedef {object} Choices
 * @property {string} name
 * @property {string} camera device id, '' for the browser's default
 * @property {string} microphone device id, '' for the browser's default
 * @property {boolean} cameraOff
 * @property {boolean} microphoneOff
 * @property {boolean} keysOff whether single keys do nothing
 */

const key = 'tilemix';

/** @type {Choices} */
const none = { name: '', camera: '', microphone: '', cameraOff: false, microphoneOff: false, keysOff: false };

/** @returns {Choices} */
export function loadChoices() {
  try {
    return { ...none, ...JSON.parse(localStorage.getItem(key) ?? '{}') };
  } catch {
    return { ...none }; // storage is forbidden or has other data
  }
}

/** @param {Partial<Choices>} change */
export function saveChoices(change) {
  try {
    localStorage.setItem(key, JSON.stringify({ ...loadChoices(), ...change }));
  } catch {
    // Storage is forbidden: the browser remembers nothing.
  }
}
