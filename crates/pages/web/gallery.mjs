/** All pictures of a class, to remove some or move them to another class. */

import { at, label, make, say, shown } from './make.mjs';

/** @typedef {import('./program.mjs').Class} Class */

/** Pictures that are asked for at a time. */
const SOME = 120;

export class Gallery {
  /** @type {Class | null} */ #of = null;
  #after = 0;

  /**
   * @param {import('./program.mjs').Program<any>} program
   * @param {{classes: () => Class[], failed: (error: unknown) => void, moved: (n: number) => void}} page
   */
  constructor(program, page) {
    this.program = program;
    this.page = page;
    this.dialog = /** @type {HTMLDialogElement} */ (at('gallery'));
    this.sheet = at('gallery-sheet');
    at('gallery-close').addEventListener('click', () => this.dialog.close());
    at('gallery-more').addEventListener('click', () => this.#more());
    at('gallery-remove').addEventListener('click', () => this.#move(null));
    at('gallery-move').addEventListener('click', () => this.#move(Number(this.#to.value)));
    this.sheet.addEventListener('change', () => this.#count());
  }

  /** @param {Class} of */
  open(of) {
    this.#of = of;
    this.#after = 0;
    this.sheet.replaceChildren();
    at('gallery-title').textContent = label(of.name);
    const others = this.page.classes().filter(({ id }) => id !== of.id);
    this.#to.replaceChildren(...others.map(({ id, name }) => make('option', { value: id }, label(name))));
    for (const part of [this.#to, at('gallery-move')]) part.hidden = others.length === 0;
    this.#count();
    this.dialog.showModal();
    return this.#more();
  }

  get #to() {
    return /** @type {HTMLSelectElement} */ (at('gallery-to'));
  }

  get #chosen() {
    return [...this.sheet.querySelectorAll('input')].filter((input) => input.checked);
  }

  async #more() {
    try {
      const { total, pictures } = await this.program.ask(`v1/pictures?class=${this.#of?.id}&after=${this.#after}&limit=${SOME}`);
      this.#after += pictures.length;
      at('gallery-more').hidden = this.#after >= total;
      this.sheet.append(...pictures.map((/** @type {import('./program.mjs').Picture} */ { id, name, thumb, error }) => make('li', {}, make('label', { title: name },
        make('input', { type: 'checkbox', value: id, 'aria-label': shown(name) }),
        error === null ? make('img', { src: thumb, alt: '', loading: 'lazy', width: 160, height: 160 }) : make('span', { class: 'blank' }, shown(error))))));
    } catch (error) {
      this.page.failed(error);
    }
  }

  #count() {
    const n = this.#chosen.length;
    at('gallery-remove').textContent = say('gallery.remove', { n });
    for (const id of ['gallery-remove', 'gallery-move']) /** @type {HTMLButtonElement} */ (at(id)).disabled = n === 0;
  }

  /** @param {number | null} to */
  async #move(to) {
    const chosen = this.#chosen;
    try {
      const { moved } = await this.program.ask('v1/pictures/move', 'POST', { pictures: chosen.map((input) => Number(input.value)), to });
      for (const input of chosen) input.closest('li')?.remove();
      this.#after -= chosen.length;
      this.#count();
      this.page.moved(moved);
      (this.sheet.querySelector('input') ?? at('gallery-close')).focus();
    } catch (error) {
      this.page.failed(error);
    }
  }
}
