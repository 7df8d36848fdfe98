/**
 * Keys that act: which one does what, their help, and the reader's own choice of them. Letters act
 * only while the keyboard is in the region that they are for, and can be changed or switched off.
 */

import { at, make, say } from './make.mjs';

/** Where the reader's choice is kept. */
const KEPT = 'lookalike.keys';

/**
 * A key as people and the table of keys write it: `Shift+Enter`, `K`, `/`.
 * @param {KeyboardEvent} event
 */
export function pressed(event) {
  const named = event.key.length > 1 || event.key === ' ';
  const key = event.key === ' ' ? 'Space' : named ? event.key : event.key.toUpperCase();
  return named && event.shiftKey ? `Shift+${key}` : key;
}

/** How a key is printed. @param {string} key */
export const printed = (key) => key.replace('Arrow', '').replace('Left', '←').replace('Right', '→').replace('Shift+', '⇧ ').replace('Enter', '⏎');

/** @typedef {{off: boolean, keys: Record<string, string>}} Choice */

export class Keys {
  /** @type {Choice} */ #choice = { off: false, keys: {} };
  /** The action that waits for a new key. @type {string | null} */ #asks = null;

  /**
   * @param {Record<string, string>} usual the key of each action
   * @param {(action: string, event: KeyboardEvent) => boolean} act whether the action meant anything now
   */
  constructor(usual, act) {
    this.usual = usual;
    this.act = act;
    try {
      const kept = JSON.parse(localStorage.getItem(KEPT) ?? '{}');
      const keys = Object.entries(kept.keys ?? {}).filter(([action, key]) => action in usual && typeof key === 'string');
      this.#choice = { off: kept.off === true, keys: Object.fromEntries(keys) };
    } catch {
      // Without storage, or with another program's value in it, the usual keys hold.
    }
    this.dialog = /** @type {HTMLDialogElement} */ (at('help'));
    at('help-off').addEventListener('change', () => this.#keep({ off: !this.#switch.checked }));
    at('help-usual').addEventListener('click', () => this.#keep({ off: false, keys: {} }));
    at('help-close').addEventListener('click', () => this.dialog.close());
    this.dialog.addEventListener('keydown', (event) => this.#take(event));
    this.dialog.addEventListener('close', () => { this.#asks = null; });
  }

  /** The key of an action. @param {string} action */
  of(action) {
    return this.#choice.keys[action] ?? this.usual[action];
  }

  /** Whether single keys act. */
  get on() {
    return !this.#choice.off;
  }

  /** A key beside the words of a button, for the eye alone. @param {string} action */
  cap(action) {
    return this.on && make('kbd', { 'aria-hidden': 'true' }, printed(this.of(action)));
  }

  /** Does what the key is for. @param {KeyboardEvent} event */
  handle(event) {
    const typing = event.target instanceof HTMLElement && event.target.matches('input:not([type=radio], [type=checkbox]), select, textarea');
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || typing || document.querySelector('dialog[open]')) return;
    const key = pressed(event);
    const digit = /^[1-9]$/.test(key);
    const action = digit ? 'digit' : Object.keys(this.usual).find((name) => this.of(name) === key);
    // The help is always there: it is where keys are switched on again.
    if (!action || (!this.on && action !== 'help')) return;
    if (this.act(action, event)) event.preventDefault();
  }

  help() {
    this.#draw();
    this.dialog.showModal();
  }

  get #switch() {
    return /** @type {HTMLInputElement} */ (at('help-off'));
  }

  #draw() {
    this.#switch.checked = this.on;
    at('help-keys').replaceChildren(...Object.keys(this.usual).map((action) => {
      const asked = this.#asks === action;
      const change = make('button', { type: 'button', 'aria-pressed': String(asked), 'data-action': action, onclick: () => this.#ask(action) },
        asked ? say('keys.press') : make('kbd', {}, printed(this.of(action))));
      change.setAttribute('aria-label', say(asked ? 'keys.press' : 'keys.change', { key: this.of(action), action: say(`keys.${action}`) }));
      return make('li', {}, make('span', {}, say(`keys.${action}`)), change);
    }), make('li', {}, make('span', {}, say('keys.digit')), make('kbd', {}, '1 – 9')));
  }

  /** @param {string} action */
  #ask(action) {
    this.#asks = this.#asks === action ? null : action;
    this.#draw();
    this.#focus(action);
  }

  /** @param {string} action */
  #focus(action) {
    /** @type {HTMLElement | null} */ (this.dialog.querySelector(`[data-action="${action}"]`))?.focus();
  }

  /** Takes the key that was asked for. @param {KeyboardEvent} event */
  #take(event) {
    const action = this.#asks;
    if (action === null || ['Tab', 'Shift', 'Control', 'Alt', 'Meta', 'Dead'].includes(event.key)) return;
    event.preventDefault();
    this.#asks = null;
    const key = pressed(event);
    // Digits are the classes', and Escape leaves all as it is. A key that is taken is swapped.
    if (key !== 'Escape' && !/^\d$/.test(key)) {
      const other = Object.keys(this.usual).find((name) => this.of(name) === key);
      this.#keep({ keys: { ...this.#choice.keys, ...(other ? { [other]: this.of(action) } : {}), [action]: key } });
    } else {
      this.#draw();
    }
    this.#focus(action);
  }

  /** @param {Partial<Choice>} change */
  #keep(change) {
    this.#choice = { ...this.#choice, ...change };
    try {
      localStorage.setItem(KEPT, JSON.stringify(this.#choice));
    } catch {
      // It then holds until the page is left.
    }
    this.#draw();
    dispatchEvent(new Event('keys'));
  }
}
