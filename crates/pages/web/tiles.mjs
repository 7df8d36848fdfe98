/** All pictures as a grid in which several are selected, by keys or by the mouse, and decided together. */

import { Grid } from './grid.mjs';
import { at, label, make, number, say, shown } from './make.mjs';
import { aloud, filed, verdictOf } from './views.mjs';

/** @typedef {import('./program.mjs').Picture} Picture */
/** @typedef {import('./views.mjs').Page} Page */

/** Pictures that are asked for at a time. */
const SOME = 1000;
/** Milliseconds in which a frame is painted: whoever jumps through thousands waits for no picture passed over. */
const PAINT = 40;

const select = (/** @type {string} */ id) => /** @type {HTMLSelectElement} */ (at(id));

export class Tiles {
  /** @type {Picture[]} */ #all = [];
  /** @type {Picture[]} */ #shown = [];
  /** @type {Set<number>} */ #selected = new Set();
  /** Where a selection with Shift began. */ #anchor = 0;
  #query = '';
  #turn = 0;
  /** @type {Promise<void>} */ #loading = Promise.resolve();
  #classes = '';
  /** The group that is shown alone. @type {number | null} */ #group = null;

  /**
   * @param {() => Page} page
   * @param {(picture: Picture) => void} enlarge
   */
  constructor(page, enlarge) {
    this.page = page;
    this.list = at('tiles');
    /** @type {Grid<Picture>} */
    this.grid = new Grid(this.list, (picture) => this.#tile(picture), (to, event) => this.#moved(to, event));
    for (const id of ['tiles-class', 'tiles-order']) select(id).addEventListener('change', () => this.load());
    at('tiles-search').addEventListener('input', () => this.#filter());
    at('tiles-all').addEventListener('click', () => this.#select(this.#shown));
    at('tiles-none').addEventListener('click', () => this.#select([]));
    this.list.addEventListener('click', (event) => this.#click(event));
    this.list.addEventListener('dblclick', () => this.grid.current && enlarge(this.grid.current));
    this.list.addEventListener('keydown', (event) => this.#key(event));
  }

  /** The pictures that a decision is on: those selected, or the one with the keyboard. */
  get chosen() {
    if (this.#selected.size > 0) return this.#shown.filter(({ id }) => this.#selected.has(id));
    return this.grid.current ? [this.grid.current] : [];
  }

  /** After a decision: several are done with, and of one by one the next one follows. */
  decided() {
    if (this.#selected.size > 0) return this.#select([]);
    const { current } = this.grid;
    const next = current && this.#shown[this.#shown.indexOf(current) + 1];
    if (next && this.list.contains(document.activeElement)) this.grid.focus(next.id);
  }

  /** Shows the pictures of one group alone, or all. @param {number | null} group */
  only(group) {
    this.#group = group;
    this.#query = '';
  }

  /** Fetches the pictures, the first ones first. @param {boolean} [anew] */
  load(anew = false) {
    const { desk } = this.page();
    this.#choices();
    const wanted = new URLSearchParams({ order: select('tiles-order').value });
    if (this.#group !== null) wanted.set('group', String(this.#group));
    else if (select('tiles-class').value !== '') wanted.set('class', select('tiles-class').value);
    if (anew || wanted.toString() !== this.#query) {
      this.#query = wanted.toString();
      this.#loading = this.#load(desk);
    }
    return this.#loading;
  }

  /** @param {import('./desk.mjs').Desk} desk */
  async #load(desk) {
    const turn = ++this.#turn;
    /** @type {Picture[]} */ let all = [];
    for (;;) {
      const { total, pictures } = await desk.program.ask(`v1/pictures?${this.#query}&after=${all.length}&limit=${SOME}`);
      if (turn !== this.#turn) return;
      desk.know(pictures);
      all = [...all, ...pictures];
      this.#all = all;
      this.#filter();
      if (all.length >= total || pictures.length === 0) return;
    }
  }

  /** Draws what changed. */
  update() {
    this.#choices();
    this.grid.show(this.#shown);
    const n = this.#selected.size;
    at('tiles-count').textContent = n > 0 ? say('tiles.selected', { n }) : say('tiles.shown', { n: this.#shown.length });
    at('tiles-none').hidden = n === 0;
  }

  /** The keyboard goes to the grid. */
  focus() {
    if (this.grid.current) this.grid.focus(this.grid.current.id);
  }

  #choices() {
    const { desk } = this.page();
    const classes = desk.state?.classes ?? [];
    const names = JSON.stringify(classes.map(({ id, name, pictures }) => [id, name, pictures]));
    if (names === this.#classes) return;
    this.#classes = names;
    const { value } = select('tiles-class');
    select('tiles-class').replaceChildren(make('option', { value: '' }, say('tiles.every')),
      ...classes.map(({ id, name, pictures }) => make('option', { value: id }, `${label(name)} (${number(pictures)})`)));
    select('tiles-class').value = value;
  }

  #filter() {
    const wanted = /** @type {HTMLInputElement} */ (at('tiles-search')).value.trim().toLowerCase();
    this.#shown = wanted === '' ? this.#all : this.#all.filter(({ name }) => name.toLowerCase().includes(wanted));
    const ids = new Set(this.#shown.map(({ id }) => id));
    this.#selected = new Set([...this.#selected].filter((id) => ids.has(id)));
    this.update();
  }

  /** @param {Picture} picture */
  #tile(picture) {
    const image = make('img', { alt: '', decoding: 'async', draggable: 'false' });
    const later = setTimeout(() => { image.src = picture.thumb; }, PAINT);
    const text = make('p', {});
    const cell = make('li', { class: 'cell tile', role: 'option', 'data-id': picture.id }, make('span', { class: 'thumb' }, image), text);
    let drawn = '';
    const update = () => {
      const page = this.page();
      const selected = this.#selected.has(picture.id);
      const decision = page.desk.decisions.get(picture.id);
      const state = [selected, decision?.action, decision?.to, picture.moved].join();
      if (state === drawn) return;
      drawn = state;
      const badge = verdictOf(page, picture);
      cell.setAttribute('aria-selected', String(selected));
      cell.setAttribute('aria-label', [aloud(page, picture), badge?.textContent].filter(Boolean).join(', '));
      cell.classList.toggle('done', decision !== undefined);
      const of = filed(page, picture);
      text.replaceChildren(badge ?? make('bdi', {}, of === null ? shown(picture.name) : label(of)));
    };
    update();
    return { element: cell, cell, update, drop: () => clearTimeout(later) };
  }

  /** @param {Picture[]} pictures */
  #select(pictures) {
    this.#selected = new Set(pictures.map(({ id }) => id));
    this.update();
  }

  /** Everything between where a selection began and here. @param {Picture} to */
  #reach(to) {
    const place = this.#shown.indexOf(to);
    this.#select(this.#shown.slice(Math.min(this.#anchor, place), Math.max(this.#anchor, place) + 1));
  }

  /** @param {Picture} to @param {KeyboardEvent} event */
  #moved(to, event) {
    if (event.shiftKey) this.#reach(to);
    else this.#anchor = this.#shown.indexOf(to);
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const id = Number(/** @type {HTMLElement} */ (event.target).closest('[data-id]')?.getAttribute('data-id') ?? NaN);
    const picture = this.#shown.find((one) => one.id === id);
    if (!picture) return;
    this.grid.focus(id);
    if (event.shiftKey) return this.#reach(picture);
    this.#anchor = this.#shown.indexOf(picture);
    this.#toggle(picture);
  }

  /** @param {Picture} picture */
  #toggle({ id }) {
    if (!this.#selected.delete(id)) this.#selected.add(id);
    this.update();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { current } = this.grid;
    if (event.key === ' ' && current) this.#toggle(current);
    else if (event.key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey)) this.#select(this.#shown);
    else if (event.key === 'Escape' && this.#selected.size > 0) this.#select([]);
    else return;
    event.preventDefault();
  }
}
