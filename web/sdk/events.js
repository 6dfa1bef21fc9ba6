// Listeners of what happens in a call.

/** Keeps listeners by the names of events. */
export class Events {
  /** @type {Map<string, Set<(detail: any) => void>>} */
  #listeners = new Map();

  /**
   * @param {string} name
   * @param {(detail: any) => void} listener
   */
  on(name, listener) {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all.add(listener));
    return this;
  }

  /**
   * @param {string} name
   * @param {(detail: any) => void} listener
   */
  off(name, listener) {
    this.#listeners.get(name)?.delete(listener);
    return this;
  }

  /**
   * Calls the listeners of an event. One that throws does not keep the others from it.
   *
   * @param {string} name
   * @param {any} [detail]
   */
  emit(name, detail) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(detail);
      } catch (error) {
        setTimeout(() => { throw error; }); // the browser reports it
      }
    }
  }
}
