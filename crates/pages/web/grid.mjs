/**
 * A long list that draws only what is in sight. Cells have one size, which the style sheet sets by
 * `--least` (width) and `--height`; each is placed by a transform, so that a jump lays out nothing.
 */

import { make } from './make.mjs';

/** What is drawn of an item. A drawing that brings its `cell` is a list's element itself. @typedef {import('./card.mjs').Drawn & {cell?: HTMLElement}} Drawn */
/** @typedef {Drawn & {cell: HTMLElement, place: string}} Cell */

/** Rows drawn beyond each edge of the window. */
const SPARE = 1;

/** @template {{id: number}} Item */
export class Grid {
  /** @type {Item[]} */ #items = [];
  /** @type {Map<number, Cell>} */ #cells = new Map();
  /** @type {Map<number, number>} */ #places = new Map();
  #columns = 1;
  #row = 1;
  #column = 1;
  /** The picture that the keyboard is at. @type {number | null} */ #current = null;

  /**
   * @param {HTMLElement} list
   * @param {(item: Item) => Drawn} draw
   * @param {(to: Item, event: KeyboardEvent) => void} [moved] the keyboard went to another item
   */
  constructor(list, draw, moved = () => {}) {
    this.list = list;
    this.draw = draw;
    this.moved = moved;
    this.probe = make('div', { class: 'probe', 'aria-hidden': 'true' });
    list.before(this.probe);
    const sizes = new ResizeObserver(() => this.#measure());
    sizes.observe(list);
    sizes.observe(this.probe);
    addEventListener('scroll', () => this.#place(), { passive: true });
    addEventListener('resize', () => this.#measure());
    list.addEventListener('keydown', (event) => this.#key(event));
    list.addEventListener('focusin', (event) => this.#focused(event));
    this.#measure();
  }

  /** The item that the keyboard is at. */
  get current() {
    return this.#current === null ? undefined : this.#items[this.#places.get(this.#current) ?? -1];
  }

  /** Shows these pictures, in this order. @param {Item[]} items */
  show(items) {
    if (items !== this.#items) {
      this.#items = items;
      this.#places = new Map(items.map((item, place) => [item.id, place]));
      if (this.#current === null || !this.#places.has(this.#current)) this.#current = items[0]?.id ?? null;
    }
    for (const cell of this.#cells.values()) cell.update();
    this.#place();
  }

  /** Puts the keyboard on a picture, wherever it is. @param {number} id */
  focus(id) {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#current = id;
    const row = Math.floor(place / this.#columns);
    const top = this.list.getBoundingClientRect().top + row * this.#row;
    const hidden = top < 0 || top + this.#row > innerHeight;
    if (hidden) scrollBy({ top: top - Math.max(0, (innerHeight - this.#row) / 2), behavior: 'instant' });
    this.#place();
    this.#cells.get(id)?.element.focus({ preventScroll: true });
  }

  #measure() {
    const { width: least, height } = this.probe.getBoundingClientRect();
    const gap = parseFloat(getComputedStyle(this.list).columnGap) || 0;
    const width = this.list.clientWidth;
    this.#columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
    this.#column = (width + gap) / this.#columns;
    this.#row = height + gap;
    this.list.style.setProperty('--width', `${this.#column - gap}px`);
    this.#place();
  }

  /** Draws what is in sight and forgets the rest. */
  #place() {
    const rows = Math.ceil(this.#items.length / this.#columns);
    this.list.style.setProperty('--full', `${rows * this.#row}px`);
    const above = -this.list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(above / this.#row) - SPARE);
    const last = Math.min(rows, Math.ceil((above + innerHeight) / this.#row) + SPARE);
    const wanted = this.#items.slice(first * this.#columns, Math.max(0, last) * this.#columns);
    const kept = this.#kept(wanted);
    const ids = new Set(kept.map((item) => item.id));
    for (const [id, cell] of this.#cells) {
      if (ids.has(id)) continue;
      cell.cell.remove();
      cell.drop();
      this.#cells.delete(id);
    }
    let cursor = this.list.firstElementChild;
    for (const item of kept) {
      const { cell } = this.#cell(item);
      if (cell === cursor) cursor = cursor.nextElementSibling;
      else this.list.insertBefore(cell, cursor);
    }
  }

  /** What is drawn: what is in sight, and the picture with the keyboard. @param {Item[]} wanted */
  #kept(wanted) {
    const focused = this.list.contains(document.activeElement) ? this.#current : null;
    const place = focused === null ? undefined : this.#places.get(focused);
    if (place === undefined || wanted.some((item) => item.id === focused)) return wanted;
    const item = this.#items[place];
    const before = wanted.length > 0 && place < (this.#places.get(wanted[0].id) ?? 0);
    return before ? [item, ...wanted] : [...wanted, item];
  }

  /** The cell of a picture, in its place. @param {Item} item @returns {Cell} */
  #cell(item) {
    let drawn = this.#cells.get(item.id);
    if (!drawn) {
      const card = this.draw(item);
      drawn = { ...card, cell: card.cell ?? make('li', { class: 'cell' }, card.element), place: '' };
      this.#cells.set(item.id, drawn);
    }
    const index = this.#places.get(item.id) ?? 0;
    const left = (index % this.#columns) * this.#column;
    const place = `translate(${left}px, ${Math.floor(index / this.#columns) * this.#row}px)`;
    if (place !== drawn.place) drawn.cell.style.transform = drawn.place = place;
    drawn.cell.setAttribute('aria-setsize', String(this.#items.length));
    drawn.cell.setAttribute('aria-posinset', String(index + 1));
    this.#reach(drawn, item.id === this.#current);
    return drawn;
  }

  /** One card at a time is reached by Tab, with its buttons. @param {Cell} cell @param {boolean} current */
  #reach({ element }, current) {
    for (const part of [element, ...element.querySelectorAll('.see, .switch')]) part.setAttribute('tabindex', current ? '0' : '-1');
  }

  /** @param {FocusEvent} event */
  #focused(event) {
    for (const [id, cell] of this.#cells) {
      if (!cell.element.contains(/** @type {Node} */ (event.target))) continue;
      if (id === this.#current) return;
      this.#current = id;
      this.#place();
      return;
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || this.#current === null) return;
    const place = this.#places.get(this.#current) ?? 0;
    const page = this.#columns * Math.max(1, Math.floor(innerHeight / this.#row));
    const forward = getComputedStyle(this.list).direction === 'rtl' ? -1 : 1;
    const last = this.#items.length - 1;
    /** @type {Record<string, number>} */
    const moves = {
      ArrowRight: place + forward, ArrowLeft: place - forward, ArrowDown: place + this.#columns, ArrowUp: place - this.#columns,
      PageDown: Math.min(last, place + page), PageUp: Math.max(0, place - page), Home: 0, End: last,
    };
    const to = this.#items[moves[event.key]];
    if (!(event.key in moves)) return;
    event.preventDefault();
    if (!to) return;
    this.focus(to.id);
    this.moved(to, event);
  }
}
