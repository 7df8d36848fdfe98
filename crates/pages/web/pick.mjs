/** Choosing one of the classes, or a new one, by typing a part of its name. */

import { at, label, make, say } from './make.mjs';

/** Names that are listed at most. */
const MOST = 100;

/** @param {string} text */
const plain = (text) => text.toLowerCase().replaceAll('_', ' ');

export class Pick {
  #names = /** @type {string[]} */ ([]);
  #chosen = 0;
  /** @type {((name: string, fresh: boolean) => void) | null} */ #take = null;

  constructor() {
    this.dialog = /** @type {HTMLDialogElement} */ (at('pick'));
    this.input = /** @type {HTMLInputElement} */ (at('pick-name'));
    this.list = at('pick-list');
    this.input.addEventListener('input', () => {
      this.#chosen = 0;
      this.#draw();
    });
    this.input.addEventListener('keydown', (event) => this.#key(event));
    this.list.addEventListener('click', (event) => {
      const option = /** @type {HTMLElement} */ (event.target).closest('[role=option]');
      if (option) this.#choose(Array.from(this.list.children).indexOf(option));
    });
    at('pick-close').addEventListener('click', () => this.dialog.close());
  }

  /**
   * Asks for one.
   * @param {string[]} names
   * @param {(name: string, fresh: boolean) => void} take
   */
  open(names, take) {
    this.#names = names;
    this.#take = take;
    this.#chosen = 0;
    this.input.value = '';
    this.#draw();
    this.dialog.showModal();
    this.input.focus();
  }

  /** The names that fit, and one to make where none is the same. @returns {{name: string, fresh: boolean}[]} */
  get #options() {
    const typed = this.input.value.trim();
    const wanted = plain(typed);
    const fitting = this.#names.filter((name) => plain(name).includes(wanted));
    fitting.sort((a, b) => Number(plain(b).startsWith(wanted)) - Number(plain(a).startsWith(wanted)));
    const options = fitting.slice(0, MOST).map((name) => ({ name, fresh: false }));
    const same = this.#names.some((name) => plain(name) === wanted);
    return typed === '' || same ? options : [...options, { name: typed, fresh: true }];
  }

  #draw() {
    const options = this.#options;
    this.#chosen = Math.max(0, Math.min(options.length - 1, this.#chosen));
    this.list.replaceChildren(...options.map(({ name, fresh }, place) =>
      make('li', { role: 'option', id: `pick-${place}`, 'aria-selected': String(place === this.#chosen) },
        fresh ? make('span', {}, `${say('pick.new')} `) : false, make('bdi', {}, fresh ? name : label(name)))));
    this.input.setAttribute('aria-activedescendant', options.length > 0 ? `pick-${this.#chosen}` : '');
    this.list.children[this.#chosen]?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#chosen += step;
    else if (event.key === 'Enter') return event.preventDefault(), this.#choose(this.#chosen);
    else return;
    event.preventDefault();
    this.#draw();
  }

  /** @param {number} place */
  #choose(place) {
    const option = this.#options[place];
    if (!option) return;
    this.dialog.close();
    this.#take?.(option.name, option.fresh);
  }
}
