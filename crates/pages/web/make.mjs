/** How words, numbers and elements are made. Text from outside becomes text nodes and nothing else. */

import { language, words } from './words.en.mjs';

const plural = new Intl.PluralRules(language);
const plain = new Intl.NumberFormat(language);
const wholePercent = new Intl.NumberFormat(language, { style: 'percent' });

/** @typedef {string | number} Value */
/** @typedef {string | Node | null | undefined | false} Child */

/**
 * The words of a key, its places filled.
 * @param {string} key
 * @param {Record<string, Value>} [values]
 */
export function say(key, values = {}) {
  return parts(key, values).join('');
}

/**
 * The same in parts, so that a value may be an element.
 * @param {string} key
 * @param {Record<string, Value | Node>} [values]
 * @returns {(string | Node)[]}
 */
export function parts(key, values = {}) {
  const entry = words[key];
  if (entry === undefined) throw new Error(`no words for ${key}`);
  const text = typeof entry === 'string' ? entry : entry[plural.select(Number(values.n)) === 'one' ? 'one' : 'other'];
  return text.split(/\{(\w+)\}/).map((piece, place) => {
    if (place % 2 === 0) return piece;
    const value = values[piece];
    return typeof value === 'number' ? plain.format(value) : (value ?? '');
  });
}

const HIDDEN = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/**
 * Text from outside, with a sign for characters that hide or that turn the direction of what
 * follows, and cut where it is absurdly long.
 * @param {string} text
 */
export function shown(text) {
  const cut = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  return cut.replace(HIDDEN, '\ufffd');
}

/** @type {Map<string, string>} */ let labels = new Map();

/**
 * Shows classes with spaces for underscores, unless two of them would then look the same.
 * @param {string[]} classes
 */
export function nameClasses(classes) {
  const spaced = classes.map((name) => shown(name).replaceAll('_', ' ').trim());
  const distinct = new Set(spaced).size === classes.length && !spaced.includes('');
  labels = new Map(classes.map((name, place) => [name, distinct ? spaced[place] : shown(name)]));
}

/** A class as people read it. @param {string} name */
export const label = (name) => labels.get(name) ?? shown(name);

/** A number with its thousands set off. @param {number} value */
export const number = (value) => plain.format(value);

/**
 * A probability in whole percent, and never as certain as it is not: `83%`, `<1%`, `>99%`.
 * @param {number} share
 */
export function percent(share) {
  if (share < 0.01) return `<${wholePercent.format(0.01)}`;
  if (share > 0.99) return `>${wholePercent.format(0.99)}`;
  return wholePercent.format(share);
}

/**
 * A measured share and its interval, with no more digits than the interval supports.
 * @param {{value: number, low: number, high: number}} share
 */
export function interval({ value, low, high }) {
  const points = 100 * (high - low);
  let digits = [2, 0.2].filter((limit) => points < limit).length;
  const roundsAway = () => {
    const shown = Number((100 * value).toFixed(digits));
    return (shown === 0 && value > 0) || (shown === 100 && value < 1);
  };
  while (digits < 4 && roundsAway()) digits += 1;
  const form = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const shown = (/** @type {number} */ share) => form.format(100 * share);
  return { share: `${shown(value)}%`, low: shown(low), high: `${shown(high)}%` };
}

/**
 * A duration as people say it: `20 seconds`, `3 minutes`.
 * @param {number} seconds
 */
export function duration(seconds) {
  const [value, unit] = seconds < 90 ? [seconds < 10 ? seconds : 5 * Math.round(seconds / 5), 'second'] : [seconds / 60, 'minute'];
  const form = new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 });
  return form.format(Math.max(1, Math.round(value)));
}

/** A size in megabytes. @param {number} bytes */
export function megabytes(bytes) {
  return new Intl.NumberFormat(language, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 1 }).format(bytes / 1e6);
}

/**
 * Names in a row, each isolated from the direction of the text around it: `a, b or c`.
 * @param {string[]} names
 * @param {string} last the word before the last name
 */
export function listed(names, last) {
  return names.flatMap((name, place) => {
    const before = place === 0 ? '' : place === names.length - 1 ? ` ${last} ` : ', ';
    return [before, make('bdi', { class: 'name' }, name)];
  });
}

/**
 * An element. A key that begins with `on` is a listener, one with `--` a custom property of its style,
 * `true` sets an attribute without a value, and what is `undefined`, `null` or `false` is left out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else if (key.startsWith('--')) element.style.setProperty(key, String(value));
    else element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(.../** @type {(string | Node)[]} */ (children.flat().filter((child) => child !== null && child !== undefined && child !== false)));
  return element;
}

/**
 * An icon that `index.html` draws, by its name.
 * @param {string} name
 */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(space, 'use'));
  svg.firstElementChild?.setAttribute('href', `#icon-${name}`);
  return svg;
}

/**
 * The element with this id; the page is broken without it.
 * @param {string} id
 */
export function at(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element ${id}`);
  return element;
}

/** Fills every element of the page that names its words. @param {ParentNode} root */
export function fillWords(root) {
  for (const element of root.querySelectorAll('[data-say]')) {
    element.append(say(element.getAttribute('data-say') ?? ''));
  }
  for (const element of root.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', say(element.getAttribute('data-label') ?? ''));
  }
}

/**
 * A message at the top of the page, one for each key; no text takes it away.
 * @param {string} key
 * @param {string} text
 * @param {{urgent?: boolean, action?: {words: string, run: () => void}}} [more]
 */
export function note(key, text, { urgent = false, action } = {}) {
  const there = document.querySelector(`[data-note="${key}"]`);
  // What is said already is not said again.
  if (there?.querySelector('p')?.textContent === text) return;
  there?.remove();
  if (text === '') return;
  const close = make('button', { type: 'button', class: 'close', 'aria-label': say('trouble.dismiss'), onclick: () => box.remove() }, '×');
  const box = make('div', { class: `note${urgent ? ' urgent' : ''}`, 'data-note': key, role: urgent ? 'alert' : 'status' },
    make('p', {}, text), action && make('button', { type: 'button', onclick: action.run }, action.words), close);
  at('notes').append(box);
}
