// The page in the user's language. The sources have English text. A file of static/lang has
// that text as its keys, with {places} for what varies, and this module replaces it wherever it
// stands in the document. Text that users wrote is in elements with translate="no".

import { loadChoices } from './choices.js';

/** Languages with a file, each by its own name. */
export const languages = /** @type {const} */ ({
  en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', zh: '中文', ar: 'العربية',
});

const attributes = ['aria-label', 'aria-description', 'data-hint', 'data-empty', 'placeholder', 'title'];

/** @type {Map<string, string>} */
const plain = new Map();
/** @type {{pattern: RegExp, names: string[], text: string}[]} */
const patterns = [];

/**
 * The language to use: the chosen one, which the page's address may name, else the first of the browser's that there is.
 *
 * @param {string} chosen '' for the browser's
 * @param {readonly string[]} wanted tags as in navigator.languages
 * @returns {string}
 */
export function languageOf(chosen, wanted) {
  const all = [chosen, ...wanted].map((tag) => tag.toLowerCase().split('-')[0]);
  return all.find((tag) => tag in languages) ?? 'en';
}

/** Translates the page, now and whenever it changes. */
export async function translate() {
  const language = languageOf(new URLSearchParams(location.search).get('language') || loadChoices().language, navigator.languages ?? [navigator.language]);
  document.documentElement.lang = language;
  document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';
  if (language === 'en') return;
  try {
    learn(await (await fetch(new URL(`./lang/${language}.json`, import.meta.url))).json());
  } catch {
    return; // the page stays in English
  }
  walk(document.documentElement);
  const watcher = new MutationObserver((changes) => {
    for (const { type, target, addedNodes, attributeName } of changes) {
      if (type === 'childList') addedNodes.forEach(walk);
      else if (type === 'characterData') walk(target);
      else if (target instanceof Element && attributeName) turn(target, attributeName);
    }
  });
  watcher.observe(document.documentElement, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: attributes,
  });
}

/** @param {Record<string, string>} dictionary */
function learn(dictionary) {
  for (const [key, text] of Object.entries(dictionary)) {
    const names = [...key.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
    if (names.length === 0) {
      plain.set(key, text);
      continue;
    }
    const source = key.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '(.+)');
    patterns.push({ pattern: new RegExp(`^${source}$`), names, text });
  }
}

/**
 * A text in the user's language, and as it is where the language has none.
 *
 * @param {string} text
 * @returns {string}
 */
export function inLanguage(text) {
  const trimmed = text.trim();
  if (!trimmed) return text;
  const known = plain.get(trimmed);
  if (known !== undefined) return text.replace(trimmed, () => known);
  for (const { pattern, names, text: translated } of patterns) {
    const found = pattern.exec(trimmed);
    if (found) return translated.replace(/\{(\w+)\}/g, (_, name) => part(found[names.indexOf(name) + 1] ?? ''));
  }
  return text;
}

/** @param {string} text that stands at a place: a word of the page, or a name */
function part(text) {
  return plain.get(text) ?? text;
}

/** @param {Node} node */
function walk(node) {
  if (node instanceof Text) {
    if (node.parentElement?.closest('[translate="no"], script, style')) return;
    const text = inLanguage(node.data);
    if (text !== node.data) node.data = text;
  } else if (node instanceof Element && !node.closest('[translate="no"]')) {
    for (const name of attributes) turn(node, name);
    node.childNodes.forEach(walk);
  }
}

/**
 * @param {Element} element
 * @param {string} name of an attribute
 */
function turn(element, name) {
  const text = element.getAttribute(name);
  if (text === null || element.closest('[translate="no"]')) return;
  const translated = inLanguage(text);
  if (translated !== text) element.setAttribute(name, translated);
}
