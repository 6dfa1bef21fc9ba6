// What older browsers lack, for the build that they load. It stands before all modules.

if (!Element.prototype.replaceChildren) {
  /** @param {(Node | string)[]} nodes */
  Element.prototype.replaceChildren = function replaceChildren(...nodes) {
    while (this.lastChild) this.removeChild(this.lastChild);
    this.append(...nodes);
  };
}

if (typeof AbortSignal !== 'undefined' && !AbortSignal.timeout) {
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), ms);
    return controller.signal;
  };
}

// A question needs no dialog of the browser: it stands over the page all the same.
const dialogs = /** @type {any} */ (globalThis).HTMLDialogElement;
if (!dialogs) {
  const unknown = /** @type {any} */ (HTMLUnknownElement.prototype);
  unknown.showModal ??= function showModal() { this.setAttribute('open', ''); };
  unknown.close ??= function close() { this.dispatchEvent(new Event('close')); };
}
