// Questions that stand over the page: to confirm what cannot be undone, to enter a PIN.

import { make } from './dom.js';

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} text
 * @property {string} yes the text of the button that answers
 * @property {boolean} [danger] whether the answer cannot be undone
 * @property {{value: string, text: string}[]} [options] one is chosen, at first the first
 * @property {Field} [field] a text to enter
 *
 * @typedef {{label: string, digits?: boolean, value?: string, most?: number}} Field what it begins with, and its length
 */

/**
 * Asks. The answer is what is chosen or entered, or '' where there is nothing of the kind;
 * null if the user cancels.
 *
 * @param {Question} question
 * @returns {Promise<string | null>}
 */
export function ask(question) {
  const dialog = make('dialog', 'question');
  dialog.setAttribute('aria-labelledby', 'question-title');
  const form = make('form');
  form.method = 'dialog';
  const title = make('h2', '', question.title);
  title.id = 'question-title';
  form.append(title, make('p', '', question.text), ...(question.options ?? []).map(option));
  if (question.field) form.append(field(question.field));
  const actions = make('div', 'card-actions');
  const yes = make('button', question.danger ? 'button danger' : 'button primary', question.yes);
  const no = make('button', 'button', 'Cancel');
  no.type = 'button';
  no.addEventListener('click', () => dialog.close());
  actions.append(yes, no);
  form.append(actions);
  dialog.append(form);
  // Keys that are typed here are no shortcuts of the page.
  dialog.addEventListener('keydown', (event) => event.stopPropagation());
  document.body.append(dialog);
  const before = document.activeElement;
  return new Promise((answer) => {
    let said = /** @type {string | null} */ (null);
    form.addEventListener('submit', () => { said = String(new FormData(form).get('answer') ?? '').trim(); });
    dialog.addEventListener('close', () => {
      dialog.remove();
      if (before instanceof HTMLElement) before.focus();
      answer(said);
    });
    dialog.showModal();
    if (question.danger) no.focus();
  });
}

/**
 * @param {{value: string, text: string}} choice
 * @param {number} index
 */
function option(choice, index) {
  const label = make('label', 'question-option');
  const input = make('input');
  input.type = 'radio';
  input.name = 'answer';
  input.value = choice.value;
  input.checked = index === 0;
  label.append(input, choice.text);
  return label;
}

/** @param {Field} what */
function field(what) {
  const label = make('label', 'field', what.label);
  const input = make('input');
  input.type = 'text';
  input.name = 'answer';
  input.required = true;
  input.autofocus = true;
  input.autocomplete = 'off';
  input.maxLength = what.digits ? 16 : what.most ?? 1000;
  input.dir = 'auto';
  input.value = what.value ?? '';
  if (what.digits) {
    input.inputMode = 'numeric';
    input.pattern = '[0-9]+';
    input.title = 'digits only';
  }
  label.append(input);
  return label;
}
