// Choices that this browser remembers between calls.

/**
 * @typedef {object} Choices
 * @property {string} name
 * @property {string} camera device id, '' for the browser's default
 * @property {string} microphone device id, '' for the browser's default
 * @property {boolean} cameraOff
 * @property {boolean} microphoneOff
 * @property {string} language tag, '' for the browser's
 * @property {string} speaker device id, '' for the browser's default
 * @property {number} volume of the call, 0 to 1
 * @property {string} sound of the microphone: 'speech', 'plain' (with noise) or 'music'
 * @property {string} receive 'all', 'low' or 'sound': a small picture or none, to save data
 * @property {boolean} pushToTalk
 * @property {boolean} sounds for who comes and writes
 * @property {boolean} notify whether the system shows notifications
 * @property {string} self what lies over one's own tile: 'overlay' (the camera), 'cover', 'server' (nothing), or 'leave-out'
 * @property {boolean} keysOff whether single keys do nothing
 */

const key = 'tilemix';

/** @type {Choices} */
const none = {
  name: '', camera: '', microphone: '', cameraOff: false, microphoneOff: false, keysOff: false,
  language: '', speaker: '', volume: 1, sound: 'speech', receive: 'all', self: 'overlay', pushToTalk: false, sounds: true, notify: false,
};

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
