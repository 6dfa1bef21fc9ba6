// What is remembered between calls, in this browser alone.

/**
 * @typedef {object} Choices
 * @property {string} name
 * @property {string} camera device id, '' for whatever the browser takes
 * @property {string} microphone device id, '' for whatever the browser takes
 * @property {boolean} cameraOff
 * @property {boolean} microphoneOff
 */

const key = 'tilemix';

/** @type {Choices} */
const none = { name: '', camera: '', microphone: '', cameraOff: false, microphoneOff: false };

/** @returns {Choices} */
export function loadChoices() {
  try {
    return { ...none, ...JSON.parse(localStorage.getItem(key) ?? '{}') };
  } catch {
    return { ...none }; // storage forbidden, or not ours
  }
}

/** @param {Partial<Choices>} change */
export function saveChoices(change) {
  try {
    localStorage.setItem(key, JSON.stringify({ ...loadChoices(), ...change }));
  } catch {
    // Storage is forbidden: nothing is remembered, everything else works.
  }
}
