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

// Rows of a flexible box then stand apart by margins, see base.css.
const row = document.createElement('div');
row.style.cssText = 'display: flex; flex-direction: column; row-gap: 1px; position: absolute';
row.append(document.createElement('i'), document.createElement('i'));
document.body.append(row);
if (row.scrollHeight !== 1) document.documentElement.classList.add('no-gap');
row.remove();

// A question needs no dialog of the browser: it stands over the page all the same.
const dialogs = /** @type {any} */ (globalThis).HTMLDialogElement;
if (!dialogs) {
  const unknown = /** @type {any} */ (HTMLUnknownElement.prototype);
  unknown.showModal ??= function showModal() { this.setAttribute('open', ''); };
  unknown.close ??= function close() { this.dispatchEvent(new Event('close')); };
}
